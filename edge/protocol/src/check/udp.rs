//! The UDP check: a datagram and its answer.

use crate::{
    assertion::Assertion,
    check::shared::{IpVersion, Payload},
};
use serde::{Deserialize, Serialize};

/// The settings of a UDP check. Without an answer it is down: silence cannot be told from a server that is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UdpCheck {
    /// A name, or an address (IPv6 without brackets).
    pub host: String,
    /// 1 to 65535.
    pub port: u16,
    /// What is sent.
    pub send: Payload,
    /// Which addresses are used.
    #[serde(default, skip_serializing_if = "IpVersion::is_any")]
    pub ip_version: IpVersion,
    /// What must hold: `reply`, `latency`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}
