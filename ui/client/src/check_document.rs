//! A check of any type as the JSON that it is.

use crate::json::{FromJson, Json, Unreadable};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A check for whoever shows and edits checks by their fields without knowing each type's shape. What is right in it is
/// the API's to judge.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CheckDocument(pub Value);

impl CheckDocument {
    /// The type's name, such as `http`.
    pub fn type_name(&self) -> &str {
        self.0["type"].as_str().unwrap_or_default()
    }
}

impl FromJson for CheckDocument {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        Ok(Self(value(json)))
    }
}

fn value(json: &Json<'_>) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(is) => Value::Bool(*is),
        Json::Integer(number) => Value::from(*number),
        Json::Fraction(number) => Value::from(*number),
        Json::Text(text) => Value::String(text.clone().into_owned()),
        Json::List(items) => items.iter().map(value).collect(),
        Json::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone().into_owned(), value(member)))
            .collect(),
    }
}
