//! Rollups: what results come to by minute, hour and day (`rollup_1m`, `rollup_1h`, `rollup_1d`). Which storage keeps them,
//! and how, only the migrations know.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgExecutor;

/// Adds to the rollups what at most so many batches have brought since, and sums up the hours and days that are over; returns
/// how many batches there were.
pub async fn refresh_rollups(db: impl PgExecutor<'_>, now: DateTime<Utc>, at_most: i32) -> sqlx::Result<i32> {
    sqlx::query_scalar!("SELECT refresh_rollups($1, $2) AS \"added!\"", now, at_most)
        .fetch_one(db)
        .await
}

/// Makes the partitions around now, a week ahead. Returns how many were missing.
pub async fn ensure_partitions(db: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<i32> {
    let from = (now - TimeDelta::days(2)).date_naive();
    sqlx::query_scalar!(
        "SELECT ensure_rollup_partitions($1, $1, $2) AS \"made!\"",
        from,
        (now + TimeDelta::days(7)).date_naive()
    )
    .fetch_one(db)
    .await
}

/// Drops the minutes and the hours before these times, as far as they are summed up; returns how many partitions that were.
pub async fn drop_rollups_before(
    db: impl PgExecutor<'_>,
    minutes_before: DateTime<Utc>,
    hours_before: DateTime<Utc>,
) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "SELECT drop_rollups_before($1, $2) AS \"dropped!\"",
        minutes_before.date_naive(),
        hours_before.date_naive()
    )
    .fetch_one(db)
    .await
}
