//! Taking values out of an answer.

use crate::{assertion::json_text, check::http::run::Answer, json_path::Path, pattern::Pattern};
use edgewatch_protocol::check::steps::{Extraction, ExtractionSource};
use serde_json::Value;

/// The longest value, in bytes.
pub const MAX_VALUE_BYTES: usize = 8 << 10;

/// The value that an extraction asks for.
///
/// # Errors
/// One line that says why there is none. It holds nothing of the answer.
pub fn extract(extraction: &Extraction, answer: &Answer) -> Result<String, String> {
    let Extraction { name, source } = extraction;
    let mut looked_at = None;
    let found = match source {
        ExtractionSource::JsonPath { path } => {
            let bounds = |problem| format!("no value for {name}: the path {path} {problem}");
            let query = Path::new(path).map_err(bounds)?;
            let document: Value = serde_json::from_slice(answer.body())
                .map_err(|_| format!("no value for {name}: the body is not JSON"))?;
            query.first(&document).map_err(bounds)?.map(json_text)
        }
        ExtractionSource::Regex { pattern } => {
            let text = String::from_utf8_lossy(answer.body());
            let pattern = Pattern::new(pattern)
                .map_err(|problem| format!("no value for {name}: the pattern {problem}"))?;
            let captures = pattern.captures(&text);
            looked_at = pattern.cut_kib(&text);
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
        None => Err(match looked_at {
            Some(kib) => format!("no value for {name} {from} in the first {kib} KiB"),
            None => format!("no value for {name} {from}"),
        }),
    }
}
