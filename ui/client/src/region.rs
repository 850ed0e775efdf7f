//! Regions: `/api/v1/regions`.

use crate::json_object;
use crate::probe::Probe;
use chrono::{DateTime, Utc};
use edgewatch_protocol::name::Region as RegionName;
use serde::{Deserialize, Serialize};

/// What an administrator writes: `POST /api/v1/regions`, `PUT /api/v1/regions/{name}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RegionSettings {
    /// Name, such as `weur`; cannot be changed.
    pub name: RegionName,
    /// For people, such as `Western Europe`.
    #[serde(default)]
    pub label: String,
}

json_object!(RegionSettings { name, label [or String::new()] });

/// A region with its probes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Region {
    /// The settings.
    #[serde(flatten)]
    pub settings: RegionSettings,
    /// Monitors that are checked from here.
    pub monitors: i64,
    /// Slots of the last hour that could not be begun in time: its probes are too slow for their load.
    pub overruns: i64,
    /// How late 99 of 100 checks of the last hour were begun at most, milliseconds (to a tenth); absent without checks.
    pub late_p99_ms: Option<i64>,
    /// Since when its own network fails: it fails on most of what other regions see up, and does not vote.
    pub disqualified_since: Option<DateTime<Utc>>,
    /// Its probes, revoked ones last.
    pub probes: Vec<Probe>,
}

json_object!(Region {
    settings [flat],
    monitors,
    overruns,
    late_p99_ms,
    disqualified_since,
    probes,
});
