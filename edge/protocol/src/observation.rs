//! What a probe saw: one observation per monitor and slot.

use crate::{
    facts::Facts,
    name::MonitorId,
    phase::{Phase, PhaseTimes},
    reason::Reason,
};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The outcome of one check in one region at one slot.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Observation {
    /// The monitor that was checked.
    pub monitor: MonitorId,
    /// The revision of the monitor's definition that was used.
    pub revision: i32,
    /// The scheduled time, Unix milliseconds. See [`crate::slot`].
    pub slot_ms: i64,
    /// When the last attempt began, Unix milliseconds.
    pub started_ms: i64,
    /// How many attempts were made in this slot; the last one is reported.
    #[serde(default)]
    pub attempts: u8,
    /// What was seen.
    #[serde(flatten)]
    pub sight: Sight,
}

/// What a check saw, apart from who asked and when: also the answer to a test run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sight {
    /// Up, degraded, down or unmeasured, and why.
    pub outcome: Outcome,
    /// Time per phase, summed over the hops of redirects.
    #[serde(default)]
    pub phases: PhaseTimes,
    /// From the beginning of the check to its end, microseconds.
    pub total_us: u32,
    /// What the HTTP exchange showed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpFacts>,
    /// The address that was dialled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub address: Option<IpAddr>,
    /// The peer's leaf certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateFacts>,
    /// What else a check of this type shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    /// The assertions that failed, with what was found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_assertions: Vec<FailedAssertion>,
    /// One line that tells a person what went wrong; absent when the outcome is up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Sight {
    /// A sight of nothing but an outcome, with one line that explains it.
    pub fn of(outcome: Outcome, message: Option<String>) -> Self {
        Self {
            outcome,
            phases: PhaseTimes::default(),
            total_us: 0,
            http: None,
            address: None,
            certificate: None,
            facts: None,
            failed_assertions: Vec::new(),
            message,
        }
    }
}

/// The outcome of a check. See `semantics`: `unmeasured` never counts as down and never as up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Outcome {
    /// Everything held.
    Up,
    /// It succeeded past a warning threshold.
    Degraded {
        /// Why.
        reason: Reason,
    },
    /// It failed.
    Down {
        /// Why.
        reason: Reason,
        /// The phase that failed or ran out of time; `None` where no phase did, as for an assertion.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phase: Option<Phase>,
    },
    /// The probe could not look.
    Unmeasured {
        /// Why.
        reason: Reason,
    },
}

impl Outcome {
    /// The state without its reason.
    pub fn state(self) -> OutcomeState {
        match self {
            Self::Up => OutcomeState::Up,
            Self::Degraded { .. } => OutcomeState::Degraded,
            Self::Down { .. } => OutcomeState::Down,
            Self::Unmeasured { .. } => OutcomeState::Unmeasured,
        }
    }

    /// The reason, for every outcome but up.
    pub fn reason(self) -> Option<Reason> {
        match self {
            Self::Up => None,
            Self::Degraded { reason } | Self::Down { reason, .. } | Self::Unmeasured { reason } => {
                Some(reason)
            }
        }
    }
}

/// The four kinds of outcome, with stable numbers for storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OutcomeState {
    /// Everything held.
    Up = 0,
    /// Past a warning threshold.
    Degraded = 1,
    /// Failed.
    Down = 2,
    /// The probe could not look.
    Unmeasured = 3,
}

impl OutcomeState {
    /// All states, by their number.
    pub const ALL: [Self; 4] = [Self::Up, Self::Degraded, Self::Down, Self::Unmeasured];

    /// The stable number in storage.
    pub fn code(self) -> i16 {
        self as i16
    }

    /// The state of a stored number.
    pub fn from_code(code: i16) -> Option<Self> {
        usize::try_from(code)
            .ok()
            .and_then(|index| Self::ALL.get(index).copied())
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unmeasured => "unmeasured",
        }
    }
}

/// What the HTTP exchange showed. Status, headers and body are the final response's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HttpFacts {
    /// Status code, if a response head came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Such as `HTTP/1.1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Bytes of the body that were read.
    #[serde(default)]
    pub body_bytes: u64,
    /// Lower-case hex SHA-256 of the whole body; absent when it was not read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_sha256: Option<String>,
    /// The beginning of the body, at most [`EXCERPT_BYTES`], on failures only; what looks like a secret is masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// The redirects on the way, in order; empty without redirects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<Hop>,
}

/// The longest excerpt of a body, in bytes.
pub const EXCERPT_BYTES: usize = 1024;

/// One redirect that was followed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hop {
    /// Where the request went, without credentials and query.
    pub url: String,
    /// The redirect's status.
    pub status: u16,
    /// This hop's phases.
    pub phases: PhaseTimes,
}

/// Facts of a certificate of a peer's chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CertificateFacts {
    /// Lower-case hex SHA-256 of the DER bytes.
    pub fingerprint: String,
    /// The subject's common name, or its first alternative name.
    pub subject: String,
    /// The issuer's common name, or its organisation.
    pub issuer: String,
    /// DNS names and IP addresses that it is valid for (RFC 5280 subjectAltName), at most 100.
    pub names: Vec<String>,
    /// Beginning of validity, Unix milliseconds.
    pub not_before_ms: i64,
    /// End of validity, Unix milliseconds.
    pub not_after_ms: i64,
    /// Such as `TLSv1.3`.
    pub tls_version: String,
    /// Such as `TLS13_AES_128_GCM_SHA256`.
    pub cipher_suite: String,
    /// The kind of its key: `RSA`, `EC P-256`, `Ed25519`, or an object identifier; empty when the probe does not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key_algorithm: String,
    /// How long its key is, in bits; absent where the algorithm says it already or the probe cannot tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_bits: Option<u32>,
    /// What it is signed with: `RSA SHA-256`, `ECDSA SHA-384`, `Ed25519`, or an object identifier; empty when the probe does
    /// not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub signature_algorithm: String,
}

/// An assertion that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FailedAssertion {
    /// What was asked and what was found: `status (503) in 200-299`.
    pub text: String,
    /// What its failure means.
    pub severity: crate::assertion::Severity,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_observation_is_one_flat_object() {
        let json = serde_json::json!({
            "monitor": 7, "revision": 2, "slot_ms": 1_700_000_000_000_i64, "started_ms": 1_700_000_000_150_i64, "attempts": 2,
            "outcome": {"state": "down", "reason": "timeout", "phase": "ttfb"},
            "phases": {"dns": "not_applicable", "tcp": 320, "tls": 2100, "request": 40, "ttfb": null, "body": null},
            "total_us": 10_000_000, "address": "192.0.2.1", "message": "no first byte within 10000 ms",
            "of_a_newer_version": [1, 2]
        });
        let observation: Observation = serde_json::from_value(json.clone()).unwrap();
        let mut back = serde_json::to_value(&observation).unwrap();
        back["of_a_newer_version"] = json["of_a_newer_version"].clone();
        assert_eq!(back, json);
    }

    #[test]
    fn states_have_stable_numbers() {
        assert_eq!(OutcomeState::ALL.map(OutcomeState::code), [0, 1, 2, 3]);
        for state in OutcomeState::ALL {
            assert_eq!(OutcomeState::from_code(state.code()), Some(state));
        }
        assert_eq!(OutcomeState::from_code(4), None);
        assert_eq!(OutcomeState::from_code(-1), None);
    }
}
