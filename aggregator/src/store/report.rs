//! Reports: `report`. Whoever makes one holds it for a while; who dies in the middle leaves it to the others.

use chrono::{DateTime, Utc};
use edgewatch_client::report::{Report, ReportState, ReportSummary};
use edgewatch_domain::sla::SlaPolicy;
use sqlx::{PgExecutor, PgPool, types::Json};

/// A report to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewReport<'a> {
    /// The agreement that it is made under, and its version.
    pub sla: (i32, i32),
    /// Its title.
    pub title: &'a str,
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when.
    pub to: DateTime<Utc>,
    /// Who asks for it.
    pub author: &'a str,
    /// When.
    pub now: DateTime<Utc>,
}

/// A report that was taken to be made.
#[derive(Clone, Debug)]
pub struct TakenReport {
    /// Its number.
    pub id: i32,
    /// The agreement that it is made under.
    pub sla: i32,
    /// The agreement's name.
    pub sla_name: String,
    /// Its version.
    pub version: i32,
    /// What that version says of itself.
    pub description: String,
    /// That version's policy.
    pub policy: SlaPolicy,
    /// Its title.
    pub title: String,
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when.
    pub to: DateTime<Utc>,
    /// The attempts, with this one.
    pub attempts: i16,
}

fn state_of(code: i16) -> ReportState {
    match code {
        0 => ReportState::Waiting,
        1 => ReportState::Running,
        2 => ReportState::Ready,
        _ => ReportState::Failed,
    }
}

/// Asks for a report; its number.
pub async fn create_report(db: impl PgExecutor<'_>, new: NewReport<'_>) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "INSERT INTO report (sla_id, version, title, from_at, to_at, author, requested_at, state, progress, attempts)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0, 0) RETURNING id",
        new.sla.0,
        new.sla.1,
        new.title,
        new.from,
        new.to,
        new.author,
        new.now
    )
    .fetch_one(db)
    .await
}

/// Which reports are wanted, newest first.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReportFilter {
    /// This one alone.
    pub id: Option<i32>,
    /// Those under this agreement.
    pub sla: Option<i32>,
    /// Those with smaller numbers.
    pub before: Option<i32>,
    /// At most so many.
    pub limit: i64,
}

/// Reports, without what they say.
pub async fn list_reports(db: impl PgExecutor<'_>, filter: ReportFilter) -> sqlx::Result<Vec<Report>> {
    let rows = sqlx::query!(
        r#"SELECT r.id, r.title, r.sla_id, s.name, r.version, v.hash, r.from_at, r.to_at, v.policy->>'zone' AS "zone!", r.author,
                  r.requested_at, r.state, r.progress, r.failure, r.finished_at, r.summary AS "summary: Json<ReportSummary>"
           FROM report r JOIN sla s ON s.id = r.sla_id JOIN sla_version v ON v.sla_id = r.sla_id AND v.version = r.version
           WHERE ($1::int4 IS NULL OR r.id = $1) AND ($2::int4 IS NULL OR r.sla_id = $2) AND ($3::int4 IS NULL OR r.id < $3)
           ORDER BY r.id DESC LIMIT $4"#,
        filter.id,
        filter.sla,
        filter.before,
        filter.limit
    )
    .fetch_all(db)
    .await?;
    let reports = rows.into_iter().map(|row| Report {
        id: row.id,
        title: row.title,
        sla: row.sla_id,
        sla_name: row.name,
        version: row.version,
        hash: row.hash,
        from: row.from_at,
        to: row.to_at,
        zone: row.zone,
        author: row.author,
        requested_at: row.requested_at,
        state: state_of(row.state),
        progress: row.progress,
        failure: row.failure,
        finished_at: row.finished_at,
        summary: row.summary.map(|Json(summary)| summary),
    });
    Ok(reports.collect())
}

/// A report's document as JSON, by zstd; `None` if there is no such report, or it is not there yet.
pub async fn find_document(db: impl PgExecutor<'_>, id: i32) -> sqlx::Result<Option<Vec<u8>>> {
    let document = sqlx::query_scalar!("SELECT document FROM report WHERE id = $1", id)
        .fetch_optional(db)
        .await?;
    Ok(document.flatten())
}

/// Deletes a report; `false` if there is none.
pub async fn delete_report(db: impl PgExecutor<'_>, id: i32) -> sqlx::Result<bool> {
    let done = sqlx::query!("DELETE FROM report WHERE id = $1", id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Takes the oldest report that is to be made and nobody holds, and holds it until a moment.
pub async fn take_report(
    pool: &PgPool,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> sqlx::Result<Option<TakenReport>> {
    let row = sqlx::query!(
        r#"WITH taken AS (
               UPDATE report SET state = 1, held_until = $2, attempts = least(attempts, 32000) + 1
               WHERE id = (SELECT id FROM report WHERE state < 2 AND (held_until IS NULL OR held_until <= $1)
                           ORDER BY requested_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
               RETURNING *)
           SELECT t.id AS "id!", t.sla_id AS "sla_id!", s.name, t.version AS "version!", v.description,
                  v.policy AS "policy: Json<SlaPolicy>", t.title AS "title!", t.from_at AS "from_at!", t.to_at AS "to_at!",
                  t.attempts AS "attempts!"
           FROM taken t JOIN sla s ON s.id = t.sla_id JOIN sla_version v ON v.sla_id = t.sla_id AND v.version = t.version"#,
        now,
        until
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| TakenReport {
        id: row.id,
        sla: row.sla_id,
        sla_name: row.name,
        version: row.version,
        description: row.description,
        policy: row.policy.0,
        title: row.title,
        from: row.from_at,
        to: row.to_at,
        attempts: row.attempts,
    }))
}

/// Notes how far a report is, in thousandths, and holds it on; `false` if it was deleted meanwhile.
pub async fn note_progress(
    db: impl PgExecutor<'_>,
    id: i32,
    progress: i16,
    until: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE report SET progress = greatest(progress, $2), held_until = $3 WHERE id = $1 AND state = 1",
        id,
        progress,
        until
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Stores what a report says.
pub async fn finish_report(
    db: impl PgExecutor<'_>,
    id: i32,
    document: &[u8],
    summary: &ReportSummary,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE report SET state = 2, progress = 1000, held_until = NULL, document = $2, summary = $3, finished_at = $4
         WHERE id = $1",
        id,
        document,
        Json(summary) as _,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that a report could not be made: it is tried again from a moment on, or never.
pub async fn fail_report(
    db: impl PgExecutor<'_>,
    id: i32,
    failure: &str,
    again_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE report SET state = CASE WHEN $3::timestamptz IS NULL THEN 3 ELSE 0 END, progress = 0, held_until = $3,
                           failure = $2, finished_at = CASE WHEN $3 IS NULL THEN $4::timestamptz END
         WHERE id = $1 AND state = 1",
        id,
        failure,
        again_at,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}
