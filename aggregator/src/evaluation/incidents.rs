//! From records to incidents: a confirmed outage opens one or joins one, the end of all of its outages resolves it, and a
//! record that is rewritten rewrites it.
//!
//! All follows from the outages of the record and from what is stored of them, in the transaction that writes the record:
//! whatever order results come in, and whoever is killed when, the incidents are the same. Which outages are one incident
//! is decided anew for those that may be concerned, by [`incident::merge`].

use crate::store::{
    incident_outage::{
        OutageRows, PlacedOutage, Standing, StandingRows, StoredOutage, insert_outages, list_common_ground,
        list_monitor_names, list_outages_since, list_outages_to_merge, list_standings, merge_incidents,
        move_outages, note_events, open_incidents,
    },
    notice::note_standings,
};
use chrono::{DateTime, Utc};
use edgewatch_domain::{
    incident::{self, Failure, Outage, Severity, outages},
    span::Span,
    state::MonitorState,
    timeline::StateInterval,
};
use sqlx::PgConnection;
use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
    net::IpAddr,
};
use url::Url;

/// Outages that begin within this time after the first one, and have something in common, are one incident.
const MERGE_WINDOW_MS: i64 = 300_000;

/// Names told in one sentence; the others are counted.
const NAMES_TOLD: usize = 5;

/// Ends of records in which somebody may be down.
#[derive(Debug, Default)]
pub struct ChangedRecords(BTreeMap<i32, Vec<StateInterval>>);

/// Decides anew which outages are one incident, for those that may be concerned by one that began then (Unix milliseconds):
/// more is known of what it has in common with others. Which incidents have changed.
pub(super) async fn regroup_since(
    db: &mut PgConnection,
    from_ms: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<i32>> {
    let changes = Changes {
        regroup_from_ms: Some(from_ms),
        ..Changes::default()
    };
    changes.store(db, now).await
}

/// What became of the outages of some monitors.
#[derive(Default)]
struct Changes {
    rows: OutageRows,
    new: Vec<(i32, Outage)>,
    withdrawn: Vec<StoredOutage>,
    /// Incidents whose outages have other times.
    incidents: BTreeSet<i32>,
    /// When the first outage began of which it is to be decided anew what it belongs to.
    regroup_from_ms: Option<i64>,
}

impl ChangedRecords {
    /// Takes note of the end of a record that was built anew, and of the one that was stored.
    pub fn push(&mut self, monitor: i32, stored: &[StateInterval], record: &[StateInterval]) {
        let is_well =
            |interval: &StateInterval| matches!(interval.measured, MonitorState::Up | MonitorState::Degraded);
        if !stored.iter().chain(record).all(is_well) {
            self.0.insert(monitor, record.to_vec());
        }
    }

    /// Opens, rewrites and resolves incidents accordingly; which ones.
    pub async fn store(self, db: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Vec<i32>> {
        let since: Vec<_> = self
            .0
            .iter()
            .filter_map(|(&id, record)| Some((id, record.first()?.from_ms)))
            .collect();
        if since.is_empty() {
            return Ok(Vec::new());
        }
        let stored = list_outages_since(&mut *db, &since).await?;
        let mut changes = Changes::default();
        for (id, record) in self.0 {
            let first = stored.partition_point(|outage| outage.monitor < id);
            let end = stored.partition_point(|outage| outage.monitor <= id);
            changes.compare(id, &stored[first..end], record);
        }
        changes.store(db, now).await
    }
}

impl Changes {
    /// How the outages of a monitor differ from those that are stored, which last longer than the beginning of `record`.
    fn compare(&mut self, monitor: i32, stored: &[StoredOutage], mut record: Vec<StateInterval>) {
        let Some(begins_ms) = record.first().map(|first| first.from_ms) else {
            return;
        };
        let goes_on = stored
            .iter()
            .rfind(|outage| !outage.is_withdrawn && outage.from_ms < begins_ms);
        if let Some(outage) = goes_on {
            let before = StateInterval {
                from_ms: outage.from_ms,
                to_ms: begins_ms,
                state: MonitorState::Down,
                measured: MonitorState::Down,
                advisory: Vec::new(),
                earliest_ms: outage.from_ms,
            };
            record.insert(0, before);
        }
        let mut new = outages(&record);
        let mut left: Vec<_> = stored.iter().collect();
        let same = |stored: &StoredOutage, new: &Outage| stored.from_ms == new.from_ms;
        let overlap = |stored: &StoredOutage, new: &Outage| {
            let span = Span::new(stored.from_ms, stored.to_ms.unwrap_or(i64::MAX));
            same(stored, new) || !span.intersection(new.span()).is_empty()
        };
        // One whose edges have moved is the same; one that was withdrawn may turn out to have been one.
        self.pair_off(&mut left, &mut new, |stored, new| {
            !stored.is_withdrawn && same(stored, new)
        });
        self.pair_off(&mut left, &mut new, |stored, new| {
            !stored.is_withdrawn && overlap(stored, new)
        });
        self.pair_off(&mut left, &mut new, overlap);
        for stored in left.into_iter().filter(|stored| !stored.is_withdrawn) {
            self.rows.push(stored, None);
            self.incidents.insert(stored.incident);
            self.regroup_from(stored.from_ms);
            self.withdrawn.push(stored.clone());
        }
        for outage in new {
            self.regroup_from(outage.from_ms);
            self.new.push((monitor, outage));
        }
    }

    /// Takes what is one out of both.
    fn pair_off(
        &mut self,
        left: &mut Vec<&StoredOutage>,
        new: &mut Vec<Outage>,
        is_one: impl Fn(&StoredOutage, &Outage) -> bool,
    ) {
        new.retain(|outage| {
            let Some(place) = left.iter().position(|stored| is_one(stored, outage)) else {
                return true;
            };
            let stored = left.remove(place);
            if stored.is_withdrawn || (stored.from_ms, stored.to_ms) != (outage.from_ms, outage.to_ms) {
                self.rows.push(stored, Some(outage));
                self.incidents.insert(stored.incident);
            }
            if stored.is_withdrawn || stored.from_ms != outage.from_ms {
                self.regroup_from(stored.from_ms.min(outage.from_ms));
            }
            false
        });
    }

    fn regroup_from(&mut self, from_ms: i64) {
        self.regroup_from_ms = Some(
            self.regroup_from_ms
                .map_or(from_ms, |earliest| earliest.min(from_ms)),
        );
    }

    async fn store(mut self, db: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Vec<i32>> {
        self.rows.store(&mut *db, now).await?;
        let mut joined = BTreeSet::new();
        if let Some(from_ms) = self.regroup_from_ms {
            let mut outages =
                list_outages_to_merge(&mut *db, from_ms.saturating_sub(MERGE_WINDOW_MS)).await?;
            outages.extend(placed(&mut *db, &self.new).await?);
            joined = regroup(&mut *db, &outages, &mut self.incidents, now).await?;
        }
        if self.incidents.is_empty() {
            return Ok(Vec::new());
        }
        let incidents: Vec<_> = self.incidents.iter().copied().collect();
        let standings = list_standings(&mut *db, &incidents).await?;
        let mut events = self.withdrawals(&mut *db).await?;
        let mut rows = StandingRows::default();
        for mut standing in standings {
            let was_open = standing.resolved_ms.is_none() || standing.was_withdrawn;
            let got_an_outage = joined.contains(&standing.id);
            settle(&mut standing, got_an_outage, now);
            if !was_open && standing.resolved_ms.is_none() {
                events.push((standing.id, "Opened again: an outage goes on".to_owned()));
            }
            let down = usize::try_from(standing.monitors).unwrap_or(0).max(1);
            let severity = standing
                .severity
                .unwrap_or_else(|| Severity::of(iter::repeat_n(MonitorState::Down, down)));
            rows.push(&standing, severity);
        }
        rows.store(&mut *db, now).await?;
        note_events(&mut *db, &events, now).await?;
        note_standings(db, &incidents, now).await?;
        Ok(incidents)
    }

    /// What is told of outages that have been none.
    async fn withdrawals(&self, db: &mut PgConnection) -> sqlx::Result<Vec<(i32, String)>> {
        if self.withdrawn.is_empty() {
            return Ok(Vec::new());
        }
        let mut monitors: Vec<_> = self.withdrawn.iter().map(|outage| outage.monitor).collect();
        monitors.sort_unstable();
        monitors.dedup();
        let names = list_monitor_names(db, &monitors).await?;
        let mut incidents_of = BTreeMap::<i32, BTreeSet<i32>>::new();
        for outage in &self.withdrawn {
            incidents_of
                .entry(outage.incident)
                .or_default()
                .insert(outage.monitor);
        }
        let events = incidents_of.into_iter().map(|(incident, monitors)| {
            let mut of_incident: Vec<_> = names
                .iter()
                .filter(|(id, _)| monitors.contains(id))
                .map(|(_, name)| name.clone())
                .collect();
            let more = of_incident.len().saturating_sub(NAMES_TOLD);
            of_incident.truncate(NAMES_TOLD);
            if more > 0 {
                of_incident.push(format!("{more} more"));
            }
            let text = format!(
                "Not down after all, as results that came late or maintenance that was entered later show: {}",
                of_incident.join(", ")
            );
            (incident, text)
        });
        Ok(events.collect())
    }
}

/// New outages with what they may have in common with others.
async fn placed(db: &mut PgConnection, new: &[(i32, Outage)]) -> sqlx::Result<Vec<PlacedOutage>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = new.iter().map(|&(id, _)| id).collect();
    let ground = list_common_ground(db, &ids).await?;
    let ground: BTreeMap<_, _> = ground
        .into_iter()
        .map(|(id, tags, kind, target)| (id, (tags, host(&kind, &target))))
        .collect();
    let outages = new.iter().filter_map(|(id, outage)| {
        let (tags, host) = ground.get(id)?;
        Some(PlacedOutage {
            placed: None,
            failure: Failure {
                monitor: *id,
                began_ms: outage.from_ms,
                tags: tags.iter().cloned().collect(),
                host: host.clone(),
                addresses: BTreeSet::new(),
            },
            to_ms: outage.to_ms,
        })
    });
    Ok(outages.collect())
}

/// Stores which outages are one incident, and adds the incidents that are concerned; those that got a new outage.
async fn regroup(
    db: &mut PgConnection,
    outages: &[PlacedOutage],
    concerned: &mut BTreeSet<i32>,
    now: DateTime<Utc>,
) -> sqlx::Result<BTreeSet<i32>> {
    let failures: Vec<_> = outages.iter().map(|outage| outage.failure.clone()).collect();
    let groups = incident::merge(&failures, MERGE_WINDOW_MS);
    let stored_in = |place: &usize| outages[*place].placed.map(|(_, incident)| incident);
    // The oldest incident that it has been goes on.
    let mut taken = BTreeSet::new();
    let mut incident_of: Vec<_> = groups
        .iter()
        .map(|group| {
            let known: BTreeSet<_> = group.iter().filter_map(stored_in).collect();
            known.into_iter().find(|&incident| taken.insert(incident))
        })
        .collect();
    let opened_ms: Vec<_> = iter::zip(&groups, &incident_of)
        .filter(|(_, incident)| incident.is_none())
        .filter_map(|(group, _)| Some(failures[*group.first()?].began_ms))
        .collect();
    let mut opened = open_incidents(&mut *db, &opened_ms, now).await?.into_iter();
    for incident in incident_of.iter_mut().filter(|incident| incident.is_none()) {
        *incident = opened.next();
    }
    let (mut moved, mut new, mut joined, mut merged) =
        (Vec::new(), Vec::new(), BTreeSet::new(), BTreeMap::new());
    for (group, incident) in iter::zip(&groups, incident_of) {
        let Some(incident) = incident else { continue };
        for &place in group {
            match outages[place].placed {
                None => {
                    new.push((incident, &outages[place]));
                    joined.insert(incident);
                }
                Some((id, before)) if before != incident => {
                    moved.push((id, incident));
                    concerned.extend([before, incident]);
                    if !taken.contains(&before) {
                        merged.entry(before).or_insert(incident);
                    }
                }
                Some(_) => {}
            }
        }
    }
    concerned.extend(&joined);
    insert_outages(&mut *db, &new, now).await?;
    move_outages(&mut *db, &moved).await?;
    merge_incidents(db, &merged.into_iter().collect::<Vec<_>>(), now).await?;
    Ok(joined)
}

/// Whether it is resolved, by its outages unless somebody has said so and nothing has failed since.
fn settle(standing: &mut Standing, got_an_outage: bool, now: DateTime<Utc>) {
    if got_an_outage {
        standing.resolved_by_hand = false;
    }
    standing.resolved_ms = if standing.first_ms.is_none() {
        Some(standing.resolved_ms.unwrap_or(now.timestamp_millis()))
    } else if standing.resolved_by_hand {
        standing.resolved_ms
    } else if standing.ongoing > 0 {
        None
    } else {
        standing.last_ms
    };
}

/// The host of a target as lists show it, if the check goes to one.
fn host(kind: &str, target: &str) -> Option<String> {
    if kind == "heartbeat" || kind == "push" {
        return None;
    }
    // A DNS check's is followed by the record type and the resolver.
    let target = target.split_whitespace().next()?;
    let host = if target.contains("://") {
        Url::parse(target).ok()?.host_str()?.to_owned()
    } else if target.parse::<IpAddr>().is_ok() {
        target.to_owned()
    } else {
        target
            .rsplit_once(':')
            .map_or(target, |(host, _)| host)
            .to_owned()
    };
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_names_its_host() {
        for (kind, target, wanted) in [
            ("http", "https://Shop.example/a", Some("shop.example")),
            ("http", "https://[2001:db8::1]:8443/", Some("2001:db8::1")),
            ("grpc", "grpcs://shop.example:443", Some("shop.example")),
            ("tcp", "shop.example:25", Some("shop.example")),
            ("tcp", "[2001:db8::1]:25", Some("2001:db8::1")),
            ("ping", "2001:db8::1", Some("2001:db8::1")),
            ("ping", "shop.example", Some("shop.example")),
            ("dns", "shop.example MX @192.0.2.1", Some("shop.example")),
            ("heartbeat", "every 5 min", None),
            ("http", "", None),
        ] {
            assert_eq!(host(kind, target).as_deref(), wanted, "{kind} {target}");
        }
    }
}
