//! Types of the wire contract with probes and of the domain, as the API shows them.

use super::{FromJson, Json, Unreadable};
use crate::{
    json_by_serde, json_object,
    status_page::{PageAccess, PageLanguage, PageTheme},
};
use edgewatch_domain::{
    group::GroupRule, incident::Severity as IncidentSeverity, quorum::Quorum, slo::Urgency,
    state::MonitorState, verdict::Verdict,
};
use edgewatch_protocol::{
    assertion::Severity,
    batch::{ChainHead, IpFamily, Place},
    enrolment::ProbeStatus,
    name::Region,
    observation::{CertificateFacts, FailedAssertion, Hop, HttpFacts, Outcome, OutcomeState},
    phase::{Phase, PhaseTimes},
    problem::{FieldError, Problem},
    reason::Reason,
};

json_object!(Problem { type_uri [as "type"], title, status, detail, errors [or Vec::new()], head });
json_object!(FieldError { pointer, detail });
json_object!(ChainHead { seq, digest });
json_object!(Place {
    colo,
    country,
    asn,
    ip_family
});
json_object!(HttpFacts {
    status,
    protocol,
    body_bytes [or 0],
    body_sha256,
    excerpt,
    hops [or Vec::new()],
});
json_object!(Hop { url, status, phases });
json_object!(CertificateFacts {
    fingerprint,
    subject,
    issuer,
    names,
    not_before_ms,
    not_after_ms,
    tls_version,
    cipher_suite,
    key_algorithm [or String::new()],
    key_bits,
    signature_algorithm [or String::new()],
});
json_object!(FailedAssertion { text, severity });

impl FromJson for Severity {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        match json.text()? {
            "down" => Ok(Self::Down),
            "degraded" => Ok(Self::Degraded),
            _ => Err(Unreadable::Mismatch),
        }
    }
}

impl FromJson for Phase {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        let name = json.text()?;
        let mut all = Self::ALL.into_iter();
        all.find(|phase| phase.as_str() == name)
            .ok_or(Unreadable::Mismatch)
    }
}

impl FromJson for Outcome {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        Ok(match json.member::<OutcomeState>("state")? {
            OutcomeState::Up => Self::Up,
            OutcomeState::Degraded => Self::Degraded {
                reason: json.member("reason")?,
            },
            OutcomeState::Down => Self::Down {
                reason: json.member("reason")?,
                phase: json.member("phase")?,
            },
            OutcomeState::Unmeasured => Self::Unmeasured {
                reason: json.member("reason")?,
            },
        })
    }
}

impl FromJson for Region {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        json.text()?.parse().map_err(|_| Unreadable::Mismatch)
    }
}

impl FromJson for Quorum {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        json.text()?.parse().map_err(|_| Unreadable::Mismatch)
    }
}

impl FromJson for MonitorState {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        let name = json.text()?;
        let mut all = Self::ALL.into_iter();
        all.find(|state| state.as_str() == name)
            .ok_or(Unreadable::Mismatch)
    }
}

impl FromJson for OutcomeState {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        let name = json.text()?;
        let mut all = Self::ALL.into_iter();
        all.find(|state| state.as_str() == name)
            .ok_or(Unreadable::Mismatch)
    }
}

/// A reason that this build does not know is another one.
impl FromJson for Reason {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        let name = json.text()?;
        let known = Self::ALL.iter().find(|reason| reason.as_str() == name);
        Ok(known.copied().unwrap_or(Self::Other))
    }
}

json_by_serde!(
    GroupRule,
    IncidentSeverity,
    IpFamily,
    PageAccess,
    PageLanguage,
    PageTheme,
    PhaseTimes,
    ProbeStatus,
    Urgency,
    Verdict,
);
