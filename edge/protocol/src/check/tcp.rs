//! The TCP check: connect, optionally TLS, then say something and look at the reply.

use crate::{
    assertion::Assertion,
    check::shared::{IpVersion, Payload, is_default},
};
use serde::{Deserialize, Serialize};

/// The settings of a TCP check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TcpCheck {
    /// A name, or an address (IPv6 without brackets).
    pub host: String,
    /// 1 to 65535.
    pub port: u16,
    /// What is spoken on the connection. Every protocol but `raw` checks the server's greeting and takes its leave as
    /// that protocol wants it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub protocol: TcpProtocol,
    /// Whether TLS is used.
    #[serde(default, skip_serializing_if = "is_default")]
    pub security: TcpSecurity,
    /// Take any certificate.
    #[serde(default, skip_serializing_if = "is_default")]
    pub accept_any_certificate: bool,
    /// What is sent once connected; for `raw` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<Payload>,
    /// Which addresses are used.
    #[serde(default, skip_serializing_if = "IpVersion::is_any")]
    pub ip_version: IpVersion,
    /// What must hold: `reply`, `latency`, `certificate_days`. With one on the reply, the check reads until it holds, the
    /// peer closes, 64 KiB came, or the time is over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}

/// What is spoken on a TCP connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TcpProtocol {
    /// Whatever the check sends and expects.
    #[default]
    Raw,
    /// SMTP (RFC 5321): greeting 220, `EHLO`, `QUIT`.
    Smtp,
    /// IMAP (RFC 9051): greeting `* OK`, `LOGOUT`.
    Imap,
    /// POP3 (RFC 1939): greeting `+OK`, `QUIT`.
    Pop3,
    /// PostgreSQL: `SSLRequest` and its answer.
    Postgres,
}

/// Whether and how TLS is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TcpSecurity {
    /// None.
    #[default]
    None,
    /// From the first byte on.
    Tls,
    /// Asked for in the protocol's own way; not for `raw`.
    #[serde(rename = "starttls")]
    StartTls,
}
