//! Agreements and their figures in words.

use super::words::{percent, whole_percent};
use crate::{
    components::{icon::Icon, state_badge::Look},
    format,
};
use chrono::{DateTime, Datelike as _, Utc};
use chrono_tz::Tz;
use edgewatch_client::{public_sla::PromiseState, sla::SlaSettings};
use edgewatch_domain::{
    group::GroupRule,
    sla::{
        DegradedRule, MaintenanceRule, SlaBudget, SlaPolicy, SlaTime, SlaWindow, SlaWindowFigures,
        UnknownRule,
    },
    uptime::{Measured, Share},
};
use leptos::prelude::*;

/// What is promised of what.
pub fn promise(settings: &SlaSettings) -> String {
    let policy = &settings.policy;
    format!(
        "{} % of {} · {}",
        percent(policy.objective_ppm.parts_per_million()),
        window(policy),
        monitors(policy)
    )
}

/// How many monitors, and by which rule.
pub fn monitors(policy: &SlaPolicy) -> String {
    let count = format::counted(policy.monitors.len(), "monitor");
    match (policy.monitors.len(), policy.rule) {
        (..=1, _) => count,
        (_, GroupRule::All) => format!("all of {count}"),
        (_, GroupRule::Any) => format!("any of {count}"),
    }
}

/// Over what an agreement is judged.
pub fn window(policy: &SlaPolicy) -> String {
    match policy.window {
        SlaWindow::CalendarMonth => format!("each month, {}", policy.zone),
        SlaWindow::CalendarQuarter => format!("each quarter, {}", policy.zone),
        SlaWindow::CalendarYear => format!("each year, {}", policy.zone),
        SlaWindow::RollingDays(1) => "a rolling day".to_owned(),
        SlaWindow::RollingDays(days) => format!("{days} rolling days"),
    }
}

/// How time counts, rule by rule.
pub fn rules(policy: &SlaPolicy) -> Vec<(&'static str, String)> {
    let maintenance = match policy.maintenance {
        MaintenanceRule::Excluded => "left out",
        MaintenanceRule::Counted => "counts by what was measured beneath it",
    };
    let unknown = match policy.unknown {
        UnknownRule::Excluded => "left out",
        UnknownRule::Available => "counts as up",
        UnknownRule::Unavailable => "counts as down",
    };
    let degraded = match policy.degraded {
        DegradedRule::Available => "counts as up",
        DegradedRule::Unavailable => "counts as down",
    };
    let quorum = policy.quorum.map_or_else(
        || "as each monitor has it".to_owned(),
        |quorum| quorum.to_string(),
    );
    vec![
        ("Maintenance", maintenance.to_owned()),
        ("Unknown time", unknown.to_owned()),
        ("Degraded time", degraded.to_owned()),
        ("Regions that decide", quorum),
    ]
}

/// A share with three decimals, rounded downwards.
pub fn share(share: Option<Share>) -> String {
    share.map_or_else(|| "no data".to_owned(), |share| format!("{} %", share.percent()))
}

/// Between what a share lies, where it is not known exactly.
pub fn bounds(measured: &Measured) -> Option<String> {
    let (low, high) = (measured.lowest()?.percent(), measured.highest()?.percent());
    (low != high).then(|| format!("{low} – {high} %"))
}

/// The share of the time that counts.
pub fn coverage(time: &SlaTime) -> Option<String> {
    Some(format!("{} % counted", time.coverage()?.percent()))
}

/// Whether an agreement is kept.
pub fn kept_look(is_held: Option<bool>, budget: &SlaBudget) -> Look {
    let (tone, icon, word) = match PromiseState::of(is_held, budget) {
        PromiseState::NoData => ("unknown", Icon::Question, "No data"),
        PromiseState::Broken => ("down", Icon::Cross, "Broken"),
        PromiseState::Below => ("degraded", Icon::Warning, "Below, so far"),
        PromiseState::AtRisk => ("degraded", Icon::Warning, "At risk"),
        PromiseState::Kept => ("up", Icon::Check, "Kept"),
    };
    Look { tone, icon, word }
}

/// What is left of a budget, in words.
pub fn left(budget: &SlaBudget) -> String {
    match budget.remaining_ppm {
        None => "Nothing was measured.".to_owned(),
        Some(..0) => format!(
            "Overspent by {}: {} down, {} allowed",
            format::length(-budget.remaining_ms),
            format::length(budget.spent_ms),
            format::length(budget.total_ms)
        ),
        Some(ppm) => format!(
            "{} of {} left, {}",
            format::length(budget.remaining_ms),
            format::length(budget.total_ms),
            whole_percent(ppm)
        ),
    }
}

/// The budget as a bar: what is left of it.
pub fn budget_bar(is_held: Option<bool>, budget: &SlaBudget) -> AnyView {
    let left = budget.remaining_ppm.unwrap_or(0).clamp(0, 1_000_000);
    let label = format!("Budget left: {}", whole_percent(left));
    let class = format!("budget-bar tone-{}", kept_look(is_held, budget).tone);
    html! {
        <svg class=class viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label=label>
            <rect class="budget-ground" width="1000" height="10" />
            <rect class="budget-left" width=(left / 1_000).to_string() height="10" />
        </svg>
    }
}

/// The credit of a window, and whether it is due.
pub fn credit(figures: &SlaWindowFigures) -> String {
    match figures.credit_percent {
        None => "no data".to_owned(),
        Some(0) => "none".to_owned(),
        Some(percent) if figures.credit_is_due => format!("{percent} % due"),
        Some(percent) => format!("{percent} % so far"),
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A date: `21 November 2026`.
pub fn date(zone: Tz, at_ms: i64) -> String {
    let day = wall(zone, at_ms).date_naive();
    format!("{} {} {}", day.day(), MONTHS[day.month0() as usize], day.year())
}

/// A window by the name of its month, quarter or year, or by its first and last day.
pub fn window_name(window: SlaWindow, zone: Tz, from_ms: i64, to_ms: i64) -> String {
    let (first, last) = (
        wall(zone, from_ms).date_naive(),
        wall(zone, to_ms - 1).date_naive(),
    );
    let months = (last.year() - first.year()) * 12 + last.month() as i32 - first.month() as i32 + 1;
    match (window, first.day(), months) {
        (SlaWindow::CalendarYear, 1, 12) => first.year().to_string(),
        (SlaWindow::CalendarQuarter, 1, 3) => format!("Q{} {}", first.month0() / 3 + 1, first.year()),
        (SlaWindow::CalendarMonth | SlaWindow::RollingDays(_), 1, 1) => {
            format!("{} {}", MONTHS[first.month0() as usize], first.year())
        }
        _ => format!("{} – {}", date(zone, from_ms), date(zone, to_ms - 1)),
    }
}

fn wall(zone: Tz, at_ms: i64) -> DateTime<Tz> {
    DateTime::<Utc>::from_timestamp_millis(at_ms)
        .unwrap_or_default()
        .with_timezone(&zone)
}

/// A moment of a figure.
pub fn at(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_have_the_names_of_the_calendar() {
        let zone = Tz::Europe__Berlin;
        let ms = |text: &str| text.parse::<DateTime<Utc>>().unwrap().timestamp_millis();
        let name = |window, from, to| window_name(window, zone, ms(from), ms(to));
        let october = ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z");
        assert_eq!(
            name(SlaWindow::CalendarMonth, october.0, october.1),
            "October 2026"
        );
        assert_eq!(
            name(SlaWindow::CalendarQuarter, october.0, "2026-12-31T23:00:00Z"),
            "Q4 2026"
        );
        assert_eq!(
            name(
                SlaWindow::CalendarYear,
                "2025-12-31T23:00:00Z",
                "2026-12-31T23:00:00Z"
            ),
            "2026"
        );
        assert_eq!(
            name(
                SlaWindow::RollingDays(30),
                "2026-10-04T10:00:00Z",
                "2026-11-03T10:00:00Z"
            ),
            "4 October 2026 – 3 November 2026"
        );
    }

    #[test]
    fn a_budget_says_how_an_agreement_stands() {
        let budget = |remaining_ppm| SlaBudget {
            total_ms: 100_000,
            spent_ms: 0,
            remaining_ms: 100_000,
            remaining_ppm,
        };
        let word = |is_held, ppm| kept_look(is_held, &budget(ppm)).word;
        assert_eq!(word(None, None), "No data");
        assert_eq!(word(Some(false), Some(-1)), "Broken");
        assert_eq!(word(Some(false), Some(1)), "Below, so far");
        assert_eq!(word(Some(true), Some(100_000)), "At risk");
        assert_eq!(word(Some(true), Some(900_000)), "Kept");
    }
}
