//! Windows of slots in which checks of a region failed: `vantage_window`.

use super::vote::at;
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_domain::{
    span::Span,
    vantage::{Sighting, VantagePolicy, WINDOW_MS, sightings_needed_from_ms},
};
use edgewatch_protocol::observation::OutcomeState;
use sqlx::{PgConnection, PgExecutor};
use std::collections::{BTreeMap, BTreeSet};

/// A region by number, and the beginning of a window of its slots, Unix milliseconds.
pub type WindowKey = (i16, i64);

/// What is known of a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredWindow {
    /// The monitors that failed.
    pub failing: BTreeSet<i32>,
    /// It does not count.
    pub disqualified: bool,
    /// By which settings it does not; `None` also where that was not kept.
    pub judged_by: Option<VantagePolicy>,
}

/// A monitor that is looked at for a window.
#[derive(Debug)]
pub struct SightedMonitor {
    /// What is checked, in short.
    pub target: String,
    /// Milliseconds.
    pub interval_ms: i64,
}

/// All that a window is judged by.
#[derive(Debug, Default)]
pub struct Sighted {
    /// By number.
    pub monitors: BTreeMap<i32, SightedMonitor>,
    /// Of all regions.
    pub sightings: Vec<Sighting>,
}

/// The windows from a time on that fail on so many monitors at least, or are disqualified.
pub async fn list_suspect_windows(
    db: &mut PgConnection,
    since: DateTime<Utc>,
    at_least: i32,
) -> sqlx::Result<BTreeMap<WindowKey, StoredWindow>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT region_id, from_at, failing, disqualified, judged_targets, judged_over_percent FROM vantage_window
         WHERE from_at >= $1 AND (disqualified OR cardinality(failing) >= $2)",
        since,
        at_least
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Row::window).collect())
}

/// These windows, as far as they are known.
pub async fn find_windows(
    db: &mut PgConnection,
    keys: &[WindowKey],
) -> sqlx::Result<BTreeMap<WindowKey, StoredWindow>> {
    let (regions, from) = columns(keys.iter().copied());
    let rows = sqlx::query_as!(
        Row,
        "SELECT v.region_id, v.from_at, v.failing, v.disqualified, v.judged_targets, v.judged_over_percent
         FROM UNNEST($1::int2[], $2::timestamptz[]) AS w (region_id, from_at) JOIN vantage_window v USING (region_id, from_at)",
        &regions,
        &from
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Row::window).collect())
}

struct Row {
    region_id: i16,
    from_at: DateTime<Utc>,
    failing: Vec<i32>,
    disqualified: bool,
    judged_targets: Option<i16>,
    judged_over_percent: Option<i16>,
}

fn judged_by(targets: Option<i16>, over_percent: Option<i16>) -> Option<VantagePolicy> {
    Some(VantagePolicy {
        targets: u16::try_from(targets?).ok()?,
        over_percent: u8::try_from(over_percent?).ok()?,
    })
}

impl Row {
    fn window(self) -> (WindowKey, StoredWindow) {
        let window = StoredWindow {
            failing: self.failing.into_iter().collect(),
            disqualified: self.disqualified,
            judged_by: judged_by(self.judged_targets, self.judged_over_percent),
        };
        ((self.region_id, self.from_at.timestamp_millis()), window)
    }
}

fn columns(keys: impl Iterator<Item = WindowKey>) -> (Vec<i16>, Vec<DateTime<Utc>>) {
    keys.map(|(region, from_ms)| (region, at(from_ms))).unzip()
}

/// Writes these windows as they are now.
pub async fn store_windows(
    db: &mut PgConnection,
    windows: &[(WindowKey, &StoredWindow)],
) -> sqlx::Result<()> {
    let (regions, from) = columns(windows.iter().map(|window| window.0));
    // Arrays of arrays cannot be told apart by `UNNEST`.
    let failing: Vec<_> = windows
        .iter()
        .map(|(_, window)| {
            let numbers: Vec<_> = window.failing.iter().map(ToString::to_string).collect();
            numbers.join(",")
        })
        .collect();
    let disqualified: Vec<_> = windows.iter().map(|(_, window)| window.disqualified).collect();
    let judged_by = || windows.iter().map(|(_, window)| window.judged_by);
    let targets: Vec<_> = judged_by()
        .map(|policy| policy.and_then(|policy| i16::try_from(policy.targets).ok()))
        .collect();
    let over_percent: Vec<_> = judged_by()
        .map(|policy| policy.map(|policy| i16::from(policy.over_percent)))
        .collect();
    sqlx::query!(
        "INSERT INTO vantage_window (region_id, from_at, failing, disqualified, judged_targets, judged_over_percent)
         SELECT region_id, from_at, string_to_array(failing, ',')::int4[], disqualified, targets, over_percent
         FROM UNNEST($1::int2[], $2::timestamptz[], $3::text[], $4::bool[], $5::int2[], $6::int2[])
             AS n (region_id, from_at, failing, disqualified, targets, over_percent)
         ON CONFLICT (region_id, from_at) DO UPDATE
             SET failing = excluded.failing, disqualified = excluded.disqualified,
                 judged_targets = excluded.judged_targets, judged_over_percent = excluded.judged_over_percent",
        &regions,
        &from,
        &failing,
        &disqualified,
        &targets as &[Option<i16>],
        &over_percent as &[Option<i16>]
    )
    .execute(db)
    .await?;
    Ok(())
}

/// All that these windows are judged by, in the same order: what each region's monitors were seen as.
pub async fn list_sightings(db: &mut PgConnection, keys: &[WindowKey]) -> sqlx::Result<Vec<Sighted>> {
    let (regions, from) = columns(keys.iter().copied());
    // A check begins in its slot, which is an interval long, or a minute before it at most: clocks differ.
    let rows = sqlx::query!(
        "SELECT w.n AS \"n!\", m.id, m.target, m.interval_s, r.region_id, r.time, r.lag_ms, r.outcome
         FROM UNNEST($1::int2[], $2::timestamptz[]) WITH ORDINALITY AS w (region_id, from_at, n)
         JOIN monitor m ON m.all_regions OR EXISTS (
             SELECT FROM monitor_region mr WHERE mr.monitor_id = m.id AND mr.region_id = w.region_id)
         JOIN result r ON r.monitor_id = m.id
             AND r.time >= w.from_at - make_interval(secs => m.interval_s + 120)
             AND r.time < w.from_at + make_interval(secs => m.interval_s + 60)
         ORDER BY w.n",
        &regions,
        &from
    )
    .fetch_all(db)
    .await?;
    let mut all: Vec<Sighted> = keys.iter().map(|_| Sighted::default()).collect();
    for row in rows {
        let index = usize::try_from(row.n - 1).unwrap_or_default();
        let (Some(of_window), Some(outcome)) = (all.get_mut(index), OutcomeState::from_code(row.outcome))
        else {
            continue;
        };
        let window = Span::new(keys[index].1, keys[index].1 + WINDOW_MS);
        let interval_ms = i64::from(row.interval_s) * 1000;
        let slot_ms = row.time.timestamp_millis() - i64::from(row.lag_ms);
        if slot_ms < sightings_needed_from_ms(window, interval_ms) || slot_ms >= window.to_ms {
            continue;
        }
        of_window.monitors.entry(row.id).or_insert(SightedMonitor {
            target: row.target,
            interval_ms,
        });
        of_window.sightings.push(Sighting {
            monitor: row.id,
            region: row.region_id.cast_unsigned(),
            slot_ms,
            outcome,
        });
    }
    Ok(all)
}

/// How far apart disqualified windows of one failure may lie: a region need not check something in every minute.
const ONE_FAILURE: TimeDelta = TimeDelta::minutes(10);

/// The regions, by name, that are disqualified now, each with since when.
pub async fn list_disqualified(
    db: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<BTreeMap<String, DateTime<Utc>>> {
    let rows = sqlx::query!(
        "SELECT r.name, v.from_at FROM vantage_window v JOIN region r ON r.id = v.region_id
         WHERE v.disqualified AND v.from_at > $1 ORDER BY v.from_at DESC",
        now - TimeDelta::days(1)
    )
    .fetch_all(db)
    .await?;
    let mut since: BTreeMap<String, DateTime<Utc>> = BTreeMap::new();
    for row in rows {
        let begun = since.get(&row.name).copied().unwrap_or(now);
        if begun - row.from_at <= ONE_FAILURE {
            since.insert(row.name, row.from_at);
        }
    }
    Ok(since)
}

/// The windows of a time in which these regions are disqualified, in order, and by which settings.
pub async fn list_disqualified_windows(
    db: impl PgExecutor<'_>,
    regions: &[i16],
    span: Span,
) -> sqlx::Result<Vec<(WindowKey, Option<VantagePolicy>)>> {
    let rows = sqlx::query!(
        "SELECT region_id, from_at, judged_targets, judged_over_percent FROM vantage_window
         WHERE disqualified AND region_id = ANY($1) AND from_at > $2 AND from_at < $3 ORDER BY from_at, region_id",
        regions,
        at(span.from_ms - WINDOW_MS),
        at(span.to_ms)
    )
    .fetch_all(db)
    .await?;
    let windows = rows.into_iter();
    Ok(windows
        .map(|row| {
            let key = (row.region_id, row.from_at.timestamp_millis());
            (key, judged_by(row.judged_targets, row.judged_over_percent))
        })
        .collect())
}

/// Forgets windows before a time that count.
pub async fn delete_windows_before(db: impl PgExecutor<'_>, before: DateTime<Utc>) -> sqlx::Result<u64> {
    let deleted = sqlx::query!(
        "DELETE FROM vantage_window WHERE from_at < $1 AND NOT disqualified",
        before
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected())
}
