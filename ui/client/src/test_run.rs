//! Test runs: `POST /api/v1/tests` makes one check now, `GET /api/v1/tests/{id}` tells how it went.

use crate::json_object;
use chrono::{DateTime, Utc};
use edgewatch_protocol::{batch::Place, check::Check, name::Region, observation::Sight};
use serde::{Deserialize, Serialize};

/// What to test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TestRunRequest<C = Check> {
    /// The check. Redacted secrets are taken from `monitor`.
    #[cfg_attr(feature = "openapi", schema(value_type = Check))]
    pub check: C,
    /// The time-out, 100 to 60,000.
    #[serde(default = "crate::monitor::default_timeout_ms")]
    pub timeout_ms: u32,
    /// The region that shall run it at its next tick; absent: the aggregator's own engine, at once.
    #[serde(default)]
    pub region: Option<Region>,
    /// The monitor that redacted secrets are taken from.
    #[serde(default)]
    pub monitor: Option<i32>,
}

/// A test run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestRun<S = Sight> {
    /// UUID.
    pub id: String,
    /// The region that was asked for.
    pub region: Option<Region>,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// What was seen; absent while it waits for the region's next tick.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<TestReport>))]
    pub report: Option<TestReport<S>>,
}

json_object!(TestRun<S> {
    id,
    region,
    requested_at,
    report
});

/// What a test run saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TestReport<S = Sight> {
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Where it ran.
    pub place: Place,
    /// What was seen.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schema(value_type = Sight))]
    pub sight: S,
}

json_object!(TestReport<S> { started_at, place, sight [flat] });
