//! Incidents: `/api/v1/incidents`.

use crate::{json_by_serde, json_object, result::Evidence};
use chrono::{DateTime, Utc};
pub use edgewatch_domain::incident::Severity;
use edgewatch_protocol::observation::Sight;
use serde::{Deserialize, Serialize};

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum IncidentStatus {
    /// It goes on, and nobody has said that they are on it.
    Open,
    /// It goes on, and somebody is on it.
    Acknowledged,
    /// It is over.
    Resolved,
    /// The record was rewritten, and none of its outages has been one.
    Withdrawn,
    /// It turned out to be one with another.
    Merged,
}

json_by_serde!(IncidentStatus);

/// The query of the list. Incidents that were merged into others are not listed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct IncidentsQuery {
    /// Only those that go on (`true`), or that are over (`false`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<bool>,
    /// Of this monitor alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitor: Option<i32>,
    /// 1 to 200, default 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
}

impl IncidentsQuery {
    /// Its names and values as they stand in an address.
    pub(crate) fn pairs(&self) -> [(&'static str, Option<String>); 4] {
        [
            ("open", self.open.map(|open| open.to_string())),
            ("monitor", self.monitor.map(|monitor| monitor.to_string())),
            ("limit", self.limit.map(|limit| limit.to_string())),
            ("cursor", self.cursor.clone()),
        ]
    }
}

/// An incident in the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IncidentSummary {
    /// Number.
    pub id: i32,
    /// Where it stands.
    pub status: IncidentStatus,
    /// Somebody has opened it; otherwise a confirmed outage has.
    pub by_hand: bool,
    /// As somebody has named it, or after its monitors.
    pub title: String,
    /// What is wrong in one sentence, as the evidence has it; absent until that is read.
    pub fault: Option<String>,
    /// How bad it is: by what is down, unless somebody has set it.
    pub severity: Severity,
    /// When its first outage began.
    pub opened_at: DateTime<Utc>,
    /// When that was known.
    pub detected_at: DateTime<Utc>,
    /// When its last outage ended, or somebody resolved it.
    pub resolved_at: Option<DateTime<Utc>>,
    /// When somebody first said that they are on it.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Who is to see to it.
    pub assignee: Option<String>,
    /// How many monitors it concerns.
    pub monitors: u32,
}

json_object!(IncidentSummary {
    id,
    status,
    by_hand,
    title,
    fault,
    severity,
    opened_at,
    detected_at,
    resolved_at,
    acknowledged_at,
    assignee,
    monitors
});

/// How many incidents are open: `GET /api/v1/incidents/open`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OpenIncidents {
    /// How many.
    pub open: u32,
}

/// An incident in full. The evidence of each outage is at `…/outages/{outage}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Incident {
    /// As it is listed.
    #[serde(flatten)]
    pub summary: IncidentSummary,
    /// The incident that it was merged into.
    pub merged_into: Option<i32>,
    /// Who first said that they are on it.
    pub acknowledged_by: Option<String>,
    /// Its outages, and the monitors that somebody has linked to it, in order of time; the first 200.
    pub outages: Vec<IncidentOutage>,
    /// What was said of it, oldest first.
    pub updates: Vec<IncidentUpdate>,
    /// What was learnt from it.
    pub post_mortem: String,
}

json_object!(Incident { summary [flat], merged_into, acknowledged_by, outages, updates, post_mortem });

/// An outage of a monitor, or a monitor that somebody has linked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IncidentOutage {
    /// Number.
    pub id: i64,
    /// The monitor.
    pub monitor: i32,
    /// Its name.
    pub name: String,
    /// When it began; absent for a monitor that was linked.
    pub from: Option<DateTime<Utc>>,
    /// When it ended.
    pub to: Option<DateTime<Utc>>,
    /// The record was rewritten, and it has been none.
    pub withdrawn: bool,
    /// What is wrong in one sentence.
    pub fault: Option<String>,
    /// What is other than when it was last good.
    pub differences: Vec<IncidentDifference>,
    /// Whether there is evidence to read.
    pub evidence: bool,
}

json_object!(IncidentOutage {
    id,
    monitor,
    name,
    from,
    to,
    withdrawn,
    fault,
    differences,
    evidence
});

/// Something that is other than when it was last good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IncidentDifference {
    /// Where.
    pub regions: Vec<String>,
    /// In plain language: "Certificate replaced in all regions".
    pub text: String,
}

json_object!(IncidentDifference { regions, text });

/// Something that was said of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IncidentUpdate {
    /// When.
    pub at: DateTime<Utc>,
    /// By whom; absent where Edgewatch itself tells it.
    pub author: Option<String>,
    /// What it is.
    pub kind: UpdateKind,
    /// The text.
    pub text: String,
}

json_object!(IncidentUpdate {
    at,
    author,
    kind,
    text
});

/// What an update is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum UpdateKind {
    /// An event of the incident's life.
    Event = 0,
    /// For the team alone.
    Internal = 1,
    /// For everybody.
    Public = 2,
}

json_by_serde!(UpdateKind);

/// The evidence of an outage, frozen when it was confirmed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IncidentEvidence<S = Sight> {
    /// Region by region, in order of their names.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<RegionEvidence<Sight>>))]
    pub regions: Vec<RegionEvidence<S>>,
}

json_object!(IncidentEvidence<S> { regions });

/// What one region saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegionEvidence<S = Sight> {
    /// The region.
    pub region: String,
    /// The first failing check; the latest one of a region that saw nothing wrong.
    pub seen: Sighting<S>,
    /// The last good one before it.
    pub last_good: Option<Sighting<S>>,
}

json_object!(RegionEvidence<S> { region, seen, last_good });

/// One check, with the signed batch that brought it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sighting<S = Sight> {
    /// When the check began.
    pub at: DateTime<Utc>,
    /// When it was scheduled.
    pub slot: DateTime<Utc>,
    /// What was seen.
    pub sight: S,
    /// The batch's number.
    pub batch: i64,
    /// Where it comes from.
    pub evidence: Evidence,
}

json_object!(Sighting<S> { at, slot, sight, batch, evidence });

/// `POST /api/v1/incidents`: open an incident by hand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct IncidentRequest {
    /// What it is called, 1 to 200 characters.
    pub title: String,
    /// How bad it is.
    #[serde(default = "default_severity")]
    pub severity: Severity,
    /// The monitors that it concerns, at most 100.
    #[serde(default)]
    pub monitors: Vec<i32>,
}

/// See [`IncidentRequest::severity`].
pub fn default_severity() -> Severity {
    Severity::Major
}

/// `PUT /api/v1/incidents/{id}`: what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct IncidentChanges {
    /// What it is called, at most 200 characters; empty: after its monitors again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How bad it is, whatever is down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Who is to see to it, by e-mail address; empty: nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// The monitors that are linked by hand, at most 100. Outages belong to it whatever stands here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitors: Option<Vec<i32>>,
    /// What was learnt from it, at most 20,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_mortem: Option<String>,
}

/// `POST /api/v1/incidents/{id}/updates`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct IncidentUpdateRequest {
    /// 1 to 4,000 characters.
    pub text: String,
    /// For everybody, not for the team alone.
    #[serde(default)]
    pub public: bool,
}
