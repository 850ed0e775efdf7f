//! Observations that are not delivered yet.

/// The largest value that the core puts into [`crate::platform::Storage`], in bytes.
pub const RECORD_BYTES: usize = 1 << 20;
