//! A report in each format, read back.

#![allow(clippy::unwrap_used)]

mod sample;

use calamine::{Data, DataType as _, Reader as _, Xlsx};
use edgewatch_domain::uptime::Share;
use edgewatch_report::{csv as report_csv, document::ReportDocument, html, json, pdf, xlsx};
use sample::sample;
use std::{collections::HashMap, io::Cursor};

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The pages that a PDF says it has.
fn pages(bytes: &[u8]) -> usize {
    let text = String::from_utf8_lossy(bytes);
    let after = text.split_once("/Type/Pages/Count ").unwrap().1;
    after.split_once('/').unwrap().0.trim().parse().unwrap()
}

#[test]
fn the_pdf_is_archivable_and_accessible_with_its_fonts_in_it() {
    let bytes = pdf::render(&sample(31, 9), &[]).unwrap();
    assert!(bytes.starts_with(b"%PDF-1.7"));
    assert!(contains(&bytes, "<pdfaid:part>2</pdfaid:part>"));
    assert!(contains(&bytes, "<pdfuaid:part>1</pdfuaid:part>"));
    assert!(contains(&bytes, "Inter-Regular") && contains(&bytes, "/FontFile3"));
    assert!((6..=12).contains(&pages(&bytes)), "{} pages", pages(&bytes));
}

#[test]
fn the_pdf_says_the_same_each_time() {
    let document = sample(31, 3);
    assert!(pdf::render(&document, &[]).unwrap() == pdf::render(&document, &[]).unwrap());
}

#[test]
fn what_no_font_has_keeps_no_pdf_from_being_written_nor_from_conforming() {
    let mut document = sample(31, 2);
    document.title = "監視 \u{202e}لوحة 🛰 \u{7} of everything".to_owned();
    document.monitors[0].name = "x".repeat(400);
    let bytes = pdf::render(&document, &[]).unwrap();
    assert!(contains(&bytes, "<pdfaid:part>2</pdfaid:part>"));
}

#[test]
fn a_long_report_has_its_pages() {
    let bytes = pdf::render(&sample(92, 180), &[]).unwrap();
    assert!(pages(&bytes) >= 20, "{} pages", pages(&bytes));
}

#[test]
fn a_report_of_nothing_is_a_report() {
    let mut document = sample(1, 0);
    document.figures =
        edgewatch_domain::sla::figures(&document.contract.policy, &[], document.figures.period, &[]);
    document.incidents.clear();
    document.outages.clear();
    document.exclusions.clear();
    document.latency = edgewatch_report::document::ReportLatency::default();
    assert!(html::render(&document).contains("no data"));
    pdf::render(&document, &[]).unwrap();
    xlsx::render(&document).unwrap();
    assert!(report_csv::render(&document).starts_with("record,"));
}

#[test]
fn what_is_below_its_objective_but_may_still_meet_it_is_not_missed_yet() {
    let mut document = sample(31, 9);
    document.figures.is_held = Some(false);
    document.figures.budget.remaining_ms = 60_000;
    document.figures.period.as_of_ms = document.figures.period.to_ms - 1;
    let early = html::render(&document);
    assert!(early.contains("Below the objective so far") && early.contains("left it can still be met"));
    assert!(!early.contains("more than that"));
    document.figures.budget.remaining_ms = -60_000;
    let spent = html::render(&document);
    assert!(spent.contains("Objective missed") && spent.contains("more than that"));
}

#[test]
fn html_stands_alone_and_takes_nothing_for_markup() {
    let mut document = sample(31, 4);
    document.monitors[0].name = "<script>alert(1)</script>".to_owned();
    document.outages[0].evidence_url = Some("javascript:alert(1)".to_owned());
    let page = html::render(&document);
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script"));
    assert!(!page.contains("javascript:"));
    for outside in [" src=", "url(", "@import", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let availability = document.figures.time.contractual.uptime().unwrap().percent();
    assert!(page.contains(&format!("{availability}\u{a0}%")));
}

#[test]
fn json_is_the_document() {
    let document = sample(31, 9);
    let read: ReportDocument = serde_json::from_slice(&json::render(&document).unwrap()).unwrap();
    assert!(read == document);
}

#[test]
fn csv_holds_each_figure_and_no_formula() {
    let mut document = sample(31, 9);
    document.monitors[0].name = "=HYPERLINK(\"http://evil.example\")".to_owned();
    document.exclusions[0].reason = "first line\nsecond, \"quoted\"".to_owned();
    let text = report_csv::render(&document);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<HashMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    let of = |record: &str| {
        rows.iter()
            .filter(|row| row["record"] == record)
            .collect::<Vec<_>>()
    };
    assert_eq!(of("day").len(), 31);
    assert_eq!(of("outage").len(), document.figures.outages.len());
    assert_eq!(of("monitor_day").len(), 93);
    let sum = |column: &str| {
        of("day")
            .iter()
            .map(|row| row[column].parse::<i64>().unwrap())
            .sum::<i64>()
    };
    for column in [
        "window_ms",
        "recorded_up_ms",
        "up_ms",
        "down_ms",
        "recorded_maintenance_ms",
    ] {
        assert_eq!(of("period")[0][column], sum(column).to_string(), "{column}");
    }
    assert_eq!(
        of("monitor")[0]["monitor"],
        "'=HYPERLINK(\"http://evil.example\")"
    );
    assert_eq!(
        of("exclusion")[0]["text"],
        "first line\nsecond, \"quoted\" (ada@operator.example)"
    );
    assert_eq!(of("period")[0]["from"], "2026-09-30T22:00:00.000Z");
}

#[test]
fn spreadsheets_have_typed_cells_on_several_sheets_and_charts() {
    let document = sample(31, 9);
    let bytes = xlsx::render(&document).unwrap();
    for chart in 1..=3 {
        assert!(
            contains(&bytes, &format!("xl/charts/chart{chart}.xml")),
            "chart {chart}"
        );
    }
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    let names = workbook.sheet_names().clone();
    let sheets = [
        "Summary",
        "Windows",
        "Days",
        "Outages",
        "Monitors",
        "Regions",
        "Latency",
        "Incidents",
        "Left out",
    ];
    assert_eq!(names, sheets);
    let days = workbook.worksheet_range("Days").unwrap();
    assert_eq!(days.height(), 32);
    // 1 October 2026, in days since 30 December 1899.
    assert!(matches!(days.get((1, 0)), Some(Data::DateTime(day)) if (day.as_f64() - 46_296.0).abs() < 1e-9));
    let share: Share = document.figures.days[0].time.contractual.uptime().unwrap();
    let shown = share.percent().parse::<f64>().unwrap() / 100.0;
    assert!((days.get((1, 1)).unwrap().as_f64().unwrap() - shown).abs() < 1e-9);
    let outages = workbook.worksheet_range("Outages").unwrap();
    assert_eq!(outages.height(), document.figures.outages.len() + 1);
    let Some(Data::DateTime(down)) = outages.get((1, 2)) else {
        panic!("a length of time is a time");
    };
    let ms = (down.as_f64() * 86_400_000.0).round();
    assert!((ms - document.figures.outages[0].down_ms as f64).abs() < 1.0);
}
