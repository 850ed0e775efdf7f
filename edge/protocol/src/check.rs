//! What a check does: its type and that type's settings.

use crate::assertion::Assertion;
use serde::{Deserialize, Deserializer, Serialize};

/// A check by type. A type that this build does not know is kept apart, so that a probe reports it as `unmeasured
/// (unsupported)` instead of refusing its whole assignment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Check {
    /// An HTTP(S) request and assertions on its response.
    Http(HttpCheck),
    /// A type of a newer protocol version.
    #[serde(other)]
    Unknown,
}

impl Check {
    /// The capability that a probe must have to run this check.
    pub fn capability(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Unknown => "unknown",
        }
    }
}

/// Reads the check of an assignment or a test run. One that this build cannot read, such as for a condition or a mode of
/// a newer minor version, becomes [`Check::Unknown`]: it is this one check that is not supported, not the whole message.
pub(crate) fn deserialize_or_unknown<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Check, D::Error> {
    let check = serde_json::Value::deserialize(deserializer)?;
    Ok(Check::deserialize(check).unwrap_or(Check::Unknown))
}

/// The settings of an HTTP(S) check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HttpCheck {
    /// Absolute `http://` or `https://` URL.
    pub url: String,
    /// The method; any token of RFC 9110.
    #[serde(default)]
    pub method: Method,
    /// Headers to send, in order. `Host`, `Content-Length` and `Connection` are the engine's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<Header>,
    /// The request's body as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Credentials, sent as an `Authorization` header to the URL's own origin only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<HttpAuth>,
    /// How many redirects are followed; 0 judges the redirect itself.
    #[serde(default = "default_max_redirects")]
    pub max_redirects: u8,
    /// Take any certificate, also an expired, foreign or self-signed one.
    #[serde(default)]
    pub accept_any_certificate: bool,
    /// How much of the connection the probe does itself.
    #[serde(default)]
    pub phases: PhaseMode,
    /// A larger body than this, in bytes, ends the check as `down (body_too_large)`.
    #[serde(default = "default_max_body_bytes")]
    pub max_body_bytes: u32,
    /// What must hold. Without an assertion on the status, 200 to 299 is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<Assertion>,
}

impl HttpCheck {
    /// A `GET` of a URL with everything else at its default.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            method: Method::default(),
            headers: Vec::new(),
            body: None,
            auth: None,
            max_redirects: default_max_redirects(),
            accept_any_certificate: false,
            phases: PhaseMode::default(),
            max_body_bytes: default_max_body_bytes(),
            assertions: Vec::new(),
        }
    }
}

fn default_max_redirects() -> u8 {
    5
}

fn default_max_body_bytes() -> u32 {
    1 << 20
}

/// An HTTP method, `GET` by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Method(pub String);

impl Default for Method {
    fn default() -> Self {
        Self("GET".to_owned())
    }
}

/// One header to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Header {
    /// Field name.
    pub name: String,
    /// Field value.
    pub value: String,
}

/// Credentials of an HTTP check.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "scheme", rename_all = "snake_case")]
pub enum HttpAuth {
    /// RFC 7617.
    Basic {
        /// User name.
        username: String,
        /// Password.
        password: String,
    },
    /// RFC 6750.
    Bearer {
        /// Token.
        token: String,
    },
}

impl std::fmt::Debug for HttpAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic(…)",
            Self::Bearer { .. } => "Bearer(…)",
        })
    }
}

/// How much of the connection the probe does itself, and so which phases it can time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PhaseMode {
    /// Own lookup, dial, TLS and HTTP: every phase and the certificate. Falls back to `fetch` where the platform
    /// forbids the dial.
    #[default]
    Own,
    /// The platform's sockets with the platform's TLS: TCP, TLS and TTFB, but no certificate.
    Platform,
    /// The platform's HTTP client: TTFB and body alone.
    Fetch,
}
