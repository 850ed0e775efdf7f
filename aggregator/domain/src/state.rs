//! The state of a monitor, from the votes of its regions.

use crate::{quorum::Quorum, verdict::Verdict};
use serde::{Deserialize, Serialize};

/// The state of a monitor. Priority: maintenance > down > degraded > up; unknown only if nothing can be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MonitorState {
    /// Everything holds.
    Up = 0,
    /// Past a warning threshold.
    Degraded = 1,
    /// Down by quorum.
    Down = 2,
    /// Within a maintenance window.
    Maintenance = 3,
    /// No region votes.
    Unknown = 4,
    /// Not checked.
    Paused = 5,
}

impl MonitorState {
    /// All states, by their number in storage.
    pub const ALL: [Self; 6] = [
        Self::Up,
        Self::Degraded,
        Self::Down,
        Self::Maintenance,
        Self::Unknown,
        Self::Paused,
    ];

    /// The stable number in storage.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// The state of a stored number.
    pub fn from_code(code: i16) -> Option<Self> {
        usize::try_from(code)
            .ok()
            .and_then(|index| Self::ALL.get(index).copied())
    }

    /// Whether time in it counts as measured: up, degraded or down.
    pub fn is_measured(self) -> bool {
        matches!(self, Self::Up | Self::Degraded | Self::Down)
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Maintenance => "maintenance",
            Self::Unknown => "unknown",
            Self::Paused => "paused",
        }
    }
}

/// What the regions together say of a monitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The state.
    pub state: MonitorState,
    /// Regions see it down, but fewer than the quorum asks for: a regional advisory, visible, never a page for all.
    pub advisory: bool,
}

/// Decides a monitor's state by quorum over the regions that vote; those that are [`Verdict::Unknown`] do not.
///
/// Down takes a quorum of regions that see it down; degraded takes a quorum of regions that see it down or degraded.
pub fn decide(votes: impl IntoIterator<Item = Verdict>, quorum: Quorum) -> Decision {
    let (mut voting, mut down, mut impaired) = (0, 0, 0);
    for vote in votes {
        voting += usize::from(vote != Verdict::Unknown);
        down += usize::from(vote == Verdict::Down);
        impaired += usize::from(matches!(vote, Verdict::Down | Verdict::Degraded));
    }
    if voting == 0 {
        return Decision {
            state: MonitorState::Unknown,
            advisory: false,
        };
    }
    let needed = quorum.needed(voting);
    let state = match () {
        () if down >= needed => MonitorState::Down,
        () if impaired >= needed => MonitorState::Degraded,
        () => MonitorState::Up,
    };
    Decision {
        state,
        advisory: down > 0 && state != MonitorState::Down,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Degraded, Down, Unknown, Up};

    fn state(votes: &[Verdict], quorum: Quorum) -> (MonitorState, bool) {
        let decision = decide(votes.iter().copied(), quorum);
        (decision.state, decision.advisory)
    }

    #[test]
    fn one_of_three_regions_down_is_an_advisory_for_a_majority_and_an_outage_for_any() {
        assert_eq!(state(&[Up, Down, Up], Quorum::Majority), (MonitorState::Up, true));
        assert_eq!(state(&[Up, Down, Up], Quorum::Any), (MonitorState::Down, false));
        assert_eq!(
            state(&[Up, Down, Down], Quorum::Majority),
            (MonitorState::Down, false)
        );
        assert_eq!(state(&[Up, Down, Down], Quorum::All), (MonitorState::Up, true));
        assert_eq!(
            state(&[Up, Down, Down], Quorum::Count(2)),
            (MonitorState::Down, false)
        );
    }

    #[test]
    fn regions_that_do_not_vote_do_not_count() {
        assert_eq!(
            state(&[Unknown, Down, Unknown], Quorum::Majority),
            (MonitorState::Down, false)
        );
        assert_eq!(
            state(&[Unknown, Unknown], Quorum::Any),
            (MonitorState::Unknown, false)
        );
        assert_eq!(state(&[], Quorum::All), (MonitorState::Unknown, false));
        // A count larger than the number of voters asks for all of them.
        assert_eq!(
            state(&[Down, Unknown, Unknown], Quorum::Count(3)),
            (MonitorState::Down, false)
        );
    }

    #[test]
    fn degraded_counts_regions_that_are_worse_than_up() {
        assert_eq!(
            state(&[Degraded, Down, Up], Quorum::Majority),
            (MonitorState::Degraded, true)
        );
        assert_eq!(
            state(&[Degraded, Up, Up], Quorum::Majority),
            (MonitorState::Up, false)
        );
        assert_eq!(
            state(&[Degraded, Degraded, Up], Quorum::Majority),
            (MonitorState::Degraded, false)
        );
    }

    #[test]
    fn half_is_no_majority() {
        assert_eq!(state(&[Down, Up], Quorum::Majority), (MonitorState::Up, true));
    }

    #[test]
    fn numbers_are_stable() {
        for state in MonitorState::ALL {
            assert_eq!(MonitorState::from_code(state.code()), Some(state));
        }
        assert_eq!(MonitorState::from_code(6), None);
    }
}
