//! What agreements promise, and their figures and windows, in the visitor's language.

use super::texts::Texts;
use crate::written::words::percent;
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use chrono_tz::Tz;
use edgewatch_client::{public_sla::PublicSla, timeline::UptimeShare};
use edgewatch_domain::{
    calendar,
    sla::{DegradedRule, MaintenanceRule, SlaWindow, SlaWindowFigures, UnknownRule},
    uptime::{Measured, Share},
};

/// What was promised, and over what.
pub fn promise(texts: Texts, sla: &PublicSla) -> String {
    let share = ppm_percent(texts, sla.objective_ppm);
    match sla.window {
        SlaWindow::CalendarMonth => texts.tell("sla-promise-month", [("share", share.into())]),
        SlaWindow::CalendarQuarter => texts.tell("sla-promise-quarter", [("share", share.into())]),
        SlaWindow::CalendarYear => texts.tell("sla-promise-year", [("share", share.into())]),
        SlaWindow::RollingDays(days) => {
            texts.tell("sla-promise-days", [("share", share.into()), ("n", days.into())])
        }
    }
}

/// How time counts, as far as it does not go without saying.
pub fn rules(texts: Texts, sla: &PublicSla) -> String {
    let maintenance = match sla.maintenance {
        MaintenanceRule::Excluded => "sla-maintenance-excluded",
        MaintenanceRule::Counted => "sla-maintenance-counted",
    };
    let unknown = match sla.unknown {
        UnknownRule::Excluded => "sla-unknown-excluded",
        UnknownRule::Available => "sla-unknown-available",
        UnknownRule::Unavailable => "sla-unknown-unavailable",
    };
    let degraded = (sla.degraded == DegradedRule::Unavailable).then(|| texts.say("sla-degraded-unavailable"));
    let zone = texts.tell("sla-zone", [("zone", sla.zone.as_str().into())]);
    let said = [texts.say(maintenance), texts.say(unknown)];
    let said: Vec<_> = said.into_iter().chain(degraded).chain([zone]).collect();
    said.join(" ")
}

/// A share with three decimals, rounded downwards.
pub fn share(texts: Texts, share: Option<Share>) -> String {
    share.map_or_else(|| texts.say("no-data"), |share| figure(texts, share))
}

fn figure(texts: Texts, share: Share) -> String {
    let percent = share.percent();
    texts.percent(&UptimeShare {
        lowest: percent.clone(),
        highest: percent.clone(),
        percent,
    })
}

/// Between what a share lies, where it is not known exactly.
pub fn bounds(texts: Texts, measured: &Measured) -> Option<String> {
    let (low, high) = (measured.lowest()?, measured.highest()?);
    let [low, high] = [low, high].map(|share| figure(texts, share));
    (low != high).then(|| texts.tell("sla-between", [("low", low.into()), ("high", high.into())]))
}

/// Parts per million as percent, with as many decimals as it takes.
pub fn ppm_percent(texts: Texts, ppm: i64) -> String {
    let value = percent(ppm).replace('.', &texts.say("decimal"));
    texts.tell("percent", [("value", value.into())])
}

/// A length, and none where there is nothing.
pub fn length(texts: Texts, ms: i64) -> String {
    if ms == 0 {
        "–".to_owned()
    } else {
        texts.length(ms)
    }
}

pub fn window_title(texts: Texts, sla: &PublicSla, figures: &SlaWindowFigures) -> String {
    let name = window_name(texts, sla, figures);
    if figures.is_over {
        name
    } else {
        texts.tell("sla-so-far", [("window", name.into())])
    }
}

pub fn window_name(texts: Texts, sla: &PublicSla, figures: &SlaWindowFigures) -> String {
    span_name(texts, sla, figures.from_ms, figures.to_ms)
}

/// A time by the name of its month, quarter or year, or by its first and last day.
pub fn span_name(texts: Texts, sla: &PublicSla, from_ms: i64, to_ms: i64) -> String {
    let zone = calendar::zone(&sla.zone).unwrap_or(Tz::UTC);
    let day = |ms: i64| -> NaiveDate {
        let at = DateTime::<Utc>::from_timestamp_millis(ms).unwrap_or_default();
        at.with_timezone(&zone).date_naive()
    };
    let (first, last, after) = (day(from_ms), day(to_ms - 1), day(to_ms));
    let months = (last.year() - first.year()) * 12 + last.month0() as i32 - first.month0() as i32 + 1;
    let is_whole = first.day() == 1 && after.day() == 1;
    match months {
        1 if is_whole => texts.month(first),
        3 if is_whole && first.month0() % 3 == 0 => {
            let quarter = first.month0() / 3 + 1;
            texts.tell(
                "sla-quarter",
                [("n", quarter.into()), ("year", first.year().to_string().into())],
            )
        }
        12 if is_whole => first.year().to_string(),
        _ => {
            let (from, to) = (texts.date(first), texts.date(last));
            texts.tell("from-to", [("from", from.into()), ("to", to.into())])
        }
    }
}
