//! What status pages tell beside the record of states: incidents with their public updates, how long checks took, what
//! regions see. One statement each, however many pages there are.

use super::{policy::Places, stored_histogram::StoredHistogram};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::incident::Severity;
use edgewatch_domain::{latency::Histogram, span::Span, verdict::Verdict};
use sqlx::PgExecutor;
use std::collections::BTreeMap;

/// No result waits longer to be summed up.
const WAITING_FOR: TimeDelta = TimeDelta::days(3);
/// Incidents read at once: those that go on first, then the newest.
const INCIDENTS_AT_MOST: i64 = 5_000;
/// Public updates of one incident that are told, the latest.
const UPDATES_AT_MOST: i64 = 100;

/// An incident as far as the public may know of it.
#[derive(Clone, Debug)]
pub struct StoredIncident {
    /// Its number.
    pub id: i32,
    /// Somebody has opened it.
    pub by_hand: bool,
    /// As somebody has named it.
    pub title: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// When its first outage began.
    pub opened_at: DateTime<Utc>,
    /// When it ended.
    pub resolved_at: Option<DateTime<Utc>>,
    /// When somebody first said that they are on it.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Its outages of the monitors that were asked for, and those of them that are linked.
    pub outages: Vec<StoredOutage>,
    /// What was published of it, the latest first: number, when, text.
    pub updates: Vec<(i64, DateTime<Utc>, String)>,
}

/// An outage of a monitor, or a monitor that somebody has linked.
#[derive(Clone, Copy, Debug)]
pub struct StoredOutage {
    /// The monitor.
    pub monitor: i32,
    /// When it began; `None` for one that is linked.
    pub from: Option<DateTime<Utc>>,
    /// When it ended.
    pub to: Option<DateTime<Utc>>,
}

/// The incidents (or the one of this number) that concern these monitors and have time in common with a window, or go on;
/// the newest first.
pub async fn list_incidents(
    db: impl PgExecutor<'_>,
    id: Option<i32>,
    monitors: &[i32],
    window: Span,
) -> sqlx::Result<Vec<StoredIncident>> {
    let at = |ms| DateTime::from_timestamp_millis(ms).unwrap_or_default();
    let rows = sqlx::query!(
        r#"SELECT i.id, i.origin, i.title, i.severity, i.opened_at, i.resolved_at, i.acknowledged_at,
                  o.monitors AS "monitors!", o.froms AS "froms!: Vec<Option<DateTime<Utc>>>", o.tos AS "tos!: Vec<Option<DateTime<Utc>>>",
                  u.ids AS "ids!", u.ats AS "ats!", u.texts AS "texts!"
           FROM incident i
           CROSS JOIN LATERAL (
               SELECT array_agg(m.monitor_id ORDER BY m.id) AS monitors, array_agg(m.from_at ORDER BY m.id) AS froms,
                      array_agg(m.to_at ORDER BY m.id) AS tos
               FROM incident_monitor m
               WHERE m.incident_id = i.id AND m.withdrawn_at IS NULL AND m.monitor_id = ANY($1)) AS o
           CROSS JOIN LATERAL (
               SELECT coalesce(array_agg(p.id ORDER BY p.id DESC), '{}') AS ids,
                      coalesce(array_agg(p.at ORDER BY p.id DESC), '{}') AS ats,
                      coalesce(array_agg(p.text ORDER BY p.id DESC), '{}') AS texts
               FROM (SELECT id, at, text FROM incident_update
                     WHERE incident_id = i.id AND kind = 2 ORDER BY id DESC LIMIT $5) AS p) AS u
           WHERE i.merged_into IS NULL AND i.withdrawn_at IS NULL AND i.opened_at < $3
             AND (i.resolved_at IS NULL OR i.resolved_at >= $2) AND o.monitors IS NOT NULL
             AND ($6::int4 IS NULL OR i.id = $6)
           ORDER BY i.resolved_at IS NOT NULL, i.opened_at DESC, i.id DESC LIMIT $4"#,
        monitors,
        at(window.from_ms),
        at(window.to_ms),
        INCIDENTS_AT_MOST,
        UPDATES_AT_MOST,
        id
    )
    .fetch_all(db)
    .await?;
    let mut incidents: Vec<_> = rows
        .into_iter()
        .map(|row| StoredIncident {
            id: row.id,
            by_hand: row.origin != 0,
            title: row.title,
            severity: Severity::from_code(row.severity).unwrap_or(Severity::Major),
            opened_at: row.opened_at,
            resolved_at: row.resolved_at,
            acknowledged_at: row.acknowledged_at,
            outages: (row.monitors.into_iter().zip(row.froms).zip(row.tos))
                .map(|((monitor, from), to)| StoredOutage { monitor, from, to })
                .collect(),
            updates: (row.ids.into_iter().zip(row.ats).zip(row.texts))
                .map(|((id, at), text)| (id, at, text))
                .collect(),
        })
        .collect();
    incidents.sort_by_key(|incident| std::cmp::Reverse((incident.opened_at, incident.id)));
    Ok(incidents)
}

/// How long the checks of a group of monitors took, hour by hour from the window's beginning: those hours that have any.
pub async fn list_latencies(
    db: impl PgExecutor<'_>,
    (components, monitors): (&[i32], &[i32]),
    window: Span,
) -> sqlx::Result<BTreeMap<i32, Vec<(usize, Histogram)>>> {
    let at = |ms| DateTime::from_timestamp_millis(ms).unwrap_or_default();
    let (from, to) = (at(window.from_ms), at(window.to_ms));
    let rows = sqlx::query!(
        // No more than an hour is summed up here: that cannot overflow.
        r#"SELECT w.component_id AS "component_id!", r.hour AS "hour!", sum(r.total_hist) AS "hist!: StoredHistogram"
           FROM UNNEST($1::int4[], $2::int4[]) AS w (component_id, monitor_id)
           CROSS JOIN LATERAL (
               SELECT date_bin('1 hour', m.bucket, '2000-01-01 00:00Z') AS hour, m.total_hist
               FROM monitor_rollup(w.monitor_id, 2::int2, $3, $4, $5) AS m) AS r
           WHERE r.total_hist IS NOT NULL GROUP BY 1, 2"#,
        components,
        monitors,
        from,
        to,
        to - WAITING_FOR
    )
    .fetch_all(db)
    .await?;
    let mut latencies: BTreeMap<i32, Vec<_>> = BTreeMap::new();
    for row in rows {
        let index = usize::try_from((row.hour - from).num_hours()).unwrap_or_default();
        latencies
            .entry(row.component_id)
            .or_default()
            .push((index, row.hist.0));
    }
    Ok(latencies)
}

/// What regions see of these monitors, by monitor: what the region is called, and its vote.
pub async fn list_region_votes(
    db: impl PgExecutor<'_>,
    monitors: &[i32],
) -> sqlx::Result<BTreeMap<i32, Vec<(String, Verdict)>>> {
    let rows = sqlx::query!(
        r#"SELECT s.monitor_id, coalesce(nullif(r.label, ''), r.name) AS "name!", s.verdict
           FROM region_state s JOIN region r ON r.id = s.region_id JOIN monitor m ON m.id = s.monitor_id
           WHERE s.monitor_id = ANY($1) AND (m.all_regions OR EXISTS (
               SELECT FROM monitor_region mr WHERE mr.monitor_id = m.id AND mr.region_id = r.id))
           ORDER BY s.monitor_id, r.name"#,
        monitors
    )
    .fetch_all(db)
    .await?;
    let mut votes: BTreeMap<i32, Vec<_>> = BTreeMap::new();
    for row in rows {
        let verdict = Verdict::from_code(row.verdict).unwrap_or(Verdict::Unknown);
        votes.entry(row.monitor_id).or_default().push((row.name, verdict));
    }
    Ok(votes)
}

/// Where these monitors belong, by monitor.
pub async fn list_places(db: impl PgExecutor<'_>, monitors: &[i32]) -> sqlx::Result<BTreeMap<i32, Places>> {
    let rows = sqlx::query!(
        r#"SELECT m.id, m.tags,
                  array_agg(DISTINCT s.component_id) FILTER (WHERE s.component_id IS NOT NULL) AS groups,
                  array_agg(DISTINCT s.page_id) FILTER (WHERE s.page_id IS NOT NULL) AS pages
           FROM monitor m LEFT JOIN status_page_membership s ON s.monitor_id = m.id
           WHERE m.id = ANY($1) GROUP BY m.id"#,
        monitors
    )
    .fetch_all(db)
    .await?;
    let places = rows.into_iter().map(|row| {
        let places = Places {
            tags: row.tags,
            groups: row.groups.unwrap_or_default(),
            pages: row.pages.unwrap_or_default(),
        };
        (row.id, places)
    });
    Ok(places.collect())
}

/// When anything was known first of any of these monitors and components, Unix milliseconds.
pub async fn find_known_since(
    db: impl PgExecutor<'_>,
    monitors: &[i32],
    components: &[i32],
) -> sqlx::Result<Option<i64>> {
    let known_since = sqlx::query_scalar!(
        "SELECT least((SELECT min(from_at) FROM state_interval WHERE monitor_id = ANY($1)),
                      (SELECT min(from_at) FROM status_page_state WHERE component_id = ANY($2)))",
        monitors,
        components
    )
    .fetch_one(db)
    .await?;
    Ok(known_since.map(|at| at.timestamp_millis()))
}
