//! A group or component: the share of time in which all its members, or any of them, are not down.
//!
//! A group has a timeline as a monitor has one, with its members in the place of regions, so that figures, outages and
//! objectives of a group are those of its timeline. Members of whom nothing is measured (unknown, paused, and in
//! maintenance for the contractual figure) are left aside, as regions that do not vote are.

use crate::{
    policy::{Policy, PolicyHistory},
    quorum::Quorum,
    span::SpanSet,
    state::MonitorState,
    timeline::{RegionVotes, StateInterval, TimelineSource, build},
    verdict::Verdict,
    vote::VoteStep,
};
use serde::{Deserialize, Serialize};

/// When a group is not down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GroupRule {
    /// While all its members are not down.
    #[default]
    All,
    /// While any of its members is not down.
    Any,
}

/// The timeline of a group from those of its members, from the creation of the first until all that is recorded of any.
pub fn combine(members: &[&[StateInterval]], rule: GroupRule) -> Vec<StateInterval> {
    let of_any = || members.iter().copied().flatten();
    let (Some(from_ms), Some(to_ms)) = (
        of_any().map(|interval| interval.from_ms).min(),
        of_any().map(|interval| interval.to_ms).max(),
    ) else {
        return Vec::new();
    };
    let contractual = decided(members, rule, from_ms, to_ms, |interval| interval.state);
    let strict = decided(members, rule, from_ms, to_ms, |interval| interval.measured);
    // Where nothing is measured, the members' own states tell why.
    let edges = of_any().flat_map(|interval| [interval.from_ms, interval.to_ms]);
    let mut moments: Vec<_> = edges.collect();
    moments.sort_unstable();
    moments.dedup();

    let mut record = Vec::<StateInterval>::new();
    for two in moments.windows(2) {
        let (from_ms, to_ms) = (two[0], two[1]);
        let Some(beneath) = interval_at(&strict, from_ms) else {
            continue;
        };
        let state =
            interval_at(&contractual, from_ms).map_or(MonitorState::Unknown, |interval| interval.state);
        let state = if state.is_measured() {
            state
        } else {
            unmeasured_state(members, from_ms)
        };
        let measured = if beneath.state.is_measured() {
            beneath.state
        } else {
            state
        };
        match record.last_mut() {
            Some(last) if (last.state, last.measured) == (state, measured) => last.to_ms = to_ms,
            _ => record.push(StateInterval {
                from_ms,
                to_ms,
                state,
                measured,
                advisory: Vec::new(),
                earliest_ms: if beneath.from_ms == from_ms {
                    beneath.earliest_ms
                } else {
                    from_ms
                },
            }),
        }
    }
    record
}

/// The group's state by the rule, with members voting as one of their states says.
fn decided(
    members: &[&[StateInterval]],
    rule: GroupRule,
    from_ms: i64,
    to_ms: i64,
    state: impl Fn(&StateInterval) -> MonitorState,
) -> Vec<StateInterval> {
    let votes = members.iter().zip(0..).map(|(record, region)| {
        let mut steps = Vec::<VoteStep>::with_capacity(record.len() + 1);
        let ends = record
            .last()
            .map(|last| (last.to_ms, Verdict::Unknown, last.to_ms));
        let votes = record.iter().map(|interval| {
            let vote = match state(interval) {
                MonitorState::Up => Verdict::Up,
                MonitorState::Degraded => Verdict::Degraded,
                MonitorState::Down => Verdict::Down,
                MonitorState::Maintenance | MonitorState::Unknown | MonitorState::Paused => Verdict::Unknown,
            };
            (interval.from_ms, vote, interval.earliest_ms)
        });
        for (at_ms, vote, earliest_ms) in votes.chain(ends) {
            if steps.last().is_none_or(|step| step.vote != vote) {
                steps.push(VoteStep {
                    at_ms,
                    vote,
                    earliest_ms,
                });
            }
        }
        RegionVotes { region, steps }
    });
    let votes: Vec<_> = votes.collect();
    let uncertain = votes.iter().flat_map(|votes| &votes.steps);
    let widest_ms = uncertain.map(|step| step.at_ms - step.earliest_ms).max();
    let policy = Policy {
        // One member down is enough where all have to be up, and all have to be down where any will do.
        quorum: match rule {
            GroupRule::All => Quorum::Any,
            GroupRule::Any => Quorum::All,
        },
        ..Policy::new(widest_ms.unwrap_or(1), votes.iter().map(|votes| votes.region))
    };
    let source = TimelineSource {
        created_ms: from_ms,
        history: &PolicyHistory::new(policy),
        votes: &votes,
        maintenance: &SpanSet::default(),
        pauses: &SpanSet::default(),
    };
    build(source, to_ms)
}

fn unmeasured_state(members: &[&[StateInterval]], at_ms: i64) -> MonitorState {
    let states = || {
        members
            .iter()
            .filter_map(move |record| interval_at(record, at_ms))
            .map(|interval| interval.state)
    };
    if states().any(|state| state == MonitorState::Maintenance) {
        MonitorState::Maintenance
    } else if states().all(|state| state == MonitorState::Paused) && states().next().is_some() {
        MonitorState::Paused
    } else {
        MonitorState::Unknown
    }
}

fn interval_at(record: &[StateInterval], at_ms: i64) -> Option<&StateInterval> {
    let after = record.partition_point(|interval| interval.from_ms <= at_ms);
    record[..after]
        .last()
        .filter(|interval| interval.span().contains(at_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{sample::MIN, span::Span, uptime::Figures};
    use MonitorState::{Degraded, Down, Maintenance, Paused, Unknown, Up};

    /// `(minute, state, what is measured, how many minutes the edge is uncertain)`, until minute 60.
    fn record(parts: &[(i64, MonitorState, MonitorState, i64)]) -> Vec<StateInterval> {
        let ends = parts.iter().skip(1).map(|part| part.0).chain([60]);
        let intervals = parts
            .iter()
            .zip(ends)
            .map(|(&(from, state, measured, uncertain), to)| StateInterval {
                from_ms: from * MIN,
                to_ms: to * MIN,
                state,
                measured,
                advisory: vec![9],
                earliest_ms: (from - uncertain) * MIN,
            });
        intervals.collect()
    }

    fn states(record: &[StateInterval]) -> Vec<(i64, MonitorState)> {
        record.iter().map(|i| (i.from_ms / MIN, i.state)).collect()
    }

    #[test]
    fn all_or_any_of_the_members() {
        let a = record(&[(0, Up, Up, 0), (10, Down, Down, 1), (30, Up, Up, 2)]);
        let b = record(&[(0, Up, Up, 0), (20, Down, Down, 3), (40, Degraded, Degraded, 1)]);
        let all = combine(&[&a, &b], GroupRule::All);
        assert_eq!(states(&all), [(0, Up), (10, Down), (40, Degraded)]);
        assert_eq!((all[1].earliest_ms, all[2].earliest_ms), (9 * MIN, 39 * MIN));
        let any = combine(&[&a, &b], GroupRule::Any);
        assert_eq!(states(&any), [(0, Up), (20, Down), (30, Up)]);
        assert_eq!((any[1].earliest_ms, any[2].earliest_ms), (17 * MIN, 28 * MIN));
        // 10 of 60 minutes: all but 20 to 30.
        let figures = Figures::of(&any, Span::ALL);
        assert_eq!(figures.contractual.uptime().unwrap().percent(), "83.333");
        assert!(all.iter().all(|interval| interval.advisory.is_empty()));
    }

    #[test]
    fn members_of_whom_nothing_is_measured_are_left_aside() {
        let a = record(&[(0, Up, Up, 0), (10, Unknown, Unknown, 0), (20, Paused, Paused, 0)]);
        let b = record(&[(5, Up, Up, 0), (15, Paused, Paused, 0)]);
        let group = combine(&[&a, &b], GroupRule::All);
        assert_eq!(states(&group), [(0, Up), (15, Unknown), (20, Paused)]);
        assert_eq!(combine(&[], GroupRule::All), []);
        assert_eq!(states(&combine(&[&a], GroupRule::Any)), states(&a));
    }

    #[test]
    fn the_strict_figure_of_a_group_counts_members_in_maintenance() {
        let a = record(&[(0, Up, Up, 0), (10, Maintenance, Down, 0), (20, Up, Up, 0)]);
        let b = record(&[(0, Up, Up, 0)]);
        let group = combine(&[&a, &b], GroupRule::All);
        let figures = Figures::of(&group, Span::ALL);
        assert_eq!(
            (figures.contractual.down_ms, figures.strict.down_ms),
            (0, 10 * MIN)
        );
        let alone = combine(&[&a], GroupRule::All);
        assert_eq!(
            (alone[1].state, alone[1].measured, alone.len()),
            (Maintenance, Down, 3)
        );
    }
}
