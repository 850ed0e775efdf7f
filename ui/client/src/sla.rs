//! Service level agreements: `/api/v1/slas`.

use crate::json_by_serde;
use chrono::{DateTime, Utc};
use edgewatch_domain::sla::{SlaPolicy, SlaWindowFigures};
use serde::{Deserialize, Serialize};

/// What a user writes: `POST /api/v1/slas`, `PUT /api/v1/slas/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SlaSettings {
    /// Shown everywhere; unique, 1 to 100 characters.
    pub name: String,
    /// With whom, and what about: up to 2,000 characters.
    #[serde(default)]
    pub description: String,
    /// What was agreed.
    pub policy: SlaPolicy,
}

/// An agreement, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sla {
    /// Its number.
    pub id: i32,
    /// Its settings, as of its newest version.
    #[serde(flatten)]
    pub settings: SlaSettings,
    /// The newest version, from 1.
    pub version: i32,
    /// The SHA-256 of the newest policy's canonical JSON (RFC 8785), in hexadecimal.
    pub hash: String,
    /// When it was written first.
    pub created_at: DateTime<Utc>,
    /// When the newest version was written.
    pub changed_at: DateTime<Utc>,
    /// Its monitors by number and name; those that were deleted are missing.
    pub members: Vec<SlaMonitorName>,
    /// How the window stands in which we are.
    pub standing: SlaStanding,
}

/// A monitor of an agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlaMonitorName {
    /// Its number.
    pub id: i32,
    /// Its name.
    pub name: String,
}

/// How a window stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlaStanding {
    /// Its figures so far; times in milliseconds since the Unix epoch.
    pub figures: SlaWindowFigures,
    /// In how many milliseconds its budget is used up if it is spent on as over the last 24 hours; 0 where it is by now.
    /// `null` where it is not: nothing is being spent, or the window ends before.
    pub exhausted_in_ms: Option<i64>,
    /// The share at the window's end in parts per million, rounded downwards, if nothing more is down; `null` is no data.
    pub best_ppm: Option<i64>,
}

/// An agreement in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlaDetail {
    /// The agreement, and how it stands.
    #[serde(flatten)]
    pub sla: Sla,
    /// Its last windows, newest first, the one in which we are included; of rolling days, calendar months.
    pub history: Vec<SlaPast>,
    /// What was left out by hand, and what of that was taken back, newest first.
    pub exclusions: Vec<SlaExclusion>,
    /// All that was ever written of it, newest first.
    pub log: Vec<SlaLogEntry>,
}

/// A window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlaPast {
    /// The version that it is counted by: the last one that was written before its end.
    pub version: i32,
    /// That version's objective in parts per million.
    pub objective_ppm: i64,
    /// Its figures; times in milliseconds since the Unix epoch.
    pub figures: SlaWindowFigures,
}

/// What a user writes to leave time out: `POST /api/v1/slas/{id}/exclusions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SlaExclusionRequest {
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when: up to 400 days later.
    pub to: DateTime<Utc>,
    /// Of which monitors of the agreement; none: of all.
    #[serde(default)]
    pub monitors: Vec<i32>,
    /// Why: 1 to 1,000 characters. Reports show it.
    pub reason: String,
}

/// Time that is left out of the contractual figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlaExclusion {
    /// Its number.
    pub id: i32,
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when.
    pub to: DateTime<Utc>,
    /// Of which monitors; none: of all.
    pub monitors: Vec<i32>,
    /// Why.
    pub reason: String,
    /// Who entered it, by address.
    pub author: String,
    /// When it was entered.
    pub entered_at: DateTime<Utc>,
    /// When it was taken back: it does not count any more.
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// Who took it back, by address.
    pub withdrawn_by: Option<String>,
    /// Why it was taken back.
    pub withdrawn_reason: Option<String>,
}

/// What a user writes to take an exclusion back: `POST /api/v1/slas/{id}/exclusions/{exclusion}/withdraw`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SlaWithdrawal {
    /// Why: 1 to 1,000 characters.
    pub reason: String,
}

/// Something that was written of an agreement. Nothing of it can be changed or deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SlaLogEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// Who, by address.
    pub author: String,
    /// What.
    pub event: SlaEvent,
}

/// What happened to an agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SlaEvent {
    /// A version was written.
    Version {
        /// Its number.
        version: i32,
        /// Its policy's hash.
        hash: String,
        /// Its policy.
        policy: SlaPolicy,
    },
    /// An exclusion was entered.
    Excluded {
        /// Its number.
        exclusion: i32,
        /// Why.
        reason: String,
    },
    /// An exclusion was taken back.
    Withdrawn {
        /// Its number.
        exclusion: i32,
        /// Why.
        reason: String,
    },
}

json_by_serde!(Sla, SlaDetail);
