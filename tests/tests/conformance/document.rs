//! The list of what hosts cannot see, in `docs/hosts.md`: made of the differences that the cases declare.

use crate::{
    case::{Case, Change, Difference, Fact, HostKind, Shape},
    judge::{TOLERANCE_MS, told},
};
use edgewatch_protocol::phase::{NotMeasurable, PhaseTime};
use edgewatch_tests::system::repository;
use std::{collections::BTreeMap, fmt::Write as _, fs};

const BEGIN: &str = "<!-- The list below is written by the conformance tests: UPDATE_HOSTS=1 -->\n";
const END: &str = "<!-- The end of the list -->\n";

/// Compares the document with the cases, or writes it where `UPDATE_HOSTS` is set.
pub fn check(cases: &[Case]) {
    let path = repository().join("docs/hosts.md");
    let document = fs::read_to_string(&path).expect("docs/hosts.md");
    let (before, rest) = document.split_once(BEGIN).expect("the beginning of the list");
    let (_, after) = rest.split_once(END).expect("the end of the list");
    let renewed = format!("{before}{BEGIN}\n{}\n{END}{after}", list(cases));
    if std::env::var_os("UPDATE_HOSTS").is_some() {
        fs::write(&path, renewed).expect("docs/hosts.md is written");
        return;
    }
    assert!(
        document == renewed,
        "docs/hosts.md does not list what the cases declare: run the test with UPDATE_HOSTS=1"
    );
}

fn list(cases: &[Case]) -> String {
    let agrees = |case: &&Case| case.differences.is_empty() && case.needs.is_empty();
    let agreeing = cases.iter().filter(agrees).count();
    let mut text = abilities(cases);
    let _ = write!(
        text,
        "Of {} scripted targets, {agreeing} are seen alike from all hosts: the same outcome, reason and phase of failure, the \
         same phases measured, and times within {TOLERANCE_MS} ms of what the target did. Of the others:\n\n\
         | Target | Seen | Host | Seen from there | Why |\n|---|---|---|---|---|\n",
        cases.len()
    );
    for case in cases {
        for difference in &case.differences {
            let cells = [
                case.name.clone(),
                usual(case, difference),
                difference.host.title().to_owned(),
                different(difference),
                difference.why.to_owned(),
            ];
            let cells = cells.map(|cell| cell.replace('|', "\\|"));
            text.extend(["| ", &cells.join(" | "), " |\n"]);
        }
    }
    text
}

/// What only some hosts can do, and how many targets ask for it.
fn abilities(cases: &[Case]) -> String {
    let mut asked: BTreeMap<&[&str], usize> = BTreeMap::new();
    for case in cases.iter().filter(|case| !case.needs.is_empty()) {
        *asked.entry(case.needs).or_default() += 1;
    }
    let mut text = "Targets that ask for what a host cannot do are `unmeasured (unsupported)` there; monitors of the kind are \
                    refused at creation for regions that have no other probe.\n\n"
        .to_owned();
    let titles = HostKind::ALL.map(HostKind::title).join(" | ");
    let _ = writeln!(
        text,
        "| Capabilities | Targets | {titles} |\n|---|---|---|---|---|"
    );
    for (needs, targets) in asked {
        let names: Vec<_> = needs.iter().map(|needed| format!("`{needed}`")).collect();
        let is_able = |host: HostKind| needs.iter().all(|needed| host.can(needed));
        let able = HostKind::ALL.map(|host| if is_able(host) { "yes" } else { "no" });
        let _ = writeln!(
            text,
            "| {} | {targets} | {} |",
            names.join(", "),
            able.join(" | ")
        );
    }
    text.push('\n');
    text
}

fn usual(case: &Case, difference: &Difference) -> String {
    let seen = difference.changes.iter().map(|change| match change {
        Change::Ends(_) => {
            let ends: Vec<_> = case.expected.ends.iter().map(|&end| told(end)).collect();
            ends.join(" or ")
        }
        Change::Shows(phase, _) => {
            let declared = case.expected.phases.iter().find(|(known, _)| known == phase);
            let shape = declared.map_or(Shape::Measured, |&(_, shape)| shape);
            format!("{} {}", phase.as_str(), shown(shape))
        }
        Change::Says(pointer, _) => {
            let facts = case.expected.facts.iter();
            let mut usual = facts.filter_map(|fact| match fact {
                Fact::Is(known, value) if known == pointer => Some(value.to_string()),
                _ => None,
            });
            format!(
                "{} {}",
                field(pointer),
                usual.next_back().unwrap_or_else(|| "as sent".to_owned())
            )
        }
    });
    seen.collect::<Vec<_>>().join(", ")
}

fn different(difference: &Difference) -> String {
    let seen = difference.changes.iter().map(|change| match change {
        Change::Ends(outcomes) => {
            let ends: Vec<_> = outcomes.iter().map(|&end| told(end)).collect();
            ends.join(" or ")
        }
        Change::Shows(phase, shape) => format!("{} {}", phase.as_str(), shown(*shape)),
        Change::Says(pointer, value) if value.is_null() => format!("no {}", field(pointer)),
        Change::Says(pointer, value) => format!("{} {value}", field(pointer)),
    });
    seen.collect::<Vec<_>>().join(", ")
}

/// A phase's shape in words.
fn shown(shape: Shape) -> String {
    match shape {
        Shape::Measured => "measured".to_owned(),
        Shape::Hidden(NotMeasurable::NotApplicable) => "does not apply".to_owned(),
        Shape::Hidden(why) => {
            let why = serde_json::to_value(PhaseTime::NotMeasurable(why)).unwrap_or_default();
            format!("not measurable ({})", why.as_str().unwrap_or_default())
        }
        Shape::NotReached => "not reached".to_owned(),
        Shape::Any => "as far as it got".to_owned(),
    }
}

fn field(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace(['/', '_'], " ")
}
