//! How two sets of figures differ, number by number.

use super::Finding;
use edgewatch_domain::sla::SlaFigures;
use serde_json::Value;

/// How many differences are listed.
const LISTED: usize = 40;

pub fn compare(stated: &SlaFigures, recomputed: &SlaFigures, findings: &mut Vec<Finding>) {
    if stated == recomputed {
        return;
    }
    let value = |figures: &SlaFigures| serde_json::to_value(figures).unwrap_or_default();
    let mut found = Vec::new();
    walk("", &value(stated), &value(recomputed), &mut found);
    let more = found.len().saturating_sub(LISTED);
    found.truncate(LISTED);
    findings.extend(found);
    if more > 0 {
        findings.push(Finding::FiguresDifferMore { more });
    }
}

fn walk(path: &str, stated: &Value, recomputed: &Value, found: &mut Vec<Finding>) {
    match (stated, recomputed) {
        (Value::Object(a), Value::Object(b)) => {
            let added = b.keys().filter(|name| !a.contains_key(*name));
            for name in a.keys().chain(added) {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                let of = |map: &serde_json::Map<String, Value>| map.get(name).cloned().unwrap_or_default();
                walk(&path, &of(a), &of(b), found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                walk(&format!("{path}[{index}]"), a, b, found);
            }
        }
        (Value::Array(a), Value::Array(b)) => found.push(Finding::FigureDiffers {
            figure: format!("number of {path}"),
            stated: a.len().into(),
            recomputed: b.len().into(),
        }),
        _ if stated == recomputed => {}
        _ => found.push(Finding::FigureDiffers {
            figure: path.to_owned(),
            stated: stated.clone(),
            recomputed: recomputed.clone(),
        }),
    }
}
