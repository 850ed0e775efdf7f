//! Every monitor with its latest results: one statement, however many there are.

use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::monitor::MonitorState;
use edgewatch_protocol::{observation::OutcomeState, slot::INTERVAL_S};
use sqlx::PgExecutor;

/// A monitor with the results of its latest slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorWithResults {
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
    /// In no particular order.
    pub results: Vec<LatestResult>,
}

/// A result as the heartbeat bar needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatestResult {
    /// When it was scheduled.
    pub slot: DateTime<Utc>,
    /// How it ended.
    pub outcome: OutcomeState,
    /// Microseconds.
    pub total_us: i32,
}

/// All monitors by name, each with its results of the last `intervals` intervals before now.
pub async fn list_monitors_with_results(
    db: impl PgExecutor<'_>,
    intervals: i32,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<MonitorWithResults>> {
    let rows = sqlx::query!(
        // Plain arrays, put together here: grouping them in SQL takes three times as long.
        r#"SELECT m.id, m.name, m.target, m.kind, m.tags, m.interval_s, m.state, m.state_since, m.advisory,
                  m.flapping_since IS NOT NULL AS "flapping!",
                  latest.times, latest.lags_ms, latest.outcomes, latest.totals_us
           FROM monitor m CROSS JOIN LATERAL (
               SELECT array_agg(p.time) AS times, array_agg(p.lag_ms) AS lags_ms, array_agg(p.outcome) AS outcomes,
                      array_agg(p.total_us) AS totals_us
               FROM result p
               WHERE p.monitor_id = m.id AND p.time >= $3
                 AND p.time >= $1::timestamptz - make_interval(secs => m.interval_s * $2::float8)
           ) latest
           ORDER BY lower(m.name), m.id"#,
        now,
        f64::from(intervals),
        // The longest that any monitor can ask for: the planner leaves older partitions aside.
        now - TimeDelta::seconds(i64::from(*INTERVAL_S.end()) * i64::from(intervals))
    )
    .fetch_all(db)
    .await?;
    let monitors = rows.into_iter().map(|row| {
        let (times, lags_ms) = (row.times.unwrap_or_default(), row.lags_ms.unwrap_or_default());
        let (outcomes, totals_us) = (
            row.outcomes.unwrap_or_default(),
            row.totals_us.unwrap_or_default(),
        );
        let results = times.into_iter().zip(lags_ms).zip(outcomes).zip(totals_us);
        let results = results.filter_map(|(((time, lag_ms), outcome), total_us)| {
            Some(LatestResult {
                slot: time - TimeDelta::milliseconds(lag_ms.into()),
                outcome: OutcomeState::from_code(outcome)?,
                total_us,
            })
        });
        MonitorWithResults {
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
            results: results.collect(),
        }
    });
    Ok(monitors.collect())
}
