//! Agreements as YAML.

use super::{API_VERSION, KIND, SOURCE, number::decimal};
use edgewatch_domain::sla::{SlaPolicy, SlaWindow};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A version of an agreement as an OpenSLO document. `monitors` are those of its policy that there are, by number and name.
pub fn write(
    name: &str,
    description: &str,
    (version, hash): (i32, &str),
    policy: &SlaPolicy,
    monitors: &[(i32, String)],
) -> String {
    let named = policy.monitors.iter().filter_map(|id| {
        let found = monitors.iter().find(|(other, _)| other == id);
        found.map(|(_, name)| name)
    });
    let credits = policy.credits.iter().map(|tier| {
        json!({"belowPercent": Plain(decimal(tier.below_ppm, 4)).value(), "creditPercent": tier.percent})
    });
    let mut source = json!({
        "monitors": named.collect::<Vec<_>>(),
        "rule": policy.rule,
        "maintenance": policy.maintenance,
        "unknown": policy.unknown,
        "degraded": policy.degraded,
        "credits": credits.collect::<Vec<_>>(),
    });
    if let Some(quorum) = policy.quorum {
        source["quorum"] = json!(quorum);
    }
    let window = match policy.window {
        SlaWindow::RollingDays(days) => {
            source["timeZone"] = json!(policy.zone);
            json!({"duration": format!("{days}d"), "isRolling": true})
        }
        calendar => {
            let duration = match calendar {
                SlaWindow::CalendarQuarter => "1Q",
                SlaWindow::CalendarYear => "1Y",
                _ => "1M",
            };
            // A beginning of month, quarter and year.
            let calendar = json!({"startTime": "2026-01-01 00:00:00", "timeZone": policy.zone});
            json!({"duration": duration, "isRolling": false, "calendar": calendar})
        }
    };
    let slug = slug(name);
    let document = [
        ("apiVersion", json!(API_VERSION)),
        ("kind", json!(KIND)),
        (
            "metadata",
            json!({
                "name": slug, "displayName": name,
                "annotations": {"edgewatch/version": version.to_string(), "edgewatch/policy-sha256": hash},
            }),
        ),
        (
            "spec",
            json!({
                "description": description,
                "service": slug,
                "indicator": {
                    "metadata": {"name": format!("{}-availability", slug.get(..50).unwrap_or(&slug).trim_end_matches('-'))},
                    "spec": {"ratioMetric": {"rawType": "success", "raw": {"metricSource": {"type": SOURCE, "spec": source}}}},
                },
                "timeWindow": [window],
                "budgetingMethod": "RatioTimeslices",
                "objectives": [{
                    "target": Plain(decimal(policy.objective_ppm.parts_per_million(), 6)).value(),
                    "timeSliceWindow": "1m",
                }],
            }),
        ),
    ];
    let mut text = String::new();
    for (name, value) in &document {
        write_member(&mut text, name, value, 0);
    }
    text
}

/// A decimal number as it is written.
struct Plain(String);

impl Plain {
    fn value(&self) -> Value {
        self.0
            .parse::<serde_json::Number>()
            .map_or(Value::Null, Value::Number)
    }
}

/// A name as OpenSLO has them: at most 63 of a-z, 0-9 and `-`, beginning and ending with a letter or digit.
fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(63);
    match slug.trim_end_matches('-') {
        "" => "sla".to_owned(),
        slug => slug.to_owned(),
    }
}

fn write_member(text: &mut String, name: &str, value: &Value, depth: usize) {
    let _ = write!(text, "{:1$}{name}:", "", depth * 2);
    write_value(text, value, depth + 1);
}

/// What stands behind a name or a dash. Strings are written as in JSON, which YAML reads.
fn write_value(text: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            text.push('\n');
            for (name, value) in members {
                write_member(text, name, value, depth);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            for item in items {
                let _ = write!(text, "{:1$}-", "", depth * 2);
                // A short object stands on one line: flow style is YAML too.
                let _ = writeln!(text, " {item}");
            }
        }
        scalar => {
            let _ = writeln!(text, " {scalar}");
        }
    }
}
