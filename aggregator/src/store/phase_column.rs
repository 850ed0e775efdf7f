//! How the time of a phase stands in a column of `result`: microseconds; null when it was not reached; and below zero,
//! by the number of the reason, when it could not be measured.

use edgewatch_protocol::phase::{NotMeasurable, PhaseTime};

const REASONS: [(i32, NotMeasurable); 5] = [
    (-1, NotMeasurable::NotApplicable),
    (-2, NotMeasurable::PlatformForbids),
    (-3, NotMeasurable::Mode),
    (-4, NotMeasurable::ResolverUnavailable),
    (-5, NotMeasurable::Other),
];

/// The column's value.
pub fn encode(time: PhaseTime) -> Option<i32> {
    match time {
        PhaseTime::NotReached => None,
        PhaseTime::Measured(us) => Some(i32::try_from(us).unwrap_or(i32::MAX)),
        PhaseTime::NotMeasurable(why) => Some(
            REASONS
                .iter()
                .find(|(_, reason)| *reason == why)
                .map_or(-5, |&(code, _)| code),
        ),
    }
}

/// The time of a column's value.
pub fn decode(column: Option<i32>) -> PhaseTime {
    match column {
        None => PhaseTime::NotReached,
        Some(us @ 0..) => PhaseTime::Measured(us.unsigned_abs()),
        Some(code) => PhaseTime::NotMeasurable(
            REASONS
                .iter()
                .find(|(known, _)| *known == code)
                .map_or(NotMeasurable::Other, |&(_, reason)| reason),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_time_comes_back() {
        let reasons = REASONS.map(|(_, reason)| PhaseTime::NotMeasurable(reason));
        for time in [
            PhaseTime::NotReached,
            PhaseTime::Measured(0),
            PhaseTime::Measured(17),
        ]
        .into_iter()
        .chain(reasons)
        {
            assert_eq!(decode(encode(time)), time);
        }
        assert_eq!(encode(PhaseTime::Measured(u32::MAX)), Some(i32::MAX));
    }
}
