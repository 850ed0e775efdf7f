use super::*;
use edgewatch_client::slo::{GroupRule, SloSettings, Urgency};
use edgewatch_domain::state::MonitorState::{self, Down, Maintenance, Up};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn now() -> DateTime<Utc> {
    "2026-11-16T00:00:00Z".parse().unwrap()
}

fn slo(monitors: &[i32], rule: GroupRule, window_days: Option<u16>, strict: bool) -> StoredSlo {
    StoredSlo {
        id: 1,
        settings: SloSettings {
            name: "shop".into(),
            monitors: monitors.into(),
            rule,
            objective_ppm: 990_000,
            window_days,
            zone: "Europe/Berlin".into(),
            strict,
        },
        members: Vec::new(),
    }
}

/// Of states with the moments at which they begin, in milliseconds before now.
fn record(parts: &[(i64, MonitorState, MonitorState)]) -> Vec<StateInterval> {
    let now_ms = now().timestamp_millis();
    let ends = parts.iter().skip(1).map(|part| now_ms - part.0).chain([now_ms]);
    let intervals = parts.iter().zip(ends);
    intervals
        .map(|(&(ago_ms, state, measured), to_ms)| StateInterval {
            from_ms: now_ms - ago_ms,
            to_ms,
            state,
            measured,
            advisory: Vec::new(),
            earliest_ms: now_ms - ago_ms,
        })
        .collect()
}

#[test]
fn a_rolling_objective_stands_as_its_record_says() {
    // 1 % of 30 days are 7.2 hours, of which 5 are spent, 3 of them within the last 24 hours.
    let records = BTreeMap::from([(
        7,
        record(&[
            (60 * DAY, Up, Up),
            (10 * DAY, Down, Down),
            (10 * DAY - 2 * HOUR, Up, Up),
            (20 * HOUR, Down, Down),
            (17 * HOUR, Up, Up),
        ]),
    )]);
    // One acknowledged after 4 minutes and one after 6, one not at all, and one of before the window.
    let began = |ago_ms: i64, minutes: Option<i64>| {
        let began_ms = now().timestamp_millis() - ago_ms;
        (began_ms, minutes.map(|minutes| began_ms + minutes * 60_000))
    };
    let incidents = [
        began(20 * HOUR, Some(4)),
        began(10 * DAY, Some(6)),
        began(DAY, None),
        began(31 * DAY, Some(600)),
    ];
    let detail = detail(
        slo(&[7], GroupRule::All, Some(30), false),
        &records,
        &incidents,
        now(),
    );
    assert_eq!(detail.mtta_ms, Some(300_000));
    let Slo {
        budget,
        alerts,
        uptime,
        ..
    } = &detail.slo;
    assert_eq!(
        (budget.total_ms, budget.spent_ms, budget.remaining_ms),
        (72 * HOUR / 10, 5 * HOUR, 22 * HOUR / 10)
    );
    // 2.2 ÷ 7.2.
    assert_eq!(budget.remaining_ppm, Some(305_555));
    // 715 of 720 hours.
    assert_eq!(uptime.as_ref().unwrap().percent, "99.305");
    // 3 of 24 hours where 1 % is allowed; at this rate 2.2 hours last 17.6 hours.
    assert_eq!(detail.slo.burn_rate_thousandths, Some(12_500));
    assert_eq!(detail.slo.exhausted_in_ms, Some(176 * HOUR / 10));
    assert_eq!(detail.slo.is_held, Some(true));
    // Over a day the rate is above 3, over the last two hours it is none.
    let thresholds: Vec<_> = alerts.iter().map(|alert| alert.threshold_thousandths).collect();
    assert_eq!(thresholds, [14_400, 6_000, 3_000, 1_000]);
    assert_eq!(
        (
            alerts[2].urgency,
            alerts[2].long_thousandths,
            alerts[2].short_thousandths
        ),
        (Urgency::Ticket, Some(12_500), Some(0))
    );
    assert!(alerts.iter().all(|alert| alert.since.is_none()));
    // Two outages: 2.5 hours each; 715 hours up.
    assert_eq!(
        (detail.outages, detail.mttr_ms, detail.mtbf_ms),
        (2, Some(5 * HOUR / 2), Some(715 * HOUR / 2))
    );
    let course = &detail.burn_down;
    assert_eq!(
        (course[0].at, course[0].remaining_ms),
        (now() - TimeDelta::days(30), budget.total_ms)
    );
    let last = course.last().unwrap();
    assert_eq!((last.at, last.remaining_ms), (now(), budget.remaining_ms));
    assert!(
        course
            .windows(2)
            .all(|two| two[0].remaining_ms >= two[1].remaining_ms)
    );
}

#[test]
fn an_outage_that_lasts_alerts_since_it_burnt_enough() {
    let records = BTreeMap::from([(7, record(&[(60 * DAY, Up, Up), (HOUR, Down, Down)]))]);
    let status = status(slo(&[7], GroupRule::All, Some(30), false), &records, now());
    // 14.4 % of an hour.
    let since = now() - TimeDelta::hours(1) + TimeDelta::milliseconds(HOUR * 144 / 1000);
    assert_eq!(status.alerts[0].since, Some(since));
    assert_eq!(status.alerts[0].urgency, Urgency::Page);
}

#[test]
fn a_month_counts_to_its_end_and_begins_in_its_zone() {
    let records = BTreeMap::from([(
        7,
        record(&[(60 * DAY, Up, Up), (HOUR, Down, Down), (HOUR / 2, Up, Up)]),
    )]);
    let status = status(slo(&[7], GroupRule::All, None, false), &records, now());
    assert_eq!(
        status.from,
        "2026-10-31T23:00:00Z".parse::<DateTime<Utc>>().unwrap()
    );
    assert_eq!(
        status.to,
        "2026-11-30T23:00:00Z".parse::<DateTime<Utc>>().unwrap()
    );
    // 1 % of 720 hours, as if the rest of the month were measured.
    assert_eq!(
        (status.budget.total_ms, status.budget.remaining_ms),
        (72 * HOUR / 10, 67 * HOUR / 10)
    );
    // 6.7 hours at half an hour a day are 13.4 days, and the month has 14.96 left.
    assert_eq!(status.exhausted_in_ms, Some(134 * DAY / 10));
    let ten_minutes = record(&[(60 * DAY, Up, Up), (HOUR, Down, Down), (5 * HOUR / 6, Up, Up)]);
    let slower = self::status(
        slo(&[7], GroupRule::All, None, false),
        &BTreeMap::from([(7, ten_minutes)]),
        now(),
    );
    assert_eq!(slower.exhausted_in_ms, None, "the month ends before");
}

#[test]
fn several_monitors_are_one_and_strictness_counts_maintenance() {
    let records = BTreeMap::from([
        (
            7,
            record(&[(60 * DAY, Up, Up), (4 * HOUR, Down, Down), (2 * HOUR, Up, Up)]),
        ),
        (
            8,
            record(&[
                (60 * DAY, Up, Up),
                (3 * HOUR, Down, Down),
                (HOUR, Maintenance, Down),
            ]),
        ),
    ]);
    let spent = |rule, strict| {
        let status = status(slo(&[7, 8], rule, Some(30), strict), &records, now());
        status.budget.spent_ms / HOUR
    };
    assert_eq!(
        [
            spent(GroupRule::All, false),
            spent(GroupRule::All, true),
            spent(GroupRule::Any, false),
            spent(GroupRule::Any, true)
        ],
        [3, 4, 1, 1]
    );
}

#[test]
fn without_a_record_there_is_no_data() {
    for monitors in [&[7][..], &[]] {
        for window_days in [None, Some(30)] {
            let slo = slo(monitors, GroupRule::All, window_days, false);
            let detail = detail(slo, &BTreeMap::new(), &[], now());
            assert!(detail.burn_down.is_empty());
            let status = detail.slo;
            assert_eq!(
                (status.uptime, status.is_held, status.budget.remaining_ppm),
                (None, None, None)
            );
            assert_eq!(
                (status.burn_rate_thousandths, status.exhausted_in_ms),
                (None, None)
            );
        }
    }
}

#[test]
fn what_is_read_reaches_back_for_the_longest_of_all() {
    let slos = [
        slo(&[7, 8], GroupRule::All, Some(30), false),
        slo(&[8], GroupRule::All, Some(90), false),
    ];
    let needed = records_needed(&slos, now());
    let days_ago = |days: i64| now().timestamp_millis() - days * DAY + 1;
    assert_eq!(needed, [(7, days_ago(33)), (8, days_ago(93))]);
}
