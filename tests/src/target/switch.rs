//! Endpoints that change: switches, turned by a test, and one that flaps by itself.

use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How long `/flapping` keeps a state.
pub(super) const FLAPPING_PERIOD: Duration = Duration::from_mins(3);

/// What `/switch/{name}` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// HTTP status.
    #[serde(default = "ok")]
    pub status: u16,
    /// Milliseconds before the first byte.
    #[serde(default)]
    pub delay_ms: u64,
}

fn ok() -> u16 {
    200
}

impl Default for Switch {
    fn default() -> Self {
        Self {
            status: ok(),
            delay_ms: 0,
        }
    }
}

/// All switches; one that was never set answers 200 at once.
#[derive(Default)]
pub(super) struct Switches(Mutex<HashMap<String, Switch>>);

impl Switches {
    fn named(&self) -> MutexGuard<'_, HashMap<String, Switch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, name: &str) -> Switch {
        self.named().get(name).copied().unwrap_or_default()
    }

    pub(super) fn set(&self, name: &str, switch: Switch) {
        self.named().insert(name.to_owned(), switch);
    }
}

/// The status of `/flapping` so long after the start: up first, then changing each [`FLAPPING_PERIOD`].
pub(super) fn flapping_status(since_start: Duration) -> u16 {
    if (since_start.as_secs() / FLAPPING_PERIOD.as_secs()).is_multiple_of(2) {
        200
    } else {
        503
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flapping_changes_each_period() {
        let status = |minutes: u64| flapping_status(Duration::from_secs(minutes * 60));
        assert_eq!([0, 2, 3, 5, 6].map(status), [200, 200, 503, 503, 200]);
    }
}
