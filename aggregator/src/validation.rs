//! The rules that a monitor's settings must meet, whoever wrote them: the REST API or the configuration file.
//!
//! Whether a check can be run at all is the engine's to say ([`edgewatch_core::check`]); what stands here is about
//! the monitor around it. Every error names its field by a JSON pointer (RFC 6901).

use crate::heartbeat::{self, schedule::Rule};
use edgewatch_client::monitor::{MonitorSettings, Quorum};
use edgewatch_protocol::{check::Check, name::Region, problem::FieldError, slot::INTERVAL_S};
use std::{collections::HashSet, ops::RangeInclusive};

/// The longest name of a monitor, in characters.
pub const NAME_CHARACTERS: usize = 100;
/// The longest tag, in characters.
pub const TAG_CHARACTERS: usize = 40;
/// The most tags.
pub const TAGS: usize = 20;
/// The time-out of one attempt, milliseconds.
pub const TIMEOUT_MS: RangeInclusive<u32> = 100..=60_000;
/// Further attempts in one slot.
pub const RETRIES: RangeInclusive<u8> = 0..=5;
/// Changes of state that are not flapping yet.
pub const FLAPPING_CHANGES: RangeInclusive<u16> = 1..=100;
/// Within what time they count, and how long a state is held that ends it, seconds.
pub const FLAPPING_S: RangeInclusive<u32> = 60..=86_400;
/// Confirmations and recoveries.
pub const RUN_LENGTH: RangeInclusive<u8> = 1..=10;

/// A region, as far as it matters for what can be checked from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRegion {
    /// Its name.
    pub name: String,
    /// What each of its probes can do that is not revoked, also one that is silent just now: one of them has to be able to
    /// do all that a check needs, for a check is made by one probe.
    pub probes: Vec<HashSet<String>>,
}

/// What is wrong with these settings; empty when nothing is.
pub fn validate_monitor(settings: &MonitorSettings, known: &[KnownRegion]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    check_name(&settings.name, &mut errors);
    check_timing(settings, &mut errors);
    check_tags(&settings.tags, &mut errors);
    for (index, region) in settings.regions.iter().enumerate() {
        let pointer = format!("/regions/{index}");
        let is_heartbeat = heartbeat::settings_of(&settings.check).is_some();
        if settings.regions[..index].contains(region) {
            errors.push(error(pointer, format!("names `{region}` a second time")));
        } else if is_heartbeat && heartbeat::is_push(region) {
            // The aggregator's own region, made with the first heartbeat.
        } else if is_heartbeat {
            errors.push(error(
                pointer,
                format!("`{region}` cannot look for heartbeats: leave the regions out, jobs call the aggregator itself"),
            ));
        } else {
            errors.extend(region_error(pointer, region, &settings.check, known));
        }
    }
    errors.extend(nowhere_error(settings, known));
    if let Quorum::Count(n) = settings.quorum
        && !settings.regions.is_empty()
        && usize::from(n) > settings.regions.len()
    {
        let regions = settings.regions.len();
        errors.push(error(
            "/quorum",
            format!("asks for {n} regions, the monitor has {regions}"),
        ));
    }
    errors.extend(validate_check(&settings.check));
    errors
}

/// What is wrong with a check and its time-out, for a test run.
pub fn validate_test_run(
    check: &Check,
    timeout_ms: u32,
    region: Option<&Region>,
    known: &[KnownRegion],
) -> Vec<FieldError> {
    let mut errors = validate_check(check);
    if heartbeat::settings_of(check).is_some() {
        let detail = "a heartbeat cannot be tried: call its URL";
        errors.push(error("/check/type", detail));
        return errors;
    }
    check_range("/timeout_ms", timeout_ms, &TIMEOUT_MS, &mut errors);
    errors.extend(region.and_then(|region| region_error("/region".to_owned(), region, check, known)));
    errors
}

fn validate_check(check: &Check) -> Vec<FieldError> {
    let mut faults = edgewatch_core::check::validate(check);
    // What a cron expression means is known here alone: probes need no calendar.
    if let Some(heartbeat) = heartbeat::settings_of(check).filter(|_| faults.is_empty()) {
        faults.extend(Rule::read(heartbeat).err());
    }
    faults
        .into_iter()
        .map(|fault| error(format!("/check{}", fault.pointer), fault.detail))
        .collect()
}

/// The rule for names of what users make: of a monitor, of an objective.
pub fn check_name(name: &str, errors: &mut Vec<FieldError>) {
    let characters = name.chars().count();
    if name.trim() != name || characters == 0 {
        errors.push(error(
            "/name",
            "is empty or begins or ends with a space".to_owned(),
        ));
    } else if characters > NAME_CHARACTERS {
        errors.push(error(
            "/name",
            format!("has {characters} characters, use at most {NAME_CHARACTERS}"),
        ));
    } else if name.chars().any(char::is_control) {
        errors.push(error("/name", "contains a control character".to_owned()));
    }
}

fn check_timing(settings: &MonitorSettings, errors: &mut Vec<FieldError>) {
    let MonitorSettings {
        interval_s,
        timeout_ms,
        ..
    } = *settings;
    let shortest_s = edgewatch_core::check::min_interval_s(&settings.check);
    if !INTERVAL_S.contains(&interval_s) || interval_s % 10 != 0 {
        let (low, high) = (INTERVAL_S.start(), INTERVAL_S.end());
        errors.push(error(
            "/interval_s",
            format!("is {interval_s}, use a multiple of 10 from {low} to {high}"),
        ));
    } else if interval_s < shortest_s {
        let kind = settings.check.type_name();
        errors.push(error(
            "/interval_s",
            format!("is {interval_s}, use {shortest_s} or more for a check of the type {kind}"),
        ));
    }
    if TIMEOUT_MS.contains(&timeout_ms) && timeout_ms >= interval_s.saturating_mul(1000) {
        errors.push(error(
            "/timeout_ms",
            format!("is {timeout_ms} ms, which is not below the interval of {interval_s} s"),
        ));
    }
    check_range("/timeout_ms", timeout_ms, &TIMEOUT_MS, errors);
    check_range("/retries", settings.retries, &RETRIES, errors);
    check_range("/confirmations", settings.confirmations, &RUN_LENGTH, errors);
    check_range("/recoveries", settings.recoveries, &RUN_LENGTH, errors);
    check_range(
        "/flapping/changes",
        settings.flapping.changes,
        &FLAPPING_CHANGES,
        errors,
    );
    check_range(
        "/flapping/within_s",
        settings.flapping.within_s,
        &FLAPPING_S,
        errors,
    );
    check_range(
        "/flapping/holds_s",
        settings.flapping.holds_s,
        &FLAPPING_S,
        errors,
    );
}

fn check_tags(tags: &[String], errors: &mut Vec<FieldError>) {
    if tags.len() > TAGS {
        errors.push(error(
            "/tags",
            format!("has {} tags, use at most {TAGS}", tags.len()),
        ));
    }
    for (index, tag) in tags.iter().enumerate() {
        let pointer = format!("/tags/{index}");
        let characters = tag.chars().count();
        if tag.trim() != tag || characters == 0 || tag.chars().any(char::is_control) {
            errors.push(error(
                pointer,
                "is empty or has spaces around it or control characters in it".to_owned(),
            ));
        } else if characters > TAG_CHARACTERS {
            errors.push(error(
                pointer,
                format!("has {characters} characters, use at most {TAG_CHARACTERS}"),
            ));
        } else if tags[..index].contains(tag) {
            errors.push(error(pointer, format!("is `{tag}` a second time")));
        }
    }
}

fn region_error(
    pointer: String,
    region: &Region,
    check: &Check,
    known: &[KnownRegion],
) -> Option<FieldError> {
    let Some(found) = known.iter().find(|known| known.name == region.as_str()) else {
        let names: Vec<&str> = known.iter().map(|known| &*known.name).collect();
        let hint = if names.is_empty() {
            "there are no regions yet".to_owned()
        } else {
            format!("the regions are {}", names.join(", "))
        };
        return Some(error(pointer, format!("`{region}` is not a region: {hint}")));
    };
    let missing = found.missing(check)?;
    let others: Vec<&str> = known
        .iter()
        .filter(|known| known.missing(check).is_none())
        .map(|known| &*known.name)
        .collect();
    let hint = if others.is_empty() {
        "no region has".to_owned()
    } else {
        format!("these have: {}", others.join(", "))
    };
    Some(error(
        pointer,
        format!("region {region} has no probe that can do {missing}; {hint}"),
    ))
}

/// A monitor of all regions that none of them can check would be silent.
fn nowhere_error(settings: &MonitorSettings, known: &[KnownRegion]) -> Option<FieldError> {
    let check = &settings.check;
    if !settings.regions.is_empty() || known.is_empty() || heartbeat::settings_of(check).is_some() {
        return None;
    }
    let missing: Option<Vec<_>> = known
        .iter()
        .filter(|region| region.name != heartbeat::PUSH_REGION)
        .map(|region| region.missing(check))
        .collect();
    let missing = missing?;
    // What is missing nearest to everything tells most.
    let least = missing.into_iter().min_by_key(|missing| missing.0.len())?;
    Some(error(
        "/regions",
        format!("no region has a probe that can do {least}"),
    ))
}

/// What a check needs and nobody in a region can do: one thing or several, or several at once of which each can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Missing(Vec<&'static str>);

impl KnownRegion {
    /// What keeps a check from being made from here. A region without probes is given the benefit of the doubt.
    fn missing(&self, check: &Check) -> Option<Missing> {
        let needed = edgewatch_core::check::capabilities(check);
        let lacks = |able: &HashSet<String>| needed.iter().any(|&one| !able.contains(one));
        if self.probes.is_empty() || !self.probes.iter().all(lacks) {
            return None;
        }
        let nobody_can = |one: &&str| !self.probes.iter().any(|able| able.contains(*one));
        let of_nobody: Vec<_> = needed.iter().copied().filter(nobody_can).collect();
        Some(Missing(if of_nobody.is_empty() { needed } else { of_nobody }))
    }
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, one) in self.0.iter().enumerate() {
            let joint = match index {
                0 => "",
                _ if index + 1 == self.0.len() => " and ",
                _ => ", ",
            };
            write!(f, "{joint}`{one}`")?;
        }
        Ok(())
    }
}

fn check_range<T: PartialOrd + std::fmt::Display + Copy>(
    pointer: &str,
    value: T,
    range: &RangeInclusive<T>,
    errors: &mut Vec<FieldError>,
) {
    if !range.contains(&value) {
        let (low, high) = (range.start(), range.end());
        errors.push(error(pointer, format!("is {value}, use {low} to {high}")));
    }
}

fn error(pointer: impl Into<String>, detail: impl Into<String>) -> FieldError {
    FieldError {
        pointer: pointer.into(),
        detail: detail.into(),
    }
}

#[cfg(test)]
mod tests;
