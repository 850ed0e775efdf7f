//! What is wrong with a sight.

use crate::{
    anatomy,
    case::{Case, Expectation, Fact, HostKind, Shape, Timed},
    places::Places,
};
use edgewatch_protocol::{
    observation::{Outcome, Sight},
    phase::{Phase, PhaseTime},
    reason::Reason,
};
use serde_json::Value;

/// How far a measured time may be from what the target did, in milliseconds.
pub const TOLERANCE_MS: f64 = 20.0;

/// How much earlier than the target did it something may seem to be: a clock that shows whole milliseconds.
const CLOCK_GRAIN_MS: f64 = 1.0;

/// What is wrong.
#[derive(Debug, Default)]
pub struct Faults {
    /// Whatever the machine was doing meanwhile.
    pub wrong: Vec<String>,
    /// Times. The machine may have been busy with something else: these are looked at again.
    pub late: Vec<String>,
}

/// Compares a sight of a host with what it has to be. `lateness_ms` is what the machine itself was late by meanwhile.
pub fn judge(case: &Case, host: HostKind, places: &Places, sight: &Sight, lateness_ms: f64) -> Faults {
    let expected = case.expected_of(host);
    let mut faults = Faults::default();
    if !expected.ends.contains(&sight.outcome) {
        let one_of: Vec<_> = expected.ends.iter().map(|&outcome| told(outcome)).collect();
        let found = told(sight.outcome);
        faults
            .wrong
            .push(format!("ends {found}, not {}", one_of.join(" or ")));
    }
    faults.wrong.extend(message_fault(sight));
    let check = places.fill(&case.check);
    for phase in Phase::ALL {
        let wanted = shape(&expected, phase, &check, sight.outcome);
        let found = match sight.phases.get(phase) {
            PhaseTime::Measured(_) => Shape::Measured,
            PhaseTime::NotMeasurable(why) => Shape::Hidden(why),
            PhaseTime::NotReached => Shape::NotReached,
        };
        if wanted != Shape::Any && found != wanted {
            let name = phase.as_str();
            faults
                .wrong
                .push(format!("{name} shows {found:?}, not {wanted:?}"));
        }
    }
    let json = serde_json::to_value(sight).unwrap_or_default();
    faults.wrong.extend(
        expected
            .facts
            .iter()
            .filter_map(|fact| fact_fault(fact, places, &json)),
    );
    let mut is_behind = false;
    for &(timed, ms, more_ms) in &expected.times {
        let us = match timed {
            Timed::Phase(phase) => sight.phases.get(phase).measured_us(),
            Timed::Total => Some(sight.total_us),
        };
        let found_ms = us.map(|us| f64::from(us) / 1000.0);
        let (early, late) = (CLOCK_GRAIN_MS + lateness_ms, TOLERANCE_MS + lateness_ms);
        let right = f64::from(ms) - early..=f64::from(ms + more_ms) + late;
        is_behind |= found_ms.is_some_and(|found_ms| found_ms > f64::from(ms + more_ms) + TOLERANCE_MS);
        match found_ms {
            Some(found_ms) if right.contains(&found_ms) => {}
            Some(found_ms) => faults
                .late
                .push(format!("{timed:?} takes {found_ms} ms, not {ms}")),
            None => faults.wrong.push(format!("{timed:?} has no time")),
        }
    }
    // A machine that is busy beyond measure makes what is timed run out of time.
    let ran_out = matches!(
        sight.outcome,
        Outcome::Down {
            reason: Reason::Timeout,
            ..
        }
    );
    if ran_out && (!expected.ends.contains(&sight.outcome) || is_behind) {
        faults.late.append(&mut faults.wrong);
    }
    faults
}

/// What a phase shows: as far as nothing else is said, what the end and the check's settings make of it.
fn shape(expected: &Expectation, phase: Phase, check: &Value, outcome: Outcome) -> Shape {
    let declared = expected.phases.iter().find(|&&(known, _)| known == phase);
    if let Some(&(_, shape)) = declared {
        return shape;
    }
    let end = match outcome {
        Outcome::Down { phase: Some(end), .. } => Some(end),
        Outcome::Unmeasured { .. } => return Shape::Any,
        _ => None,
    };
    anatomy::of(check).shape(phase, end)
}

/// Up says nothing; everything else says why in one line.
fn message_fault(sight: &Sight) -> Option<String> {
    let is_right = match (&sight.message, sight.outcome) {
        (None, outcome) => outcome == Outcome::Up,
        (Some(_), Outcome::Up) => false,
        (Some(message), _) => !message.is_empty() && !message.contains('\n'),
    };
    (!is_right).then(|| format!("the message is {:?}", sight.message))
}

fn fact_fault(fact: &Fact, places: &Places, sight: &Value) -> Option<String> {
    match fact {
        Fact::Is(pointer, wanted) => {
            let wanted = places.fill(wanted);
            let found = sight.pointer(pointer).unwrap_or(&Value::Null);
            (*found != wanted).then(|| format!("{pointer} is {found}, not {wanted}"))
        }
        Fact::Fails(wanted) => {
            let failed = sight["failed_assertions"].as_array();
            let texts = failed
                .into_iter()
                .flatten()
                .filter_map(|failed| failed["text"].as_str());
            let found: Vec<_> = texts.collect();
            (found != *wanted).then(|| format!("the failed assertions are {found:?}, not {wanted:?}"))
        }
        Fact::Untold(text) => {
            let is_told = sight.to_string().contains(text);
            is_told.then(|| format!("`{text}` is told"))
        }
    }
}

/// An outcome as the documentation writes it.
pub fn told(outcome: Outcome) -> String {
    match outcome {
        Outcome::Up => "up".to_owned(),
        Outcome::Degraded { reason } => format!("degraded ({})", reason.as_str()),
        Outcome::Unmeasured { reason } => format!("unmeasured ({})", reason.as_str()),
        Outcome::Down { reason, phase: None } => format!("down ({})", reason.as_str()),
        Outcome::Down {
            reason,
            phase: Some(phase),
        } => format!("down ({} in {})", reason.as_str(), phase.as_str()),
    }
}
