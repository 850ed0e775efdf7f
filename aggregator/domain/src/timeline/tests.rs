use super::*;
use crate::{
    policy::Policy,
    quorum::Quorum,
    sample::{DAY, HOUR, MIN, any_checks, checks, fold},
    vote::steps,
};
use MonitorState::{Degraded, Down, Maintenance, Paused, Unknown, Up};
use proptest::prelude::*;

fn votes(history: &PolicyHistory, region: RegionId, checks: &[crate::vote::Check]) -> RegionVotes {
    let (_, changes) = fold(history, checks);
    RegionVotes {
        region,
        steps: steps(&changes),
    }
}

#[derive(Debug)]
struct Sample {
    history: PolicyHistory,
    votes: Vec<RegionVotes>,
    maintenance: SpanSet,
    pauses: SpanSet,
}

impl Sample {
    /// Regions 1, 2, … with one check a minute, the second 20 s after the first and so on.
    fn new(quorum: Quorum, regions: &[&str]) -> Self {
        let numbers = 1..=regions.len() as RegionId;
        let policy = Policy::new(MIN, numbers.clone());
        let history = PolicyHistory::new(Policy { quorum, ..policy });
        let votes = numbers.zip(regions).map(|(region, text)| {
            let from_ms = i64::from(region - 1) * 20_000;
            votes(&history, region, &checks(from_ms, MIN, text))
        });
        Self {
            votes: votes.collect(),
            history,
            maintenance: SpanSet::default(),
            pauses: SpanSet::default(),
        }
    }

    fn source(&self) -> TimelineSource<'_> {
        TimelineSource {
            created_ms: 0,
            history: &self.history,
            votes: &self.votes,
            maintenance: &self.maintenance,
            pauses: &self.pauses,
        }
    }

    /// The states with the seconds from which on they hold, until ten minutes.
    fn states(&self) -> Vec<(i64, MonitorState)> {
        build(self.source(), 10 * MIN)
            .iter()
            .map(|interval| (interval.from_ms / 1_000, interval.state))
            .collect()
    }
}

#[test]
fn a_quorum_of_regions_decides() {
    let regions = ["uuddddu", "uuudddu", "uuuuuuu"];
    let majority = Sample::new(Quorum::Majority, &regions);
    let record = build(majority.source(), 10 * MIN);
    let seen: Vec<_> = record
        .iter()
        .map(|i| (i.from_ms / 1_000, i.state, i.advisory.clone()))
        .collect();
    assert_eq!(
        seen,
        [
            (0, Up, vec![]),
            (120, Up, vec![1]),
            (200, Down, vec![]),
            (360, Up, vec![2]),
            (380, Up, vec![]),
        ]
    );
    assert_eq!(
        Sample::new(Quorum::Any, &regions).states(),
        [(0, Up), (120, Down), (380, Up)]
    );
    assert_eq!(Sample::new(Quorum::All, &regions).states().len(), 5);
}

#[test]
fn an_edge_is_bounded_by_what_the_regions_know() {
    // Down by majority at 200 s (region 2). Region 2 saw it up at 140 s, region 1 at 60 s: the second of the two failed
    // after 140 s at the earliest.
    let sample = Sample::new(Quorum::Majority, &["uuddddu", "uuudddu", "uuuuuuu"]);
    let record = build(sample.source(), 10 * MIN);
    assert_eq!((record[2].state, record[2].earliest_ms), (Down, 140_000));
    // Up again at 360 s by region 1, whose last failing check was at 300 s.
    assert_eq!((record[3].state, record[3].earliest_ms), (Up, 300_000));
    // The advisory is no edge of the state.
    assert_eq!(record[1].earliest_ms, record[1].from_ms);

    // Both regions failed between 60 and 120 s, or 80 and 140 s: the second of them after 80 s at the earliest.
    let sample = Sample::new(Quorum::All, &["uudd", "uudd"]);
    let down = &build(sample.source(), 10 * MIN)[2];
    assert_eq!(
        (down.state, down.from_ms, down.earliest_ms),
        (Down, 140_000, 80_000)
    );
    // Where region 1 failed for good only after region 2 may have, its own bound counts.
    let sample = Sample::new(Quorum::All, &["uuudd", "uuddd"]);
    let down = &build(sample.source(), 10 * MIN)[2];
    assert_eq!(
        (down.state, down.from_ms, down.earliest_ms),
        (Down, 180_000, 120_000)
    );
    // After unknown, and at the creation, nothing is uncertain.
    let sample = Sample::new(Quorum::All, &["uu...dd"]);
    let record = build(sample.source(), 10 * MIN);
    assert_eq!((record[2].state, record[2].earliest_ms), (Down, 300_000));
}

#[test]
fn maintenance_hides_what_is_measured_and_a_pause_hides_all() {
    let mut sample = Sample::new(Quorum::Majority, &["uuddddduuu"]);
    sample.maintenance = Span::new(3 * MIN, 5 * MIN).into();
    sample.pauses = Span::new(8 * MIN, 9 * MIN).into();
    let record = build(sample.source(), 10 * MIN);
    let seen: Vec<_> = record
        .iter()
        .map(|i| (i.from_ms / MIN, i.state, i.measured))
        .collect();
    assert_eq!(
        seen,
        [
            (0, Up, Up),
            (2, Down, Down),
            (3, Maintenance, Down),
            (5, Down, Down),
            (7, Up, Up),
            (8, Paused, Paused),
            (9, Up, Up),
        ]
    );
    // That maintenance ends in the midst of an outage is known exactly.
    assert_eq!(record[3].earliest_ms, 5 * MIN);
    sample.maintenance = Span::new(8 * MIN, 10 * MIN).into();
    assert_eq!(sample.states()[3..], [(480, Paused), (540, Maintenance)]);
}

#[test]
fn a_region_votes_only_while_it_belongs() {
    let mut sample = Sample::new(Quorum::Any, &["uuuuuuuuuu", "dddddddddd"]);
    let one = Policy::new(MIN, [1]);
    sample.history = PolicyHistory::new(one.clone());
    let quorum = Quorum::Any;
    sample.history.change(
        3 * MIN,
        Policy {
            quorum,
            ..Policy::new(MIN, [1, 2])
        },
    );
    sample.history.change(5 * MIN, one);
    assert_eq!(sample.states(), [(0, Up), (180, Down), (300, Up)]);
    let record = build(sample.source(), 10 * MIN);
    assert!(
        record
            .iter()
            .all(|interval| interval.earliest_ms == interval.from_ms)
    );
}

#[test]
fn nothing_is_said_before_the_creation_and_unknown_until_the_first_check() {
    let sample = Sample::new(Quorum::Majority, &["..uu"]);
    assert_eq!(sample.states(), [(0, Unknown), (120, Up)]);
    let source = TimelineSource {
        created_ms: 3 * MIN,
        ..sample.source()
    };
    let record = build(source, 10 * MIN);
    assert_eq!(
        (record.len(), record[0].from_ms, record[0].state),
        (1, 3 * MIN, Up)
    );
    assert_eq!(build(source, MIN), []);
    assert_eq!(Sample::new(Quorum::Majority, &["gg"]).states(), [(0, Degraded)]);
}

fn any_sample() -> impl Strategy<Value = Sample> {
    let quorum = prop_oneof![
        Just(Quorum::Any),
        Just(Quorum::Majority),
        Just(Quorum::All),
        Just(Quorum::Count(2))
    ];
    let spans = || {
        proptest::collection::vec((0..40 * MIN, 0..5 * MIN), 0..3).prop_map(|spans| {
            let spans = spans.into_iter().map(|(from, n)| Span::new(from, from + n));
            spans.collect::<SpanSet>()
        })
    };
    let regions = proptest::collection::vec(any_checks(40, MIN), 0..4);
    let change = proptest::option::of((0..40 * MIN, quorum.clone(), 0u16..4, 1u8..3));
    (quorum, regions, change, spans(), spans()).prop_map(|(quorum, regions, change, maintenance, pauses)| {
        let policy = Policy::new(MIN, 0..regions.len() as RegionId);
        let mut history = PolicyHistory::new(Policy { quorum, ..policy });
        if let Some((at_ms, quorum, regions, confirmations)) = change {
            let policy = Policy::new(MIN, 0..regions);
            history.change(
                at_ms,
                Policy {
                    confirmations,
                    quorum,
                    ..policy
                },
            );
        }
        let votes = regions.iter().enumerate().map(|(region, checks)| {
            let mut checks = checks.clone();
            for check in &mut checks {
                check.slot_ms += region as i64 * 10_000;
                check.at_ms += region as i64 * 10_000;
            }
            votes(&history, region as RegionId, &checks)
        });
        Sample {
            votes: votes.collect(),
            history,
            maintenance,
            pauses,
        }
    })
}

proptest! {
    #[test]
    fn the_record_has_no_hole_and_no_overlap_and_says_what_holds(sample in any_sample()) {
        let now_ms = 42 * MIN;
        let record = build(sample.source(), now_ms);
        prop_assert_eq!(record[0].from_ms, 0);
        prop_assert_eq!(record[record.len() - 1].to_ms, now_ms);
        prop_assert!(record.iter().all(|i| i.from_ms < i.to_ms && i.earliest_ms <= i.from_ms));
        for two in record.windows(2) {
            prop_assert_eq!(two[0].to_ms, two[1].from_ms);
            prop_assert!(!two[0].says_the_same_as(&two[1]));
        }
        for at_ms in (0..now_ms).step_by(7_919) {
            let interval = record.iter().find(|i| i.span().contains(at_ms)).unwrap();
            let policy = sample.history.at(at_ms);
            let voting: Vec<_> = sample.votes.iter()
                .filter(|votes| policy.regions.contains(&votes.region))
                .map(|votes| (votes.region, vote_at(&votes.steps, at_ms)))
                .collect();
            let decision = decide(voting.iter().map(|&(_, vote)| vote), policy.quorum);
            let state = match () {
                () if sample.pauses.contains(at_ms) => Paused,
                () if sample.maintenance.contains(at_ms) => Maintenance,
                () => decision.state,
            };
            prop_assert_eq!(interval.state, state);
            if state != Paused {
                prop_assert_eq!(interval.measured, decision.state);
                prop_assert_eq!(!interval.advisory.is_empty(), decision.advisory);
            }
        }
    }

    #[test]
    fn a_tail_built_anew_is_as_the_whole(
        sample in any_sample(), from_ms in 0..42 * MIN, first_now_ms in 0..45 * MIN
    ) {
        let source = sample.source();
        let whole = build(source, 42 * MIN);
        let mut record = build(source, first_now_ms);
        // Of what is needed no more than that.
        let needed_from_ms = votes_needed_from_ms(&sample.history, from_ms.min(first_now_ms));
        let mut needed = sample.votes.clone();
        for votes in &mut needed {
            let settled = votes.steps.partition_point(|step| step.at_ms <= needed_from_ms);
            votes.steps.drain(..settled.saturating_sub(1));
        }
        let source = TimelineSource { votes: &needed, ..source };
        rebuild_tail(&mut record, from_ms, source, 42 * MIN);
        prop_assert_eq!(&record, &whole);
        // A record that begins later is rebuilt as well.
        let from_ms = from_ms.min(first_now_ms);
        let mut late: Vec<_> = whole.iter().filter(|i| i.to_ms > from_ms - MIN).cloned().collect();
        rebuild_tail(&mut late, from_ms, source, 42 * MIN);
        prop_assert!(whole.ends_with(&late));
    }

    #[test]
    fn a_bound_never_passes_what_was_measured_to_the_contrary(
        texts in proptest::collection::vec("[ud]{30}", 1..4), quorum in 0usize..3
    ) {
        let quorum = [Quorum::Any, Quorum::Majority, Quorum::All][quorum];
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        let sample = Sample::new(quorum, &texts);
        let record = build(sample.source(), HOUR.min(DAY));
        for interval in &record {
            // With a check a minute in each region, an edge is known to the minute.
            prop_assert!(interval.from_ms - interval.earliest_ms <= MIN);
        }
    }
}
