//! Reports that are made and mailed regularly: `report_schedule`, `report_mail`.

use chrono::{DateTime, Utc};
use edgewatch_client::report_schedule::{
    ReportFormat, ReportRhythm, ReportSchedule, ReportScheduleSettings, ScheduledReport,
};
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

/// A schedule whose report is to be asked for.
#[derive(Clone, Debug)]
pub struct DueSchedule {
    /// Its number.
    pub id: i32,
    /// The agreement.
    pub sla: i32,
    /// How often.
    pub rhythm: ReportRhythm,
    /// Whom it is mailed to.
    pub recipients: Vec<String>,
    /// Who wrote it.
    pub author: String,
}

/// A mail that was taken to be sent.
#[derive(Clone, Debug)]
pub struct TakenMail {
    /// Its number.
    pub id: i64,
    /// Its name, the same at every attempt.
    pub message_id: Uuid,
    /// The report.
    pub report: i32,
    /// Whether the report is there; else it could not be made.
    pub is_ready: bool,
    /// Whom it is for.
    pub recipient: String,
    /// In which form.
    pub format: ReportFormat,
    /// Whether the file goes with it.
    pub attached: bool,
    /// Whether there is a link to the bundle in it.
    pub bundle: bool,
    /// The attempts, with this one.
    pub attempts: i16,
    /// When it was first to be sent.
    pub created_at: DateTime<Utc>,
}

fn code_of<T: PartialEq>(all: &[T], one: &T) -> i16 {
    all.iter().position(|other| other == one).unwrap_or(0) as i16
}

fn of_code<T: Copy, const N: usize>(all: [T; N], code: i16) -> T {
    let found = usize::try_from(code).ok().and_then(|index| all.get(index));
    *found.unwrap_or(&all[0])
}

/// All schedules of agreements that have not ended, or the one of this number.
pub async fn list_schedules(db: impl PgExecutor<'_>, id: Option<i32>) -> sqlx::Result<Vec<ReportSchedule>> {
    let rows = sqlx::query!(
        r#"SELECT r.id, r.sla_id, s.name, r.rhythm, r.format, r.attached, r.bundle, r.recipients, r.author, r.next_at,
                  l.report_id AS "report_id?", l.sent AS "sent?", l.waiting AS "waiting?", l.refused AS "refused?", l.failure
           FROM report_schedule r JOIN sla s ON s.id = r.sla_id AND s.removed_at IS NULL
           LEFT JOIN LATERAL (
               SELECT m.report_id, count(m.sent_at) AS sent, count(m.due_at) AS waiting,
                      count(*) FILTER (WHERE m.sent_at IS NULL AND m.due_at IS NULL) AS refused,
                      min(m.failure) FILTER (WHERE m.sent_at IS NULL) AS failure
               FROM report_mail m WHERE m.schedule_id = r.id GROUP BY m.report_id ORDER BY m.report_id DESC LIMIT 1) l ON true
           WHERE $1::int4 IS NULL OR r.id = $1 ORDER BY s.name, r.id"#,
        id
    )
    .fetch_all(db)
    .await?;
    let schedules = rows.into_iter().map(|row| ReportSchedule {
        id: row.id,
        settings: ReportScheduleSettings {
            sla: row.sla_id,
            rhythm: of_code(ReportRhythm::ALL, row.rhythm),
            format: of_code(ReportFormat::ALL, row.format),
            attached: row.attached,
            bundle: row.bundle,
            recipients: row.recipients,
        },
        sla_name: row.name,
        author: row.author,
        next_at: row.next_at,
        last: row.report_id.map(|report| ScheduledReport {
            report,
            sent: row.sent.unwrap_or(0),
            waiting: row.waiting.unwrap_or(0),
            refused: row.refused.unwrap_or(0),
            failure: row.failure,
        }),
    });
    Ok(schedules.collect())
}

/// How many schedules there are.
pub async fn count_schedules(db: impl PgExecutor<'_>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM report_schedule"#)
        .fetch_one(db)
        .await
}

/// Makes a schedule; its number.
pub async fn create_schedule(
    db: impl PgExecutor<'_>,
    settings: &ReportScheduleSettings,
    author: &str,
    next_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "INSERT INTO report_schedule (sla_id, rhythm, format, attached, bundle, recipients, author, created_at, next_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
        settings.sla,
        code_of(&ReportRhythm::ALL, &settings.rhythm),
        code_of(&ReportFormat::ALL, &settings.format),
        settings.attached,
        settings.bundle,
        &settings.recipients,
        author,
        now,
        next_at
    )
    .fetch_one(db)
    .await
}

/// Changes a schedule; `false` if there is none.
pub async fn update_schedule(
    db: impl PgExecutor<'_>,
    id: i32,
    settings: &ReportScheduleSettings,
    author: &str,
    next_at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE report_schedule
         SET sla_id = $2, rhythm = $3, format = $4, attached = $5, recipients = $6, author = $7, next_at = $8, bundle = $9 WHERE id = $1",
        id,
        settings.sla,
        code_of(&ReportRhythm::ALL, &settings.rhythm),
        code_of(&ReportFormat::ALL, &settings.format),
        settings.attached,
        &settings.recipients,
        author,
        next_at,
        settings.bundle
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Deletes a schedule, with what it still had to mail; `false` if there is none.
pub async fn delete_schedule(db: impl PgExecutor<'_>, id: i32) -> sqlx::Result<bool> {
    let done = sqlx::query!("DELETE FROM report_schedule WHERE id = $1", id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// The schedules that are due.
pub async fn list_due_schedules(
    db: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<DueSchedule>> {
    let rows = sqlx::query!(
        "SELECT r.id, r.sla_id, r.rhythm, r.recipients, r.author
         FROM report_schedule r JOIN sla s ON s.id = r.sla_id AND s.removed_at IS NULL
         WHERE r.next_at <= $1 ORDER BY r.next_at, r.id LIMIT 200",
        now
    )
    .fetch_all(db)
    .await?;
    let due = rows.into_iter().map(|row| DueSchedule {
        id: row.id,
        sla: row.sla_id,
        rhythm: of_code(ReportRhythm::ALL, row.rhythm),
        recipients: row.recipients,
        author: row.author,
    });
    Ok(due.collect())
}

/// Says when a schedule is due next.
pub async fn advance_schedule(db: impl PgExecutor<'_>, id: i32, next_at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE report_schedule SET next_at = $2 WHERE id = $1",
        id,
        next_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes whom a report is to be mailed to.
pub async fn insert_mails(
    db: impl PgExecutor<'_>,
    schedule: i32,
    report: i32,
    recipients: &[String],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO report_mail (schedule_id, report_id, recipient, created_at, due_at)
         SELECT $1, $2, r.recipient, $4, $4 FROM UNNEST($3::text[]) AS r (recipient) ON CONFLICT DO NOTHING",
        schedule,
        report,
        recipients,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes mails that are due, of reports that are there or never will be; nobody else takes them until a moment.
pub async fn take_due_mails(
    pool: &PgPool,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<TakenMail>> {
    let rows = sqlx::query!(
        r#"WITH due AS (
               SELECT m.id, r.state, s.format, s.attached, s.bundle FROM report_mail m
               JOIN report r ON r.id = m.report_id AND r.state >= 2 JOIN report_schedule s ON s.id = m.schedule_id
               WHERE m.due_at <= $1 ORDER BY m.due_at, m.id LIMIT $3 FOR UPDATE OF m SKIP LOCKED)
           UPDATE report_mail m SET due_at = $2, attempts = least(m.attempts, 32000) + 1 FROM due WHERE m.id = due.id
           RETURNING m.id, m.message_id, m.report_id, m.recipient, m.attempts, m.created_at, due.state, due.format, due.attached, due.bundle"#,
        now,
        until,
        limit
    )
    .fetch_all(pool)
    .await?;
    let mut taken: Vec<_> = rows
        .into_iter()
        .map(|row| TakenMail {
            id: row.id,
            message_id: row.message_id,
            report: row.report_id,
            is_ready: row.state == 2,
            recipient: row.recipient,
            format: of_code(ReportFormat::ALL, row.format),
            attached: row.attached,
            bundle: row.bundle,
            attempts: row.attempts,
            created_at: row.created_at,
        })
        .collect();
    taken.sort_by_key(|mail| (mail.report, mail.format.as_str(), mail.id));
    Ok(taken)
}

/// Notes that a mail was sent.
pub async fn note_mail_sent(db: impl PgExecutor<'_>, id: i64, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE report_mail SET sent_at = $2, due_at = NULL, failure = NULL WHERE id = $1",
        id,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes why a mail was not sent, and when it is tried again; never without a moment.
pub async fn note_mail_failed(
    db: impl PgExecutor<'_>,
    id: i64,
    failure: &str,
    again_at: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE report_mail SET failure = $2, due_at = $3 WHERE id = $1",
        id,
        failure,
        again_at
    )
    .execute(db)
    .await?;
    Ok(())
}
