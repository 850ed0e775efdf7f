//! By which rules it was counted, and what it is worth.

use super::{Block, Cell, Column, Section, Table};
use crate::{
    document::ReportDocument,
    words::{self, ppm},
};
use edgewatch_domain::{
    group::GroupRule,
    sla::{DegradedRule, MaintenanceRule, SlaWindow, UnknownRule},
};

pub(super) fn section(document: &ReportDocument) -> Section {
    let policy = &document.contract.policy;
    let contract = &document.contract;
    let names: Vec<_> = policy
        .monitors
        .iter()
        .map(|&id| document.monitor_name(id))
        .collect();
    let window = match policy.window {
        SlaWindow::CalendarMonth => "each calendar month".to_owned(),
        SlaWindow::CalendarQuarter => "each calendar quarter".to_owned(),
        SlaWindow::CalendarYear => "each calendar year".to_owned(),
        SlaWindow::RollingDays(days) => format!("the last {}", words::counted(i64::from(days), "day")),
    };
    let maintenance = match policy.maintenance {
        MaintenanceRule::Excluded => "does not count",
        MaintenanceRule::Counted => "counts by what was measured beneath it",
    };
    let unknown = match policy.unknown {
        UnknownRule::Excluded => "does not count",
        UnknownRule::Available => "counts as up",
        UnknownRule::Unavailable => "counts as down",
    };
    let degraded = match policy.degraded {
        DegradedRule::Available => "counts as up",
        DegradedRule::Unavailable => "counts as down",
    };
    let mut facts = vec![
        (
            "Agreement",
            format!("{}, version {}", contract.name, contract.version),
        ),
        ("Policy (SHA-256)", document.figures.policy_hash.clone()),
        ("Objective", ppm(policy.objective_ppm.parts_per_million())),
        ("Judged over", window),
        ("Time zone", policy.zone.clone()),
        ("Monitors", names.join(", ")),
    ];
    if names.len() > 1 {
        let rule = match policy.rule {
            GroupRule::All => "up while all of them are",
            GroupRule::Any => "up while any of them is",
        };
        facts.push(("Together", rule.to_owned()));
    }
    facts.extend([
        ("Maintenance", maintenance.to_owned()),
        ("Unknown time", unknown.to_owned()),
        ("Degraded time", degraded.to_owned()),
        (
            "Regions that decide",
            policy.quorum.map_or_else(
                || "as each monitor is set".to_owned(),
                |quorum| quorum.to_string(),
            ),
        ),
    ]);
    let facts = facts
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Cell::plain(value)));
    let mut blocks = Vec::new();
    if let Some(description) = contract.description.as_ref().filter(|text| !text.is_empty()) {
        blocks.push(Block::Text(description.clone()));
    }
    blocks.push(Block::Facts(facts.collect()));
    blocks.push(Block::Heading("Left out by hand".to_owned()));
    blocks.push(exclusions(document));
    Section {
        id: "rules",
        title: "How it was counted".to_owned(),
        blocks,
    }
}

fn exclusions(document: &ReportDocument) -> Block {
    if document.exclusions.is_empty() {
        return Block::Text("Nothing of the period was left out by hand.".to_owned());
    }
    let zone = document.contract.policy.zone();
    let rows = document.exclusions.iter().map(|exclusion| {
        let names: Vec<_> = exclusion
            .monitors
            .iter()
            .map(|&id| document.monitor_name(id))
            .collect();
        vec![
            Cell::plain(words::moment(zone, exclusion.from_ms)),
            Cell::plain(words::moment(zone, exclusion.to_ms)),
            Cell::plain(if names.is_empty() {
                "all".to_owned()
            } else {
                names.join(", ")
            }),
            Cell::plain(exclusion.reason.clone()),
            Cell::plain(format!(
                "{}, {}",
                exclusion.author,
                words::minute(zone, exclusion.entered_ms)
            )),
        ]
    });
    Block::Table(Table {
        caption: "What was left out by hand".to_owned(),
        columns: vec![
            Column::text("From", 1.6),
            Column::text("To", 1.6),
            Column::text("Monitors", 1.3),
            Column::text("Reason", 2.4),
            Column::text("Entered by", 1.9),
        ],
        rows: rows.collect(),
    })
}

pub(super) fn limits_section(document: &ReportDocument) -> Section {
    let mut blocks = vec![
        Block::Text(
            "Every observation behind these figures was signed by the probe that made it, and each probe's batches are \
             chained: one that was dropped, added, altered or put elsewhere shows. Who has the evidence bundle of this \
             report can check the signatures and recompute the figures from the observations, without trusting who runs \
             the installation."
                .to_owned(),
        ),
        Block::Text(
            "That proves where an observation came from, its order, and that none was left out since the probe was enrolled. \
             It does not prove that what a probe saw was so for everybody, nor what happened between two checks: that is \
             what the bounds are for. The mean time to acknowledge, the titles of incidents and the percentiles are taken \
             from the installation's own record."
                .to_owned(),
        ),
    ];
    let links = [
        ("Report", &document.links.report),
        ("Verifier", &document.links.verify),
    ];
    let facts = links.into_iter().filter_map(|(name, link)| {
        let link = link.clone()?;
        Some((name.to_owned(), Cell::plain(link.clone()).leading_to(Some(link))))
    });
    let facts: Vec<_> = facts.collect();
    if !facts.is_empty() {
        blocks.push(Block::Facts(facts));
    }
    Section {
        id: "limits",
        title: "What this proves, and what it does not".to_owned(),
        blocks,
    }
}
