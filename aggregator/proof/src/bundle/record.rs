//! Files with batches: one record after another, each in two parts with their lengths before them (four bytes, big-endian): a
//! header as JSON, and the body as it was signed.

use edgewatch_protocol::batch::MAX_BODY_BYTES;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

/// The longest header, in bytes.
const MAX_HEADER_BYTES: usize = 16 << 10;

/// What is kept of a batch besides its body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordHeader {
    /// Its number in the probe's chain.
    pub seq: u64,
    /// When it was received, Unix milliseconds, as the installation says.
    pub received_ms: i64,
    /// The number of its leaf in the log; absent if it has none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaf: Option<u64>,
    /// What was signed as `@authority`.
    pub authority: String,
    /// `Signature-Input`.
    pub signature_input: String,
    /// `Signature`.
    pub signature: String,
}

/// Writes a record.
///
/// # Errors
/// Those of the receiver; a body that no batch has.
pub fn write_record(out: &mut impl Write, header: &RecordHeader, body: &[u8]) -> io::Result<()> {
    for (part, at_most) in [
        (&serde_json::to_vec(header)?[..], MAX_HEADER_BYTES),
        (body, MAX_BODY_BYTES),
    ] {
        let length = u32::try_from(part.len())
            .ok()
            .filter(|_| part.len() <= at_most)
            .ok_or_else(|| io::Error::other("a batch is too long to be written"))?;
        out.write_all(&length.to_be_bytes())?;
        out.write_all(part)?;
    }
    Ok(())
}

/// Reads records one after another.
#[derive(Debug)]
pub struct RecordReader<R> {
    source: R,
    header: Vec<u8>,
    body: Vec<u8>,
}

impl<R: Read> RecordReader<R> {
    /// From the beginning of a file.
    pub fn new(source: R) -> Self {
        Self {
            source,
            header: Vec::new(),
            body: Vec::new(),
        }
    }

    /// What it is read from.
    pub fn into_source(self) -> R {
        self.source
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(&mut self) -> Result<Option<(RecordHeader, &[u8])>, String> {
        if !read_part(&mut self.source, &mut self.header, MAX_HEADER_BYTES, true)? {
            return Ok(None);
        }
        let header =
            serde_json::from_slice(&self.header).map_err(|error| format!("a header is none: {error}"))?;
        read_part(&mut self.source, &mut self.body, MAX_BODY_BYTES, false)?;
        Ok(Some((header, &self.body)))
    }
}

/// False at the end of the file, if that may be here.
fn read_part(
    source: &mut impl Read,
    part: &mut Vec<u8>,
    at_most: usize,
    may_end: bool,
) -> Result<bool, String> {
    let torn = |error: io::Error| format!("it is torn: {error}");
    let mut length = [0; 4];
    let mut known = 0;
    while known < length.len() {
        match source.read(&mut length[known..]).map_err(torn)? {
            0 if known == 0 && may_end => return Ok(false),
            0 => return Err("it ends in the midst of a record".to_owned()),
            more => known += more,
        }
    }
    let length = u32::from_be_bytes(length) as usize;
    if length > at_most {
        return Err(format!(
            "a record has a part of {length} bytes, and {at_most} at most can be"
        ));
    }
    part.resize(length, 0);
    source.read_exact(part).map_err(torn)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> RecordHeader {
        RecordHeader {
            seq: 3,
            received_ms: 4,
            leaf: Some(5),
            authority: "a".to_owned(),
            signature_input: "i".to_owned(),
            signature: "s".to_owned(),
        }
    }

    #[test]
    fn records_are_read_as_they_were_written_and_to_their_end() {
        let mut bytes = Vec::new();
        for body in [&b"one"[..], b""] {
            write_record(&mut bytes, &header(), body).unwrap();
        }
        let mut records = RecordReader::new(&bytes[..]);
        assert_eq!(records.read(), Ok(Some((header(), &b"one"[..]))));
        assert_eq!(records.read(), Ok(Some((header(), &b""[..]))));
        assert_eq!(records.read(), Ok(None));
        let end = bytes.len();
        for cut in 1..end {
            let mut records = RecordReader::new(&bytes[..cut]);
            let mut whole = 0;
            let outcome = loop {
                match records.read() {
                    Ok(Some(_)) => whole += 1,
                    other => break other.map(|_| ()),
                }
            };
            // At the end of the first record there is nothing to be missed.
            assert_eq!(outcome.is_ok(), whole == 1 && (end - cut) == cut - 3, "{cut}");
        }
    }

    #[test]
    fn no_part_is_longer_than_any_batch_has() {
        let too_long = u32::try_from(MAX_BODY_BYTES + 1).unwrap().to_be_bytes();
        let error = RecordReader::new(&too_long[..]).read().unwrap_err();
        assert!(error.contains("at most can be"), "{error}");
        assert!(write_record(&mut Vec::new(), &header(), &vec![0; MAX_BODY_BYTES + 1]).is_err());
        let long = RecordHeader {
            authority: "a".repeat(MAX_HEADER_BYTES),
            ..header()
        };
        assert!(write_record(&mut Vec::new(), &long, b"").is_err());
    }
}
