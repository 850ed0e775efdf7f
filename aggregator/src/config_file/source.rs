//! A file's text as it was written, for telling where in it a fault stands.

use super::{Fault, location::Locations, variables::Variables};
use edgewatch_protocol::problem::FieldError;
use serde_json::Value;
use std::collections::HashMap;

/// A file's values, with their places and with the environment's variables put in.
pub(super) struct Source<'a> {
    locations: Locations,
    given: Value,
    variables: Variables<'a>,
}

impl<'a> Source<'a> {
    pub(super) fn read(text: &str, variables: &'a HashMap<String, String>) -> Result<Self, Vec<Fault>> {
        // YAML 1.2: `on` is a word, and the name of a field here.
        let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
        let locations: Locations =
            serde_saphyr::from_str_with_options(text, options).map_err(|error| vec![syntax_fault(&error)])?;
        let mut variables = Variables::new(variables);
        let mut given = locations.value();
        variables.replace(&mut given).map_err(|(pointer, name)| {
            vec![locations.fault(&pointer, format!("the environment has no variable {name}"))]
        })?;
        Ok(Self {
            locations,
            given,
            variables,
        })
    }

    /// The file as it was written.
    pub(super) fn given(&self) -> &Value {
        &self.given
    }

    /// The errors with their places, and without the variables' values.
    pub(super) fn faults(&self, errors: &[FieldError]) -> Vec<Fault> {
        let fault = |error: &FieldError| {
            let message = format!("{}: {}", name_field(&error.pointer), error.detail);
            let message = self.variables.mask(message.trim_start_matches(": "));
            self.locations.fault(&error.pointer, message)
        };
        errors.iter().map(fault).collect()
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
