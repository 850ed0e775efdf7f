//! Regions of the configuration file: `region`.

use chrono::{DateTime, Utc};
use edgewatch_client::region::RegionSettings;
use sqlx::PgConnection;

/// Makes or changes a region as the file declares it; whether anything has changed.
pub async fn declare_region(
    db: &mut PgConnection,
    region: &RegionSettings,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO region AS r (name, label, from_config, created_at) VALUES ($1, $2, true, $3)
         ON CONFLICT ON CONSTRAINT region_name_key DO UPDATE SET label = excluded.label, from_config = true
         WHERE r.label <> excluded.label OR NOT r.from_config",
        region.name.as_str(),
        region.label,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Lets go of regions that the file does not declare any more: removed where nothing refers to them, else left to the
/// administrators. Returns how many there were.
pub async fn release_regions(db: &mut PgConnection, declared: &[String]) -> sqlx::Result<usize> {
    let removed = sqlx::query!(
        "DELETE FROM region r WHERE from_config AND name <> ALL($1)
           AND NOT EXISTS (SELECT FROM probe p WHERE p.region_id = r.id)
           AND NOT EXISTS (SELECT FROM monitor_region m WHERE m.region_id = r.id)",
        declared
    )
    .execute(&mut *db)
    .await?;
    let released = sqlx::query!(
        "UPDATE region SET from_config = false WHERE from_config AND name <> ALL($1)",
        declared
    )
    .execute(db)
    .await?;
    Ok((removed.rows_affected() + released.rows_affected()) as usize)
}
