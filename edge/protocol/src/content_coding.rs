//! How the bytes of a batch are coded: as JSON, or as a Zstandard frame of JSON where the probe's host can compress.
//!
//! A batch is sealed, chained, signed and kept in its coding: what is hashed are the bytes that are sent.

/// The `Content-Encoding` of a Zstandard frame (RFC 8878).
pub const ZSTD: &str = "zstd";

/// The first bytes of a Zstandard frame (RFC 8878, section 3.1.1). No JSON begins so.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The `Content-Encoding` of a batch's bytes; `None` for JSON as it is.
pub fn content_coding(bytes: &[u8]) -> Option<&'static str> {
    bytes.starts_with(&ZSTD_MAGIC).then_some(ZSTD)
}
