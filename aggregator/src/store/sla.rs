//! Service level agreements: `sla`, `sla_version`, `sla_exclusion`. What was written is never changed: see the migration.

use super::vote::at;
use chrono::{DateTime, Utc};
use edgewatch_client::sla::{SlaExclusion, SlaExclusionRequest};
use edgewatch_domain::sla::{Exclusion, SlaPolicy};
use sqlx::{PgConnection, PgExecutor, types::Json};
use std::collections::BTreeMap;

/// An agreement with all its versions.
#[derive(Clone, Debug)]
pub struct StoredSla {
    /// Its number.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// The versions, oldest first; never empty.
    pub versions: Vec<StoredVersion>,
}

/// What was agreed at a time.
#[derive(Clone, Debug)]
pub struct StoredVersion {
    /// From 1, without gaps.
    pub version: i32,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// By whom.
    pub author: String,
    /// With whom, and what about.
    pub description: String,
    /// What was agreed.
    pub policy: SlaPolicy,
    /// The policy's hash.
    pub hash: String,
    /// The OpenSLO document that it was read from.
    pub open_slo: Option<String>,
}

/// A version to be written.
#[derive(Clone, Copy, Debug)]
pub struct NewVersion<'a> {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub author: &'a str,
    /// With whom, and what about.
    pub description: &'a str,
    /// What was agreed.
    pub policy: &'a SlaPolicy,
    /// The OpenSLO document that it was read from.
    pub open_slo: Option<&'a str>,
}

impl StoredSla {
    /// The newest version.
    pub fn newest(&self) -> Option<&StoredVersion> {
        self.versions.last()
    }

    /// A version by its number.
    pub fn version(&self, version: i32) -> Option<&StoredVersion> {
        self.versions.iter().find(|stored| stored.version == version)
    }

    /// The version that a window is counted by: the last one that was written before its end, or the first.
    pub fn version_at_end(&self, end_ms: i64) -> Option<&StoredVersion> {
        let before = |stored: &&StoredVersion| stored.at.timestamp_millis() < end_ms;
        self.versions
            .iter()
            .rev()
            .find(before)
            .or_else(|| self.versions.first())
    }
}

/// All agreements by name, or the one of this number; those that have ended only by their number.
pub async fn list_slas(db: impl PgExecutor<'_>, id: Option<i32>) -> sqlx::Result<Vec<StoredSla>> {
    let rows = sqlx::query!(
        r#"SELECT s.id, s.name, v.version, v.at, v.author, v.description, v.policy AS "policy: Json<SlaPolicy>", v.hash, v.open_slo
           FROM sla s JOIN sla_version v ON v.sla_id = s.id
           WHERE s.removed_at IS NULL AND ($1::int4 IS NULL OR s.id = $1) ORDER BY s.name, s.id, v.version"#,
        id
    )
    .fetch_all(db)
    .await?;
    let mut slas: Vec<StoredSla> = Vec::new();
    for row in rows {
        if slas.last().is_none_or(|last| last.id != row.id) {
            slas.push(StoredSla {
                id: row.id,
                name: row.name,
                versions: Vec::new(),
            });
        }
        if let Some(sla) = slas.last_mut() {
            sla.versions.push(StoredVersion {
                version: row.version,
                at: row.at,
                author: row.author,
                description: row.description,
                policy: row.policy.0,
                hash: row.hash,
                open_slo: row.open_slo,
            });
        }
    }
    Ok(slas)
}

/// Makes an agreement of its first version; its number. A name that is taken violates `sla_name_key`.
pub async fn create_sla(db: &mut PgConnection, name: &str, version: NewVersion<'_>) -> sqlx::Result<i32> {
    let id = sqlx::query_scalar!(
        "INSERT INTO sla (name, created_at) VALUES ($1, $2) RETURNING id",
        name,
        version.at
    )
    .fetch_one(&mut *db)
    .await?;
    add_version(db, id, version).await?;
    Ok(id)
}

/// Locks an agreement until the end of the transaction; `false` if there is none, or it has ended.
pub async fn lock_sla(db: &mut PgConnection, id: i32) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        "SELECT id FROM sla WHERE id = $1 AND removed_at IS NULL FOR UPDATE",
        id
    )
    .fetch_optional(db)
    .await?;
    Ok(found.is_some())
}

/// Gives an agreement another name. One that is taken violates `sla_name_key`.
pub async fn rename_sla(db: &mut PgConnection, id: i32, name: &str) -> sqlx::Result<()> {
    sqlx::query!("UPDATE sla SET name = $2 WHERE id = $1 AND name <> $2", id, name)
        .execute(db)
        .await?;
    Ok(())
}

/// Adds a version to an agreement that is locked.
pub async fn add_version(db: &mut PgConnection, id: i32, new: NewVersion<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO sla_version (sla_id, version, at, author, description, policy, hash, open_slo)
         SELECT $1, coalesce((SELECT max(version) FROM sla_version WHERE sla_id = $1), 0) + 1, $2, $3, $4, $5, $6, $7",
        id,
        new.at,
        new.author,
        new.description,
        Json(new.policy) as _,
        new.policy.hash(),
        new.open_slo
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends an agreement; `false` if there is none. Its reports stay.
pub async fn remove_sla(
    db: impl PgExecutor<'_>,
    id: i32,
    author: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE sla SET removed_at = $2, removed_by = $3 WHERE id = $1 AND removed_at IS NULL",
        id,
        now,
        author
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What was left out of these agreements by hand, with what was taken back, newest first.
pub async fn list_exclusions(
    db: impl PgExecutor<'_>,
    slas: &[i32],
) -> sqlx::Result<BTreeMap<i32, Vec<SlaExclusion>>> {
    let rows = sqlx::query!(
        "SELECT * FROM sla_exclusion WHERE sla_id = ANY($1) ORDER BY sla_id, entered_at DESC, id DESC",
        slas
    )
    .fetch_all(db)
    .await?;
    let mut exclusions: BTreeMap<i32, Vec<SlaExclusion>> = BTreeMap::new();
    for row in rows {
        exclusions.entry(row.sla_id).or_default().push(SlaExclusion {
            id: row.id,
            from: row.from_at,
            to: row.to_at,
            monitors: row.monitors,
            reason: row.reason,
            author: row.author,
            entered_at: row.entered_at,
            withdrawn_at: row.withdrawn_at,
            withdrawn_by: row.withdrawn_by,
            withdrawn_reason: row.withdrawn_reason,
        });
    }
    Ok(exclusions)
}

/// What of it counts, in order of time.
pub fn in_force(exclusions: &[SlaExclusion]) -> Vec<Exclusion> {
    let in_force = exclusions
        .iter()
        .filter(|exclusion| exclusion.withdrawn_at.is_none());
    let mut in_force: Vec<_> = in_force
        .map(|exclusion| Exclusion {
            id: exclusion.id,
            from_ms: exclusion.from.timestamp_millis(),
            to_ms: exclusion.to.timestamp_millis(),
            monitors: exclusion.monitors.clone(),
            reason: exclusion.reason.clone(),
            author: exclusion.author.clone(),
            entered_ms: exclusion.entered_at.timestamp_millis(),
        })
        .collect();
    in_force.sort_by_key(|exclusion| (exclusion.from_ms, exclusion.id));
    in_force
}

/// Leaves time out of an agreement; the exclusion's number.
pub async fn add_exclusion(
    db: impl PgExecutor<'_>,
    sla: i32,
    request: &SlaExclusionRequest,
    author: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<i32> {
    // Whole milliseconds, as all times of figures are.
    let [from, to, now] = [request.from, request.to, now].map(|moment| at(moment.timestamp_millis()));
    sqlx::query_scalar!(
        "INSERT INTO sla_exclusion (sla_id, from_at, to_at, monitors, reason, author, entered_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        sla,
        from,
        to,
        &request.monitors,
        request.reason,
        author,
        now
    )
    .fetch_one(db)
    .await
}

/// Takes an exclusion back; `false` if there is none, or it was taken back before.
pub async fn withdraw_exclusion(
    db: impl PgExecutor<'_>,
    (sla, exclusion): (i32, i32),
    reason: &str,
    author: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE sla_exclusion SET withdrawn_at = $3, withdrawn_by = $4, withdrawn_reason = $5
         WHERE sla_id = $1 AND id = $2 AND withdrawn_at IS NULL",
        sla,
        exclusion,
        now,
        author,
        reason
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}
