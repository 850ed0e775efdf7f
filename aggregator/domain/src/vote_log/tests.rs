use super::*;
use crate::{
    policy::Policy,
    quorum::Quorum,
    sample::{DAY, HOUR, any_checks, checks},
    span::{Span, SpanSet},
    timeline::{self, RegionVotes, StateInterval, TimelineSource},
    vote::steps,
};
use proptest::prelude::*;

const INTERVAL: i64 = HOUR / 2;

/// A caller: stores results, keeps a log for each region and the timeline of one monitor.
struct Monitor {
    history: PolicyHistory,
    maintenance: SpanSet,
    pauses: SpanSet,
    stored: Vec<Vec<Check>>,
    logs: Vec<VoteLog>,
    record: Vec<StateInterval>,
    recorded_to_ms: i64,
}

impl Monitor {
    fn new(regions: u16) -> Self {
        let policy = Policy {
            quorum: Quorum::Majority,
            recoveries: 2,
            ..Policy::new(INTERVAL, 0..regions)
        };
        let mut history = PolicyHistory::new(policy.clone());
        let quorum = Quorum::Any;
        history.change(20 * HOUR, Policy { quorum, ..policy });
        Self {
            history,
            maintenance: Span::new(9 * HOUR, 11 * HOUR).into(),
            pauses: Span::new(15 * HOUR, 16 * HOUR).into(),
            stored: vec![Vec::new(); regions.into()],
            logs: vec![VoteLog::new(); regions.into()],
            record: Vec::new(),
            recorded_to_ms: 0,
        }
    }

    fn take(&mut self, region: usize, checks: Vec<Check>, now_ms: i64) {
        self.stored[region].extend(&checks);
        let (log, to_ms) = (&mut self.logs[region], self.recorded_to_ms);
        let from_ms = match log.take(&self.history, to_ms, checks) {
            Ok(from_ms) => from_ms,
            Err(refold) => {
                let mut stored = self.stored[region].clone();
                stored.retain(|check| Some(check.slot_ms) > refold.after_slot_ms);
                log.refold(&self.history, to_ms, refold, stored)
            }
        };
        self.advance(from_ms, now_ms);
    }

    /// Brings the record up to a moment; votes are other than they were from `from_ms` on.
    fn advance(&mut self, from_ms: Option<i64>, now_ms: i64) {
        let (mut votes, recorded_to_ms) = (Vec::new(), self.recorded_to_ms);
        let mut from_ms = from_ms.unwrap_or(recorded_to_ms).min(recorded_to_ms);
        for log in &self.logs {
            // A silence that has become one since the record was built.
            let (fold, history) = (log.fold(), &self.history);
            if let (None, Some(silence)) = (
                fold.silent_at(history, recorded_to_ms),
                fold.silent_at(history, now_ms),
            ) {
                from_ms = from_ms.min(silence.at_ms);
            }
        }
        let needed_from_ms = timeline::votes_needed_from_ms(&self.history, from_ms);
        for (region, log) in self.logs.iter().enumerate() {
            let mut steps = steps(&log.changes_at(&self.history, now_ms));
            let settled = steps.partition_point(|step| step.at_ms <= needed_from_ms);
            steps.drain(..settled.saturating_sub(1));
            votes.push(RegionVotes {
                region: region as u16,
                steps,
            });
        }
        let source = TimelineSource {
            created_ms: 0,
            history: &self.history,
            votes: &votes,
            maintenance: &self.maintenance,
            pauses: &self.pauses,
        };
        timeline::rebuild_tail(&mut self.record, from_ms, source, now_ms);
        self.recorded_to_ms = now_ms;
    }
}

#[test]
fn a_late_result_counts_as_if_it_had_come_in_time() {
    let history = PolicyHistory::new(Policy::new(INTERVAL, [1]));
    let all = checks(0, INTERVAL, &"uuuduu".repeat(20));
    let late = Check {
        slot_ms: all[100].slot_ms,
        ..all[3]
    };
    let mut log = VoteLog::new();
    let without = all.iter().copied().filter(|check| check.slot_ms != late.slot_ms);
    assert_eq!(log.take(&history, 0, without.collect()), Ok(Some(0)));
    let refold = log.take(&history, 0, vec![late]).unwrap_err();
    let stored = all.iter().map(|check| {
        if check.slot_ms == late.slot_ms {
            late
        } else {
            *check
        }
    });
    // Slot 99 failed as well, so that the late one confirms an outage.
    let stored: Vec<_> = stored
        .filter(|check| Some(check.slot_ms) > refold.after_slot_ms)
        .collect();
    assert!(stored.len() < 50, "{}", stored.len());
    let from_ms = log.refold(&history, 0, refold, stored);
    assert_eq!(from_ms, Some(99 * INTERVAL));
    assert_eq!(log.changes().len(), 3);
}

#[test]
fn a_result_from_before_the_oldest_checkpoint_is_left_out() {
    let history = PolicyHistory::new(Policy::new(INTERVAL, [1]));
    let mut log = VoteLog::new();
    let all = checks(0, INTERVAL, &"u".repeat(200));
    log.take(&history, 0, all.clone()).unwrap();
    let oldest = log.checkpoints()[0].last_slot_ms().unwrap();
    assert!(all[199].slot_ms - oldest > LATE_MS);
    assert!(all[199].slot_ms - oldest < LATE_MS + 2 * CHECKPOINT_MS);
    assert!(log.checkpoints().len() < 8);
    let before = log.clone();
    assert_eq!(log.take(&history, 0, vec![all[3]]), Ok(None));
    assert_eq!(log, before);
    log.forget_settled();
    assert_eq!(log.changes(), []);
}

#[test]
fn a_silence_that_was_told_is_taken_back() {
    let history = PolicyHistory::new(Policy::new(INTERVAL, [1]));
    let mut log = VoteLog::new();
    log.take(&history, 0, checks(0, INTERVAL, "uu")).unwrap();
    let told_at_ms = 6 * INTERVAL;
    assert_eq!(log.changes_at(&history, told_at_ms).len(), 2);
    // In time for nobody to be silent after all.
    let late = checks(2 * INTERVAL, INTERVAL, "uuu");
    assert_eq!(log.take(&history, told_at_ms, late), Ok(Some(2 * INTERVAL)));
    assert_eq!(log.changes_at(&history, told_at_ms).len(), 1);
}

proptest! {
    /// Golden case 8, and more: two regions, results late by up to a day, repeated, in other batches.
    #[test]
    fn any_order_batching_repetition_or_delay_gives_the_same_timeline(
        regions in proptest::collection::vec(any_checks(120, INTERVAL), 2),
        delays in proptest::collection::vec(prop_oneof![3 => Just(0), 1 => 0..DAY], 240),
        repeats in proptest::collection::vec(any::<bool>(), 240),
        batches in proptest::collection::vec(1usize..20, 240),
    ) {
        let end_ms = 130 * INTERVAL;
        let mut in_time = Monitor::new(2);
        for (region, checks) in regions.iter().enumerate() {
            for &check in checks {
                in_time.take(region, vec![check], in_time.recorded_to_ms);
            }
        }
        in_time.record.clear();
        in_time.recorded_to_ms = 0;
        in_time.advance(Some(0), end_ms);

        let mut arrivals: Vec<_> = regions.iter().enumerate()
            .flat_map(|(region, checks)| checks.iter().map(move |&check| (region, check)))
            .zip(delays.iter().zip(&repeats))
            .flat_map(|((region, check), (&delay, &repeated))| {
                let once = [(check.slot_ms + delay, region, check)];
                once.into_iter().chain(repeated.then_some((check.slot_ms + DAY / 2, region, check)))
            })
            .collect();
        arrivals.sort_by_key(|&(at_ms, ..)| at_ms);
        let mut late = Monitor::new(2);
        let mut rest = &arrivals[..];
        for size in batches.into_iter().cycle() {
            let (batch, others) = rest.split_at(size.min(rest.len()));
            let Some(&(now_ms, ..)) = batch.last() else { break };
            for region in 0..2 {
                let mut of_region: Vec<_> = batch.iter()
                    .filter(|&&(_, of, _)| of == region)
                    .map(|&(.., check)| check)
                    .collect();
                of_region.reverse();
                late.take(region, of_region, now_ms.min(end_ms));
            }
            rest = others;
        }
        late.advance(None, end_ms);
        for (late, in_time) in late.logs.iter().zip(&in_time.logs) {
            prop_assert_eq!(late.fold(), in_time.fold());
            prop_assert_eq!(late.changes(), in_time.changes());
            prop_assert!(late.checkpoints().len() < 8);
        }
        prop_assert_eq!(&late.record, &in_time.record);
    }
}
