//! The HTTP(S) check: a request, redirects followed, assertions on the final response.

use crate::{
    assertion::Assertion,
    check::shared::{ClientCertificate, Header, IpVersion, is_default},
};
use serde::{Deserialize, Serialize};

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
    /// What the body is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub body_format: BodyFormat,
    /// Credentials, sent as an `Authorization` header to the URL's own origin only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<HttpAuth>,
    /// Cookies that a redirect sets are sent with the hops after it (RFC 6265), each to its own host.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cookies: bool,
    /// Which version of HTTP is spoken.
    #[serde(default, skip_serializing_if = "is_default")]
    pub http_version: HttpVersion,
    /// Which addresses are used.
    #[serde(default, skip_serializing_if = "IpVersion::is_any")]
    pub ip_version: IpVersion,
    /// A proxy to go through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Proxy>,
    /// A certificate to present to the URL's own origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<ClientCertificate>,
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
            body_format: BodyFormat::default(),
            auth: None,
            cookies: false,
            http_version: HttpVersion::default(),
            ip_version: IpVersion::default(),
            proxy: None,
            client_certificate: None,
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

/// What the body of a request is, and so its `Content-Type` where no header gives one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum BodyFormat {
    /// Text, sent as it is, without a `Content-Type` of its own.
    #[default]
    Text,
    /// JSON, sent as it is: `application/json`.
    Json,
    /// One `name=value` a line, sent percent-encoded: `application/x-www-form-urlencoded`.
    Form,
}

/// Which version of HTTP is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum HttpVersion {
    /// HTTP/2 where server and probe agree on it (ALPN, RFC 7301), else HTTP/1.1.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// HTTP/1.1 alone.
    #[serde(rename = "1.1")]
    Http1,
    /// HTTP/2 alone; on `http://` with prior knowledge (RFC 9113, 3.3).
    #[serde(rename = "2")]
    Http2,
}

/// An HTTP proxy.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Proxy {
    /// `http://` URL without credentials. Asked by `CONNECT` for `https://` targets, in absolute form for others.
    pub url: String,
    /// User name for the proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Password for the proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

impl std::fmt::Debug for Proxy {
    /// Without the credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({})", self.url)
    }
}
