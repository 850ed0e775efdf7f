//! Why a check ended before its assertions were judged.

use edgewatch_protocol::{observation::Outcome, phase::Phase, reason::Reason};

/// The end of a check that did not get to the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// What it means.
    pub outcome: Outcome,
    /// One line for people.
    pub message: String,
}

impl Stop {
    /// The target failed in a phase.
    pub fn down(reason: Reason, phase: Phase, message: impl Into<String>) -> Self {
        let phase = Some(phase);
        Self {
            outcome: Outcome::Down { reason, phase },
            message: message.into(),
        }
    }

    /// The target failed, in no phase.
    pub fn down_by_rule(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Down { reason, phase: None },
            message: message.into(),
        }
    }

    /// The probe could not look.
    pub fn unmeasured(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Unmeasured { reason },
            message: message.into(),
        }
    }

    /// The body outgrew its bound.
    pub fn body_too_large(max_bytes: u64) -> Self {
        let message = format!("the response's body is larger than {max_bytes} bytes");
        Self::down(Reason::BodyTooLarge, Phase::Body, message)
    }
}
