//! The ping check: ICMP echo requests (RFC 792, RFC 4443).

use crate::{assertion::Assertion, check::shared::IpVersion};
use serde::{Deserialize, Serialize};

/// The settings of a ping check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PingCheck {
    /// A name, or an address.
    pub host: String,
    /// How many requests are sent, 1 to 20.
    #[serde(default = "default_count")]
    pub count: u8,
    /// Milliseconds between two requests, 10 to 5000.
    #[serde(default = "default_spacing_ms")]
    pub spacing_ms: u16,
    /// Bytes of data in each request, 0 to 1400.
    #[serde(default = "default_payload_bytes")]
    pub payload_bytes: u16,
    /// Which addresses are used.
    #[serde(default, skip_serializing_if = "IpVersion::is_any")]
    pub ip_version: IpVersion,
    /// What must hold: `packet_loss`, `jitter`, `latency` (of the mean round trip). Without one on the loss, at least one
    /// answer is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}

fn default_count() -> u8 {
    4
}

fn default_spacing_ms() -> u16 {
    200
}

fn default_payload_bytes() -> u16 {
    56
}
