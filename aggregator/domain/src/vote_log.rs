//! The votes of one region on one monitor, kept right whatever order results come in.
//!
//! Results of later slots are folded as they come. A late one, up to [`LATE_MS`], is folded in its place: from the
//! latest of a few checkpoints before it, over the results since then, which the log does not keep and asks for. The
//! same results in any order and any batching leave the same fold and the same changes.
//!
//! ```
//! # use edgewatch_domain::{policy::{Policy, PolicyHistory}, vote::Check, vote_log::VoteLog};
//! # let stored_after = |_: Option<i64>| Vec::<Check>::new();
//! # let (checks, recorded_to_ms) = (Vec::new(), 0);
//! # let history = PolicyHistory::new(Policy::new(60_000, [1]));
//! # let mut log = VoteLog::new();
//! // The results are stored by now, so that they are among those that are folded again.
//! let votes_differ_from_ms = match log.take(&history, recorded_to_ms, checks) {
//!     Ok(from_ms) => from_ms,
//!     Err(refold) => log.refold(&history, recorded_to_ms, refold, stored_after(refold.after_slot_ms)),
//! };
//! // `Some`: rebuild the timeline from there, see `timeline::rebuild_tail`. `None`: it only grows.
//! ```

use crate::{
    policy::PolicyHistory,
    vote::{Check, VoteChange, VoteFold, settle},
};

/// How late a result may come and still count, in milliseconds.
pub const LATE_MS: i64 = 24 * 3_600_000;

/// How far checkpoints lie apart, in milliseconds of slots.
pub const CHECKPOINT_MS: i64 = 6 * 3_600_000;

/// A result came late: what has to be folded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refold {
    /// All results of slots after this one are asked for; `None` asks for all that there are.
    pub after_slot_ms: Option<i64>,
}

/// The fold, the folds from which it can be begun again, and what changed since the first of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoteLog {
    fold: VoteFold,
    checkpoints: Vec<VoteFold>,
    changes: Vec<VoteChange>,
}

impl Default for VoteLog {
    fn default() -> Self {
        Self::new()
    }
}

impl VoteLog {
    /// Before the first result.
    pub fn new() -> Self {
        Self::from_parts(VoteFold::new(), vec![VoteFold::new()], Vec::new())
    }

    /// From what was stored: the fold, the checkpoints (oldest first) and at least the changes told by slots after that
    /// of the oldest checkpoint, in the order in which they were told.
    pub fn from_parts(fold: VoteFold, checkpoints: Vec<VoteFold>, changes: Vec<VoteChange>) -> Self {
        Self {
            fold,
            checkpoints,
            changes,
        }
    }

    /// The fold after the latest slot.
    pub fn fold(&self) -> VoteFold {
        self.fold
    }

    /// The folds from which it can be begun again, oldest first. They change at most once in [`CHECKPOINT_MS`].
    pub fn checkpoints(&self) -> &[VoteFold] {
        &self.checkpoints
    }

    /// The changes in the order in which they were told.
    pub fn changes(&self) -> &[VoteChange] {
        &self.changes
    }

    /// The changes told by slots after this one, the others left aside: what replaces the stored ones after
    /// [`Self::refold`].
    pub fn changes_after(&self, slot_ms: Option<i64>) -> &[VoteChange] {
        &self.changes[self.changes_told_by(slot_ms)..]
    }

    /// The changes as they stand at a moment: those told by results, and the silence since the last.
    pub fn changes_at(&self, history: &PolicyHistory, now_ms: i64) -> Vec<VoteChange> {
        let silence = self.fold.silent_at(history, now_ms);
        self.changes.iter().copied().chain(silence).collect()
    }

    /// Forgets the changes that no late result can take back any more: for a caller that stores them elsewhere.
    pub fn forget_settled(&mut self) {
        let oldest = self.checkpoints.first().and_then(VoteFold::last_slot_ms);
        self.changes.drain(..self.changes_told_by(oldest));
    }

    /// Takes results. Returns from when on votes are other than they were, in milliseconds since the Unix epoch, if they
    /// are. Those of slots before the oldest checkpoint are left out: they come too late.
    ///
    /// `recorded_to_ms` tells up to when the timeline was built before: a silence told in it may be taken back.
    pub fn take(
        &mut self,
        history: &PolicyHistory,
        recorded_to_ms: i64,
        mut checks: Vec<Check>,
    ) -> Result<Option<i64>, Refold> {
        let oldest = self.checkpoints.first().and_then(VoteFold::last_slot_ms);
        checks.retain(|check| Some(check.slot_ms) > oldest);
        settle(&mut checks);
        let Some(first) = checks.first() else {
            return Ok(None);
        };
        // A repeat is taken as such only if the known check of its slot is still at hand: that of the latest slot is.
        if let Some(last_slot_ms) = self.fold.last_slot_ms().filter(|&last| first.slot_ms < last) {
            debug_assert!(Some(last_slot_ms) > oldest);
            return Err(self.refold_from(first.slot_ms));
        }
        let (known_changes, silence) = (self.changes.len(), self.fold.silent_at(history, recorded_to_ms));
        let first_slot_ms = first.slot_ms;
        let before = self.fold;
        for check in checks {
            if self.push(history, check).is_err() {
                // Only the first can be of the latest slot, and so nothing has been pushed.
                return Err(self.refold_from(first_slot_ms));
            }
        }
        let told = self.changes[known_changes..].iter().map(|change| change.at_ms);
        let taken_back = silence
            .filter(|_| self.fold != before)
            .map(|silence| silence.at_ms);
        Ok(told.chain(taken_back).min())
    }

    /// What to fold again when something changes for slots from this one on: a late result, another disqualification, a
    /// policy that acts from a time that has passed.
    pub fn refold_from(&self, slot_ms: i64) -> Refold {
        let before = |checkpoint: &&VoteFold| checkpoint.last_slot_ms() < Some(slot_ms);
        let checkpoint = self.checkpoints.iter().rfind(before).or(self.checkpoints.first());
        Refold {
            after_slot_ms: checkpoint.and_then(VoteFold::last_slot_ms),
        }
    }

    /// Folds all results of slots after `refold.after_slot_ms` again, in any order, repeats among them or not. Returns
    /// what [`Self::take`] returns.
    pub fn refold(
        &mut self,
        history: &PolicyHistory,
        recorded_to_ms: i64,
        refold: Refold,
        mut checks: Vec<Check>,
    ) -> Option<i64> {
        let after = refold.after_slot_ms;
        let silence_before = self.fold.silent_at(history, recorded_to_ms);
        let told = self.changes_told_by(after);
        let dropped = self.changes.split_off(told);
        self.checkpoints
            .retain(|checkpoint| checkpoint.last_slot_ms() <= after);
        self.fold = self.checkpoints.last().copied().unwrap_or_default();
        checks.retain(|check| Some(check.slot_ms) > after);
        settle(&mut checks);
        for check in checks {
            // In order, one a slot: none is refused.
            let refused = self.push(history, check);
            debug_assert!(refused.is_ok());
        }
        let silence = self.fold.silent_at(history, recorded_to_ms);
        let before: Vec<_> = dropped.into_iter().chain(silence_before).collect();
        let after: Vec<_> = self.changes[told..].iter().copied().chain(silence).collect();
        let same = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
        let differ = before[same..].iter().chain(&after[same..]);
        differ.map(|change| change.at_ms).min()
    }

    fn push(&mut self, history: &PolicyHistory, check: Check) -> Result<(), crate::vote::OutOfOrder> {
        let before = self.fold;
        self.changes.extend(self.fold.push(history, check)?);
        let period = |fold: &VoteFold| {
            fold.last_slot_ms()
                .map(|slot_ms| slot_ms.div_euclid(CHECKPOINT_MS))
        };
        if before.last_slot_ms().is_some() && period(&before) < period(&self.fold) {
            // One a period: a late result may have come after the one that ended it. The oldest stays as it is.
            if self.checkpoints.len() > 1 && self.checkpoints.last().map(period) == Some(period(&before)) {
                self.checkpoints.pop();
            }
            if self.checkpoints.last() != Some(&before) {
                self.checkpoints.push(before);
            }
            let late = Some(check.slot_ms.saturating_sub(LATE_MS));
            let settled = |checkpoint: &VoteFold| checkpoint.last_slot_ms() < late;
            // The last of those that are old enough is the one to begin from.
            let spare = self
                .checkpoints
                .iter()
                .filter(|checkpoint| settled(checkpoint))
                .count();
            self.checkpoints.drain(..spare.saturating_sub(1));
        }
        Ok(())
    }

    fn changes_told_by(&self, slot_ms: Option<i64>) -> usize {
        self.changes
            .partition_point(|change| Some(change.slot_ms) <= slot_ms)
    }
}

#[cfg(test)]
mod tests;
