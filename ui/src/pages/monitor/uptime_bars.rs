//! Uptime hour by hour, day by day, week by week or month by month: a bar each, divided as its time was.

use super::view::{PERIODS, View};
use crate::{
    clock::use_clock,
    format::{self, Moment},
};
use edgewatch_client::timeline::{UptimeFigures, UptimePeriod};
use leptos::prelude::*;
use std::fmt::Write as _;

/// The height of a bar, and the least of what was not up: the shortest outage is seen.
const HEIGHT: i64 = 100;
const LEAST: i64 = 9;

/// States from the top of a bar down; what is left below is up.
const STATES: [&str; 5] = ["down", "degraded", "maintenance", "unknown", "paused"];

/// The choice of the period.
pub fn choice(view: Memo<View>) -> AnyView {
    let links = PERIODS
        .iter()
        .enumerate()
        .map(|(index, (name, _))| {
            let chosen = move || { let view = view.get(); view.period == index };
            let href = move || { let view = view.get(); view.with(|view| view.period = index).query() };
            html! { <a href=move || href() data-noscroll="" aria-current=move || chosen().then_some("true")>{*name}</a> }
        })
        .collect_view();
    html! { <nav class="segments" aria-label="Uptime by">{links}</nav> }
}

/// The bars.
pub fn bars(periods: &[UptimePeriod], hourly: bool) -> AnyView {
    let clock = use_clock();
    let style = if hourly { Moment::Minute } else { Moment::Date };
    let states = STATES
        .iter()
        .enumerate()
        .map(|(state, name)| html! { <path class=format!("bar tone-{name}") d=path(periods, Some(state)) /> })
        .collect_view();
    // What is pointed at tells its figures.
    let places = periods
        .iter()
        .enumerate()
        .map(|(i, period)| {
            let (at, told) = (period.at, told(&period.figures));
            let title = move || format!("{}: {told}", format::moment(clock.wall(at), style));
            html! { <rect class="bar-place" x=i * 10 width="10" height=HEIGHT><title>{title}</title></rect> }
        })
        .collect_view();
    let measured: Vec<_> = periods
        .iter()
        .filter(|period| period.figures.contractual.is_some())
        .collect();
    let with_outage = measured
        .iter()
        .filter(|period| period.figures.down_ms > 0)
        .count();
    let label = format!(
        "Uptime: {with_outage} of {} periods with downtime",
        measured.len()
    );
    let ends = [periods.first(), periods.last()]
        .into_iter()
        .flatten()
        .map(|period| {
            let at = period.at;
            html! { <span>{move || format::moment(clock.wall(at), style)}</span> }
        })
        .collect_view();
    html! {
        <svg class="uptime-bars" viewBox=format!("0 0 {} {HEIGHT}", periods.len() * 10) preserveAspectRatio="none" role="img" aria-label=label>
            <path class="bar tone-up" d=path(periods, None) />
            {states}
            {places}
        </svg>
        <div class="ribbon-axis">{ends}</div>
    }
}

/// The milliseconds of each of [`STATES`].
fn lengths(figures: &UptimeFigures) -> [i64; STATES.len()] {
    [
        figures.down_ms,
        figures.degraded_ms,
        figures.maintenance_ms,
        figures.unknown_ms,
        figures.paused_ms,
    ]
}

/// The parts of one state, or the whole bars of the periods that were up at all.
fn path(periods: &[UptimePeriod], state: Option<usize>) -> String {
    let mut path = String::new();
    for (i, period) in periods.iter().enumerate() {
        let figures = &period.figures;
        let lengths = lengths(figures);
        let total = (lengths.iter().sum::<i64>() + figures.up_ms).max(1);
        let height = |ms: i64| {
            if ms == 0 {
                0
            } else {
                (ms * HEIGHT / total).max(LEAST)
            }
        };
        let (top, height) = match state {
            None => (0, if figures.up_ms > 0 { HEIGHT } else { 0 }),
            Some(state) => {
                let top: i64 = lengths[..state].iter().map(|&ms| height(ms)).sum();
                (top, height(lengths[state]).min(HEIGHT - top))
            }
        };
        if height > 0 {
            let _ = write!(path, "M{} {top}h8v{height}h-8z", i * 10 + 1);
        }
    }
    path
}

fn told(figures: &UptimeFigures) -> String {
    match &figures.contractual {
        None => "no data".to_owned(),
        Some(share) if figures.down_ms == 0 => format!("{} %", share.percent),
        Some(share) => format!("{} %, down {}", share.percent, format::length(figures.down_ms)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[test]
    fn a_bar_is_divided_as_its_time_was() {
        let at = DateTime::from_timestamp_millis(0).unwrap();
        let period = |up_ms, down_ms, unknown_ms| UptimePeriod {
            at,
            figures: UptimeFigures {
                from: at,
                to: at,
                contractual: None,
                strict: None,
                coverage: None,
                up_ms,
                degraded_ms: 0,
                down_ms,
                maintenance_ms: 0,
                unknown_ms,
                paused_ms: 0,
            },
        };
        let periods = [period(50, 25, 25), period(0, 0, 0), period(100_000, 1, 0)];
        assert_eq!(path(&periods, None), "M1 0h8v100h-8zM21 0h8v100h-8z");
        assert_eq!(path(&periods, Some(0)), "M1 0h8v25h-8zM21 0h8v9h-8z");
        assert_eq!(path(&periods, Some(3)), "M1 25h8v25h-8z");
        assert_eq!(told(&periods[1].figures), "no data");
    }
}
