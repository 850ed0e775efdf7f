//! How long checks took.

use super::{Block, Cell, Column, Section, Table};
use crate::{
    chart::{self, DayLine},
    document::{LatencyPercentiles, LatencyRow, ReportDocument},
    drawing::Ink,
    words::{self, count, micros},
};

/// A percentile: its ink, its name and where it is.
type Line = (Ink, &'static str, fn(&LatencyPercentiles) -> Option<i32>);

/// The percentiles that are drawn.
const LINES: [Line; 3] = [
    (Ink::P99, "99th percentile", |percentiles| percentiles.p99_us),
    (Ink::P95, "95th percentile", |percentiles| percentiles.p95_us),
    (Ink::P50, "Median", |percentiles| percentiles.p50_us),
];

pub(super) fn section(document: &ReportDocument) -> Option<Section> {
    let latency = &document.latency;
    let mut blocks = Vec::new();
    if latency.days.len() > 1 && latency.days.iter().any(|day| day.checks > 0) {
        blocks.push(days_chart(document));
    }
    if !latency.regions.is_empty() {
        blocks.push(Block::Heading("By region and phase".to_owned()));
        let name = |row: &LatencyRow| row.region.clone().unwrap_or_else(|| "all regions".to_owned());
        blocks.push(table(
            "Percentiles by region and phase",
            "Region",
            &latency.regions,
            name,
            true,
        ));
    }
    if latency.monitors.len() > 1 {
        blocks.push(Block::Heading("By monitor".to_owned()));
        let name = |row: &LatencyRow| match row.monitor {
            Some(id) => document.monitor_name(id),
            None => "all monitors".to_owned(),
        };
        blocks.push(table(
            "Percentiles by monitor",
            "Monitor",
            &latency.monitors,
            name,
            false,
        ));
    }
    if blocks.is_empty() {
        return None;
    }
    blocks.insert(
        0,
        Block::Text(
            "Of all checks that came to an end. A percentile is read from a histogram and is at most 2.2 % off. Phases that a \
             probe's platform cannot measure are left out, not taken for nothing."
                .to_owned(),
        ),
    );
    Some(Section {
        id: "performance",
        title: "Performance".to_owned(),
        blocks,
    })
}

fn days_chart(document: &ReportDocument) -> Block {
    let zone = document.contract.policy.zone();
    let days: Vec<_> = document
        .figures
        .days
        .iter()
        .map(|day| words::date(zone, day.from_ms))
        .collect();
    let lines = LINES.map(|(ink, _, value)| DayLine {
        ink,
        values: (0..days.len())
            .map(|index| {
                document
                    .latency
                    .days
                    .get(index)
                    .and_then(value)
                    .map(|us| us as f32 / 1_000.0)
            })
            .collect(),
        filled: false,
    });
    let said = |ms: f32| {
        if ms >= 10.0 || ms <= 0.0 {
            format!("{ms:.0} ms")
        } else {
            format!("{ms:.1} ms")
        }
    };
    let description = "Median, 95th and 99th percentile of the time that checks took, day by day.".to_owned();
    let drawing = chart::day_lines(&days, &lines, None, said, description);
    let legend = LINES
        .iter()
        .rev()
        .map(|(ink, name, _)| (*ink, (*name).to_owned()));
    Block::Chart(drawing, legend.collect())
}

fn table(
    caption: &str,
    first: &str,
    rows: &[LatencyRow],
    name: impl Fn(&LatencyRow) -> String,
    phases: bool,
) -> Block {
    let mut columns = vec![Column::text(first, 2.0)];
    if phases {
        columns.push(Column::text("Phase", 1.4));
    }
    columns.extend(["Checks", "Median", "95th", "99th"].map(|title| Column::figures(title, 1.0)));
    let rows = rows.iter().map(|row| {
        let LatencyPercentiles {
            checks,
            p50_us,
            p95_us,
            p99_us,
        } = row.percentiles;
        let is_total = row.phase == "total";
        let mut cells = vec![Cell::plain(name(row))];
        if phases {
            cells.push(Cell::plain(phase(&row.phase)));
        }
        cells.push(Cell::plain(count(checks)));
        cells.extend([p50_us, p95_us, p99_us].map(|us| Cell::plain(micros(us))));
        if is_total && phases {
            for cell in &mut cells {
                cell.strong = true;
            }
        }
        cells
    });
    Block::Table(Table {
        caption: caption.to_owned(),
        columns,
        rows: rows.collect(),
    })
}

fn phase(name: &str) -> &str {
    match name {
        "dns" => "DNS lookup",
        "tcp" => "TCP connect",
        "tls" => "TLS handshake",
        "request" => "Request sent",
        "ttfb" => "First byte",
        "body" => "Body",
        "total" => "Whole check",
        other => other,
    }
}
