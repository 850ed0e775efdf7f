//! The domain check: when a domain's registration ends, asked by RDAP (RFC 9082, RFC 9083) with IANA's bootstrap
//! (RFC 9224).

use crate::check::shared::is_default;
use serde::{Deserialize, Serialize};

/// The settings of a domain check. Registries limit how often they are asked: the interval must be an hour or more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DomainCheck {
    /// The registered domain, such as `example.org`.
    pub domain: String,
    /// Fewer days left than this are `degraded (domain_expiring)`.
    #[serde(default = "default_degraded_days")]
    pub degraded_days: u16,
    /// Fewer days left than this are `down (domain_expiring)`.
    #[serde(default = "default_down_days")]
    pub down_days: u16,
    /// A part of the registrar's name that must be there, compared without regard to case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registrar: Option<String>,
    /// The registry's RDAP server, for domains that IANA's bootstrap does not know, such as `https://rdap.example/`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rdap_url: Option<String>,
}

fn default_degraded_days() -> u16 {
    30
}

fn default_down_days() -> u16 {
    7
}
