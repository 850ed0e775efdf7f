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
    /// The first slot that is this probe's, Unix milliseconds: another one of the region makes those before. Absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_ms: Option<i64>,
    /// The first slot that is not this probe's any more, Unix milliseconds: another one takes over. Absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
    /// What to do.
    #[serde(deserialize_with = "crate::check::deserialize_or_unknown")]
    pub check: Check,
}

impl Assignment {
    /// Whether a slot is this probe's.
    pub fn holds(&self, slot_ms: i64) -> bool {
        self.from_ms.is_none_or(|from_ms| slot_ms >= from_ms)
            && self.until_ms.is_none_or(|until_ms| slot_ms < until_ms)
    }
}

/// The most monitors that a page may be asked to have.
pub const MAX_PAGE: u16 = 1_000;

/// A page gets no further monitors beyond this size of its JSON, in bytes.
pub const PAGE_BYTES: usize = 1 << 20;

/// A page of what a probe has to do: the answer to a request with `limit`, since version 1.1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AssignmentsPage {
    /// Names the whole of the monitors: pages of one set belong together, and a set that is known need not be asked for.
    /// Empty from an aggregator that knows no pages.
    #[serde(default)]
    pub set: String,
    /// There are more: ask for those after this monitor. Absent on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<MonitorId>,
    /// The page's monitors; on the first page the test runs too.
    #[serde(flatten)]
    pub assignments: Assignments,
}
