//! The first page.

use super::{Block, Masthead, Tile, Tone, Verdict, days, outages};
use crate::{
    chart,
    document::ReportDocument,
    words::{self, counted, duration, duration_or_dash, percent, ppm},
};
use edgewatch_domain::sla::SlaWindowFigures;

pub(super) fn masthead(document: &ReportDocument) -> Masthead {
    let figures = &document.figures;
    let policy = &document.contract.policy;
    let zone = policy.zone();
    let period = figures.period;
    let (from, to) = (
        words::minute(zone, period.from_ms),
        words::minute(zone, period.to_ms),
    );
    let mut notes = vec![format!("{from} to {to}, days of {zone}")];
    let made = words::minute(zone, document.generated_at.timestamp_millis());
    notes.push(if is_over(document) {
        format!("Made on {made}")
    } else {
        format!("Made on {made}: the period is not over, and what is still to come may change each figure")
    });
    let span = words::period(zone, period.span());
    let hash = figures.policy_hash.get(..16).unwrap_or(&figures.policy_hash);
    Masthead {
        kind: "Service level report".to_owned(),
        title: document.title.clone(),
        name: if document.title.ends_with(&span) {
            document.title.clone()
        } else {
            format!("{} · {span}", document.title)
        },
        period: span,
        notes,
        verdict: verdict(document),
        tiles: tiles(document),
        foot: format!(
            "Report {} · {}, version {} · policy {hash}… · {}",
            document.id, document.contract.name, document.contract.version, document.software
        ),
    }
}

/// Whether nothing of the period is still to come.
pub(super) fn is_over(document: &ReportDocument) -> bool {
    let period = document.figures.period;
    period.as_of_ms >= period.to_ms
}

fn verdict(document: &ReportDocument) -> Verdict {
    let figures = &document.figures;
    let measured = figures.time.contractual;
    let promise = ppm(document.contract.policy.objective_ppm.parts_per_million());
    let over = is_over(document);
    let budget = figures.budget;
    let (word, tone, sentence) = match figures.is_held {
        None => (
            "No data".to_owned(),
            Tone::Plain,
            format!("Nothing was measured in the period. {promise} is promised."),
        ),
        Some(true) => (
            if over {
                "Objective met"
            } else {
                "Objective met so far"
            }
            .to_owned(),
            Tone::Good,
            format!(
                "{promise} is promised. Of {} that may be down, {} {} used and {} {} left.",
                duration(budget.total_ms),
                duration(budget.spent_ms),
                if over { "were" } else { "are" },
                duration(budget.remaining_ms),
                if over { "were" } else { "are" },
            ),
        ),
        Some(false) if !over && budget.remaining_ms >= 0 => (
            "Below the objective so far".to_owned(),
            Tone::Bad,
            format!(
                "{promise} is promised. Of {} that may be down in the whole period, {} are used: with {} left it can still be met.",
                duration(budget.total_ms),
                duration(budget.spent_ms),
                duration(budget.remaining_ms),
            ),
        ),
        Some(false) => (
            "Objective missed".to_owned(),
            Tone::Bad,
            format!(
                "{promise} is promised. {} may be down and {} were: {} more than that.",
                duration(budget.total_ms),
                duration(budget.spent_ms),
                duration(-budget.remaining_ms),
            ),
        ),
    };
    let sentence = [Some(sentence), credits(document)]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let bounds = match (measured.lowest(), measured.highest()) {
        (Some(lowest), Some(highest)) => {
            format!("between {} and {}", lowest.percent(), percent(Some(highest)))
        }
        _ => String::new(),
    };
    Verdict {
        figure: percent(measured.uptime()),
        label: "Availability as agreed".to_owned(),
        bounds,
        word,
        sentence,
        tone,
    }
}

/// What is credited, in a sentence.
fn credits(document: &ReportDocument) -> Option<String> {
    if document.contract.policy.credits.is_empty() {
        return None;
    }
    let zone = document.contract.policy.zone();
    let due = document
        .figures
        .windows
        .iter()
        .filter(|window| window.credit_is_due);
    let due: Vec<_> = due
        .map(|window| {
            format!(
                "{} % for {}",
                window.credit_percent.unwrap_or(0),
                window_name(zone, window)
            )
        })
        .collect();
    Some(if due.is_empty() {
        "No credit is due.".to_owned()
    } else {
        format!("Credit due: {}.", words::list(&due))
    })
}

/// A window in words.
pub(super) fn window_name(zone: chrono_tz::Tz, window: &SlaWindowFigures) -> String {
    words::period(
        zone,
        edgewatch_domain::span::Span::new(window.from_ms, window.to_ms),
    )
}

fn tiles(document: &ReportDocument) -> Vec<Tile> {
    let figures = &document.figures;
    let time = &figures.time;
    let tile = |label: &str, figure: String, detail: String| Tile {
        label: label.to_owned(),
        figure,
        detail,
        tone: Tone::Plain,
    };
    let unknown = time.recorded.unknown_ms;
    let mean = figures.mean_times;
    vec![
        tile(
            "Strict availability",
            percent(time.strict.uptime()),
            "nothing left out".to_owned(),
        ),
        tile(
            "Coverage",
            percent(time.coverage()),
            if unknown > 0 {
                format!("unknown for {}", duration(unknown))
            } else {
                "no time unknown".to_owned()
            },
        ),
        tile(
            "Downtime as agreed",
            duration(time.contractual.down_ms),
            format!("in {}", counted(mean.outages, "outage")),
        ),
        tile(
            "Mean time to recovery",
            duration_or_dash(mean.mttr_ms),
            format!("MTBF {}", duration_or_dash(mean.mtbf_ms)),
        ),
    ]
}

pub(super) fn summary(document: &ReportDocument) -> Vec<Block> {
    let bars = days::bars(document);
    let description = format!(
        "Each day of {} by the states of its time; {}.",
        words::period(document.contract.policy.zone(), document.figures.period.span()),
        counted(document.figures.mean_times.outages, "outage")
    );
    let mut blocks = vec![Block::Chart(
        chart::day_bars(&bars, 58.0, description),
        days::legend(&bars),
    )];
    blocks.extend(outages::longest(document).map(Block::Table));
    blocks
}
