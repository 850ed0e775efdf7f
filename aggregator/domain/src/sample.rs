//! Checks and votes for tests, written as text.

use crate::{
    policy::PolicyHistory,
    vote::{Check, VoteChange, VoteFold},
};
use edgewatch_protocol::observation::OutcomeState;
use proptest::prelude::*;

/// A minute in milliseconds.
pub const MIN: i64 = 60_000;

/// An hour in milliseconds.
pub const HOUR: i64 = 60 * MIN;

/// A day in milliseconds.
pub const DAY: i64 = 24 * HOUR;

/// One check a slot from `from_ms` on, begun when it was due: `u`p, de`g`raded, `d`own, `x` unmeasured, `!` down in a
/// disqualified slot, `.` nothing.
pub fn checks(from_ms: i64, interval_ms: i64, text: &str) -> Vec<Check> {
    let slots = text
        .chars()
        .enumerate()
        .map(|(index, c)| (from_ms + index as i64 * interval_ms, c));
    let outcome = |c| match c {
        'u' => Some(OutcomeState::Up),
        'g' => Some(OutcomeState::Degraded),
        'd' | '!' => Some(OutcomeState::Down),
        'x' => Some(OutcomeState::Unmeasured),
        _ => None,
    };
    let check = |(slot_ms, c)| {
        Some(Check {
            slot_ms,
            at_ms: slot_ms,
            outcome: outcome(c)?,
            disqualified: c == '!',
        })
    };
    slots.filter_map(check).collect()
}

/// The same outcome in every slot of `[from_ms, to_ms)`.
pub fn steady(from_ms: i64, to_ms: i64, interval_ms: i64, outcome: char) -> Vec<Check> {
    let slots = (to_ms - from_ms + interval_ms - 1) / interval_ms;
    checks(from_ms, interval_ms, &outcome.to_string().repeat(slots as usize))
}

/// What they change, in order.
pub fn fold(history: &PolicyHistory, checks: &[Check]) -> (VoteFold, Vec<VoteChange>) {
    let (mut fold, mut changes) = (VoteFold::new(), Vec::new());
    for &check in checks {
        changes.extend(fold.push(history, check).unwrap());
    }
    (fold, changes)
}

/// Up to `slots` slots of checks that like to stay as they are, with gaps, lags and repeats, in order.
pub fn any_checks(slots: usize, interval_ms: i64) -> impl Strategy<Value = Vec<Check>> {
    let outcome = prop_oneof![
        6 => Just("u"), 4 => Just("d"), 3 => Just("dd"), 1 => Just("g"), 2 => Just("x"), 1 => Just("!"),
        3 => Just("."), 1 => Just("...."), 1 => Just("xxxx"), 1 => Just("dx!d"), 3 => Just("uuuu"),
    ];
    let lag = prop_oneof![Just(0), 0..interval_ms];
    let lags = proptest::collection::vec(lag, slots);
    (proptest::collection::vec(outcome, 0..slots), lags).prop_map(move |(texts, lags)| {
        let text: String = texts.concat().chars().take(lags.len()).collect();
        let mut checks = checks(0, interval_ms, &text);
        for (check, lag) in checks.iter_mut().zip(lags) {
            check.at_ms += lag;
        }
        checks
    })
}
