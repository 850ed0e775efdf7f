//! The request of one hop: what is asked, and how a redirect (RFC 9110, 15.4) changes it.

use crate::attempt::excerpt::clip;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use edgewatch_protocol::check::{HttpAuth, HttpCheck, http::BodyFormat};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{
        ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE,
        COOKIE, HOST, PRAGMA, PROXY_AUTHORIZATION, TRANSFER_ENCODING, USER_AGENT,
    },
};
use url::{Origin, Url, form_urlencoded};

/// The most of a URL that is shown, in bytes. A server may redirect to one of any length.
const MAX_SHOWN_URL_BYTES: usize = 2048;

/// What the probe calls itself.
pub const USER_AGENT_VALUE: &str = concat!("Edgewatch/", env!("CARGO_PKG_VERSION"));

/// The fields that the engine alone sets.
pub const OWN_FIELDS: [HeaderName; 4] = [HOST, CONTENT_LENGTH, CONNECTION, TRANSFER_ENCODING];

/// Fields that may follow a redirect to another origin. Any other may hold a secret.
const HARMLESS_FIELDS: [HeaderName; 6] = [
    ACCEPT,
    ACCEPT_LANGUAGE,
    CACHE_CONTROL,
    CONTENT_TYPE,
    PRAGMA,
    USER_AGENT,
];

/// The request of one hop.
#[derive(Clone, Debug)]
pub struct HopRequest {
    /// Where to, without a fragment and without credentials.
    pub url: Url,
    /// How.
    pub method: Method,
    headers: HeaderMap,
    body: Vec<u8>,
    /// The origin that the check's credentials are for.
    home: Origin,
}

/// Why a redirect cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnusableLocation;

impl HopRequest {
    /// The first request of a check.
    ///
    /// # Errors
    /// One line that says what of the check cannot be sent. [`crate::validate::validate`] finds the same beforehand.
    pub fn first(check: &HttpCheck) -> Result<Self, String> {
        let mut url = Url::parse(&check.url).map_err(|error| format!("the URL cannot be used: {error}"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err("the URL must begin with http:// or https:// and name a host".to_owned());
        }
        url.set_fragment(None);
        let method = Method::from_bytes(check.method.0.as_bytes())
            .map_err(|_| format!("`{}` is not a method", check.method.0))?;
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(USER_AGENT_VALUE));
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        let mut own = HeaderMap::new();
        for header in &check.headers {
            let name = HeaderName::from_bytes(header.name.as_bytes())
                .map_err(|_| format!("`{}` is not a header name", header.name))?;
            let value = HeaderValue::from_str(&header.value)
                .map_err(|_| format!("the value of the header {name} has forbidden characters"))?;
            if !OWN_FIELDS.contains(&name) {
                own.append(name, value);
            }
        }
        for name in own.keys() {
            headers.remove(name);
        }
        headers.extend(own);
        let content_type = match check.body_format {
            BodyFormat::Text => None,
            BodyFormat::Json => Some("application/json"),
            BodyFormat::Form => Some("application/x-www-form-urlencoded"),
        };
        if let (Some(content_type), Some(_)) = (content_type, &check.body) {
            let own = HeaderValue::from_static(content_type);
            headers.entry(CONTENT_TYPE).or_insert(own);
        }
        if let Some(auth) = &check.auth {
            let value = authorization(auth).ok_or("the credentials have forbidden characters")?;
            headers.insert(AUTHORIZATION, value);
        }
        let body = check.body.as_deref().unwrap_or_default();
        Ok(Self {
            home: url.origin(),
            url,
            method,
            headers,
            body: match check.body_format {
                BodyFormat::Text | BodyFormat::Json => body.to_owned(),
                BodyFormat::Form => encode_form(body)?,
            }
            .into_bytes(),
        })
    }

    /// The request that a redirect asks for. 303 becomes a `GET` (a `HEAD` stays one); 301 and 302 turn a `POST` into a
    /// `GET`; 307 and 308 repeat the request. Whatever may be a credential stays at the origin that it was meant for.
    pub fn redirected(
        &self,
        status: StatusCode,
        location: Option<&HeaderValue>,
    ) -> Result<Self, UnusableLocation> {
        // Not `to_str`: servers send UTF-8 there, and every browser takes it.
        let location = location
            .and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
            .ok_or(UnusableLocation)?;
        let mut url = self.url.join(location).map_err(|_| UnusableLocation)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(UnusableLocation);
        }
        url.set_fragment(None);
        let without_credentials = url.set_username("").and_then(|()| url.set_password(None));
        without_credentials.map_err(|()| UnusableLocation)?;

        let mut next = Self { url, ..self.clone() };
        let becomes_get = match status {
            StatusCode::SEE_OTHER => self.method != Method::HEAD,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => self.method == Method::POST,
            _ => false,
        };
        if becomes_get {
            next.method = Method::GET;
            next.body.clear();
            next.headers.remove(CONTENT_TYPE);
        }
        if !next.is_at_home() {
            let foreign: Vec<_> = next
                .headers
                .keys()
                .filter(|name| !HARMLESS_FIELDS.contains(name))
                .cloned()
                .collect();
            for name in foreign {
                next.headers.remove(name);
            }
        }
        Ok(next)
    }

    /// Whether the request goes to the origin that the check names.
    pub fn is_at_home(&self) -> bool {
        self.url.origin() == self.home
    }

    /// The same request with cookies, beside those that the check itself sends.
    #[must_use]
    pub fn with_cookies(mut self, cookies: Option<&str>) -> Self {
        let own = self.headers.get(COOKIE).and_then(|value| value.to_str().ok());
        let all: Vec<&str> = own.into_iter().chain(cookies).collect();
        if let (Some(_), Ok(mut value)) = (cookies, HeaderValue::from_str(&all.join("; "))) {
            value.set_sensitive(true);
            self.headers.insert(COOKIE, value);
        }
        self
    }

    /// The request in origin form, with the fields that HTTP/1.1 needs.
    pub fn to_origin_form(&self) -> Result<http::Request<Vec<u8>>, http::Error> {
        let target = match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        };
        self.to_http1(&target)
    }

    /// The request in absolute form, for an HTTP/1.1 proxy.
    pub fn to_proxy_form(
        &self,
        authorization: Option<HeaderValue>,
    ) -> Result<http::Request<Vec<u8>>, http::Error> {
        let mut request = self.to_http1(self.url.as_str())?;
        if let Some(authorization) = authorization {
            request.headers_mut().insert(PROXY_AUTHORIZATION, authorization);
        }
        Ok(request)
    }

    fn to_http1(&self, target: &str) -> Result<http::Request<Vec<u8>>, http::Error> {
        let mut request = http::Request::builder()
            .method(self.method.clone())
            .uri(target)
            .header(HOST, host_and_port(&self.url, false))
            .body(self.body.clone())?;
        request.headers_mut().extend(self.headers.clone());
        request
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
        Ok(request)
    }

    /// The request for HTTP/2, without the fields that speak of an HTTP/1.1 connection (RFC 9113, 8.2.2).
    #[cfg(feature = "http2")]
    pub fn to_http2_form(&self) -> Result<http::Request<Vec<u8>>, http::Error> {
        let mut request = self.to_absolute_form()?;
        for name in ["keep-alive", "proxy-connection", "upgrade", "te"] {
            request.headers_mut().remove(name);
        }
        if !self.body.is_empty() {
            let length = HeaderValue::from(self.body.len());
            request.headers_mut().insert(CONTENT_LENGTH, length);
        }
        Ok(request)
    }

    /// The request in absolute form, for a platform's own HTTP client.
    pub fn to_absolute_form(&self) -> Result<http::Request<Vec<u8>>, http::Error> {
        let mut request = http::Request::builder()
            .method(self.method.clone())
            .uri(self.url.as_str())
            .body(self.body.clone())?;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
    }

    /// The URL without query and fragment, as it may be shown; of a long one the beginning.
    pub fn shown_url(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        clip(url.as_str(), MAX_SHOWN_URL_BYTES).to_owned()
    }
}

fn authorization(auth: &HttpAuth) -> Option<HeaderValue> {
    match auth {
        HttpAuth::Basic { username, password } => basic_credentials(username, password),
        HttpAuth::Bearer { token } => sensitive(&format!("Bearer {token}")),
    }
}

/// RFC 7617; `None` when they cannot be sent.
pub(super) fn basic_credentials(username: &str, password: &str) -> Option<HeaderValue> {
    let pair = STANDARD.encode(format!("{username}:{password}"));
    sensitive(&format!("Basic {pair}"))
}

fn sensitive(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A URL's host, and its port where it is not the scheme's own or where it must be there.
pub(super) fn host_and_port(url: &Url, with_port: bool) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = if with_port {
        url.port_or_known_default()
    } else {
        url.port()
    };
    match port {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// A form of one `name=value` a line as `application/x-www-form-urlencoded` (URL Standard, 5.2). Empty lines say nothing.
///
/// # Errors
/// One line that names the line that is not such a pair.
pub fn encode_form(text: &str) -> Result<String, String> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
        let (name, value) = line
            .split_once('=')
            .ok_or_else(|| format!("line {} is not name=value", index + 1))?;
        form.append_pair(name, value);
    }
    Ok(form.finish())
}

/// Whether a status asks to go elsewhere.
pub fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgewatch_protocol::check::{Header, Method as CheckMethod};

    fn post_with_credentials() -> HopRequest {
        let header = |name: &str, value: &str| Header {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        HopRequest::first(&HttpCheck {
            method: CheckMethod("POST".to_owned()),
            headers: vec![
                header("X-Api-Key", "k"),
                header("Accept", "text/html"),
                header("Host", "evil.example"),
                header("Content-Type", "text/plain"),
            ],
            body: Some("ping".to_owned()),
            auth: Some(HttpAuth::Basic {
                username: "Aladdin".to_owned(),
                password: "open sesame".to_owned(),
            }),
            ..HttpCheck::get("https://example.com/a/b?x=1#part")
        })
        .unwrap()
    }

    fn to(request: &HopRequest, status: u16, location: &'static str) -> Result<HopRequest, UnusableLocation> {
        let location = HeaderValue::from_static(location);
        request.redirected(StatusCode::from_u16(status).unwrap(), Some(&location))
    }

    #[test]
    fn the_first_request() {
        let request = post_with_credentials().to_origin_form().unwrap();
        assert_eq!(request.uri(), "/a/b?x=1");
        assert_eq!(request.headers()[HOST], "example.com");
        assert_eq!(request.headers()[ACCEPT], "text/html");
        assert_eq!(request.headers()[USER_AGENT], USER_AGENT_VALUE);
        // The example of RFC 7617, section 2.
        assert_eq!(
            request.headers()[AUTHORIZATION],
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
        );
        assert_eq!(request.headers().get_all(HOST).iter().count(), 1);
        assert_eq!(request.body(), b"ping");
        let odd_port = HopRequest::first(&HttpCheck::get("http://[::1]:8080/")).unwrap();
        assert_eq!(odd_port.to_origin_form().unwrap().headers()[HOST], "[::1]:8080");
    }

    #[test]
    fn what_a_body_is() {
        let request = |body_format, headers: Vec<Header>, body: &str| {
            HopRequest::first(&HttpCheck {
                method: CheckMethod("POST".to_owned()),
                headers,
                body: Some(body.to_owned()),
                body_format,
                ..HttpCheck::get("http://example.com/")
            })
        };
        let form = request(BodyFormat::Form, vec![], "a=1 & 2\n\nname=J\u{fc}rgen=x\r\n").unwrap();
        assert_eq!(form.body, b"a=1+%26+2&name=J%C3%BCrgen%3Dx");
        assert_eq!(form.headers[CONTENT_TYPE], "application/x-www-form-urlencoded");
        assert!(request(BodyFormat::Form, vec![], "a=1\nb").is_err());
        let json = request(BodyFormat::Json, vec![], "{ }").unwrap();
        assert_eq!(
            (json.body.as_slice(), &json.headers[CONTENT_TYPE]),
            (&b"{ }"[..], &HeaderValue::from_static("application/json"))
        );
        let own = Header {
            name: "content-type".to_owned(),
            value: "application/problem+json".to_owned(),
        };
        let json = request(BodyFormat::Json, vec![own], "{}").unwrap();
        assert_eq!(json.headers[CONTENT_TYPE], "application/problem+json");
        let text = request(BodyFormat::Text, vec![], "a=b").unwrap();
        assert!(!text.headers.contains_key(CONTENT_TYPE));
    }

    #[test]
    fn cookies_stand_beside_the_checks_own() {
        let own = Header {
            name: "Cookie".to_owned(),
            value: "a=1".to_owned(),
        };
        let request = HopRequest::first(&HttpCheck {
            headers: vec![own],
            ..HttpCheck::get("http://example.com/")
        })
        .unwrap();
        let cookie = |cookies| request.clone().with_cookies(cookies).headers[COOKIE].clone();
        assert_eq!(cookie(Some("b=2; c=3")), "a=1; b=2; c=3");
        assert_eq!(cookie(None), "a=1");
    }

    #[test]
    fn the_request_for_a_proxy() {
        let credentials = basic_credentials("u", "p");
        let request = post_with_credentials().to_proxy_form(credentials).unwrap();
        assert_eq!(request.uri(), "https://example.com/a/b?x=1");
        assert_eq!(request.headers()[HOST], "example.com");
        assert_eq!(request.headers()[PROXY_AUTHORIZATION], "Basic dTpw");
        let target = Url::parse("https://[::1]/").unwrap();
        assert_eq!(host_and_port(&target, true), "[::1]:443");
    }

    #[test]
    fn methods_change_as_rfc_9110_has_it() {
        let request = post_with_credentials();
        for (status, method, body) in [
            (301, "GET", ""),
            (302, "GET", ""),
            (303, "GET", ""),
            (307, "POST", "ping"),
            (308, "POST", "ping"),
        ] {
            let next = to(&request, status, "/c").unwrap();
            assert_eq!(
                (next.method.as_str(), next.body.as_slice()),
                (method, body.as_bytes()),
                "{status}"
            );
            assert_eq!(next.url.as_str(), "https://example.com/c");
            assert_eq!(
                next.headers.contains_key(CONTENT_TYPE),
                method == "POST",
                "{status}"
            );
        }
        let head = HopRequest::first(&HttpCheck {
            method: CheckMethod("HEAD".to_owned()),
            ..HttpCheck::get("http://example.com")
        });
        assert_eq!(to(&head.unwrap(), 303, "/").unwrap().method, Method::HEAD);
    }

    #[test]
    fn credentials_stay_at_their_origin() {
        let request = post_with_credentials();
        let home = to(&request, 307, "https://example.com:443/x").unwrap();
        assert!(home.headers.contains_key(AUTHORIZATION) && home.headers.contains_key("x-api-key"));
        for foreign in [
            "https://other.example/",
            "http://example.com/",
            "https://example.com:444/",
            "//sub.example.com/",
        ] {
            let next = to(&request, 307, foreign).unwrap();
            assert!(!next.headers.contains_key(AUTHORIZATION), "{foreign}");
            assert!(!next.headers.contains_key("x-api-key"), "{foreign}");
            assert!(next.headers.contains_key(ACCEPT), "{foreign}");
        }
        let with_user = to(&request, 302, "https://user:secret@other.example/").unwrap();
        assert_eq!(with_user.url.as_str(), "https://other.example/");
    }

    #[test]
    fn unusable_locations() {
        let request = post_with_credentials();
        for location in [
            "ftp://example.com/",
            "javascript:alert(1)",
            "https://",
            "http://[::1",
        ] {
            assert!(to(&request, 302, location).is_err(), "{location}");
        }
        assert!(request.redirected(StatusCode::FOUND, None).is_err());
        let long = HeaderValue::from_str(&format!("/{}?q", "a".repeat(100_000))).unwrap();
        let next = request.redirected(StatusCode::FOUND, Some(&long)).unwrap();
        assert_eq!(next.shown_url().len(), MAX_SHOWN_URL_BYTES);
        let utf8 = HeaderValue::from_bytes("/straße".as_bytes()).unwrap();
        let next = request.redirected(StatusCode::FOUND, Some(&utf8)).unwrap();
        assert_eq!(next.url.path(), "/stra%C3%9Fe");
    }
}
