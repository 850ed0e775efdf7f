//! Who is asking, and may they: the extractors [`Viewer`], [`Editor`] and [`Admin`], one of which every handler that is
//! not public takes first.
//!
//! A request is authenticated by `Authorization: Bearer <access token>` or by the cookie [`SESSION_COOKIE`]. A cookie is
//! sent by the browser whoever made it send the request, so requests that change something must then come from the same
//! origin (`Sec-Fetch-Site`, else `Origin`), besides `SameSite=Lax`. The session is looked up each time: what was revoked
//! is refused at once.

use super::ApiError;
use crate::{settings::Settings, state::AppState, store::session::SessionUser};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{
        Extensions, HeaderMap, Method,
        header::{AUTHORIZATION, COOKIE, HOST, ORIGIN},
        request::Parts,
    },
};
use chrono::{DateTime, Utc};
use edgewatch_client::session::Role;
use edgewatch_protocol::problem::ProblemType;
use std::net::{IpAddr, SocketAddr};

/// The cookie of the access token; sent everywhere.
pub const SESSION_COOKIE: &str = "edgewatch_session";
/// The cookie of the refresh token; sent to [`REFRESH_PATH`] alone.
pub const REFRESH_COOKIE: &str = "edgewatch_refresh";
/// Where the refresh cookie is sent to.
pub const REFRESH_PATH: &str = "/api/v1/session";

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who, as of now.
    pub user: SessionUser,
    /// When the access token ends.
    pub expires_at: DateTime<Utc>,
}

/// Somebody who may see.
#[derive(Clone, Debug)]
pub struct Viewer(pub Session);

/// Somebody who may change monitors and run tests.
#[derive(Clone, Debug)]
pub struct Editor(pub Session);

/// Somebody who may do everything.
#[derive(Clone, Debug)]
pub struct Admin(pub Session);

impl FromRequestParts<AppState> for Viewer {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        require(parts, state, Role::Viewer).await.map(Self)
    }
}

impl FromRequestParts<AppState> for Editor {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        require(parts, state, Role::Editor).await.map(Self)
    }
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = ApiError;
    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        require(parts, state, Role::Admin).await.map(Self)
    }
}

async fn require(parts: &Parts, state: &AppState, role: Role) -> Result<Session, ApiError> {
    let session = authenticate(&parts.method, &parts.headers, state).await?;
    if session.user.role >= role {
        return Ok(session);
    }
    let (needed, has) = (name(role), name(session.user.role));
    Err(ApiError::new(
        ProblemType::Forbidden,
        format!("this takes the role {needed}, yours is {has}"),
    ))
}

fn name(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Editor => "editor",
        Role::Admin => "admin",
    }
}

/// The session of a request.
pub async fn authenticate(
    method: &Method,
    headers: &HeaderMap,
    state: &AppState,
) -> Result<Session, ApiError> {
    let over = || {
        ApiError::new(
            ProblemType::Unauthenticated,
            "the session is over: renew it or sign in again",
        )
    };
    let token = if let Some(token) = bearer(headers) {
        token
    } else {
        let token = cookie(headers, SESSION_COOKIE)
            .ok_or_else(|| ApiError::new(ProblemType::Unauthenticated, "there is no session"))?;
        if !method.is_safe() {
            require_same_origin(headers, &state.settings())?;
        }
        token
    };
    let now = state.clock.now();
    let (session_id, expires_at) = state.auth.access_tokens.read(token, now).ok_or_else(over)?;
    let user = crate::store::session::find_session(&state.pool, session_id, now)
        .await?
        .ok_or_else(over)?;
    Ok(Session { user, expires_at })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers
        .get_all(COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    pairs
        .flat_map(|pairs| pairs.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| (found == name && !value.is_empty()).then_some(value))
}

/// Refuses a request that a browser sends on behalf of another site (CWE-352). What is no browser sends neither header
/// and has no cookies that somebody else could borrow.
pub fn require_same_origin(headers: &HeaderMap, settings: &Settings) -> Result<(), ApiError> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let same = match (text("sec-fetch-site"), text(ORIGIN.as_str())) {
        (Some(site), _) => site == "same-origin" || site == "none",
        (None, Some(origin)) => {
            let host = origin.split_once("://").map(|(_, host)| host);
            let is_public = settings
                .public_url
                .as_ref()
                .is_some_and(|url| url.origin().ascii_serialization() == origin);
            is_public || (host.is_some() && host == text(HOST.as_str()))
        }
        (None, None) => true,
    };
    if same {
        return Ok(());
    }
    Err(ApiError::new(
        ProblemType::Forbidden,
        "the request comes from another site",
    ))
}

/// The network address that a request comes from. A reverse proxy on the same host or in the same private network is
/// believed when it says (last of `X-Forwarded-For`) whom it speaks for.
pub fn client_address(headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip().to_canonical();
    let near = match peer {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    };
    let forwarded = || {
        let last = headers.get_all("x-forwarded-for").into_iter().next_back()?;
        last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    };
    Some(if near { forwarded().unwrap_or(peer) } else { peer })
}

/// Whether cookies are for `https` alone.
pub fn is_https(headers: &HeaderMap, settings: &Settings) -> bool {
    match &settings.public_url {
        Some(url) => url.scheme() == "https",
        None => headers
            .get("x-forwarded-proto")
            .is_some_and(|proto| proto.as_bytes() == b"https"),
    }
}

/// Scheme and host that the aggregator is reached by: as the settings say, or as whoever asks has reached it.
pub fn origin(settings: &Settings, headers: &HeaderMap) -> String {
    if let Some(url) = &settings.public_url {
        return url.origin().ascii_serialization();
    }
    let scheme = if is_https(headers, settings) {
        "https"
    } else {
        "http"
    };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    format!("{scheme}://{}", host.unwrap_or("localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn requests_of_other_sites_are_refused() {
        let settings = Settings {
            public_url: Some("https://status.example.org/".parse().unwrap()),
            ..Settings::default()
        };
        let allowed =
            |pairs: &[(&'static str, &'static str)]| require_same_origin(&headers(pairs), &settings).is_ok();
        let host = ("host", "10.0.0.1:8080");
        assert!(allowed(&[host]));
        assert!(allowed(&[
            host,
            ("sec-fetch-site", "same-origin"),
            ("origin", "null")
        ]));
        assert!(allowed(&[host, ("origin", "http://10.0.0.1:8080")]));
        assert!(allowed(&[host, ("origin", "https://status.example.org")]));
        for site in ["cross-site", "same-site", ""] {
            assert!(
                !allowed(&[host, ("sec-fetch-site", site), ("origin", "http://10.0.0.1:8080")]),
                "{site}"
            );
        }
        for origin in [
            "null",
            "http://10.0.0.1",
            "https://evil.example",
            "http://status.example.org",
            "",
        ] {
            assert!(!allowed(&[host, ("origin", origin)]), "{origin}");
        }
        assert!(!allowed(&[("origin", "https://evil.example")]));
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let headers = headers(&[
            ("cookie", "a=1; xedgewatch_session=2;edgewatch_session=3"),
            ("cookie", "b=4; empty="),
        ]);
        assert_eq!(cookie(&headers, SESSION_COOKIE), Some("3"));
        assert_eq!(cookie(&headers, "b"), Some("4"));
        assert_eq!(cookie(&headers, "empty"), None);
        assert_eq!(cookie(&headers, "c"), None);
    }

    #[test]
    fn only_a_near_proxy_is_believed() {
        let address = |peer: &str, forwarded: &'static str| {
            let mut extensions = Extensions::new();
            extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
            client_address(&headers(&[("x-forwarded-for", forwarded)]), &extensions)
                .unwrap()
                .to_string()
        };
        assert_eq!(address("127.0.0.1", "192.0.2.9, 198.51.100.7"), "198.51.100.7");
        assert_eq!(address("::ffff:10.1.2.3", "2001:db8::1"), "2001:db8::1");
        assert_eq!(address("203.0.113.5", "198.51.100.7"), "203.0.113.5");
        assert_eq!(address("127.0.0.1", "nonsense"), "127.0.0.1");
        assert_eq!(client_address(&HeaderMap::new(), &Extensions::new()), None);
    }
}
