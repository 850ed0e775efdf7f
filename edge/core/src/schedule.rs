//! Which monitors are due: the latest slot of each since the last round.

use edgewatch_protocol::{
    assignment::Assignment,
    name::Region,
    slot::{GRAIN_MS, next_slot, slot_at},
};

/// How far back the first round of a probe looks: one turn of the coarsest host, a cron job of each minute.
pub const FIRST_ROUND_MS: i64 = 60_000;

/// How far back slots that were left out are counted. A host that was away for longer was not too slow, it was off.
const MISSED_WITHIN_MS: i64 = 300_000;

/// One check to make.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Due<'a> {
    /// What to do.
    pub assignment: &'a Assignment,
    /// The slot, Unix milliseconds.
    pub slot_ms: i64,
}

/// What is due at `now_ms`: for each assignment its latest slot in `(last_round_ms, now_ms]`, the earliest slot first.
/// Older slots that were missed are not caught up; they are gaps: see [`missed`].
pub fn due<'a>(
    assignments: &'a [Assignment],
    region: &Region,
    last_round_ms: Option<i64>,
    now_ms: i64,
) -> Vec<Due<'a>> {
    let last_round_ms = last_round_ms.unwrap_or(now_ms - FIRST_ROUND_MS);
    let mut due: Vec<_> = assignments
        .iter()
        .map(|assignment| Due {
            assignment,
            slot_ms: slot_at(now_ms, assignment.monitor, region, interval_ms(assignment)),
        })
        .filter(|due| due.slot_ms > last_round_ms && due.assignment.holds(due.slot_ms))
        .collect();
    due.sort_by_key(|due| (due.slot_ms, due.assignment.monitor));
    due
}

/// How many slots since the last round are left out by the one at `now_ms`, because it came later than the next slot of
/// their monitors was due. The assignments were the same at both.
pub fn missed(assignments: &[Assignment], region: &Region, last_round_ms: i64, now_ms: i64) -> u64 {
    let after_ms = last_round_ms.max(now_ms - MISSED_WITHIN_MS);
    let of_assignment = |assignment: &Assignment| {
        let interval_ms = interval_ms(assignment);
        let latest_ms = slot_at(now_ms, assignment.monitor, region, interval_ms);
        let earlier = (1..).map(|back| latest_ms - back * interval_ms);
        let earlier = earlier.take_while(|&slot_ms| slot_ms > after_ms);
        earlier.filter(|&slot_ms| assignment.holds(slot_ms)).count() as u64
    };
    assignments.iter().map(of_assignment).sum()
}

/// The first slot of any assignment after `now_ms`; `None` without assignments, or when all are handed over.
pub fn next_due_ms(assignments: &[Assignment], region: &Region, now_ms: i64) -> Option<i64> {
    assignments
        .iter()
        .filter_map(|assignment| {
            // Not before it is this probe's.
            let after_ms = assignment
                .from_ms
                .map_or(now_ms, |from_ms| now_ms.max(from_ms - 1));
            let slot_ms = next_slot(after_ms, assignment.monitor, region, interval_ms(assignment));
            assignment.holds(slot_ms).then_some(slot_ms)
        })
        .min()
}

/// Whether a check that is begun now is so late that half its interval has passed.
pub fn is_overrun(due: &Due<'_>, now_ms: i64) -> bool {
    now_ms - due.slot_ms > interval_ms(due.assignment) / 2
}

/// The interval on the schedule's grain, whatever the assignment says.
fn interval_ms(assignment: &Assignment) -> i64 {
    let interval_ms = i64::from(assignment.interval_s) * 1000;
    (interval_ms / GRAIN_MS).max(1) * GRAIN_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgewatch_protocol::{
        check::{Check, HttpCheck},
        name::MonitorId,
    };
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn region() -> Region {
        "weur".parse().unwrap()
    }

    fn assignment(id: i32, interval_s: u32) -> Assignment {
        Assignment {
            monitor: MonitorId(id),
            revision: 1,
            interval_s,
            timeout_ms: 1000,
            retries: 0,
            from_ms: None,
            until_ms: None,
            check: Check::Http(HttpCheck::get("http://192.0.2.1/")),
        }
    }

    proptest! {
        #[test]
        fn no_slot_is_made_twice_and_none_is_dropped_while_rounds_come_in_time(
            grains in proptest::collection::vec(1u32..60, 1..20),
            start in 1_700_000_000_000i64..1_700_000_100_000,
            lags in proptest::collection::vec(0i64..GRAIN_MS, 60),
        ) {
            let assignments: Vec<_> = grains.iter().zip(1..).map(|(grains, id)| assignment(id, grains * 10)).collect();
            let begin = start / GRAIN_MS * GRAIN_MS;
            let (mut last, mut made) = (begin - 1, HashSet::new());
            let mut now = begin;
            for (round, lag) in lags.iter().enumerate() {
                now = (begin + round as i64 * GRAIN_MS + lag).max(now);
                for due in due(&assignments, &region(), Some(last), now) {
                    prop_assert!(due.slot_ms <= now && due.slot_ms > last);
                    prop_assert!(made.insert((due.assignment.monitor, due.slot_ms)), "made twice");
                }
                last = now;
            }
            for assignment in &assignments {
                let mut slot = next_slot(begin - 1, assignment.monitor, &region(), i64::from(assignment.interval_s) * 1000);
                while slot <= last {
                    prop_assert!(made.contains(&(assignment.monitor, slot)), "dropped");
                    slot += i64::from(assignment.interval_s) * 1000;
                }
            }
        }

        #[test]
        fn each_slot_is_made_or_counted_as_missed_however_late_rounds_come(
            grains in proptest::collection::vec(1u32..12, 1..10),
            start in 1_700_000_000_000i64..1_700_000_100_000,
            pauses in proptest::collection::vec(1i64..MISSED_WITHIN_MS, 1..30),
        ) {
            let assignments: Vec<_> = grains.iter().zip(1..).map(|(grains, id)| assignment(id, grains * 10)).collect();
            let (mut last, mut found) = (start, 0);
            for pause in &pauses {
                let now = last + pause;
                found += due(&assignments, &region(), Some(last), now).len() as u64;
                found += missed(&assignments, &region(), last, now);
                last = now;
            }
            let mut all = 0;
            for assignment in &assignments {
                let mut slot = next_slot(start, assignment.monitor, &region(), i64::from(assignment.interval_s) * 1000);
                while slot <= last {
                    all += 1;
                    slot += i64::from(assignment.interval_s) * 1000;
                }
            }
            prop_assert_eq!(found, all);
        }

        #[test]
        fn the_next_due_time_is_when_something_becomes_due_and_nothing_is_before(
            grains in proptest::collection::vec(1u32..60, 1..20), now in 1_700_000_000_000i64..1_700_000_100_000,
        ) {
            let assignments: Vec<_> = grains.iter().zip(1..).map(|(grains, id)| assignment(id, grains * 10)).collect();
            let next = next_due_ms(&assignments, &region(), now).unwrap();
            prop_assert!(next > now);
            prop_assert!(!due(&assignments, &region(), Some(now), next).is_empty());
            prop_assert!(due(&assignments, &region(), Some(now), next - 1).is_empty());
        }
    }

    #[test]
    fn after_a_silence_only_the_latest_slot_is_made() {
        let assignments = [assignment(1, 60)];
        let now = 1_700_000_030_000;
        let found = due(&assignments, &region(), Some(now - 7_200_000), now);
        assert_eq!(found.len(), 1);
        assert!(found[0].slot_ms > now - 60_000);
        assert_eq!(missed(&assignments, &region(), now - 7_200_000, now), 4);
        assert_eq!(next_due_ms(&[], &region(), now), None);
    }

    #[test]
    fn slots_are_made_within_the_hold_alone() {
        let (now, mut held) = (1_700_000_030_000, assignment(1, 60));
        let next = next_due_ms(std::slice::from_ref(&held), &region(), now).unwrap();
        held.from_ms = Some(next + 60_000);
        held.until_ms = Some(next + 120_000);
        let held = [held];
        let due_at = |at| due(&held, &region(), Some(at - 60_000), at).len();
        assert_eq!(
            [due_at(next), due_at(next + 60_000), due_at(next + 120_000)],
            [0, 1, 0]
        );
        assert_eq!(next_due_ms(&held, &region(), now), Some(next + 60_000));
        assert_eq!(next_due_ms(&held, &region(), next + 60_000), None);
    }

    #[test]
    fn an_interval_off_the_grain_does_no_harm() {
        for interval_s in [0, 5, 15] {
            assert!(!due(&[assignment(1, interval_s)], &region(), None, 1_700_000_000_000).is_empty());
        }
    }
}
