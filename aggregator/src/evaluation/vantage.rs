//! Which regions' outcomes do not count, because it is their own network that fails: looked at only for windows of slots in
//! which a region fails on several monitors. A change of that has its votes folded again, so the order in which results
//! come does not matter.

use super::{TakenBatch, memory::Memory};
use crate::store::{
    vantage::{StoredWindow, WindowKey, find_windows, list_sightings, list_suspect_windows, store_windows},
    vote::Pair,
};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_domain::{
    span::Span,
    vantage::{
        VantagePolicy, WINDOW_MS, WatchedMonitor, is_disqualified, sightings_needed_from_ms, window_of,
    },
};
use edgewatch_protocol::observation::OutcomeState;
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};

/// How long windows are known: as long as results are taken, and a day.
pub const KNOWN_FOR: TimeDelta = TimeDelta::days(3);

/// The windows in which checks fail.
#[derive(Debug, Default)]
pub struct Vantage {
    /// `None`: nothing was read yet.
    windows: Option<BTreeMap<WindowKey, StoredWindow>>,
    /// Those with enough failing monitors to be looked at.
    suspects: BTreeSet<WindowKey>,
    /// Of what number of monitors on.
    enough: usize,
}

impl Vantage {
    /// Whether a region's outcome of this slot does not count.
    pub fn is_disqualified(&self, region: i16, slot_ms: i64) -> bool {
        let known = self.windows.as_ref().filter(|_| !self.suspects.is_empty());
        known.is_some_and(|known| {
            let key = (region, window_of(slot_ms).from_ms);
            known.get(&key).is_some_and(|window| window.disqualified)
        })
    }

    async fn learn(&mut self, db: &mut PgConnection, enough: usize, now: DateTime<Utc>) -> sqlx::Result<()> {
        if self.windows.is_none() || self.enough != enough {
            let at_least = i32::try_from(enough).unwrap_or(i32::MAX);
            let windows = list_suspect_windows(db, now - KNOWN_FOR, at_least).await?;
            self.suspects = windows.keys().copied().collect();
            self.windows = Some(windows);
            self.enough = enough;
        }
        Ok(())
    }
}

/// Looks at the windows that these batches tell of, and stores what has changed. Returns the votes that are to be folded
/// again, each from a slot on.
pub async fn look(
    db: &mut PgConnection,
    memory: &mut Memory,
    batches: &[TakenBatch],
    policy: VantagePolicy,
    now: DateTime<Utc>,
) -> sqlx::Result<BTreeMap<Pair, i64>> {
    let mut vantage = std::mem::take(&mut memory.vantage);
    let looked = look_at(db, &mut vantage, memory, batches, policy, now).await;
    memory.vantage = vantage;
    looked
}

async fn look_at(
    db: &mut PgConnection,
    vantage: &mut Vantage,
    memory: &Memory,
    batches: &[TakenBatch],
    policy: VantagePolicy,
    now: DateTime<Utc>,
) -> sqlx::Result<BTreeMap<Pair, i64>> {
    let enough = usize::from(policy.targets).max(1);
    vantage.learn(&mut *db, enough, now).await?;
    let mut failing: BTreeMap<WindowKey, BTreeSet<i32>> = BTreeMap::new();
    for batch in batches {
        for result in &batch.results {
            if result.outcome == OutcomeState::Down && memory.rules(result.monitor).is_some() {
                let key = (batch.region_id, window_of(result.slot_ms).from_ms);
                failing.entry(key).or_default().insert(result.monitor);
            }
        }
    }
    if failing.is_empty() && vantage.suspects.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut written = note_failing(&mut *db, vantage, failing, now).await?;
    let touched: Vec<_> = touched(vantage, memory, batches).into_iter().collect();
    let mut again = BTreeMap::new();
    if !touched.is_empty() {
        for (&key, sighted) in touched.iter().zip(list_sightings(&mut *db, &touched).await?) {
            let monitors = sighted.monitors.iter().map(|(&id, monitor)| {
                let watched = WatchedMonitor {
                    target: host_of(&monitor.target),
                    interval_ms: monitor.interval_ms,
                };
                (id, watched)
            });
            let window = Span::new(key.1, key.1 + WINDOW_MS);
            let region = key.0.cast_unsigned();
            let disqualified =
                is_disqualified(policy, region, window, &monitors.collect(), &sighted.sightings);
            let known = vantage.windows.get_or_insert_default().entry(key).or_default();
            let judged_by = disqualified.then_some(policy);
            if known.judged_by != judged_by {
                known.judged_by = judged_by;
                written.insert(key);
            }
            if known.disqualified == disqualified {
                continue;
            }
            known.disqualified = disqualified;
            written.insert(key);
            tracing::info!(
                region = key.0,
                from_ms = key.1,
                disqualified,
                "whether a region counts has changed"
            );
            let own = sighted
                .sightings
                .iter()
                .filter(|sighting| sighting.region == region);
            for sighting in own.filter(|sighting| window.contains(sighting.slot_ms)) {
                let from_ms = again.entry((sighting.monitor, key.0)).or_insert(window.from_ms);
                *from_ms = window.from_ms.min(*from_ms);
            }
        }
    }
    let known = vantage.windows.get_or_insert_default();
    let written: Vec<_> = written
        .iter()
        .filter_map(|key| Some((*key, known.get(key)?)))
        .collect();
    if !written.is_empty() {
        store_windows(db, &written).await?;
    }
    Ok(again)
}

/// Adds monitors that failed; the windows in which that changes something.
async fn note_failing(
    db: &mut PgConnection,
    vantage: &mut Vantage,
    failing: BTreeMap<WindowKey, BTreeSet<i32>>,
    now: DateTime<Utc>,
) -> sqlx::Result<BTreeSet<WindowKey>> {
    let known = vantage.windows.get_or_insert_default();
    let unknown: Vec<_> = failing
        .keys()
        .copied()
        .filter(|key| !known.contains_key(key))
        .collect();
    if !unknown.is_empty() {
        known.extend(find_windows(db, &unknown).await?);
        let oldest_ms = (now - KNOWN_FOR).timestamp_millis();
        known.retain(|key, _| key.1 >= oldest_ms);
        vantage.suspects.retain(|key| key.1 >= oldest_ms);
    }
    let mut grown = BTreeSet::new();
    for (key, monitors) in failing {
        let window = known.entry(key).or_default();
        let before = window.failing.len();
        window.failing.extend(monitors);
        if window.failing.len() > before {
            grown.insert(key);
        }
        if window.failing.len() >= vantage.enough {
            vantage.suspects.insert(key);
        }
    }
    Ok(grown)
}

/// The suspect windows that a result of these batches may matter for: its region's own, and those of other regions that it
/// is one of the last sightings before.
fn touched(vantage: &Vantage, memory: &Memory, batches: &[TakenBatch]) -> BTreeSet<WindowKey> {
    let mut touched = BTreeSet::new();
    let regions: BTreeSet<_> = vantage.suspects.iter().map(|key| key.0).collect();
    if regions.is_empty() {
        return touched;
    }
    for batch in batches {
        for result in &batch.results {
            let Some(rules) = memory.rules(result.monitor) else {
                continue;
            };
            let interval_ms = rules.history.at(result.slot_ms).interval_ms;
            let last_ms =
                2 * result.slot_ms - sightings_needed_from_ms(Span::new(result.slot_ms, 0), interval_ms);
            let first_ms = window_of(result.slot_ms).from_ms;
            for &region in &regions {
                let is_own = region == batch.region_id;
                let range = (region, first_ms)..=(region, if is_own { first_ms } else { last_ms });
                let suspects = vantage.suspects.range(range);
                touched.extend(suspects.copied().filter(|key| {
                    let known = vantage.windows.as_ref().and_then(|known| known.get(key));
                    is_own || known.is_some_and(|window| window.failing.contains(&result.monitor))
                }));
            }
        }
    }
    touched
}

/// The host in what is shown of a check's target: `https://a.example:8443/b` is at `a.example`, as `a.example MX @192.0.2.1`
/// and `a.example:22` are.
fn host_of(target: &str) -> &str {
    let rest = target.split_once("://").map_or(target, |(_, rest)| rest);
    let authority = rest.split(['/', ' ', '?', '#']).next().unwrap_or(rest);
    match authority.rsplit_once(':') {
        // Not the last group of an address.
        Some((host, port))
            if port.bytes().all(|byte| byte.is_ascii_digit())
                && (!host.contains(':') || host.ends_with(']')) =>
        {
            host
        }
        _ => authority,
    }
}

#[cfg(test)]
mod tests;
