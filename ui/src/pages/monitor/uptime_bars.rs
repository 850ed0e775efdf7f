//! Uptime hour by hour, day by day, week by week or month by month: a bar each, divided as its time was.

use crate::{
    clock::Clock,
    format::{self, Moment},
};
use edgewatch_client::timeline::{UptimeFigures, UptimePeriod};
use std::fmt::Write as _;

/// The height of a bar, and the least of what was not up: the shortest outage is seen.
const HEIGHT: i64 = 100;
const LEAST: i64 = 9;

/// States from the top of a bar down; what is left below is up.
const STATES: [&str; 5] = ["down", "degraded", "maintenance", "unknown", "paused"];

/// The bars.
pub fn bars(periods: &[UptimePeriod], hourly: bool, clock: Clock) -> String {
    let style = if hourly { Moment::Minute } else { Moment::Date };
    let written = |period: &UptimePeriod| format::moment(clock.wall(period.at), style);
    let measured = periods
        .iter()
        .filter(|period| period.figures.contractual.is_some());
    let with_outage = measured
        .clone()
        .filter(|period| period.figures.down_ms > 0)
        .count();
    let mut markup = format!(
        "<svg class=\"uptime-bars\" viewBox=\"0 0 {} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"Uptime: {with_outage} of {} periods with downtime\"><path class=\"bar tone-up\" d=\"{}\"/>",
        periods.len() * 10,
        measured.count(),
        path(periods, None)
    );
    for (state, name) in STATES.iter().enumerate() {
        let path = path(periods, Some(state));
        let _ = write!(markup, "<path class=\"bar tone-{name}\" d=\"{path}\"/>");
    }
    // What is pointed at tells its figures.
    for (i, period) in periods.iter().enumerate() {
        let _ = write!(
            markup,
            "<rect class=\"bar-place\" x=\"{}\" width=\"10\" height=\"{HEIGHT}\"><title>{}: {}</title></rect>",
            i * 10,
            written(period),
            told(&period.figures)
        );
    }
    let end = |period: Option<&UptimePeriod>| period.map(written).unwrap_or_default();
    let _ = write!(
        markup,
        "</svg><div class=\"ribbon-axis\"><span>{}</span><span>{}</span></div>",
        end(periods.first()),
        end(periods.last())
    );
    markup
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
