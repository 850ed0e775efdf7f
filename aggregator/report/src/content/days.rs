//! Day by day.

use super::{Block, Cell, Column, Section, Table, Tone};
use crate::{
    chart::DayBar,
    document::ReportDocument,
    drawing::Ink,
    words::{self, percent, some_duration},
};
use edgewatch_domain::sla::{RecordedTime, SlaDay};

/// From so many days on, those of which there is nothing to say are left out.
const DAYS_IN_FULL: usize = 62;

/// The states that days are painted by, in the order of a bar's parts.
const STATES: [(Ink, &str); 6] = [
    (Ink::Up, "Up"),
    (Ink::Degraded, "Degraded"),
    (Ink::Maintenance, "Maintenance"),
    (Ink::Paused, "Paused"),
    (Ink::Unknown, "Unknown"),
    (Ink::Down, "Down"),
];

pub(super) fn section(document: &ReportDocument) -> Option<Section> {
    let days = &document.figures.days;
    if days.len() < 2 {
        return None;
    }
    let is_eventful = |day: &&SlaDay| {
        let RecordedTime {
            degraded_ms,
            down_ms,
            maintenance_ms,
            unknown_ms,
            paused_ms,
            up_ms: _,
        } = day.time.recorded;
        degraded_ms + down_ms + maintenance_ms + unknown_ms + paused_ms + day.time.excluded_ms > 0
    };
    let in_full = days.len() <= DAYS_IN_FULL;
    let shown: Vec<_> = days.iter().filter(|day| in_full || is_eventful(day)).collect();
    let mut blocks = Vec::new();
    if !in_full {
        blocks.push(Block::Text(format!(
            "Of {} days, these {} are those in which not all of the time was recorded as up. The report as CSV, XLSX or \
             JSON has them all.",
            words::count(days.len() as i64),
            words::count(shown.len() as i64)
        )));
    }
    blocks.push(Block::Table(Table {
        caption: "Availability and states of each day".to_owned(),
        columns: vec![
            Column::text("Day", 2.0),
            Column::figures("As agreed", 1.3),
            Column::figures("Strict", 1.3),
            Column::figures("Down", 1.7),
            Column::figures("Degraded", 1.7),
            Column::figures("Maintenance", 1.7),
            Column::figures("Unknown", 1.7),
        ],
        rows: shown.into_iter().map(|day| row(document, day)).collect(),
    }));
    Some(Section {
        id: "days",
        title: "Day by day".to_owned(),
        blocks,
    })
}

fn row(document: &ReportDocument, day: &SlaDay) -> Vec<Cell> {
    let time = &day.time;
    let recorded = time.recorded;
    let objective = document.contract.policy.objective_ppm.parts_per_million();
    let share = time.contractual.uptime();
    let tone = match share {
        Some(share) if !share.reaches(objective) => Tone::Bad,
        Some(_) if time.contractual.down_ms > 0 => Tone::Warn,
        _ => Tone::Plain,
    };
    vec![
        Cell::plain(words::short_day(document.contract.policy.zone(), day.from_ms)),
        Cell::plain(percent(share)).meant(tone),
        Cell::plain(percent(time.strict.uptime())),
        Cell::plain(some_duration(recorded.down_ms)),
        Cell::plain(some_duration(recorded.degraded_ms)),
        Cell::plain(some_duration(recorded.maintenance_ms)),
        Cell::plain(some_duration(recorded.unknown_ms)),
    ]
}

/// The days of a report, as they are painted: as they were recorded.
pub(super) fn bars(document: &ReportDocument) -> Vec<DayBar> {
    let zone = document.contract.policy.zone();
    let bar = |day: &SlaDay| {
        let recorded = day.time.recorded;
        let ms = [
            recorded.up_ms,
            recorded.degraded_ms,
            recorded.maintenance_ms,
            recorded.paused_ms,
            recorded.unknown_ms,
            recorded.down_ms,
        ];
        DayBar {
            date: words::date(zone, day.from_ms),
            parts: STATES.iter().zip(ms).map(|((ink, _), ms)| (*ink, ms)).collect(),
        }
    };
    document.figures.days.iter().map(bar).collect()
}

/// What of the states is seen in bars.
pub(super) fn legend(bars: &[DayBar]) -> Vec<(Ink, String)> {
    let is_seen = |wanted: Ink| {
        bars.iter()
            .flat_map(|bar| &bar.parts)
            .any(|(ink, ms)| *ink == wanted && *ms > 0)
    };
    let seen = STATES.iter().filter(|(ink, _)| *ink == Ink::Up || is_seen(*ink));
    let mut legend: Vec<_> = seen.map(|(ink, name)| (*ink, (*name).to_owned())).collect();
    let is_empty = |bar: &DayBar| bar.parts.iter().all(|(_, ms)| *ms == 0);
    if bars.iter().any(is_empty) {
        legend.push((Ink::Line, "No record".to_owned()));
    }
    legend
}
