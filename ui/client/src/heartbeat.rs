//! Heartbeats: `/api/v1/monitors/{id}/heartbeat`, with `POST …/rotate`.

use crate::json_object;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How a job reaches its heartbeat monitor, and when it last did. For editors: the URL is a secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Heartbeat {
    /// What the job calls when it has run, by GET, HEAD or POST; with `/start` when it begins, `/fail` when it fails, or
    /// `/{exit code}`.
    pub url: String,
    /// When it was last called, whatever that said.
    pub last_call_at: Option<DateTime<Utc>>,
    /// When the job last ended, well or not.
    pub last_end_at: Option<DateTime<Utc>>,
    /// Since when the job runs, if it told its start and has not ended.
    pub running_since: Option<DateTime<Utc>>,
    /// When the job is expected next.
    pub expected_at: Option<DateTime<Utc>>,
    /// When its silence is down: the expected time and the grace.
    pub late_at: Option<DateTime<Utc>>,
}

json_object!(Heartbeat {
    url,
    last_call_at,
    last_end_at,
    running_since,
    expected_at,
    late_at
});
