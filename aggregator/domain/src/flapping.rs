//! Flapping: a monitor that changes its state too often tells so once, and then no more until it holds one.

use crate::{
    policy::PolicyHistory,
    span::{Span, SpanSet},
    state::MonitorState,
    timeline::StateInterval,
};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Something to be told of. Times in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Notice {
    /// The state changed.
    Changed {
        /// When.
        at_ms: i64,
        /// What it was.
        from: MonitorState,
        /// What it is.
        to: MonitorState,
    },
    /// It flaps from now on; what follows is not told.
    Flapping {
        /// When.
        at_ms: i64,
    },
    /// It has held a state for long enough.
    Settled {
        /// When.
        at_ms: i64,
        /// The state.
        state: MonitorState,
    },
}

impl Notice {
    /// When, in milliseconds since the Unix epoch.
    pub fn at_ms(self) -> i64 {
        match self {
            Self::Changed { at_ms, .. } | Self::Flapping { at_ms } | Self::Settled { at_ms, .. } => at_ms,
        }
    }
}

/// What there is to tell of a timeline, and when it flapped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// In order of time.
    pub notices: Vec<Notice>,
    /// When it was marked as flapping; up to `now_ms` if it still is.
    pub flapping: SpanSet,
    /// If it flaps still: when it will have held its state for long enough, unless it changes.
    pub settles_ms: Option<i64>,
}

/// What a timeline tells up to `now_ms`.
///
/// A change is one of up, degraded and down to another of them; maintenance, unknown and pauses in between are none. The
/// changes before flapping ended do not count towards the next flapping. The record may begin anywhere that the monitor
/// was calm.
pub fn tell(record: &[StateInterval], history: &PolicyHistory, now_ms: i64) -> Told {
    let (mut notices, mut flapping) = (Vec::new(), Vec::new());
    let mut recent = VecDeque::new();
    // Since when it flaps, and when it changed last.
    let mut since = None;
    let mut last: Option<(i64, MonitorState)> = None;
    let mut settle = |since: &mut Option<i64>, last: Option<(i64, MonitorState)>, at_ms: i64| {
        let (Some(from_ms), Some((changed_ms, state))) = (*since, last) else {
            return None;
        };
        let settled_ms = changed_ms.saturating_add(history.at(changed_ms).flapping.holds_ms);
        let has_settled = settled_ms <= at_ms;
        if has_settled || at_ms == now_ms {
            flapping.push(Span::new(from_ms, settled_ms.min(at_ms)));
        }
        has_settled.then(|| {
            *since = None;
            Notice::Settled {
                at_ms: settled_ms,
                state,
            }
        })
    };
    let within = |interval: &&StateInterval| interval.state.is_measured() && interval.from_ms < now_ms;
    for interval in record.iter().filter(within) {
        let (at_ms, to) = (interval.from_ms, interval.state);
        let from = match last {
            None => {
                last = Some((at_ms, to));
                continue;
            }
            Some((_, state)) if state == to => continue,
            Some((_, state)) => state,
        };
        if let Some(settled) = settle(&mut since, last, at_ms) {
            notices.push(settled);
            recent.clear();
        }
        last = Some((at_ms, to));
        if since.is_some() {
            continue;
        }
        let policy = history.at(at_ms).flapping;
        recent.push_back(at_ms);
        while recent
            .front()
            .is_some_and(|&first| first <= at_ms - policy.within_ms)
        {
            recent.pop_front();
        }
        if recent.len() > usize::from(policy.changes) {
            since = Some(at_ms);
            notices.push(Notice::Flapping { at_ms });
        } else {
            notices.push(Notice::Changed { at_ms, from, to });
        }
    }
    notices.extend(settle(&mut since, last, now_ms));
    let settles_ms = since
        .and(last)
        .map(|(changed_ms, _)| changed_ms.saturating_add(history.at(changed_ms).flapping.holds_ms));
    Told {
        notices,
        flapping: flapping.into_iter().collect(),
        settles_ms,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        policy::{FlappingPolicy, Policy},
        sample::MIN,
    };
    use MonitorState::{Down, Maintenance, Up};
    use proptest::prelude::*;

    fn record(edges: &[(i64, MonitorState)], to_ms: i64) -> Vec<StateInterval> {
        let ends = edges.iter().skip(1).map(|edge| edge.0).chain([to_ms]);
        edges
            .iter()
            .zip(ends)
            .map(|(&(from_ms, state), to_ms)| StateInterval {
                from_ms,
                to_ms,
                state,
                measured: state,
                advisory: Vec::new(),
                earliest_ms: from_ms,
            })
            .collect()
    }

    fn history() -> PolicyHistory {
        PolicyHistory::new(Policy::new(MIN, [1]))
    }

    /// Changes every two minutes from minute 2 on, so many of them.
    fn unsteady(changes: i64) -> Vec<(i64, MonitorState)> {
        let state = |n| if n % 2 == 0 { Up } else { Down };
        (0..=changes).map(|n| (n * 2 * MIN, state(n))).collect()
    }

    #[test]
    fn five_changes_are_told_and_the_sixth_is_flapping() {
        let told = tell(&record(&unsteady(5), 60 * MIN), &history(), 60 * MIN);
        assert_eq!((told.notices.len(), told.flapping.is_empty()), (5, true));
        // Eight changes, at minutes 2 to 16: the sixth is at 12, the last at 16, and by 26 it has held.
        let told = tell(&record(&unsteady(8), 60 * MIN), &history(), 60 * MIN);
        assert_eq!(
            told.notices[5..],
            [
                Notice::Flapping { at_ms: 12 * MIN },
                Notice::Settled {
                    at_ms: 26 * MIN,
                    state: Up
                }
            ]
        );
        assert_eq!(told.flapping.as_slice(), [Span::new(12 * MIN, 26 * MIN)]);
        assert_eq!(told.notices[5].at_ms(), 12 * MIN);
    }

    #[test]
    fn it_flaps_until_it_holds_and_is_told_anew_afterwards() {
        let mut edges = unsteady(8);
        let told = tell(&record(&edges, 25 * MIN), &history(), 25 * MIN);
        assert_eq!(told.notices.len(), 6);
        assert_eq!(told.flapping.as_slice(), [Span::new(12 * MIN, 25 * MIN)]);
        assert_eq!(told.settles_ms, Some(26 * MIN));
        // Held from 16 to 27: the change then is the first of a new count.
        edges.push((27 * MIN, Down));
        let told = tell(&record(&edges, 30 * MIN), &history(), 30 * MIN);
        assert_eq!(
            told.notices[6..],
            [
                Notice::Settled {
                    at_ms: 26 * MIN,
                    state: Up
                },
                Notice::Changed {
                    at_ms: 27 * MIN,
                    from: Up,
                    to: Down
                }
            ]
        );
    }

    #[test]
    fn changes_far_apart_and_maintenance_do_not_flap() {
        let apart: Vec<_> = unsteady(20)
            .iter()
            .map(|&(at_ms, state)| (at_ms * 3, state))
            .collect();
        let told = tell(&record(&apart, 180 * MIN), &history(), 180 * MIN);
        assert_eq!((told.notices.len(), told.settles_ms), (20, None));
        assert!(told.flapping.is_empty());
        let windows: Vec<_> = (0..20)
            .map(|n| (n * MIN, if n % 2 == 0 { Up } else { Maintenance }))
            .collect();
        assert_eq!(
            tell(&record(&windows, 60 * MIN), &history(), 60 * MIN),
            Told::default()
        );
    }

    proptest! {
        #[test]
        fn it_is_told_no_more_than_the_policy_says(
            gaps in proptest::collection::vec(1i64..15, 0..60), changes in 1u16..6, later in 0i64..30
        ) {
            let mut at_ms = 0;
            let edges: Vec<_> = gaps.iter().enumerate().map(|(n, gap)| {
                at_ms += gap * MIN;
                (at_ms, if n % 2 == 0 { Up } else { Down })
            }).collect();
            let now_ms = at_ms + later * MIN;
            let flapping = FlappingPolicy { changes, ..FlappingPolicy::default() };
            let history = PolicyHistory::new(Policy { flapping, ..Policy::new(MIN, [1]) });
            let told = tell(&record(&edges, now_ms), &history, now_ms);
            let changed: Vec<_> = told.notices.iter()
                .filter(|notice| matches!(notice, Notice::Changed { .. }))
                .map(|notice| notice.at_ms())
                .collect();
            // No more changes in any half-hour, but for those that follow a calm of ten minutes.
            for (first, many) in changed.iter().zip(changed.windows(usize::from(changes) + 1)) {
                let calm = told.flapping.iter().any(|span| many[0] < span.to_ms && span.to_ms <= many[many.len() - 1]);
                prop_assert!(calm || many[many.len() - 1] - first >= flapping.within_ms);
            }
            prop_assert!(changed.iter().all(|&at_ms| !told.flapping.contains(at_ms)));
            prop_assert!(told.notices.windows(2).all(|two| two[0].at_ms() <= two[1].at_ms()));
        }
    }
}
