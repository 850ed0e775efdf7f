//! Maintenance windows as they were written and rewritten: `maintenance`, `maintenance_version`.

use super::vote::at;
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_domain::{
    maintenance::{Schedule, Scope, Version, occurrences},
    span::Span,
};
use sqlx::{PgConnection, types::Json};

/// How far back edges are looked for again and again until it is noted that there were none.
const LOOK_BACK: TimeDelta = TimeDelta::hours(1);

/// A maintenance with all its versions.
#[derive(Clone, Debug)]
pub struct StoredMaintenance {
    /// Its number.
    pub id: i32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// What the versions say, oldest first.
    pub texts: Vec<VersionText>,
    /// When they take place, in the same order.
    pub versions: Vec<Version>,
}

/// What is for people of a version.
#[derive(Clone, Debug)]
pub struct VersionText {
    /// Name.
    pub name: String,
    /// What is done.
    pub note: String,
    /// When it takes place, as it was written; `None`: removed.
    pub schedule: Option<Schedule>,
    /// The address of who wrote it, if that user is still there.
    pub author: Option<String>,
}

/// A version to be written.
#[derive(Clone, Debug)]
pub struct NewVersion<'a> {
    /// In force from then on.
    pub from: DateTime<Utc>,
    /// Who writes it.
    pub user_id: i32,
    /// Name.
    pub name: &'a str,
    /// What is done.
    pub note: &'a str,
    /// When it takes place; `None`: no more.
    pub schedule: Option<&'a Schedule>,
    /// What it is for.
    pub scope: &'a Scope,
    /// Windows that begin before are none, Unix milliseconds.
    pub not_before_ms: i64,
}

/// All maintenances, or the one of this number. Monitors that are gone are in no scope.
pub async fn list_maintenance(
    db: &mut PgConnection,
    id: Option<i32>,
) -> sqlx::Result<Vec<StoredMaintenance>> {
    let rows = sqlx::query!(
        r#"SELECT m.id, m.created_at, v.from_at, u.email AS "author?", v.name, v.note,
                  v.schedule AS "schedule: Json<Schedule>", v.everything, v.tags, v.groups, v.pages, v.not_before,
                  CASE WHEN v.monitors = '{}' THEN v.monitors
                       ELSE ARRAY(SELECT w.id FROM monitor w WHERE w.id = ANY(v.monitors)) END AS "monitors!"
           FROM maintenance m JOIN maintenance_version v ON v.maintenance_id = m.id
           LEFT JOIN app_user u ON u.id = v.user_id
           WHERE $1::integer IS NULL OR m.id = $1
           ORDER BY m.id, v.revision"#,
        id
    )
    .fetch_all(db)
    .await?;
    let mut all: Vec<StoredMaintenance> = Vec::new();
    for row in rows {
        if all.last().is_none_or(|last| last.id != row.id) {
            all.push(StoredMaintenance {
                id: row.id,
                created_at: row.created_at,
                texts: Vec::new(),
                versions: Vec::new(),
            });
        }
        let Some(maintenance) = all.last_mut() else {
            continue;
        };
        let schedule = row.schedule.map(|Json(schedule)| schedule);
        maintenance.versions.push(Version {
            from_ms: row.from_at.timestamp_millis(),
            // Only what is right is ever written.
            windows: schedule.as_ref().and_then(|schedule| schedule.parse().ok()),
            scope: Scope {
                everything: row.everything,
                monitors: row.monitors.into_iter().collect(),
                tags: row.tags.into_iter().collect(),
                groups: row.groups.into_iter().collect(),
                pages: row.pages.into_iter().collect(),
            },
            not_before_ms: row.not_before.map_or(i64::MIN, |at| at.timestamp_millis()),
        });
        maintenance.texts.push(VersionText {
            name: row.name,
            note: row.note,
            schedule,
            author: row.author,
        });
    }
    Ok(all)
}

/// Makes a maintenance without a version; its number.
pub async fn create_maintenance(db: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "INSERT INTO maintenance (created_at) VALUES ($1) RETURNING id",
        now
    )
    .fetch_one(db)
    .await
}

/// Locks a maintenance until the end of the transaction; `false` if there is none.
pub async fn lock_maintenance(db: &mut PgConnection, id: i32) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!("SELECT id FROM maintenance WHERE id = $1 FOR UPDATE", id)
        .fetch_optional(db)
        .await?;
    Ok(found.is_some())
}

/// Adds a version, and has the monitors of the windows that it changes judged again: of those that are open at its
/// moment, by it or by the version before.
pub async fn add_version(db: &mut PgConnection, id: i32, new: NewVersion<'_>) -> sqlx::Result<()> {
    let open = |stored: &[StoredMaintenance]| {
        let now_ms = new.from.timestamp_millis();
        let versions = stored.first().map_or(&[][..], |stored| &stored.versions);
        let open = occurrences(versions, Span::new(now_ms - 1, now_ms + 1)).into_iter();
        open.map(|open| (id, open.version, open.span.from_ms))
            .collect::<Vec<_>>()
    };
    let mut changed = open(&list_maintenance(&mut *db, Some(id)).await?);
    sqlx::query!(
        "INSERT INTO maintenance_version
             (maintenance_id, revision, from_at, user_id, name, note, schedule, everything, monitors, tags, groups, pages, not_before)
         SELECT $1, coalesce((SELECT max(revision) FROM maintenance_version WHERE maintenance_id = $1), 0) + 1,
                $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12",
        id,
        new.from,
        new.user_id,
        new.name,
        new.note,
        new.schedule.map(Json) as _,
        new.scope.everything,
        &new.scope.monitors.iter().copied().collect::<Vec<_>>(),
        &new.scope.tags.iter().cloned().collect::<Vec<_>>(),
        &new.scope.groups.iter().copied().collect::<Vec<_>>(),
        &new.scope.pages.iter().copied().collect::<Vec<_>>(),
        (new.not_before_ms > i64::MIN).then(|| at(new.not_before_ms))
    )
    .execute(&mut *db)
    .await?;
    changed.extend(open(&list_maintenance(&mut *db, Some(id)).await?));
    judge_again(db, &changed).await
}

/// Removes a maintenance of which nothing has taken place.
pub async fn delete_maintenance(db: &mut PgConnection, id: i32) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM maintenance WHERE id = $1", id)
        .execute(db)
        .await?;
    Ok(())
}

/// Has the monitors of windows judged again whose beginning or end has passed since this was looked for last. One
/// process at a time does, the one that judges. An edge of this very moment is left to the next time: nothing can be
/// recorded of it yet.
pub async fn judge_passed_edges(db: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
    let all = list_maintenance(&mut *db, None).await?;
    if all.is_empty() {
        return Ok(());
    }
    let looked_to = sqlx::query_scalar!("SELECT windows_to FROM evaluator")
        .fetch_one(&mut *db)
        .await?;
    let range = Span::new(looked_to.timestamp_millis(), now.timestamp_millis());
    let mut passed = Vec::new();
    for maintenance in &all {
        // A window that ends as the range begins has an edge in it.
        let touching = Span::new(range.from_ms.saturating_sub(1), range.to_ms);
        for open in occurrences(&maintenance.versions, touching) {
            let edges = [open.span.from_ms, open.span.to_ms].into_iter();
            let within = edges.filter(|&edge_ms| range.contains(edge_ms));
            passed.extend(within.map(|edge_ms| (maintenance.id, open.version, edge_ms)));
        }
    }
    if passed.is_empty() && now - looked_to < LOOK_BACK {
        return Ok(());
    }
    judge_again(&mut *db, &passed).await?;
    sqlx::query!("UPDATE evaluator SET windows_to = greatest(windows_to, $1)", now)
        .execute(db)
        .await?;
    Ok(())
}

/// Has the monitors of these versions judged again, each from its moment on, Unix milliseconds. Also those that carried
/// a tag, or were shown somewhere, only then.
async fn judge_again(db: &mut PgConnection, changed: &[(i32, usize, i64)]) -> sqlx::Result<()> {
    if changed.is_empty() {
        return Ok(());
    }
    let ids: Vec<_> = changed.iter().map(|changed| changed.0).collect();
    let revisions: Vec<_> = changed
        .iter()
        .map(|changed| i32::try_from(changed.1 + 1).unwrap_or(i32::MAX))
        .collect();
    let from: Vec<_> = changed.iter().map(|changed| at(changed.2)).collect();
    sqlx::query!(
        "INSERT INTO monitor_to_judge (monitor_id, from_at)
         SELECT m.id, min(w.from_at)
         FROM UNNEST($1::int4[], $2::int4[], $3::timestamptz[]) AS w (maintenance_id, revision, from_at)
         JOIN maintenance_version v USING (maintenance_id, revision)
         JOIN monitor m ON v.everything OR m.id = ANY(v.monitors)
              OR EXISTS (SELECT FROM monitor_policy p WHERE p.monitor_id = m.id
                             AND (p.tags && v.tags OR p.groups && v.groups OR p.pages && v.pages))
         GROUP BY m.id
         ON CONFLICT DO NOTHING",
        &ids,
        &revisions,
        &from
    )
    .execute(db)
    .await?;
    Ok(())
}
