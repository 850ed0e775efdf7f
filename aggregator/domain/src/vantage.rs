//! Disqualified vantage: a region whose own network fails, judged by what the other regions see meanwhile.
//!
//! A region that fails on many unrelated targets at once, while other regions see them up, says something of itself and
//! not of them. Judged for each region and minute of slots, over sets: the same results in whatever order say the same.

use crate::{policy::RegionId, span::Span};
use edgewatch_protocol::observation::OutcomeState;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The length of a window of slots, in milliseconds.
pub const WINDOW_MS: i64 = 60_000;

/// How much older than one interval another region's outcome may be to count, in milliseconds.
const GRACE_MS: i64 = 60_000;

/// When a region is disqualified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct VantagePolicy {
    /// It fails on at least so many targets that others see up …
    pub targets: u16,
    /// … and on more than this share of those that it checks, in percent, of monitors as well as of targets.
    pub over_percent: u8,
}

impl Default for VantagePolicy {
    fn default() -> Self {
        Self {
            targets: 5,
            over_percent: 60,
        }
    }
}

/// A monitor as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchedMonitor<'a> {
    /// What it looks at, such as a host: monitors of one target are related.
    pub target: &'a str,
    /// Milliseconds between its slots.
    pub interval_ms: i64,
}

/// The outcome of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The number of the monitor.
    pub monitor: i32,
    /// Who looked.
    pub region: RegionId,
    /// When it was due, in milliseconds since the Unix epoch.
    pub slot_ms: i64,
    /// How it ended.
    pub outcome: OutcomeState,
}

/// The window to which a slot belongs.
pub fn window_of(slot_ms: i64) -> Span {
    let from_ms = slot_ms.div_euclid(WINDOW_MS) * WINDOW_MS;
    Span::new(from_ms, from_ms + WINDOW_MS)
}

/// The time from which on sightings matter to judge a window of monitors with at most this interval.
pub fn sightings_needed_from_ms(window: Span, longest_interval_ms: i64) -> i64 {
    window.from_ms - longest_interval_ms - GRACE_MS
}

/// Whether a region is disqualified for a window.
///
/// Of each region counts the latest measured outcome, of the region itself within the window, of others until its end and
/// not older than one interval and a minute. Others see a monitor up if more of them do than do not.
pub fn is_disqualified(
    policy: VantagePolicy,
    region: RegionId,
    window: Span,
    monitors: &BTreeMap<i32, WatchedMonitor<'_>>,
    sightings: &[Sighting],
) -> bool {
    // By monitor and region: the latest slot, and in it the worse of two outcomes.
    let mut latest = BTreeMap::<(i32, RegionId), (i64, Seen)>::new();
    for sighting in sightings {
        let (Some(monitor), Some(seen)) = (monitors.get(&sighting.monitor), Seen::of(sighting.outcome))
        else {
            continue;
        };
        let from_ms = if sighting.region == region {
            window.from_ms
        } else {
            sightings_needed_from_ms(window, monitor.interval_ms)
        };
        if Span::new(from_ms, window.to_ms).contains(sighting.slot_ms) {
            let known = latest
                .entry((sighting.monitor, sighting.region))
                .or_insert((i64::MIN, seen));
            *known = (*known).max((sighting.slot_ms, seen));
        }
    }
    let (mut checked, mut checked_targets) = (0usize, BTreeSet::new());
    let (mut failed, mut failed_targets) = (0usize, BTreeSet::new());
    for (&number, monitor) in monitors {
        let Some(&(own_slot_ms, own)) = latest.get(&(number, region)) else {
            continue;
        };
        checked += 1;
        checked_targets.insert(monitor.target);
        let of_monitor = latest.range((number, RegionId::MIN)..=(number, RegionId::MAX));
        let oldest_ms = own_slot_ms - monitor.interval_ms - GRACE_MS;
        let others = of_monitor.filter(|((_, of), (slot_ms, _))| *of != region && *slot_ms >= oldest_ms);
        let balance: i32 = others
            .map(|(_, (_, seen))| if *seen == Seen::Up { 1 } else { -1 })
            .sum();
        if own == Seen::Down && balance > 0 {
            failed += 1;
            failed_targets.insert(monitor.target);
        }
    }
    let over = |part: usize, of: usize| part * 100 > of * usize::from(policy.over_percent);
    failed_targets.len() >= usize::from(policy.targets).max(1)
        && over(failed, checked)
        && over(failed_targets.len(), checked_targets.len())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    Up,
    Down,
}

impl Seen {
    fn of(outcome: OutcomeState) -> Option<Self> {
        match outcome {
            OutcomeState::Up | OutcomeState::Degraded => Some(Self::Up),
            OutcomeState::Down => Some(Self::Down),
            OutcomeState::Unmeasured => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use OutcomeState::{Down, Unmeasured, Up};
    use proptest::prelude::*;

    const WINDOW: Span = Span::new(600_000, 660_000);
    const HOSTS: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

    fn monitors(targets: &[&'static str]) -> BTreeMap<i32, WatchedMonitor<'static>> {
        let watched = targets.iter().map(|target| WatchedMonitor {
            target,
            interval_ms: 60_000,
        });
        (0..).zip(watched).collect()
    }

    /// Region 1 fails on the first `failing` monitors; region 2 sees `others` of all.
    fn sightings(count: i32, failing: i32, others: OutcomeState, other_slot_ms: i64) -> Vec<Sighting> {
        let of = |monitor| {
            let own = if monitor < failing { Down } else { Up };
            [(1, 610_000, own), (2, other_slot_ms, others)].map(|(region, slot_ms, outcome)| Sighting {
                monitor,
                region,
                slot_ms,
                outcome,
            })
        };
        (0..count).flat_map(of).collect()
    }

    fn judge(targets: &[&'static str], sightings: &[Sighting]) -> bool {
        is_disqualified(VantagePolicy::default(), 1, WINDOW, &monitors(targets), sightings)
    }

    #[test]
    fn it_takes_five_targets_and_more_than_sixty_percent() {
        assert!(judge(&HOSTS, &sightings(10, 7, Up, 630_000)));
        assert!(!judge(&HOSTS, &sightings(10, 6, Up, 630_000)));
        assert!(judge(&HOSTS[..5], &sightings(5, 5, Up, 630_000)));
        assert!(!judge(&HOSTS[..4], &sightings(4, 4, Up, 630_000)));
        let policy = VantagePolicy {
            targets: 2,
            over_percent: 50,
        };
        let all = sightings(3, 2, Up, 630_000);
        assert!(is_disqualified(policy, 1, WINDOW, &monitors(&HOSTS[..3]), &all));
        assert!(!is_disqualified(policy, 2, WINDOW, &monitors(&HOSTS[..3]), &all));
    }

    #[test]
    fn monitors_of_one_target_are_one_failure() {
        assert!(!judge(&["a"; 10], &sightings(10, 10, Up, 630_000)));
        // Many monitors of one failing host do not speak for the hosts that it sees up.
        let mut targets = vec!["a"; 20];
        targets.extend(HOSTS);
        assert!(!judge(&targets, &sightings(30, 25, Up, 630_000)));
    }

    #[test]
    fn what_others_do_not_see_up_is_not_held_against_it() {
        assert!(!judge(&HOSTS, &sightings(10, 10, Down, 630_000)));
        assert!(!judge(&HOSTS, &sightings(10, 10, Unmeasured, 630_000)));
        // Not older than one interval and a minute, and not later than the window.
        assert!(judge(&HOSTS, &sightings(10, 10, Up, 490_000)));
        assert!(!judge(&HOSTS, &sightings(10, 10, Up, 489_999)));
        assert!(!judge(&HOSTS, &sightings(10, 10, Up, 660_000)));
        // Nor is a tie among the others.
        let mut tied = sightings(10, 10, Up, 630_000);
        tied.extend(
            sightings(10, 10, Down, 630_000)
                .into_iter()
                .filter(|s| s.region == 2)
                .map(|sighting| Sighting {
                    region: 3,
                    ..sighting
                }),
        );
        assert!(!judge(&HOSTS, &tied));
    }

    #[test]
    fn windows_are_minutes() {
        assert_eq!(window_of(659_999), WINDOW);
        assert_eq!(window_of(-1), Span::new(-60_000, 0));
    }

    proptest! {
        #[test]
        fn no_order_and_no_repetition_matters(
            sightings in proptest::collection::vec((0i32..8, 1u16..4, 48i64..70, 0i16..4), 0..80),
            mut keys in proptest::collection::vec(any::<u32>(), 160),
        ) {
            let sightings: Vec<_> = sightings.into_iter().map(|(monitor, region, slot, outcome)| Sighting {
                monitor, region, slot_ms: slot * 10_000, outcome: OutcomeState::from_code(outcome).unwrap(),
            }).collect();
            let policy = VantagePolicy { targets: 2, over_percent: 40 };
            let monitors = monitors(&HOSTS[..8]);
            let mut others = sightings.clone();
            others.extend_from_within(..);
            others.sort_by_cached_key(|_| keys.pop());
            prop_assert_eq!(
                is_disqualified(policy, 1, WINDOW, &monitors, &sightings),
                is_disqualified(policy, 1, WINDOW, &monitors, &others)
            );
        }
    }
}
