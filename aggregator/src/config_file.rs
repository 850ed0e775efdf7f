//! The configuration file (`edgewatch.yml`): settings, regions and monitors as code.
//!
//! A file is taken whole or not at all. Every fault is told with its line and column. `${NAME}` in a text stands for an
//! environment variable, so that secrets need not be in the file; their values never appear in messages.
//!
//! What a file says by itself is checked when it is read; what the regions' probes can do, when it is applied.

mod apply;
mod location;
mod source;
mod variables;
mod watch;

pub use apply::{Applied, NotApplied, apply};
pub use watch::ConfigWatch;

use crate::{
    check_reading::{self, unknown_fields},
    settings::Settings,
    validation::{KnownRegion, validate_monitor},
};
use edgewatch_client::{monitor::MonitorSettings, region::RegionSettings};
use edgewatch_protocol::problem::FieldError;
use serde::Deserialize;
use serde_json::Value;
use source::Source;
use std::{collections::HashMap, fmt};

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
        let source = Source::read(text, variables)?;
        let errors = match check_reading::read::<Self>(source.given()) {
            Ok(file) => {
                let errors = file.errors(source.given());
                if errors.is_empty() {
                    return Ok(file);
                }
                errors
            }
            Err(error) => vec![error],
        };
        Err(source.faults(&errors))
    }

    /// Where the errors stand that were found when a file of this text was applied.
    pub fn locate(text: &str, variables: &HashMap<String, String>, errors: &[FieldError]) -> Vec<Fault> {
        Source::read(text, variables).map_or_else(|faults| faults, |source| source.faults(errors))
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
            errors.extend(monitor_errors(index, monitor, &known));
            let given = &given["monitors"][index]["check"];
            errors.extend(unknown_fields(given, &monitor.check, &format!("{pointer}/check")));
        }
        errors
    }
}

/// What is wrong with the file's monitor of this number.
fn monitor_errors(
    index: usize,
    monitor: &MonitorSettings,
    known: &[KnownRegion],
) -> impl Iterator<Item = FieldError> {
    let errors = validate_monitor(monitor, known).into_iter();
    errors.map(move |error| FieldError {
        pointer: format!("/monitors/{index}{}", error.pointer),
        ..error
    })
}

fn error(pointer: String, detail: &str) -> FieldError {
    FieldError {
        pointer,
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod apply_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod watch_tests;
