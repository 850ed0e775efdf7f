//! Heartbeats: jobs call a secret URL, and their silence is what is noticed.
//!
//! The aggregator is the probe of a region of its own for them, [`PUSH_REGION`]: it has a key, enrols, seals and signs
//! batches, and delivers them to its own probe endpoint. From there on a heartbeat's results are results like all others.
//!
//! [`schedule`] knows when a job is expected, [`state`] what its calls and its silence mean; both are pure. `push_probe`
//! turns what was seen into batches. The calls come in by `http::heartbeats`, and `jobs::heartbeats` looks at them.

pub mod call_limit;
pub mod push_probe;
pub mod schedule;
pub mod state;
pub mod token;

use edgewatch_client::monitor::MonitorSettings;
use edgewatch_protocol::{
    check::{Check, HeartbeatCheck},
    name::Region,
};

/// The name of the region that the aggregator serves itself.
pub const PUSH_REGION: &str = "push";

/// The settings of a heartbeat check; `None` of any other.
pub fn settings_of(check: &Check) -> Option<&HeartbeatCheck> {
    match check {
        Check::Heartbeat(settings) => Some(settings),
        _ => None,
    }
}

/// Whether a region is the one that the aggregator serves itself.
pub fn is_push(region: &Region) -> bool {
    region.as_str() == PUSH_REGION
}

/// A heartbeat is looked at by the aggregator and from nowhere else, whether that is written or not.
pub fn settle_regions(settings: &mut MonitorSettings) {
    if settings_of(&settings.check).is_some() && settings.regions.is_empty() {
        settings.regions.extend(PUSH_REGION.parse::<Region>());
    }
}
