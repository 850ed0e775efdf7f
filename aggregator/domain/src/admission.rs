//! Which observations of a batch become results: those that can be true of the time at which the batch came, and tell
//! something that is not known yet.

use edgewatch_protocol::{observation::OutcomeState, signature::MAX_SKEW_S};
use std::collections::HashMap;

/// Results older than this are not taken, in milliseconds: probes keep theirs for a day.
pub const OLDEST_MS: i64 = 2 * 86_400_000;

/// How far the clock of a probe may be ahead, in milliseconds.
pub const AHEAD_MS: i64 = MAX_SKEW_S * 1000;

/// Why no result is made of an observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Implausible {
    /// It claims to come from the future.
    Future,
    /// It is older than any probe keeps it.
    TooOld,
}

/// Whether an observation of a slot, of a check that began then, can be of a batch received then. Milliseconds since the Unix
/// epoch.
///
/// # Errors
/// Why not.
pub fn plausible(slot_ms: i64, started_ms: i64, received_ms: i64) -> Result<(), Implausible> {
    let latest_ms = received_ms.saturating_add(AHEAD_MS);
    if slot_ms.max(started_ms) > latest_ms {
        return Err(Implausible::Future);
    }
    if slot_ms.min(started_ms) <= received_ms.saturating_sub(OLDEST_MS) {
        return Err(Implausible::TooOld);
    }
    Ok(())
}

/// What a region's probes have said of slots so far: by monitor and slot, whether it was measured.
#[derive(Clone, Debug, Default)]
pub struct KnownSlots(HashMap<(i32, i64), bool>);

impl KnownSlots {
    /// Takes a result in.
    pub fn note(&mut self, monitor: i32, slot_ms: i64, outcome: OutcomeState) {
        *self.0.entry((monitor, slot_ms)).or_default() |= outcome != OutcomeState::Unmeasured;
    }

    /// Whether an observation tells nothing that is not known: another probe has checked its slot, and measured it unless
    /// this one did not either.
    pub fn has(&self, monitor: i32, slot_ms: i64, outcome: OutcomeState) -> bool {
        let known = self.0.get(&(monitor, slot_ms));
        known.is_some_and(|&measured| measured || outcome == OutcomeState::Unmeasured)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use OutcomeState::{Down, Unmeasured, Up};

    #[test]
    fn what_is_of_the_future_or_long_past_is_no_result() {
        let now = 1_800_000_000_000;
        assert_eq!(plausible(now, now + AHEAD_MS, now), Ok(()));
        assert_eq!(plausible(now, now + AHEAD_MS + 1, now), Err(Implausible::Future));
        assert_eq!(plausible(now + AHEAD_MS + 1, now, now), Err(Implausible::Future));
        assert_eq!(plausible(now - OLDEST_MS + 1, now, now), Ok(()));
        assert_eq!(plausible(now - OLDEST_MS, now, now), Err(Implausible::TooOld));
        assert_eq!(plausible(i64::MIN, now, now), Err(Implausible::TooOld));
    }

    #[test]
    fn a_slot_is_told_once_and_measured_rather_than_not() {
        let mut known = KnownSlots::default();
        assert!(!known.has(1, 0, Up));
        known.note(1, 0, Unmeasured);
        assert!(known.has(1, 0, Unmeasured) && !known.has(1, 0, Up) && !known.has(2, 0, Unmeasured));
        known.note(1, 0, Down);
        assert!(known.has(1, 0, Up) && known.has(1, 0, Unmeasured));
    }
}
