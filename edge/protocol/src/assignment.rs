//! What a probe has to check: pulled at each tick, answered with `ETag` and `304`.

use crate::{
    check::Check,
    name::{MonitorId, Region},
    test_run::TestRun,
    version::Version,
};
use serde::{Deserialize, Serialize};

/// Everything that a probe has to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Assignments {
    /// The protocol that it is written in.
    pub version: Version,
    /// The region that they are for.
    pub region: Region,
    /// The monitors to check, by id.
    pub monitors: Vec<Assignment>,
    /// Test runs that users are waiting for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<TestRun>,
}

/// One monitor to check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Assignment {
    /// The monitor.
    pub monitor: MonitorId,
    /// The revision of its definition; goes into the observation.
    pub revision: i32,
    /// Seconds between slots, a multiple of 10. See [`crate::slot`].
    pub interval_s: u32,
    /// The time-out of one attempt, milliseconds.
    pub timeout_ms: u32,
    /// Further attempts within the slot after one that ends down.
    #[serde(default)]
    pub retries: u8,
    /// What to do.
    #[serde(deserialize_with = "crate::check::deserialize_or_unknown")]
    pub check: Check,
}
