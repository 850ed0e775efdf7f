//! Outages of a monitor, and which outages of several monitors are one incident.

use crate::{span::Span, state::MonitorState, timeline::StateInterval};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// From how many monitors on an incident is critical.
pub const CRITICAL_MONITORS: usize = 5;

/// An outage: from the first moment down until it is measured not to be. Times in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Outage {
    /// From when on the monitor was down, and not in maintenance.
    pub from_ms: i64,
    /// When what was measured turned down: before `from_ms` where it began beneath maintenance.
    pub began_ms: i64,
    /// It began after this, and at `began_ms` at the latest.
    pub earliest_ms: i64,
    /// When it was measured not to be down any more; `None` while it goes on.
    pub to_ms: Option<i64>,
    /// It ended after this, and at `to_ms` at the latest; where it goes on, how far it is recorded.
    pub end_earliest_ms: i64,
    /// How long it was down: without what was maintenance, unknown or paused in between.
    pub down_ms: i64,
}

impl Outage {
    /// From when to when; to the end of time while it goes on.
    pub fn span(&self) -> Span {
        Span::new(self.from_ms, self.to_ms.unwrap_or(i64::MAX))
    }
}

/// The outages of a timeline, in order. Maintenance, unknown and pauses interrupt an outage without ending it, unless the
/// monitor is measured to be up beneath. One that passes wholly beneath maintenance is none.
pub fn outages(record: &[StateInterval]) -> Vec<Outage> {
    let mut outages = Vec::new();
    let mut current = None::<Outage>;
    // Since when it is measured to be down.
    let mut began = None::<(i64, i64)>;
    for interval in record {
        match interval.measured {
            MonitorState::Up | MonitorState::Degraded => {
                began = None;
                if let Some(outage) = current.take() {
                    outages.push(Outage {
                        to_ms: Some(interval.from_ms),
                        end_earliest_ms: interval.earliest_ms.max(outage.from_ms),
                        ..outage
                    });
                }
            }
            MonitorState::Down => {
                let (began_ms, earliest_ms) = *began.get_or_insert((interval.from_ms, interval.earliest_ms));
                if interval.state == MonitorState::Down {
                    let outage = current.get_or_insert(Outage {
                        from_ms: interval.from_ms,
                        began_ms,
                        earliest_ms,
                        to_ms: None,
                        end_earliest_ms: interval.to_ms,
                        down_ms: 0,
                    });
                    outage.down_ms += interval.span().length_ms();
                    outage.end_earliest_ms = interval.to_ms;
                }
            }
            MonitorState::Maintenance | MonitorState::Unknown | MonitorState::Paused => {}
        }
    }
    outages.extend(current);
    outages
}

/// An outage of one monitor, with what it may have in common with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The number of the monitor.
    pub monitor: i32,
    /// When it began, in milliseconds since the Unix epoch.
    pub began_ms: i64,
    /// Tags by which outages are merged.
    pub tags: BTreeSet<String>,
    /// The host that is checked, if there is one.
    pub host: Option<String>,
    /// The addresses that were connected to.
    pub addresses: BTreeSet<String>,
}

/// Which outages are one incident: those that begin within `window_ms` after the first of them and are related, directly
/// or through others of them, by a tag, the host or an address. Returns the incidents, each with the places of its
/// outages in `failures` in order of time; in whatever order these are, the incidents are the same.
pub fn merge(failures: &[Failure], window_ms: i64) -> Vec<Vec<usize>> {
    let mut in_order: Vec<_> = (0..failures.len()).collect();
    in_order.sort_by_key(|&place| (failures[place].began_ms, failures[place].monitor));
    let mut incidents = Vec::<Vec<usize>>::new();
    let mut latest_of = BTreeMap::<(u8, &str), Vec<usize>>::new();
    for place in in_order {
        let failure = &failures[place];
        let tags = failure.tags.iter().map(|tag| (0, tag.as_str()));
        let host = failure.host.iter().map(|host| (1, host.as_str()));
        let addresses = failure.addresses.iter().map(|address| (2, address.as_str()));
        let in_common: Vec<_> = tags.chain(host).chain(addresses).collect();
        let is_open = |incident: &usize| {
            let first = incidents[*incident].first();
            first.is_some_and(|&first| failure.began_ms - failures[first].began_ms <= window_ms)
        };
        let related: BTreeSet<_> = in_common
            .iter()
            .filter_map(|key| latest_of.get(key))
            .flatten()
            .copied()
            .filter(is_open)
            .collect();
        let incident = *related.first().unwrap_or(&incidents.len());
        if incident == incidents.len() {
            incidents.push(Vec::new());
        }
        // What it has in common with several makes them one: the earliest, since all are within its window.
        for &other in related.iter().skip(1) {
            let moved = std::mem::take(&mut incidents[other]);
            incidents[incident].extend(moved);
            for of_key in latest_of.values_mut() {
                for known in of_key.iter_mut().filter(|known| **known == other) {
                    *known = incident;
                }
            }
        }
        incidents[incident].push(place);
        incidents[incident].sort_by_key(|&place| (failures[place].began_ms, failures[place].monitor));
        for key in in_common {
            let of_key = latest_of.entry(key).or_default();
            if !of_key.contains(&incident) {
                of_key.push(incident);
            }
        }
    }
    incidents.retain(|incident| !incident.is_empty());
    incidents
}

/// How bad an incident is, from the least to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = IncidentSeverity))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A regional advisory: fewer regions than the quorum see it down.
    Advisory = 0,
    /// Degraded.
    Minor = 1,
    /// Down.
    Major = 2,
    /// At least [`CRITICAL_MONITORS`] are down.
    Critical = 3,
}

impl Severity {
    /// All, by their number in storage.
    pub const ALL: [Self; 4] = [Self::Advisory, Self::Minor, Self::Major, Self::Critical];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Advisory => "advisory",
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Critical => "critical",
        }
    }

    /// The stable number in storage.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// The severity of a stored number.
    pub fn from_code(code: i16) -> Option<Self> {
        usize::try_from(code)
            .ok()
            .and_then(|index| Self::ALL.get(index).copied())
    }

    /// That of an incident with these states of its monitors, each at its worst.
    pub fn of(states: impl IntoIterator<Item = MonitorState>) -> Self {
        let (mut down, mut degraded) = (0, false);
        for state in states {
            down += usize::from(state == MonitorState::Down);
            degraded |= state == MonitorState::Degraded;
        }
        match down {
            0 if degraded => Self::Minor,
            0 => Self::Advisory,
            n if n < CRITICAL_MONITORS => Self::Major,
            _ => Self::Critical,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use MonitorState::{Degraded, Down, Maintenance, Unknown, Up};
    use proptest::prelude::*;

    /// `(from, state, measured, earliest)` in seconds, until 100.
    fn record(parts: &[(i64, MonitorState, MonitorState, i64)]) -> Vec<StateInterval> {
        let ends = parts.iter().skip(1).map(|part| part.0).chain([100]);
        let intervals = parts
            .iter()
            .zip(ends)
            .map(|(&(from, state, measured, earliest), to)| StateInterval {
                from_ms: from * 1_000,
                to_ms: to * 1_000,
                state,
                measured,
                advisory: Vec::new(),
                earliest_ms: earliest * 1_000,
            });
        intervals.collect()
    }

    #[test]
    fn an_outage_lasts_until_it_is_measured_not_to() {
        let outages = outages(&record(&[
            (0, Up, Up, 0),
            (10, Down, Down, 5),
            (20, Unknown, Unknown, 20),
            (30, Down, Down, 30),
            (35, Maintenance, Down, 35),
            (45, Degraded, Degraded, 40),
            (60, Maintenance, Down, 55),
            (70, Maintenance, Up, 65),
            (80, Maintenance, Down, 75),
            (90, Down, Down, 90),
        ]));
        assert_eq!(
            outages,
            [
                Outage {
                    from_ms: 10_000,
                    began_ms: 10_000,
                    earliest_ms: 5_000,
                    to_ms: Some(45_000),
                    end_earliest_ms: 40_000,
                    down_ms: 15_000,
                },
                Outage {
                    from_ms: 90_000,
                    began_ms: 80_000,
                    earliest_ms: 75_000,
                    to_ms: None,
                    end_earliest_ms: 100_000,
                    down_ms: 10_000,
                },
            ]
        );
        assert!(outages[1].span().contains(i64::MAX - 1));
    }

    fn failure(monitor: i32, began_s: i64, tags: &[&str], host: &str, addresses: &[&str]) -> Failure {
        Failure {
            monitor,
            began_ms: began_s * 1_000,
            tags: tags.iter().map(ToString::to_string).collect(),
            host: (!host.is_empty()).then(|| host.to_owned()),
            addresses: addresses.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn what_fails_together_and_is_related_is_one_incident() {
        let failures = [
            failure(1, 0, &["shop"], "a.example", &["192.0.2.1"]),
            failure(2, 30, &[], "b.example", &["192.0.2.1"]),
            failure(3, 60, &["mail"], "c.example", &[]),
            failure(4, 90, &["mail", "shop"], "", &[]),
            failure(5, 130, &["shop"], "a.example", &[]),
            failure(6, 40, &[], "d.example", &[]),
        ];
        // The fourth has in common with the first and with the third; the fifth comes too late.
        assert_eq!(merge(&failures, 120_000), [vec![0, 1, 2, 3], vec![5], vec![4]]);
        // A host is no tag of the same name.
        let other = [failure(1, 0, &["x"], "", &[]), failure(2, 0, &[], "x", &[])];
        assert_eq!(merge(&other, 120_000).len(), 2);
    }

    proptest! {
        #[test]
        fn incidents_are_the_same_in_any_order(
            failures in proptest::collection::vec((0i64..300, 0usize..5, 0usize..6), 0..20), turn in 0usize..20
        ) {
            let names = ["p", "q", "r", "s", "", ""];
            let of = |(monitor, &(began_s, tag, host)): (i32, &(i64, usize, usize))| {
                failure(monitor, began_s, &[names[tag]][..usize::from(tag < 4)], names[host], &[])
            };
            let failures: Vec<_> = (0..).zip(&failures).map(of).collect();
            let mut turned = failures.clone();
            turned.rotate_left(turn.min(failures.len()));
            turned.reverse();
            let by_monitor = |failures: &[Failure]| -> BTreeSet<Vec<i32>> {
                merge(failures, 60_000).iter()
                    .map(|incident| incident.iter().map(|&place| failures[place].monitor).collect())
                    .collect()
            };
            let incidents = by_monitor(&failures);
            prop_assert_eq!(&incidents, &by_monitor(&turned));
            prop_assert_eq!(incidents.iter().map(Vec::len).sum::<usize>(), failures.len());
            for incident in merge(&failures, 60_000) {
                let began = |place: &usize| failures[*place].began_ms;
                prop_assert!(began(&incident[incident.len() - 1]) - began(&incident[0]) <= 60_000);
            }
        }
    }

    #[test]
    fn severity_grows_with_what_is_down() {
        assert_eq!(Severity::of([Up]), Severity::Advisory);
        assert_eq!(Severity::of([Up, Degraded]), Severity::Minor);
        assert_eq!(Severity::of([Down, Degraded]), Severity::Major);
        assert_eq!(Severity::of([Down; CRITICAL_MONITORS]), Severity::Critical);
        for severity in Severity::ALL {
            assert_eq!(Severity::from_code(severity.code()), Some(severity));
        }
        assert_eq!(Severity::from_code(-1), None);
    }
}
