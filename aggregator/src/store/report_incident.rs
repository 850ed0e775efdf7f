//! What a report tells of incidents: `incident`, `incident_monitor`.

use chrono::{DateTime, Utc};
use edgewatch_domain::incident::Severity;
use edgewatch_report::document::ReportIncident;
use sqlx::PgExecutor;

/// Incidents and outages told at most.
const AT_MOST: i64 = 5_000;

/// What was wrong with a monitor, and when. Unix milliseconds.
#[derive(Clone, Debug)]
pub struct StoredCause {
    /// The monitor.
    pub monitor: i32,
    /// The incident.
    pub incident: i32,
    /// When its outage began.
    pub from_ms: i64,
    /// When it ended; the end of time while it goes on.
    pub to_ms: i64,
    /// What was wrong, in a sentence.
    pub fault: Option<String>,
}

/// What was wrong with monitors within a time, in order.
pub async fn list_causes(
    db: impl PgExecutor<'_>,
    monitors: &[i32],
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> sqlx::Result<Vec<StoredCause>> {
    let rows = sqlx::query!(
        r#"SELECT o.monitor_id, o.incident_id, o.from_at AS "from_at!", o.to_at, o.fault FROM incident_monitor o
           WHERE o.monitor_id = ANY($1) AND o.from_at < $3 AND (o.to_at IS NULL OR o.to_at > $2) AND o.withdrawn_at IS NULL
           ORDER BY o.from_at, o.id LIMIT $4"#,
        monitors,
        from,
        to,
        AT_MOST
    )
    .fetch_all(db)
    .await?;
    let causes = rows.into_iter().map(|row| StoredCause {
        monitor: row.monitor_id,
        incident: row.incident_id,
        from_ms: row.from_at.timestamp_millis(),
        to_ms: row.to_at.map_or(i64::MAX, |at| at.timestamp_millis()),
        fault: row.fault,
    });
    Ok(causes.collect())
}

/// The incidents of monitors with time within a stretch of it, oldest first.
pub async fn list_report_incidents(
    db: impl PgExecutor<'_>,
    monitors: &[i32],
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> sqlx::Result<Vec<ReportIncident>> {
    let rows = sqlx::query!(
        r#"SELECT i.id, coalesce(i.title, i.fault) AS title, i.severity, i.opened_at, i.acknowledged_at, i.resolved_at,
                  o.monitors AS "monitors!", o.names AS "names!"
           FROM incident i CROSS JOIN LATERAL (
               SELECT array_agg(m.id ORDER BY m.name) AS monitors, array_agg(m.name ORDER BY m.name) AS names
               FROM monitor m WHERE m.id = ANY($1) AND EXISTS (
                   SELECT FROM incident_monitor im
                   WHERE im.incident_id = i.id AND im.monitor_id = m.id AND im.withdrawn_at IS NULL)) AS o
           WHERE i.opened_at < $3 AND (i.resolved_at IS NULL OR i.resolved_at > $2)
             AND i.withdrawn_at IS NULL AND i.merged_into IS NULL AND o.monitors IS NOT NULL
           ORDER BY i.opened_at, i.id LIMIT $4"#,
        monitors,
        from,
        to,
        AT_MOST
    )
    .fetch_all(db)
    .await?;
    let incidents = rows.into_iter().map(|row| ReportIncident {
        id: row.id.into(),
        title: row
            .title
            .unwrap_or_else(|| format!("{} down", row.names.join(", "))),
        severity: Severity::from_code(row.severity)
            .unwrap_or(Severity::Major)
            .as_str()
            .to_owned(),
        opened_at: row.opened_at,
        acknowledged_at: row.acknowledged_at,
        resolved_at: row.resolved_at,
        monitors: row.monitors,
        url: None,
    });
    Ok(incidents.collect())
}
