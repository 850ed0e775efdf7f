//! What the product costs: ingest, detection, assignments, one check, the agent, reading, rollups, reports, evidence, the
//! status page, the dashboard. Started by `make bench`.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench that cannot go on says where, and prints what it measured"
)]

mod agent;
mod assignments;
mod check_cost;
mod cpu;
mod dashboard;
mod detection;
mod evidence;
mod ingest;
mod memory;
mod reading;
mod report;
mod rollups;
mod status_page;

/// What can be measured alone, by naming it.
const PARTS: [&str; 11] = [
    "ingest",
    "detection",
    "assignments",
    "check",
    "agent",
    "reading",
    "rollups",
    "report",
    "evidence",
    "status_page",
    "dashboard",
];

#[tokio::main]
async fn main() {
    // Cargo adds a flag of its own.
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let first = arguments.next();
    if first.as_deref() == Some(check_cost::NATIVE) {
        return check_cost::run_native(arguments).await;
    }
    let asked: Vec<_> = first.into_iter().chain(arguments).collect();
    if let Some(unknown) = asked.iter().find(|part| !PARTS.contains(&part.as_str())) {
        eprintln!(
            "error: there is no bench `{unknown}`: name some of {}",
            PARTS.join(", ")
        );
        std::process::exit(2);
    }
    let wanted = |part: &str| asked.is_empty() || asked.iter().any(|asked| asked == part);
    if wanted("ingest") {
        ingest::measure().await;
    }
    if wanted("detection") {
        detection::measure().await;
    }
    if wanted("assignments") {
        assignments::measure().await;
    }
    if wanted("check") {
        check_cost::measure().await;
    }
    if wanted("agent") {
        agent::measure().await;
    }
    if wanted("reading") {
        reading::measure().await;
    }
    if wanted("rollups") {
        rollups::measure().await;
    }
    if wanted("report") {
        report::measure().await;
    }
    if wanted("evidence") {
        evidence::measure().await;
    }
    if wanted("status_page") {
        status_page::measure().await;
    }
    if wanted("dashboard") {
        dashboard::measure().await;
    }
}

/// The middle of some figures.
fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
