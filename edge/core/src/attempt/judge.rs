//! From the assertions to an outcome: the same for every type of check.

use crate::{
    assertion::{self, Evidence},
    attempt::stop::Stop,
};
use edgewatch_protocol::{
    assertion::{Assertion, Severity},
    observation::{FailedAssertion, Outcome},
    reason::Reason,
};

/// What the assertions make of a check that got to its end.
pub struct Judgement {
    /// Up, degraded or down.
    pub outcome: Outcome,
    /// The text of the assertion that decided.
    pub message: Option<String>,
    /// All that failed.
    pub failed_assertions: Vec<FailedAssertion>,
}

impl Judgement {
    /// Of a check that did not get to its end.
    pub fn stopped(stop: Stop) -> Self {
        Self {
            outcome: stop.outcome,
            message: Some(stop.message),
            failed_assertions: Vec::new(),
        }
    }
}

/// Judges: the first failed assertion that means down decides, else the first one that failed.
pub fn judge<'a>(assertions: impl IntoIterator<Item = &'a Assertion>, evidence: &Evidence<'_>) -> Judgement {
    let failed_assertions = assertion::evaluate(assertions, evidence);
    let reason = Reason::AssertionFailed;
    let worst = failed_assertions
        .iter()
        .find(|failed| failed.severity == Severity::Down)
        .or(failed_assertions.first());
    let (outcome, message) = match worst {
        None => (Outcome::Up, None),
        Some(failed) => {
            let outcome = match failed.severity {
                Severity::Down => Outcome::Down { reason, phase: None },
                Severity::Degraded => Outcome::Degraded { reason },
            };
            (outcome, Some(failed.text.clone()))
        }
    };
    Judgement {
        outcome,
        message,
        failed_assertions,
    }
}
