//! Regions: `region`.

use crate::validation::KnownRegion;
use chrono::{DateTime, Utc};
use edgewatch_protocol::{enrolment::ProbeStatus, name::Region};
use sqlx::PgExecutor;
use std::collections::HashMap;

/// A region without its probes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRegion {
    /// Its name.
    pub name: String,
    /// For people.
    pub label: String,
    /// It is declared in the configuration file.
    pub from_config: bool,
    /// Monitors that are checked from there.
    pub monitors: i64,
}

/// All regions by name, or the one of this name.
pub async fn list_regions(db: impl PgExecutor<'_>, name: Option<&str>) -> sqlx::Result<Vec<StoredRegion>> {
    sqlx::query_as!(
        StoredRegion,
        r#"SELECT r.name, r.label, r.from_config,
                  (SELECT count(*) FROM monitor m
                   WHERE m.all_regions AND EXISTS (SELECT FROM region_capability c
                             WHERE c.region_id = r.id AND (c.capabilities IS NULL OR c.capabilities @> m.capabilities))
                      OR EXISTS (SELECT FROM monitor_region mr WHERE mr.monitor_id = m.id AND mr.region_id = r.id)
                  ) AS "monitors!"
           FROM region r WHERE $1::text IS NULL OR r.name = $1 ORDER BY r.name"#,
        name
    )
    .fetch_all(db)
    .await
}

/// The regions with what each of their probes can do, those that are revoked left aside.
pub async fn list_known_regions(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<KnownRegion>> {
    let rows = sqlx::query!(
        r#"SELECT r.name, p.capabilities AS "capabilities?"
           FROM region r LEFT JOIN probe p ON p.region_id = r.id AND p.status <> $1
           ORDER BY r.name, p.id"#,
        super::probe::status_code(ProbeStatus::Revoked)
    )
    .fetch_all(db)
    .await?;
    let mut known: Vec<KnownRegion> = Vec::new();
    for row in rows {
        let of_last = known.last_mut().filter(|last| last.name == row.name);
        let able = row.capabilities.map(|all| all.into_iter().collect());
        match of_last {
            Some(last) => last.probes.extend(able),
            None => known.push(KnownRegion {
                name: row.name,
                probes: able.into_iter().collect(),
            }),
        }
    }
    Ok(known)
}

/// The names of all regions by number.
pub async fn list_region_names(db: impl PgExecutor<'_>) -> sqlx::Result<HashMap<i16, Region>> {
    let rows = sqlx::query!("SELECT id, name FROM region").fetch_all(db).await?;
    let named = rows
        .into_iter()
        .filter_map(|row| Some((row.id, row.name.parse().ok()?)));
    Ok(named.collect())
}

/// Makes a region. A name that is taken violates `region_name_key`.
pub async fn create_region(
    db: impl PgExecutor<'_>,
    name: &str,
    label: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO region (name, label, created_at) VALUES ($1, $2, $3)",
        name,
        label,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Changes a region's label, unless the configuration file owns it; `false` if nothing was changed.
pub async fn update_region(db: impl PgExecutor<'_>, name: &str, label: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE region SET label = $2 WHERE name = $1 AND NOT from_config",
        name,
        label
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes a region. A region with probes or monitors of its own violates `probe_region_id_fkey` or
/// `monitor_region_region_id_fkey`; one that the configuration file owns is left, and `false` returned.
pub async fn delete_region(db: impl PgExecutor<'_>, name: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!("DELETE FROM region WHERE name = $1 AND NOT from_config", name)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}
