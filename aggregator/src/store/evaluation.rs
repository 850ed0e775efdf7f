//! What regions and monitors say now: `region_state`, and the state in `monitor`. Set-based: a few statements for many
//! batches, never one for a monitor.

use super::vote::{Pair, at};
use chrono::{DateTime, Utc};
use edgewatch_domain::{state::MonitorState, verdict::Verdict, vote::VoteFold, vote_log::VoteLog};
use sqlx::PgConnection;

/// What regions say of monitors now, as columns for `UNNEST`.
#[derive(Debug, Default)]
pub struct RegionStateRows {
    region_id: Vec<i16>,
    monitor_id: Vec<i32>,
    verdict: Vec<i16>,
    fold: Vec<Vec<u8>>,
    /// Hex, separated by commas: arrays of arrays cannot be told apart by `UNNEST`. Null: as they were.
    checkpoints: Vec<Option<String>>,
    outcome: Vec<Option<i16>>,
    slot: Vec<Option<DateTime<Utc>>>,
    checked_at: Vec<Option<DateTime<Utc>>>,
    total_us: Vec<Option<i32>>,
    message: Vec<Option<String>>,
}

/// A result as it stands for a region in lists.
#[derive(Debug)]
pub struct LatestResult {
    /// The number of the outcome's state.
    pub outcome: i16,
    /// The slot.
    pub slot: DateTime<Utc>,
    /// When the check began.
    pub checked_at: DateTime<Utc>,
    /// Microseconds.
    pub total_us: i32,
    /// What went wrong.
    pub message: Option<String>,
}

impl RegionStateRows {
    /// Adds what a region says of one monitor. `latest` is kept only if nothing later is stored; checkpoints are written
    /// only when they are `new`.
    pub fn push(
        &mut self,
        (monitor, region): Pair,
        verdict: Verdict,
        log: &VoteLog,
        new_checkpoints: bool,
        latest: Option<LatestResult>,
    ) {
        self.monitor_id.push(monitor);
        self.region_id.push(region);
        self.verdict.push(verdict.code());
        self.fold.push(log.fold().to_bytes());
        self.checkpoints.push(new_checkpoints.then(|| {
            let folds: Vec<_> = log
                .checkpoints()
                .iter()
                .map(VoteFold::to_bytes)
                .map(hex::encode)
                .collect();
            folds.join(",")
        }));
        self.outcome.push(latest.as_ref().map(|latest| latest.outcome));
        self.slot.push(latest.as_ref().map(|latest| latest.slot));
        self.checked_at
            .push(latest.as_ref().map(|latest| latest.checked_at));
        self.total_us.push(latest.as_ref().map(|latest| latest.total_us));
        self.message.push(latest.and_then(|latest| latest.message));
    }

    /// Stores them.
    pub async fn store(&self, db: &mut PgConnection) -> sqlx::Result<()> {
        if self.monitor_id.is_empty() {
            return Ok(());
        }
        // Rows that are there are far more than new ones, and an update costs less than an insert that finds a conflict.
        let updated = sqlx::query!(
            "UPDATE region_state s SET verdict = n.verdict, fold = n.fold,
                 checkpoints = CASE WHEN n.checkpoints IS NULL THEN s.checkpoints ELSE ARRAY(
                     SELECT decode(part, 'hex') FROM string_to_table(n.checkpoints, ',') AS part) END,
                 outcome = CASE WHEN n.slot >= s.slot THEN n.outcome ELSE s.outcome END,
                 checked_at = CASE WHEN n.slot >= s.slot THEN n.checked_at ELSE s.checked_at END,
                 total_us = CASE WHEN n.slot >= s.slot THEN n.total_us ELSE s.total_us END,
                 message = CASE WHEN n.slot >= s.slot THEN n.message ELSE s.message END,
                 slot = greatest(n.slot, s.slot)
             FROM UNNEST($1::int2[], $2::int4[], $3::int2[], $4::bytea[], $5::text[], $6::int2[], $7::timestamptz[],
                         $8::timestamptz[], $9::int4[], $10::text[])
                 AS n (region_id, monitor_id, verdict, fold, checkpoints, outcome, slot, checked_at, total_us, message)
             WHERE s.region_id = n.region_id AND s.monitor_id = n.monitor_id",
            &self.region_id,
            &self.monitor_id,
            &self.verdict,
            &self.fold,
            &self.checkpoints as _,
            &self.outcome as _,
            &self.slot as _,
            &self.checked_at as _,
            &self.total_us as _,
            &self.message as _
        )
        .execute(&mut *db)
        .await?;
        if updated.rows_affected() == self.monitor_id.len() as u64 {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO region_state
                 (region_id, monitor_id, verdict, fold, checkpoints, outcome, slot, checked_at, total_us, message)
             SELECT region_id, monitor_id, verdict, fold,
                    ARRAY(SELECT decode(part, 'hex') FROM string_to_table(checkpoints, ',') AS part),
                    outcome, slot, checked_at, total_us, message
             FROM UNNEST($1::int2[], $2::int4[], $3::int2[], $4::bytea[], $5::text[], $6::int2[], $7::timestamptz[],
                         $8::timestamptz[], $9::int4[], $10::text[])
                 AS n (region_id, monitor_id, verdict, fold, checkpoints, outcome, slot, checked_at, total_us, message)
             ON CONFLICT (monitor_id, region_id) DO NOTHING",
            &self.region_id,
            &self.monitor_id,
            &self.verdict,
            &self.fold,
            &self.checkpoints as _,
            &self.outcome as _,
            &self.slot as _,
            &self.checked_at as _,
            &self.total_us as _,
            &self.message as _
        )
        .execute(db)
        .await?;
        Ok(())
    }
}

/// The states that monitors are in, as columns for `UNNEST`.
#[derive(Debug, Default)]
pub struct MonitorStateRows {
    id: Vec<i32>,
    state: Vec<i16>,
    advisory: Vec<bool>,
    since: Vec<DateTime<Utc>>,
    may_go_on: Vec<bool>,
}

impl MonitorStateRows {
    /// Adds a monitor's state and since when it has held, Unix milliseconds. If it `may_go_on` and is the stored one, it
    /// began when that did.
    pub fn push(&mut self, id: i32, state: MonitorState, advisory: bool, since_ms: i64, may_go_on: bool) {
        self.id.push(id);
        self.state.push(state.code());
        self.advisory.push(advisory);
        self.since.push(at(since_ms));
        self.may_go_on.push(may_go_on);
    }

    /// Stores them.
    pub async fn store(&self, db: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query!(
            "UPDATE monitor m SET state = n.state, advisory = n.advisory,
                 state_since = CASE WHEN n.may_go_on AND m.state = n.state THEN least(m.state_since, n.since) ELSE n.since END
             FROM UNNEST($1::int4[], $2::int2[], $3::bool[], $4::timestamptz[], $5::bool[])
                 AS n (id, state, advisory, since, may_go_on)
             WHERE m.id = n.id",
            &self.id,
            &self.state,
            &self.advisory,
            &self.since,
            &self.may_go_on
        )
        .execute(db)
        .await?;
        Ok(())
    }
}
