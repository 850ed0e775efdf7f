//! Plain values.

use super::{FromJson, Json, Unreadable};

impl FromJson for bool {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        match json {
            Json::Bool(value) => Ok(*value),
            _ => Err(Unreadable::Mismatch),
        }
    }
}

impl FromJson for String {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        json.text().map(ToOwned::to_owned)
    }
}

macro_rules! read_integers {
    ($($integer:ty)+) => {
        $(impl FromJson for $integer {
            fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
                match json {
                    Json::Integer(value) => (*value).try_into().map_err(|_| Unreadable::Mismatch),
                    _ => Err(Unreadable::Mismatch),
                }
            }
        })+
    };
}

read_integers! { i8 i16 i32 i64 u8 u16 u32 u64 }

/// `null` and what is not there are `None`.
impl<T: FromJson> FromJson for Option<T> {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        match json {
            Json::Null => Ok(None),
            _ => T::from_json(json).map(Some),
        }
    }

    fn absent(_: &'static str) -> Result<Self, Unreadable> {
        Ok(None)
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        json.items()?.iter().map(T::from_json).collect()
    }
}
