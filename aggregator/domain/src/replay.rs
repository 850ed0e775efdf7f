//! Policy replay: what another policy would have said of the results that there were.
//!
//! A result is judged by when it was due and began, as always; what is told of an outage, and when, follows from when the
//! checks that confirmed it were made. Pages are what [`crate::flapping`] tells of the states as they were known then.

use crate::{
    flapping::{Notice, Told, tell},
    incident::{Outage, outages},
    policy::{FlappingPolicy, Policy, PolicyHistory, RegionId},
    quorum::Quorum,
    span::{Span, SpanSet},
    state::MonitorState,
    timeline::{RegionVotes, StateInterval, TimelineSource, build},
    vote::{Check, VoteChange, VoteFold, settle, steps},
};
use edgewatch_protocol::observation::OutcomeState;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A stored result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredCheck {
    /// Whose.
    pub region: RegionId,
    /// The check.
    pub check: Check,
    /// From its beginning to its end, in microseconds.
    pub total_us: u32,
    /// Whether it was degraded for another reason than its latency, or for that as well.
    pub warned_otherwise: bool,
}

/// What there is to replay.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// The results, in any order.
    pub checks: &'a [StoredCheck],
    /// From when to when; the first state is unknown until the first result.
    pub window: Span,
    /// Maintenance windows within.
    pub maintenance: &'a SpanSet,
    /// Pauses within.
    pub pauses: &'a SpanSet,
}

/// Thresholds of a check's total time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct LatencyThresholds {
    /// Degraded above this, in microseconds.
    pub degraded_us: Option<u32>,
    /// Down above this, in microseconds.
    pub down_us: Option<u32>,
}

impl LatencyThresholds {
    /// What a success would have been. A failure remains one: nobody knows what had come after it.
    fn judge(self, stored: StoredCheck) -> OutcomeState {
        let over = |threshold: Option<u32>| threshold.is_some_and(|us| stored.total_us > us);
        match stored.check.outcome {
            OutcomeState::Up | OutcomeState::Degraded if over(self.down_us) => OutcomeState::Down,
            OutcomeState::Up | OutcomeState::Degraded
                if over(self.degraded_us) || stored.warned_otherwise =>
            {
                OutcomeState::Degraded
            }
            OutcomeState::Up | OutcomeState::Degraded => OutcomeState::Up,
            other => other,
        }
    }
}

/// What is to be other; what is left out stays as it was. The interval does: there are no other results than there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Proposal {
    /// See [`Policy::confirmations`].
    pub confirmations: Option<u8>,
    /// See [`Policy::recoveries`].
    pub recoveries: Option<u8>,
    /// See [`Policy::quorum`].
    pub quorum: Option<Quorum>,
    /// See [`Policy::regions`].
    pub regions: Option<Vec<RegionId>>,
    /// See [`Policy::flapping`].
    pub flapping: Option<FlappingPolicy>,
    /// Instead of the thresholds by which the results were judged.
    pub latency: Option<LatencyThresholds>,
}

impl Proposal {
    /// The policies as they would have been.
    pub fn applied_to(&self, history: &PolicyHistory) -> PolicyHistory {
        let mut entries = history.entries().iter().map(|(from_ms, policy)| {
            let policy = policy.clone();
            let proposed = Policy {
                confirmations: self.confirmations.unwrap_or(policy.confirmations),
                recoveries: self.recoveries.unwrap_or(policy.recoveries),
                quorum: self.quorum.unwrap_or(policy.quorum),
                regions: self.regions.clone().unwrap_or(policy.regions),
                flapping: self.flapping.unwrap_or(policy.flapping),
                ..policy
            };
            (*from_ms, proposed)
        });
        let (_, first) = entries
            .next()
            .unwrap_or_else(|| (i64::MIN, history.at(i64::MIN).clone()));
        let mut proposed = PolicyHistory::new(first);
        for (from_ms, policy) in entries {
            proposed.change(from_ms, policy);
        }
        proposed
    }
}

/// An outage, and when it was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KnownOutage {
    /// As the timeline has it.
    pub outage: Outage,
    /// When the check began that made the monitor down, in milliseconds since the Unix epoch. `None` if by then some
    /// region had recovered already, so that it was known only afterwards.
    pub known_ms: Option<i64>,
}

/// What a policy says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The timeline, outages backdated.
    pub timeline: Vec<StateInterval>,
    /// The states as they were known at the time.
    pub as_known: Vec<StateInterval>,
    /// What was told, by the states as they were known.
    pub told: Told,
    /// The outages of the timeline.
    pub outages: Vec<KnownOutage>,
}

impl Replayed {
    /// How often somebody was paged: for each change to down, and once for each flapping.
    pub fn pages(&self) -> usize {
        let pages = |notice: &&Notice| match notice {
            Notice::Changed { to, .. } => *to == MonitorState::Down,
            Notice::Flapping { .. } => true,
            Notice::Settled { .. } => false,
        };
        self.told.notices.iter().filter(pages).count()
    }
}

/// What regions vote by their checks, in any order, as it stands at `now_ms`: silence since the last check is part of it.
pub fn region_votes(
    checks: impl IntoIterator<Item = (RegionId, Check)>,
    history: &PolicyHistory,
    now_ms: i64,
) -> Vec<RegionVotes> {
    vote_changes(checks, history, now_ms)
        .into_iter()
        .map(|(region, changes)| steps_of(region, &changes))
        .collect()
}

fn vote_changes(
    checks: impl IntoIterator<Item = (RegionId, Check)>,
    history: &PolicyHistory,
    now_ms: i64,
) -> BTreeMap<RegionId, Vec<VoteChange>> {
    let mut by_region = BTreeMap::<RegionId, Vec<Check>>::new();
    for (region, check) in checks {
        by_region.entry(region).or_default().push(check);
    }
    let changes = by_region.into_iter().map(|(region, mut checks)| {
        settle(&mut checks);
        let (mut fold, mut changes) = (VoteFold::new(), Vec::new());
        for check in checks {
            changes.extend(fold.push(history, check).into_iter().flatten());
        }
        changes.extend(fold.silent_at(history, now_ms));
        (region, changes)
    });
    changes.collect()
}

fn steps_of(region: RegionId, changes: &[VoteChange]) -> RegionVotes {
    RegionVotes {
        region,
        steps: steps(changes),
    }
}

/// What a policy says of the evidence. With `latency`, successes are judged anew by their total time.
pub fn replay(
    evidence: Evidence<'_>,
    history: &PolicyHistory,
    latency: Option<LatencyThresholds>,
) -> Replayed {
    let checks = evidence.checks.iter().map(|&stored| {
        let outcome = latency.map_or(stored.check.outcome, |latency| latency.judge(stored));
        let check = Check {
            outcome,
            ..stored.check
        };
        (stored.region, check)
    });
    let now_ms = evidence.window.to_ms;
    let (mut votes, mut votes_as_known) = (Vec::new(), Vec::new());
    for (region, mut changes) in vote_changes(checks, history, now_ms) {
        votes.push(steps_of(region, &changes));
        for change in &mut changes {
            (change.at_ms, change.earliest_ms) = (change.known_ms, change.known_ms);
        }
        votes_as_known.push(steps_of(region, &changes));
    }
    let source = TimelineSource {
        created_ms: evidence.window.from_ms,
        history,
        votes: &votes,
        maintenance: evidence.maintenance,
        pauses: evidence.pauses,
    };
    let timeline = build(source, now_ms);
    let as_known = build(
        TimelineSource {
            votes: &votes_as_known,
            ..source
        },
        now_ms,
    );
    let known = |outage: Outage| {
        let down = as_known.iter().find(|interval| {
            interval.state == MonitorState::Down && !interval.span().intersection(outage.span()).is_empty()
        });
        KnownOutage {
            outage,
            // Where the outage before was not known to have ended, this one was known at once.
            known_ms: down.map(|interval| interval.from_ms.max(outage.from_ms)),
        }
    };
    Replayed {
        told: tell(&as_known, history, now_ms),
        outages: outages(&timeline).into_iter().map(known).collect(),
        timeline,
        as_known,
    }
}

/// What would have been other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// How often somebody was paged.
    pub pages_before: usize,
    /// How often somebody would have been paged.
    pub pages_after: usize,
    /// Outages that there would not have been.
    pub only_before: Vec<KnownOutage>,
    /// Outages that there would have been besides.
    pub only_after: Vec<KnownOutage>,
    /// Outages that have time in common: as they were, and as they would have been.
    pub both: Vec<(KnownOutage, KnownOutage)>,
}

/// By how many milliseconds the second of two would have been known later; negative: sooner. `None` if either was known
/// only afterwards.
pub fn known_later_ms((before, after): (KnownOutage, KnownOutage)) -> Option<i64> {
    Some(after.known_ms? - before.known_ms?)
}

/// Compares what two policies say of the same evidence. Where one outage of the one is several of the other, it is held
/// against the first of them.
pub fn compare(before: &Replayed, after: &Replayed) -> Comparison {
    let mut comparison = Comparison {
        pages_before: before.pages(),
        pages_after: after.pages(),
        only_before: Vec::new(),
        only_after: Vec::new(),
        both: Vec::new(),
    };
    let mut unmatched = after.outages.iter().copied().peekable();
    for &known in &before.outages {
        let span = known.outage.span();
        while let Some(other) = unmatched.next_if(|other| other.outage.span().to_ms <= span.from_ms) {
            comparison.only_after.push(other);
        }
        match unmatched.next_if(|other| other.outage.from_ms < span.to_ms) {
            Some(other) => comparison.both.push((known, other)),
            None => comparison.only_before.push(known),
        }
    }
    comparison.only_after.extend(unmatched);
    comparison
}

#[cfg(test)]
mod tests;
