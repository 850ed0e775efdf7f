//! What monitors are judged by, over time: `monitor_policy`, `monitor_to_judge`.

use super::evaluation_queue::void_evaluation;
use chrono::{DateTime, Utc};
use edgewatch_domain::{
    maintenance::{Membership, Scope},
    policy::{FlappingPolicy, Policy, PolicyHistory, RegionId},
    span::{Span, SpanSet},
};
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// What a monitor is judged by.
#[derive(Clone, Debug)]
pub struct MonitorRules {
    /// When it was created, Unix milliseconds.
    pub created_ms: i64,
    /// The policies over time.
    pub history: PolicyHistory,
    /// When it was paused; a pause that lasts has no end.
    pub pauses: SpanSet,
    /// Where it belonged, each with the time from which it did; the first from the beginning of time.
    pub places: Vec<(i64, Places)>,
}

/// Where a monitor belongs, as far as maintenance goes by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The tags that it carries.
    pub tags: Vec<String>,
    /// The components and groups of status pages that it is in.
    pub groups: Vec<i32>,
    /// The status pages that show it.
    pub pages: Vec<i32>,
}

impl Places {
    /// As the domain asks for it.
    pub fn of(&self, monitor: i32) -> Membership<'_> {
        Membership {
            monitor,
            tags: &self.tags,
            groups: &self.groups,
            pages: &self.pages,
        }
    }
}

/// From when on, what, whether paused, and where it belongs.
type Entry = (i64, Policy, bool, Places);

/// What these monitors are judged by; those that are gone are left out.
pub async fn list_rules(
    db: &mut PgConnection,
    monitors: &[i32],
) -> sqlx::Result<BTreeMap<i32, MonitorRules>> {
    let rows = sqlx::query!(
        "SELECT m.id, m.created_at, p.from_at, p.interval_s, p.confirmations, p.recoveries, p.quorum, p.paused, p.tags,
                p.groups, p.pages, p.flapping_changes, p.flapping_within_s, p.flapping_holds_s,
                coalesce(p.regions, ARRAY(SELECT r.id FROM region r)) AS \"regions!\"
         FROM UNNEST($1::int4[]) AS w (id) JOIN monitor m USING (id) JOIN monitor_policy p ON p.monitor_id = m.id
         ORDER BY m.id, p.from_at",
        monitors
    )
    .fetch_all(db)
    .await?;
    let mut entries: BTreeMap<i32, (i64, Vec<Entry>)> = BTreeMap::new();
    for row in rows {
        let policy = Policy {
            confirmations: u8::try_from(row.confirmations).unwrap_or(1),
            recoveries: u8::try_from(row.recoveries).unwrap_or(1),
            quorum: row.quorum.parse().unwrap_or_default(),
            flapping: FlappingPolicy {
                changes: row.flapping_changes.unsigned_abs(),
                within_ms: i64::from(row.flapping_within_s) * 1000,
                holds_ms: i64::from(row.flapping_holds_s) * 1000,
            },
            ..Policy::new(
                i64::from(row.interval_s) * 1000,
                row.regions.into_iter().map(i16::cast_unsigned),
            )
        };
        let created_ms = row.created_at.timestamp_millis();
        let (_, of_monitor) = entries.entry(row.id).or_insert((created_ms, Vec::new()));
        let places = Places {
            tags: row.tags,
            groups: row.groups,
            pages: row.pages,
        };
        of_monitor.push((row.from_at.timestamp_millis(), policy, row.paused, places));
    }
    let rules = entries.into_iter().filter_map(|(id, (created_ms, mut entries))| {
        let pauses = pauses(&entries);
        let mut places: Vec<_> = entries
            .iter_mut()
            .map(|entry| (entry.0, std::mem::take(&mut entry.3)))
            .collect();
        places.dedup_by(|next, last| next.1 == last.1);
        if let Some(first) = places.first_mut() {
            first.0 = i64::MIN;
        }
        let policies = entries.into_iter().map(|entry| (entry.0, entry.1));
        let history = PolicyHistory::from_entries(policies)?;
        Some((
            id,
            MonitorRules {
                created_ms,
                history,
                pauses,
                places,
            },
        ))
    });
    Ok(rules.collect())
}

fn pauses(entries: &[Entry]) -> SpanSet {
    let ends = entries.iter().skip(1).map(|entry| entry.0).chain([i64::MAX]);
    let paused = entries.iter().zip(ends).filter(|(entry, _)| entry.2);
    paused
        .map(|(&(from_ms, ..), to_ms)| Span::new(from_ms, to_ms))
        .collect()
}

impl MonitorRules {
    /// Whether a region's votes count now.
    pub fn asks(&self, region: RegionId) -> bool {
        let current = self.history.entries().last();
        current.is_some_and(|(_, policy)| policy.regions.binary_search(&region).is_ok())
    }

    /// When a scope covers the monitor of this number: always, or while it belongs where the scope says.
    pub fn covered_by(&self, monitor: i32, scope: &Scope) -> SpanSet {
        let ends = self.places.iter().skip(1).map(|next| next.0).chain([i64::MAX]);
        let covered = self
            .places
            .iter()
            .zip(ends)
            .filter(|((_, places), _)| scope.covers(places.of(monitor)));
        covered
            .map(|(&(from_ms, _), to_ms)| Span::new(from_ms, to_ms))
            .collect()
    }
}

/// Notes what monitors are judged by from now on, if that is something else than before, and has them judged again.
pub async fn note_policies(db: &mut PgConnection, monitors: &[i32], now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH member AS MATERIALIZED (SELECT * FROM status_page_membership WHERE monitor_id = ANY($1)),
         new AS (
             SELECT m.id, m.interval_s, m.confirmations, m.recoveries, m.quorum, m.paused, m.tags,
                    ARRAY(SELECT DISTINCT component_id FROM member WHERE monitor_id = m.id ORDER BY 1) AS groups,
                    ARRAY(SELECT DISTINCT page_id FROM member WHERE monitor_id = m.id ORDER BY 1) AS pages,
                    m.flapping_changes, m.flapping_within_s, m.flapping_holds_s,
                    CASE WHEN NOT m.all_regions
                         THEN ARRAY(SELECT region_id FROM monitor_region mr WHERE mr.monitor_id = m.id ORDER BY 1)
                    END AS regions
             FROM monitor m WHERE m.id = ANY($1)),
         last AS (
             SELECT DISTINCT ON (monitor_id) * FROM monitor_policy WHERE monitor_id = ANY($1)
             ORDER BY monitor_id, from_at DESC),
         noted AS (
             INSERT INTO monitor_policy (monitor_id, from_at, interval_s, confirmations, recoveries, quorum, regions, paused, tags,
                                         groups, pages, flapping_changes, flapping_within_s, flapping_holds_s)
             SELECT n.id, $2, n.interval_s, n.confirmations, n.recoveries, n.quorum, n.regions, n.paused, n.tags,
                    n.groups, n.pages, n.flapping_changes, n.flapping_within_s, n.flapping_holds_s
             FROM new n LEFT JOIN last l ON l.monitor_id = n.id
             WHERE (l.interval_s, l.confirmations, l.recoveries, l.quorum, l.regions, l.paused, l.tags, l.groups, l.pages,
                    l.flapping_changes, l.flapping_within_s, l.flapping_holds_s)
                   IS DISTINCT FROM (n.interval_s, n.confirmations, n.recoveries, n.quorum, n.regions, n.paused, n.tags,
                                     n.groups, n.pages, n.flapping_changes, n.flapping_within_s, n.flapping_holds_s)
             ON CONFLICT (monitor_id, from_at) DO UPDATE SET
                 interval_s = excluded.interval_s, confirmations = excluded.confirmations,
                 recoveries = excluded.recoveries, quorum = excluded.quorum, regions = excluded.regions,
                 paused = excluded.paused, tags = excluded.tags, groups = excluded.groups, pages = excluded.pages,
                 flapping_changes = excluded.flapping_changes, flapping_within_s = excluded.flapping_within_s,
                 flapping_holds_s = excluded.flapping_holds_s
             RETURNING monitor_id)
         INSERT INTO monitor_to_judge (monitor_id, from_at) SELECT monitor_id, $2 FROM noted ON CONFLICT DO NOTHING",
        monitors,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The same of the monitors that a status page shows now, or showed when that was noted last.
pub async fn note_page_policies(db: &mut PgConnection, page: i32, now: DateTime<Utc>) -> sqlx::Result<()> {
    // Nothing is judged meanwhile: that would be by what held before.
    void_evaluation(&mut *db).await?;
    let monitors = sqlx::query_scalar!(
        "SELECT monitor_id AS \"monitor_id!\" FROM status_page_membership WHERE page_id = $1
         UNION SELECT monitor_id FROM (
             SELECT DISTINCT ON (monitor_id) monitor_id, pages FROM monitor_policy ORDER BY monitor_id, from_at DESC) l
         WHERE $1 = ANY(l.pages)",
        page
    )
    .fetch_all(&mut *db)
    .await?;
    note_policies(db, &monitors, now).await
}

/// Takes the monitors that are to be judged again out of the queue, at most so many: since when, Unix milliseconds.
pub async fn take_to_judge(db: &mut PgConnection, at_most: i64) -> sqlx::Result<Vec<(i32, i64)>> {
    let rows = sqlx::query!(
        "DELETE FROM monitor_to_judge WHERE (monitor_id, from_at) IN (
             SELECT monitor_id, from_at FROM monitor_to_judge ORDER BY monitor_id LIMIT $1)
         RETURNING monitor_id, from_at",
        at_most
    )
    .fetch_all(db)
    .await?;
    let rows = rows
        .into_iter()
        .map(|row| (row.monitor_id, row.from_at.timestamp_millis()));
    Ok(rows.collect())
}
