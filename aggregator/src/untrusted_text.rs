//! Texts that probes send, made fit to be stored: bounded, and without the one character that PostgreSQL cannot keep.

use serde_json::Value;

/// At most `max` characters, without NUL.
pub fn clean(text: &str, max: usize) -> String {
    text.chars().filter(|&c| c != '\0').take(max).collect()
}

/// The same value with every NUL taken out of its strings and keys.
pub fn clean_json(value: Value) -> Value {
    let strip = |text: String| {
        if text.contains('\0') {
            text.replace('\0', "")
        } else {
            text
        }
    };
    match value {
        Value::String(text) => Value::String(strip(text)),
        Value::Array(items) => items.into_iter().map(clean_json).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(key, value)| (strip(key), clean_json(value)))
            .collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_goes_and_the_rest_stays() {
        assert_eq!(clean("a\0b€c", 3), "ab€");
        let value = serde_json::json!({"a\0": ["x\0y", 1, null]});
        assert_eq!(clean_json(value), serde_json::json!({"a": ["xy", 1, null]}));
    }
}
