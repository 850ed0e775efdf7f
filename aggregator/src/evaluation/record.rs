//! From votes to the record of states, and to the state that a monitor is in.

use super::{flapping::mark_flapping, incidents::ChangedRecords, memory::Memory};
use crate::store::{
    evaluation::MonitorStateRows,
    policy::MonitorRules,
    timeline::{StateIntervalRows, list_tails},
    vote::{Pair, list_changes_since, list_folds},
};
use chrono::{DateTime, Utc};
use edgewatch_domain::{
    maintenance::Scope,
    span::{Span, SpanSet},
    timeline::{RegionVotes, StateInterval, TimelineSource, rebuild_tail, votes_needed_from_ms},
    vote::{VoteChange, VoteFold, steps},
};
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// How far the clock of a probe may be ahead.
const CLOCKS_AHEAD_MS: i64 = 3_600_000;

/// Builds the record of these monitors anew, each from its moment on (Unix milliseconds), and stores it, with the incidents
/// that follow; which of these have changed.
pub async fn record(
    db: &mut PgConnection,
    memory: &Memory,
    changed: &BTreeMap<i32, i64>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<i32>> {
    let needed: Vec<_> = changed
        .iter()
        .filter_map(|(&id, &from_ms)| Some((id, votes_needed_from_ms(&memory.rules(id)?.history, from_ms))))
        .collect();
    if needed.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = needed.iter().map(|&(id, _)| id).collect();
    let from: Vec<_> = ids.iter().map(|id| (*id, changed[id])).collect();
    let now_ms = now.timestamp_millis();
    let mut records = ChangedRecords::default();
    let changes = list_changes_since(&mut *db, &needed).await?;
    let folds = list_folds(&mut *db, &ids).await?;
    let mut tails = list_tails(&mut *db, &from, now_ms).await?;
    let windows = memory.windows(Span::new(
        from.iter()
            .map(|&(id, from_ms)| begin_of(memory, id, tails.get(&id), from_ms))
            .min()
            .unwrap_or(now_ms),
        now_ms.saturating_add(CLOCKS_AHEAD_MS),
    ));
    let (mut rows, mut states) = (StateIntervalRows::default(), MonitorStateRows::default());
    for (id, from_ms) in from {
        let Some(rules) = memory.rules(id) else { continue };
        let of_monitor = (id, i16::MIN)..=(id, i16::MAX);
        let votes = votes_of(
            changes.range(of_monitor.clone()),
            &folds.range(of_monitor).collect(),
            |fold| fold.silent_at(&rules.history, now_ms),
        );
        // A probe's clock may be a little ahead; a record begins with the monitor; and what changes now is recorded now.
        let latest_ms = votes
            .iter()
            .filter_map(|votes| votes.steps.last())
            .map(|step| step.at_ms);
        let latest_ms = latest_ms
            .chain([rules.created_ms, from_ms])
            .max()
            .unwrap_or(now_ms);
        let now_ms = now_ms.max(latest_ms + 1);
        let source = TimelineSource {
            created_ms: rules.created_ms,
            history: &rules.history,
            votes: &votes,
            maintenance: &maintenance_of(id, rules, &windows),
            pauses: &rules.pauses,
        };
        let stored = tails.remove(&id).unwrap_or_default();
        let mut record = stored.clone();
        rebuild_tail(&mut record, from_ms, source, now_ms);
        rows.replace(id, &stored, &record);
        records.push(id, &stored, &record);
        if let Some((last, since_ms)) = state_now(&record) {
            // Where the stored tail begins with the same state, that may have begun before.
            let goes_on = record.first().is_some_and(|first| first.from_ms == since_ms);
            states.push(id, last.state, !last.advisory.is_empty(), since_ms, goes_on);
        }
    }
    rows.store(&mut *db).await?;
    states.store(&mut *db).await?;
    mark_flapping(&mut *db, memory, &ids, now).await?;
    records.store(db, now).await
}

/// From when on the record of a monitor is built: from its beginning where nothing is stored.
fn begin_of(memory: &Memory, id: i32, stored: Option<&Vec<StateInterval>>, from_ms: i64) -> i64 {
    let created_ms = memory.rules(id).map_or(from_ms, |rules| rules.created_ms);
    if stored.is_some() {
        from_ms
    } else {
        created_ms.min(from_ms)
    }
}

/// The maintenance windows that a monitor is subject to.
pub fn maintenance_of(id: i32, rules: &MonitorRules, windows: &[(Span, &Scope)]) -> SpanSet {
    let covering = windows.iter().flat_map(|&(span, scope)| {
        let covered = rules.covered_by(id, scope).within(span);
        covered.as_slice().to_vec()
    });
    covering.collect()
}

/// What the regions vote over time, and what holds because nothing has come.
pub fn votes_of<'a>(
    changes: impl Iterator<Item = (&'a Pair, &'a Vec<VoteChange>)>,
    folds: &BTreeMap<&Pair, &VoteFold>,
    silent: impl Fn(&VoteFold) -> Option<VoteChange>,
) -> Vec<RegionVotes> {
    changes
        .map(|(pair, changes)| {
            let silence = folds.get(pair).and_then(|fold| silent(fold));
            let all: Vec<_> = changes.iter().copied().chain(silence).collect();
            RegionVotes {
                region: pair.1.cast_unsigned(),
                steps: steps(&all),
            }
        })
        .collect()
}

/// The last interval, and since when its state has held.
fn state_now(record: &[StateInterval]) -> Option<(&StateInterval, i64)> {
    let last = record.last()?;
    let same = record
        .iter()
        .rev()
        .take_while(|interval| interval.state == last.state);
    Some((last, same.last()?.from_ms))
}
