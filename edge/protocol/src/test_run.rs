//! A test run: one check that a user asked a region to make now, outside the schedule.

use crate::{batch::Place, check::Check, name::Region, observation::Sight, version::Version};
use serde::{Deserialize, Serialize};

/// A check to make once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestRun {
    /// The run's id, a UUID as text.
    pub id: String,
    /// The time-out, milliseconds.
    pub timeout_ms: u32,
    /// What to do.
    #[serde(deserialize_with = "crate::check::deserialize_or_unknown")]
    pub check: Check,
}

/// What a test run saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestRunReport {
    /// The protocol that it is written in.
    pub version: Version,
    /// The region that ran it.
    pub region: Region,
    /// Where the probe found itself.
    #[serde(default)]
    pub place: Place,
    /// When it began, Unix milliseconds.
    pub started_ms: i64,
    /// What was seen.
    #[serde(flatten)]
    pub sight: Sight,
}
