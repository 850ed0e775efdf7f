//! How available it was: over the period, window by window, monitor by monitor and region by region.

use super::{Block, Cell, Column, Section, Table, Tone, days, overview};
use crate::{
    chart::{self, DayBar, DayLine},
    document::ReportDocument,
    drawing::Ink,
    words::{self, count, counted, duration, percent, ppm, some_duration},
};
use edgewatch_domain::{
    sla::{SlaMonitor, SlaWindowFigures},
    uptime::Share,
};

pub(super) fn section(document: &ReportDocument) -> Section {
    let time = &document.figures.time;
    let (contractual, strict) = (&time.contractual, &time.strict);
    let both = |name: &str, left: String, right: String| {
        vec![Cell::plain(name), Cell::plain(left), Cell::plain(right)]
    };
    let strong = |mut row: Vec<Cell>| {
        for cell in &mut row {
            cell.strong = true;
        }
        row
    };
    let counted_time = Table {
        caption: "Availability as agreed and strictly".to_owned(),
        columns: vec![
            Column::text("", 2.0),
            Column::figures("As agreed", 1.0),
            Column::figures("Strictly", 1.0),
        ],
        rows: vec![
            strong(both(
                "Availability",
                percent(contractual.uptime()),
                percent(strict.uptime()),
            )),
            both(
                "at least",
                percent(contractual.lowest()),
                percent(strict.lowest()),
            ),
            both(
                "at most",
                percent(contractual.highest()),
                percent(strict.highest()),
            ),
            both(
                "Time that counts",
                duration(contractual.total_ms()),
                duration(strict.total_ms()),
            ),
            both("of it up", duration(contractual.up_ms), duration(strict.up_ms)),
            both(
                "of it degraded",
                some_duration(contractual.degraded_ms),
                some_duration(strict.degraded_ms),
            ),
            both(
                "of it down",
                some_duration(contractual.down_ms),
                some_duration(strict.down_ms),
            ),
        ],
    };
    let recorded = time.recorded;
    let states = [
        ("Up", recorded.up_ms),
        ("Degraded", recorded.degraded_ms),
        ("Down", recorded.down_ms),
        ("Maintenance", recorded.maintenance_ms),
        ("Unknown", recorded.unknown_ms),
        ("Paused", recorded.paused_ms),
    ];
    let recorded_time = Table {
        caption: "Recorded time by state".to_owned(),
        columns: vec![
            Column::text("State", 2.0),
            Column::figures("Time", 1.0),
            Column::figures("Share of all", 1.0),
        ],
        rows: states
            .into_iter()
            .map(|(name, ms)| both(name, some_duration(ms), percent(Share::new(ms, time.window_ms))))
            .chain([strong(both("Together", duration(time.window_ms), String::new()))])
            .collect(),
    };
    let mut blocks = vec![
        Block::Text(
            "Availability is the share of the time that counts in which the service was up or degraded; it is weighted by \
             time, never a count of checks, and rounded downwards. Each edge of an outage is known only to the gap between \
             two checks: at least and at most are what the figure may be within these gaps."
                .to_owned(),
        ),
        Block::Table(counted_time),
        Block::Heading("As it was recorded".to_owned()),
        Block::Text(format!(
            "Before any rule of the agreement. {} of the recorded time count under it{}.",
            percent(time.coverage()),
            match time.excluded_ms {
                0 => String::new(),
                ms => format!("; {} would but for what was left out by hand", duration(ms)),
            }
        )),
        Block::Table(recorded_time),
    ];
    if time.window_ms < document.figures.period.span().length_ms() && overview::is_over(document) {
        blocks.push(Block::Note(
            Tone::Warn,
            format!(
                "There is a record of {} of the period's {}: the rest lies before the first of these monitors was made.",
                duration(time.window_ms),
                duration(document.figures.period.span().length_ms())
            ),
        ));
    }
    Section {
        id: "availability",
        title: "Availability".to_owned(),
        blocks,
    }
}

pub(super) fn windows_section(document: &ReportDocument) -> Section {
    let policy = &document.contract.policy;
    let zone = policy.zone();
    let windows = &document.figures.windows;
    let row = |window: &SlaWindowFigures| {
        let (word, tone) = match (window.is_held, window.is_over) {
            (None, _) => ("no data", Tone::Plain),
            (Some(true), true) => ("met", Tone::Good),
            (Some(true), false) => ("met so far", Tone::Good),
            (Some(false), _) => ("missed", Tone::Bad),
        };
        let credit = match window.credit_percent {
            None | Some(0) => "–".to_owned(),
            Some(percent) if window.credit_is_due => format!("{percent} %"),
            Some(percent) if window.is_whole => format!("{percent} % if it ended now"),
            Some(percent) => format!("{percent} % by this part"),
        };
        let mut name = overview::window_name(zone, window);
        if !window.is_whole {
            name.push_str(" (part)");
        }
        vec![
            Cell::plain(name),
            Cell::plain(percent(window.time.contractual.uptime())),
            Cell::plain(word).meant(tone),
            Cell::plain(some_duration(window.budget.spent_ms)),
            Cell::plain(duration(window.budget.remaining_ms)),
            Cell::plain(credit),
        ]
    };
    let mut blocks = vec![Block::Table(Table {
        caption: "The windows of the agreement".to_owned(),
        columns: vec![
            Column::text("Window", 2.4),
            Column::figures("Availability", 1.2),
            Column::text("Objective", 1.2),
            Column::figures("Down", 1.5),
            Column::figures("Budget left", 1.5),
            Column::figures("Credit", 1.2),
        ],
        rows: windows.iter().map(row).collect(),
    })];
    if document.figures.days.len() > 1 {
        blocks.push(Block::Heading("The error budget of the period".to_owned()));
        blocks.push(budget_chart(document));
    }
    if !policy.credits.is_empty() {
        blocks.push(Block::Heading("Credits".to_owned()));
        let tiers = policy.credits.iter().map(|tier| {
            vec![
                Cell::plain(format!("below {}", ppm(tier.below_ppm))),
                Cell::plain(format!("{} %", tier.percent)),
            ]
        });
        blocks.push(Block::Table(Table {
            caption: "What is credited".to_owned(),
            columns: vec![
                Column::text("Availability of a window", 1.0),
                Column::figures("Credit", 1.0),
            ],
            rows: tiers.collect(),
        }));
    }
    let title = if policy.credits.is_empty() {
        "Objective and budget"
    } else {
        "Objective, budget and credits"
    };
    Section {
        id: "objective",
        title: title.to_owned(),
        blocks,
    }
}

/// What was down, day by day, beside all that may be.
fn budget_chart(document: &ReportDocument) -> Block {
    let figures = &document.figures;
    let zone = document.contract.policy.zone();
    let as_of_ms = figures.period.as_of_ms;
    let mut spent_ms = 0;
    let values = figures.days.iter().map(|day| {
        spent_ms += day.time.contractual.down_ms;
        (day.from_ms < as_of_ms).then_some(spent_ms as f32 / 60_000.0)
    });
    let line = DayLine {
        ink: Ink::Down,
        values: values.collect(),
        filled: true,
    };
    let days: Vec<_> = figures
        .days
        .iter()
        .map(|day| words::date(zone, day.from_ms))
        .collect();
    let budget = figures.budget;
    let description = format!(
        "Downtime as it adds up over the days, to {} of {}.",
        duration(budget.spent_ms),
        duration(budget.total_ms)
    );
    let limit = (budget.total_ms as f32 / 60_000.0, "all that may be down");
    let said = |minutes: f32| {
        if minutes >= 1.0 || minutes <= 0.0 {
            format!("{} min", count(minutes as i64))
        } else {
            format!("{} s", count((minutes * 60.0) as i64))
        }
    };
    let drawing = chart::day_lines(&days, &[line], Some(limit), said, description);
    Block::Chart(drawing, vec![(Ink::Down, "Downtime so far".to_owned())])
}

pub(super) fn monitors_section(document: &ReportDocument) -> Option<Section> {
    let monitors = &document.figures.monitors;
    if monitors.len() < 2 {
        return None;
    }
    let objective = document.contract.policy.objective_ppm.parts_per_million();
    let row = |monitor: &SlaMonitor| {
        let time = &monitor.time;
        let share = time.contractual.uptime();
        let tone = match share {
            Some(share) if share.reaches(objective) => Tone::Good,
            Some(_) => Tone::Bad,
            None => Tone::Plain,
        };
        vec![
            Cell::plain(document.monitor_name(monitor.monitor)),
            Cell::plain(percent(share)).meant(tone),
            Cell::plain(percent(time.strict.uptime())),
            Cell::plain(some_duration(time.contractual.down_ms)),
            Cell::plain(count(monitor.mean_times.outages)),
            Cell::plain(words::duration_or_dash(monitor.mean_times.mttr_ms)),
        ]
    };
    let mut blocks = vec![Block::Table(Table {
        caption: "Each monitor by itself".to_owned(),
        columns: vec![
            Column::text("Monitor", 2.6),
            Column::figures("As agreed", 1.2),
            Column::figures("Strict", 1.0),
            Column::figures("Down", 1.4),
            Column::figures("Outages", 0.8),
            Column::figures("Mean to recovery", 1.4),
        ],
        rows: monitors.iter().map(row).collect(),
    })];
    let zone = document.contract.policy.zone();
    let dates: Vec<_> = document
        .figures
        .days
        .iter()
        .map(|day| words::date(zone, day.from_ms))
        .collect();
    if dates.len() > 1 {
        for monitor in monitors {
            let name = document.monitor_name(monitor.monitor);
            let bars = dates.iter().zip(&monitor.days).map(|(date, day)| DayBar {
                date: *date,
                parts: vec![
                    (Ink::Up, day.up_ms),
                    (Ink::Degraded, day.degraded_ms),
                    (Ink::Down, day.down_ms),
                ],
            });
            let bars: Vec<_> = bars.collect();
            let description = format!(
                "{name}: each day by what counts of it; {}.",
                counted(monitor.mean_times.outages, "outage")
            );
            blocks.push(Block::Heading(format!(
                "{name}: {}",
                percent(monitor.time.contractual.uptime())
            )));
            blocks.push(Block::Chart(
                chart::day_bars(&bars, 26.0, description),
                days::legend(&bars),
            ));
        }
    }
    Some(Section {
        id: "monitors",
        title: "Monitors".to_owned(),
        blocks,
    })
}

pub(super) fn regions_section(document: &ReportDocument) -> Option<Section> {
    let regions = &document.figures.regions;
    if regions.is_empty() {
        return None;
    }
    let rows = regions.iter().map(|region| {
        let time = &region.time;
        vec![
            Cell::plain(region.region.as_str()),
            Cell::plain(percent(time.contractual.uptime())),
            Cell::plain(percent(time.strict.uptime())),
            Cell::plain(some_duration(time.contractual.down_ms)),
            Cell::plain(some_duration(time.recorded.unknown_ms)),
            Cell::plain(count(region.outages)),
        ]
    });
    let blocks = vec![
        Block::Text(
            "What the figures would be if one region alone had looked, by the same rules. The agreement's figures take \
             all of them together."
                .to_owned(),
        ),
        Block::Table(Table {
            caption: "Each region by itself".to_owned(),
            columns: vec![
                Column::text("Region", 2.0),
                Column::figures("As agreed", 1.2),
                Column::figures("Strict", 1.2),
                Column::figures("Down", 1.5),
                Column::figures("Unknown", 1.5),
                Column::figures("Outages", 1.0),
            ],
            rows: rows.collect(),
        }),
    ];
    Some(Section {
        id: "regions",
        title: "Regions".to_owned(),
        blocks,
    })
}
