//! A region's vote on a monitor over time, folded from its checks slot by slot.
//!
//! Two things make a vote. The **verdict** is what the region's checks say: down from the first failing check of the run
//! that confirmed it, up (or degraded) from the first success of the run that recovered it. And a vote is **withheld**
//! while nobody can tell whether the verdict still holds:
//! - A result holds until the region's next slot is due. Of three slots in a row that bring nothing measured (nothing at
//!   all, `unmeasured`, or disqualified), the vote is withheld from when the first of them was due. Fewer change nothing.
//! - A disqualified slot withholds the vote at once, from when it was due.
//! - The next measured check ends it.
//!
//! Both are told as [`VoteChange`]s, backdated: a change may lie before the check that told it, but never before the
//! change before it *of the same of the two*. [`steps`] brings both together: a verdict, [`Verdict::Unknown`] while
//! the vote is withheld.
//!
//! # Use
//! [`VoteFold::push`] takes one check and costs the same however many went before; the fold is stored in a few bytes
//! ([`VoteFold::to_bytes`]). A check of a slot that has passed is refused ([`OutOfOrder`]): take the fold from before
//! that slot, drop the changes whose [`VoteChange::slot_ms`] is after that fold's last slot, and push again what came
//! since. [`crate::vote_log::VoteLog`] does that. What is true only as long as nothing comes, [`VoteFold::silent_at`]
//! tells; it is for the timeline of this moment and not to be recorded.
//!
//! # Where the rules leave room
//! - `unmeasured` and disqualified checks neither continue nor break a run. Three slots without any result do break it:
//!   failures before and after a silence do not confirm each other. The verdict itself outlives the silence.
//! - A recovering run of mixed successes is recorded by two of them: the first, and the one that completed it.
//! - A check counts at the time at which it began, but within its slot, and never before the measured check before it.

mod encoding;
mod step;

use crate::{policy::PolicyHistory, verdict::Verdict};
use edgewatch_protocol::observation::OutcomeState;
pub use encoding::UnreadableFold;
use std::cmp::Reverse;
pub use step::{VoteStep, steps};

/// After how many slots without anything measured a vote is withheld.
pub const BLIND_SLOTS: u32 = 3;

/// What one region saw of one monitor in one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Check {
    /// When it was due, in milliseconds since the Unix epoch.
    pub slot_ms: i64,
    /// When it began, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// How it ended; retries within the slot are one check.
    pub outcome: OutcomeState,
    /// Whether the region was disqualified for this slot.
    pub disqualified: bool,
}

impl Check {
    /// Whether it tells of the monitor at all.
    pub fn is_measured(self) -> bool {
        self.outcome != OutcomeState::Unmeasured && !self.disqualified
    }

    /// Whether it counts instead of another check of the same slot: the measured one before the unmeasured, the worse
    /// before the better, the earlier before the later.
    pub fn outranks(self, other: Self) -> bool {
        self.rank() > other.rank()
    }

    fn rank(self) -> (u8, Reverse<i64>, bool) {
        (weight(self.outcome), Reverse(self.at_ms), self.disqualified)
    }
}

/// How much an outcome counts beside others of the same slot: the measured more than the unmeasured, the worse more than the
/// better.
pub fn weight(outcome: OutcomeState) -> u8 {
    match outcome {
        OutcomeState::Unmeasured => 0,
        OutcomeState::Up => 1,
        OutcomeState::Degraded => 2,
        OutcomeState::Down => 3,
    }
}

/// Brings checks into the order of their slots, one a slot: what they are folded in.
pub fn settle(checks: &mut Vec<Check>) {
    checks.sort_unstable_by_key(|check| (check.slot_ms, Reverse(check.rank())));
    checks.dedup_by_key(|check| check.slot_ms);
}

/// What changes in a region's vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// The verdict.
    Verdict(Verdict),
    /// The vote is withheld, whatever the verdict.
    Withheld,
    /// The verdict is the vote again.
    Restored,
}

impl ChangeKind {
    /// The stable number in storage: that of the verdict, 4 or 5.
    pub fn code(self) -> i16 {
        match self {
            Self::Verdict(verdict) => verdict.code(),
            Self::Withheld => 4,
            Self::Restored => 5,
        }
    }

    /// The kind of a stored number.
    pub fn from_code(code: i16) -> Option<Self> {
        match code {
            4 => Some(Self::Withheld),
            5 => Some(Self::Restored),
            _ => Verdict::from_code(code).map(Self::Verdict),
        }
    }
}

/// A change of a region's vote. Times in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VoteChange {
    /// From when on it holds.
    pub at_ms: i64,
    /// What changes.
    pub kind: ChangeKind,
    /// It is known to lie only after the measured check before it, in `(earliest_ms, at_ms]`; `at_ms` where there is none.
    pub earliest_ms: i64,
    /// When it was known: the beginning of the check that confirmed it.
    pub known_ms: i64,
    /// The slot of that check. Changes of slots after that of a fold were not told by it.
    pub slot_ms: i64,
}

/// What one check changed: at most four, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VoteChanges([Option<VoteChange>; 4]);

impl VoteChanges {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.0[0].is_none()
    }

    fn add(&mut self, change: VoteChange) {
        if let Some(free) = self.0.iter_mut().find(|change| change.is_none()) {
            *free = Some(change);
        }
    }
}

impl IntoIterator for VoteChanges {
    type Item = VoteChange;
    type IntoIter = std::iter::Flatten<std::array::IntoIter<Option<VoteChange>, 4>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().flatten()
    }
}

/// A check of a slot that the fold has passed, and that would have changed it: fold again from before this slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfOrder {
    /// The slot of the check, in milliseconds since the Unix epoch.
    pub slot_ms: i64,
}

/// A measured check, at the time at which it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Measured {
    slot_ms: i64,
    at_ms: i64,
}

/// Consecutive measured checks that disagree with the verdict, and are not yet enough to change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    /// At least 1.
    length: u8,
    first_at_ms: i64,
    /// The measured check before it.
    earliest_ms: i64,
    /// What the first of them makes the verdict.
    verdict: Verdict,
}

/// What has to be remembered of a region's checks of one monitor to judge the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoteFold {
    last: Option<Check>,
    measured: Option<Measured>,
    verdict: Verdict,
    withheld: bool,
    run: Option<Run>,
}

impl Default for VoteFold {
    fn default() -> Self {
        Self::new()
    }
}

impl VoteFold {
    /// Before the first check.
    pub const fn new() -> Self {
        Self {
            last: None,
            measured: None,
            verdict: Verdict::Unknown,
            withheld: false,
            run: None,
        }
    }

    /// The latest slot, in milliseconds since the Unix epoch.
    pub fn last_slot_ms(&self) -> Option<i64> {
        self.last.map(|check| check.slot_ms)
    }

    /// The vote after the last check; silence since then is [`Self::silent_at`]'s.
    pub fn vote(&self) -> Verdict {
        if self.withheld {
            Verdict::Unknown
        } else {
            self.verdict
        }
    }

    /// Takes the check of a later slot. A repeat, or one that the known check of its slot outranks, changes nothing.
    pub fn push(&mut self, history: &PolicyHistory, check: Check) -> Result<VoteChanges, OutOfOrder> {
        let mut changes = VoteChanges::default();
        let Check { slot_ms, .. } = check;
        let before = self.last;
        if let Some(last) = before
            && slot_ms <= last.slot_ms
        {
            let counts = slot_ms < last.slot_ms || check.outranks(last);
            return if counts {
                Err(OutOfOrder { slot_ms })
            } else {
                Ok(changes)
            };
        }
        self.last = Some(check);
        let policy = history.at(slot_ms);
        let at_ms = check
            .at_ms
            .clamp(slot_ms, slot_ms.saturating_add(policy.interval_ms))
            .max(self.measured.map_or(i64::MIN, |measured| measured.at_ms));
        let change = |kind, from_ms, earliest_ms| VoteChange {
            at_ms: from_ms,
            kind,
            earliest_ms,
            known_ms: at_ms,
            slot_ms,
        };
        // Most checks come one interval after the one before: nothing can be missing then.
        let missed = |last: Check| {
            slot_ms.saturating_sub(last.slot_ms) > policy.interval_ms
                && slot_ms >= history.nth_due_ms(last.slot_ms, BLIND_SLOTS + 1)
        };
        if before.is_some_and(missed) {
            self.run = None;
        }
        if let Some(mut withheld) = self.withhold(history, check) {
            withheld.known_ms = withheld.known_ms.min(at_ms);
            changes.add(withheld);
            self.withheld = true;
        }
        if !check.is_measured() {
            return Ok(changes);
        }
        if self.withheld {
            changes.add(change(ChangeKind::Restored, at_ms, at_ms));
            self.withheld = false;
        }
        let previous = self.measured.replace(Measured { slot_ms, at_ms });
        let earliest_ms = previous.map_or(at_ms, |measured| measured.at_ms);
        let seen = match check.outcome {
            OutcomeState::Down => Verdict::Down,
            OutcomeState::Degraded => Verdict::Degraded,
            OutcomeState::Up | OutcomeState::Unmeasured => Verdict::Up,
        };

        let (failed, is_down) = (seen == Verdict::Down, self.verdict == Verdict::Down);
        if failed == is_down || (!failed && self.verdict == Verdict::Unknown) {
            self.run = None;
            if seen != self.verdict {
                changes.add(change(ChangeKind::Verdict(seen), at_ms, earliest_ms));
                self.verdict = seen;
            }
            return Ok(changes);
        }
        let run = self.run.map_or(
            Run {
                length: 1,
                first_at_ms: at_ms,
                earliest_ms,
                verdict: seen,
            },
            |run| Run {
                length: run.length.saturating_add(1),
                ..run
            },
        );
        let needed = if failed {
            policy.confirmations
        } else {
            policy.recoveries
        };
        if run.length < needed {
            self.run = Some(run);
            return Ok(changes);
        }
        self.run = None;
        self.verdict = seen;
        changes.add(change(
            ChangeKind::Verdict(run.verdict),
            run.first_at_ms,
            run.earliest_ms,
        ));
        if seen != run.verdict {
            changes.add(change(ChangeKind::Verdict(seen), at_ms, earliest_ms));
        }
        Ok(changes)
    }

    /// That the region's vote is withheld by now because nothing measured has come. Provisional: a late result takes it
    /// back, and the next check tells it again.
    pub fn silent_at(&self, history: &PolicyHistory, now_ms: i64) -> Option<VoteChange> {
        let measured = self.measured.filter(|_| !self.withheld)?;
        (now_ms >= history.nth_due_ms(measured.slot_ms, BLIND_SLOTS + 1))
            .then(|| Self::blind_since(history, measured))
    }

    /// That the vote is withheld, if this check shows it.
    fn withhold(&self, history: &PolicyHistory, check: Check) -> Option<VoteChange> {
        let measured = self.measured.filter(|_| !self.withheld)?;
        // A slot that brings nothing measured is itself one of the blind ones.
        let slots = BLIND_SLOTS + u32::from(check.is_measured());
        let interval_ms = history.at(measured.slot_ms).interval_ms;
        let is_next = check.slot_ms.saturating_sub(measured.slot_ms) <= interval_ms;
        if !is_next && check.slot_ms >= history.nth_due_ms(measured.slot_ms, slots) {
            let since = Self::blind_since(history, measured);
            return Some(VoteChange {
                slot_ms: check.slot_ms,
                ..since
            });
        }
        check.disqualified.then(|| VoteChange {
            at_ms: check.slot_ms.max(measured.at_ms),
            kind: ChangeKind::Withheld,
            earliest_ms: measured.at_ms,
            known_ms: i64::MAX,
            slot_ms: check.slot_ms,
        })
    }

    fn blind_since(history: &PolicyHistory, measured: Measured) -> VoteChange {
        let known_ms = history.nth_due_ms(measured.slot_ms, BLIND_SLOTS + 1);
        VoteChange {
            at_ms: history.next_due_ms(measured.slot_ms).max(measured.at_ms),
            kind: ChangeKind::Withheld,
            earliest_ms: measured.at_ms,
            known_ms,
            slot_ms: known_ms,
        }
    }
}

#[cfg(test)]
mod tests;
