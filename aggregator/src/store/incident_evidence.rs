//! The frozen evidence of outages: `incident_evidence`, and what is read for it of `result`. Set-based: a few
//! statements for many outages.

use super::result::ResultKey;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use sqlx::{PgConnection, PgExecutor};
use std::collections::{BTreeMap, BTreeSet};

/// How far before an outage the last good result is looked for.
const LOOK_BACK: TimeDelta = TimeDelta::days(2);

/// An outage whose evidence is to be read.
#[derive(Clone, Debug)]
pub struct DueOutage {
    /// Its number.
    pub id: i64,
    /// Its incident.
    pub incident: i32,
    /// The monitor.
    pub monitor: i32,
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when.
    pub to: Option<DateTime<Utc>>,
    /// How often it was read already.
    pub reads: i16,
    /// The monitor's interval, seconds.
    pub interval_s: i32,
}

/// Whether the evidence of an outage is to be read.
pub async fn is_evidence_due(db: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM incident_monitor WHERE evidence_due_at <= $1) AS \"is_due!\"",
        now
    )
    .fetch_one(db)
    .await
}

/// Outages whose evidence is to be read, the longest due first, at most so many.
pub async fn list_due_outages(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    at_most: i64,
) -> sqlx::Result<Vec<DueOutage>> {
    sqlx::query_as!(
        DueOutage,
        "SELECT o.id, o.incident_id AS incident, o.monitor_id AS monitor, o.from_at AS \"from!\", o.to_at AS \"to\",
                o.evidence_reads AS reads, m.interval_s
         FROM incident_monitor o JOIN monitor m ON m.id = o.monitor_id
         WHERE o.evidence_due_at <= $1 AND o.from_at IS NOT NULL
         ORDER BY o.evidence_due_at, o.id LIMIT $2",
        now,
        at_most
    )
    .fetch_all(db)
    .await
}

/// What a region saw of an outage, by the results' names.
#[derive(Debug)]
pub struct RegionResults {
    /// The outage.
    pub outage: i64,
    /// The region.
    pub region: String,
    /// The first failing result; the latest one where none failed.
    pub seen: ResultKey,
    /// Time minus slot of it, milliseconds.
    pub seen_lag_ms: i32,
    /// The last good one before it.
    pub last_good: Option<(ResultKey, i32)>,
}

/// What the regions saw of outages.
pub async fn list_region_results(
    db: &mut PgConnection,
    outages: &[DueOutage],
) -> sqlx::Result<Vec<RegionResults>> {
    let ids: Vec<_> = outages.iter().map(|outage| outage.id).collect();
    let monitors: Vec<_> = outages.iter().map(|outage| outage.monitor).collect();
    let from: Vec<_> = outages.iter().map(|outage| outage.from).collect();
    let to: Vec<_> = outages.iter().map(|outage| outage.to).collect();
    let rows = sqlx::query!(
        // In each region: a failure of the outage, or right before it where nothing has come since; the last good result
        // before that; and the first failure after that, which may lie before the outage where other regions saw it later.
        "SELECT w.id AS \"id!\", g.name AS region, s.time AS \"time!\", s.batch_id AS \"batch_id!\", s.position AS \"position!\",
                s.lag_ms AS \"lag_ms!\",
                good.time AS \"good_time?\", good.batch_id AS \"good_batch_id?\", good.position AS \"good_position?\",
                good.lag_ms AS \"good_lag_ms?\"
         FROM UNNEST($1::int8[], $2::int4[], $3::timestamptz[], $4::timestamptz[]) AS w (id, monitor_id, from_at, to_at)
         JOIN region_state v ON v.monitor_id = w.monitor_id JOIN region g ON g.id = v.region_id
         LEFT JOIN LATERAL (
             SELECT coalesce(
                 (SELECT r.time FROM result r
                  WHERE r.monitor_id = w.monitor_id AND r.region_id = g.id AND r.outcome = 2 AND r.time >= w.from_at
                    AND r.time < coalesce(w.to_at, 'infinity')
                  ORDER BY r.time LIMIT 1),
                 (SELECT CASE WHEN l.outcome = 2 THEN l.time END
                  FROM (SELECT r.time, r.outcome FROM result r
                        WHERE r.monitor_id = w.monitor_id AND r.region_id = g.id AND r.outcome <> 3
                          AND r.time > w.from_at - $5::interval AND r.time < w.from_at
                        ORDER BY r.time DESC LIMIT 1) AS l)) AS time) AS failed ON true
         LEFT JOIN LATERAL (
             SELECT r.time, r.batch_id, r.position, r.lag_ms FROM result r
             WHERE r.monitor_id = w.monitor_id AND r.region_id = g.id AND r.outcome IN (0, 1)
               AND r.time > w.from_at - $5::interval AND r.time < coalesce(failed.time, w.from_at)
             ORDER BY r.time DESC LIMIT 1) AS good ON true
         JOIN LATERAL (
             (SELECT r.time, r.batch_id, r.position, r.lag_ms FROM result r
              WHERE r.monitor_id = w.monitor_id AND r.region_id = g.id AND r.outcome = 2
                AND r.time > coalesce(good.time, w.from_at - $5::interval) AND r.time <= failed.time
              ORDER BY r.time LIMIT 1)
             UNION ALL
             (SELECT r.time, r.batch_id, r.position, r.lag_ms FROM result r
              WHERE failed.time IS NULL AND r.monitor_id = w.monitor_id AND r.region_id = g.id
                AND r.time > w.from_at - $5::interval AND r.time < coalesce(w.to_at, 'infinity')
              ORDER BY r.time DESC LIMIT 1)) AS s ON true
         ORDER BY w.id, g.name",
        &ids,
        &monitors,
        &from,
        &to as _,
        LOOK_BACK as _
    )
    .fetch_all(db)
    .await?;
    let found = rows.into_iter().map(|row| RegionResults {
        outage: row.id,
        region: row.region,
        seen: ResultKey {
            time: row.time,
            batch_id: row.batch_id,
            position: row.position,
        },
        seen_lag_ms: row.lag_ms,
        last_good: match (
            row.good_time,
            row.good_batch_id,
            row.good_position,
            row.good_lag_ms,
        ) {
            (Some(time), Some(batch_id), Some(position), Some(lag_ms)) => {
                let key = ResultKey {
                    time,
                    batch_id,
                    position,
                };
                Some((key, lag_ms))
            }
            _ => None,
        },
    });
    Ok(found.collect())
}

/// What was read of an outage.
#[derive(Debug)]
pub struct ReadOutage {
    /// Its number.
    pub id: i64,
    /// What is wrong.
    pub fault: Option<String>,
    /// What is other than it was.
    pub differences: Value,
    /// The addresses that failed.
    pub addresses: BTreeSet<String>,
    /// When to read once more; `None`: it is frozen.
    pub due_at: Option<DateTime<Utc>>,
    /// Region by region: what was seen, and the last good result before.
    pub regions: Vec<(String, Value, Option<Value>)>,
}

/// Freezes what was read. What a region saw that failed stays as it was frozen first.
pub async fn store_evidence(db: &mut PgConnection, outages: &[ReadOutage]) -> sqlx::Result<()> {
    let ids: Vec<_> = outages.iter().map(|outage| outage.id).collect();
    let fault: Vec<_> = outages.iter().map(|outage| outage.fault.clone()).collect();
    let differences: Vec<_> = outages.iter().map(|outage| outage.differences.clone()).collect();
    let addresses: Vec<_> = outages
        .iter()
        .map(|outage| outage.addresses.iter().cloned().collect::<Vec<_>>().join(","))
        .collect();
    let due_at: Vec<_> = outages.iter().map(|outage| outage.due_at).collect();
    sqlx::query!(
        "UPDATE incident_monitor o SET fault = n.fault, differences = n.differences, evidence_reads = o.evidence_reads + 1,
             addresses = string_to_array(n.addresses, ','), evidence_due_at = n.due_at
         FROM UNNEST($1::int8[], $2::text[], $3::jsonb[], $4::text[], $5::timestamptz[])
             AS n (id, fault, differences, addresses, due_at)
         WHERE o.id = n.id",
        &ids,
        &fault as _,
        &differences,
        &addresses,
        &due_at as _
    )
    .execute(&mut *db)
    .await?;
    let (mut outage, mut region, mut seen, mut last_good) = (vec![], vec![], vec![], vec![]);
    for read in outages {
        for (name, saw, good) in &read.regions {
            outage.push(read.id);
            region.push(name.clone());
            seen.push(saw.clone());
            last_good.push(good.clone());
        }
    }
    sqlx::query!(
        "INSERT INTO incident_evidence AS e (incident_monitor_id, region, seen, last_good)
         SELECT * FROM UNNEST($1::int8[], $2::text[], $3::jsonb[], $4::jsonb[])
         ON CONFLICT (incident_monitor_id, region) DO UPDATE SET seen = excluded.seen, last_good = excluded.last_good
             WHERE e.seen #>> '{sight,outcome,state}' <> 'down'",
        &outage,
        &region,
        &seen,
        &last_good as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Says of these incidents what is wrong: what is wrong with most of their monitors.
pub async fn store_faults(db: &mut PgConnection, incidents: &[i32]) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE incident i SET fault = s.text
         FROM (SELECT DISTINCT ON (incident_id) incident_id,
                      CASE WHEN monitors = total THEN fault
                           ELSE fault || ' (' || monitors || ' of ' || total || ' monitors)' END AS text
               FROM (SELECT incident_id, fault, count(DISTINCT monitor_id) AS monitors
                     FROM incident_monitor WHERE incident_id = ANY($1) AND fault IS NOT NULL AND withdrawn_at IS NULL
                     GROUP BY incident_id, fault) AS each_fault
               JOIN (SELECT incident_id, count(DISTINCT monitor_id) AS total
                     FROM incident_monitor WHERE incident_id = ANY($1) AND from_at IS NOT NULL AND withdrawn_at IS NULL
                     GROUP BY incident_id) AS total USING (incident_id)
               ORDER BY incident_id, monitors DESC, fault) AS s
         WHERE i.id = s.incident_id AND i.fault IS DISTINCT FROM s.text",
        incidents
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The evidence of an outage of an incident: region by region what was seen, and the last good result before. `None`: there
/// is no such outage.
pub async fn find_evidence(
    db: &mut PgConnection,
    incident: i32,
    outage: i64,
) -> sqlx::Result<Option<BTreeMap<String, (Value, Option<Value>)>>> {
    let rows = sqlx::query!(
        "SELECT e.region AS \"region?\", e.seen AS \"seen?\", e.last_good
         FROM incident_monitor o LEFT JOIN incident_evidence e ON e.incident_monitor_id = o.id
         WHERE o.id = $2 AND o.incident_id = $1",
        incident,
        outage
    )
    .fetch_all(db)
    .await?;
    if rows.is_empty() {
        return Ok(None);
    }
    let regions = rows
        .into_iter()
        .filter_map(|row| Some((row.region?, (row.seen?, row.last_good))));
    Ok(Some(regions.collect()))
}
