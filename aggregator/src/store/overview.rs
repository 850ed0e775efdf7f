//! Every monitor as lists show it, and the latest results of many: a statement each, however many monitors there are.

use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::monitor::MonitorState;
use edgewatch_protocol::{observation::OutcomeState, slot::INTERVAL_S};
use sqlx::PgExecutor;

/// A monitor in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedMonitor {
    /// Number.
    pub id: i32,
    /// Name.
    pub name: String,
    /// What is checked, in short.
    pub target: String,
    /// Check type.
    pub kind: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Seconds between checks.
    pub interval_s: u32,
    /// State now.
    pub state: MonitorState,
    /// Since when.
    pub state_since: DateTime<Utc>,
    /// Some region sees it down, below the quorum.
    pub advisory: bool,
    /// It changes its state too often.
    pub flapping: bool,
}

/// A result as lists need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecentResult {
    /// When it was scheduled, Unix milliseconds.
    pub slot_ms: i64,
    /// How long it took, microseconds.
    pub total_us: i32,
    /// The region's number.
    pub region_id: i16,
    /// How it ended.
    pub outcome: OutcomeState,
}

/// All monitors by name.
pub async fn list_monitors(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<ListedMonitor>> {
    let rows = sqlx::query!(
        r#"SELECT id, name, target, kind, tags, interval_s, state, state_since, advisory,
                  flapping_since IS NOT NULL AS "flapping!"
           FROM monitor ORDER BY lower(name), id"#
    )
    .fetch_all(db)
    .await?;
    let monitors = rows.into_iter().map(|row| ListedMonitor {
        id: row.id,
        name: row.name,
        target: row.target,
        kind: row.kind,
        tags: row.tags,
        interval_s: row.interval_s.unsigned_abs(),
        state: MonitorState::from_code(row.state).unwrap_or(MonitorState::Unknown),
        state_since: row.state_since,
        advisory: row.advisory,
        flapping: row.flapping,
    });
    Ok(monitors.collect())
}

/// Of each of these monitors the results of the last `intervals` intervals before now, in no particular order.
pub async fn list_recent_results(
    db: impl PgExecutor<'_>,
    monitors: &[i32],
    intervals: i32,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<(i32, Vec<RecentResult>)>> {
    let rows = sqlx::query!(
        // Plain arrays, put together here: grouping them in SQL takes three times as long.
        "SELECT m.id, latest.regions, latest.times, latest.lags_ms, latest.outcomes, latest.totals_us
         FROM monitor m CROSS JOIN LATERAL (
             SELECT array_agg(p.region_id) AS regions, array_agg(p.time) AS times, array_agg(p.lag_ms) AS lags_ms,
                    array_agg(p.outcome) AS outcomes, array_agg(p.total_us) AS totals_us
             FROM result p
             WHERE p.monitor_id = m.id AND p.time >= $4
               AND p.time >= $2::timestamptz - make_interval(secs => m.interval_s * $3::float8)
         ) latest
         WHERE m.id = ANY($1)",
        monitors,
        now,
        f64::from(intervals),
        // The longest that any monitor can ask for: the planner leaves older partitions aside.
        now - TimeDelta::seconds(i64::from(*INTERVAL_S.end()) * i64::from(intervals))
    )
    .fetch_all(db)
    .await?;
    let listed = rows.into_iter().map(|row| {
        let regions = row.regions.unwrap_or_default().into_iter();
        let results = regions
            .zip(row.times.unwrap_or_default())
            .zip(row.lags_ms.unwrap_or_default())
            .zip(row.outcomes.unwrap_or_default())
            .zip(row.totals_us.unwrap_or_default());
        let results = results.filter_map(|((((region_id, time), lag_ms), outcome), total_us)| {
            Some(RecentResult {
                slot_ms: time.timestamp_millis() - i64::from(lag_ms),
                total_us,
                region_id,
                outcome: OutcomeState::from_code(outcome)?,
            })
        });
        (row.id, results.collect())
    });
    Ok(listed.collect())
}
