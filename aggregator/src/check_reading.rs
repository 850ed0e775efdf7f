//! Reading what people write about checks, strictly: a mistake is named by its place within the check.
//!
//! The wire types are lenient for the sake of probes and aggregators of other versions, and a type that is chosen by a
//! tag (`type`, `on`, `is`, `scheme`) loses the place of what is wrong inside. Both would leave people in the dark.

use crate::http::json::pointer;
use edgewatch_protocol::{check::Check, problem::FieldError};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// They say how the rest is read.
const TAGS: [&str; 6] = ["type", "on", "is", "scheme", "from", "as"];

/// Reads a value by its type. What is wrong within a member `check` is named by its own place.
pub fn read<T: DeserializeOwned>(given: &Value) -> Result<T, FieldError> {
    serde_path_to_error::deserialize(given).map_err(|error| {
        let mut pointer = pointer(error.path());
        if pointer == "/check" || pointer.ends_with("/check") {
            let check = given.pointer(&pointer).unwrap_or(&Value::Null);
            pointer.push_str(&culprit(check));
        }
        FieldError {
            pointer,
            detail: error.inner().to_string(),
        }
    })
}

/// The pointer of what cannot be read in a check: the innermost part without which the complaint is another one.
fn culprit(check: &Value) -> String {
    let complaint = |check: &Value| {
        let read: Result<Check, _> = Check::deserialize(check);
        read.err().map(|error| error.to_string())
    };
    let first = complaint(check);
    let mut found = String::new();
    loop {
        let parts: Vec<String> = match check.pointer(&found) {
            Some(Value::Object(members)) => members
                .keys()
                .filter(|name| !TAGS.contains(&name.as_str()))
                .cloned()
                .collect(),
            Some(Value::Array(items)) => (0..items.len()).map(|index| index.to_string()).collect(),
            _ => return found,
        };
        let part = parts.into_iter().find(|part| {
            let mut without = check.clone();
            match without.pointer_mut(&found) {
                Some(Value::Object(members)) => drop(members.remove(part)),
                Some(Value::Array(items)) => drop(part.parse().map(|index: usize| items.remove(index))),
                _ => {}
            }
            complaint(&without) != first
        });
        match part {
            Some(part) => found = format!("{found}/{part}"),
            None => return found,
        }
    }
}

/// Fields of a check that nobody reads. `pointer` is the check's own.
pub fn unknown_fields(given: &Value, check: &Check, pointer: &str) -> Vec<FieldError> {
    // Of a type that is not known nothing comes back; that is told elsewhere.
    if *check == Check::Unknown {
        return Vec::new();
    }
    let read = serde_json::to_value(check).unwrap_or_default();
    let mut missing = Vec::new();
    compare(given, &read, "", &mut missing);
    missing
        .into_iter()
        .filter(|field| !is_read(given, field))
        .map(|field| FieldError {
            pointer: format!("{pointer}{field}"),
            detail: "there is no such field".to_owned(),
        })
        .collect()
}

/// The fields that do not come back when what was read is written again: nobody reads them, or they say no more than the
/// default.
fn compare(given: &Value, read: &Value, pointer: &str, missing: &mut Vec<String>) {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => {
            for (name, value) in given {
                let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                match read.get(name) {
                    Some(read) => compare(value, read, &pointer, missing),
                    None => missing.push(pointer),
                }
            }
        }
        (Value::Array(given), Value::Array(read)) => {
            for (index, (given, read)) in given.iter().zip(read).enumerate() {
                compare(given, read, &format!("{pointer}/{index}"), missing);
            }
        }
        _ => {}
    }
}

/// Whether somebody reads a field of a check that can be read: whoever does takes offence at a fraction, which no field
/// of any check may be.
fn is_read(check: &Value, field: &str) -> bool {
    let mut offending = check.clone();
    let Some(value) = offending.pointer_mut(field) else {
        return false;
    };
    *value = Value::from(0.5);
    Check::deserialize(&offending).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgewatch_client::monitor::MonitorSettings;
    use serde_json::json;

    fn monitor(check: &Value) -> Value {
        json!({"name": "a", "check": check})
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_place() {
        let place = |check: Value| read::<MonitorSettings>(&monitor(&check)).unwrap_err().pointer;
        let http = |more: Value| {
            let mut check = json!({"type": "http", "url": "https://example.org/"});
            check
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            check
        };
        assert_eq!(place(http(json!({"max_redirects": "x"}))), "/check/max_redirects");
        assert_eq!(
            place(http(
                json!({"headers": [{"name": "a", "value": "b"}, {"name": "a", "value": 1}]})
            )),
            "/check/headers/1/value"
        );
        assert_eq!(
            place(http(json!({"assertions": [{"on": "status", "allowed": "2xx"}]}))),
            "/check/assertions/0/allowed"
        );
        assert_eq!(place(http(json!({"auth": {"scheme": "magic"}}))), "/check/auth");
        let extracting = |extraction: Value| {
            let request = json!({"url": "https://example.org/"});
            let step = json!({"name": "a", "request": request, "extract": [extraction]});
            place(json!({"type": "steps", "steps": [step]}))
        };
        assert_eq!(
            extracting(json!({"name": "t", "from": "header", "field": 1})),
            "/check/steps/0/extract/0/field"
        );
    }

    #[test]
    fn fields_that_nobody_reads_are_told() {
        let given = json!({
            "type": "http", "url": "https://example.org/", "methode": "GET", "headers": [], "body": null, "auth": null,
            "assertions": [
                {"on": "status", "allowed": "200", "severity": "down"},
                {"on": "header", "name": "a", "is": "present", "valeu": "x"}
            ]
        });
        let read: MonitorSettings = read(&monitor(&given)).unwrap();
        let found = unknown_fields(&given, &read.check, "/check");
        let pointers: Vec<&str> = found.iter().map(|error| &*error.pointer).collect();
        assert_eq!(pointers, ["/check/assertions/1/valeu", "/check/methode"]);
        assert_eq!(
            unknown_fields(&json!({"type": "gopher", "x": 1}), &Check::Unknown, "/check"),
            []
        );
    }

    #[test]
    fn defaults_that_are_written_out_are_fields_all_the_same() {
        let given = json!({
            "type": "steps", "cookies": false, "variables": [], "cookie": true,
            "steps": [{
                "name": "a", "extract": [], "extrakt": [],
                "request": {
                    "url": "https://example.org/", "body_format": "text", "cookies": false, "http_version": "auto",
                    "ip_version": "any", "proxy": null, "client_certificate": null, "cookis": false
                }
            }]
        });
        let read: MonitorSettings = read(&monitor(&given)).unwrap();
        let found = unknown_fields(&given, &read.check, "/check");
        let pointers: Vec<&str> = found.iter().map(|error| &*error.pointer).collect();
        assert_eq!(
            pointers,
            [
                "/check/cookie",
                "/check/steps/0/extrakt",
                "/check/steps/0/request/cookis"
            ]
        );
    }
}
