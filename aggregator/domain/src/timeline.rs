//! The record of a monitor's state: half-open intervals from its creation on, without overlap and without hole.

use crate::{
    policy::{PolicyHistory, RegionId},
    span::{Span, SpanSet},
    state::{MonitorState, decide},
    verdict::Verdict,
    vote::VoteStep,
};
use serde::{Deserialize, Serialize};

/// How many intervals before an edge the edge may truly lie: a result holds for four at most.
const LOOK_BACK_INTERVALS: i64 = 5;

/// A stretch of time in which nothing changed. Times in milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StateInterval {
    /// The first millisecond within.
    pub from_ms: i64,
    /// The first millisecond after it.
    pub to_ms: i64,
    /// The state.
    pub state: MonitorState,
    /// The state beneath maintenance; else the state itself.
    pub measured: MonitorState,
    /// The regions that see it down while the monitor is not, in order: a regional advisory, if there are any.
    pub advisory: Vec<RegionId>,
    /// Where what is measured changes with this interval, the change is known only to lie in `(earliest_ms, from_ms]`:
    /// between two checks. `from_ms` where it is known exactly, or nothing was measured before.
    pub earliest_ms: i64,
}

impl StateInterval {
    /// The time it takes.
    pub fn span(&self) -> Span {
        Span::new(self.from_ms, self.to_ms)
    }

    fn says_the_same_as(&self, other: &Self) -> bool {
        (self.state, self.measured) == (other.state, other.measured) && self.advisory == other.advisory
    }
}

/// What a region votes over time, see [`crate::vote::steps`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionVotes {
    /// The region. It votes only while the policy names it.
    pub region: RegionId,
    /// Its votes in order.
    pub steps: Vec<VoteStep>,
}

/// All that makes a monitor's timeline. Of what is after the moment for which it is built nothing counts.
#[derive(Clone, Copy, Debug)]
pub struct TimelineSource<'a> {
    /// When the monitor was created: the timeline begins here.
    pub created_ms: i64,
    /// What it is judged by.
    pub history: &'a PolicyHistory,
    /// What the regions vote, each region once.
    pub votes: &'a [RegionVotes],
    /// The maintenance windows that it is subject to.
    pub maintenance: &'a SpanSet,
    /// When it was paused.
    pub pauses: &'a SpanSet,
}

/// The timeline from the monitor's creation to `now_ms`.
pub fn build(source: TimelineSource<'_>, now_ms: i64) -> Vec<StateInterval> {
    let mut record = Vec::new();
    rebuild_tail(&mut record, source.created_ms, source, now_ms);
    record
}

/// Builds the timeline anew from `from_ms` to `now_ms`, and keeps what was before. Where nothing before `from_ms` has
/// changed, this is [`build`]; only what votes from [`votes_needed_from_ms`] on needs to be in `source`, together with
/// what each region voted at that time.
///
/// An interval that goes on is one with that before it. The record may reach back less far than the monitor's creation, if
/// it begins before `from_ms`.
pub fn rebuild_tail(record: &mut Vec<StateInterval>, from_ms: i64, source: TimelineSource<'_>, now_ms: i64) {
    let mut from_ms = from_ms.max(source.created_ms).min(now_ms);
    record.truncate(record.partition_point(|interval| interval.from_ms < from_ms));
    match record.last_mut() {
        Some(last) => {
            last.to_ms = last.to_ms.min(from_ms);
            from_ms = last.to_ms;
        }
        None => from_ms = source.created_ms,
    }
    let mut moments = source.moments(Span::new(from_ms, now_ms)).into_iter().peekable();
    while let Some(at_ms) = moments.next() {
        let mut interval = source.interval_at(at_ms);
        interval.to_ms = *moments.peek().unwrap_or(&now_ms);
        match record.last_mut() {
            Some(last) if last.says_the_same_as(&interval) => last.to_ms = interval.to_ms,
            Some(last) => {
                interval.earliest_ms = source.earliest_ms(at_ms, last.measured, interval.measured);
                record.push(interval);
            }
            None => record.push(interval),
        }
    }
}

/// From when on [`rebuild_tail`] needs the regions' votes to build a tail that begins at `from_ms`.
pub fn votes_needed_from_ms(history: &PolicyHistory, from_ms: i64) -> i64 {
    from_ms.saturating_sub(history.longest_interval_ms().saturating_mul(LOOK_BACK_INTERVALS))
}

impl TimelineSource<'_> {
    /// When something may change within the window, its beginning included.
    fn moments(&self, window: Span) -> Vec<i64> {
        let edges = |spans: &SpanSet| {
            let within = spans.within(window);
            within
                .iter()
                .flat_map(|span| [span.from_ms, span.to_ms])
                .collect::<Vec<_>>()
        };
        let policies = self.history.entries().iter().map(|&(from_ms, _)| from_ms);
        let mut moments: Vec<_> = self
            .steps_within(window)
            .map(|step| step.at_ms)
            .chain(policies)
            .chain(edges(self.maintenance))
            .chain(edges(self.pauses))
            .chain([window.from_ms])
            .filter(|&at_ms| window.contains(at_ms))
            .collect();
        moments.sort_unstable();
        moments.dedup();
        moments
    }

    fn steps_within(&self, window: Span) -> impl Iterator<Item = &VoteStep> {
        self.votes.iter().flat_map(move |votes| {
            let before = |end_ms: i64| votes.steps.partition_point(|step| step.at_ms < end_ms);
            let (from, to) = (before(window.from_ms), before(window.to_ms));
            &votes.steps[from..to.max(from)]
        })
    }

    /// What there is to say of a moment; the interval is empty yet.
    fn interval_at(&self, at_ms: i64) -> StateInterval {
        let measured = self.measured_at(at_ms, |votes| vote_at(&votes.steps, at_ms));
        let state = if measured != MonitorState::Paused && self.maintenance.contains(at_ms) {
            MonitorState::Maintenance
        } else {
            measured
        };
        let advisory = if matches!(measured, MonitorState::Up | MonitorState::Degraded) {
            let regions = &self.history.at(at_ms).regions;
            let sees_it_down = |votes: &&RegionVotes| {
                vote_at(&votes.steps, at_ms) == Verdict::Down && regions.binary_search(&votes.region).is_ok()
            };
            let mut advisory: Vec<_> = self
                .votes
                .iter()
                .filter(sees_it_down)
                .map(|votes| votes.region)
                .collect();
            advisory.sort_unstable();
            advisory
        } else {
            Vec::new()
        };
        StateInterval {
            from_ms: at_ms,
            to_ms: at_ms,
            state,
            measured,
            advisory,
            earliest_ms: at_ms,
        }
    }

    fn measured_at(&self, at_ms: i64, vote: impl Fn(&RegionVotes) -> Verdict) -> MonitorState {
        if self.pauses.contains(at_ms) {
            return MonitorState::Paused;
        }
        let policy = self.history.at(at_ms);
        let may_vote = |votes: &&RegionVotes| policy.regions.binary_search(&votes.region).is_ok();
        let votes = self.votes.iter().filter(may_vote).map(vote);
        decide(votes, policy.quorum).state
    }

    /// The bound of an edge: how far back what holds from `at_ms` on would have held without a break, had every region
    /// changed its vote as early as it may have.
    fn earliest_ms(&self, at_ms: i64, before: MonitorState, after: MonitorState) -> i64 {
        if before == after || !before.is_measured() || !after.is_measured() {
            return at_ms;
        }
        let either_is_down = before == MonitorState::Down || after == MonitorState::Down;
        let holds = |state: MonitorState| {
            if either_is_down {
                state.is_measured() && (state == MonitorState::Down) == (after == MonitorState::Down)
            } else {
                state == after
            }
        };
        let interval_ms = self.history.at(at_ms).interval_ms;
        let reach = Span::new(
            at_ms
                .saturating_sub(interval_ms.saturating_mul(LOOK_BACK_INTERVALS))
                .max(self.created_ms),
            at_ms,
        );
        let mut moments = self.moments(reach);
        let last_steps = self
            .votes
            .iter()
            .filter_map(|votes| last_step(&votes.steps, at_ms));
        moments.extend(
            last_steps
                .map(|step| step.earliest_ms.saturating_add(1))
                .filter(|&at_ms| reach.contains(at_ms)),
        );
        moments.sort_unstable();
        let earlier_vote = |votes: &RegionVotes, moment_ms: i64| match last_step(&votes.steps, at_ms) {
            Some(step) if moment_ms > step.earliest_ms => step.vote,
            _ => vote_at(&votes.steps, moment_ms),
        };
        let holds_at = |moment_ms: i64| {
            let state = self.measured_at(moment_ms, |votes| earlier_vote(votes, moment_ms));
            holds(state)
        };
        let reached = moments.into_iter().rev().take_while(|&ms| holds_at(ms)).last();
        reached.map_or(at_ms, |moment_ms| (moment_ms - 1).max(self.created_ms))
    }
}

fn last_step(steps: &[VoteStep], at_ms: i64) -> Option<&VoteStep> {
    let after = steps.partition_point(|step| step.at_ms <= at_ms);
    steps[..after].last()
}

fn vote_at(steps: &[VoteStep], at_ms: i64) -> Verdict {
    last_step(steps, at_ms).map_or(Verdict::Unknown, |step| step.vote)
}

#[cfg(test)]
mod tests;
