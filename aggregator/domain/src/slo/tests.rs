use super::*;
use crate::sample::{DAY, HOUR, MIN};
use MonitorState::{Down, Maintenance, Unknown, Up};

const MONTH: i64 = 30 * DAY;

fn objective(parts: i64) -> Objective {
    Objective::from_parts_per_million(parts).unwrap()
}

/// `(from, state)` in milliseconds, until `to_ms`; measured to be down beneath maintenance.
fn record(parts: &[(i64, MonitorState)], to_ms: i64) -> Vec<StateInterval> {
    let ends = parts.iter().skip(1).map(|part| part.0).chain([to_ms]);
    let intervals = parts
        .iter()
        .zip(ends)
        .map(|(&(from_ms, state), to_ms)| StateInterval {
            from_ms,
            to_ms,
            state,
            measured: if state == Maintenance { Down } else { state },
            advisory: Vec::new(),
            earliest_ms: from_ms,
        });
    intervals.collect()
}

fn measured(up_ms: i64, down_ms: i64) -> Measured {
    Measured {
        up_ms,
        down_ms,
        ..Measured::default()
    }
}

/// 99.9 % of 30 days allow for 43 min 12 s.
#[test]
fn a_budget_is_a_share_of_the_measured_time_and_may_be_overspent() {
    let budget = Budget::of(objective(999_000), &measured(MONTH - 10 * MIN, 10 * MIN));
    assert_eq!(budget.total_ms(), 2_592_000);
    assert_eq!(budget.remaining_ms(), 1_992_000);
    // 33.2 of 43.2 minutes: 76.8518…%.
    assert_eq!(budget.remaining_parts_per_million(), Some(768_518));
    assert_eq!(budget.is_held(), Some(true));
    let overspent = Budget::of(objective(999_000), &measured(MONTH - HOUR, HOUR));
    assert_eq!(
        (overspent.remaining_ms(), overspent.is_held()),
        (-1_008_000, Some(false))
    );
    let none = Budget::of(objective(999_000), &Measured::default());
    assert_eq!((none.is_held(), none.remaining_parts_per_million()), (None, None));
    // To the millisecond, whatever is shown: one more than the budget breaks it.
    let exact = Budget::of(objective(500_000), &measured(1, 1));
    assert_eq!(exact.is_held(), Some(true));
    let more = Budget::of(objective(500_000), &measured(2, 3));
    assert_eq!((more.is_held(), more.remaining_ms()), (Some(false), -1));
}

#[test]
fn an_objective_leaves_a_budget() {
    assert_eq!(Objective::from_parts_per_million(MILLION), None);
    assert_eq!(Objective::from_parts_per_million(0), None);
    assert!(serde_json::from_str::<Objective>("1000000").is_err());
    assert_eq!(
        serde_json::from_str::<Objective>("999500").ok(),
        Some(objective(999_500))
    );
}

/// 1 of 60 minutes bad at 99.9 %: 16.666… times.
#[test]
fn burn_rate_is_the_bad_share_over_the_allowed_one() {
    let burn = BurnRate::of(objective(999_000), &measured(59 * MIN, MIN)).unwrap();
    assert_eq!(burn.thousandths(), 16_666);
    assert!(burn.reaches(14_400) && !burn.reaches(16_667));
    assert_eq!(BurnRate::of(objective(999_000), &Measured::default()), None);
}

#[test]
fn factors_are_those_of_the_workbook_and_scale_with_the_window() {
    let factors = |days: i64| BURN_RULES.map(|rule| rule.factor_thousandths(days * DAY));
    assert_eq!(factors(30), [14_400, 6_000, 3_000, 1_000]);
    assert_eq!(factors(90), [43_200, 18_000, 9_000, 3_000]);
    // Never below one: a budget that burns slower is not exhausted.
    assert_eq!(factors(7), [3_360, 1_400, 1_000, 1_000]);
}

#[test]
fn an_alert_takes_both_windows() {
    let objective = objective(999_000);
    let alerts = |record: &[StateInterval], now_ms| {
        burn_alerts(objective, MONTH, record, now_ms).map(|alert| alert.alerts)
    };
    // Down for 52 s in the last hour, all within the last five minutes: 14.44 and 173.3 times; over six hours 2.4 times.
    let down_ms = MONTH - 52_000;
    let outage = record(&[(0, Up), (down_ms, Down)], MONTH);
    assert_eq!(alerts(&outage, MONTH), [true, false, false, false]);
    let shorter = record(&[(0, Up), (down_ms + 1_000, Down)], MONTH);
    assert_eq!(alerts(&shorter, MONTH), [false; 4]);
    // Five minutes later it is over, though the hour still burns.
    let over = record(&[(0, Up), (down_ms, Down), (MONTH, Up)], MONTH + 5 * MIN);
    let after = burn_alerts(objective, MONTH, &over, MONTH + 5 * MIN);
    assert!(!after[0].alerts);
    assert!(after[0].long.unwrap().reaches(14_400));
    assert_eq!(after[0].short.unwrap().thousandths(), 0);
    // Down for an hour: all four.
    let hour = record(&[(0, Up), (MONTH - HOUR, Down)], MONTH);
    assert_eq!(alerts(&hour, MONTH), [true; 4]);
    let silent = record(&[(0, Up), (MONTH - DAY, Unknown)], MONTH);
    assert_eq!(burn_alerts(objective, MONTH, &silent, MONTH)[0].long, None);
    assert_eq!(alerts(&silent, MONTH), [false; 4]);
}

/// 33 min 12 s are left. At 1 min an hour they last 33.2 h.
#[test]
fn a_forecast_goes_on_as_recently() {
    let budget = Budget::of(objective(999_000), &measured(MONTH - 10 * MIN, 10 * MIN));
    let hours = exhausted_in_ms(budget, &measured(59 * MIN, MIN));
    assert_eq!(hours, Some(33 * HOUR + 12 * MIN));
    assert_eq!(exhausted_in_ms(budget, &measured(HOUR, 0)), None);
    let spent = Budget {
        down_ms: HOUR,
        ..budget
    };
    assert_eq!(exhausted_in_ms(spent, &measured(HOUR, 0)), Some(0));
    // A third into the month there is a third of the budget, and at its end all of it.
    let third = Budget::of(objective(999_000), &measured(10 * DAY, 0));
    assert_eq!(third.total_ms() * 3, third.with_rest(20 * DAY).total_ms());
}

#[test]
fn windows_roll_or_follow_the_calendar() {
    let zone = crate::calendar::zone("Europe/Berlin").unwrap();
    // 15 October 2025, 12:00 UTC.
    let now_ms = 1_760_529_600_000;
    assert_eq!(
        SloWindow::RollingDays(7).span_at(zone, now_ms),
        Span::new(now_ms - 7 * DAY, now_ms)
    );
    let month = SloWindow::CalendarMonth.span_at(zone, now_ms);
    assert_eq!(month.length_ms(), 745 * HOUR);
    assert!(month.contains(now_ms));
}

/// Outages of 10 and 20 minutes in 10 hours: 15 min to recover, 4 h 45 min between failures.
#[test]
fn mean_times_of_outages() {
    let record = record(
        &[
            (0, Up),
            (HOUR, Down),
            (HOUR + 10 * MIN, Up),
            (5 * HOUR, Down),
            (5 * HOUR + 20 * MIN, Up),
            (20 * HOUR, Maintenance),
        ],
        DAY,
    );
    let times = MeanTimes::of(&record, Span::new(0, 10 * HOUR));
    assert_eq!(
        (times.outages, times.mttr_ms, times.mtbf_ms),
        (2, Some(15 * MIN), Some(4 * HOUR + 45 * MIN))
    );
    assert_eq!(
        MeanTimes::of(&record, Span::new(6 * HOUR, DAY)),
        MeanTimes::default()
    );
    assert_eq!(
        mtta_ms([(0, Some(MIN)), (10, None), (HOUR, Some(HOUR + 3 * MIN))]),
        Some(2 * MIN)
    );
    assert_eq!(mtta_ms([(0, None)]), None);
}
