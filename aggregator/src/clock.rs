//! What time it is. The only place that asks the machine.

use chrono::{DateTime, Utc};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// The clock that everything takes its time from; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still until it is told otherwise, for tests.
    pub fn at(time: DateTime<Utc>) -> Self {
        Self(Some(Arc::new(AtomicI64::new(time.timestamp_millis()))))
    }

    /// Moves a clock made by [`Clock::at`]; the machine's clock cannot be moved, and this does nothing then.
    pub fn advance(&self, by: chrono::Duration) {
        if let Some(millis) = &self.0 {
            millis.fetch_add(by.num_milliseconds(), Ordering::SeqCst);
        }
    }

    /// Now, to the millisecond (what is stored must equal what was decided by).
    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.now_ms()).unwrap_or_default()
    }

    /// Now, in Unix milliseconds.
    #[allow(clippy::disallowed_methods, reason = "this is the clock")]
    pub fn now_ms(&self) -> i64 {
        self.0.as_ref().map_or_else(
            || Utc::now().timestamp_millis(),
            |millis| millis.load(Ordering::SeqCst),
        )
    }
}
