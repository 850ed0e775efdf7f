//! What live events tell, read again: for those that another replica or a job has caused.

use chrono::{DateTime, Utc};
use edgewatch_client::{
    event::Event,
    monitor::{MonitorState, RegionState, Verdict},
};
use edgewatch_protocol::observation::OutcomeState;
use sqlx::PgExecutor;

/// A `state` event for each of these monitors that still exists.
pub async fn list_state_events(db: impl PgExecutor<'_>, monitors: &[i32]) -> sqlx::Result<Vec<Event>> {
    let rows = sqlx::query!(
        "SELECT m.id, m.state, m.state_since, m.advisory, m.flapping_since, r.name AS \"region?\", rs.verdict AS \"verdict?\", rs.outcome,
                rs.checked_at, rs.total_us, rs.message
         FROM monitor m
         LEFT JOIN region r ON m.all_regions OR EXISTS (
             SELECT FROM monitor_region mr WHERE mr.monitor_id = m.id AND mr.region_id = r.id)
         LEFT JOIN region_state rs ON rs.monitor_id = m.id AND rs.region_id = r.id
         WHERE m.id = ANY($1)
         ORDER BY m.id, r.name",
        monitors
    )
    .fetch_all(db)
    .await?;
    let mut events: Vec<Event> = Vec::new();
    for row in rows {
        let said = row
            .region
            .and_then(|region| region.parse().ok())
            .map(|region| RegionState {
                region,
                verdict: row
                    .verdict
                    .and_then(Verdict::from_code)
                    .unwrap_or(Verdict::Unknown),
                last_outcome: row.outcome.and_then(OutcomeState::from_code),
                last_checked_at: row.checked_at,
                last_total_us: row.total_us,
                last_message: row.message,
            });
        match events.last_mut() {
            Some(Event::State {
                monitor,
                region_states,
                ..
            }) if *monitor == row.id => region_states.extend(said),
            _ => events.push(Event::State {
                monitor: row.id,
                state: MonitorState::from_code(row.state).unwrap_or(MonitorState::Unknown),
                since: row.state_since,
                advisory: row.advisory,
                flapping_since: row.flapping_since,
                region_states: said.into_iter().collect(),
            }),
        }
    }
    Ok(events)
}

/// What the metrics show of the database.
#[derive(Debug, Default)]
pub struct Census {
    /// When each region was last heard of.
    pub last_seen: Vec<(String, DateTime<Utc>)>,
    /// Probes by the number of their status.
    pub probes: Vec<(i16, i64)>,
    /// Monitors by the number of their state.
    pub monitors: Vec<(i16, i64)>,
    /// Test runs that wait for a probe, asked for since a time.
    pub test_runs_waiting: i64,
    /// Messages to subscribers that are still to be sent.
    pub deliveries_waiting: i64,
}

/// Counts for the metrics, in one statement.
pub async fn take_census(db: impl PgExecutor<'_>, waiting_since: DateTime<Utc>) -> sqlx::Result<Census> {
    let rows = sqlx::query!(
        "SELECT 'seen' AS \"kind!\", r.name AS key, max(p.last_seen_at) AS at, 0 AS \"count!\"
         FROM probe p JOIN region r ON r.id = p.region_id WHERE p.status = 1 AND p.last_seen_at IS NOT NULL
         GROUP BY r.name
         UNION ALL SELECT 'probes', status::text, NULL, count(*) FROM probe GROUP BY status
         UNION ALL SELECT 'monitors', state::text, NULL, count(*) FROM monitor GROUP BY state
         UNION ALL SELECT 'tests', NULL, NULL, count(*) FROM test_run
             WHERE region_id IS NOT NULL AND report IS NULL AND requested_at > $1
         UNION ALL SELECT 'deliveries', NULL, NULL, count(*) FROM delivery",
        waiting_since
    )
    .fetch_all(db)
    .await?;
    let mut census = Census::default();
    for row in rows {
        let key = row.key.unwrap_or_default();
        let code = key.parse().unwrap_or_default();
        match (row.kind.as_str(), row.at) {
            ("seen", Some(at)) => census.last_seen.push((key, at)),
            ("probes", _) => census.probes.push((code, row.count)),
            ("monitors", _) => census.monitors.push((code, row.count)),
            ("deliveries", _) => census.deliveries_waiting = row.count,
            ("tests", _) => census.test_runs_waiting = row.count,
            _ => {}
        }
    }
    Ok(census)
}
