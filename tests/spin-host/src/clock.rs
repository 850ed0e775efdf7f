//! The machine's clock, which the cron is fired by.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Unix time.
#[allow(clippy::disallowed_methods)]
pub fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
