//! One run of a multi-step check.
//!
//! Variables and extracted values may be secrets: they are masked in everything that a step shows.

use crate::{
    attempt::{
        deadline::Deadline,
        excerpt::{Secrets, clip_message},
        stop::Stop,
    },
    check::{
        http::run::{Answer, ask},
        steps::{extract::extract, template},
    },
    engine::Engine,
    http_client::cookies::CookieJar,
    platform::Platform,
};
use edgewatch_protocol::{
    check::{
        StepsCheck,
        steps::{Extraction, ExtractionSource, Step},
    },
    facts::{Facts, StepFacts, StepsFacts},
    observation::{FailedAssertion, Outcome, OutcomeState, Sight},
    phase::PhaseTimes,
    reason::Reason,
};
use std::collections::BTreeMap;

/// Makes one attempt: step after step until one is down or cannot be made.
pub async fn run<P: Platform>(engine: &Engine<'_, P>, check: &StepsCheck, timeout_ms: u32) -> Sight {
    let platform = engine.platform;
    let start_us = platform.monotonic_us();
    let deadline = Deadline::after(platform, timeout_ms);
    let mut shared_jar = check.cookies.then(CookieJar::default);
    let mut known = Known::default();
    for variable in &check.variables {
        known.add(&variable.name, variable.value.clone());
    }
    let mut sights: Vec<(&Step, Sight)> = Vec::new();
    for step in &check.steps {
        let request = template::fill(&step.request, |name| known.value(name));
        let mut own_jar = request.cookies.then(CookieJar::default);
        let jar = shared_jar.as_mut().or(own_jar.as_mut());
        let of_body = |extraction: &Extraction| !matches!(extraction.source, ExtractionSource::Header { .. });
        let keep_body = step.extract.iter().any(of_body);
        let answer = ask(engine, &request, &deadline, jar, keep_body).await;
        let extracted = extract_all(step, &answer, &mut known);
        let mut sight = answer.sight(&request, &known.secrets);
        if let (Err(message), OutcomeState::Up | OutcomeState::Degraded) = (extracted, sight.outcome.state())
        {
            let stop = Stop::down_by_rule(Reason::ExtractionFailed, message);
            sight.outcome = stop.outcome;
            sight.message = Some(clip_message(&known.secrets.mask(&stop.message)));
        }
        let goes_on = matches!(sight.outcome.state(), OutcomeState::Up | OutcomeState::Degraded);
        sights.push((step, sight));
        if !goes_on {
            break;
        }
    }
    let total_us = platform.monotonic_us().saturating_sub(start_us);
    whole(&sights, total_us.try_into().unwrap_or(u32::MAX))
}

/// What is known so far.
#[derive(Default)]
struct Known {
    values: BTreeMap<String, String>,
    secrets: Secrets,
}

impl Known {
    fn add(&mut self, name: &str, value: String) {
        self.secrets.add(&value);
        self.values.insert(name.to_owned(), value);
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }
}

/// Takes all that there is, so that it is masked also in a step that fails.
fn extract_all(step: &Step, answer: &Answer, known: &mut Known) -> Result<(), String> {
    let mut result = Ok(());
    for extraction in step.extract.iter().filter(|_| answer.is_whole()) {
        match extract(extraction, answer) {
            Ok(value) => known.add(&extraction.name, value),
            Err(message) => result = result.and(Err(message)),
        }
    }
    result
}

/// One sight of all steps. The worst step decides, of equal ones the first.
fn whole(sights: &[(&Step, Sight)], total_us: u32) -> Sight {
    let worst = sights
        .iter()
        .enumerate()
        .filter(|(_, (_, sight))| sight.outcome != Outcome::Up)
        .max_by_key(|(index, (_, sight))| {
            let badness = match sight.outcome.state() {
                OutcomeState::Up => 0,
                OutcomeState::Degraded => 1,
                OutcomeState::Unmeasured | OutcomeState::Down => 2,
            };
            (badness, std::cmp::Reverse(*index))
        });
    let message = worst.and_then(|(index, (step, sight))| {
        let message = sight.message.as_deref()?;
        Some(clip_message(&format!(
            "step {} ({}): {message}",
            index + 1,
            step.name
        )))
    });
    let last = |found: fn(&Sight) -> bool| {
        sights
            .iter()
            .rev()
            .map(|(_, sight)| sight)
            .find(|sight| found(sight))
    };
    Sight {
        outcome: worst.map_or(Outcome::Up, |(_, (_, sight))| sight.outcome),
        phases: sights
            .iter()
            .map(|(_, sight)| sight.phases)
            .reduce(|sum, step| sum.plus(&step))
            .unwrap_or(PhaseTimes::default()),
        total_us,
        http: None,
        address: last(|sight| sight.address.is_some()).and_then(|sight| sight.address),
        certificate: last(|sight| sight.certificate.is_some()).and_then(|sight| sight.certificate.clone()),
        facts: Some(Facts::Steps(StepsFacts {
            steps: sights.iter().map(|(step, sight)| facts(step, sight)).collect(),
        })),
        failed_assertions: sights
            .iter()
            .flat_map(|(step, sight)| {
                sight.failed_assertions.iter().map(|failed| FailedAssertion {
                    text: format!("{}: {}", step.name, failed.text),
                    severity: failed.severity,
                })
            })
            .collect(),
        message,
    }
}

fn facts(step: &Step, sight: &Sight) -> StepFacts {
    StepFacts {
        name: step.name.clone(),
        outcome: sight.outcome,
        phases: sight.phases,
        total_us: sight.total_us,
        http: sight.http.clone(),
        message: sight.message.clone(),
    }
}
