//! How values stand in an address.

use chrono::{DateTime, SecondsFormat, Utc};

/// The query as `?a=b&c=d`, of the pairs that have a value, or nothing.
pub(crate) fn query_string(pairs: &[(&str, Option<String>)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        if let Some(value) = value {
            text.push(if text.is_empty() { '?' } else { '&' });
            text.push_str(name);
            text.push('=');
            text.push_str(&percent_encode(value));
        }
    }
    text
}

/// A time in a query, RFC 3339 in UTC.
pub(crate) fn time_text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Encodes everything but the unreserved characters of RFC 3986.
pub fn percent_encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_leave_out_what_is_not_asked_and_encode_the_rest() {
        assert_eq!(query_string(&[("region", None), ("limit", None)]), "");
        let pairs = [
            ("from", None),
            ("region", Some("a b&c".to_owned())),
            ("limit", Some("20".to_owned())),
        ];
        assert_eq!(query_string(&pairs), "?region=a%20b%26c&limit=20");
    }
}
