//! What a probe has to do: `monitor`, `monitor_region`, `test_run`, `probe`.

use super::definition::{Owner, open_definition};
use crate::{lease::LiveProbe, secret::Secrets};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_protocol::{assignment::Assignment, identity::Fingerprint, name::MonitorId, test_run::TestRun};
use sqlx::{PgConnection, PgExecutor};

/// A test run that no probe has taken for so long is not run any more: whoever asked has gone.
pub const TEST_RUN_WAITS: TimeDelta = TimeDelta::minutes(10);

/// A monitor of a region, as far as it matters for who checks it: without its definition, which need not be opened.
#[derive(Clone, Debug)]
pub struct Assignable {
    /// Its number.
    pub monitor: MonitorId,
    /// The revision of its definition.
    pub revision: i32,
    /// What a probe must be able to do to check it.
    pub capabilities: Vec<String>,
}

/// The monitors to be checked from a region, by number.
pub async fn list_assignable(db: impl PgExecutor<'_>, region_id: i16) -> sqlx::Result<Vec<Assignable>> {
    let rows = sqlx::query!(
        "SELECT id, revision, capabilities FROM monitor m
         WHERE NOT paused
           AND (all_regions OR EXISTS (
               SELECT FROM monitor_region mr WHERE mr.monitor_id = m.id AND mr.region_id = $1))
         ORDER BY id",
        region_id
    )
    .fetch_all(db)
    .await?;
    let assignable = rows.into_iter().map(|row| Assignable {
        monitor: MonitorId(row.id),
        revision: row.revision,
        capabilities: row.capabilities,
    });
    Ok(assignable.collect())
}

/// The numbers of all monitors that are checked from a region, also of those that are paused: their last results may be on
/// the way.
pub async fn list_assigned_ids(db: impl PgExecutor<'_>, region_id: i16) -> sqlx::Result<Vec<i32>> {
    sqlx::query_scalar!(
        "SELECT id FROM monitor m
         WHERE all_regions OR EXISTS (
             SELECT FROM monitor_region mr WHERE mr.monitor_id = m.id AND mr.region_id = $1)",
        region_id
    )
    .fetch_all(db)
    .await
}

/// What to do for these monitors, by number, with their definitions opened. One that was deleted meanwhile is left out.
pub async fn list_assignments(
    db: impl PgExecutor<'_>,
    secrets: &Secrets,
    monitors: &[i32],
) -> sqlx::Result<Vec<Assignment>> {
    let rows = sqlx::query!(
        "SELECT id, revision, interval_s, timeout_ms, retries, definition FROM monitor
         WHERE id = ANY($1) ORDER BY id",
        monitors
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
                from_ms: None,
                until_ms: None,
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

/// The approved probes of a region that have pulled their assignments since a time, by number.
pub async fn list_live_probes(
    db: impl PgExecutor<'_>,
    region_id: i16,
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<LiveProbe>> {
    let rows = sqlx::query!(
        "SELECT fingerprint, capabilities, serves_from FROM probe
         WHERE region_id = $1 AND status = 1 AND pulled_at >= $2 ORDER BY id",
        region_id,
        since
    )
    .fetch_all(db)
    .await?;
    let live = rows.into_iter().map(|row| LiveProbe {
        fingerprint: Fingerprint(row.fingerprint),
        capabilities: row.capabilities,
        serves_from: row.serves_from.unwrap_or(DateTime::UNIX_EPOCH),
    });
    Ok(live.collect())
}

/// Notes that a probe pulls its assignments. One that was not alive serves from `joins_at` on if others are, else it is
/// as if it always had. True if it had not been heard of for long, or never.
pub async fn note_pull(
    db: &mut PgConnection,
    probe_id: i32,
    region_id: i16,
    now: DateTime<Utc>,
    alive_since: DateTime<Utc>,
    joins_at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let known = sqlx::query!(
        "UPDATE probe p SET pulled_at = $2, last_seen_at = $2, silent = false, clock_off_s = NULL, clock_off_at = NULL
         FROM (SELECT id, silent OR last_seen_at IS NULL AS silent, pulled_at FROM probe WHERE id = $1 FOR UPDATE) before
         WHERE p.id = before.id
         RETURNING before.silent AS \"silent!\", coalesce(before.pulled_at < $3, true) AS \"joins!\"",
        probe_id,
        now,
        alive_since
    )
    .fetch_one(&mut *db)
    .await?;
    if known.joins {
        // Of two that join at once, the second one sees the first.
        sqlx::query!("SELECT id FROM region WHERE id = $1 FOR NO KEY UPDATE", region_id)
            .fetch_one(&mut *db)
            .await?;
        sqlx::query!(
            "UPDATE probe SET serves_from = CASE WHEN EXISTS (
                 SELECT FROM probe o WHERE o.region_id = $2 AND o.id <> $1 AND o.status = 1 AND o.pulled_at >= $4
                   AND o.serves_from IS NOT NULL)
                 THEN $5 ELSE $3::timestamptz - interval '1 hour' END
             WHERE id = $1",
            probe_id,
            region_id,
            now,
            alive_since,
            joins_at
        )
        .execute(db)
        .await?;
    }
    Ok(known.silent)
}
