//! What a probe has to do: `monitor`, `monitor_region`, `test_run`, `probe`.

use super::definition::{Owner, open_definition};
use crate::secret::Secrets;
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_protocol::{assignment::Assignment, identity::Fingerprint, name::MonitorId, test_run::TestRun};
use sqlx::PgExecutor;

/// A test run that no probe has taken for so long is not run any more: whoever asked has gone.
pub const TEST_RUN_WAITS: TimeDelta = TimeDelta::minutes(10);

/// The monitors to be checked from a region, by number.
pub async fn list_assignments(
    db: impl PgExecutor<'_>,
    secrets: &Secrets,
    region_id: i16,
) -> sqlx::Result<Vec<Assignment>> {
    let rows = sqlx::query!(
        "SELECT id, revision, interval_s, timeout_ms, retries, definition FROM monitor m
         WHERE NOT paused
           AND (all_regions OR EXISTS (
               SELECT FROM monitor_region mr WHERE mr.monitor_id = m.id AND mr.region_id = $1))
         ORDER BY id",
        region_id
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Assignment {
                monitor: MonitorId(row.id),
                revision: row.revision,
                interval_s: row.interval_s.unsigned_abs(),
                timeout_ms: row.timeout_ms.unsigned_abs(),
                retries: u8::try_from(row.retries).unwrap_or_default(),
                check: open_definition(secrets, Owner::Monitor(row.id), &row.definition)?,
            })
        })
        .collect()
}

/// The test runs that wait for a region.
pub async fn list_waiting_test_runs(
    db: impl PgExecutor<'_>,
    secrets: &Secrets,
    region_id: i16,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<TestRun>> {
    let rows = sqlx::query!(
        "SELECT id, definition, timeout_ms FROM test_run
         WHERE region_id = $1 AND report IS NULL AND requested_at > $2 ORDER BY requested_at",
        region_id,
        now - TEST_RUN_WAITS
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(TestRun {
                id: row.id.to_string(),
                timeout_ms: row.timeout_ms.unsigned_abs(),
                check: open_definition(secrets, Owner::TestRun(row.id), &row.definition)?,
            })
        })
        .collect()
}

/// A probe that serves a region now.
#[derive(Clone, Debug)]
pub struct LiveProbe {
    /// The fingerprint of its key.
    pub fingerprint: Fingerprint,
    /// What it can do.
    pub capabilities: Vec<String>,
}

/// The approved probes of a region that were heard of since a time.
pub async fn list_live_probes(
    db: impl PgExecutor<'_>,
    region_id: i16,
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<LiveProbe>> {
    let rows = sqlx::query!(
        "SELECT fingerprint, capabilities FROM probe
         WHERE region_id = $1 AND status = 1 AND last_seen_at >= $2 ORDER BY id",
        region_id,
        since
    )
    .fetch_all(db)
    .await?;
    let live = rows.into_iter().map(|row| LiveProbe {
        fingerprint: Fingerprint(row.fingerprint),
        capabilities: row.capabilities,
    });
    Ok(live.collect())
}
