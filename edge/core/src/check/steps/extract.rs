//! Taking values out of an answer.

use crate::{
    assertion::{compile_pattern, json_text},
    check::http::run::Answer,
};
use edgewatch_protocol::check::steps::{Extraction, ExtractionSource};
use serde_json::Value;
use serde_json_path::JsonPath;

/// The longest value, in bytes.
pub const MAX_VALUE_BYTES: usize = 8 << 10;

/// The value that an extraction asks for.
///
/// # Errors
/// One line that says why there is none. It holds nothing of the answer.
pub fn extract(extraction: &Extraction, answer: &Answer) -> Result<String, String> {
    let Extraction { name, source } = extraction;
    let found = match source {
        ExtractionSource::JsonPath { path } => {
            let query =
                JsonPath::parse(path).map_err(|error| format!("{path} is not a JSONPath: {error}"))?;
            let document: Value = serde_json::from_slice(answer.body())
                .map_err(|_| format!("no value for {name}: the body is not JSON"))?;
            query.query(&document).first().map(json_text)
        }
        ExtractionSource::Regex { pattern } => {
            let text = String::from_utf8_lossy(answer.body());
            let captures = compile_pattern(pattern)?.captures(&text);
            captures
                .and_then(|captures| captures.get(1).or_else(|| captures.get(0)))
                .map(|found| found.as_str().to_owned())
        }
        ExtractionSource::Header { field } => answer
            .headers()
            .and_then(|headers| headers.get(field.as_str()))
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
    };
    let from = match source {
        ExtractionSource::JsonPath { path } => format!("at {path}"),
        ExtractionSource::Regex { pattern } => format!("that matches {pattern}"),
        ExtractionSource::Header { field } => format!("in the header {field}"),
    };
    match found {
        Some(value) if value.len() > MAX_VALUE_BYTES => Err(format!(
            "the value for {name} {from} has more than {MAX_VALUE_BYTES} bytes"
        )),
        Some(value) => Ok(value),
        None => Err(format!("no value for {name} {from}")),
    }
}
