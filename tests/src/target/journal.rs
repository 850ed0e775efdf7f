//! What was requested, so that a test can say how often.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Requests by path, on all listeners together.
#[derive(Default)]
pub(super) struct Journal(Mutex<BTreeMap<String, u64>>);

impl Journal {
    fn paths(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, path: &str) {
        *self.paths().entry(path.to_owned()).or_default() += 1;
    }

    pub(super) fn hits(&self, path: &str) -> u64 {
        self.paths().get(path).copied().unwrap_or_default()
    }

    /// All paths, those of the target's own control aside.
    pub(super) fn all(&self) -> BTreeMap<String, u64> {
        let mut all = self.paths().clone();
        all.retain(|path, _| !path.starts_with("/control/"));
        all
    }
}
