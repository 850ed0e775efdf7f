//! Settings that several check types have.

use serde::{Deserialize, Serialize};

/// One header to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Header {
    /// Field name.
    pub name: String,
    /// Field value.
    pub value: String,
}

/// Which addresses of a name are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum IpVersion {
    /// IPv4 first, then IPv6.
    #[default]
    Any,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

impl IpVersion {
    /// Whether nothing is asked for.
    pub fn is_any(&self) -> bool {
        *self == Self::Any
    }
}

/// Bytes to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "as", content = "value", rename_all = "snake_case")]
pub enum Payload {
    /// UTF-8 text as it is written; line ends are sent as they are.
    Text(String),
    /// Hexadecimal digits, two a byte; spaces between bytes are ignored.
    Hex(String),
}

/// A certificate to present, and its key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClientCertificate {
    /// The chain, leaf first, as PEM (RFC 7468).
    pub certificate_pem: String,
    /// The private key as PEM: PKCS#8, PKCS#1 or SEC1.
    pub key_pem: String,
}

impl std::fmt::Debug for ClientCertificate {
    /// Without the key, which is a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientCertificate(…)")
    }
}

/// How a mail or database server is asked to begin TLS on a connection that began without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StartTls {
    /// `EHLO`, `STARTTLS` (RFC 3207).
    Smtp,
    /// `STARTTLS` (RFC 9051).
    Imap,
    /// `STLS` (RFC 2595).
    Pop3,
    /// `SSLRequest` (PostgreSQL's frontend/backend protocol).
    Postgres,
}

/// The field is at its default and is not written.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
