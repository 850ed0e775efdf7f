//! Figures of objectives in words, and moments.

use crate::{
    components::{icon::Icon, state_badge::Look},
    format::{self, Moment},
};
use chrono::{DateTime, Utc};
use edgewatch_client::slo::{Slo, SloSettings, Urgency};
use leptos::prelude::*;

/// A moment: UTC until the browser's script puts it into the viewer's zone.
pub fn moment(at: DateTime<Utc>, style: Moment) -> AnyView {
    let name = match style {
        Moment::Second => "second",
        Moment::Day => "day",
        _ => "minute",
    };
    html! { <local-time datetime=format::rfc3339(at) data-style=name>{format::moment(at, style)}</local-time> }
}

/// Parts per million as percent, with as many decimals as it takes.
pub fn percent(parts_per_million: i64) -> String {
    let (whole, rest) = (parts_per_million / 10_000, parts_per_million.abs() % 10_000);
    let sign = if parts_per_million < 0 && whole == 0 {
        "−"
    } else {
        ""
    };
    let whole = whole.to_string().replace('-', "−");
    let decimals = format!("{rest:04}");
    match decimals.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        decimals => format!("{sign}{whole}.{decimals}"),
    }
}

/// A share of a budget in whole percent, rounded downwards.
pub fn whole_percent(parts_per_million: i64) -> String {
    format!("{} %", format::count(parts_per_million.div_euclid(10_000)))
}

/// A burn rate: `0×`, `0.25×`, `14.4×`.
pub fn rate(thousandths: i64) -> String {
    if thousandths >= 100_000 {
        return format!("{}×", format::count(thousandths / 1_000));
    }
    let text = format!("{}.{:02}", thousandths / 1_000, thousandths % 1_000 / 10);
    format!("{}×", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A length of time that may be negative.
pub fn signed_length(ms: i64) -> String {
    let sign = if ms < 0 { "−" } else { "" };
    format!("{sign}{}", format::length(ms.abs()))
}

/// Over what an objective is judged.
pub fn window(settings: &SloSettings) -> String {
    match settings.window_days {
        Some(1) => "a rolling day".to_owned(),
        Some(days) => format!("{days} rolling days"),
        None => format!("the calendar month, {}", settings.zone),
    }
}

/// The look of what is left of a budget.
pub fn budget_look(slo: &Slo) -> Look {
    let (tone, icon, word) = match slo.budget.remaining_ppm {
        None => ("unknown", Icon::Question, "No data"),
        Some(..0) => ("down", Icon::Cross, "Broken"),
        Some(0..250_000) => ("degraded", Icon::Warning, "At risk"),
        Some(_) => ("up", Icon::Check, "Kept"),
    };
    Look { tone, icon, word }
}

/// The look of an alert, and whom it is for.
pub fn urgency_look(urgency: Urgency) -> Look {
    let (tone, icon, word) = match urgency {
        Urgency::Page => ("down", Icon::Bolt, "Page"),
        Urgency::Ticket => ("degraded", Icon::Warning, "Ticket"),
    };
    Look { tone, icon, word }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_without_idle_decimals() {
        for (ppm, text) in [
            (999_500, "99.95"),
            (990_000, "99"),
            (1, "0.0001"),
            (-5_000, "−0.5"),
            (-1_250_000, "−125"),
        ] {
            assert_eq!(percent(ppm), text);
        }
        for (thousandths, text) in [
            (0, "0×"),
            (250, "0.25×"),
            (14_400, "14.4×"),
            (14_000, "14×"),
            (1_000_999, "1\u{202f}000×"),
        ] {
            assert_eq!(rate(thousandths), text);
        }
        assert_eq!(whole_percent(-1), "−1 %");
        assert_eq!(whole_percent(745_999), "74 %");
        assert_eq!(signed_length(-61_000), "−1 min 1 s");
    }
}
