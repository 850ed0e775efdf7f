//! What a registry says of a domain, in RDAP's JSON (RFC 9083).

use crate::attempt::excerpt::clip;
use edgewatch_protocol::facts::DomainFacts;
use serde_json::Value;
use x509_cert::der::DateTime;

/// The most statuses that are shown.
const MAX_STATUSES: usize = 30;
/// The most of a text that is shown, in bytes.
const MAX_TEXT_BYTES: usize = 200;

/// Reads an answer; `None` when it is not about a domain.
pub fn read(body: &[u8], server: &str) -> Option<DomainFacts> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    if answer["objectClassName"] != "domain" {
        return None;
    }
    let shown = |text: &str| clip(text, MAX_TEXT_BYTES).to_owned();
    let expires = items(&answer["events"])
        .find(|event| event["eventAction"] == "expiration")
        .and_then(|event| event["eventDate"].as_str());
    let registrar = items(&answer["entities"])
        .find(|entity| items(&entity["roles"]).any(|role| role == "registrar"))
        .and_then(name);
    let statuses = items(&answer["status"]).filter_map(Value::as_str);
    Some(DomainFacts {
        expires_ms: expires.and_then(unix_ms),
        registrar: registrar.map(shown),
        statuses: statuses.take(MAX_STATUSES).map(shown).collect(),
        server: server.to_owned(),
    })
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The formatted name in an entity's jCard (RFC 7095), or its handle.
fn name(entity: &Value) -> Option<&str> {
    items(&entity["vcardArray"][1])
        .find(|property| property[0] == "fn")
        .and_then(|property| property[3].as_str())
        .filter(|name| !name.is_empty())
        .or(entity["handle"].as_str())
}

/// A time of RFC 3339 as Unix milliseconds. Without a zone, which some registries leave out, it is taken for UTC.
fn unix_ms(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<u16>().ok();
    let byte = |at: usize| u8::try_from(number(at, at + 2)?).ok();
    let date = (number(0, 4)?, byte(5)?, byte(8)?);
    let time = match text.as_bytes().get(10) {
        None => (0, 0, 0),
        Some(_) => (byte(11)?, byte(14)?, byte(17)?.min(59)),
    };
    let utc = DateTime::new(date.0, date.1, date.2, time.0, time.1, time.2).ok()?;
    let rest = text.get(19..).unwrap_or_default();
    let zone = rest.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let minutes = |zone: &str| {
        let (hours, minutes) = zone.split_once(':').or_else(|| zone.split_at_checked(2))?;
        Some(hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().unwrap_or(0))
    };
    let offset = match zone.as_bytes().first() {
        None | Some(b'Z' | b'z') => 0,
        Some(b'+') => minutes(&zone[1..])?,
        Some(b'-') => -minutes(&zone[1..])?,
        Some(_) => return None,
    };
    let ms = i64::try_from(utc.unix_duration().as_millis()).ok()?;
    Some(ms - offset * 60_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_a_registry_is_read() {
        let body = br#"{
            "objectClassName": "domain", "ldhName": "EXAMPLE.ORG", "status": ["client transfer prohibited", "active"],
            "events": [
                {"eventAction": "registration", "eventDate": "1995-08-31T04:00:00Z"},
                {"eventAction": "expiration", "eventDate": "2027-08-30T04:00:00.000Z"}
            ],
            "entities": [
                {"objectClassName": "entity", "roles": ["registrant"], "handle": "x"},
                {"objectClassName": "entity", "roles": ["abuse", "registrar"], "handle": "376",
                 "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Example Registrar"]]]}
            ]}"#;
        let facts = read(body, "https://rdap.example/").unwrap();
        assert_eq!(facts.expires_ms, Some(1_819_598_400_000));
        assert_eq!(facts.registrar.as_deref(), Some("Example Registrar"));
        assert_eq!(facts.statuses, ["client transfer prohibited", "active"]);
    }

    #[test]
    fn what_is_missing_is_absent_and_what_is_something_else_is_refused() {
        let bare = read(
            br#"{"objectClassName":"domain","entities":[{"roles":["registrar"],"handle":"99"}]}"#,
            "s",
        );
        let bare = bare.unwrap();
        assert_eq!((bare.expires_ms, bare.registrar.as_deref()), (None, Some("99")));
        for other in [&b"<html>"[..], b"{}", br#"{"objectClassName":"entity"}"#, b"[1]"] {
            assert_eq!(read(other, "s"), None);
        }
    }

    #[test]
    fn times_with_and_without_zones() {
        for (text, ms) in [
            ("1970-01-01T00:00:10Z", Some(10_000)),
            ("1970-01-01T02:00:00+02:00", Some(0)),
            ("1970-01-01T00:00:00.123456-0130", Some(5_400_000)),
            ("1970-01-02", Some(86_400_000)),
            ("1970-01-01 00:00:01", Some(1000)),
            ("1970-13-01T00:00:00Z", None),
            ("soon", None),
            ("1970-01-01T00:00:00 x", None),
            ("1970-01-01T00:00:00+é", None),
        ] {
            assert_eq!(unix_ms(text), ms, "{text}");
        }
    }
}
