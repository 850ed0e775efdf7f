//! The overview: `GET /api/v1/overview`, every monitor at a glance in one answer.

use crate::json_object;
use crate::monitor::MonitorState;
use chrono::{DateTime, Utc};
use edgewatch_protocol::observation::OutcomeState;
use serde::{Deserialize, Serialize};

/// How many slots the heartbeat bar shows.
pub const HEARTBEATS: usize = 60;

/// Everything that the overview shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Overview {
    /// All monitors, by name.
    pub monitors: Vec<MonitorSummary>,
    /// When this was read.
    pub at: DateTime<Utc>,
}

json_object!(Overview { monitors, at });

/// One monitor at a glance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MonitorSummary {
    /// Number.
    pub id: i32,
    /// Name.
    pub name: String,
    /// What is checked, in short: the URL without credentials and query.
    pub target: String,
    /// Check type, such as `http`.
    pub kind: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Seconds between checks.
    pub interval_s: u32,
    /// State now.
    pub state: MonitorState,
    /// Since when.
    pub state_since: DateTime<Utc>,
    /// Some region sees it down, below the quorum.
    pub advisory: bool,
    /// It changes its state too often.
    pub flapping: bool,
    /// The last [`HEARTBEATS`] slots, oldest first, each over all regions.
    pub heartbeats: Vec<Heartbeat>,
    /// Median of the checks shown, microseconds; absent without a measured check.
    pub p50_us: Option<i32>,
    /// 95th percentile of the checks shown, microseconds.
    pub p95_us: Option<i32>,
}

json_object!(MonitorSummary {
    id,
    name,
    target,
    kind,
    tags,
    interval_s,
    state,
    state_since,
    advisory,
    flapping,
    heartbeats,
    p50_us,
    p95_us,
});

/// One slot of the heartbeat bar: an interval of the monitor, all regions together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Heartbeat {
    /// Beginning of the interval.
    pub at: DateTime<Utc>,
    /// The worst outcome of any region, `None` where nothing was measured.
    pub worst: Option<OutcomeState>,
    /// Regions that saw it up or degraded.
    pub succeeded: u16,
    /// Regions that saw it down.
    pub failed: u16,
    /// The slowest total of a region, microseconds.
    pub max_total_us: Option<i32>,
}

json_object!(Heartbeat {
    at,
    worst,
    succeeded,
    failed,
    max_total_us
});
