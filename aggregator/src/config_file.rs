//! The configuration file (`edgewatch.yml`): settings, regions and monitors as code.
//!
//! A file is taken whole or not at all. Every fault is told with its line and column. `${NAME}` in a text stands for an
//! environment variable, so that secrets need not be in the file; their values never appear in messages.

mod apply;
mod location;
mod variables;
mod watch;

pub use apply::{Applied, apply};
pub use watch::ConfigWatch;

use crate::{
    check_reading::{self, unknown_fields},
    settings::Settings,
    validation::{KnownRegion, validate_monitor},
};
use edgewatch_client::{monitor::MonitorSettings, region::RegionSettings};
use edgewatch_protocol::problem::FieldError;
use location::Locations;
use serde::Deserialize;
use serde_json::Value;
use std::{collections::HashMap, fmt};
use variables::Variables;

/// What a configuration file says. Everything may be left out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigFile {
    /// Settings of the installation.
    pub settings: Settings,
    /// Regions, in addition to those made by administrators.
    pub regions: Vec<RegionSettings>,
    /// Monitors, in addition to those made by users. They are changed here alone.
    pub monitors: Vec<MonitorSettings>,
}

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line, from 1; 0 where only the whole file can be named.
    pub line: u64,
    /// Column, from 1.
    pub column: u64,
    /// What is wrong, in one line.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, column {}: ", self.line, self.column)?;
        }
        f.write_str(&self.message)
    }
}

impl ConfigFile {
    /// Reads a file's text. `variables` are those that `${NAME}` may name.
    ///
    /// # Errors
    /// All faults that can be told at once; at least one.
    pub fn parse(text: &str, variables: &HashMap<String, String>) -> Result<Self, Vec<Fault>> {
        // A file without a word is one that leaves everything out.
        if text
            .lines()
            .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
        {
            return Ok(Self::default());
        }
        // YAML 1.2: `on` is a word, and the name of a field here.
        let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
        let locations: Locations =
            serde_saphyr::from_str_with_options(text, options).map_err(|error| vec![syntax_fault(&error)])?;
        let mut variables = Variables::new(variables);
        let mut given = locations.value();
        variables.replace(&mut given).map_err(|(pointer, name)| {
            vec![locations.fault(&pointer, format!("the environment has no variable {name}"))]
        })?;
        let errors = match check_reading::read::<Self>(&given) {
            Ok(file) => {
                let errors = file.errors(&given);
                if errors.is_empty() {
                    return Ok(file);
                }
                errors
            }
            Err(error) => vec![error],
        };
        let fault = |error: &FieldError| {
            let message = format!("{}: {}", name_field(&error.pointer), error.detail);
            locations.fault(&error.pointer, variables.mask(message.trim_start_matches(": ")))
        };
        Err(errors.iter().map(fault).collect())
    }

    /// The variables of the process's environment.
    pub fn environment() -> HashMap<String, String> {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    /// What is wrong beyond types; `given` is the file as it was written.
    fn errors(&self, given: &Value) -> Vec<FieldError> {
        let mut errors = self.settings.errors();
        let known: Vec<_> = self
            .regions
            .iter()
            .map(|region| KnownRegion {
                name: region.name.to_string(),
                probes: Vec::new(),
            })
            .collect();
        for (index, region) in known.iter().enumerate() {
            if known[..index].contains(region) {
                errors.push(error(
                    format!("/regions/{index}/name"),
                    "another region has this name",
                ));
            }
        }
        for (index, monitor) in self.monitors.iter().enumerate() {
            let pointer = format!("/monitors/{index}");
            if self.monitors[..index]
                .iter()
                .any(|other| other.name == monitor.name)
            {
                errors.push(error(format!("{pointer}/name"), "another monitor has this name"));
            }
            let own = validate_monitor(monitor, &known);
            errors.extend(own.into_iter().map(|error| FieldError {
                pointer: format!("{pointer}{}", error.pointer),
                ..error
            }));
            let given = &given["monitors"][index]["check"];
            errors.extend(unknown_fields(given, &monitor.check, &format!("{pointer}/check")));
        }
        errors
    }
}

fn error(pointer: String, detail: &str) -> FieldError {
    FieldError {
        pointer,
        detail: detail.to_owned(),
    }
}

fn syntax_fault(error: &serde_saphyr::Error) -> Fault {
    let (line, column) = error
        .location()
        .map_or((0, 0), |location| (location.line(), location.column()));
    Fault {
        line,
        column,
        message: one_line(&error.render_with_formatter(&serde_saphyr::UserMessageFormatter)),
    }
}

/// `/monitors/0/check/url` as people write it: `monitors[0].check.url`.
fn name_field(pointer: &str) -> String {
    let mut name = String::new();
    for segment in pointer.split('/').skip(1) {
        if segment.bytes().all(|b| b.is_ascii_digit()) {
            name.extend(["[", segment, "]"]);
        } else {
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(segment);
        }
    }
    name
}

/// The place is told apart from the message.
fn one_line(message: &str) -> String {
    let first = message.lines().next().unwrap_or_default().trim();
    let end = first
        .rfind(" at line ")
        .or_else(|| first.rfind(" (line "))
        .unwrap_or(first.len());
    first[..end].trim_end_matches([':', ',']).to_owned()
}

#[cfg(test)]
mod apply_tests;
#[cfg(test)]
mod tests;
