//! Changes of verdict and of withholding, brought together.

use super::{ChangeKind, VoteChange};
use crate::verdict::Verdict;

/// From when on a region votes so. Times in milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoteStep {
    /// From when on.
    pub at_ms: i64,
    /// The vote.
    pub vote: Verdict,
    /// The change lies in `(earliest_ms, at_ms]`; only between two votes that are cast is this before `at_ms`.
    pub earliest_ms: i64,
}

/// Brings changes of verdict and of withholding together: the vote as steps, in order, each other than the one before.
/// Before the first the vote is [`Verdict::Unknown`]. Of each of the two, the changes have to be in order.
pub fn steps(changes: &[VoteChange]) -> Vec<VoteStep> {
    let is_verdict = |change: &&VoteChange| matches!(change.kind, ChangeKind::Verdict(_));
    let mut verdicts = changes.iter().filter(is_verdict).peekable();
    let mut masks = changes.iter().filter(|change| !is_verdict(change)).peekable();
    let mut steps = Vec::<VoteStep>::with_capacity(changes.len());
    let (mut verdict, mut withheld) = (Verdict::Unknown, false);
    while let Some(at_ms) = [verdicts.peek(), masks.peek()]
        .into_iter()
        .flatten()
        .map(|change| change.at_ms)
        .min()
    {
        let mut earliest_ms = at_ms;
        while let Some(change) = verdicts.next_if(|change| change.at_ms <= at_ms) {
            if let ChangeKind::Verdict(new) = change.kind {
                (verdict, earliest_ms) = (new, change.earliest_ms.min(at_ms));
            }
        }
        while let Some(change) = masks.next_if(|change| change.at_ms <= at_ms) {
            withheld = change.kind == ChangeKind::Withheld;
        }
        let vote = if withheld { Verdict::Unknown } else { verdict };
        let before = steps.last().map_or(Verdict::Unknown, |step| step.vote);
        if vote == before {
            continue;
        }
        if before == Verdict::Unknown || vote == Verdict::Unknown {
            earliest_ms = at_ms;
        }
        steps.push(VoteStep {
            at_ms,
            vote,
            earliest_ms,
        });
    }
    steps
}
