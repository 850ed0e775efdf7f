//! Agreements as OpenSLO v1 documents (`kind: SLO`), read and written.
//!
//! What OpenSLO has words for is said in them: objective, time window, indicator. The indicator is a ready-made ratio of
//! type `Edgewatch`, whose `spec` holds the monitors by name and the rules by which their time counts; OpenSLO leaves what
//! stands there to the source. An Edgewatch ratio is one of time, so the budgeting method is `Timeslices` or
//! `RatioTimeslices`, and the length of a slice has no influence.

mod document;
mod number;
mod write;

use document::{Document, MetricSource, TimeWindow};
use edgewatch_client::sla::SlaSettings;
use edgewatch_domain::{
    sla::{CreditTier, SlaPolicy, SlaWindow},
    slo::Objective,
};
use edgewatch_protocol::problem::FieldError;
use number::parts_per_million;
use serde_json::Value;
pub use write::write;

/// The `apiVersion` that is read and written.
const API_VERSION: &str = "openslo/v1";
/// The kind of document that is an agreement.
const KIND: &str = "SLO";
/// The type of the indicator's source.
const SOURCE: &str = "Edgewatch";

fn fault(pointer: impl Into<String>, detail: impl Into<String>) -> FieldError {
    FieldError {
        pointer: pointer.into(),
        detail: detail.into(),
    }
}

/// Reads an agreement. `monitors` are all that there are, by number and name.
///
/// # Errors
/// All that is wrong, each with a pointer into the document; an empty one where it is not YAML.
pub fn read(text: &str, monitors: &[(i32, String)]) -> Result<SlaSettings, Vec<FieldError>> {
    let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
    let given: Value = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        vec![fault(
            "",
            error.render_with_formatter(&serde_saphyr::UserMessageFormatter),
        )]
    })?;
    for (name, expected) in [("apiVersion", API_VERSION), ("kind", KIND)] {
        if given[name] != expected {
            return Err(vec![fault(format!("/{name}"), format!("is not `{expected}`"))]);
        }
    }
    let document: Document = crate::check_reading::read(&given).map_err(|error| vec![error])?;
    settings(document, monitors)
}

fn settings(document: Document, monitors: &[(i32, String)]) -> Result<SlaSettings, Vec<FieldError>> {
    let mut faults = Vec::new();
    let spec = document.spec;
    if !["Timeslices", "RatioTimeslices"].contains(&spec.budgeting_method.as_str()) {
        let detail = "is neither `Timeslices` nor `RatioTimeslices`: Edgewatch counts time, never checks";
        faults.push(fault("/spec/budgetingMethod", detail));
    }
    let objective = match spec.objectives.as_slice() {
        [one] => match (&one.target, &one.target_percent) {
            (Some(target), None) => parts_per_million(target, 6).map_err(|detail| ("target", detail)),
            (None, Some(percent)) => {
                parts_per_million(percent, 4).map_err(|detail| ("targetPercent", detail))
            }
            _ => Err((
                "target",
                "is needed, or `targetPercent`: one of the two".to_owned(),
            )),
        }
        .and_then(|parts| {
            let objective = Objective::from_parts_per_million(parts);
            objective.ok_or_else(|| ("target", "is more than nothing and less than all".to_owned()))
        })
        .map_err(|(name, detail)| fault(format!("/spec/objectives/0/{name}"), detail)),
        all => Err(fault("/spec/objectives", format!("has {}, use 1", all.len()))),
    };
    let window = match spec.time_window.as_slice() {
        [one] => window(one),
        all => Err(fault("/spec/timeWindow", format!("has {}, use 1", all.len()))),
    };
    let source = source(spec.indicator.spec.ratio_metric.raw.metric_source, monitors);
    let objective = objective.map_err(|fault| faults.push(fault)).ok();
    let window = window.map_err(|fault| faults.push(fault)).ok();
    let source = source.map_err(|more| faults.extend(more)).ok();
    let (Some(objective_ppm), Some((window, zone)), Some(source)) = (objective, window, source) else {
        return Err(faults);
    };
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(SlaSettings {
        name: document.metadata.display_name.unwrap_or(document.metadata.name),
        description: spec.description.unwrap_or_default(),
        policy: SlaPolicy {
            objective_ppm,
            window,
            zone: zone.unwrap_or(source.zone.clone()),
            ..source
        }
        .in_order(),
    })
}

/// The window, and its zone if it has one.
fn window(window: &TimeWindow) -> Result<(SlaWindow, Option<String>), FieldError> {
    let pointer = "/spec/timeWindow/0";
    if window.is_rolling {
        let days = window.duration.strip_suffix('d').map(|days| (days, 1));
        let weeks = window.duration.strip_suffix('w').map(|weeks| (weeks, 7));
        let days = days
            .or(weeks)
            .and_then(|(count, days)| count.parse::<u16>().ok()?.checked_mul(days));
        let days = days.ok_or_else(|| {
            let detail = format!(
                "`{}` is no number of days or weeks, such as 30d or 4w",
                window.duration
            );
            fault(format!("{pointer}/duration"), detail)
        })?;
        return Ok((SlaWindow::RollingDays(days), None));
    }
    let unit = match window.duration.as_str() {
        "1M" => SlaWindow::CalendarMonth,
        "1Q" | "3M" => SlaWindow::CalendarQuarter,
        "1Y" | "1y" | "12M" => SlaWindow::CalendarYear,
        other => {
            let detail = format!("`{other}` is no month, quarter or year: use 1M, 1Q or 1Y");
            return Err(fault(format!("{pointer}/duration"), detail));
        }
    };
    let calendar = window.calendar.as_ref();
    let zone = calendar.map(|calendar| calendar.time_zone.clone());
    let zone =
        zone.ok_or_else(|| fault(format!("{pointer}/calendar"), "is needed where it is not rolling"))?;
    Ok((unit, Some(zone)))
}

/// The policy as far as it stands in the source; its objective and window are still to come.
fn source(source: MetricSource, monitors: &[(i32, String)]) -> Result<SlaPolicy, Vec<FieldError>> {
    let pointer = "/spec/indicator/spec/ratioMetric/raw/metricSource";
    let mut faults = Vec::new();
    if source.source_type != SOURCE {
        faults.push(fault(format!("{pointer}/type"), format!("is not `{SOURCE}`")));
    }
    let spec = source.spec;
    let mut ids = Vec::new();
    for (index, name) in spec.monitors.iter().enumerate() {
        match monitors.iter().find(|(_, other)| other == name) {
            Some((id, _)) => ids.push(*id),
            None => faults.push(fault(
                format!("{pointer}/spec/monitors/{index}"),
                format!("there is no monitor `{name}`"),
            )),
        }
    }
    let mut credits = Vec::new();
    for (index, tier) in spec.credits.iter().enumerate() {
        match parts_per_million(&tier.below_percent, 4) {
            Ok(below_ppm) => credits.push(CreditTier {
                below_ppm,
                percent: tier.credit_percent,
            }),
            Err(detail) => faults.push(fault(
                format!("{pointer}/spec/credits/{index}/belowPercent"),
                detail,
            )),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(SlaPolicy {
        monitors: ids,
        rule: spec.rule,
        objective_ppm: Objective::LEAST,
        window: SlaWindow::CalendarMonth,
        zone: spec.time_zone.unwrap_or_else(|| "UTC".to_owned()),
        maintenance: spec.maintenance,
        unknown: spec.unknown,
        degraded: spec.degraded,
        quorum: spec.quorum,
        credits,
    })
}

#[cfg(test)]
mod tests;
