//! What counts as what; and what all tests of agreements are made of.

mod policy;
mod sums;
mod windows;

use super::*;
use crate::{
    group::GroupRule,
    policy::{Policy, PolicyHistory},
    quorum::Quorum,
    sample::{MIN, checks, fold},
    slo::Objective,
    span::SpanSet,
    state::MonitorState::{self, Degraded, Down, Maintenance, Paused, Unknown, Up},
    timeline::{RegionVotes, StateInterval, TimelineSource, build},
    uptime::Share,
    vote::steps,
};

/// `(minute, state, what is measured, how many minutes the edge is uncertain)`, until a minute.
fn record(parts: &[(i64, MonitorState, MonitorState, i64)], until: i64) -> Vec<StateInterval> {
    let ends = parts.iter().skip(1).map(|part| part.0).chain([until]);
    let intervals = parts
        .iter()
        .zip(ends)
        .map(|(&(from, state, measured, uncertain), to)| StateInterval {
            from_ms: from * MIN,
            to_ms: to * MIN,
            state,
            measured,
            advisory: Vec::new(),
            earliest_ms: (from - uncertain) * MIN,
        });
    intervals.collect()
}

fn policy(monitors: &[i32]) -> SlaPolicy {
    SlaPolicy {
        monitors: monitors.to_vec(),
        rule: GroupRule::All,
        objective_ppm: Objective::from_parts_per_million(900_000).unwrap(),
        window: SlaWindow::CalendarMonth,
        zone: "UTC".to_owned(),
        maintenance: MaintenanceRule::Excluded,
        unknown: UnknownRule::Excluded,
        degraded: DegradedRule::Available,
        quorum: None,
        credits: vec![
            CreditTier {
                below_ppm: 900_000,
                percent: 10,
            },
            CreditTier {
                below_ppm: 500_000,
                percent: 25,
            },
        ],
    }
}

fn exclusion(from: i64, to: i64, monitors: &[i32]) -> Exclusion {
    Exclusion {
        id: 1,
        from_ms: from * MIN,
        to_ms: to * MIN,
        monitors: monitors.to_vec(),
        reason: "power cut at the customer's".to_owned(),
        author: "ops@example.com".to_owned(),
        entered_ms: 0,
    }
}

fn minutes(from: i64, to: i64, as_of: i64) -> SlaPeriod {
    SlaPeriod {
        from_ms: from * MIN,
        to_ms: to * MIN,
        as_of_ms: as_of * MIN,
    }
}

fn of(
    policy: &SlaPolicy,
    exclusions: &[Exclusion],
    period: SlaPeriod,
    records: &[Vec<StateInterval>],
) -> SlaFigures {
    let members: Vec<_> = records
        .iter()
        .zip(1..)
        .map(|(record, monitor)| SlaMember {
            monitor,
            record,
            regions: &[],
        })
        .collect();
    figures(policy, exclusions, period, &members)
}

/// An hour: 10 minutes each of up, degraded, down, maintenance over down, unknown, paused.
fn every_state() -> Vec<StateInterval> {
    record(
        &[
            (0, Up, Up, 0),
            (10, Degraded, Degraded, 1),
            (20, Down, Down, 2),
            (30, Maintenance, Down, 0),
            (40, Unknown, Unknown, 0),
            (50, Paused, Paused, 0),
        ],
        60,
    )
}

#[test]
fn each_rule_counts_time_as_it_says() {
    let counted = |change: fn(&mut SlaPolicy)| {
        let mut policy = policy(&[1]);
        change(&mut policy);
        let figures = of(&policy, &[], minutes(0, 60, 60), &[every_state()]);
        let time = figures.time;
        assert_eq!(time.window_ms, 60 * MIN);
        let of_each = 10 * MIN;
        let recorded = RecordedTime {
            up_ms: of_each,
            degraded_ms: of_each,
            down_ms: of_each,
            maintenance_ms: of_each,
            unknown_ms: of_each,
            paused_ms: of_each,
        };
        assert_eq!(time.recorded, recorded);
        let shares = [time.contractual, time.strict].map(|measured| {
            (
                (measured.up_ms + measured.degraded_ms) / MIN,
                measured.total_ms() / MIN,
            )
        });
        (shares[0], shares[1])
    };
    assert_eq!(counted(|_| ()), ((20, 30), (20, 40)));
    assert_eq!(
        counted(|policy| policy.degraded = DegradedRule::Unavailable),
        ((10, 30), (10, 40))
    );
    assert_eq!(
        counted(|policy| policy.maintenance = MaintenanceRule::Counted),
        ((20, 40), (20, 40))
    );
    assert_eq!(
        counted(|policy| policy.unknown = UnknownRule::Available),
        ((30, 40), (30, 50))
    );
    assert_eq!(
        counted(|policy| policy.unknown = UnknownRule::Unavailable),
        ((20, 40), (20, 50))
    );
}

#[test]
fn degraded_time_that_counts_as_down_has_the_bounds_of_its_own_edge() {
    let policy = SlaPolicy {
        degraded: DegradedRule::Unavailable,
        ..policy(&[1])
    };
    let figures = of(&policy, &[], minutes(0, 60, 60), &[every_state()]);
    // The outage begins with the degraded time, a minute earlier at most.
    assert_eq!(figures.time.contractual.maybe_down_ms, MIN);
    assert_eq!(figures.outages.len(), 1);
    let outage = &figures.outages[0];
    assert_eq!(
        (outage.from_ms, outage.earliest_ms, outage.down_ms),
        (10 * MIN, 9 * MIN, 20 * MIN)
    );
}

#[test]
fn exclusions_are_left_out_of_the_contractual_figure_only() {
    let record = record(&[(0, Up, Up, 0), (10, Down, Down, 1), (30, Up, Up, 1)], 100);
    let all = of(
        &policy(&[1]),
        &[exclusion(5, 25, &[])],
        minutes(0, 100, 100),
        std::slice::from_ref(&record),
    );
    assert_eq!(all.time.contractual.uptime(), Share::new(75, 80));
    assert_eq!(all.time.strict.uptime(), Share::new(80, 100));
    assert_eq!(
        (all.time.excluded_ms, all.time.recorded.maintenance_ms),
        (20 * MIN, 0)
    );
    assert_eq!(all.time.recorded.down_ms, 20 * MIN);
    // The outage remains, with what was not left out of it.
    assert_eq!(
        (all.outages[0].from_ms, all.outages[0].down_ms),
        (25 * MIN, 5 * MIN)
    );
    // Wholly left out, it is none.
    let none = of(
        &policy(&[1]),
        &[exclusion(5, 40, &[])],
        minutes(0, 100, 100),
        std::slice::from_ref(&record),
    );
    assert_eq!((none.outages.len(), none.mean_times.mttr_ms), (0, None));
    // Overlapping ones are not left out twice.
    let twice = [exclusion(5, 25, &[]), exclusion(20, 25, &[])];
    let twice = of(
        &policy(&[1]),
        &twice,
        minutes(0, 100, 100),
        std::slice::from_ref(&record),
    );
    assert_eq!(twice.time, all.time);
    // Paused and unknown time would not have counted.
    let nothing = of(
        &policy(&[1]),
        &[exclusion(40, 60, &[])],
        minutes(0, 60, 60),
        &[every_state()],
    );
    assert_eq!(nothing.time.excluded_ms, 0);
}

#[test]
fn an_exclusion_may_be_for_one_monitor_of_several() {
    let records = [
        record(&[(0, Up, Up, 0), (10, Down, Down, 0), (20, Up, Up, 0)], 100),
        record(&[(0, Up, Up, 0), (15, Down, Down, 0), (25, Up, Up, 0)], 100),
    ];
    let both = of(&policy(&[1, 2]), &[], minutes(0, 100, 100), &records);
    assert_eq!(both.time.contractual.down_ms, 15 * MIN);
    assert_eq!(
        (both.outages.len(), &both.outages[0].monitors[..]),
        (1, &[1, 2][..])
    );
    let one = of(
        &policy(&[1, 2]),
        &[exclusion(0, 100, &[2])],
        minutes(0, 100, 100),
        &records,
    );
    assert_eq!(one.time.contractual.down_ms, 10 * MIN);
    assert_eq!(one.time.strict.down_ms, 15 * MIN);
    assert_eq!(one.outages[0].monitors, [1]);
    assert_eq!(one.monitors[1].time.contractual.total_ms(), 0);
    let any = SlaPolicy {
        rule: GroupRule::Any,
        ..policy(&[1, 2])
    };
    assert_eq!(
        of(&any, &[], minutes(0, 100, 100), &records)
            .time
            .contractual
            .down_ms,
        5 * MIN
    );
}

#[test]
fn nothing_outside_the_period_and_after_the_moment_has_an_influence() {
    let short = record(&[(50, Down, Down, 0), (60, Up, Up, 1), (90, Down, Down, 1)], 100);
    let mut long = record(
        &[
            (0, Up, Up, 0),
            (20, Down, Down, 5),
            (60, Up, Up, 1),
            (90, Down, Down, 1),
            (102, Up, Up, 3),
            (105, Down, Down, 9),
        ],
        110,
    );
    let period = minutes(50, 100, 100);
    let figures_of =
        |record: &Vec<StateInterval>| of(&policy(&[1]), &[], period, std::slice::from_ref(record));
    let figures = figures_of(&long);
    assert_eq!(figures, figures_of(&short));
    let [first, last] = &figures.outages[..] else {
        panic!("{:?}", figures.outages)
    };
    assert_eq!(
        (first.from_ms, first.began_before, first.goes_on, first.down_ms),
        (50 * MIN, true, false, 10 * MIN)
    );
    assert_eq!(
        (last.to_ms, last.began_before, last.goes_on),
        (100 * MIN, false, true)
    );
    // An edge soon after the end may lie within the period, where it is looked for.
    let period = minutes(50, 100, 104);
    let figures = of(&policy(&[1]), &[], period, std::slice::from_ref(&long));
    assert_eq!(figures.time.contractual.maybe_up_ms, 2 * MIN);
    assert!(figures.outages[1].goes_on);
    long.truncate(5);
    assert_eq!(figures, of(&policy(&[1]), &[], period, &[long]));
}

#[test]
fn without_a_record_there_is_no_figure() {
    let figures = of(&policy(&[1, 2]), &[], minutes(0, 60, 60), &[]);
    assert_eq!((figures.time.contractual.uptime(), figures.is_held), (None, None));
    assert_eq!(figures.windows[0].credit_percent, None);
    assert_eq!((figures.time.window_ms, figures.monitors.len()), (0, 2));
}

#[test]
fn regions_are_counted_by_the_same_rules() {
    let history = PolicyHistory::new(Policy {
        quorum: Quorum::Majority,
        ..Policy::new(MIN, [1, 2, 3])
    });
    let votes: Vec<_> = [(1, "uuuddddduu"), (2, "uuuuuuuuuu"), (3, "uuuuuuuuuu")]
        .map(|(region, text)| RegionVotes {
            region,
            steps: steps(&fold(&history, &checks(0, MIN, text)).1),
        })
        .into();
    let nothing = SpanSet::default();
    let source = TimelineSource {
        created_ms: 0,
        history: &history,
        votes: &votes,
        maintenance: &nothing,
        pauses: &nothing,
    };
    let regions: Vec<_> = [(1, "weur"), (2, "enam")]
        .map(|(id, name)| RegionRecord {
            region: name.parse().unwrap(),
            record: region_record(source, id, 10 * MIN),
        })
        .into();
    let record = build(source, 10 * MIN);
    let member = SlaMember {
        monitor: 1,
        record: &record,
        regions: &regions,
    };
    let figures = figures(&policy(&[1]), &[], minutes(0, 10, 10), &[member]);
    assert_eq!(figures.time.contractual.down_ms, 0);
    let seen: Vec<_> = figures
        .regions
        .iter()
        .map(|region| {
            (
                region.region.as_str(),
                region.time.contractual.down_ms / MIN,
                region.outages,
            )
        })
        .collect();
    assert_eq!(seen, [("enam", 0, 0), ("weur", 5, 1)]);
    // By a quorum of its own the agreement takes each region's word.
    let policy = SlaPolicy {
        quorum: Some(Quorum::Any),
        ..policy(&[1])
    };
    let history = policy.judging(&history);
    let record = build(
        TimelineSource {
            history: &history,
            ..source
        },
        10 * MIN,
    );
    assert_eq!(
        of(&policy, &[], minutes(0, 10, 10), &[record])
            .time
            .contractual
            .down_ms,
        5 * MIN
    );
}
