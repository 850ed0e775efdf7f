//! Types of the wire contract with probes and of the domain, as the API shows them.

use super::{FromJson, Json, Unreadable};
use crate::json_object;
use edgewatch_domain::{quorum::Quorum, state::MonitorState, verdict::Verdict};
use edgewatch_protocol::{
    batch::{ChainHead, IpFamily, Place},
    enrolment::ProbeStatus,
    name::{MonitorId, Region},
    observation::{Observation, OutcomeState, Sight},
    phase::PhaseTimes,
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
json_object!(Observation { monitor, revision, slot_ms, started_ms, attempts [or 1], sight [flat] });

impl FromJson for MonitorId {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        i32::from_json(json).map(Self)
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

macro_rules! read_by_serde {
    ($($type:ty)+) => {
        $(impl FromJson for $type {
            fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
                json.by_serde()
            }
        })+
    };
}

read_by_serde! { IpFamily PhaseTimes ProbeStatus Sight Verdict }
