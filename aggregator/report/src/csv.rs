//! A report as CSV (RFC 4180): one table with a row for each thing that there are figures of, and `record` to tell which.
//!
//! Times are in milliseconds and moments RFC 3339 in UTC; shares are in percent, rounded downwards. What does not apply to
//! a row is empty. The columns are described in `docs/reports.md`.

use crate::document::{LatencyPercentiles, ReportDocument};
use chrono::{DateTime, SecondsFormat, Utc};
use edgewatch_domain::{
    sla::SlaTime,
    uptime::{Measured, Share},
};
use std::fmt::Display;

/// The columns, in order.
pub const COLUMNS: [&str; 32] = [
    "record",
    "from",
    "to",
    "monitor_id",
    "monitor",
    "region",
    "phase",
    "window_ms",
    "recorded_up_ms",
    "recorded_degraded_ms",
    "recorded_down_ms",
    "recorded_maintenance_ms",
    "recorded_unknown_ms",
    "recorded_paused_ms",
    "excluded_ms",
    "up_ms",
    "degraded_ms",
    "down_ms",
    "availability_percent",
    "lowest_percent",
    "highest_percent",
    "strict_percent",
    "coverage_percent",
    "is_held",
    "credit_percent",
    "outages",
    "checks",
    "p50_us",
    "p95_us",
    "p99_us",
    "text",
    "url",
];

/// A row, by its columns.
#[derive(Default)]
struct Row {
    cells: [String; COLUMNS.len()],
}

impl Row {
    fn new(record: &str) -> Self {
        Self::default().with("record", record)
    }

    #[allow(
        clippy::needless_pass_by_value,
        reason = "numbers and texts alike, written once"
    )]
    fn with(mut self, column: &str, value: impl Display) -> Self {
        if let Some(place) = COLUMNS.iter().position(|&name| name == column) {
            self.cells[place] = value.to_string();
        }
        self
    }

    /// Text of others. A spreadsheet takes what begins with one of these signs for a formula.
    fn with_text(self, column: &str, text: &str) -> Self {
        let guarded = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
        self.with(
            column,
            if guarded {
                format!("'{text}")
            } else {
                text.to_owned()
            },
        )
    }

    fn with_some(self, column: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(column, value),
            None => self,
        }
    }

    fn between(self, from_ms: i64, to_ms: i64) -> Self {
        self.with("from", moment(from_ms)).with("to", moment(to_ms))
    }

    fn of_monitor(self, document: &ReportDocument, id: i32) -> Self {
        self.with("monitor_id", id)
            .with_text("monitor", &document.monitor_name(id))
    }

    fn time(self, time: &SlaTime) -> Self {
        let recorded = &time.recorded;
        self.with("window_ms", time.window_ms)
            .with("recorded_up_ms", recorded.up_ms)
            .with("recorded_degraded_ms", recorded.degraded_ms)
            .with("recorded_down_ms", recorded.down_ms)
            .with("recorded_maintenance_ms", recorded.maintenance_ms)
            .with("recorded_unknown_ms", recorded.unknown_ms)
            .with("recorded_paused_ms", recorded.paused_ms)
            .with("excluded_ms", time.excluded_ms)
            .with_some("strict_percent", time.strict.uptime().map(Share::percent))
            .with_some("coverage_percent", time.coverage().map(Share::percent))
            .measured(&time.contractual)
    }

    fn measured(self, measured: &Measured) -> Self {
        self.with("up_ms", measured.up_ms)
            .with("degraded_ms", measured.degraded_ms)
            .with("down_ms", measured.down_ms)
            .with_some("availability_percent", measured.uptime().map(Share::percent))
            .with_some("lowest_percent", measured.lowest().map(Share::percent))
            .with_some("highest_percent", measured.highest().map(Share::percent))
    }

    fn percentiles(self, percentiles: &LatencyPercentiles) -> Self {
        self.with("checks", percentiles.checks)
            .with_some("p50_us", percentiles.p50_us)
            .with_some("p95_us", percentiles.p95_us)
            .with_some("p99_us", percentiles.p99_us)
    }
}

fn moment(ms: i64) -> String {
    let at = DateTime::<Utc>::from_timestamp_millis(ms).unwrap_or_default();
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The report.
pub fn render(document: &ReportDocument) -> String {
    let mut text = String::new();
    push(&mut text, COLUMNS.iter().copied());
    for row in rows(document) {
        push(&mut text, row.cells.iter().map(String::as_str));
    }
    text
}

fn rows(document: &ReportDocument) -> Vec<Row> {
    let figures = &document.figures;
    let (from_ms, to_ms) = (figures.period.from_ms, figures.period.to_ms);
    let mut rows = vec![
        Row::new("period")
            .between(from_ms, to_ms)
            .time(&figures.time)
            .with_some("is_held", figures.is_held)
            .with("outages", figures.mean_times.outages)
            .with_text("text", &document.title)
            .with_some("url", document.links.report.as_ref()),
    ];
    rows.extend(figures.windows.iter().map(|window| {
        Row::new("window")
            .between(window.from_ms, window.to_ms)
            .time(&window.time)
            .with_some("is_held", window.is_held)
            .with_some(
                "credit_percent",
                window.credit_percent.filter(|_| window.credit_is_due),
            )
    }));
    let latency_of_days = document
        .latency
        .days
        .iter()
        .map(Some)
        .chain(std::iter::repeat(None));
    rows.extend(figures.days.iter().zip(latency_of_days).map(|(day, latency)| {
        let row = Row::new("day").between(day.from_ms, day.to_ms).time(&day.time);
        match latency {
            Some(latency) => row.percentiles(latency),
            None => row,
        }
    }));
    rows.extend(figures.outages.iter().enumerate().map(|(index, outage)| {
        let names: Vec<_> = outage
            .monitors
            .iter()
            .map(|&id| document.monitor_name(id))
            .collect();
        let ids: Vec<_> = outage.monitors.iter().map(ToString::to_string).collect();
        let detail = document.outages.get(index);
        Row::new("outage")
            .between(outage.from_ms, outage.to_ms)
            .with("monitor_id", ids.join(" "))
            .with_text("monitor", &names.join(", "))
            .with("down_ms", outage.down_ms)
            .with_text(
                "text",
                detail
                    .and_then(|detail| detail.cause.as_deref())
                    .unwrap_or_default(),
            )
            .with_some("url", detail.and_then(|detail| detail.evidence_url.as_ref()))
    }));
    for monitor in &figures.monitors {
        rows.push(
            Row::new("monitor")
                .between(from_ms, to_ms)
                .of_monitor(document, monitor.monitor)
                .time(&monitor.time)
                .with("outages", monitor.mean_times.outages),
        );
        rows.extend(figures.days.iter().zip(&monitor.days).map(|(day, measured)| {
            Row::new("monitor_day")
                .between(day.from_ms, day.to_ms)
                .of_monitor(document, monitor.monitor)
                .measured(measured)
        }));
    }
    rows.extend(figures.regions.iter().map(|region| {
        Row::new("region")
            .between(from_ms, to_ms)
            .with_text("region", region.region.as_str())
            .time(&region.time)
            .with("outages", region.outages)
    }));
    let latency = document.latency.regions.iter().chain(&document.latency.monitors);
    rows.extend(latency.map(|latency| {
        let row = Row::new("latency").between(from_ms, to_ms);
        let row = match latency.monitor {
            Some(id) => row.of_monitor(document, id),
            None => row,
        };
        row.with_text("region", latency.region.as_deref().unwrap_or_default())
            .with_text("phase", &latency.phase)
            .percentiles(&latency.percentiles)
    }));
    rows.extend(document.incidents.iter().map(|incident| {
        let ms = |at: DateTime<Utc>| at.timestamp_millis();
        let names: Vec<_> = incident
            .monitors
            .iter()
            .map(|&id| document.monitor_name(id))
            .collect();
        Row::new("incident")
            .with("from", moment(ms(incident.opened_at)))
            .with_some("to", incident.resolved_at.map(|at| moment(ms(at))))
            .with_text("monitor", &names.join(", "))
            .with_text("text", &incident.title)
            .with_some("url", incident.url.as_ref())
    }));
    rows.extend(document.exclusions.iter().map(|exclusion| {
        let ids: Vec<_> = exclusion.monitors.iter().map(ToString::to_string).collect();
        Row::new("exclusion")
            .between(exclusion.from_ms, exclusion.to_ms)
            .with("monitor_id", ids.join(" "))
            .with_text("text", &format!("{} ({})", exclusion.reason, exclusion.author))
    }));
    rows
}

fn push<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            text.push(',');
        }
        if cell.contains(['"', ',', '\r', '\n']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(cell);
        }
    }
    text.push_str("\r\n");
}
