//! What the time of a monitor counts as under an agreement, as a record of its own.

use super::policy::{DegradedRule, MaintenanceRule, SlaPolicy, UnknownRule};
use crate::{
    policy::{Policy, PolicyHistory, RegionId},
    quorum::Quorum,
    span::{Span, SpanSet},
    state::MonitorState,
    timeline::{StateInterval, TimelineSource, build},
};
use edgewatch_protocol::name::Region;

/// What a region alone says of a monitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionRecord {
    /// The region.
    pub region: Region,
    /// Its record, as [`region_record`] builds it.
    pub record: Vec<StateInterval>,
}

/// The record of a monitor as it would be if one region alone looked, until `now_ms`. While its policy does not name the
/// region it is unknown.
pub fn region_record(source: TimelineSource<'_>, region: RegionId, now_ms: i64) -> Vec<StateInterval> {
    let alone = |policy: &Policy| Policy {
        quorum: Quorum::Any,
        regions: policy
            .regions
            .iter()
            .copied()
            .filter(|&id| id == region)
            .collect(),
        ..policy.clone()
    };
    let entries = source.history.entries().iter();
    let history = PolicyHistory::from_entries(entries.map(|(from_ms, policy)| (*from_ms, alone(policy))));
    let history = history.unwrap_or_else(|| source.history.clone());
    let own = source.votes.iter().position(|votes| votes.region == region);
    let source = TimelineSource {
        history: &history,
        votes: own.map_or(&[], |place| &source.votes[place..=place]),
        ..source
    };
    build(source, now_ms)
}

/// The record within a span and nothing of what was outside it; advisories are left away.
pub(super) fn cut(record: &[StateInterval], span: Span) -> Vec<StateInterval> {
    let first = record.partition_point(|interval| interval.to_ms <= span.from_ms);
    let within = record[first..]
        .iter()
        .take_while(|interval| interval.from_ms < span.to_ms);
    let parts = within.map(|interval| StateInterval {
        from_ms: interval.from_ms.max(span.from_ms),
        to_ms: interval.to_ms.min(span.to_ms),
        advisory: Vec::new(),
        earliest_ms: interval.earliest_ms.max(span.from_ms),
        ..*interval
    });
    joined(parts)
}

/// The record with each state as the policy has it count. What is excluded is in maintenance, unless it was paused.
pub(super) fn judged(record: &[StateInterval], policy: &SlaPolicy, excluded: &SpanSet) -> Vec<StateInterval> {
    let counts_as = |state: MonitorState| match state {
        MonitorState::Degraded if policy.degraded == DegradedRule::Unavailable => MonitorState::Down,
        MonitorState::Unknown => match policy.unknown {
            UnknownRule::Excluded => MonitorState::Unknown,
            UnknownRule::Available => MonitorState::Up,
            UnknownRule::Unavailable => MonitorState::Down,
        },
        state => state,
    };
    let judged = record.iter().map(|interval| {
        let measured = counts_as(interval.measured);
        let state = match interval.state {
            MonitorState::Maintenance if policy.maintenance == MaintenanceRule::Counted => measured,
            state => counts_as(state),
        };
        StateInterval {
            state,
            measured,
            ..interval.clone()
        }
    });
    if excluded.is_empty() {
        return joined(judged);
    }
    joined(judged.flat_map(|interval| without(interval, excluded)))
}

/// An interval in its parts within and outside what is excluded.
fn without(interval: StateInterval, excluded: &SpanSet) -> Vec<StateInterval> {
    let within = excluded.within(interval.span());
    if within.is_empty() || interval.state == MonitorState::Paused {
        return vec![interval];
    }
    let edges = within.iter().flat_map(|span| [span.from_ms, span.to_ms]);
    let mut edges: Vec<_> = edges.chain([interval.from_ms, interval.to_ms]).collect();
    edges.sort_unstable();
    edges.dedup();
    let part = |two: &[i64]| StateInterval {
        from_ms: two[0],
        to_ms: two[1],
        state: if within.contains(two[0]) {
            MonitorState::Maintenance
        } else {
            interval.state
        },
        earliest_ms: if two[0] == interval.from_ms {
            interval.earliest_ms
        } else {
            two[0]
        },
        ..interval.clone()
    };
    edges.windows(2).map(part).collect()
}

/// Intervals that say the same made one.
fn joined(intervals: impl Iterator<Item = StateInterval>) -> Vec<StateInterval> {
    let mut record = Vec::<StateInterval>::new();
    for interval in intervals {
        match record.last_mut() {
            Some(last) if (last.state, last.measured) == (interval.state, interval.measured) => {
                last.to_ms = interval.to_ms;
            }
            _ => record.push(interval),
        }
    }
    record
}
