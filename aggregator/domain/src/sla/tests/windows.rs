//! Windows, and how far is looked beyond their end.

use super::{minutes, of, policy, record};
use crate::{
    policy::{Policy, PolicyHistory},
    sample::{DAY, HOUR, MIN},
    sla::{SlaPeriod, SlaPolicy, SlaWindow},
    span::Span,
    state::MonitorState::{Down, Up},
    uptime::Share,
};

#[test]
fn how_far_is_looked_follows_from_how_monitors_are_judged() {
    let mut history = PolicyHistory::new(Policy::new(MIN, [1]));
    let span = Span::new(0, DAY);
    assert_eq!(SlaPeriod::new(span, [&history], 2 * DAY).as_of_ms, DAY + 5 * MIN);
    assert_eq!(SlaPeriod::new(span, [&history], HOUR).as_of_ms, HOUR);
    history.change(
        HOUR,
        Policy {
            confirmations: 9,
            ..Policy::new(2 * MIN, [1])
        },
    );
    assert_eq!(SlaPeriod::new(span, [&history], 2 * DAY).as_of_ms, DAY + 22 * MIN);
}

#[test]
fn credits_are_due_for_whole_windows_that_are_over() {
    // January 1970: 4 days of 31 down.
    let day = DAY / MIN;
    let record = record(
        &[(0, Up, Up, 0), (27 * day, Down, Down, 0), (31 * day, Up, Up, 0)],
        59 * day,
    );
    let figures = of(
        &policy(&[1]),
        &[],
        minutes(0, 50 * day, 59 * day),
        std::slice::from_ref(&record),
    );
    let [january, february] = figures.windows[..] else {
        panic!()
    };
    assert_eq!(
        (january.is_held, january.credit_percent, january.credit_is_due),
        (Some(false), Some(10), true)
    );
    assert_eq!(january.time.contractual.uptime(), Share::new(27, 31));
    assert_eq!(
        (february.is_whole, february.is_over, february.credit_percent),
        (false, true, Some(0))
    );
    // 3.1 days may be down of January, and 0.9 more were.
    assert_eq!(
        (january.budget.total_ms, january.budget.remaining_ms),
        (DAY * 31 / 10, -DAY * 9 / 10)
    );
    assert_eq!((figures.days.len(), figures.is_held), (50, Some(true)));
    assert_eq!(figures.monitors[0].days[27].down_ms, DAY);
    assert_eq!(
        (figures.mean_times.mttr_ms, figures.mean_times.mtbf_ms),
        (Some(4 * DAY), Some(46 * DAY))
    );

    // While January goes on its credit is not due, and its budget is that of the whole month.
    let noon = minutes(0, 31 * day, 30 * day + day / 2);
    let now = of(&policy(&[1]), &[], noon, std::slice::from_ref(&record));
    assert_eq!(
        (now.windows[0].credit_percent, now.windows[0].credit_is_due),
        (Some(10), false)
    );
    assert_eq!(
        (now.budget.total_ms, now.budget.spent_ms),
        (DAY * 31 / 10, DAY * 7 / 2)
    );

    let rolling = SlaPolicy {
        window: SlaWindow::RollingDays(8),
        ..policy(&[1])
    };
    let rolling = of(
        &rolling,
        &[],
        minutes(0, 31 * day, 59 * day),
        std::slice::from_ref(&record),
    );
    assert_eq!(
        (rolling.windows.len(), rolling.windows[0].credit_percent),
        (1, Some(10))
    );
    assert_eq!(rolling.windows[0].time.contractual.uptime(), Share::new(1, 2));
}

#[test]
fn months_are_those_of_the_zone() {
    // Golden case 9 in a report: October 2025 in Berlin has 745 hours, and the 26th 25 of them.
    let policy = SlaPolicy {
        zone: "Europe/Berlin".to_owned(),
        ..policy(&[1])
    };
    let month = policy.window.span_at(policy.zone(), 1_760_000_000_000);
    let record = record(&[(0, Up, Up, 0)], month.to_ms / MIN + DAY);
    let period = SlaPeriod {
        from_ms: month.from_ms,
        to_ms: month.to_ms,
        as_of_ms: month.to_ms,
    };
    let figures = of(&policy, &[], period, &[record]);
    assert_eq!((figures.time.window_ms, figures.days.len()), (745 * HOUR, 31));
    assert_eq!(figures.days[25].time.window_ms, 25 * HOUR);
    assert!(figures.windows[0].is_whole);
}
