//! Monitors: `/api/v1/monitors`.

use crate::json_object;
use chrono::{DateTime, Utc};
pub use edgewatch_domain::{quorum::Quorum, state::MonitorState, verdict::Verdict};
use edgewatch_protocol::{check::Check, name::Region, observation::OutcomeState};
use serde::{Deserialize, Serialize};

/// What a user writes: `POST /api/v1/monitors`, `PUT /api/v1/monitors/{id}`.
///
/// Secrets (passwords, tokens, values of headers that carry credentials) are accepted in clear and answered as
/// [`REDACTED`]; sent back as [`REDACTED`] they stay as they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MonitorSettings<C = Check> {
    /// Shown everywhere; unique, 1 to 100 characters.
    pub name: String,
    /// What is checked.
    #[cfg_attr(feature = "openapi", schema(value_type = Check))]
    pub check: C,
    /// Seconds between checks, a multiple of 10 from 10 to 86,400.
    #[serde(default = "default_interval_s")]
    pub interval_s: u32,
    /// The time-out of one attempt, 100 to 60,000 and below the interval.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u32,
    /// Further attempts in the same slot after one that ends down, 0 to 5.
    #[serde(default)]
    pub retries: u8,
    /// Regions to check from; empty means all.
    #[serde(default)]
    pub regions: Vec<Region>,
    /// Which share of the regions that vote must see it down.
    #[serde(default)]
    pub quorum: Quorum,
    /// Consecutive down outcomes that make a region's verdict down, 1 to 10.
    #[serde(default = "default_confirmations")]
    pub confirmations: u8,
    /// Consecutive successes that bring it back up, 1 to 10.
    #[serde(default = "default_recoveries")]
    pub recoveries: u8,
    /// When it counts as flapping.
    #[serde(default)]
    pub flapping: FlappingSettings,
    /// Free words to filter by, 1 to 40 characters each, at most 20.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Not checked while set.
    #[serde(default)]
    pub paused: bool,
}

json_object!(MonitorSettings<C> {
    name,
    check,
    interval_s [or default_interval_s()],
    timeout_ms [or default_timeout_ms()],
    retries [or 0],
    regions [or Vec::new()],
    quorum [or Quorum::default()],
    confirmations [or default_confirmations()],
    recoveries [or default_recoveries()],
    flapping [or FlappingSettings::default()],
    tags [or Vec::new()],
    paused [or false],
});

/// When a monitor is marked as flapping: its changes are told once then, and no more until it holds a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct FlappingSettings {
    /// More changes of state than these, 1 to 100 …
    pub changes: u16,
    /// … within so many seconds mark it, 60 to 86,400 …
    pub within_s: u32,
    /// … until it holds a state for so many seconds, 60 to 86,400.
    pub holds_s: u32,
}

impl Default for FlappingSettings {
    fn default() -> Self {
        Self {
            changes: 5,
            within_s: 1_800,
            holds_s: 600,
        }
    }
}

json_object!(FlappingSettings {
    changes [or FlappingSettings::default().changes],
    within_s [or FlappingSettings::default().within_s],
    holds_s [or FlappingSettings::default().holds_s],
});

/// Stands for a secret in every answer.
pub const REDACTED: &str = "••••••••";

/// See [`MonitorSettings::interval_s`].
pub fn default_interval_s() -> u32 {
    60
}
/// See [`MonitorSettings::timeout_ms`].
pub fn default_timeout_ms() -> u32 {
    10_000
}
/// See [`MonitorSettings::confirmations`].
pub fn default_confirmations() -> u8 {
    2
}
/// See [`MonitorSettings::recoveries`].
pub fn default_recoveries() -> u8 {
    1
}

/// A monitor as answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Monitor<C = Check> {
    /// Number.
    pub id: i32,
    /// Grows with each change of the settings.
    pub revision: i32,
    /// The settings, secrets redacted.
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schema(value_type = MonitorSettings))]
    pub settings: MonitorSettings<C>,
    /// What is checked, in short and without secrets.
    pub target: String,
    /// Its state now.
    pub state: MonitorState,
    /// Since when it has been in this state.
    pub state_since: DateTime<Utc>,
    /// The regions that check it, with what each says.
    pub region_states: Vec<RegionState>,
    /// Regions see it down, but fewer than the quorum asks for.
    pub advisory: bool,
    /// Since when it has changed its state too often, if it still does.
    pub flapping_since: Option<DateTime<Utc>>,
    /// It comes from the configuration file and is changed there.
    pub from_config: bool,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

json_object!(Monitor<C> {
    id,
    revision,
    settings [flat],
    target,
    state,
    state_since,
    region_states,
    advisory,
    flapping_since,
    from_config,
    created_at,
});

/// What one region says of a monitor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegionState {
    /// The region.
    pub region: Region,
    /// Its verdict after confirmations and recoveries.
    pub verdict: Verdict,
    /// Its last outcome, if there is one.
    pub last_outcome: Option<OutcomeState>,
    /// When its last check began.
    pub last_checked_at: Option<DateTime<Utc>>,
    /// How long its last check took, microseconds.
    pub last_total_us: Option<i32>,
    /// What went wrong at its last check, in one line.
    pub last_message: Option<String>,
}

json_object!(RegionState {
    region,
    verdict,
    last_outcome,
    last_checked_at,
    last_total_us,
    last_message
});
