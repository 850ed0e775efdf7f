//! Live events: `GET /api/v1/events`, Server-Sent Events. The event's name is the tag, its data the JSON below.
//!
//! After a reconnect with `Last-Event-ID` the missed events follow; where they are no longer known, one `resync` event
//! tells the client to read everything anew.

use crate::{
    json::{FromJson, Json, Unreadable},
    json_object,
    monitor::{MonitorState, RegionState},
};
use chrono::{DateTime, Utc};
use edgewatch_protocol::{name::Region, observation::OutcomeState};
use serde::{Deserialize, Serialize};

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A batch's results are stored.
    Results {
        /// One for each observation.
        results: Vec<LiveResult>,
    },
    /// A monitor's state, or a region's verdict of it, has changed.
    State {
        /// The monitor.
        monitor: i32,
        /// Its state now.
        state: MonitorState,
        /// Since when.
        since: DateTime<Utc>,
        /// Regions see it down, below the quorum.
        advisory: bool,
        /// Since when it has changed its state too often, if it still does.
        flapping_since: Option<DateTime<Utc>>,
        /// What each region says.
        region_states: Vec<RegionState>,
    },
    /// Monitors were added, changed or removed: read the list anew.
    Monitors,
    /// Probes enrolled, were approved or revoked, fell silent or came back: read the regions anew.
    Probes,
    /// Incidents were opened, or something of them has changed.
    Incidents {
        /// Which.
        incidents: Vec<i32>,
        /// How many are open now.
        open: u32,
    },
    /// Events were missed: read everything anew.
    Resync,
}

impl FromJson for Event {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        let tag = json.get("type").ok_or(Unreadable::Missing("type"))?;
        Ok(match tag.text()? {
            "results" => Self::Results {
                results: json.member("results")?,
            },
            "state" => Self::State {
                monitor: json.member("monitor")?,
                state: json.member("state")?,
                since: json.member("since")?,
                advisory: json.member("advisory")?,
                flapping_since: json.member("flapping_since")?,
                region_states: json.member("region_states")?,
            },
            "monitors" => Self::Monitors,
            "probes" => Self::Probes,
            "incidents" => Self::Incidents {
                incidents: json.member("incidents")?,
                open: json.member("open")?,
            },
            "resync" => Self::Resync,
            _ => return Err(Unreadable::Mismatch),
        })
    }
}

/// One result, as the heartbeat bar needs it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LiveResult {
    /// The monitor.
    pub monitor: i32,
    /// The region.
    pub region: Region,
    /// When the check began.
    pub at: DateTime<Utc>,
    /// Its outcome.
    pub outcome: OutcomeState,
    /// How long it took, microseconds.
    pub total_us: i32,
}

json_object!(LiveResult {
    monitor,
    region,
    at,
    outcome,
    total_us
});
