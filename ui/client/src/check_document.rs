//! Checks and what they show, of any type, as the JSON that they are.

use crate::json::{FromJson, Json, Unreadable};
use crate::json_object;
use edgewatch_protocol::observation::{Outcome, Sight};
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

/// A sight whose facts are not read by type.
#[derive(Clone, Debug, PartialEq)]
pub struct SightDocument {
    /// The sight without its facts.
    pub sight: Sight,
    /// The facts; null where there are none.
    pub facts: Value,
}

impl FromJson for SightDocument {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        let address: Option<String> = json.member("address")?;
        let sight = Sight {
            phases: json.member_or("phases", Default::default)?,
            total_us: json.member("total_us")?,
            http: json.member("http")?,
            address: address.and_then(|address| address.parse().ok()),
            certificate: json.member("certificate")?,
            failed_assertions: json.member_or("failed_assertions", Vec::new)?,
            ..Sight::of(json.member::<Outcome>("outcome")?, json.member("message")?)
        };
        Ok(Self {
            sight,
            facts: json.get("facts").map_or(Value::Null, value),
        })
    }
}

/// An observation as far as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservationDocument {
    /// How many attempts were made.
    pub attempts: u8,
    /// What was seen.
    pub seen: SightDocument,
}

json_object!(ObservationDocument { attempts [or 1], seen [flat] });

/// Reads a type from a part of a document.
pub fn read<T: FromJson>(part: &Value) -> Result<T, Unreadable> {
    T::from_json(&tree(part))
}

fn tree(value: &Value) -> Json<'_> {
    match value {
        Value::Null => Json::Null,
        Value::Bool(is) => Json::Bool(*is),
        Value::Number(number) => number.as_i64().map_or_else(
            || Json::Fraction(number.as_f64().unwrap_or_default()),
            Json::Integer,
        ),
        Value::String(text) => Json::Text(text.as_str().into()),
        Value::Array(items) => Json::List(items.iter().map(tree).collect()),
        Value::Object(members) => Json::Object(
            members
                .iter()
                .map(|(name, member)| (name.as_str().into(), tree(member)))
                .collect(),
        ),
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
