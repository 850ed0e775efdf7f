//! Incidents as people see them: `incident`, `incident_monitor`, `incident_update`.

use sqlx::PgExecutor;

/// How many incidents are open.
pub async fn count_open(db: impl PgExecutor<'_>) -> sqlx::Result<u32> {
    let open = sqlx::query_scalar!("SELECT count(*) AS \"open!\" FROM incident WHERE resolved_at IS NULL")
        .fetch_one(db)
        .await?;
    Ok(u32::try_from(open).unwrap_or(u32::MAX))
}
