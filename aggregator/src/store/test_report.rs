//! What probes report of test runs: `test_run`.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgExecutor;
use uuid::Uuid;

/// Keeps the first report of a test run of a region; false if there is no such run. A second report changes nothing.
pub async fn keep_report(
    db: impl PgExecutor<'_>,
    id: Uuid,
    region_id: i16,
    report: &Value,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let known = sqlx::query_scalar!(
        "WITH reported AS (
             UPDATE test_run SET report = $3, reported_at = $4 WHERE id = $1 AND region_id = $2 AND report IS NULL)
         SELECT EXISTS (SELECT FROM test_run WHERE id = $1 AND region_id = $2) AS \"known!\"",
        id,
        region_id,
        report,
        now
    )
    .fetch_one(db)
    .await?;
    Ok(known)
}

/// Deletes test runs that were asked for before a time; returns how many.
pub async fn delete_test_runs_before(db: impl PgExecutor<'_>, before: DateTime<Utc>) -> sqlx::Result<u64> {
    let deleted = sqlx::query!("DELETE FROM test_run WHERE requested_at < $1", before)
        .execute(db)
        .await?;
    Ok(deleted.rows_affected())
}
