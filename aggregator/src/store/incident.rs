//! Incidents as people see them and what they do about them: `incident`, `incident_monitor`, `incident_update`.

use chrono::{DateTime, Utc};
use edgewatch_client::incident::{
    Incident, IncidentDifference, IncidentOutage, IncidentRequest, IncidentStatus, IncidentSummary,
    IncidentUpdate, Severity, UpdateKind,
};
use sqlx::{PgConnection, PgExecutor, types::Json};

/// Outages told of one incident.
const OUTAGES_TOLD: i64 = 200;

/// Which incidents are wanted, newest first; those that were merged into others are left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct IncidentFilter {
    /// Those that go on, or those that are over.
    pub open: Option<bool>,
    /// Of this monitor alone.
    pub monitor: Option<i32>,
    /// Those that come after the one of this opening and number in the list.
    pub after: Option<(DateTime<Utc>, i32)>,
    /// This one alone, whether merged or not.
    pub id: Option<i32>,
    /// At most so many.
    pub limit: i64,
}

struct Row {
    id: i32,
    origin: i16,
    title: Option<String>,
    fault: Option<String>,
    severity: i16,
    opened_at: DateTime<Utc>,
    detected_at: DateTime<Utc>,
    resolved_at: Option<DateTime<Utc>>,
    withdrawn_at: Option<DateTime<Utc>>,
    merged_into: Option<i32>,
    acknowledged_at: Option<DateTime<Utc>>,
    acknowledged_by: Option<String>,
    assignee: Option<String>,
    post_mortem: String,
    names: Vec<String>,
    monitors: i64,
}

impl Row {
    fn status(&self) -> IncidentStatus {
        if self.merged_into.is_some() {
            IncidentStatus::Merged
        } else if self.withdrawn_at.is_some() {
            IncidentStatus::Withdrawn
        } else if self.resolved_at.is_some() {
            IncidentStatus::Resolved
        } else if self.acknowledged_at.is_some() {
            IncidentStatus::Acknowledged
        } else {
            IncidentStatus::Open
        }
    }

    fn summary(self) -> IncidentSummary {
        let status = self.status();
        let monitors = u32::try_from(self.monitors).unwrap_or(u32::MAX);
        let is_over = self.resolved_at.is_some();
        IncidentSummary {
            id: self.id,
            status,
            by_hand: self.origin != 0,
            title: self
                .title
                .unwrap_or_else(|| title_of(&self.names, monitors, is_over)),
            fault: self.fault,
            severity: Severity::from_code(self.severity).unwrap_or(Severity::Major),
            opened_at: self.opened_at,
            detected_at: self.detected_at,
            resolved_at: self.resolved_at,
            acknowledged_at: self.acknowledged_at,
            assignee: self.assignee,
            monitors,
        }
    }
}

/// `shop is down`, `shop and mail were down`, `a, b and 8 more are down`.
fn title_of(names: &[String], monitors: u32, is_over: bool) -> String {
    let [one, many] = if is_over { ["was", "were"] } else { ["is", "are"] };
    match names {
        [] => "A monitor that is gone was down".to_owned(),
        [name] => format!("{name} {one} down"),
        [first, second] if monitors == 2 => format!("{first} and {second} {many} down"),
        [first, second, ..] => format!(
            "{first}, {second} and {} more {many} down",
            monitors.saturating_sub(2)
        ),
    }
}

async fn list_rows(db: impl PgExecutor<'_>, filter: IncidentFilter) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as!(
        Row,
        // The names are those of the first outages, monitors that are linked by hand the last.
        r#"SELECT i.id, i.origin, i.title, i.fault, i.severity, i.opened_at, i.detected_at, i.resolved_at, i.withdrawn_at,
                  i.merged_into, i.acknowledged_at, b.email AS "acknowledged_by?", a.email AS "assignee?", i.post_mortem,
                  s.names AS "names!", s.monitors AS "monitors!"
           FROM incident i
           LEFT JOIN app_user b ON b.id = i.acknowledged_by LEFT JOIN app_user a ON a.id = i.assignee
           CROSS JOIN LATERAL (
               SELECT (array_agg(m.name ORDER BY o.from_at NULLS LAST, m.name))[1:2] AS names, count(*) AS monitors
               FROM (SELECT monitor_id, min(from_at) AS from_at FROM incident_monitor
                     WHERE incident_id = i.id AND (withdrawn_at IS NULL OR i.withdrawn_at IS NOT NULL)
                     GROUP BY monitor_id) AS o
               JOIN monitor m ON m.id = o.monitor_id) AS c
           CROSS JOIN LATERAL (SELECT coalesce(c.names, '{}') AS names, c.monitors) AS s
           WHERE ($1::int4 IS NULL AND i.merged_into IS NULL OR i.id = $1)
             AND ($2::bool IS NULL OR (i.resolved_at IS NULL) = $2)
             AND ($3::int4 IS NULL OR EXISTS (
                 SELECT FROM incident_monitor o WHERE o.incident_id = i.id AND o.monitor_id = $3))
             AND ($4::timestamptz IS NULL OR (i.opened_at, i.id) < ($4, $5::int4))
           ORDER BY i.opened_at DESC, i.id DESC LIMIT $6"#,
        filter.id,
        filter.open,
        filter.monitor,
        filter.after.map(|after| after.0),
        filter.after.map(|after| after.1),
        filter.limit
    )
    .fetch_all(db)
    .await
}

/// A page of incidents.
pub async fn list_incidents(
    db: impl PgExecutor<'_>,
    filter: IncidentFilter,
) -> sqlx::Result<Vec<IncidentSummary>> {
    let rows = list_rows(db, filter).await?;
    Ok(rows.into_iter().map(Row::summary).collect())
}

/// An incident in full.
pub async fn find_incident(db: &mut PgConnection, id: i32) -> sqlx::Result<Option<Incident>> {
    let filter = IncidentFilter {
        id: Some(id),
        limit: 1,
        ..IncidentFilter::default()
    };
    let Some(mut row) = list_rows(&mut *db, filter).await?.pop() else {
        return Ok(None);
    };
    let outages = sqlx::query!(
        r#"SELECT o.id, o.monitor_id, m.name, o.from_at, o.to_at, o.withdrawn_at, o.fault,
                  o.differences AS "differences: Json<Vec<IncidentDifference>>",
                  EXISTS (SELECT FROM incident_evidence e WHERE e.incident_monitor_id = o.id) AS "evidence!"
           FROM incident_monitor o JOIN monitor m ON m.id = o.monitor_id
           WHERE o.incident_id = $1 ORDER BY o.from_at NULLS LAST, m.name, o.id LIMIT $2"#,
        id,
        OUTAGES_TOLD
    )
    .fetch_all(&mut *db)
    .await?;
    let updates = sqlx::query!(
        r#"SELECT u.at, u.kind, u.text, a.email AS "author?"
           FROM incident_update u LEFT JOIN app_user a ON a.id = u.author
           WHERE u.incident_id = $1 ORDER BY u.id"#,
        id
    )
    .fetch_all(db)
    .await?;
    Ok(Some(Incident {
        merged_into: row.merged_into,
        acknowledged_by: row.acknowledged_by.take(),
        post_mortem: std::mem::take(&mut row.post_mortem),
        summary: row.summary(),
        outages: outages
            .into_iter()
            .map(|outage| IncidentOutage {
                id: outage.id,
                monitor: outage.monitor_id,
                name: outage.name,
                from: outage.from_at,
                to: outage.to_at,
                withdrawn: outage.withdrawn_at.is_some(),
                fault: outage.fault,
                differences: outage.differences.0,
                evidence: outage.evidence,
            })
            .collect(),
        updates: updates
            .into_iter()
            .map(|update| IncidentUpdate {
                at: update.at,
                author: update.author,
                kind: match update.kind {
                    1 => UpdateKind::Internal,
                    2 => UpdateKind::Public,
                    _ => UpdateKind::Event,
                },
                text: update.text,
            })
            .collect(),
    }))
}

/// How many incidents are open.
pub async fn count_open(db: impl PgExecutor<'_>) -> sqlx::Result<u32> {
    let open = sqlx::query_scalar!("SELECT count(*) AS \"open!\" FROM incident WHERE resolved_at IS NULL")
        .fetch_one(db)
        .await?;
    Ok(u32::try_from(open).unwrap_or(u32::MAX))
}

/// Locks an incident and tells where it stands.
pub async fn lock_incident(db: &mut PgConnection, id: i32) -> sqlx::Result<Option<IncidentStatus>> {
    let row = sqlx::query!(
        "SELECT resolved_at, withdrawn_at, merged_into, acknowledged_at FROM incident WHERE id = $1 FOR UPDATE",
        id
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| {
        if row.merged_into.is_some() {
            IncidentStatus::Merged
        } else if row.withdrawn_at.is_some() {
            IncidentStatus::Withdrawn
        } else if row.resolved_at.is_some() {
            IncidentStatus::Resolved
        } else if row.acknowledged_at.is_some() {
            IncidentStatus::Acknowledged
        } else {
            IncidentStatus::Open
        }
    }))
}

/// Opens an incident by hand; its number.
pub async fn create_incident(
    db: &mut PgConnection,
    request: &IncidentRequest,
    now: DateTime<Utc>,
) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "INSERT INTO incident (origin, title, severity, severity_by_hand, opened_at, detected_at)
         VALUES (1, $1, $2, true, $3, $3) RETURNING id",
        request.title,
        request.severity.code(),
        now
    )
    .fetch_one(db)
    .await
}

/// Links these monitors to an incident, and no others, whatever outages it has; whether all of them exist.
pub async fn link_monitors(db: &mut PgConnection, id: i32, monitors: &[i32]) -> sqlx::Result<bool> {
    sqlx::query!(
        "DELETE FROM incident_monitor WHERE incident_id = $1 AND from_at IS NULL AND monitor_id <> ALL($2)",
        id,
        monitors
    )
    .execute(&mut *db)
    .await?;
    let known = sqlx::query_scalar!(
        "WITH known AS (SELECT id FROM monitor WHERE id = ANY($2)),
         linked AS (
             INSERT INTO incident_monitor (incident_id, monitor_id)
             SELECT $1, k.id FROM known k WHERE NOT EXISTS (
                 SELECT FROM incident_monitor o WHERE o.incident_id = $1 AND o.monitor_id = k.id AND o.from_at IS NULL))
         SELECT count(*) AS \"known!\" FROM known",
        id,
        monitors
    )
    .fetch_one(db)
    .await?;
    Ok(usize::try_from(known).is_ok_and(|known| known == monitors.len()))
}

/// Says that somebody is on it, if nobody was before.
pub async fn acknowledge(db: &mut PgConnection, id: i32, user: i32, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE incident SET acknowledged_at = $3, acknowledged_by = $2 WHERE id = $1 AND acknowledged_at IS NULL",
        id,
        user,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Resolves an incident, or opens it again, whatever its outages say.
pub async fn set_resolved(
    db: &mut PgConnection,
    id: i32,
    resolved_at: Option<DateTime<Utc>>,
) -> sqlx::Result<()> {
    sqlx::query!(
        // `greatest` takes no notice of nulls.
        "UPDATE incident SET resolved_at = CASE WHEN $2::timestamptz IS NOT NULL THEN greatest($2, opened_at) END,
             resolved_by_hand = true
         WHERE id = $1",
        id,
        resolved_at
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What is to be changed of an incident; `None`: it stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct IncidentFields<'a> {
    /// The title; `Some(None)`: after its monitors.
    pub title: Option<Option<&'a str>>,
    /// The severity.
    pub severity: Option<Severity>,
    /// The number of the user who is to see to it; `Some(None)`: nobody.
    pub assignee: Option<Option<i32>>,
    /// What was learnt.
    pub post_mortem: Option<&'a str>,
}

/// Changes an incident.
pub async fn change_incident(db: &mut PgConnection, id: i32, fields: IncidentFields<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE incident SET title = CASE WHEN $2 THEN $3 ELSE title END,
             severity = coalesce($4, severity), severity_by_hand = severity_by_hand OR $4::int2 IS NOT NULL,
             assignee = CASE WHEN $5 THEN $6 ELSE assignee END, post_mortem = coalesce($7, post_mortem)
         WHERE id = $1",
        id,
        fields.title.is_some(),
        fields.title.flatten(),
        fields.severity.map(Severity::code),
        fields.assignee.is_some(),
        fields.assignee.flatten(),
        fields.post_mortem
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes something that somebody said of an incident, or did; its number.
pub async fn add_update(
    db: &mut PgConnection,
    id: i32,
    author: i32,
    kind: UpdateKind,
    text: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "INSERT INTO incident_update (incident_id, at, author, kind, text) VALUES ($1, $2, $3, $4, $5) RETURNING id",
        id,
        now,
        author,
        kind as i16,
        text
    )
    .fetch_one(db)
    .await
}

#[cfg(test)]
mod tests {
    use super::title_of;

    #[test]
    fn an_incident_is_named_after_its_monitors() {
        let names = ["shop", "mail"].map(str::to_owned);
        for (names, monitors, is_over, wanted) in [
            (&names[..1], 1, false, "shop is down"),
            (&names, 2, false, "shop and mail are down"),
            (&names, 2, true, "shop and mail were down"),
            (&names, 10, false, "shop, mail and 8 more are down"),
            (&[], 0, true, "A monitor that is gone was down"),
        ] {
            assert_eq!(title_of(names, monitors, is_over), wanted);
        }
    }
}
