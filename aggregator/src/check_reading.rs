//! Reading what people write about checks, strictly: a mistake is named by its place within the check.
//!
//! The wire types are lenient for the sake of probes and aggregators of other versions, and a type that is chosen by a
//! tag (`type`, `on`, `is`, `scheme`) loses the place of what is wrong inside. Both would leave people in the dark.

use crate::http::json::pointer;
use edgewatch_protocol::{check::Check, problem::FieldError};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// They say how the rest is read.
const TAGS: [&str; 4] = ["type", "on", "is", "scheme"];

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

/// Fields of a check that nobody reads. A field that is known comes back when what was read is written again, unless it
/// says nothing. `pointer` is the check's own.
pub fn unknown_fields(given: &Value, check: &Check, pointer: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    // Of a type that is not known nothing comes back; that is told elsewhere.
    if *check != Check::Unknown {
        let read = serde_json::to_value(check).unwrap_or_default();
        compare(given, &read, pointer, &mut errors);
    }
    errors
}

fn compare(given: &Value, read: &Value, pointer: &str, errors: &mut Vec<FieldError>) {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => {
            for (name, value) in given {
                let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                match read.get(name) {
                    Some(read) => compare(value, read, &pointer, errors),
                    None if says_nothing(name, value) => {}
                    None => errors.push(FieldError {
                        pointer,
                        detail: "there is no such field".to_owned(),
                    }),
                }
            }
        }
        (Value::Array(given), Value::Array(read)) => {
            for (index, (given, read)) in given.iter().zip(read).enumerate() {
                compare(given, read, &format!("{pointer}/{index}"), errors);
            }
        }
        _ => {}
    }
}

/// Defaults are not written: empty lists, absent values, and the usual severity.
fn says_nothing(name: &str, value: &Value) -> bool {
    match (name, value) {
        ("headers" | "assertions", Value::Array(items)) => items.is_empty(),
        ("body" | "auth", value) => value.is_null(),
        ("severity", value) => value == "down",
        _ => false,
    }
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
}
