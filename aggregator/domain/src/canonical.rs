//! Canonical JSON (RFC 8785, "JCS"), and the hash by which what was agreed is named.
//!
//! Of numbers only whole ones of at most 2⁵³ − 1 are taken: the figures here are exact, and beyond that not every reader
//! of JSON keeps them.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The largest number that every reader of JSON keeps.
const LARGEST: u64 = (1 << 53) - 1;

/// Why something has no canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotCanonical(String);

impl std::fmt::Display for NotCanonical {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotCanonical {}

/// The canonical JSON of a value. Fails on numbers that are not whole or too large.
pub fn canonical_json(value: &impl Serialize) -> Result<String, NotCanonical> {
    let value = serde_json::to_value(value).map_err(|error| NotCanonical(error.to_string()))?;
    let mut text = String::new();
    write_value(&mut text, &value)?;
    Ok(text)
}

/// The SHA-256 of a value's canonical JSON, in lower-case hexadecimal.
pub fn canonical_hash(value: &impl Serialize) -> Result<String, NotCanonical> {
    let digest = Sha256::digest(canonical_json(value)?);
    Ok(digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

fn write_value(text: &mut String, value: &Value) -> Result<(), NotCanonical> {
    match value {
        // Rust's JSON escapes exactly what RFC 8785, section 3.2.2.2 does.
        Value::Null | Value::Bool(_) | Value::String(_) => text.push_str(&value.to_string()),
        Value::Number(number) => {
            let size = number.as_i64().map(i64::unsigned_abs).or(number.as_u64());
            if size.is_none_or(|size| size > LARGEST) {
                return Err(NotCanonical(format!("{number} is not a whole number of 53 bits")));
            }
            text.push_str(&number.to_string());
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_value(text, item)?;
            }
            text.push(']');
        }
        Value::Object(members) => {
            // By UTF-16 code units, section 3.2.3.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_cached_key(|(name, _)| name.encode_utf16().collect::<Vec<_>>());
            text.push('{');
            for (index, (name, item)) in members.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write_value(text, item)?;
            }
            text.push('}');
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_are_in_the_order_of_their_utf_16_code_units() {
        // RFC 8785, section 3.2.3: the order of its example.
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh", "1": "One",
            "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis"
        });
        let text = canonical_json(&value).unwrap();
        let order = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"];
        let places: Vec<_> = order.iter().map(|word| text.find(word).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
    }

    #[test]
    fn nothing_is_written_that_need_not_be() {
        let value = json!({"b": [1, -2, true, null], "a": "\u{20ac}$\u{f}\nA'B\"\\\"/\u{7f}"});
        // RFC 8785, section 3.2.2.2.
        let expected = "{\"a\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\"/\u{7f}\",\"b\":[1,-2,true,null]}";
        assert_eq!(canonical_json(&value).unwrap(), expected);
        assert_eq!(
            canonical_hash(&json!({})).unwrap(),
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
    }

    #[test]
    fn numbers_are_whole_and_small_enough_for_every_reader() {
        assert!(canonical_json(&json!(0.5)).is_err());
        assert!(canonical_json(&json!(1_u64 << 53)).is_err());
        assert!(canonical_json(&json!((1_i64 << 53) - 1)).is_ok());
    }
}
