use super::*;
use crate::sample::{HOUR, MIN};
use MonitorState::{Down, Maintenance, Paused, Unknown, Up};
use proptest::prelude::*;

/// Intervals one after the other: minutes, state, what is measured, how many minutes the edge is uncertain.
fn record(parts: &[(i64, MonitorState, MonitorState, i64)]) -> Vec<StateInterval> {
    let mut from_ms = 0;
    let interval = |&(minutes, state, measured, uncertain): &(i64, _, _, i64)| {
        let interval = StateInterval {
            from_ms,
            to_ms: from_ms + minutes * MIN,
            state,
            measured,
            advisory: Vec::new(),
            earliest_ms: from_ms - uncertain * MIN,
        };
        from_ms = interval.to_ms;
        interval
    };
    parts.iter().map(interval).collect()
}

#[test]
fn display_rounds_downwards_and_comparison_does_not() {
    let share = Share::new(999_996, 1_000_000).unwrap();
    assert_eq!(share.percent(), "99.999");
    assert!(share.reaches(999_996) && !share.reaches(999_997));
    assert_eq!(Share::new(5, 5).unwrap().percent(), "100.000");
    assert_eq!(Share::new(0, 5).unwrap().percent(), "0.000");
    assert_eq!(Share::new(1, 3).unwrap().parts_per_million(), 333_333);
    assert_eq!(Share::new(1, 3), Share::new(2, 6));
    assert!(Share::new(1, 3) < Share::new(334, 1_000));
    assert_eq!(Share::new(0, 0), None);
}

#[test]
fn maintenance_is_outside_the_contractual_figure_and_counted_by_the_strict_one() {
    let record = record(&[
        (10, Up, Up, 0),
        (5, Maintenance, Down, 2),
        (5, Maintenance, Up, 0),
        (5, Down, Down, 1),
        (5, Unknown, Unknown, 0),
        (10, Paused, Paused, 0),
    ]);
    let figures = Figures::of(&record, Span::new(0, HOUR));
    assert_eq!(figures.window_ms, 40 * MIN);
    assert_eq!(
        (figures.maintenance_ms, figures.unknown_ms, figures.paused_ms),
        (10 * MIN, 5 * MIN, 10 * MIN)
    );
    assert_eq!(figures.contractual.uptime(), Share::new(10, 15));
    assert_eq!(figures.strict.uptime(), Share::new(15, 25));
    assert_eq!(figures.coverage(), Share::new(15, 40));
    // The outage beneath maintenance may have begun two minutes before it; the second, within maintenance.
    assert_eq!(figures.contractual.maybe_down_ms, 2 * MIN);
    assert_eq!(figures.strict.maybe_down_ms, 3 * MIN);
    assert_eq!(figures.strict.maybe_up_ms, 0);
}

#[test]
fn every_figure_has_its_bounds() {
    // Down by 4 min at most 5 (its first failing check a minute after a success), at the least 3.
    let record = record(&[(60, Up, Up, 0), (4, Down, Down, 1), (36, Up, Up, 1)]);
    let measured = Figures::of(&record, Span::ALL).contractual;
    assert_eq!(measured.uptime().unwrap().percent(), "96.000");
    assert_eq!(measured.lowest().unwrap().percent(), "95.000");
    assert_eq!(measured.highest().unwrap().percent(), "97.000");
    // The outage may have begun within a window that ends with its first failing check.
    let before = Figures::of(&record, Span::new(0, HOUR)).contractual;
    assert_eq!(before.uptime().unwrap().percent(), "100.000");
    assert_eq!(before.maybe_down_ms, MIN);
}

#[test]
fn without_measured_time_there_is_no_figure() {
    let record = record(&[(10, Unknown, Unknown, 0)]);
    let figures = Figures::of(&record, Span::ALL);
    assert_eq!(figures.contractual.uptime(), None);
    assert_eq!(figures.coverage(), Share::new(0, 1));
    assert_eq!(Figures::of(&[], Span::ALL).coverage(), None);
    assert_eq!(
        Figures::of(&record, Span::new(HOUR, 2 * HOUR)),
        Figures::default()
    );
}

proptest! {
    #[test]
    fn figures_of_adjacent_windows_add_up(
        parts in proptest::collection::vec((1i64..20, 0usize..6, 0usize..4, 0i64..8), 1..20),
        mut cuts in proptest::collection::vec(-MIN..200 * MIN, 3),
    ) {
        let parts: Vec<_> = parts.iter().map(|&(minutes, state, measured, uncertain)| {
            let state = MonitorState::ALL[state];
            let beneath = [MonitorState::Up, MonitorState::Degraded, MonitorState::Down, MonitorState::Unknown];
            let measured = if state == Maintenance { beneath[measured] } else { state };
            (minutes, state, measured, uncertain)
        }).collect();
        let record = record(&parts);
        cuts.sort_unstable();
        let of = |from_ms, to_ms| Figures::of(&record, Span::new(from_ms, to_ms));
        let sum = of(cuts[0], cuts[1]) + of(cuts[1], cuts[2]);
        prop_assert_eq!(sum, of(cuts[0], cuts[2]));
        for measured in [sum.contractual, sum.strict] {
            prop_assert!(measured.maybe_down_ms <= measured.up_ms + measured.degraded_ms);
            prop_assert!(measured.maybe_up_ms <= measured.down_ms);
            prop_assert!(measured.lowest() <= measured.uptime() && measured.uptime() <= measured.highest());
        }
        prop_assert_eq!(
            sum.window_ms,
            sum.contractual.total_ms() + sum.maintenance_ms + sum.unknown_ms + sum.paused_ms
        );
    }
}
