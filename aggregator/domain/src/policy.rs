//! What a monitor is judged by, and since when: a change of policy acts from its time on and rewrites nothing.

use crate::quorum::Quorum;
use serde::{Deserialize, Serialize};

/// The number of a region, the aggregator's own.
pub type RegionId = u16;

/// When a monitor is marked as flapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct FlappingPolicy {
    /// More changes of state than these …
    pub changes: u16,
    /// … within so many milliseconds mark it …
    pub within_ms: i64,
    /// … until it holds a state for so many milliseconds.
    pub holds_ms: i64,
}

impl Default for FlappingPolicy {
    fn default() -> Self {
        Self {
            changes: 5,
            within_ms: 30 * 60_000,
            holds_ms: 10 * 60_000,
        }
    }
}

/// What a monitor is judged by.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Policy {
    /// Milliseconds between the slots of a region.
    pub interval_ms: i64,
    /// How many consecutive failing checks make a region's verdict down.
    pub confirmations: u8,
    /// How many consecutive successes end it.
    pub recoveries: u8,
    /// Which share of the regions that vote decides.
    pub quorum: Quorum,
    /// The regions that may vote, in order.
    pub regions: Vec<RegionId>,
    /// When it is marked as flapping.
    #[serde(default)]
    pub flapping: FlappingPolicy,
}

impl Policy {
    /// Two confirmations, one recovery, the majority.
    pub fn new(interval_ms: i64, regions: impl IntoIterator<Item = RegionId>) -> Self {
        Self {
            interval_ms,
            confirmations: 2,
            recoveries: 1,
            quorum: Quorum::default(),
            regions: regions.into_iter().collect(),
            flapping: FlappingPolicy::default(),
        }
        .normalised()
    }

    /// No interval and no number below one, regions in order and each once.
    fn normalised(mut self) -> Self {
        self.interval_ms = self.interval_ms.max(1);
        self.confirmations = self.confirmations.max(1);
        self.recoveries = self.recoveries.max(1);
        self.regions.sort_unstable();
        self.regions.dedup();
        self
    }
}

/// The policies of a monitor in order of the times from which they act. The first acts from the beginning of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyHistory {
    entries: Vec<(i64, Policy)>,
    /// When the interval changed and to what, in milliseconds: kept apart, since every result asks for it.
    intervals: Vec<(i64, i64)>,
}

impl PolicyHistory {
    /// A policy that never changed.
    pub fn new(policy: Policy) -> Self {
        let policy = policy.normalised();
        Self {
            intervals: vec![(i64::MIN, policy.interval_ms)],
            entries: vec![(i64::MIN, policy)],
        }
    }

    /// From `(from_ms, policy)` in any order; of several with the same time the last counts. `None` if there are none.
    pub fn from_entries(entries: impl IntoIterator<Item = (i64, Policy)>) -> Option<Self> {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by_key(|&(from_ms, _)| from_ms);
        let mut entries = entries.into_iter();
        let mut history = Self::new(entries.next()?.1);
        for (from_ms, policy) in entries {
            history.change(from_ms, policy);
        }
        Some(history)
    }

    /// Lets a policy act from `from_ms` on, instead of whatever was to act from then on.
    pub fn change(&mut self, from_ms: i64, policy: Policy) {
        let policy = policy.normalised();
        self.entries.retain(|&(from, _)| from < from_ms);
        self.intervals.retain(|&(from, _)| from < from_ms);
        if self
            .intervals
            .last()
            .is_none_or(|&(_, interval)| interval != policy.interval_ms)
        {
            self.intervals.push((from_ms, policy.interval_ms));
        }
        self.entries.push((from_ms, policy));
    }

    /// The policies with the times from which they act, the first's being the beginning of time.
    pub fn entries(&self) -> &[(i64, Policy)] {
        &self.entries
    }

    /// The policy in force at a moment.
    pub fn at(&self, at_ms: i64) -> &Policy {
        let after = self.entries.partition_point(|&(from_ms, _)| from_ms <= at_ms);
        &self.entries[after.saturating_sub(1)].1
    }

    /// When the slot after that of `slot_ms` is due at the latest. Where the interval changes in between, the new
    /// schedule begins somewhere within its first interval: the latest moment counts, so that no region is taken for
    /// silent because of the change.
    pub fn next_due_ms(&self, slot_ms: i64) -> i64 {
        let mut index = self.intervals.partition_point(|&(from_ms, _)| from_ms <= slot_ms);
        let mut due_ms = slot_ms.saturating_add(self.intervals[index.saturating_sub(1)].1);
        while let Some(&(from_ms, interval_ms)) = self.intervals.get(index).filter(|next| next.0 <= due_ms) {
            due_ms = from_ms.saturating_add(interval_ms);
            index += 1;
        }
        due_ms
    }

    /// When the `n`th slot after that of `slot_ms` is due at the latest.
    pub fn nth_due_ms(&self, slot_ms: i64, n: u32) -> i64 {
        (0..n).fold(slot_ms, |slot_ms, _| self.next_due_ms(slot_ms))
    }

    /// The longest interval of all, in milliseconds.
    pub fn longest_interval_ms(&self) -> i64 {
        self.intervals
            .iter()
            .map(|&(_, interval_ms)| interval_ms)
            .max()
            .unwrap_or(1)
    }
}

impl From<Policy> for PolicyHistory {
    fn from(policy: Policy) -> Self {
        Self::new(policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(to_ms: i64, at_ms: i64) -> PolicyHistory {
        let mut history = PolicyHistory::new(Policy::new(60_000, [1]));
        history.change(at_ms, Policy::new(to_ms, [1]));
        history
    }

    #[test]
    fn a_policy_acts_from_its_time_on() {
        let history = changed(300_000, 1_000);
        assert_eq!(history.at(-5).interval_ms, 60_000);
        assert_eq!(history.at(999).interval_ms, 60_000);
        assert_eq!(history.at(1_000).interval_ms, 300_000);
    }

    #[test]
    fn the_next_slot_is_due_after_the_interval_in_force() {
        let history = changed(300_000, 600_000);
        assert_eq!(history.next_due_ms(480_000), 540_000);
        assert_eq!(history.next_due_ms(550_000), 900_000);
        assert_eq!(history.nth_due_ms(550_000, 3), 1_500_000);
        // A change of something else moves no slot.
        assert_eq!(changed(60_000, 30_000).next_due_ms(0), 60_000);
        // From long to short: the first of the new schedule comes before the next of the old one.
        let mut history = changed(300_000, 600_000);
        history.change(1_000_000, Policy::new(60_000, [1]));
        assert_eq!(history.next_due_ms(900_000), 1_060_000);
    }

    #[test]
    fn entries_come_in_any_order() {
        let (a, b) = (Policy::new(1_000, [2, 1, 2]), Policy::new(2_000, []));
        let history = PolicyHistory::from_entries([(50, b), (0, a)]).unwrap();
        assert_eq!(history.at(10).regions, [1, 2]);
        assert_eq!(history.at(60).interval_ms, 2_000);
        assert_eq!(PolicyHistory::from_entries([]), None);
    }
}
