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

/// Whether a field of an object has one of the texts.
pub fn holds(When(at, texts): &When, scope: &Value) -> bool {
    let found = text(scope, at);
    texts.contains(&found.as_str()) || (texts == &["*"] && !found.is_empty())
}

/// Whether a field is shown, and sent; `scope` is the object that it belongs to.
pub fn is_shown(field: &Field, scope: &Value) -> bool {
    field.shown_when.iter().all(|when| holds(when, scope))
        || (field.kept && text(scope, field.at) != field.default)
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
mod tests;
