//! Outages and incidents.

use super::{Block, Cell, Column, Section, Table, Tile, Tone};
use crate::{
    document::{ReportDocument, ReportIncident, ReportOutage},
    words::{self, count, duration, duration_or_dash},
};
use edgewatch_domain::sla::SlaOutage;

pub(super) fn section(document: &ReportDocument) -> Section {
    let outages = &document.figures.outages;
    let mut blocks = Vec::new();
    if outages.is_empty() {
        blocks.push(Block::Note(
            Tone::Good,
            "There was no outage in the period.".to_owned(),
        ));
    } else {
        blocks.push(Block::Tiles(tiles(document)));
        let details = document.outages.iter().map(Some).chain(std::iter::repeat(None));
        let rows = outages
            .iter()
            .zip(details)
            .enumerate()
            .map(|(index, (outage, detail))| {
                let cause = detail.and_then(|detail| detail.cause.clone());
                let mut row = times(document, index, outage);
                row.push(
                    Cell::plain(cause.unwrap_or_else(|| "Evidence".to_owned()))
                        .leading_to(detail.and_then(|detail| detail.evidence_url.clone())),
                );
                row
            });
        blocks.push(Block::Table(Table {
            caption: "Each outage, with its cause".to_owned(),
            columns: vec![
                Column::figures("#", 0.4),
                Column::text("From", 1.9),
                Column::text("To", 1.9),
                Column::figures("Down", 1.3),
                Column::text("Monitors", 1.8),
                Column::text("Cause and evidence", 2.6),
            ],
            rows: rows.collect(),
        }));
        blocks.push(Block::Text(
            "An outage is backdated to the first failing check of the run that confirmed it, and ends at the first success of \
             the run that recovered it. What was maintenance, left out, unknown or paused in between is not counted as down."
                .to_owned(),
        ));
    }
    Section {
        id: "outages",
        title: "Outages".to_owned(),
        blocks,
    }
}

/// Outages of the first page at most.
const LONGEST: usize = 5;

/// The longest outages, the longest first, if there were any.
pub(super) fn longest(document: &ReportDocument) -> Option<Table> {
    let details = document.outages.iter().map(Some).chain(std::iter::repeat(None));
    let mut outages: Vec<_> = document.figures.outages.iter().zip(details).collect();
    outages.sort_by_key(|(outage, _)| std::cmp::Reverse(outage.down_ms));
    outages.truncate(LONGEST);
    let zone = document.contract.policy.zone();
    let row = |(outage, detail): (&SlaOutage, Option<&ReportOutage>)| {
        let cause = detail.and_then(|detail| detail.cause.clone());
        vec![
            Cell::plain(words::minute(zone, outage.from_ms)),
            Cell::plain(duration(outage.down_ms)).strong(),
            Cell::plain(cause.unwrap_or_else(|| "–".to_owned())),
        ]
    };
    (!outages.is_empty()).then(|| Table {
        caption: "The longest outages".to_owned(),
        columns: vec![
            Column::text("Longest outages", 1.6),
            Column::figures("Down", 1.2),
            Column::text("Cause", 4.0),
        ],
        rows: outages.into_iter().map(row).collect(),
    })
}

fn times(document: &ReportDocument, index: usize, outage: &SlaOutage) -> Vec<Cell> {
    let zone = document.contract.policy.zone();
    let from = words::moment(zone, outage.from_ms);
    let to = words::moment(zone, outage.to_ms);
    let names: Vec<_> = outage
        .monitors
        .iter()
        .map(|&id| document.monitor_name(id))
        .collect();
    vec![
        Cell::plain(count(index as i64 + 1)),
        Cell::plain(if outage.began_before {
            format!("before {from}")
        } else {
            from
        }),
        Cell::plain(if outage.goes_on { format!("after {to}") } else { to }),
        Cell::plain(duration(outage.down_ms)).strong(),
        Cell::plain(names.join(", ")),
    ]
}

fn tiles(document: &ReportDocument) -> Vec<Tile> {
    let mean = document.figures.mean_times;
    let tile = |label: &str, figure: String, detail: &str| Tile {
        label: label.to_owned(),
        figure,
        detail: detail.to_owned(),
        tone: Tone::Plain,
    };
    let longest = document.figures.outages.iter().map(|outage| outage.down_ms).max();
    vec![
        tile(
            "Outages",
            count(mean.outages),
            &format!("the longest {}", duration_or_dash(longest)),
        ),
        tile(
            "Mean time to recovery",
            duration_or_dash(mean.mttr_ms),
            "downtime by outages",
        ),
        tile(
            "Time between failures",
            duration_or_dash(mean.mtbf_ms),
            "mean: uptime by outages",
        ),
        tile(
            "Time to acknowledge",
            duration_or_dash(document.mtta_ms),
            "mean of the incidents",
        ),
    ]
}

pub(super) fn incidents_section(document: &ReportDocument) -> Option<Section> {
    if document.incidents.is_empty() {
        return None;
    }
    let zone = document.contract.policy.zone();
    let row = |incident: &ReportIncident| {
        let opened_ms = incident.opened_at.timestamp_millis();
        let since_opened = |at: Option<chrono::DateTime<chrono::Utc>>, never: &str| {
            at.map_or_else(
                || never.to_owned(),
                |at| duration((at.timestamp_millis() - opened_ms).max(0)),
            )
        };
        let names: Vec<_> = incident
            .monitors
            .iter()
            .map(|&id| document.monitor_name(id))
            .collect();
        vec![
            Cell::plain(incident.title.clone()).leading_to(incident.url.clone()),
            Cell::plain(incident.severity.clone()),
            Cell::plain(words::moment(zone, opened_ms)),
            Cell::plain(since_opened(incident.acknowledged_at, "–")),
            Cell::plain(since_opened(incident.resolved_at, "goes on")),
            Cell::plain(names.join(", ")),
        ]
    };
    Some(Section {
        id: "incidents",
        title: "Incidents".to_owned(),
        blocks: vec![Block::Table(Table {
            caption: "Incidents with time in the period".to_owned(),
            columns: vec![
                Column::text("Incident", 3.0),
                Column::text("Severity", 0.9),
                Column::text("Began", 1.9),
                Column::figures("Acknowledged after", 1.3),
                Column::figures("Over after", 1.3),
                Column::text("Monitors", 1.6),
            ],
            rows: document.incidents.iter().map(row).collect(),
        })],
    })
}
