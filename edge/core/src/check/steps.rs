//! The multi-step HTTP check: requests in order, with values carried from one to the next.
//!
//! A variable stands anywhere in a URL but in its scheme, host and port: these are what the check's secrets are bound to.

mod extract;
mod run;
mod template;

use crate::{
    check::{CheckType, Secret, http::shown_url},
    engine::Engine,
    platform::Platform,
    validate::{self, Faults},
};
use edgewatch_protocol::{
    assertion::Assertion,
    check::{
        HttpCheck, StepsCheck,
        steps::{Extraction, ExtractionSource, Step},
    },
    observation::Sight,
};
use http::{HeaderName, Method};
use std::collections::{BTreeMap, BTreeSet};

/// The most steps.
pub const MAX_STEPS: usize = 20;
/// The most variables that are set from the beginning.
pub const MAX_VARIABLES: usize = 50;
/// The most values that are taken from one answer.
pub const MAX_EXTRACTIONS: usize = 20;
/// The longest name of a step, in characters.
const MAX_STEP_NAME_CHARS: usize = 100;

/// What stands in the place of a variable while a request is looked at: good for a URL, a number and a token.
const STAND_IN: &str = "1";

impl CheckType for StepsCheck {
    /// Where it begins.
    fn target(&self) -> String {
        self.steps
            .first()
            .map(|step| shown_url(&step.request.url))
            .unwrap_or_default()
    }

    /// Every origin that a step goes to.
    fn origin(&self) -> Option<String> {
        let origins: Option<BTreeSet<String>> = self.steps.iter().map(|step| step.request.origin()).collect();
        let origins: Vec<String> = origins?.into_iter().collect();
        (!origins.is_empty()).then(|| origins.join(", "))
    }

    /// A secret that is nothing but a variable is none.
    fn secrets(&mut self) -> Vec<Secret<'_>> {
        let variables = self.variables.iter_mut().enumerate().map(|(index, variable)| {
            let slot = format!("variable {}", variable.name);
            Secret::new(slot, format!("/variables/{index}/value"), &mut variable.value)
        });
        let mut found: Vec<Secret<'_>> = variables.collect();
        for (index, step) in self.steps.iter_mut().enumerate() {
            let of_step = step.request.secrets().into_iter();
            found.extend(
                of_step
                    .filter(|secret| !template::is_variable(secret.value))
                    .map(|secret| Secret {
                        slot: format!("step {} {}", step.name, secret.slot),
                        pointer: format!("/steps/{index}/request{}", secret.pointer),
                        value: secret.value,
                    }),
            );
        }
        found
    }

    fn capabilities(&self) -> Vec<&'static str> {
        let needed = self.steps.iter().flat_map(|step| step.request.capabilities());
        let needed: BTreeSet<&'static str> = needed.collect();
        needed.into_iter().collect()
    }

    fn assertions(&self) -> Vec<&Assertion> {
        let steps = self.steps.iter();
        steps.flat_map(|step| &step.request.assertions).collect()
    }

    /// Each request has its own.
    fn general_assertions(&mut self) -> Option<&mut Vec<Assertion>> {
        None
    }

    fn validate(&self, faults: &mut Faults) {
        if !(1..=MAX_STEPS).contains(&self.steps.len()) {
            faults.add("/steps", format!("must be 1 to {MAX_STEPS}"));
        }
        if self.variables.len() > MAX_VARIABLES {
            faults.add("/variables", format!("may be at most {MAX_VARIABLES}"));
        }
        let mut known = BTreeSet::new();
        for (index, variable) in self.variables.iter().enumerate() {
            faults.within(&format!("/variables/{index}"), |faults| {
                variable_name(&variable.name, &mut known, faults);
                if variable.value.len() > extract::MAX_VALUE_BYTES {
                    faults.add(
                        "/value",
                        format!("may have at most {} bytes", extract::MAX_VALUE_BYTES),
                    );
                }
            });
        }
        let mut names = BTreeMap::new();
        for (index, step) in self.steps.iter().enumerate() {
            faults.within(&format!("/steps/{index}"), |faults| {
                step_name(&step.name, index, &mut names, faults);
                faults.within("/request", |faults| request(&step.request, &known, faults));
                extractions(step, &mut known, faults);
            });
        }
    }

    async fn run<P: Platform>(&self, engine: &Engine<'_, P>, timeout_ms: u32) -> Sight {
        run::run(engine, self, timeout_ms).await
    }
}

fn step_name<'c>(name: &'c str, index: usize, names: &mut BTreeMap<&'c str, usize>, faults: &mut Faults) {
    if name.trim().is_empty() || name.chars().count() > MAX_STEP_NAME_CHARS || name.contains(char::is_control)
    {
        faults.add(
            "/name",
            format!("must have 1 to {MAX_STEP_NAME_CHARS} characters, none of them control characters"),
        );
    }
    // A step's secrets are kept by its name.
    if let Some(earlier) = names.insert(name, index) {
        faults.add("/name", format!("is the name of step {} already", earlier + 1));
    }
}

fn variable_name<'c>(name: &'c str, known: &mut BTreeSet<&'c str>, faults: &mut Faults) {
    if !template::is_name(name) {
        let detail = format!("must be 1 to {} letters, digits or _", template::MAX_NAME_BYTES);
        faults.add("/name", detail);
    }
    if !known.insert(name) {
        faults.add("/name", "is the name of another variable already");
    }
}

/// Looks at a request as it will be once its variables have values.
fn request(request: &HttpCheck, known: &BTreeSet<&str>, faults: &mut Faults) {
    let mut looked_at = request.clone();
    template::visit(&mut looked_at, &mut |pointer, _, text| {
        let unknown: BTreeSet<&str> = template::names(text)
            .filter(|name| !known.contains(name))
            .collect();
        for name in unknown {
            let detail = format!("{{{{{name}}}}} is neither a variable nor taken from an earlier step");
            faults.add(pointer, detail);
        }
    });
    if template::names(before_path(&request.url)).next().is_some() {
        faults.add(
            "/url",
            "scheme, host and port must be written out: the check's secrets are bound to them",
        );
        return;
    }
    template::fill(request, |_| Some(STAND_IN)).validate(faults);
}

/// Scheme, host and port.
fn before_path(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let ends_at = url[after_scheme..].find(['/', '?', '#', '\\']);
    &url[..ends_at.map_or(url.len(), |at| after_scheme + at)]
}

fn extractions<'c>(step: &'c Step, known: &mut BTreeSet<&'c str>, faults: &mut Faults) {
    if step.extract.len() > MAX_EXTRACTIONS {
        faults.add("/extract", format!("may be at most {MAX_EXTRACTIONS}"));
    }
    for (index, Extraction { name, source }) in step.extract.iter().enumerate() {
        faults.within(&format!("/extract/{index}"), |faults| {
            variable_name(name, known, faults);
            match source {
                ExtractionSource::JsonPath { path } => validate::json_path("/path", path, faults),
                ExtractionSource::Regex { pattern } => validate::pattern("/pattern", pattern, faults),
                ExtractionSource::Header { field } => {
                    if HeaderName::from_bytes(field.as_bytes()).is_err() {
                        faults.add("/field", "is not a header name");
                    }
                }
            }
            let of_body = !matches!(source, ExtractionSource::Header { .. });
            if of_body && step.request.method.0 == Method::HEAD.as_str() {
                faults.add("/from", "the answer to HEAD has no body");
            }
        });
    }
}

#[cfg(test)]
mod tests;
