//! What a region says of a monitor. How it comes to it is [`crate::vote`]'s.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_stable() {
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::from_code(verdict.code()), Some(verdict));
        }
        assert_eq!(Verdict::from_code(4), None);
    }
}
