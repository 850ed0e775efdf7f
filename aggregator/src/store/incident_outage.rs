//! Incidents as outages make them: `incident_monitor`, and what of `incident` follows from it. Set-based: a few statements
//! for many monitors. Written by whoever judges alone.

use super::vote::at;
use chrono::{DateTime, Utc};
use edgewatch_domain::incident::{Failure, Outage, Severity};
use sqlx::PgConnection;

/// An outage as it is stored.
#[derive(Clone, Debug)]
pub struct StoredOutage {
    /// Its number.
    pub id: i64,
    /// The incident that it belongs to.
    pub incident: i32,
    /// The monitor.
    pub monitor: i32,
    /// From when on, Unix milliseconds.
    pub from_ms: i64,
    /// Until when; `None` while it goes on.
    pub to_ms: Option<i64>,
    /// It was none after all.
    pub is_withdrawn: bool,
}

/// The outages of these monitors that last longer than each one's moment (Unix milliseconds), in order of time.
pub async fn list_outages_since(
    db: &mut PgConnection,
    monitors: &[(i32, i64)],
) -> sqlx::Result<Vec<StoredOutage>> {
    let (ids, since): (Vec<_>, Vec<_>) = monitors.iter().map(|&(id, ms)| (id, at(ms))).unzip();
    let rows = sqlx::query!(
        "SELECT o.id, o.incident_id, o.monitor_id, o.from_at AS \"from_at!\", o.to_at, o.withdrawn_at
         FROM UNNEST($1::int4[], $2::timestamptz[]) AS w (monitor_id, since)
         JOIN incident_monitor o ON o.monitor_id = w.monitor_id AND o.from_at IS NOT NULL
                                AND coalesce(o.to_at, 'infinity') > w.since
         ORDER BY o.monitor_id, o.from_at, o.id",
        &ids,
        &since
    )
    .fetch_all(db)
    .await?;
    let outages = rows.into_iter().map(|row| StoredOutage {
        id: row.id,
        incident: row.incident_id,
        monitor: row.monitor_id,
        from_ms: row.from_at.timestamp_millis(),
        to_ms: row.to_at.map(|at| at.timestamp_millis()),
        is_withdrawn: row.withdrawn_at.is_some(),
    });
    Ok(outages.collect())
}

/// What became of outages, as columns for `UNNEST`.
#[derive(Debug, Default)]
pub struct OutageRows {
    id: Vec<i64>,
    from_at: Vec<DateTime<Utc>>,
    to_at: Vec<Option<DateTime<Utc>>>,
    is_withdrawn: Vec<bool>,
}

impl OutageRows {
    /// An outage has these times; withdrawn if there are none.
    pub fn push(&mut self, stored: &StoredOutage, outage: Option<&Outage>) {
        self.id.push(stored.id);
        self.from_at
            .push(at(outage.map_or(stored.from_ms, |outage| outage.from_ms)));
        self.to_at
            .push(outage.map_or(stored.to_ms, |outage| outage.to_ms).map(at));
        self.is_withdrawn.push(outage.is_none());
    }

    /// Stores them.
    pub async fn store(&self, db: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
        if self.id.is_empty() {
            return Ok(());
        }
        sqlx::query!(
            "UPDATE incident_monitor o SET from_at = n.from_at, to_at = n.to_at,
                 withdrawn_at = CASE WHEN n.is_withdrawn THEN coalesce(o.withdrawn_at, $5) END
             FROM UNNEST($1::int8[], $2::timestamptz[], $3::timestamptz[], $4::bool[]) AS n (id, from_at, to_at, is_withdrawn)
             WHERE o.id = n.id",
            &self.id,
            &self.from_at,
            &self.to_at as _,
            &self.is_withdrawn,
            now
        )
        .execute(db)
        .await?;
        Ok(())
    }
}

/// What monitors may have in common with others: for each that exists its tags, its type and its target.
pub async fn list_common_ground(
    db: &mut PgConnection,
    monitors: &[i32],
) -> sqlx::Result<Vec<(i32, Vec<String>, String, String)>> {
    let rows = sqlx::query!(
        "SELECT id, tags, kind, target FROM monitor WHERE id = ANY($1)",
        monitors
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, row.tags, row.kind, row.target))
        .collect())
}

/// An outage as it is merged.
#[derive(Clone, Debug)]
pub struct PlacedOutage {
    /// Its number, and its incident; `None` if it is new.
    pub placed: Option<(i64, i32)>,
    /// What it is merged by.
    pub failure: Failure,
    /// Until when; `None` while it goes on.
    pub to_ms: Option<i64>,
}

/// The outages of the incidents that were opened at this time (Unix milliseconds) or after it, withdrawn ones left out.
pub async fn list_outages_to_merge(
    db: &mut PgConnection,
    opened_since_ms: i64,
) -> sqlx::Result<Vec<PlacedOutage>> {
    let rows = sqlx::query!(
        "SELECT o.id, o.incident_id, o.monitor_id, o.from_at AS \"from_at!\", o.to_at, o.tags, o.host, o.addresses
         FROM incident i JOIN incident_monitor o ON o.incident_id = i.id
         WHERE i.opened_at >= $1 AND i.origin = 0 AND o.from_at IS NOT NULL AND o.withdrawn_at IS NULL
         ORDER BY o.id",
        at(opened_since_ms)
    )
    .fetch_all(db)
    .await?;
    let outages = rows.into_iter().map(|row| PlacedOutage {
        placed: Some((row.id, row.incident_id)),
        failure: Failure {
            monitor: row.monitor_id,
            began_ms: row.from_at.timestamp_millis(),
            tags: row.tags.into_iter().collect(),
            host: row.host,
            addresses: row.addresses.into_iter().collect(),
        },
        to_ms: row.to_at.map(|at| at.timestamp_millis()),
    });
    Ok(outages.collect())
}

/// Opens so many incidents; their numbers, in order.
pub async fn open_incidents(
    db: &mut PgConnection,
    opened_ms: &[i64],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<i32>> {
    if opened_ms.is_empty() {
        return Ok(Vec::new());
    }
    let opened_at: Vec<_> = opened_ms.iter().copied().map(at).collect();
    let mut numbers = sqlx::query_scalar!(
        "INSERT INTO incident (origin, severity, opened_at, detected_at)
         SELECT 0, $2, opened_at, greatest($3, opened_at) FROM UNNEST($1::timestamptz[]) AS opened_at
         RETURNING id",
        &opened_at,
        Severity::Major.code(),
        now
    )
    .fetch_all(db)
    .await?;
    numbers.sort_unstable();
    Ok(numbers)
}

/// New outages with the incidents that they belong to.
pub async fn insert_outages(
    db: &mut PgConnection,
    outages: &[(i32, &PlacedOutage)],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    if outages.is_empty() {
        return Ok(());
    }
    let column = |of: fn(&PlacedOutage) -> Option<String>| -> Vec<Option<String>> {
        outages.iter().map(|(_, outage)| of(outage)).collect()
    };
    let incident: Vec<_> = outages.iter().map(|(incident, _)| *incident).collect();
    let monitor: Vec<_> = outages.iter().map(|(_, outage)| outage.failure.monitor).collect();
    let from_at: Vec<_> = outages
        .iter()
        .map(|(_, outage)| at(outage.failure.began_ms))
        .collect();
    let to_at: Vec<_> = outages.iter().map(|(_, outage)| outage.to_ms.map(at)).collect();
    sqlx::query!(
        "INSERT INTO incident_monitor (incident_id, monitor_id, from_at, to_at, tags, host, evidence_due_at)
         SELECT incident_id, monitor_id, from_at, to_at, ARRAY(SELECT json_array_elements_text(tags::json)), host, $7
         FROM UNNEST($1::int4[], $2::int4[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[])
             AS n (incident_id, monitor_id, from_at, to_at, tags, host)",
        &incident,
        &monitor,
        &from_at,
        &to_at as _,
        // Arrays of arrays cannot be told apart by `UNNEST`.
        &column(|outage| serde_json::to_string(&outage.failure.tags).ok()) as _,
        &column(|outage| outage.failure.host.clone()) as _,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Moves outages to other incidents.
pub async fn move_outages(db: &mut PgConnection, moved: &[(i64, i32)]) -> sqlx::Result<()> {
    if moved.is_empty() {
        return Ok(());
    }
    let (ids, incidents): (Vec<_>, Vec<_>) = moved.iter().copied().unzip();
    sqlx::query!(
        "UPDATE incident_monitor o SET incident_id = n.incident_id
         FROM UNNEST($1::int8[], $2::int4[]) AS n (id, incident_id) WHERE o.id = n.id",
        &ids,
        &incidents
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Makes incidents one with others, `(what, into)`: with all that is left of them, and a word of it on both sides.
pub async fn merge_incidents(
    db: &mut PgConnection,
    merged: &[(i32, i32)],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    if merged.is_empty() {
        return Ok(());
    }
    let (ids, into): (Vec<_>, Vec<_>) = merged.iter().copied().unzip();
    sqlx::query!(
        "WITH n AS (SELECT * FROM UNNEST($1::int4[], $2::int4[]) AS n (id, into_id)),
         moved AS (UPDATE incident_monitor o SET incident_id = n.into_id FROM n WHERE o.incident_id = n.id),
         -- Whoever was on it is on both.
         joined AS (
             UPDATE incident i SET acknowledged_at = coalesce(i.acknowledged_at, m.acknowledged_at),
                    acknowledged_by = coalesce(i.acknowledged_by, m.acknowledged_by),
                    assignee = coalesce(i.assignee, m.assignee)
             FROM n JOIN incident m ON m.id = n.id WHERE i.id = n.into_id),
         said AS (
             INSERT INTO incident_update (incident_id, at, kind, text)
             SELECT n.id, $3::timestamptz, 0::smallint, 'Merged into incident ' || n.into_id FROM n
             UNION ALL SELECT n.into_id, $3, 0::smallint, 'Incident ' || n.id || ' was merged into this one' FROM n)
         UPDATE incident i SET merged_into = n.into_id, resolved_at = coalesce(i.resolved_at, greatest($3, i.opened_at))
         FROM n WHERE i.id = n.id",
        &ids,
        &into,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What the outages of an incident come to.
#[derive(Debug)]
pub struct Standing {
    /// The incident.
    pub id: i32,
    /// It was resolved, Unix milliseconds.
    pub resolved_ms: Option<i64>,
    /// Somebody has resolved it or opened it again.
    pub resolved_by_hand: bool,
    /// It was withdrawn.
    pub was_withdrawn: bool,
    /// Somebody has set its severity.
    pub severity: Option<Severity>,
    /// When it was opened, as it is stored.
    pub opened_ms: i64,
    /// When the first of its outages began; `None` if there is none.
    pub first_ms: Option<i64>,
    /// When the last of them ended.
    pub last_ms: Option<i64>,
    /// How many of them go on.
    pub ongoing: i64,
    /// How many monitors they are of.
    pub monitors: i64,
}

/// What the outages of these incidents come to now; nobody changes these until the transaction ends.
pub async fn list_standings(db: &mut PgConnection, incidents: &[i32]) -> sqlx::Result<Vec<Standing>> {
    let rows = sqlx::query!(
        "SELECT i.id, i.resolved_at, i.resolved_by_hand, i.withdrawn_at, i.severity, i.severity_by_hand, i.opened_at,
                s.first_at, s.last_at, s.ongoing AS \"ongoing!\", s.monitors AS \"monitors!\"
         FROM incident i CROSS JOIN LATERAL (
             SELECT min(o.from_at) AS first_at, max(o.to_at) AS last_at, count(*) FILTER (WHERE o.to_at IS NULL) AS ongoing,
                    count(DISTINCT o.monitor_id) AS monitors
             FROM incident_monitor o
             WHERE o.incident_id = i.id AND o.from_at IS NOT NULL AND o.withdrawn_at IS NULL) AS s
         WHERE i.id = ANY($1) AND i.merged_into IS NULL
         ORDER BY i.id FOR UPDATE OF i",
        incidents
    )
    .fetch_all(db)
    .await?;
    let ms = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_millis());
    let standings = rows.into_iter().map(|row| Standing {
        id: row.id,
        resolved_ms: ms(row.resolved_at),
        resolved_by_hand: row.resolved_by_hand,
        was_withdrawn: row.withdrawn_at.is_some(),
        severity: Severity::from_code(row.severity).filter(|_| row.severity_by_hand),
        opened_ms: row.opened_at.timestamp_millis(),
        first_ms: ms(row.first_at),
        last_ms: ms(row.last_at),
        ongoing: row.ongoing,
        monitors: row.monitors,
    });
    Ok(standings.collect())
}

/// How incidents stand, as columns for `UNNEST`.
#[derive(Debug, Default)]
pub struct StandingRows {
    id: Vec<i32>,
    opened_at: Vec<DateTime<Utc>>,
    resolved_at: Vec<Option<DateTime<Utc>>>,
    resolved_by_hand: Vec<bool>,
    is_withdrawn: Vec<bool>,
    severity: Vec<i16>,
}

impl StandingRows {
    /// Adds one.
    pub fn push(&mut self, standing: &Standing, severity: Severity) {
        self.id.push(standing.id);
        self.opened_at
            .push(at(standing.first_ms.unwrap_or(standing.opened_ms)));
        self.resolved_at.push(standing.resolved_ms.map(at));
        self.resolved_by_hand.push(standing.resolved_by_hand);
        self.is_withdrawn.push(standing.first_ms.is_none());
        self.severity.push(severity.code());
    }

    /// Stores them.
    pub async fn store(&self, db: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<()> {
        sqlx::query!(
            "UPDATE incident i SET opened_at = n.opened_at, resolved_at = n.resolved_at, resolved_by_hand = n.resolved_by_hand,
                 severity = n.severity, withdrawn_at = CASE WHEN n.is_withdrawn THEN coalesce(i.withdrawn_at, $7) END
             FROM UNNEST($1::int4[], $2::timestamptz[], $3::timestamptz[], $4::bool[], $5::bool[], $6::int2[])
                 AS n (id, opened_at, resolved_at, resolved_by_hand, is_withdrawn, severity)
             WHERE i.id = n.id",
            &self.id,
            &self.opened_at,
            &self.resolved_at as _,
            &self.resolved_by_hand,
            &self.is_withdrawn,
            &self.severity,
            now
        )
        .execute(db)
        .await?;
        Ok(())
    }
}

/// Names of monitors, in order.
pub async fn list_monitor_names(db: &mut PgConnection, monitors: &[i32]) -> sqlx::Result<Vec<(i32, String)>> {
    let rows = sqlx::query!(
        "SELECT id, name FROM monitor WHERE id = ANY($1) ORDER BY name",
        monitors
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Notes events of incidents' lives.
pub async fn note_events(
    db: &mut PgConnection,
    events: &[(i32, String)],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let (incidents, texts): (Vec<_>, Vec<_>) = events.iter().cloned().unzip();
    sqlx::query!(
        "INSERT INTO incident_update (incident_id, at, kind, text)
         SELECT incident_id, $3, 0, text FROM UNNEST($1::int4[], $2::text[]) AS n (incident_id, text)",
        &incidents,
        &texts,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}
