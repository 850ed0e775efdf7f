//! What subscribers are to be told: `notice`. Written in the transactions that make it so, set-based; of pages that have
//! subscribers alone.

use chrono::{DateTime, Utc};
use edgewatch_client::notice::NoticeKind;
use sqlx::{PgConnection, PgExecutor, types::Json};

/// The kind of a number in storage.
pub fn kind_of(code: i16) -> Option<NoticeKind> {
    NoticeKind::ALL.get(usize::try_from(code).ok()?).copied()
}

/// Notes a public update for the pages that show a monitor of its incident.
pub async fn note_update(db: &mut PgConnection, update: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO notice (page_id, kind, at, incident_id, update_id)
         SELECT p.id, 1, u.at, u.incident_id, u.id
         FROM incident_update u CROSS JOIN status_page p
         WHERE u.id = $1 AND u.kind = 2 AND p.deleted_at IS NULL
           AND EXISTS (SELECT FROM subscriber s WHERE s.page_id = p.id)
           AND EXISTS (SELECT FROM status_page_component c JOIN status_page_monitor m ON m.component_id = c.id
                       JOIN incident_monitor o ON o.monitor_id = m.monitor_id
                       WHERE c.page_id = p.id AND o.incident_id = u.incident_id AND o.withdrawn_at IS NULL)
         ON CONFLICT DO NOTHING",
        update
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes of incidents that they have begun, for the pages that show a monitor of theirs; and that they are over or go on
/// again, for the pages that have told of them. What was merged into another one goes on as that one; what only some
/// regions see is none. Whoever calls has locked these incidents.
pub async fn note_standings(
    db: &mut PgConnection,
    incidents: &[i32],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    if incidents.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO notice (page_id, kind, at, incident_id)
         SELECT told.page_id, CASE WHEN i.resolved_at IS NULL THEN 3 ELSE 2 END, $2, i.id
         FROM incident i
         CROSS JOIN LATERAL (
             SELECT DISTINCT ON (n.page_id) n.page_id, n.kind FROM notice n
             WHERE n.incident_id = i.id OR n.incident_id IN (SELECT m.id FROM incident m WHERE m.merged_into = i.id)
             ORDER BY n.page_id, n.id DESC) AS told
         WHERE i.id = ANY($1) AND i.merged_into IS NULL
           AND (i.resolved_at IS NOT NULL AND told.kind <> 2 OR i.resolved_at IS NULL AND told.kind = 2)",
        incidents,
        now
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "INSERT INTO notice (page_id, kind, at, incident_id)
         SELECT p.id, 0, $2::timestamptz, i.id
         FROM incident i CROSS JOIN status_page p
         WHERE i.id = ANY($1) AND i.resolved_at IS NULL AND i.merged_into IS NULL AND i.severity > 0
           AND i.detected_at > $2::timestamptz - interval '1 hour' AND p.deleted_at IS NULL
           AND EXISTS (SELECT FROM subscriber s WHERE s.page_id = p.id)
           AND EXISTS (SELECT FROM status_page_component c JOIN status_page_monitor m ON m.component_id = c.id
                       JOIN incident_monitor o ON o.monitor_id = m.monitor_id
                       WHERE c.page_id = p.id AND o.incident_id = i.id AND o.withdrawn_at IS NULL)
           AND NOT EXISTS (SELECT FROM notice n WHERE n.page_id = p.id AND (n.incident_id = i.id
                           OR n.incident_id IN (SELECT m.id FROM incident m WHERE m.merged_into = i.id)))",
        incidents,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A notice of which no deliveries were made yet.
#[derive(Clone, Debug)]
pub struct WaitingNotice {
    /// Its number.
    pub id: i64,
    /// The page.
    pub page: i32,
    /// What happened.
    pub kind: NoticeKind,
    /// When.
    pub at: DateTime<Utc>,
    /// The incident.
    pub incident: Option<i32>,
    /// Its public update.
    pub update: Option<i64>,
    /// The content of the notice of the same incident or window before it, on the same page.
    pub before: Option<serde_json::Value>,
}

/// Notices of which no deliveries were made yet, the oldest first, locked until the end of the transaction.
pub async fn list_waiting(db: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<WaitingNotice>> {
    let rows = sqlx::query!(
        r#"SELECT n.id, n.page_id, n.kind, n.at, n.incident_id, n.update_id,
                  (SELECT b.content FROM notice b WHERE b.page_id = n.page_id AND b.id < n.id AND b.content IS NOT NULL
                      AND b.incident_id = n.incident_id
                   ORDER BY b.id DESC LIMIT 1) AS before
           FROM notice n WHERE n.content IS NULL ORDER BY n.id LIMIT $1 FOR UPDATE OF n SKIP LOCKED"#,
        limit
    )
    .fetch_all(db)
    .await?;
    let notices = rows.into_iter().filter_map(|row| {
        Some(WaitingNotice {
            id: row.id,
            page: row.page_id,
            kind: kind_of(row.kind)?,
            at: row.at,
            incident: row.incident_id,
            update: row.update_id,
            before: row.before,
        })
    });
    Ok(notices.collect())
}

/// Keeps what a notice tells, and makes a delivery for each subscriber of the page that began before it, is not
/// suspended, and wants to know of one of these components; how many.
pub async fn make_deliveries(
    db: &mut PgConnection,
    notice: i64,
    content: &impl serde::Serialize,
    components: &[i32],
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "WITH n AS (UPDATE notice SET content = $2 WHERE id = $1 RETURNING id, page_id, at)
         INSERT INTO delivery (notice_id, subscriber_id, created_at, due_at)
         SELECT n.id, s.id, $4, $4 FROM n JOIN subscriber s ON s.page_id = n.page_id
         WHERE s.confirmed_at <= n.at AND s.suspended_at IS NULL AND (s.components = '{}' OR s.components && $3)
         ON CONFLICT DO NOTHING",
        notice,
        Json(content) as _,
        components,
        now
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Removes a notice that there is nothing to tell of.
pub async fn delete_notice(db: impl PgExecutor<'_>, notice: i64) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM notice WHERE id = $1", notice)
        .execute(db)
        .await?;
    Ok(())
}

/// What subscribers of a page were told of a window of maintenance.
#[derive(Clone, Debug)]
pub struct ToldWindow {
    /// The maintenance.
    pub maintenance: i32,
    /// When the window begins.
    pub from: DateTime<Utc>,
    /// What was told last.
    pub kind: NoticeKind,
    /// What that was.
    pub content: serde_json::Value,
}

/// The pages that have subscribers.
pub async fn list_pages_with_subscribers(db: &mut PgConnection) -> sqlx::Result<Vec<i32>> {
    sqlx::query_scalar!(
        "SELECT p.id FROM status_page p WHERE p.deleted_at IS NULL
           AND EXISTS (SELECT FROM subscriber s WHERE s.page_id = p.id) ORDER BY p.id"
    )
    .fetch_all(db)
    .await
}

/// What was told last of each window of maintenance that began since then, on a page.
pub async fn list_told_windows(
    db: &mut PgConnection,
    page: i32,
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<ToldWindow>> {
    let rows = sqlx::query!(
        r#"SELECT DISTINCT ON (maintenance_id, window_from) maintenance_id AS "maintenance_id!",
                  window_from AS "window_from!", kind, content AS "content!"
           FROM notice
           WHERE page_id = $1 AND maintenance_id IS NOT NULL AND window_from >= $2 AND content IS NOT NULL
           ORDER BY maintenance_id, window_from, id DESC"#,
        page,
        since
    )
    .fetch_all(db)
    .await?;
    let told = rows.into_iter().filter_map(|row| {
        Some(ToldWindow {
            maintenance: row.maintenance_id,
            from: row.window_from,
            kind: kind_of(row.kind)?,
            content: row.content,
        })
    });
    Ok(told.collect())
}

/// Notes something of a window of maintenance; its number, or `None` where it was noted before.
pub async fn note_window(
    db: &mut PgConnection,
    page: i32,
    kind: NoticeKind,
    maintenance: i32,
    from: DateTime<Utc>,
    at: DateTime<Utc>,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "INSERT INTO notice (page_id, kind, at, maintenance_id, window_from) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING RETURNING id",
        page,
        kind as i16,
        at,
        maintenance,
        from
    )
    .fetch_optional(db)
    .await
}
