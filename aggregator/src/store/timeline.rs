//! The record of states: `state_interval`.

use super::vote::at;
use chrono::{DateTime, Utc};
use edgewatch_domain::{state::MonitorState, timeline::StateInterval};
use futures::TryStreamExt as _;
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashSet};

/// The end of each monitor's record: from the interval on in which its moment lies (Unix milliseconds). The last interval of
/// each ends at `now_ms`.
pub async fn list_tails(
    db: &mut PgConnection,
    monitors: &[(i32, i64)],
    now_ms: i64,
) -> sqlx::Result<BTreeMap<i32, Vec<StateInterval>>> {
    let (ids, since): (Vec<_>, Vec<_>) = monitors.iter().map(|&(id, ms)| (id, at(ms))).unzip();
    let rows = sqlx::query!(
        "SELECT s.monitor_id, s.from_at, s.state, s.measured, s.advisory, s.earliest_at
         FROM UNNEST($1::int4[], $2::timestamptz[]) AS w (monitor_id, since)
         JOIN state_interval s ON s.monitor_id = w.monitor_id AND s.from_at >= coalesce(
             (SELECT max(from_at) FROM state_interval b WHERE b.monitor_id = w.monitor_id AND b.from_at < w.since),
             '-infinity')
         ORDER BY s.monitor_id, s.from_at",
        &ids,
        &since
    )
    .fetch_all(db)
    .await?;
    let mut tails: BTreeMap<i32, Vec<StateInterval>> = BTreeMap::new();
    for row in rows {
        let tail = tails.entry(row.monitor_id).or_default();
        let from_ms = row.from_at.timestamp_millis();
        if let Some(last) = tail.last_mut() {
            last.to_ms = from_ms;
        }
        let state = |code| MonitorState::from_code(code).unwrap_or(MonitorState::Unknown);
        tail.push(StateInterval {
            from_ms,
            to_ms: now_ms.max(from_ms),
            state: state(row.state),
            measured: state(row.measured),
            advisory: row.advisory.into_iter().map(i16::cast_unsigned).collect(),
            earliest_ms: row.earliest_at.timestamp_millis(),
        });
    }
    Ok(tails)
}

/// The record of one monitor from the interval on in which a moment lies (Unix milliseconds), to `now_ms`; empty if nothing
/// was recorded yet.
pub async fn list_record(
    db: &mut PgConnection,
    monitor: i32,
    from_ms: i64,
    now_ms: i64,
) -> sqlx::Result<Vec<StateInterval>> {
    // A moment after the beginning of an interval belongs to it already.
    let mut tails = list_tails(&mut *db, &[(monitor, from_ms.saturating_add(1))], now_ms).await?;
    Ok(tails.remove(&monitor).unwrap_or_default())
}

/// The record of each monitor from the interval on in which its moment lies (Unix milliseconds), cut off at `to_ms`.
pub async fn list_records(
    db: &mut PgConnection,
    monitors: &[(i32, i64)],
    to_ms: i64,
) -> sqlx::Result<BTreeMap<i32, Vec<StateInterval>>> {
    let (ids, since): (Vec<_>, Vec<_>) = monitors.iter().map(|&(id, ms)| (id, at(ms))).unzip();
    let mut rows = sqlx::query!(
        "SELECT s.monitor_id, s.from_at, s.state, s.measured, s.earliest_at
         FROM UNNEST($1::int4[], $2::timestamptz[]) AS w (monitor_id, since)
         JOIN state_interval s ON s.monitor_id = w.monitor_id AND s.from_at < $3 AND s.from_at >= coalesce(
             (SELECT max(from_at) FROM state_interval b WHERE b.monitor_id = w.monitor_id AND b.from_at <= w.since),
             '-infinity')
         ORDER BY s.monitor_id, s.from_at",
        &ids,
        &since,
        at(to_ms)
    )
    .fetch(db);
    let mut records: BTreeMap<i32, Vec<StateInterval>> = BTreeMap::new();
    let state = |code| MonitorState::from_code(code).unwrap_or(MonitorState::Unknown);
    while let Some(row) = rows.try_next().await? {
        let record = records.entry(row.monitor_id).or_default();
        let from_ms = row.from_at.timestamp_millis();
        let (state, measured) = (state(row.state), state(row.measured));
        match record.last_mut() {
            // Advisories are left away, and what changes with them alone is no change.
            Some(last) if (last.state, last.measured) == (state, measured) => last.to_ms = to_ms,
            last => {
                if let Some(last) = last {
                    last.to_ms = from_ms;
                }
                record.push(StateInterval {
                    from_ms,
                    to_ms,
                    state,
                    measured,
                    advisory: Vec::new(),
                    earliest_ms: row.earliest_at.timestamp_millis(),
                });
            }
        }
    }
    Ok(records)
}

/// Intervals to be written, as columns for `UNNEST`.
#[derive(Debug, Default)]
pub struct StateIntervalRows {
    gone: (Vec<i32>, Vec<DateTime<Utc>>),
    monitor_id: Vec<i32>,
    from_at: Vec<DateTime<Utc>>,
    state: Vec<i16>,
    measured: Vec<i16>,
    /// Regions by number, separated by commas: arrays of arrays cannot be told apart by `UNNEST`.
    advisory: Vec<String>,
    earliest_at: Vec<DateTime<Utc>>,
}

impl StateIntervalRows {
    /// Notes how a tail of the record differs from the stored one.
    pub fn replace(&mut self, monitor: i32, stored: &[StateInterval], new: &[StateInterval]) {
        // How long the last one is does not matter: the end of each is the beginning of the next.
        let key = |interval: &StateInterval| {
            let StateInterval {
                from_ms,
                state,
                measured,
                advisory,
                earliest_ms,
                ..
            } = interval.clone();
            (from_ms, state, measured, advisory, earliest_ms)
        };
        let (before, after): (HashSet<_>, HashSet<_>) =
            (stored.iter().map(key).collect(), new.iter().map(key).collect());
        for interval in stored.iter().filter(|interval| !after.contains(&key(interval))) {
            self.gone.0.push(monitor);
            self.gone.1.push(at(interval.from_ms));
        }
        for interval in new.iter().filter(|interval| !before.contains(&key(interval))) {
            self.monitor_id.push(monitor);
            self.from_at.push(at(interval.from_ms));
            self.state.push(interval.state.code());
            self.measured.push(interval.measured.code());
            let regions: Vec<_> = interval.advisory.iter().map(ToString::to_string).collect();
            self.advisory.push(regions.join(","));
            self.earliest_at.push(at(interval.earliest_ms));
        }
    }

    /// Stores them.
    pub async fn store(&self, db: &mut PgConnection) -> sqlx::Result<()> {
        if !self.gone.0.is_empty() {
            sqlx::query!(
                "DELETE FROM state_interval s USING UNNEST($1::int4[], $2::timestamptz[]) AS n (monitor_id, from_at)
                 WHERE s.monitor_id = n.monitor_id AND s.from_at = n.from_at",
                &self.gone.0,
                &self.gone.1
            )
            .execute(&mut *db)
            .await?;
        }
        if self.monitor_id.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "INSERT INTO state_interval (monitor_id, from_at, state, measured, advisory, earliest_at)
             SELECT monitor_id, from_at, state, measured, string_to_array(advisory, ',')::int2[], earliest_at
             FROM UNNEST($1::int4[], $2::timestamptz[], $3::int2[], $4::int2[], $5::text[], $6::timestamptz[])
                 AS n (monitor_id, from_at, state, measured, advisory, earliest_at)",
            &self.monitor_id,
            &self.from_at,
            &self.state,
            &self.measured,
            &self.advisory,
            &self.earliest_at
        )
        .execute(db)
        .await?;
        Ok(())
    }
}
