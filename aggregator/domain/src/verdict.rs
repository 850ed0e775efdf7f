//! A region's verdict of a monitor, from the outcomes of its checks.

use edgewatch_protocol::observation::OutcomeState;
use serde::{Deserialize, Serialize};

/// A region's vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Sees it up.
    Up = 0,
    /// Sees it up past a warning threshold.
    Degraded = 1,
    /// Sees it down, confirmed.
    Down = 2,
    /// Does not vote: silent, or never measured.
    Unknown = 3,
}

impl Verdict {
    /// All verdicts, by their number in storage.
    pub const ALL: [Self; 4] = [Self::Up, Self::Degraded, Self::Down, Self::Unknown];

    /// The stable number in storage.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// The verdict of a stored number.
    pub fn from_code(code: i16) -> Option<Self> {
        usize::try_from(code)
            .ok()
            .and_then(|index| Self::ALL.get(index).copied())
    }
}

/// How many of a region's slots may pass without a result before it does not vote any more.
pub const SILENT_SLOTS: i64 = 3;

/// How many outcomes back a verdict has to look at the least, for confirmations and recoveries of at most 10: enough for
/// a run of either to be found behind any flapping that matters.
pub const LOOK_BACK: usize = 40;

/// The verdict of a region after these outcomes, in the order of their slots.
///
/// It becomes down after `confirmations` consecutive down outcomes and up (or degraded) after `recoveries` consecutive
/// successes; between the two it keeps. `unmeasured` neither continues nor breaks a run. A first success needs no
/// recovery, for there is nothing to recover from.
pub fn region_verdict(
    outcomes: impl IntoIterator<Item = OutcomeState>,
    confirmations: u8,
    recoveries: u8,
) -> Verdict {
    let (mut verdict, mut downs, mut successes) = (Verdict::Unknown, 0, 0);
    for outcome in outcomes {
        match outcome {
            OutcomeState::Unmeasured => {}
            OutcomeState::Down => {
                (downs, successes) = (downs + 1, 0);
                if downs >= usize::from(confirmations) {
                    verdict = Verdict::Down;
                }
            }
            OutcomeState::Up | OutcomeState::Degraded => {
                (downs, successes) = (0, successes + 1);
                if verdict != Verdict::Down || successes >= usize::from(recoveries) {
                    verdict = if outcome == OutcomeState::Up {
                        Verdict::Up
                    } else {
                        Verdict::Degraded
                    };
                }
            }
        }
    }
    verdict
}

/// Whether a region has been silent for [`SILENT_SLOTS`] of its slots: its last result is of `last_slot_ms`.
pub fn is_silent(last_slot_ms: i64, now_ms: i64, interval_ms: i64) -> bool {
    now_ms - last_slot_ms > (SILENT_SLOTS + 1) * interval_ms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(outcomes: &str, confirmations: u8, recoveries: u8) -> Verdict {
        let outcome = |c| match c {
            'u' => OutcomeState::Up,
            'g' => OutcomeState::Degraded,
            'd' => OutcomeState::Down,
            _ => OutcomeState::Unmeasured,
        };
        region_verdict(outcomes.chars().map(outcome), confirmations, recoveries)
    }

    #[test]
    fn down_takes_confirmations_and_up_takes_recoveries() {
        assert_eq!(verdict("uud", 2, 1), Verdict::Up);
        assert_eq!(verdict("uudd", 2, 1), Verdict::Down);
        assert_eq!(verdict("uudud", 2, 1), Verdict::Up);
        assert_eq!(verdict("ddu", 2, 1), Verdict::Up);
        assert_eq!(verdict("ddu", 2, 2), Verdict::Down);
        assert_eq!(verdict("ddudu", 2, 2), Verdict::Down);
        assert_eq!(verdict("dduu", 2, 2), Verdict::Up);
        assert_eq!(verdict("d", 1, 1), Verdict::Down);
    }

    #[test]
    fn unmeasured_neither_counts_nor_breaks_a_run() {
        assert_eq!(verdict("udxxd", 2, 1), Verdict::Down);
        assert_eq!(verdict("uxx", 2, 1), Verdict::Up);
        assert_eq!(verdict("xxx", 2, 1), Verdict::Unknown);
    }

    #[test]
    fn one_unconfirmed_failure_of_a_new_monitor_says_nothing_yet() {
        assert_eq!(verdict("d", 2, 1), Verdict::Unknown);
        assert_eq!(verdict("", 2, 1), Verdict::Unknown);
    }

    #[test]
    fn degraded_follows_the_last_success() {
        assert_eq!(verdict("ug", 2, 1), Verdict::Degraded);
        assert_eq!(verdict("gu", 2, 1), Verdict::Up);
        assert_eq!(verdict("ddg", 2, 1), Verdict::Degraded);
        assert_eq!(verdict("gd", 2, 1), Verdict::Degraded);
    }

    #[test]
    fn silence_begins_when_three_slots_have_passed_without_a_result() {
        assert!(!is_silent(0, 239_000, 60_000));
        assert!(!is_silent(0, 240_000, 60_000));
        assert!(is_silent(0, 240_001, 60_000));
    }
}
