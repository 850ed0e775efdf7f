//! Reads JSON in little code, which is what counts in a browser.
//!
//! `serde_json` is made for speed: of each type it compiles several readers, each with its own messages, which was a
//! fifth of what the browser had to load. Here a text becomes a tree, once for all types, and a type takes its members
//! from the tree by their names: [`json_object!`](crate::json_object) lists them, and does not compile when one is missing.
//! Types that only `serde` can read are read by it from the same tree; see [`json_by_serde!`](crate::json_by_serde).
//!
//! The server reads with it too while it renders a page, so both sides see the same.

mod by_serde;
mod parse;
mod time;
mod values;
mod wire;

#[cfg(test)]
mod tests;

use serde::Deserialize;
use std::{borrow::Cow, fmt};

/// A type that can be read.
pub trait FromJson: Sized {
    /// Reads it.
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable>;

    /// What stands for a member of this type that is not there.
    fn absent(name: &'static str) -> Result<Self, Unreadable> {
        Err(Unreadable::Missing(name))
    }
}

/// Reads a type from JSON text.
pub fn from_str<T: FromJson>(text: &str) -> Result<T, Unreadable> {
    T::from_json(&parse::parse(text)?)
}

/// A text is not JSON, or not of the type that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is not JSON.
    Syntax,
    /// A member is missing.
    Missing(&'static str),
    /// A value is of another kind.
    Mismatch,
}

// Ends a sentence about the answer.
impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax => f.write_str("it is not JSON"),
            Self::Missing(name) => write!(f, "it lacks `{name}`"),
            Self::Mismatch => f.write_str("it is of another shape"),
        }
    }
}

impl std::error::Error for Unreadable {}

/// A JSON value.
#[derive(Debug)]
pub enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number that is whole and has 64 bits at most.
    Integer(i64),
    /// Any other number.
    Fraction(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Json<'a>>),
    /// An object's members.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl Json<'_> {
    /// A member of an object, by its name.
    pub fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Json::Object(members) => members
                .iter()
                .find(|(other, _)| other == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn text(&self) -> Result<&str, Unreadable> {
        match self {
            Json::Text(text) => Ok(text),
            _ => Err(Unreadable::Mismatch),
        }
    }

    /// The items of a list.
    pub fn items(&self) -> Result<&[Self], Unreadable> {
        match self {
            Json::List(items) => Ok(items),
            _ => Err(Unreadable::Mismatch),
        }
    }

    /// Reads a member.
    pub fn member<T: FromJson>(&self, name: &'static str) -> Result<T, Unreadable> {
        match self.get(name) {
            Some(value) => T::from_json(value),
            None => T::absent(name),
        }
    }

    /// Reads a member, or takes what stands for it where it is not there.
    pub fn member_or<T: FromJson>(&self, name: &str, default: impl FnOnce() -> T) -> Result<T, Unreadable> {
        self.get(name).map_or_else(|| Ok(default()), T::from_json)
    }

    /// Reads a type as `serde` derives it.
    pub fn by_serde<'de, T: Deserialize<'de>>(&'de self) -> Result<T, Unreadable> {
        T::deserialize(self)
    }
}

/// Makes a struct readable from an object: `json_object!(Name { member, … })`, with all its fields. A field may say in
/// brackets how it is read:
/// - `[as "name"]`: the member has another name than the field;
/// - `[or value]`: where the member is not there, it is this;
/// - `[flat]`: its own members stand among the others.
#[macro_export]
macro_rules! json_object {
    ($type:ident $(<$generic:ident>)? { $($field:ident $([$($how:tt)+])?),+ $(,)? }) => {
        impl $(<$generic: $crate::json::FromJson>)? $crate::json::FromJson for $type $(<$generic>)? {
            fn from_json(json: &$crate::json::Json<'_>) -> Result<Self, $crate::json::Unreadable> {
                Ok(Self {
                    $($field: $crate::json_object!(@ json $field $($($how)+)?)),+
                })
            }
        }
    };
    (@ $json:ident $field:ident) => {
        $json.member(stringify!($field))?
    };
    (@ $json:ident $field:ident as $name:literal) => {
        $json.member($name)?
    };
    (@ $json:ident $field:ident or $default:expr) => {
        $json.member_or(stringify!($field), || $default)?
    };
    (@ $json:ident $field:ident flat) => {
        $crate::json::FromJson::from_json($json)?
    };
}

/// Makes types readable as `serde` derives it: `json_by_serde!(Name, …)`. Where a shape is flat or tagged, that takes ten
/// times the code, which does not count for what the server alone reads.
#[macro_export]
macro_rules! json_by_serde {
    ($($type:ty),+ $(,)?) => {
        $(impl $crate::json::FromJson for $type {
            fn from_json(json: &$crate::json::Json<'_>) -> Result<Self, $crate::json::Unreadable> {
                json.by_serde()
            }
        })+
    };
}
