//! From results to votes: what each region says of each monitor, whatever order its results come in.

use super::{
    TakenBatch, TakenResult,
    memory::{Memory, RegionVotes},
    vantage,
};
use crate::store::{
    evaluation::{LatestResult, RegionStateRows},
    overview::RecentResult,
    policy::MonitorRules,
    vote::{Pair, VoteChangeRows, list_checks},
};
use chrono::{DateTime, Utc};
use edgewatch_client::event::LiveResult;
use edgewatch_domain::{vantage::VantagePolicy, verdict::Verdict, vote::Check, vote_log::Refold};
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap};

/// What came of results.
#[derive(Debug, Default)]
pub struct Judgement {
    /// From when on the votes on these monitors are other than they were, Unix milliseconds.
    pub changed: BTreeMap<i32, i64>,
    /// For live views.
    pub live: Vec<LiveResult>,
    /// The same to be remembered, with the monitors' numbers.
    pub recent: Vec<(i32, RecentResult)>,
    states: RegionStateRows,
    changes: VoteChangeRows,
}

/// What has come of one region for one monitor.
#[derive(Default)]
struct Come<'a> {
    checks: Vec<Check>,
    latest: Option<&'a TakenResult>,
    /// What counts has changed for slots from this one on, Unix milliseconds.
    again_from_ms: Option<i64>,
}

/// Folds what these batches bring into the regions' votes, but for regions whose own network fails, looks whether the
/// `quiet` ones have fallen silent, and stores the votes. The memory has learned all of these pairs.
pub async fn judge(
    db: &mut PgConnection,
    memory: &mut Memory,
    batches: &[TakenBatch],
    quiet: &[Pair],
    (policy, now): (VantagePolicy, DateTime<Utc>),
) -> sqlx::Result<Judgement> {
    let again = vantage::look(&mut *db, memory, batches, policy, now).await?;
    if !again.is_empty() {
        memory.learn(&mut *db, again.keys().copied(), []).await?;
    }
    let mut judgement = Judgement::default();
    let mut come: HashMap<Pair, Come<'_>> = quiet.iter().map(|&pair| (pair, Come::default())).collect();
    for batch in batches {
        for result in &batch.results {
            let pair = (result.monitor, batch.region_id);
            if memory.judged(pair).is_none() {
                continue;
            }
            let disqualified = memory.vantage.is_disqualified(pair.1, result.slot_ms);
            come.entry(pair).or_default().add(result, disqualified);
            judgement.live.push(result.live(&batch.region));
            judgement
                .recent
                .push((result.monitor, result.recent(batch.region_id)));
        }
    }
    let mut late = Vec::new();
    for (&pair, &from_ms) in &again {
        come.entry(pair).or_default().again_from_ms = Some(from_ms);
    }
    for (&pair, come) in &mut come {
        let Some((rules, votes)) = memory.judged(pair) else {
            continue;
        };
        if let Some(from_ms) = come.again_from_ms {
            let first = come
                .checks
                .iter()
                .map(|check| check.slot_ms)
                .chain([from_ms])
                .min();
            late.push((pair, votes.log.refold_from(first.unwrap_or(from_ms))));
            continue;
        }
        let known = votes.log.changes().len();
        match votes.log.take(
            &rules.history,
            votes.noted_to_ms(),
            std::mem::take(&mut come.checks),
        ) {
            Ok(changed_from_ms) => {
                judgement.changes.push(pair, &votes.log.changes()[known..]);
                judgement.conclude(pair, (rules, votes), changed_from_ms, come.latest, now);
            }
            Err(refold) => late.push((pair, refold)),
        }
    }
    if !late.is_empty() {
        judgement.fold_again(db, memory, &late, &come, now).await?;
    }
    judgement.states.store(&mut *db).await?;
    judgement.changes.store(db).await?;
    Ok(judgement)
}

impl<'a> Come<'a> {
    fn add(&mut self, result: &'a TakenResult, disqualified: bool) {
        self.checks.push(Check {
            slot_ms: result.slot_ms,
            at_ms: result.started_at.timestamp_millis(),
            outcome: result.outcome,
            disqualified,
        });
        if self.latest.is_none_or(|latest| latest.slot_ms <= result.slot_ms) {
            self.latest = Some(result);
        }
    }
}

impl RegionVotes {
    /// Up to when a silence was looked for: for ever, if it was noted.
    fn noted_to_ms(&self) -> i64 {
        if self.silence_noted() { i64::MAX } else { i64::MIN }
    }
}

impl Judgement {
    /// Results that came late are folded in their place, over all that are stored since.
    async fn fold_again(
        &mut self,
        db: &mut PgConnection,
        memory: &mut Memory,
        late: &[(Pair, Refold)],
        come: &HashMap<Pair, Come<'_>>,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        let asked: Vec<_> = late
            .iter()
            .map(|&(pair, refold)| (pair, refold.after_slot_ms))
            .collect();
        let mut stored = list_checks(db, &asked).await?;
        for &(pair, refold) in late {
            let Some((rules, votes)) = memory.judged(pair) else {
                continue;
            };
            let checks = stored.remove(&pair).unwrap_or_default();
            let noted_to_ms = votes.noted_to_ms();
            let changed_from_ms = votes.log.refold(&rules.history, noted_to_ms, refold, checks);
            votes.replace_checkpoints();
            self.changes.replace(pair, refold.after_slot_ms);
            self.changes
                .push(pair, votes.log.changes_after(refold.after_slot_ms));
            let latest = come.get(&pair).and_then(|come| come.latest);
            self.conclude(pair, (rules, votes), changed_from_ms, latest, now);
        }
        Ok(())
    }

    /// Notes what a region says now.
    fn conclude(
        &mut self,
        pair: Pair,
        (rules, votes): (&MonitorRules, &mut RegionVotes),
        changed_from_ms: Option<i64>,
        latest: Option<&TakenResult>,
        now: DateTime<Utc>,
    ) {
        let fold = votes.log.fold();
        let silence = fold.silent_at(&rules.history, now.timestamp_millis());
        let noted = votes.silence_noted();
        votes.verdict = if silence.is_some() {
            Verdict::Unknown
        } else {
            fold.vote()
        };
        let fell_silent = silence.filter(|_| !noted || changed_from_ms.is_some());
        let from_ms = changed_from_ms
            .into_iter()
            .chain(fell_silent.map(|change| change.at_ms))
            .min();
        if let Some(from_ms) = from_ms {
            let earliest = self.changed.entry(pair.0).or_insert(from_ms);
            *earliest = from_ms.min(*earliest);
        }
        let latest = latest.map(|result| LatestResult {
            outcome: result.outcome.code(),
            slot: DateTime::from_timestamp_millis(result.slot_ms).unwrap_or(now),
            checked_at: result.started_at,
            total_us: result.total_us,
            message: result.message.clone(),
        });
        if latest.is_some() || from_ms.is_some() {
            let new_checkpoints = votes.store_checkpoints();
            self.states
                .push(pair, votes.verdict, &votes.log, new_checkpoints, latest);
        }
        votes.log.forget_settled();
    }
}
