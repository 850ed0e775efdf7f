//! The gRPC health check: `grpc.health.v1.Health/Check`.

use crate::{
    assertion::Assertion,
    check::shared::{Header, IpVersion, is_default},
};
use serde::{Deserialize, Serialize};

/// The settings of a gRPC health check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GrpcCheck {
    /// A name, or an address (IPv6 without brackets).
    pub host: String,
    /// 1 to 65535.
    pub port: u16,
    /// Whether TLS is used.
    #[serde(default = "default_tls")]
    pub tls: bool,
    /// Take any certificate.
    #[serde(default, skip_serializing_if = "is_default")]
    pub accept_any_certificate: bool,
    /// The service to ask about; empty asks about the server as a whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub service: String,
    /// Metadata to send.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metadata: Vec<Header>,
    /// Which addresses are used.
    #[serde(default, skip_serializing_if = "IpVersion::is_any")]
    pub ip_version: IpVersion,
    /// What must hold: `latency`, `certificate_days`. That the service is `SERVING` is always asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}

fn default_tls() -> bool {
    true
}
