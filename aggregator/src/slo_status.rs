//! How objectives stand, read off the records of their monitors.

use crate::store::slo::StoredSlo;
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::{
    slo::{BurnAlert, BurnDownPoint, Slo, SloBudget, SloDetail},
    timeline::UptimeShare,
};
use edgewatch_domain::{
    calendar::zone,
    group::combine,
    slo::{
        BURN_RULES, Budget, BurnRate, MeanTimes, Objective, SloWindow, alerting_since_ms, burn_alerts,
        burn_down, counted_strictly, exhausted_in_ms, mtta_ms,
    },
    span::Span,
    timeline::StateInterval,
    uptime::{Figures, Share},
};
use std::collections::BTreeMap;

/// Over what the headline burn rate and the forecast look back.
const RECENT: TimeDelta = TimeDelta::hours(24);

/// Points of a burn-down course.
const POINTS: u16 = 240;

/// The windows of an objective at a moment.
struct Windows {
    /// The whole window: a month to its end.
    whole: Span,
    /// What of it has passed.
    passed: Span,
    now_ms: i64,
}

impl Windows {
    fn of(slo: &StoredSlo, now: DateTime<Utc>) -> Self {
        let now_ms = now.timestamp_millis();
        let window = slo
            .settings
            .window_days
            .map_or(SloWindow::CalendarMonth, SloWindow::RollingDays);
        let whole = window.span_at(zone(&slo.settings.zone).unwrap_or_default(), now_ms);
        Self {
            whole,
            passed: Span::new(whole.from_ms, now_ms),
            now_ms,
        }
    }
}

/// When an objective's window began.
pub fn began(slo: &StoredSlo, now: DateTime<Utc>) -> DateTime<Utc> {
    at(Windows::of(slo, now).whole.from_ms)
}

/// From when on records have to be known to tell how these objectives stand: for each of their monitors, Unix milliseconds.
pub fn records_needed(slos: &[StoredSlo], now: DateTime<Utc>) -> Vec<(i32, i64)> {
    let longest_ms = BURN_RULES.iter().map(|rule| rule.long_ms).max().unwrap_or(0);
    let mut needed = BTreeMap::new();
    for slo in slos {
        // What an alert at the window's beginning looks back at, too. A moment after the beginning of an interval
        // belongs to it already.
        let from_ms = Windows::of(slo, now).whole.from_ms - longest_ms + 1;
        for &monitor in &slo.settings.monitors {
            let earliest = needed.entry(monitor).or_insert(from_ms);
            *earliest = from_ms.min(*earliest);
        }
    }
    needed.into_iter().collect()
}

/// The record that an objective is judged by: its monitor's, or that of all its monitors together; with maintenance
/// counted by what is beneath it, where it is strict.
fn record(slo: &StoredSlo, records: &BTreeMap<i32, Vec<StateInterval>>) -> Vec<StateInterval> {
    let members: Vec<_> = slo
        .settings
        .monitors
        .iter()
        .filter_map(|id| records.get(id).map(Vec::as_slice))
        .collect();
    let record = match *members.as_slice() {
        [one] => one.to_vec(),
        _ => combine(&members, slo.settings.rule),
    };
    if slo.settings.strict {
        counted_strictly(&record)
    } else {
        record
    }
}

/// How an objective stands. The records are those of [`records_needed`], up to now.
pub fn status(slo: StoredSlo, records: &BTreeMap<i32, Vec<StateInterval>>, now: DateTime<Utc>) -> Slo {
    let record = record(&slo, records);
    judge(slo, &record, now).0
}

/// How an objective stands, and the course of its budget.
/// `incidents` are those of its monitors: when they began, and when they were acknowledged, Unix milliseconds.
pub fn detail(
    slo: StoredSlo,
    records: &BTreeMap<i32, Vec<StateInterval>>,
    incidents: &[(i64, Option<i64>)],
    now: DateTime<Utc>,
) -> SloDetail {
    let record = record(&slo, records);
    let windows = Windows::of(&slo, now);
    let (slo, budget) = judge(slo, &record, now);
    let mean = MeanTimes::of(&record, windows.passed);
    let course = burn_down(budget, &record, windows.passed, POINTS);
    SloDetail {
        slo,
        burn_down: course
            .into_iter()
            .map(|(at_ms, remaining_ms)| BurnDownPoint {
                at: at(at_ms),
                remaining_ms,
            })
            .collect(),
        outages: mean.outages,
        mttr_ms: mean.mttr_ms,
        mtbf_ms: mean.mtbf_ms,
        mtta_ms: mtta_ms(incidents_of(incidents, windows.passed)),
    }
}

/// Those that began within a window.
fn incidents_of(
    incidents: &[(i64, Option<i64>)],
    window: Span,
) -> impl Iterator<Item = (i64, Option<i64>)> + '_ {
    let incidents = incidents.iter().copied();
    incidents.filter(move |&(began_ms, _)| window.contains(began_ms))
}

fn judge(slo: StoredSlo, record: &[StateInterval], now: DateTime<Utc>) -> (Slo, Budget) {
    let Windows {
        whole,
        passed,
        now_ms,
    } = Windows::of(&slo, now);
    // Stored within its range; else nothing would be promised.
    let objective = Objective::from_parts_per_million(slo.settings.objective_ppm).unwrap_or(Objective::LEAST);
    let figures = Figures::of(record, passed);
    let measured = figures.contractual;
    let budget = Budget::of(objective, &measured).with_rest(whole.to_ms - now_ms);
    let recent = Figures::of(record, Span::new(now_ms - RECENT.num_milliseconds(), now_ms)).contractual;
    let rest_ms = match slo.settings.window_days {
        Some(_) => i64::MAX,
        None => whole.to_ms - now_ms,
    };
    let window_ms = whole.length_ms();
    let alerts = burn_alerts(objective, window_ms, record, now_ms).map(|alert| BurnAlert {
        urgency: alert.rule.urgency,
        long_ms: alert.rule.long_ms,
        short_ms: alert.rule.short_ms,
        threshold_thousandths: alert.factor_thousandths,
        long_thousandths: alert.long.map(BurnRate::thousandths),
        short_thousandths: alert.short.map(BurnRate::thousandths),
        since: alerting_since_ms(alert.rule, objective, window_ms, record, whole.from_ms, now_ms).map(at),
    });
    let is_measured = measured.total_ms() > 0;
    let status = Slo {
        id: slo.id,
        settings: slo.settings,
        members: slo.members,
        from: at(whole.from_ms),
        to: at(whole.to_ms),
        uptime: UptimeShare::of(&measured),
        coverage: figures.coverage().map(Share::percent),
        is_held: budget.is_held().filter(|_| is_measured),
        budget: SloBudget {
            total_ms: budget.total_ms(),
            spent_ms: budget.down_ms,
            remaining_ms: budget.remaining_ms(),
            remaining_ppm: budget.remaining_parts_per_million().filter(|_| is_measured),
        },
        burn_rate_thousandths: BurnRate::of(objective, &recent).map(BurnRate::thousandths),
        exhausted_in_ms: exhausted_in_ms(budget, &recent).filter(|&ms| is_measured && ms < rest_ms),
        alerts: alerts.into(),
    };
    (status, budget)
}

fn at(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

#[cfg(test)]
mod tests;
