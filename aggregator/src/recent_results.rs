//! The latest results of every monitor, kept in memory for what shows all monitors at once: read from the database when they
//! are first asked for, and kept up by what is judged, here and by other replicas.

#[cfg(test)]
mod tests;

use crate::store::overview::{ListedMonitor, RecentResult, list_recent_results};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_domain::vote::weight;
use sqlx::PgPool;
use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A replica that dies may have told nobody what it had judged last: so long after they were read, results are read again.
const READ_AGAIN_AFTER: TimeDelta = TimeDelta::minutes(10);

/// Of how many monitors at a time.
const READ_AGAIN_AT_ONCE: usize = 32;

/// The latest results of every monitor.
#[derive(Debug, Default)]
pub struct RecentResults(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// How often everything was forgotten.
    generation: u64,
    monitors: HashMap<i32, Recent>,
}

#[derive(Debug)]
struct Recent {
    /// When they were read; `None`: they are being read for the first time.
    read_at: Option<DateTime<Utc>>,
    /// Complete from here on.
    from: DateTime<Utc>,
    /// For so long they are of use.
    span: TimeDelta,
    /// One for each region and slot, in no particular order.
    results: Vec<RecentResult>,
}

impl RecentResults {
    /// What has been judged just now, with the numbers of the monitors.
    pub fn note(&self, results: impl IntoIterator<Item = (i32, RecentResult)>) {
        let mut kept = self.lock();
        for (monitor, result) in results {
            if let Some(recent) = kept.monitors.get_mut(&monitor) {
                recent.add(result);
            }
        }
    }

    /// Something may have been missed: everything is read again when it is asked for.
    pub fn forget(&self) {
        let mut kept = self.lock();
        kept.generation += 1;
        kept.monitors.clear();
    }

    /// Shows each of all monitors with its results of the last `intervals` intervals before now, and some that are older.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn show<T>(
        &self,
        pool: &PgPool,
        monitors: &[ListedMonitor],
        (intervals, now): (i32, DateTime<Utc>),
        show: impl Fn(&ListedMonitor, &[RecentResult]) -> T,
    ) -> sqlx::Result<Vec<T>> {
        loop {
            let (generation, to_read) = self.expect(monitors, intervals, now);
            let read = if to_read.is_empty() {
                Vec::new()
            } else {
                list_recent_results(pool, &to_read, intervals, now).await?
            };
            let mut kept = self.lock();
            if kept.generation != generation {
                continue;
            }
            for (monitor, results) in read {
                if let Some(recent) = kept.monitors.get_mut(&monitor) {
                    recent.merge(results, now);
                }
            }
            let results = |monitor: &ListedMonitor| Some(kept.monitors.get(&monitor.id)?.results.as_slice());
            let shown = monitors
                .iter()
                .map(|monitor| show(monitor, results(monitor).unwrap_or_default()));
            return Ok(shown.collect());
        }
    }

    /// Makes room for the results of these monitors and no others: from now on whatever is judged is noted. Those whose
    /// results are to be read.
    fn expect(&self, monitors: &[ListedMonitor], intervals: i32, now: DateTime<Utc>) -> (u64, Vec<i32>) {
        let mut kept = self.lock();
        let there: HashSet<i32> = monitors.iter().map(|monitor| monitor.id).collect();
        kept.monitors.retain(|id, _| there.contains(id));
        let (mut to_read, mut read_long_ago) = (Vec::new(), Vec::new());
        for monitor in monitors {
            let span = TimeDelta::seconds(i64::from(monitor.interval_s) * i64::from(intervals));
            let recent = kept.monitors.entry(monitor.id).or_insert_with(|| Recent {
                read_at: None,
                from: now - span,
                span,
                results: Vec::new(),
            });
            recent.span = span;
            match recent.read_at {
                // The interval may have become longer.
                Some(_) if recent.from > now - span => to_read.push(monitor.id),
                Some(at) if at < now - READ_AGAIN_AFTER => read_long_ago.push((at, monitor.id)),
                Some(_) => {}
                None => to_read.push(monitor.id),
            }
        }
        read_long_ago.sort_unstable();
        let again = read_long_ago.into_iter().take(READ_AGAIN_AT_ONCE);
        to_read.extend(again.map(|(_, id)| id));
        (kept.generation, to_read)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recent {
    /// A result. Of what two probes of its region have seen in its slot, that is kept which counts.
    fn add(&mut self, result: RecentResult) {
        let slot = (result.region_id, result.slot_ms);
        let of_slot = |kept: &&mut RecentResult| (kept.region_id, kept.slot_ms) == slot;
        if let Some(known) = self.results.iter_mut().rev().find(of_slot) {
            if weight(result.outcome) > weight(known.outcome) {
                *known = result;
            }
            return;
        }
        if self.results.len() == self.results.capacity() {
            self.drop_before(result.slot_ms - self.span.num_milliseconds());
        }
        self.results.push(result);
    }

    /// What was read, together with what was noted meanwhile.
    fn merge(&mut self, read: Vec<RecentResult>, now: DateTime<Utc>) {
        let noted = std::mem::replace(&mut self.results, read);
        self.results.extend(noted);
        // Stable: of what counts alike in a slot the one that was read stays.
        self.results
            .sort_by_key(|result| (result.slot_ms, result.region_id, Reverse(weight(result.outcome))));
        self.results
            .dedup_by_key(|result| (result.slot_ms, result.region_id));
        self.read_at = Some(now);
        self.from = now - self.span;
        self.drop_before(self.from.timestamp_millis());
    }

    fn drop_before(&mut self, slot_ms: i64) {
        // A check begins later than its slot: what was read by the one is kept by the other, and some more.
        let slack_ms = self.span.num_milliseconds() / 8;
        self.results.retain(|result| result.slot_ms >= slot_ms - slack_ms);
        self.from = self
            .from
            .max(DateTime::from_timestamp_millis(slot_ms).unwrap_or_default());
    }
}
