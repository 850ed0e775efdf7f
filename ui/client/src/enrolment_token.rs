//! Enrolment tokens: `/api/v1/enrolment-tokens`.

use crate::json_object;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// `POST /api/v1/enrolment-tokens`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EnrolmentTokenRequest {
    /// For people: what it is for.
    #[serde(default)]
    pub label: String,
    /// Regions that may enrol with it; empty means any region.
    #[serde(default)]
    pub regions: Vec<edgewatch_protocol::name::Region>,
    /// Probes of each region that may enrol with it, 1 to 32, default 1.
    #[serde(default = "default_probes_per_region")]
    pub probes_per_region: u8,
    /// Probes that use it need no approval.
    #[serde(default)]
    pub self_approving: bool,
    /// Hours until it ends, 1 to 720, default 24.
    #[serde(default = "default_valid_hours")]
    pub valid_hours: u16,
}

fn default_valid_hours() -> u16 {
    24
}

fn default_probes_per_region() -> u8 {
    1
}

/// A token as listed; the secret itself is shown once, at creation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnrolmentToken {
    /// Number.
    pub id: i32,
    /// What it is for.
    pub label: String,
    /// Regions that may use it; empty means any.
    pub regions: Vec<String>,
    /// Regions that have used it.
    pub used_by: Vec<String>,
    /// Probes that use it need no approval.
    pub self_approving: bool,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// The secret, in the answer to its creation alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

json_object!(EnrolmentToken {
    id,
    label,
    regions,
    used_by,
    self_approving,
    expires_at,
    token
});
