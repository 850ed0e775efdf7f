//! The TLS certificate check: the whole chain that a server presents.

use crate::{
    assertion::Assertion,
    check::shared::{IpVersion, StartTls, is_default},
};
use serde::{Deserialize, Serialize};

/// The settings of a TLS certificate check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TlsCheck {
    /// A name, or an address (IPv6 without brackets).
    pub host: String,
    /// 1 to 65535.
    #[serde(default = "default_port")]
    pub port: u16,
    /// The name to ask for (SNI) and to find in the certificate, if it is not the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// How TLS is begun on a connection that begins without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starttls: Option<StartTls>,
    /// Fewer days left than this, of the certificate in the chain that ends first, are `degraded (certificate_expiring)`.
    #[serde(default = "default_degraded_days")]
    pub degraded_days: u16,
    /// Fewer days left than this are `down (certificate_expiring)`. An expired certificate is always down.
    #[serde(default = "default_down_days")]
    pub down_days: u16,
    /// Lower-case hex SHA-256 of certificates (DER), of which the chain must hold at least one; empty asks for none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<String>,
    /// Take keys and signatures that are weak: RSA below 2048 bits, MD5, SHA-1.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_weak: bool,
    /// Take a chain that does not lead to a trusted root: a private authority's. Names, days, pins and keys are judged
    /// all the same.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allow_untrusted: bool,
    /// Which addresses are used.
    #[serde(default, skip_serializing_if = "IpVersion::is_any")]
    pub ip_version: IpVersion,
    /// What must hold: `latency`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}

fn default_port() -> u16 {
    443
}

fn default_degraded_days() -> u16 {
    21
}

fn default_down_days() -> u16 {
    3
}
