//! Results of a monitor: `GET /api/v1/monitors/{id}/results` and one in full at `…/results/{result}`.

use crate::{address::time_text, json_object};
use chrono::{DateTime, Utc};
use edgewatch_protocol::{
    batch::Place,
    name::Region,
    observation::{Observation, OutcomeState},
    phase::PhaseTimes,
    reason::Reason,
};
use serde::{Deserialize, Serialize};

/// The query of the list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct ResultsQuery {
    /// From this time on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
    /// Of this region alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// With this outcome alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeState>,
    /// 1 to 500, default 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl ResultsQuery {
    /// Its names and values as they stand in an address.
    pub(crate) fn pairs(&self) -> [(&'static str, Option<String>); 6] {
        [
            ("from", self.from.map(time_text)),
            ("to", self.to.map(time_text)),
            ("region", self.region.clone()),
            ("outcome", self.outcome.map(|outcome| outcome.as_str().to_owned())),
            ("limit", self.limit.map(|limit| limit.to_string())),
            ("cursor", self.cursor.clone()),
        ]
    }
}

/// One result in the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResultSummary {
    /// Names the result within its monitor.
    pub id: String,
    /// When the check began.
    pub at: DateTime<Utc>,
    /// When it was scheduled.
    pub slot: DateTime<Utc>,
    /// The region.
    pub region: Region,
    /// The outcome's state.
    pub outcome: OutcomeState,
    /// The outcome's reason.
    pub reason: Option<Reason>,
    /// Time per phase, microseconds or why not.
    pub phases: PhaseTimes,
    /// The whole check, microseconds.
    pub total_us: i32,
    /// HTTP status.
    pub http_status: Option<u16>,
    /// What went wrong, in one line.
    pub message: Option<String>,
}

json_object!(ResultSummary {
    id,
    at,
    slot,
    region,
    outcome,
    reason,
    phases,
    total_us,
    http_status,
    message,
});

/// One result in full, read from the signed batch that brought it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ResultDetail<O = Observation> {
    /// The result as in the list.
    #[serde(flatten)]
    pub summary: ResultSummary,
    /// The observation as the probe signed it; absent when the evidence's retention is over.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Observation>))]
    pub observation: Option<O>,
    /// Where it comes from.
    pub evidence: Evidence,
}

json_object!(ResultDetail<O> { summary [flat], observation, evidence });

/// The signed batch behind a result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Evidence {
    /// Fingerprint of the probe's key.
    pub probe: String,
    /// The batch's position in the probe's chain.
    pub seq: i64,
    /// Lower-case hex SHA-256 of the batch's bytes.
    pub digest: String,
    /// When the aggregator received it.
    pub received_at: DateTime<Utc>,
    /// Where the probe found itself.
    pub place: Place,
}

json_object!(Evidence {
    probe,
    seq,
    digest,
    received_at,
    place
});
