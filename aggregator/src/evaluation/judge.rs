//! The judgement of batches, on what is remembered: no statement is made here.

use super::{Memory, TakenBatch, TakenResult};
use crate::store::evaluation::{JudgedMonitor, LatestResult, RegionStateRows};
use chrono::{DateTime, Utc};
use edgewatch_client::event::LiveResult;
use edgewatch_domain::verdict::{Verdict, is_silent};
use std::collections::{BTreeMap, HashMap};

/// What is to be written and told.
#[derive(Debug, Default)]
pub struct Judgement {
    /// What regions say now.
    pub rows: RegionStateRows,
    /// Monitors of which some region says something else than before.
    pub votes_changed: Vec<i32>,
    /// Since when, where that is known.
    pub began: BTreeMap<i32, DateTime<Utc>>,
    /// For live views.
    pub live: Vec<LiveResult>,
}

/// Judges batches, and remembers what they say.
pub fn judge(memory: &mut Memory, batches: &[TakenBatch], now: DateTime<Utc>) -> Judgement {
    let mut judgement = Judgement::default();
    let mut latest: HashMap<(i16, i32), &TakenResult> = HashMap::new();
    for batch in batches {
        let known = memory.of_region(batch.region_id);
        for result in &batch.results {
            let Some(monitor) = known.get_mut(&result.monitor).and_then(Option::as_mut) else {
                continue;
            };
            monitor.recent.add(result.slot_ms, result.outcome);
            let latest = latest.entry((batch.region_id, result.monitor)).or_insert(result);
            if latest.slot_ms <= result.slot_ms {
                *latest = result;
            }
            judgement.live.push(result.live(&batch.region));
        }
    }
    for ((region_id, id), result) in latest {
        let known = memory.of_region(region_id);
        if let Some(monitor) = known.get_mut(&id).and_then(Option::as_mut) {
            judgement.add(region_id, monitor, result, now);
        }
    }
    judgement.votes_changed.sort_unstable();
    judgement.votes_changed.dedup();
    judgement
}

impl Judgement {
    fn add(&mut self, region_id: i16, monitor: &mut JudgedMonitor, latest: &TakenResult, now: DateTime<Utc>) {
        let at = |ms| DateTime::from_timestamp_millis(ms).unwrap_or(now);
        let verdict = verdict(monitor, now);
        let latest = LatestResult {
            outcome: latest.outcome.code(),
            slot: at(latest.slot_ms),
            checked_at: latest.started_at,
            total_us: latest.total_us,
            message: latest.message.clone(),
        };
        self.rows
            .push(region_id, monitor.id, verdict, &monitor.recent, latest);
        if verdict != monitor.verdict {
            monitor.verdict = verdict;
            self.votes_changed.push(monitor.id);
            if let Some(ms) = monitor.recent.run_began_ms() {
                // Of several regions, the one that came last tipped the balance.
                let began = self.began.entry(monitor.id).or_insert(at(ms));
                *began = at(ms).max(*began);
            }
        }
    }
}

fn verdict(monitor: &JudgedMonitor, now: DateTime<Utc>) -> Verdict {
    let interval_ms = i64::from(monitor.interval_s) * 1000;
    let silent = monitor
        .recent
        .last_slot_ms()
        .is_none_or(|slot| is_silent(slot, now.timestamp_millis(), interval_ms));
    if silent {
        // What a probe had kept while it was away says nothing of now.
        Verdict::Unknown
    } else {
        monitor.recent.verdict(monitor.confirmations, monitor.recoveries)
    }
}
