//! When each monitor is to be begun, to the millisecond.
//!
//! Slots are multiples of ten seconds, so that thousands of monitors share one. A host that can begin a check at any
//! moment spreads them over the slot, each monitor at its own place in it ([`edgewatch_protocol::slot::spread_ms`]): load
//! is even, and what a check measures is the target, not the other checks that began with it.

use edgewatch_protocol::{
    assignment::Assignment,
    name::Region,
    slot::{GRAIN_MS, slot_at, spread_ms},
};
use std::{cmp::Reverse, collections::BinaryHeap};

/// A check to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Which of the assignments, by its place in the list.
    pub index: usize,
    /// Its slot, Unix milliseconds.
    pub slot_ms: i64,
    /// When it is to be begun, Unix milliseconds.
    pub at_ms: i64,
}

/// What comes next, of one list of assignments.
#[derive(Debug)]
pub struct Timetable {
    /// By the moment of the next start.
    next: BinaryHeap<Reverse<(i64, usize)>>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    interval_ms: i64,
    spread_ms: i64,
}

impl Timetable {
    /// A timetable that takes up what was to be begun after `last_ms`: of each monitor the latest start, older ones that
    /// were missed are gaps. Without `last_ms` nothing is taken up.
    pub fn new(assignments: &[Assignment], region: &Region, last_ms: Option<i64>, now_ms: i64) -> Self {
        let last_ms = last_ms.unwrap_or(now_ms);
        let mut timetable = Self {
            next: BinaryHeap::with_capacity(assignments.len()),
            rows: Vec::with_capacity(assignments.len()),
        };
        for (index, assignment) in assignments.iter().enumerate() {
            let interval_ms = (i64::from(assignment.interval_s) * 1000 / GRAIN_MS).max(1) * GRAIN_MS;
            let spread_ms = spread_ms(assignment.monitor, region);
            let slot_ms = slot_at(now_ms - spread_ms, assignment.monitor, region, interval_ms);
            let latest_ms = slot_ms + spread_ms;
            let next_ms = if latest_ms > last_ms {
                latest_ms
            } else {
                latest_ms + interval_ms
            };
            timetable.next.push(Reverse((next_ms, index)));
            timetable.rows.push(Row {
                interval_ms,
                spread_ms,
            });
        }
        timetable
    }

    /// Takes the next check that is to be begun by now; each is given once. Of one that was missed for longer than its
    /// interval, the latest.
    pub fn take(&mut self, now_ms: i64) -> Option<Start> {
        let mut first = self.next.peek_mut()?;
        let Reverse((at_ms, index)) = *first;
        if at_ms > now_ms {
            return None;
        }
        let row = &self.rows[index];
        let missed = (now_ms - at_ms) / row.interval_ms;
        let at_ms = at_ms + missed * row.interval_ms;
        *first = Reverse((at_ms + row.interval_ms, index));
        Some(Start {
            index,
            slot_ms: at_ms - row.spread_ms,
            at_ms,
        })
    }

    /// When the next check is to be begun.
    pub fn next_ms(&self) -> Option<i64> {
        self.next.peek().map(|Reverse((at_ms, _))| *at_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgewatch_protocol::{
        check::{Check, HttpCheck},
        name::MonitorId,
    };
    use std::collections::HashMap;

    const NOW_MS: i64 = 1_800_000_000_000;

    fn region() -> Region {
        "office".parse().unwrap()
    }

    fn assignments(count: i32, interval_s: u32) -> Vec<Assignment> {
        let of = |id| Assignment {
            monitor: MonitorId(id),
            revision: 1,
            interval_s,
            timeout_ms: 1000,
            retries: 0,
            from_ms: None,
            until_ms: None,
            check: Check::Http(HttpCheck::get("http://192.0.2.1/")),
        };
        (1..=count).map(of).collect()
    }

    fn drain(timetable: &mut Timetable, now_ms: i64) -> Vec<Start> {
        std::iter::from_fn(|| timetable.take(now_ms)).collect()
    }

    #[test]
    fn each_slot_of_each_monitor_is_begun_once_however_often_one_looks() {
        let assignments = assignments(50, 20);
        let mut timetable = Timetable::new(&assignments, &region(), None, NOW_MS);
        let mut begun: HashMap<usize, Vec<Start>> = HashMap::new();
        let mut now_ms = NOW_MS;
        while now_ms < NOW_MS + 199_999 {
            now_ms = (now_ms + 37).min(NOW_MS + 199_999);
            for start in drain(&mut timetable, now_ms) {
                assert!((now_ms - 37..=now_ms).contains(&start.at_ms), "in time");
                assert_eq!(start.slot_ms % GRAIN_MS, 0);
                begun.entry(start.index).or_default().push(start);
            }
        }
        assert_eq!(begun.len(), 50);
        for starts in begun.values() {
            assert_eq!(starts.len(), 10);
            assert!(starts.is_sorted_by(|a, b| a.slot_ms + 20_000 == b.slot_ms));
        }
    }

    #[test]
    fn load_is_even_within_a_slot() {
        let assignments = assignments(5_000, 10);
        let mut timetable = Timetable::new(&assignments, &region(), None, NOW_MS);
        let starts = drain(&mut timetable, NOW_MS + 9_999);
        let mut per_second = [0; 10];
        for start in starts {
            per_second[((start.at_ms - NOW_MS) / 1000) as usize] += 1;
        }
        let busiest = per_second.iter().max().unwrap();
        assert!(*busiest < 750, "{per_second:?}");
    }

    #[test]
    fn a_restart_takes_up_what_was_not_begun_and_nothing_else() {
        let assignments = assignments(200, 60);
        let mut whole = Timetable::new(&assignments, &region(), None, NOW_MS);
        let all: Vec<_> = drain(&mut whole, NOW_MS + 59_999);
        assert_eq!(all.len(), 200);

        let (died_ms, back_ms) = (NOW_MS + 20_000, NOW_MS + 35_000);
        let mut first = Timetable::new(&assignments, &region(), None, NOW_MS);
        let before = drain(&mut first, died_ms);
        let mut second = Timetable::new(&assignments, &region(), Some(died_ms), back_ms);
        let after = drain(&mut second, NOW_MS + 59_999);
        assert_eq!([before, after].concat(), all);
    }

    #[test]
    fn after_a_silence_only_the_latest_slot_is_begun() {
        let assignments = assignments(1, 60);
        let mut timetable = Timetable::new(&assignments, &region(), None, NOW_MS);
        let starts = drain(&mut timetable, NOW_MS + 3_600_000);
        assert_eq!(starts.len(), 1);
        assert!(starts[0].at_ms > NOW_MS + 3_540_000);
        assert!(timetable.next_ms().unwrap() > NOW_MS + 3_600_000);
        assert_eq!(Timetable::new(&[], &region(), None, NOW_MS).next_ms(), None);
    }
}
