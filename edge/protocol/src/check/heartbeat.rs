//! The heartbeat check: a job calls a secret URL when it has run, and its silence is what is noticed.

use crate::check::shared::is_default;
use serde::{Deserialize, Serialize};

/// The settings of a heartbeat check. No probe runs it: the aggregator is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeartbeatCheck {
    /// When the job is expected.
    pub schedule: HeartbeatSchedule,
    /// Seconds that it may be late, 0 to 86,400.
    #[serde(default = "default_grace_s")]
    pub grace_s: u32,
    /// The longest time from `/start` to the end, seconds; longer is `down (timeout)`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub max_run_s: Option<u32>,
}

fn default_grace_s() -> u32 {
    300
}

/// When a job is expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "every", rename_all = "snake_case")]
pub enum HeartbeatSchedule {
    /// At most so long after the last call.
    Period {
        /// Seconds, 10 to 31,622,400.
        period_s: u32,
    },
    /// At the times of a cron expression.
    Cron {
        /// Five fields: minute, hour, day of the month, month, day of the week.
        expression: String,
        /// An IANA time zone, such as `Europe/Berlin`.
        #[serde(default = "default_zone")]
        zone: String,
    },
}

fn default_zone() -> String {
    "UTC".to_owned()
}
