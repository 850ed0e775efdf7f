//! The WebSocket check: an upgrade (RFC 6455), and what is said then.

use crate::{
    assertion::Assertion,
    check::{
        http::HttpAuth,
        shared::{Header, IpVersion, Payload, is_default},
    },
};
use serde::{Deserialize, Serialize};

/// The settings of a WebSocket check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebSocketCheck {
    /// Absolute `ws://` or `wss://` URL.
    pub url: String,
    /// Headers to send with the upgrade.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<Header>,
    /// Credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<HttpAuth>,
    /// The subprotocol that the server must choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subprotocol: Option<String>,
    /// Take any certificate.
    #[serde(default, skip_serializing_if = "is_default")]
    pub accept_any_certificate: bool,
    /// A message to send: text as a text message, bytes as a binary one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<Payload>,
    /// Which addresses are used.
    #[serde(default, skip_serializing_if = "IpVersion::is_any")]
    pub ip_version: IpVersion,
    /// What must hold: `reply` (of the first message that comes), `header` (of the upgrade's response), `latency`,
    /// `certificate_days`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}
