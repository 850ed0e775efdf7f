//! The DNS check: one query (RFC 1035) and its answer.

use crate::{assertion::Assertion, check::shared::is_default};
use serde::{Deserialize, Serialize};

/// The settings of a DNS check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DnsCheck {
    /// The name to ask for.
    pub name: String,
    /// The type of the records.
    #[serde(default)]
    pub record: RecordType,
    /// Whom to ask.
    #[serde(default, skip_serializing_if = "is_default")]
    pub resolver: Resolver,
    /// Values that the answer must have, in the presentation format of RFC 1035 (names without the last dot, TXT without
    /// quotes); empty asks for an answer with at least one record.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expected: Vec<String>,
    /// How the values found are compared with the expected ones.
    #[serde(default, skip_serializing_if = "is_default")]
    pub expected_match: SetMatch,
    /// The answer must be that there is no such name (NXDOMAIN).
    #[serde(default, skip_serializing_if = "is_default")]
    pub expect_no_such_name: bool,
    /// The resolver must have authenticated the answer (DNSSEC, the AD flag of RFC 4035).
    #[serde(default, skip_serializing_if = "is_default")]
    pub require_authenticated: bool,
    /// What must hold: `ttl`, `latency`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}

/// A type of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "they are named by the DNS itself")]
pub enum RecordType {
    #[default]
    A,
    Aaaa,
    Cname,
    Mx,
    Txt,
    Ns,
    Soa,
    Srv,
    Caa,
}

impl RecordType {
    /// The name in the DNS, such as `AAAA`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Mx => "MX",
            Self::Txt => "TXT",
            Self::Ns => "NS",
            Self::Soa => "SOA",
            Self::Srv => "SRV",
            Self::Caa => "CAA",
        }
    }
}

/// Whom a DNS check asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Resolver {
    /// The probe's own resolver.
    #[default]
    Probe,
    /// A resolver by DNS over HTTPS (RFC 8484).
    Https {
        /// Such as `https://dns.example/dns-query`.
        url: String,
    },
    /// A server by UDP, and by TCP where the answer is truncated.
    Udp {
        /// Its name or address.
        host: String,
        /// Its port.
        #[serde(default = "default_port")]
        port: u16,
    },
    /// A server by TCP.
    Tcp {
        /// Its name or address.
        host: String,
        /// Its port.
        #[serde(default = "default_port")]
        port: u16,
    },
}

fn default_port() -> u16 {
    53
}

/// How a set of values found is compared with the expected ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SetMatch {
    /// At least one of the expected values is there.
    Any,
    /// All expected values are there; others may be too.
    #[default]
    All,
    /// The expected values are there and no others.
    Exact,
}
