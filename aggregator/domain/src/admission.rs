//! Which observations of a batch become results: those that can be true of the time at which the batch came, and tell
//! something that is not known yet.

use crate::vote::Check;
use edgewatch_protocol::signature::MAX_SKEW_S;
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

/// What a region's probes have said of slots so far: by monitor and slot, the check that counts.
#[derive(Clone, Debug, Default)]
pub struct KnownSlots(HashMap<(i32, i64), Check>);

impl KnownSlots {
    /// Takes a result in.
    pub fn note(&mut self, monitor: i32, check: Check) {
        let known = self.0.entry((monitor, check.slot_ms)).or_insert(check);
        if check.outranks(*known) {
            *known = check;
        }
    }

    /// Whether a check tells nothing that counts: another probe has made that of its slot, and this one does not outrank
    /// it. What counts is the same then whichever of them comes first.
    pub fn has(&self, monitor: i32, check: Check) -> bool {
        let known = self.0.get(&(monitor, check.slot_ms));
        known.is_some_and(|&known| !check.outranks(known))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgewatch_protocol::observation::OutcomeState::{self, Down, Unmeasured, Up};

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
    fn of_a_slot_what_outranks_the_known_is_told_and_nothing_else() {
        let check = |outcome: OutcomeState, at_ms| Check {
            slot_ms: 0,
            at_ms,
            outcome,
            disqualified: false,
        };
        let mut known = KnownSlots::default();
        assert!(!known.has(1, check(Up, 5)));
        known.note(1, check(Unmeasured, 5));
        assert!(known.has(1, check(Unmeasured, 5)) && !known.has(2, check(Unmeasured, 5)));
        assert!(
            !known.has(1, check(Up, 5)),
            "measured counts instead of unmeasured"
        );
        known.note(1, check(Up, 5));
        assert!(known.has(1, check(Unmeasured, 0)) && known.has(1, check(Up, 6)));
        assert!(
            !known.has(1, check(Down, 9)),
            "the worse counts instead of the better"
        );
        known.note(1, check(Down, 9));
        known.note(1, check(Up, 1));
        assert!(known.has(1, check(Up, 1)) && known.has(1, check(Down, 9)));
        assert!(
            !known.has(1, check(Down, 8)),
            "and the earlier instead of the later"
        );
    }
}
