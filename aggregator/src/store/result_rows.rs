//! Results as they are written: columns of `result` for a whole batch.

use super::phase_column::encode;
use crate::untrusted_text::clean;
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_domain::{admission::KnownSlots, vote::Check};
use edgewatch_protocol::{
    observation::{Observation, OutcomeState},
    phase::Phase,
};
use sqlx::{PgConnection, PgExecutor};

/// The longest message that is kept beside a result; the whole one is in the evidence.
pub const MAX_MESSAGE: usize = 300;

/// Columns of results, ready for `UNNEST`.
#[derive(Debug, Default)]
pub struct ResultRows {
    /// When the checks began.
    pub time: Vec<DateTime<Utc>>,
    /// Their monitors.
    pub monitor_id: Vec<i32>,
    /// How long after their slots.
    pub lag_ms: Vec<i32>,
    /// The phases before the total, in the order of [`Phase::ALL`]; see [`super::phase_column`].
    pub phases_us: [Vec<Option<i32>>; 6],
    /// Microseconds.
    pub total_us: Vec<i32>,
    /// The place in the batch.
    pub position: Vec<i16>,
    /// The number of the outcome.
    pub outcome: Vec<i16>,
    /// The number of the reason, of failures.
    pub reason: Vec<Option<i16>>,
    /// Of HTTP checks.
    pub http_status: Vec<Option<i16>>,
    /// What went wrong.
    pub message: Vec<Option<String>>,
}

impl ResultRows {
    /// Adds an observation, which stands at `position` in its batch.
    pub fn push(&mut self, position: usize, started_at: DateTime<Utc>, observation: &Observation) {
        let sight = &observation.sight;
        let lag_ms = observation.started_ms.saturating_sub(observation.slot_ms);
        self.time.push(started_at);
        self.monitor_id.push(observation.monitor.0);
        self.lag_ms
            .push(lag_ms.clamp(i32::MIN.into(), i32::MAX.into()) as i32);
        for (column, phase) in self.phases_us.iter_mut().zip(Phase::ALL) {
            column.push(encode(sight.phases.get(phase)));
        }
        self.total_us.push(total_us(observation));
        self.position.push(i16::try_from(position).unwrap_or(i16::MAX));
        self.outcome.push(sight.outcome.state().code());
        self.reason.push(
            sight
                .outcome
                .reason()
                .map(edgewatch_protocol::reason::Reason::code),
        );
        let status = sight.http.as_ref().and_then(|http| http.status);
        self.http_status
            .push(status.and_then(|status| i16::try_from(status).ok()));
        self.message.push(message(observation));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }
}

/// The slots of a region that have a result, of these monitors and of checks that began within a time. Locks the region: what
/// other probes of it are storing meanwhile would not be seen.
pub async fn read_known_slots(
    db: &mut PgConnection,
    region_id: i16,
    monitors: &[i32],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> sqlx::Result<KnownSlots> {
    sqlx::query!("SELECT id FROM region WHERE id = $1 FOR NO KEY UPDATE", region_id)
        .fetch_one(&mut *db)
        .await?;
    let rows = sqlx::query!(
        "SELECT r.monitor_id, r.time, r.lag_ms, r.outcome FROM UNNEST($2::int4[]) AS wanted (id)
         JOIN result r ON r.monitor_id = wanted.id
         WHERE r.region_id = $1 AND r.time BETWEEN $3 AND $4",
        region_id,
        monitors,
        from,
        to
    )
    .fetch_all(db)
    .await?;
    let mut known = KnownSlots::default();
    for row in rows {
        let at_ms = row.time.timestamp_millis();
        if let Some(outcome) = OutcomeState::from_code(row.outcome) {
            let check = Check {
                slot_ms: at_ms - i64::from(row.lag_ms),
                at_ms,
                outcome,
                disqualified: false,
            };
            known.note(row.monitor_id, check);
        }
    }
    Ok(known)
}

/// How long the check took, microseconds, as far as the column reaches (35 minutes).
pub fn total_us(observation: &Observation) -> i32 {
    i32::try_from(observation.sight.total_us).unwrap_or(i32::MAX)
}

/// What went wrong in one line, as it is kept beside a result.
pub fn message(observation: &Observation) -> Option<String> {
    let message = observation.sight.message.as_deref()?;
    Some(clean(message, MAX_MESSAGE))
}

/// Makes the partitions around now: two days back for late results, a week ahead. Returns how many were missing.
pub async fn ensure_partitions(db: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<i32> {
    let made = sqlx::query_scalar!(
        "SELECT ensure_result_partitions($1, $2) AS \"made!\"",
        (now - TimeDelta::days(2)).date_naive(),
        (now + TimeDelta::days(7)).date_naive()
    )
    .fetch_one(db)
    .await?;
    Ok(made)
}

/// Drops the results of the days before `before` (UTC), as far as they are in the rollups; returns how many partitions that
/// were.
pub async fn drop_results_before(db: impl PgExecutor<'_>, before: DateTime<Utc>) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "SELECT drop_results_before(least($1, (SELECT min(from_at) AT TIME ZONE 'UTC' FROM rollup_queue)::date)) AS \"dropped!\"",
        before.date_naive()
    )
    .fetch_one(db)
    .await
}
