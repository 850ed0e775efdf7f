use super::*;
use crate::sample::{HOUR, MIN, any_checks, checks};
use MonitorState::{Degraded, Down, Up};
use proptest::prelude::*;

fn stored(region: RegionId, text: &str) -> Vec<StoredCheck> {
    let of = |check: Check| StoredCheck {
        region,
        check,
        total_us: 100_000,
        warned_otherwise: false,
    };
    checks(0, MIN, text).into_iter().map(of).collect()
}

fn replayed(checks: &[StoredCheck], proposal: &Proposal) -> Replayed {
    let history = PolicyHistory::new(Policy::new(MIN, [1, 2]));
    let evidence = Evidence {
        checks,
        window: Span::new(0, HOUR),
        maintenance: &SpanSet::default(),
        pauses: &SpanSet::default(),
    };
    replay(evidence, &proposal.applied_to(&history), proposal.latency)
}

fn minutes(outages: &[KnownOutage]) -> Vec<(i64, Option<i64>)> {
    outages
        .iter()
        .map(|known| (known.outage.from_ms / MIN, known.known_ms.map(|ms| ms / MIN)))
        .collect()
}

/// Region 1 fails at minutes 10 to 12 and 30 to 35, region 2 at 31 to 35 only. Both are asked for by majority.
fn two_regions() -> Vec<StoredCheck> {
    let one = format!(
        "{}{}{}{}{}",
        "u".repeat(10),
        "ddd",
        "u".repeat(17),
        "dddddd",
        "u".repeat(24)
    );
    let two = format!("{}{}{}", "u".repeat(31), "ddddd", "u".repeat(24));
    let mut all = stored(1, &one);
    all.extend(stored(2, &two));
    all
}

#[test]
fn another_policy_is_compared_with_the_present_one() {
    let checks = two_regions();
    let before = replayed(&checks, &Proposal::default());
    // Down from 31, when both fail, known by the second failing check of region 2.
    assert_eq!(minutes(&before.outages), [(31, Some(32))]);
    assert_eq!(before.pages(), 1);

    let any = Proposal {
        quorum: Some(Quorum::Any),
        ..Proposal::default()
    };
    let after = replayed(&checks, &any);
    assert_eq!(minutes(&after.outages), [(10, Some(11)), (30, Some(31))]);
    let comparison = compare(&before, &after);
    assert_eq!((comparison.pages_before, comparison.pages_after), (1, 2));
    assert_eq!(minutes(&comparison.only_after), [(10, Some(11))]);
    assert_eq!(comparison.only_before, []);
    assert_eq!(known_later_ms(comparison.both[0]), Some(-MIN));

    let slow = Proposal {
        confirmations: Some(4),
        ..Proposal::default()
    };
    let later = compare(&before, &replayed(&checks, &slow));
    assert_eq!(known_later_ms(later.both[0]), Some(2 * MIN));
    assert_eq!(later.both[0].1.outage.from_ms, 31 * MIN);
    let none = Proposal {
        confirmations: Some(9),
        ..Proposal::default()
    };
    let comparison = compare(&before, &replayed(&checks, &none));
    assert_eq!((comparison.pages_after, comparison.only_before.len()), (0, 1));
    // By region 2 alone.
    let alone = Proposal {
        regions: Some(vec![2]),
        ..Proposal::default()
    };
    assert_eq!(minutes(&replayed(&checks, &alone).outages), [(31, Some(32))]);
}

#[test]
fn an_outage_may_be_known_only_afterwards() {
    // Region 2 confirms at 13 what began at 11, when region 1 has recovered.
    let mut checks = stored(1, &format!("{}dd{}", "u".repeat(10), "u".repeat(48)));
    let two = format!("{}dd{}", "u".repeat(11), "u".repeat(47));
    checks.extend(stored(2, &two));
    let replayed = replayed(&checks, &Proposal::default());
    assert_eq!(minutes(&replayed.outages), [(11, None)]);
    assert_eq!(replayed.pages(), 0);
    let known = replayed.outages[0];
    assert_eq!(known_later_ms((known, known)), None);
}

#[test]
fn successes_are_judged_anew_by_their_time() {
    let mut checks = stored(1, &format!("{}gg{}", "u".repeat(10), "u".repeat(48)));
    checks[20].total_us = 900_000;
    checks[21].total_us = 900_000;
    checks[30].warned_otherwise = true;
    let latency = |degraded_us, down_us| Proposal {
        latency: Some(LatencyThresholds { degraded_us, down_us }),
        ..Proposal::default()
    };
    let states = |proposal: &Proposal| -> Vec<_> {
        let timeline = replayed(&checks, proposal).timeline;
        timeline.iter().map(|i| (i.from_ms / MIN, i.state)).collect()
    };
    let known = [(0, Up), (10, Degraded), (12, Up)];
    assert_eq!(states(&Proposal::default()), known);
    let warned = [(30, Degraded), (31, Up)];
    assert_eq!(
        states(&latency(Some(500_000), None)),
        [&[(0, Up), (20, Degraded), (22, Up)][..], &warned].concat()
    );
    assert_eq!(
        states(&latency(None, Some(500_000))),
        [&[(0, Up), (20, Down), (22, Up)][..], &warned].concat()
    );
}

#[test]
fn flapping_pages_once() {
    let text: String = "uudd".chars().cycle().take(60).collect();
    let flapping = replayed(&stored(1, &text), &Proposal::default());
    assert_eq!(flapping.outages.len(), 15);
    // Of the first five changes three are to down, and the sixth is the flapping.
    assert_eq!(flapping.pages(), 4);
    let patient = Proposal {
        flapping: Some(FlappingPolicy {
            changes: 100,
            ..FlappingPolicy::default()
        }),
        ..Proposal::default()
    };
    assert!(replayed(&stored(1, &text), &patient).pages() > 10);
}

proptest! {
    #[test]
    fn the_present_policy_changes_nothing(
        one in any_checks(60, MIN), two in any_checks(60, MIN), confirmations in 1u8..4
    ) {
        let of = |region, checks: Vec<Check>| checks.into_iter().map(move |check| StoredCheck {
            region, check, total_us: 0, warned_otherwise: check.outcome == OutcomeState::Degraded,
        });
        let checks: Vec<_> = of(1, one).chain(of(2, two)).collect();
        let proposal = Proposal { confirmations: Some(confirmations), ..Proposal::default() };
        let before = replayed(&checks, &proposal);
        let latency = Some(LatencyThresholds::default());
        let mut turned = checks.clone();
        turned.reverse();
        let after = replayed(&turned, &Proposal { latency, ..proposal });
        prop_assert_eq!(&before, &after);
        let comparison = compare(&before, &after);
        prop_assert_eq!(comparison.both.len(), before.outages.len());
        prop_assert!(comparison.only_before.is_empty() && comparison.only_after.is_empty());
        prop_assert!(before.outages.iter().all(|known| known.known_ms.is_none_or(|ms| ms >= known.outage.from_ms)));
    }
}
