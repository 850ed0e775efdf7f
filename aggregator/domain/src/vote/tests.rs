use super::*;
use crate::{
    policy::Policy,
    sample::{HOUR, MIN, any_checks, checks, fold, steady},
};
use Verdict::{Degraded, Down, Unknown, Up};
use proptest::prelude::*;

fn history(confirmations: u8, recoveries: u8) -> PolicyHistory {
    let policy = Policy::new(MIN, [1]);
    PolicyHistory::new(Policy {
        confirmations,
        recoveries,
        ..policy
    })
}

/// The votes as `(minute, vote)` after checks of one a minute.
fn votes(text: &str, confirmations: u8, recoveries: u8) -> Vec<(i64, Verdict)> {
    let (_, changes) = fold(&history(confirmations, recoveries), &checks(0, MIN, text));
    steps(&changes)
        .iter()
        .map(|step| (step.at_ms / MIN, step.vote))
        .collect()
}

#[test]
fn an_outage_begins_with_the_first_failing_check_and_ends_with_the_first_success() {
    assert_eq!(votes("uuddduu", 2, 1), [(0, Up), (2, Down), (5, Up)]);
    assert_eq!(votes("uudu", 2, 1), [(0, Up)]);
    assert_eq!(votes("uddduduu", 3, 2), [(0, Up), (1, Down), (6, Up)]);
    assert_eq!(votes("udu", 1, 1), [(0, Up), (1, Down), (2, Up)]);
    // The run that recovers begins with a degraded success, and ends with one that is not.
    assert_eq!(votes("uddgu", 2, 2), [(0, Up), (1, Down), (3, Degraded), (4, Up)]);
    assert_eq!(votes("uggdu", 2, 1), [(0, Up), (1, Degraded), (4, Up)]);
}

#[test]
fn one_unconfirmed_failure_of_a_new_monitor_is_unknown_until_it_is_confirmed() {
    assert_eq!(votes("d", 2, 1), []);
    assert_eq!(votes("dd", 2, 1), [(0, Down)]);
    assert_eq!(votes("du", 2, 3), [(1, Up)]);
}

#[test]
fn a_change_tells_its_bound_and_when_it_was_known() {
    let (_, changes) = fold(&history(2, 1), &checks(0, MIN, "uuxdd"));
    let down = changes[1];
    assert_eq!(down.kind, ChangeKind::Verdict(Down));
    assert_eq!((down.earliest_ms, down.at_ms), (MIN, 3 * MIN));
    assert_eq!((down.known_ms, down.slot_ms), (4 * MIN, 4 * MIN));
}

#[test]
fn unmeasured_neither_continues_nor_breaks_a_run() {
    assert_eq!(votes("udxxd", 2, 1), [(0, Up), (1, Down)]);
    assert_eq!(votes("uxxu", 2, 1), [(0, Up)]);
    assert_eq!(votes("udxd", 3, 1), [(0, Up)]);
    // The vote is withheld amid the run, and the run is still one.
    assert_eq!(
        votes("udxxxd", 2, 1),
        [(0, Up), (1, Down), (2, Unknown), (5, Down)]
    );
}

#[test]
fn three_slots_without_anything_measured_are_unknown_from_the_first_of_them() {
    assert_eq!(votes("uu..u", 2, 1), [(0, Up)]);
    assert_eq!(votes("uu...u", 2, 1), [(0, Up), (2, Unknown), (5, Up)]);
    assert_eq!(votes("uuxxx", 2, 1), [(0, Up), (2, Unknown)]);
    assert_eq!(votes("uu..x", 2, 1), [(0, Up), (2, Unknown)]);
    assert_eq!(votes("uux.xxxu", 2, 1), [(0, Up), (2, Unknown), (7, Up)]);
    assert_eq!(votes("uuxx", 2, 1), [(0, Up)]);
}

#[test]
fn silence_breaks_a_run_and_keeps_the_verdict() {
    assert_eq!(votes("ud...du", 2, 1), [(0, Up), (2, Unknown), (5, Up)]);
    assert_eq!(votes("ud...dd", 2, 1), [(0, Up), (2, Unknown), (5, Down)]);
    assert_eq!(
        votes("dd...du", 2, 1),
        [(0, Down), (2, Unknown), (5, Down), (6, Up)]
    );
}

#[test]
fn a_disqualified_slot_is_unknown_at_once() {
    assert_eq!(votes("uu!!uu", 2, 1), [(0, Up), (2, Unknown), (4, Up)]);
    assert_eq!(votes("ud!d", 2, 1), [(0, Up), (1, Down), (2, Unknown), (3, Down)]);
    assert_eq!(votes("!!u", 2, 1), [(2, Up)]);
}

#[test]
fn silence_goes_on_from_when_the_first_missing_slot_was_due() {
    let history = history(2, 1);
    let (fold, _) = fold(&history, &checks(0, MIN, "uux"));
    assert_eq!(fold.silent_at(&history, 5 * MIN - 1), None);
    let silence = fold.silent_at(&history, 5 * MIN).unwrap();
    assert_eq!(
        (silence.at_ms, silence.kind, silence.known_ms),
        (2 * MIN, ChangeKind::Withheld, 5 * MIN)
    );
    assert_eq!(VoteFold::new().silent_at(&history, HOUR), None);
}

#[test]
fn a_change_of_the_interval_is_no_silence() {
    let mut history = PolicyHistory::new(Policy::new(MIN, [1]));
    history.change(10 * MIN, Policy::new(10 * MIN, [1]));
    history.change(60 * MIN, Policy::new(MIN, [1]));
    let mut all = steady(0, 10 * MIN, MIN, 'u');
    all.extend(steady(19 * MIN, 60 * MIN, 10 * MIN, 'u'));
    all.extend(steady(60 * MIN + 30_000, 70 * MIN, MIN, 'u'));
    assert_eq!(steps(&fold(&history, &all).1).len(), 1);
    // Silence is that of the interval in force: three slots of ten minutes, the last check being that of 49 min.
    let (fold, _) = fold(&history, &all[..14]);
    assert_eq!(fold.last_slot_ms(), Some(49 * MIN));
    let silence = fold.silent_at(&history, 2 * HOUR).unwrap();
    assert_eq!(silence.at_ms, 59 * MIN);
}

#[test]
fn repeats_change_nothing_and_what_comes_late_is_refused() {
    let (history, checks) = (history(2, 1), checks(0, MIN, "uduxu"));
    let (folded, _) = fold(&history, &checks);
    let mut fold = folded;
    assert_eq!(fold.push(&history, checks[4]), Ok(VoteChanges::default()));
    let better = Check {
        outcome: OutcomeState::Unmeasured,
        ..checks[4]
    };
    assert_eq!(fold.push(&history, better), Ok(VoteChanges::default()));
    let worse = Check {
        outcome: OutcomeState::Down,
        ..checks[4]
    };
    assert_eq!(fold.push(&history, worse), Err(OutOfOrder { slot_ms: 4 * MIN }));
    assert_eq!(fold.push(&history, checks[1]), Err(OutOfOrder { slot_ms: MIN }));
    assert_eq!(fold, folded);
}

#[test]
fn numbers_are_stable() {
    for code in 0..6 {
        assert_eq!(ChangeKind::from_code(code).map(ChangeKind::code), Some(code));
    }
    assert_eq!(ChangeKind::from_code(6), None);
    assert_eq!(ChangeKind::from_code(3), Some(ChangeKind::Verdict(Unknown)));
}

#[test]
fn a_year_of_checks_is_folded_fast() {
    let history = history(2, 1);
    let year = steady(0, 365 * 24 * HOUR, MIN, 'u');
    let (_, changes) = fold(&history, &year);
    assert_eq!(changes.len(), 1);
}

/// The votes by the words of the rules, looking at all checks at once.
struct ByTheRules<'a> {
    checks: &'a [Check],
    confirmations: usize,
    recoveries: usize,
}

impl ByTheRules<'_> {
    fn vote(&self, at_ms: i64, now_ms: i64) -> Verdict {
        if self.withheld(at_ms, now_ms) {
            return Unknown;
        }
        self.verdicts()
            .into_iter()
            .take_while(|&(check_ms, _)| check_ms <= at_ms)
            .last()
            .map_or(Unknown, |(_, verdict)| verdict)
    }

    fn measured(&self) -> impl Iterator<Item = (usize, &Check)> {
        self.checks
            .iter()
            .enumerate()
            .filter(|(_, check)| check.is_measured())
    }

    fn withheld(&self, at_ms: i64, now_ms: i64) -> bool {
        let measured: Vec<_> = self.measured().collect();
        measured.iter().enumerate().any(|(n, &(index, check))| {
            let next = measured.get(n + 1).map(|&(index, _)| index);
            let between = &self.checks[index + 1..next.unwrap_or(self.checks.len())];
            let end_ms = next.map_or(now_ms + 1, |next| self.checks[next].at_ms);
            let next_slot_ms = next.map_or(now_ms, |next| self.checks[next].slot_ms);
            let third_ms = check.slot_ms + 3 * MIN;
            let blind =
                next_slot_ms >= third_ms + MIN || between.iter().any(|check| check.slot_ms >= third_ms);
            let disqualified = between
                .iter()
                .find(|check| check.disqualified && check.slot_ms < third_ms);
            let from_ms = match disqualified {
                Some(disqualified) => disqualified.slot_ms,
                None if blind => check.slot_ms + MIN,
                None => return false,
            };
            from_ms.max(check.at_ms) <= at_ms && at_ms < end_ms
        })
    }

    /// From each measured check on.
    fn verdicts(&self) -> Vec<(i64, Verdict)> {
        let measured: Vec<_> = self.measured().collect();
        let mut verdicts = Vec::<(i64, Verdict)>::new();
        let mut verdict = Unknown;
        for (n, &(_, check)) in measured.iter().enumerate() {
            let failed = check.outcome == OutcomeState::Down;
            // The run that ends with this check: all alike, and no three slots without a result.
            let mut first = n;
            while first > 0
                && (measured[first - 1].1.outcome == OutcomeState::Down) == failed
                && self.checks[measured[first - 1].0..=measured[first].0]
                    .windows(2)
                    .all(|two| two[1].slot_ms - two[0].slot_ms <= 3 * MIN)
            {
                first -= 1;
            }
            let length = n + 1 - first;
            let seen = |check: &Check| match check.outcome {
                OutcomeState::Down => Down,
                OutcomeState::Degraded => Degraded,
                _ => Up,
            };
            if failed && verdict != Down && length >= self.confirmations {
                verdicts.truncate(first);
                verdicts.extend(measured[first..n].iter().map(|(_, check)| (check.at_ms, Down)));
                verdict = Down;
            } else if !failed && verdict == Down {
                if length >= self.recoveries {
                    let began = seen(measured[first].1);
                    verdicts.truncate(first);
                    verdicts.extend(measured[first..n].iter().map(|(_, check)| (check.at_ms, began)));
                    verdict = seen(check);
                }
            } else if !failed {
                verdict = seen(check);
            }
            verdicts.push((check.at_ms, verdict));
        }
        verdicts
    }
}

proptest! {
    #[test]
    fn votes_are_what_the_rules_say(
        checks in any_checks(40, MIN), confirmations in 1u8..4, recoveries in 1u8..4, open in 0i64..8
    ) {
        let history = history(confirmations, recoveries);
        let (fold, mut changes) = fold(&history, &checks);
        let now_ms = checks.last().map_or(0, |check| check.slot_ms) + open * MIN;
        changes.extend(fold.silent_at(&history, now_ms));
        let steps = steps(&changes);
        let rules = ByTheRules {
            checks: &checks, confirmations: confirmations.into(), recoveries: recoveries.into()
        };
        for at_ms in (0..=now_ms).step_by(5_000) {
            let step = steps.iter().rev().find(|step| step.at_ms <= at_ms);
            let vote = step.map_or(Unknown, |step| step.vote);
            prop_assert_eq!(vote, rules.vote(at_ms, now_ms), "at {} s", at_ms / 1_000);
        }
    }

    #[test]
    fn changes_are_in_order_and_their_bounds_before_them(
        checks in any_checks(60, MIN), confirmations in 1u8..4, recoveries in 1u8..4
    ) {
        let (fold, changes) = fold(&history(confirmations, recoveries), &checks);
        let is_verdict = |change: &VoteChange| matches!(change.kind, ChangeKind::Verdict(_));
        for kind in [true, false] {
            let of_kind: Vec<_> = changes.iter().filter(|change| is_verdict(change) == kind).collect();
            prop_assert!(of_kind.windows(2).all(|two| two[0].at_ms <= two[1].at_ms));
            prop_assert!(of_kind.windows(2).all(|two| two[0].kind != two[1].kind));
        }
        prop_assert!(changes.windows(2).all(|two| two[0].slot_ms <= two[1].slot_ms));
        prop_assert!(changes.iter().all(|c| c.earliest_ms <= c.at_ms && c.at_ms <= c.known_ms));
        let steps = steps(&changes);
        prop_assert!(steps.windows(2).all(|two| two[0].at_ms < two[1].at_ms && two[0].vote != two[1].vote));
        prop_assert!(steps.iter().all(|step| step.earliest_ms <= step.at_ms));
        prop_assert_eq!(steps.last().map_or(Unknown, |step| step.vote), fold.vote());
    }
}
