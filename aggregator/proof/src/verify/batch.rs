//! Batches as probes have sealed them, read no further than they are looked at.

use edgewatch_protocol::{
    batch::MAX_BODY_BYTES, content_coding::content_coding, observation::OutcomeState, version::Version,
};
use serde::Deserialize;
use std::{borrow::Cow, io::Read as _};

/// As much of a batch as is looked at.
#[derive(Deserialize)]
pub struct Batch<'a> {
    pub version: Version,
    #[serde(borrow)]
    pub probe: Cow<'a, str>,
    #[serde(borrow)]
    pub region: Cow<'a, str>,
    pub seq: u64,
    #[serde(borrow)]
    pub prev: Option<Cow<'a, str>>,
    pub sealed_at_ms: i64,
    #[serde(default)]
    pub resumed: bool,
    #[serde(default)]
    pub dropped: u64,
    pub observations: Vec<Observation>,
}

#[derive(Deserialize)]
pub struct Observation {
    pub monitor: i32,
    pub slot_ms: i64,
    pub started_ms: i64,
    pub outcome: Outcome,
}

#[derive(Deserialize)]
pub struct Outcome {
    pub state: OutcomeState,
}

/// The JSON in the body of a batch.
pub fn json_of(body: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    match content_coding(body) {
        None => Ok(Cow::Borrowed(body)),
        Some(_) => unpack(body).map(Cow::Owned),
    }
}

/// The JSON in a Zstandard frame.
fn unpack(frame: &[u8]) -> Result<Vec<u8>, String> {
    let torn = |error: &dyn std::fmt::Display| format!("it is not a Zstandard frame: {error}");
    let decoder = ruzstd::decoding::StreamingDecoder::new(frame).map_err(|error| torn(&error))?;
    let mut json = Vec::new();
    decoder
        .take(MAX_BODY_BYTES as u64 + 1)
        .read_to_end(&mut json)
        .map_err(|error| torn(&error))?;
    if json.len() > MAX_BODY_BYTES {
        return Err(format!("it is longer than {MAX_BODY_BYTES} bytes"));
    }
    Ok(json)
}
