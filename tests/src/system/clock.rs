//! The machine's clock, which probes sign and stamp by.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, Unix milliseconds.
#[allow(clippy::disallowed_methods)]
pub fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64)
}
