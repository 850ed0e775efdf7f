//! A report as a spreadsheet: typed cells on a sheet for each subject, with charts.
//!
//! Shares are numbers shown in percent, rounded downwards as everywhere; durations are times of the spreadsheet, to the
//! millisecond; moments are in the agreement's time zone, which the heads of their columns need not repeat: the first
//! sheet names it.

mod charts;
mod sheet;

use crate::{
    document::{LatencyPercentiles, ReportDocument},
    words,
};
use edgewatch_domain::sla::SlaTime;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, XlsxError};
use sheet::{Column, Formats, Value};

/// The columns of a stretch of time, after those that say which.
const TIME: [Column; 12] = [
    ("As agreed", 11.0),
    ("At least", 11.0),
    ("At most", 11.0),
    ("Strict", 11.0),
    ("Coverage", 11.0),
    ("Counted down", 12.0),
    ("Recorded up", 12.0),
    ("Degraded", 12.0),
    ("Down", 12.0),
    ("Maintenance", 12.0),
    ("Unknown", 12.0),
    ("Paused", 12.0),
];

fn time(time: &SlaTime) -> Vec<Value> {
    let (counted, recorded) = (&time.contractual, &time.recorded);
    vec![
        Value::Share(counted.uptime()),
        Value::Share(counted.lowest()),
        Value::Share(counted.highest()),
        Value::Share(time.strict.uptime()),
        Value::Share(time.coverage()),
        Value::Duration(counted.down_ms),
        Value::Duration(recorded.up_ms),
        Value::Duration(recorded.degraded_ms),
        Value::Duration(recorded.down_ms),
        Value::Duration(recorded.maintenance_ms),
        Value::Duration(recorded.unknown_ms),
        Value::Duration(recorded.paused_ms),
    ]
}

const PERCENTILES: [Column; 4] = [
    ("Checks", 10.0),
    ("Median, ms", 11.0),
    ("95th, ms", 11.0),
    ("99th, ms", 11.0),
];

fn percentiles(percentiles: &LatencyPercentiles) -> Vec<Value> {
    let LatencyPercentiles {
        checks,
        p50_us,
        p95_us,
        p99_us,
    } = *percentiles;
    vec![
        Value::Count(checks),
        Value::Micros(p50_us),
        Value::Micros(p95_us),
        Value::Micros(p99_us),
    ]
}

fn columns(which: &[Column], then: &[Column]) -> Vec<Column> {
    which.iter().chain(then).copied().collect()
}

/// The report.
pub fn render(document: &ReportDocument) -> Result<Vec<u8>, XlsxError> {
    let figures = &document.figures;
    let zone = document.contract.policy.zone();
    let formats = Formats::new();
    let mut workbook = Workbook::new();
    let made = ExcelDateTime::from_timestamp(document.generated_at.timestamp())?;
    workbook.set_properties(
        &DocProperties::new()
            .set_title(&document.title)
            .set_author("Edgewatch")
            .set_comment(&document.software)
            .set_creation_datetime(&made),
    );
    summary(&mut workbook, &formats, document)?;

    let rows: Vec<_> = figures
        .windows
        .iter()
        .map(|window| {
            let held = match window.is_held {
                None => "no data",
                Some(true) => "met",
                Some(false) => "missed",
            };
            let due = window.credit_percent.filter(|_| window.credit_is_due);
            let mut row = vec![
                Value::Moment(window.from_ms),
                Value::Moment(window.to_ms),
                Value::text(held),
                Value::Duration(window.budget.total_ms),
                // A spreadsheet shows no negative times.
                Value::Duration(window.budget.remaining_ms.max(0)),
                Value::Duration((-window.budget.remaining_ms).max(0)),
                due.map_or(Value::Empty, |percent| {
                    Value::PartsPerMillion(i64::from(percent) * 10_000)
                }),
            ];
            row.extend(time(&window.time));
            row
        })
        .collect();
    let which: [Column; 7] = [
        ("From", 19.0),
        ("To", 19.0),
        ("Objective", 11.0),
        ("Budget", 12.0),
        ("Budget left", 12.0),
        ("Overspent", 12.0),
        ("Credit due", 11.0),
    ];
    sheet::add(
        &mut workbook,
        &formats,
        zone,
        "Windows",
        &columns(&which, &TIME),
        &rows,
    )?;

    let latency = document
        .latency
        .days
        .iter()
        .map(percentiles)
        .chain(std::iter::repeat_with(Vec::new));
    let rows: Vec<_> = figures
        .days
        .iter()
        .zip(latency)
        .map(|(day, latency)| {
            let mut row = vec![Value::Day(day.from_ms)];
            row.extend(time(&day.time));
            row.extend(latency);
            row
        })
        .collect();
    let all = columns(&columns(&[("Day", 12.0)], &TIME), &PERCENTILES);
    sheet::add(&mut workbook, &formats, zone, "Days", &all, &rows)?;

    let rows: Vec<_> = figures
        .outages
        .iter()
        .enumerate()
        .map(|(index, outage)| {
            let detail = document.outages.get(index);
            let names: Vec<_> = outage
                .monitors
                .iter()
                .map(|&id| document.monitor_name(id))
                .collect();
            let cause = detail.and_then(|detail| detail.cause.clone()).unwrap_or_default();
            vec![
                Value::Moment(outage.from_ms),
                Value::Moment(outage.to_ms),
                Value::Duration(outage.down_ms),
                Value::Moment(outage.earliest_ms),
                Value::Moment(outage.end_earliest_ms),
                Value::text(if outage.began_before { "yes" } else { "" }),
                Value::text(if outage.goes_on { "yes" } else { "" }),
                Value::text(names.join(", ")),
                Value::text(cause),
                Value::link("Evidence", detail.and_then(|detail| detail.evidence_url.as_ref())),
            ]
        })
        .collect();
    let outages: [Column; 10] = [
        ("From", 19.0),
        ("To", 19.0),
        ("Down", 10.0),
        ("Began after", 19.0),
        ("Ended after", 19.0),
        ("Began before the period", 13.0),
        ("Goes on", 9.0),
        ("Monitors", 30.0),
        ("Cause", 50.0),
        ("Evidence", 11.0),
    ];
    sheet::add(&mut workbook, &formats, zone, "Outages", &outages, &rows)?;

    let rows: Vec<_> = figures
        .monitors
        .iter()
        .map(|monitor| {
            let mut row = vec![
                Value::Count(i64::from(monitor.monitor)),
                Value::text(document.monitor_name(monitor.monitor)),
                Value::Count(monitor.mean_times.outages),
            ];
            row.extend(time(&monitor.time));
            row
        })
        .collect();
    let which: [Column; 3] = [("Number", 8.0), ("Monitor", 32.0), ("Outages", 9.0)];
    sheet::add(
        &mut workbook,
        &formats,
        zone,
        "Monitors",
        &columns(&which, &TIME),
        &rows,
    )?;

    let rows: Vec<_> = figures
        .regions
        .iter()
        .map(|region| {
            let mut row = vec![Value::text(region.region.as_str()), Value::Count(region.outages)];
            row.extend(time(&region.time));
            row
        })
        .collect();
    let which: [Column; 2] = [("Region", 18.0), ("Outages", 9.0)];
    sheet::add(
        &mut workbook,
        &formats,
        zone,
        "Regions",
        &columns(&which, &TIME),
        &rows,
    )?;

    let latency = document.latency.regions.iter().chain(&document.latency.monitors);
    let rows: Vec<_> = latency
        .map(|row| {
            let monitor = row
                .monitor
                .map_or_else(|| "all".to_owned(), |id| document.monitor_name(id));
            let mut cells = vec![
                Value::text(monitor),
                Value::text(row.region.clone().unwrap_or_else(|| "all".to_owned())),
                Value::text(row.phase.clone()),
            ];
            cells.extend(percentiles(&row.percentiles));
            cells
        })
        .collect();
    let which: [Column; 3] = [("Monitor", 32.0), ("Region", 18.0), ("Phase", 11.0)];
    sheet::add(
        &mut workbook,
        &formats,
        zone,
        "Latency",
        &columns(&which, &PERCENTILES),
        &rows,
    )?;

    incidents_and_exclusions(&mut workbook, &formats, document)?;
    charts::insert(&mut workbook, document)?;
    workbook.save_to_buffer()
}

/// The first sheet: names with what they stand for.
fn summary(workbook: &mut Workbook, formats: &Formats, document: &ReportDocument) -> Result<(), XlsxError> {
    let figures = &document.figures;
    let policy = &document.contract.policy;
    let zone = policy.zone();
    let held = match figures.is_held {
        None => "no data",
        Some(true) => "met",
        Some(false) => "missed",
    };
    let budget = &figures.budget;
    let mean = &figures.mean_times;
    let mean_time = |ms: Option<i64>| ms.map_or(Value::Empty, Value::Duration);
    let facts = [
        ("From", Value::Moment(figures.period.from_ms)),
        ("To", Value::Moment(figures.period.to_ms)),
        ("Time zone", Value::text(policy.zone.clone())),
        ("Made on", Value::Moment(document.generated_at.timestamp_millis())),
        (
            "Availability as agreed",
            Value::Share(figures.time.contractual.uptime()),
        ),
        ("at least", Value::Share(figures.time.contractual.lowest())),
        ("at most", Value::Share(figures.time.contractual.highest())),
        ("Strict availability", Value::Share(figures.time.strict.uptime())),
        ("Coverage", Value::Share(figures.time.coverage())),
        (
            "Objective",
            Value::PartsPerMillion(policy.objective_ppm.parts_per_million()),
        ),
        ("Held", Value::text(held)),
        ("Error budget", Value::Duration(budget.total_ms)),
        ("of it used", Value::Duration(budget.spent_ms)),
        ("of it left", Value::Duration(budget.remaining_ms.max(0))),
        ("overspent by", Value::Duration((-budget.remaining_ms).max(0))),
        ("Outages", Value::Count(mean.outages)),
        ("Mean time to recovery", mean_time(mean.mttr_ms)),
        ("Mean time between failures", mean_time(mean.mtbf_ms)),
        ("Mean time to acknowledge", mean_time(document.mtta_ms)),
        (
            "Agreement",
            Value::text(format!(
                "{}, version {}",
                document.contract.name, document.contract.version
            )),
        ),
        ("Policy (SHA-256)", Value::text(figures.policy_hash.clone())),
        (
            "Report",
            Value::link(format!("Report {}", document.id), document.links.report.as_ref()),
        ),
        (
            "Verifier",
            Value::link("Verify a bundle", document.links.verify.as_ref()),
        ),
    ];
    let sheet = workbook.add_worksheet();
    sheet.set_name("Summary")?;
    sheet.set_screen_gridlines(false);
    sheet.set_print_fit_to_pages(1, 1).set_paper_size(9);
    sheet.set_column_width(0, 28)?.set_column_width(1, 44)?;
    sheet.write_string_with_format(0, 0, &document.title, &formats.title)?;
    let period = words::period(zone, figures.period.span());
    sheet.write_string_with_format(1, 0, format!("Service level report · {period}"), &formats.quiet)?;
    for (index, (name, value)) in facts.iter().enumerate() {
        let row = index as u32 + 3;
        sheet.write_string_with_format(row, 0, *name, &formats.name)?;
        sheet::write(sheet, formats, zone, row, 1, value)?;
    }
    Ok(())
}

fn incidents_and_exclusions(
    workbook: &mut Workbook,
    formats: &Formats,
    document: &ReportDocument,
) -> Result<(), XlsxError> {
    let zone = document.contract.policy.zone();
    let moment = |at: Option<chrono::DateTime<chrono::Utc>>| {
        at.map_or(Value::Empty, |at| Value::Moment(at.timestamp_millis()))
    };
    let names = |ids: &[i32]| {
        let names: Vec<_> = ids.iter().map(|&id| document.monitor_name(id)).collect();
        Value::text(names.join(", "))
    };
    if !document.incidents.is_empty() {
        let rows: Vec<_> = document
            .incidents
            .iter()
            .map(|incident| {
                vec![
                    Value::link(incident.title.clone(), incident.url.as_ref()),
                    Value::text(incident.severity.clone()),
                    moment(Some(incident.opened_at)),
                    moment(incident.acknowledged_at),
                    moment(incident.resolved_at),
                    names(&incident.monitors),
                ]
            })
            .collect();
        let columns: [Column; 6] = [
            ("Incident", 50.0),
            ("Severity", 10.0),
            ("Began", 19.0),
            ("Acknowledged", 19.0),
            ("Over", 19.0),
            ("Monitors", 32.0),
        ];
        sheet::add(workbook, formats, zone, "Incidents", &columns, &rows)?;
    }
    if !document.exclusions.is_empty() {
        let rows: Vec<_> = document
            .exclusions
            .iter()
            .map(|exclusion| {
                vec![
                    Value::Moment(exclusion.from_ms),
                    Value::Moment(exclusion.to_ms),
                    if exclusion.monitors.is_empty() {
                        Value::text("all")
                    } else {
                        names(&exclusion.monitors)
                    },
                    Value::text(exclusion.reason.clone()),
                    Value::text(exclusion.author.clone()),
                    Value::Moment(exclusion.entered_ms),
                ]
            })
            .collect();
        let columns: [Column; 6] = [
            ("From", 19.0),
            ("To", 19.0),
            ("Monitors", 32.0),
            ("Reason", 50.0),
            ("Entered by", 26.0),
            ("Entered on", 19.0),
        ];
        sheet::add(workbook, formats, zone, "Left out", &columns, &rows)?;
    }
    Ok(())
}
