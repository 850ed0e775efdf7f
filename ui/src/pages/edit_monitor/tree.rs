//! A check as it stands in the form: a JSON tree of its fields' texts, and the way from a check to it and back. Pure.
//!
//! Rows come, go and change places while they are edited, so a path names a row by the key in its member [`KEY`] and not
//! by its index: `/steps/#4/request/url`.

use super::check_fields::{Field, Kind, List, When};
use edgewatch_client::{check_document::CheckDocument, json, protocol::problem::FieldError};
use serde_json::{Map, Value};

/// The member that holds a row's key.
const KEY: &str = "#";

/// A number that says as much as none: the API's own bound of what has no bound.
const NO_BOUND: u64 = u32::MAX as u64;

/// The part at a path.
pub fn find<'a>(tree: &'a Value, path: &str) -> Option<&'a Value> {
    segments(path).try_fold(tree, |part, segment| match part {
        Value::Array(items) => items.get(index(items, segment)?),
        _ => part.get(segment),
    })
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').skip(1)
}

fn index(items: &[Value], segment: &str) -> Option<usize> {
    match segment.strip_prefix('#') {
        Some(key) => items.iter().position(|item| key_of(item).to_string() == key),
        None => segment.parse().ok(),
    }
}

/// A row's key.
pub fn key_of(row: &Value) -> u32 {
    row[KEY].as_u64().unwrap_or_default() as u32
}

/// Gives a row another key.
pub fn set_key(row: &mut Value, key: u32) {
    row[KEY] = key.into();
}

/// The text at a path.
pub fn text(tree: &Value, path: &str) -> String {
    find(tree, path).map(text_of).unwrap_or_default()
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(is) => is.to_string(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// Puts a value at a path. What lies on the way is made, but not rows: those are there or gone.
pub fn put(tree: &mut Value, path: &str, value: Value) {
    let mut part = tree;
    for segment in segments(path) {
        part = match part {
            Value::Array(items) => match index(items, segment).and_then(|index| items.get_mut(index)) {
                Some(item) => item,
                None => return,
            },
            other => {
                if !other.is_object() {
                    *other = Value::Object(Map::new());
                }
                &mut other[segment]
            }
        };
    }
    *part = value;
}

/// The keys of the rows at a path.
pub fn keys(tree: &Value, path: &str) -> Vec<u32> {
    rows(tree, path).iter().map(key_of).collect()
}

/// The rows at a path.
pub fn rows<'a>(tree: &'a Value, path: &str) -> &'a [Value] {
    match find(tree, path) {
        Some(Value::Array(rows)) => rows,
        _ => &[],
    }
}

/// Changes the rows at a path.
pub fn change_rows(tree: &mut Value, path: &str, change: impl FnOnce(&mut Vec<Value>)) {
    let mut changed = rows(tree, path).to_vec();
    change(&mut changed);
    put(tree, path, Value::Array(changed));
}

/// Where the row with this key stands.
pub fn position(rows: &[Value], key: u32) -> Option<usize> {
    rows.iter().position(|row| key_of(row) == key)
}

/// The pointer that the API knows a path by.
pub fn pointer(tree: &Value, path: &str) -> String {
    let mut pointer = String::new();
    let mut part = Some(tree);
    for segment in segments(path) {
        pointer.push('/');
        match part {
            Some(Value::Array(items)) => {
                let index = index(items, segment);
                pointer.push_str(&index.unwrap_or_default().to_string());
                part = index.and_then(|index| items.get(index));
            }
            other => {
                pointer.push_str(segment);
                part = other.and_then(|part| part.get(segment));
            }
        }
    }
    pointer
}

/// Whether a field is shown, and sent; `scope` is the object that it belongs to.
pub fn is_shown(field: &Field, scope: &Value) -> bool {
    let holds = |When(at, texts): &When| {
        let found = text(scope, at);
        texts.contains(&found.as_str()) || (texts == &["*"] && !found.is_empty())
    };
    field.shown_when.iter().all(holds) || (field.kept && text(scope, field.at) != field.default)
}

/// Whether any of these fields says something else than the API takes anyway.
pub fn says_something(fields: &[Field], scope: &Value) -> bool {
    fields.iter().any(|field| {
        let found = text(scope, field.at);
        is_shown(field, scope) && !found.is_empty() && found != field.default && found != "false"
    })
}

/// A check of JSON text.
pub fn parse(text: &str) -> Value {
    json::from_str::<CheckDocument>(text).map_or(Value::Null, |document| document.0)
}

/// The texts of a check, or of a part of one.
pub fn to_texts(fields: &[Field], given: &Value, last_key: &mut u32) -> Value {
    let mut texts = Value::Object(Map::new());
    load(fields, given, &mut texts, last_key);
    texts
}

fn load(fields: &[Field], given: &Value, texts: &mut Value, last_key: &mut u32) {
    for field in fields {
        let found = given.pointer(field.at);
        let loaded = match field.kind {
            Kind::Fold(fields) => {
                load(fields, given, texts, last_key);
                continue;
            }
            Kind::Joined(at, ..) => {
                put(
                    texts,
                    at,
                    Value::String(found_text(given.pointer(at), field.default)),
                );
                Value::String(found_text(found, ""))
            }
            Kind::Group(fields) => to_texts(fields, found.unwrap_or(&Value::Null), last_key),
            Kind::List(list) => {
                let rows = found
                    .and_then(Value::as_array)
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                rows.iter().map(|row| row_texts(list, row, last_key)).collect()
            }
            Kind::Toggle => Value::Bool(found.and_then(Value::as_bool).unwrap_or(field.default == "true")),
            Kind::Lines(_) => {
                let lines = found
                    .and_then(Value::as_array)
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                let lines: Vec<_> = lines.iter().map(text_of).collect();
                Value::String(lines.join("\n"))
            }
            Kind::Kib => {
                let kib = found
                    .and_then(Value::as_u64)
                    .map(|bytes| (bytes / 1024).to_string());
                Value::String(kib.unwrap_or_else(|| field.default.to_owned()))
            }
            _ if found.and_then(Value::as_u64) == Some(NO_BOUND) => Value::String(String::new()),
            _ => Value::String(found_text(found, field.default)),
        };
        put(texts, field.at, loaded);
    }
}

fn found_text(found: Option<&Value>, default: &str) -> String {
    found.map_or_else(|| default.to_owned(), text_of)
}

/// A row with a key of its own.
pub fn row_texts(list: &List, given: &Value, last_key: &mut u32) -> Value {
    *last_key += 1;
    let key = *last_key;
    let mut row = to_texts(list.fields, given, last_key);
    set_key(&mut row, key);
    row
}

/// The check, or a part of one, that is sent for these texts; `pointer` is the part's own. Empty fields and those that say
/// what the API takes anyway are left out.
pub fn to_json(fields: &[Field], texts: &Value, pointer: &str, errors: &mut Vec<FieldError>) -> Value {
    let mut sent = Value::Object(Map::new());
    save(fields, texts, pointer, &mut sent, errors);
    sent
}

fn save(fields: &[Field], texts: &Value, pointer: &str, sent: &mut Value, errors: &mut Vec<FieldError>) {
    for field in fields.iter().filter(|field| is_shown(field, texts)) {
        let place = format!("{pointer}{}", field.at);
        let text = text(texts, field.at);
        let nothing = &Value::Null;
        let value = match field.kind {
            Kind::Fold(fields) => {
                save(fields, texts, pointer, sent, errors);
                continue;
            }
            Kind::Group(fields) => to_json(fields, find(texts, field.at).unwrap_or(nothing), &place, errors),
            Kind::List(list) => {
                let rows = rows(texts, field.at);
                let rows: Vec<_> = (0..)
                    .zip(rows)
                    .map(|(i, row): (u32, _)| to_json(list.fields, row, &format!("{place}/{i}"), errors))
                    .collect();
                if rows.is_empty() && !field.required {
                    continue;
                }
                Value::Array(rows)
            }
            Kind::Lines(_) => {
                let lines: Vec<_> = text
                    .lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty())
                    .map(Value::from)
                    .collect();
                if lines.is_empty() {
                    continue;
                }
                Value::Array(lines)
            }
            Kind::Toggle => {
                let is = text == "true";
                if is == (field.default == "true") {
                    continue;
                }
                Value::Bool(is)
            }
            Kind::Joined(at, ..) => {
                let choice = self::text(texts, at);
                if choice != field.default {
                    put(sent, at, Value::String(choice));
                }
                Value::String(text.trim().to_owned())
            }
            _ if !field.default.is_empty() && text == field.default => continue,
            _ if text.is_empty() && !field.required => continue,
            Kind::Number | Kind::Kib => match text.trim().parse::<u32>() {
                Ok(number) if matches!(field.kind, Kind::Kib) => number.saturating_mul(1024).into(),
                Ok(number) => number.into(),
                Err(_) => {
                    errors.push(FieldError {
                        pointer: place,
                        detail: "Write a whole number.".to_owned(),
                    });
                    continue;
                }
            },
            Kind::Text | Kind::Url => Value::String(text.trim().to_owned()),
            _ => Value::String(text),
        };
        put(sent, field.at, value);
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::check_fields::{Section, TYPES, check_type},
        *,
    };
    use edgewatch_client::protocol::check::Check;
    use serde_json::json;

    fn through(check: &Value) -> (Value, Vec<FieldError>) {
        let known = check_type(check["type"].as_str().unwrap()).unwrap();
        let fields: Vec<Field> = known
            .sections
            .iter()
            .flat_map(|Section { fields, .. }| *fields)
            .copied()
            .collect();
        let mut errors = Vec::new();
        let mut sent = to_json(&fields, &to_texts(&fields, check, &mut 0), "/check", &mut errors);
        sent["type"] = known.name.into();
        (sent, errors)
    }

    /// As the API reads it.
    fn meaning(check: &Value) -> Check {
        serde_json::from_value(check.clone()).unwrap()
    }

    #[test]
    fn a_check_of_every_type_passes_through_the_form_unchanged() {
        let http = json!({
            "type": "http", "url": "https://shop.example/", "method": "POST", "body": "{}", "body_format": "json",
            "headers": [{"name": "X-Key", "value": "••••••••"}], "cookies": true, "http_version": "2", "ip_version": "v6",
            "auth": {"scheme": "basic", "username": "u", "password": "••••••••"},
            "proxy": {"url": "http://proxy.example:3128", "username": "p", "password": "q"},
            "client_certificate": {"certificate_pem": "C\n", "key_pem": "K\n"},
            "max_redirects": 0, "accept_any_certificate": true, "phases": "platform", "max_body_bytes": 2048,
            "assertions": [
                {"on": "status", "allowed": "200-299,304"}, {"on": "header", "name": "server", "is": "absent"},
                {"on": "body", "is": "not_matches", "value": "err.r "},
                {"on": "json_path", "path": "$.ok", "is": "equal", "value": "true", "severity": "degraded"},
                {"on": "latency", "max_ms": 800, "severity": "degraded"}, {"on": "certificate_days", "min_days": 14}
            ]
        });
        let mut request = http.clone();
        request.as_object_mut().unwrap().remove("type");
        let checks = [
            http,
            json!({"type": "steps", "cookies": true, "variables": [{"name": "user", "value": "••••••••"}], "steps": [
                {"name": "Sign in", "request": request, "extract": [
                    {"name": "a", "from": "json_path", "path": "$.t"}, {"name": "b", "from": "regex", "pattern": "(x)"},
                    {"name": "c", "from": "header", "field": "location"}]},
                {"name": "Read", "request": {"url": "https://shop.example/{{a}}"}}]}),
            json!({"type": "websocket", "url": "wss://a.example/", "headers": [{"name": "a", "value": "b"}],
                "auth": {"scheme": "bearer", "token": "••••••••"}, "subprotocol": "chat", "accept_any_certificate": true,
                "send": {"as": "hex", "value": "00 ff"}, "ip_version": "v4",
                "assertions": [{"on": "reply", "is": "equal", "value": "pong"}, {"on": "header", "name": "x", "is": "present"}]}),
            json!({"type": "grpc", "host": "a.example", "port": 50051, "tls": false, "service": "shop.Cart",
                "metadata": [{"name": "k", "value": "v"}], "assertions": [{"on": "latency", "max_ms": 5}]}),
            json!({"type": "tcp", "host": "a.example", "port": 25, "protocol": "smtp", "security": "starttls",
                "accept_any_certificate": true, "assertions": [{"on": "certificate_days", "min_days": 3}]}),
            json!({"type": "tcp", "host": "a.example", "port": 7, "send": {"as": "text", "value": " PING\n"},
                "assertions": [{"on": "reply", "is": "contains", "value": "PONG"}]}),
            json!({"type": "udp", "host": "a.example", "port": 7, "send": {"as": "text", "value": "x"}}),
            json!({"type": "ping", "host": "a.example", "count": 10, "spacing_ms": 100, "payload_bytes": 0,
                "assertions": [{"on": "packet_loss", "max_percent": 20}, {"on": "jitter", "max_ms": 9}]}),
            json!({"type": "tls", "host": "a.example", "port": 8443, "server_name": "b.example", "starttls": "imap",
                "degraded_days": 40, "down_days": 0, "pins": ["ab", "cd"], "allow_weak": true, "allow_untrusted": true}),
            json!({"type": "dns", "name": "a.example", "record": "MX", "resolver": {"by": "udp", "host": "192.0.2.1", "port": 5353},
                "expected": ["10 mx.a.example"], "expected_match": "exact", "require_authenticated": true,
                "assertions": [{"on": "ttl", "min_s": 60}, {"on": "ttl", "max_s": 600}]}),
            json!({"type": "dns", "name": "a.example", "resolver": {"by": "https", "url": "https://dns.example/"}, "expect_no_such_name": true}),
            json!({"type": "domain", "domain": "a.example", "degraded_days": 60, "down_days": 14, "registrar": "R", "rdap_url": "https://r.example/"}),
            json!({"type": "heartbeat", "schedule": {"every": "period", "period_s": 60}, "grace_s": 0, "max_run_s": 9}),
            json!({"type": "heartbeat", "schedule": {"every": "cron", "expression": "* * * * *", "zone": "Europe/Berlin"}}),
            json!({"type": "script", "script": "backup", "arguments": ["-a", "b c"], "assertions": [{"on": "reply", "is": "present"}]}),
        ];
        for known in TYPES {
            assert!(
                checks.iter().any(|check| check["type"] == known.name),
                "{}",
                known.name
            );
        }
        for check in &checks {
            // As the API answers it: with its defaults written out.
            let answered = serde_json::to_value(meaning(check)).unwrap();
            for given in [check, &answered] {
                let (sent, errors) = through(given);
                assert_eq!(errors, []);
                assert_eq!(meaning(&sent), meaning(check), "{given}");
            }
        }
    }

    #[test]
    fn every_type_of_the_api_can_be_made_and_a_new_one_lacks_only_what_is_asked_for() {
        let names = |mut names: Vec<&str>| {
            names.sort_unstable();
            names.join(" ")
        };
        assert_eq!(
            names(Check::TYPES.to_vec()),
            names(TYPES.map(|known| known.name).to_vec())
        );
        for known in TYPES {
            let mut fresh = parse(known.fresh);
            fresh["type"] = known.name.into();
            let (mut sent, errors) = through(&fresh);
            for error in &errors {
                assert_eq!(error.detail, "Write a whole number.");
                put(&mut sent, error.pointer.strip_prefix("/check").unwrap(), 1.into());
            }
            let read: Result<Check, _> = serde_json::from_value(sent.clone());
            assert!(read.is_ok(), "{sent}: {read:?}");
        }
    }

    #[test]
    fn what_is_not_shown_is_not_sent() {
        let check = json!({"type": "http", "url": "u", "auth": {"scheme": "bearer", "token": "t"}});
        let fields = check_type("http").unwrap().sections[0].fields;
        let mut texts = to_texts(fields, &check, &mut 0);
        put(&mut texts, "/auth/scheme", "none".into());
        assert_eq!(to_json(fields, &texts, "", &mut Vec::new()), json!({"url": "u"}));
    }

    #[test]
    fn a_row_is_found_wherever_it_stands() {
        let list = json!({"steps": [{"name": "a", "request": {}}, {"name": "b", "request": {"url": "x", "headers": [{"name": "h"}]}}]});
        let fields = check_type("steps").unwrap().sections[1].fields;
        let mut texts = to_texts(fields, &list, &mut 0);
        let keys = keys(&texts, "/steps");
        let path = format!("/steps/#{}/request/url", keys[1]);
        assert_eq!(pointer(&texts, &path), "/steps/1/request/url");
        change_rows(&mut texts, "/steps", |rows| rows.swap(0, 1));
        assert_eq!(
            (text(&texts, &path).as_str(), pointer(&texts, &path).as_str()),
            ("x", "/steps/0/request/url")
        );
        change_rows(&mut texts, "/steps", |rows| {
            rows.retain(|row| key_of(row) != keys[1]);
        });
        put(&mut texts, &path, "gone".into());
        assert_eq!(rows(&texts, "/steps").len(), 1);
        assert_eq!(text(&texts, &path), "");
    }

    #[test]
    fn what_cannot_be_read_is_told_at_its_field() {
        let (_, errors) = through(
            &json!({"type": "tcp", "host": "a", "port": "smtp", "assertions": [{"on": "latency", "max_ms": "x"}]}),
        );
        let pointers: Vec<_> = errors.iter().map(|error| &*error.pointer).collect();
        assert_eq!(pointers, ["/check/port", "/check/assertions/0/max_ms"]);
    }
}
