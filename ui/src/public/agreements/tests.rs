use super::*;
use crate::{assets::Assets, public::sample};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::status_page::PageLanguage;
use edgewatch_domain::{
    calendar::{Unit, period_at, zone},
    sla::{DegradedRule, MaintenanceRule, RecordedTime, SlaBudget, UnknownRule},
    uptime::Measured,
};

const DAY_MS: i64 = 86_400_000;

/// A window of which so many minutes were down; `None`: nothing was measured.
fn figures(window: SlaWindow, at: DateTime<Utc>, down_min: Option<i64>, is_over: bool) -> SlaWindowFigures {
    let now_ms = sample::now().timestamp_millis();
    let span = window.span_at(zone("Europe/Berlin").unwrap(), at.timestamp_millis());
    let window_ms = (if is_over { span.to_ms } else { now_ms }) - span.from_ms;
    let down_ms = down_min.unwrap_or(0) * 60_000;
    let counted = Measured {
        up_ms: window_ms - down_ms,
        down_ms,
        maybe_down_ms: down_ms / 12,
        maybe_up_ms: down_ms / 15,
        ..Measured::default()
    };
    let counted = down_min.map_or(Measured::default(), |_| counted);
    let total_ms = (span.to_ms - span.from_ms) / 1_000;
    let remaining_ms = total_ms - down_ms;
    SlaWindowFigures {
        from_ms: span.from_ms,
        to_ms: span.to_ms,
        is_whole: true,
        is_over,
        time: SlaTime {
            window_ms,
            recorded: RecordedTime::default(),
            contractual: counted,
            strict: counted,
            excluded_ms: 0,
        },
        is_held: counted.uptime().map(|share| share.reaches(999_000)),
        budget: SlaBudget {
            total_ms,
            spent_ms: down_ms,
            remaining_ms,
            remaining_ppm: down_min.map(|_| remaining_ms * 1_000_000 / total_ms),
        },
        credit_percent: Some(0),
        credit_is_due: false,
    }
}

fn promised(id: i32, name: &str, window: SlaWindow, down_min: Option<i64>) -> PublicSla {
    let now = sample::now();
    let unit = match window {
        SlaWindow::CalendarQuarter => 92,
        SlaWindow::CalendarYear => 366,
        _ => 30,
    };
    let past = (0..13).map(|n| {
        let down = [0, 3, 0, 12, 0, 0, 61, 0, 38, 0, 0, 7][n as usize % 12] * (unit / 30);
        SlaPast {
            version: 2,
            objective_ppm: 999_000,
            figures: figures(
                match window {
                    SlaWindow::RollingDays(_) => SlaWindow::CalendarMonth,
                    window => window,
                },
                now - TimeDelta::milliseconds(n * unit * DAY_MS),
                if n == 0 {
                    down_min
                } else {
                    (n < 12).then_some(down)
                },
                n > 0,
            ),
        }
    });
    let month = period_at(
        zone("Europe/Berlin").unwrap(),
        Unit::Month,
        now.timestamp_millis() - 30 * DAY_MS,
    );
    let at = |ms| DateTime::from_timestamp_millis(ms).unwrap();
    PublicSla {
        id,
        name: name.to_owned(),
        version: 2,
        hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_owned(),
        objective_ppm: 999_500,
        window,
        zone: "Europe/Berlin".to_owned(),
        maintenance: MaintenanceRule::Excluded,
        unknown: UnknownRule::Unavailable,
        degraded: DegradedRule::Unavailable,
        figures: figures(window, now, down_min, matches!(window, SlaWindow::RollingDays(_))),
        best_ppm: down_min.map(|_| 999_871),
        history: past.collect(),
        exclusions: Some(vec![PublicExclusion {
            from: now - TimeDelta::days(9),
            to: now - TimeDelta::days(9) + TimeDelta::minutes(42),
            reason:
                "A power cut at the customer's own site; agreed with them on the 13th.\n<b>Ticket 4711</b>"
                    .to_owned(),
        }]),
        reports: vec![PublicReport {
            id: 7,
            from: at(month.from_ms),
            to: at(month.to_ms),
        }],
        has_bundles: true,
    }
}

fn snapshot(slas: Vec<PublicSla>) -> StatusSnapshot {
    let mut snapshot = sample::snapshot(3);
    snapshot.page.has_slas = !slas.is_empty();
    snapshot.slas = slas;
    snapshot.log_key =
        Some("edgewatch/4f1e8b+2a3b4c5d+AaBbCcDdEeFfGgHhIiJjKkLlMmNnOoPpQqRrSsTtUuVv".to_owned());
    snapshot
}

fn all_kinds() -> StatusSnapshot {
    snapshot(vec![
        promised(1, "Acme, web shop and payment", SlaWindow::CalendarMonth, Some(4)),
        promised(
            2,
            "Donaudampfschifffahrtsgesellschaftskapitänsvertrag mit Zusatzvereinbarung",
            SlaWindow::CalendarQuarter,
            Some(190),
        ),
        promised(3, "Archive", SlaWindow::CalendarYear, Some(420)),
        promised(4, "Mail", SlaWindow::RollingDays(30), Some(0)),
        promised(5, "New", SlaWindow::CalendarMonth, None),
    ])
}

fn render(snapshot: &StatusSnapshot, language: PageLanguage, seen: Seen) -> (String, String) {
    let assets = Assets::embedded();
    let frame = Frame {
        assets: &assets,
        language,
        is_chosen: false,
        base: "/status/acme",
        origin: "",
        seen,
    };
    let page = service_levels_page(&frame, snapshot, Some("")).html;
    (page, crate::public::status_page(&frame, snapshot).html)
}

/// For the eye: `EDGEWATCH_PAGES=directory` has them written there.
#[test]
fn agreements_are_written_in_every_language() {
    let many = (1..=50).map(|id| {
        promised(
            id,
            &format!("Agreement {id}"),
            SlaWindow::CalendarMonth,
            Some(i64::from(id % 60)),
        )
    });
    let pages = [
        ("sla", all_kinds()),
        ("sla-fifty", snapshot(many.collect())),
        ("sla-none", snapshot(Vec::new())),
    ];
    for language in PageLanguage::ALL {
        for (name, snapshot) in &pages {
            let (page, front) = render(snapshot, language, Seen::At(sample::now()));
            assert!(!page.contains(" style=") && !page.contains("<b>Ticket"), "{name}");
            assert_eq!(front.contains("/status/acme/sla\""), *name != "sla-none");
            if let Some(directory) = std::env::var_os("EDGEWATCH_PAGES") {
                let path = |name: &str| {
                    std::path::Path::new(&directory).join(format!("{name}-{}.html", language.as_str()))
                };
                std::fs::write(path(name), page).unwrap();
                std::fs::write(path(&format!("{name}-front")), front).unwrap();
            }
        }
    }
}

#[test]
fn how_promises_stand_is_said_in_words() {
    let (page, front) = render(&all_kinds(), PageLanguage::En, Seen::At(sample::now()));
    for said in [
        "99.95% promised, each calendar month",
        "99.95% promised, over 30 rolling days",
        "Q4 2026, so far",
        "October 2026",
        "overspent by",
        "between 99.9",
        "99.987% at best",
        "22 October 2026 to 21 November 2026<",
        "Kept",
        "Broken",
        "No data",
        "Time without measurements counts as down. Degraded time counts as down. Days begin and end in Europe/Berlin.",
        "/status/acme/sla/reports/7/bundle",
        "Ticket 4711",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(front.contains("Archive") && front.contains("99.95% promised, each year"));
    // A bar is one stop for the keyboard, with a label each for its windows.
    assert_eq!(page.matches("<fieldset class=\"days\">").count(), 5);
    assert!(
        page.contains("aria-label=\"October 2026\n99.993%\nKept\""),
        "{page}"
    );
}

/// Without the aggregator there is nobody to hand reports out.
#[test]
fn at_the_edge_no_reports_are_offered() {
    let (page, _) = render(&all_kinds(), PageLanguage::En, Seen::Later);
    assert!(page.contains("October 2026") && !page.contains("/sla/reports/"));
}
