//! Whether a check can be run at all: what the aggregator asks before it takes a definition.

use crate::{assertion::compile_pattern, check::OWN_FIELDS};
use edgewatch_protocol::{
    assertion::{Assertion, Subject, TextCondition},
    check::{Check, Header, HttpAuth, HttpCheck, PhaseMode},
    problem::FieldError,
};
use http::{HeaderName, HeaderValue, Method, header::AUTHORIZATION};
use serde_json_path::JsonPath;
use url::Url;

/// The longest URL, in bytes.
pub const MAX_URL_BYTES: usize = 2048;
/// The most headers to send.
pub const MAX_HEADERS: usize = 50;
/// The longest header value, in bytes.
pub const MAX_HEADER_BYTES: usize = 8 << 10;
/// The largest body to send, in bytes.
pub const MAX_REQUEST_BODY_BYTES: usize = 256 << 10;
/// The most redirects that may be followed.
pub const MAX_REDIRECTS: u8 = 20;
/// The largest bound of a response's body, in bytes.
pub const MAX_BODY_BYTES: u32 = 16 << 20;
/// The most assertions.
pub const MAX_ASSERTIONS: usize = 50;
/// The longest text that an assertion compares with, in bytes.
pub const MAX_TEXT_BYTES: usize = 4 << 10;

/// The fields at fault, by JSON pointer relative to the check (`/url`, `/headers/0/name`, `/assertions/2/value`); empty
/// when the check can be run.
pub fn validate(check: &Check) -> Vec<FieldError> {
    let mut faults = Faults(Vec::new());
    match check {
        Check::Http(check) => http_check(check, &mut faults),
        Check::Unknown => faults.add("/type", "is not a check type of this version: use http"),
    }
    faults.0
}

struct Faults(Vec<FieldError>);

impl Faults {
    fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(FieldError {
            pointer: pointer.into(),
            detail: detail.into(),
        });
    }
}

fn http_check(check: &HttpCheck, faults: &mut Faults) {
    let is_https = url(&check.url, faults);
    match Method::from_bytes(check.method.0.as_bytes()) {
        Ok(Method::CONNECT) => faults.add("/method", "CONNECT is for proxies and cannot be checked"),
        Ok(_) if check.method.0.len() <= 32 => {}
        _ => faults.add("/method", "must be a method such as GET: 1 to 32 letters or -"),
    }
    headers(&check.headers, faults);
    if check
        .body
        .as_ref()
        .is_some_and(|body| body.len() > MAX_REQUEST_BODY_BYTES)
    {
        faults.add(
            "/body",
            format!("may have at most {MAX_REQUEST_BODY_BYTES} bytes"),
        );
    }
    auth(check, faults);
    if check.max_redirects > MAX_REDIRECTS {
        faults.add("/max_redirects", format!("must be 0 to {MAX_REDIRECTS}"));
    }
    if !(1..=MAX_BODY_BYTES).contains(&check.max_body_bytes) {
        faults.add("/max_body_bytes", format!("must be 1 to {MAX_BODY_BYTES}"));
    }
    if check.accept_any_certificate && check.phases != PhaseMode::Own {
        faults.add(
            "/accept_any_certificate",
            "the platform's TLS always verifies the certificate: use phases own",
        );
    }
    if check.assertions.len() > MAX_ASSERTIONS {
        faults.add("/assertions", format!("may be at most {MAX_ASSERTIONS}"));
    }
    for (index, one) in check.assertions.iter().enumerate() {
        assertion(one, check, is_https, &format!("/assertions/{index}"), faults);
    }
}

/// Looks at the URL; whether it is an `https` one, as far as can be told.
fn url(text: &str, faults: &mut Faults) -> bool {
    if text.len() > MAX_URL_BYTES {
        faults.add("/url", format!("may have at most {MAX_URL_BYTES} bytes"));
        return true;
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => {
            faults.add(
                "/url",
                format!("is not a URL such as https://example.com/health: {error}"),
            );
            return true;
        }
    };
    if !matches!(url.scheme(), "http" | "https") {
        faults.add("/url", "must begin with http:// or https://");
    } else if url.host_str().is_none_or(str::is_empty) {
        faults.add("/url", "must name a host");
    } else if url.port_or_known_default() == Some(0) {
        faults.add("/url", "the port must be 1 to 65535");
    }
    if !url.username().is_empty() || url.password().is_some() {
        faults.add(
            "/url",
            "must not hold credentials: use auth, which is kept secret",
        );
    }
    url.scheme() != "http"
}

fn headers(headers: &[Header], faults: &mut Faults) {
    if headers.len() > MAX_HEADERS {
        faults.add("/headers", format!("may be at most {MAX_HEADERS}"));
    }
    for (index, header) in headers.iter().enumerate() {
        match HeaderName::from_bytes(header.name.as_bytes()) {
            Ok(name) if OWN_FIELDS.contains(&name) => {
                faults.add(
                    format!("/headers/{index}/name"),
                    format!("{name} is set by the probe itself"),
                );
            }
            Ok(_) => {}
            Err(_) => faults.add(format!("/headers/{index}/name"), "is not a header name"),
        }
        if HeaderValue::from_str(&header.value).is_err() || header.value.len() > MAX_HEADER_BYTES {
            let detail = format!("may have at most {MAX_HEADER_BYTES} bytes and no control characters");
            faults.add(format!("/headers/{index}/value"), detail);
        }
    }
}

fn auth(check: &HttpCheck, faults: &mut Faults) {
    let is_plain = |text: &str| text.len() <= MAX_HEADER_BYTES && !text.contains(char::is_control);
    match &check.auth {
        None => return,
        Some(HttpAuth::Basic { username, password }) => {
            if !is_plain(username) || username.contains(':') {
                faults.add(
                    "/auth/username",
                    "must not have a colon or control characters (RFC 7617)",
                );
            }
            if !is_plain(password) {
                faults.add("/auth/password", "must not have control characters (RFC 7617)");
            }
        }
        Some(HttpAuth::Bearer { token }) => {
            if token.is_empty()
                || token.len() > MAX_HEADER_BYTES
                || !token.bytes().all(|b| b.is_ascii_graphic())
            {
                faults.add(
                    "/auth/token",
                    "must be visible ASCII characters without spaces (RFC 6750)",
                );
            }
        }
    }
    let also_a_header = check
        .headers
        .iter()
        .position(|header| header.name.eq_ignore_ascii_case(AUTHORIZATION.as_str()));
    if let Some(index) = also_a_header {
        faults.add(
            format!("/headers/{index}/name"),
            "there is auth already: give credentials once",
        );
    }
}

fn assertion(assertion: &Assertion, check: &HttpCheck, is_https: bool, pointer: &str, faults: &mut Faults) {
    let has_body = check.method.0 != Method::HEAD.as_str();
    match &assertion.subject {
        Subject::Status { .. } => {}
        Subject::Header { name, condition } => {
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                faults.add(format!("{pointer}/name"), "is not a header name");
            }
            text_condition(condition, pointer, faults);
        }
        Subject::Body { condition } => {
            if !has_body {
                faults.add(format!("{pointer}/on"), "the answer to HEAD has no body");
            }
            text_condition(condition, pointer, faults);
        }
        Subject::JsonPath { path, condition } => {
            if !has_body {
                faults.add(format!("{pointer}/on"), "the answer to HEAD has no body");
            }
            if path.len() > MAX_TEXT_BYTES {
                faults.add(
                    format!("{pointer}/path"),
                    format!("may have at most {MAX_TEXT_BYTES} bytes"),
                );
            } else if let Err(error) = JsonPath::parse(path) {
                let detail = format!("is not a JSONPath such as $.status (RFC 9535): {error}");
                faults.add(format!("{pointer}/path"), detail);
            }
            text_condition(condition, pointer, faults);
        }
        Subject::Latency { max_ms } => {
            if *max_ms == 0 {
                faults.add(format!("{pointer}/max_ms"), "must be 1 or more");
            }
        }
        Subject::CertificateDays { .. } => {
            // A redirect may lead from http to https, so only a check that stays where it is can be told.
            if !is_https && check.max_redirects == 0 {
                faults.add(format!("{pointer}/on"), "an http:// URL shows no certificate");
            }
            if check.phases != PhaseMode::Own {
                faults.add(
                    format!("{pointer}/on"),
                    "the certificate is only seen with phases own",
                );
            }
        }
        Subject::Unknown => faults.add(
            format!("{pointer}/on"),
            "must be one of status, header, body, json_path, latency, certificate_days",
        ),
    }
}

fn text_condition(condition: &TextCondition, pointer: &str, faults: &mut Faults) {
    let pointer = format!("{pointer}/value");
    match condition {
        TextCondition::Present | TextCondition::Absent => {}
        TextCondition::Matches(pattern) | TextCondition::NotMatches(pattern) => {
            if let Err(error) = compile_pattern(pattern) {
                faults.add(pointer, format!("is not a regular expression: {error}"));
            }
        }
        TextCondition::GreaterThan(number) | TextCondition::LessThan(number) => {
            if !number.trim().parse::<f64>().is_ok_and(f64::is_finite) {
                faults.add(pointer, "must be a number");
            }
        }
        TextCondition::Equal(text)
        | TextCondition::NotEqual(text)
        | TextCondition::Contains(text)
        | TextCondition::NotContains(text) => {
            if text.len() > MAX_TEXT_BYTES {
                faults.add(pointer, format!("may have at most {MAX_TEXT_BYTES} bytes"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pointers(mut fields: Value) -> Vec<String> {
        fields["type"] = "http".into();
        if fields["url"].is_null() {
            fields["url"] = "https://example.com/".into();
        }
        let check: Check = serde_json::from_value(fields).unwrap();
        validate(&check).into_iter().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn a_good_check_has_no_faults() {
        let full = json!({
            "url": "https://[2001:db8::1]:8443/a?b=c", "method": "PATCH",
            "headers": [{"name": "X-A", "value": "b"}], "body": "{}",
            "auth": {"scheme": "bearer", "token": "abc.def"}, "max_redirects": 0, "max_body_bytes": 16 << 20,
            "assertions": [
                {"on": "status", "allowed": "200-299"},
                {"on": "header", "name": "content-type", "is": "contains", "value": "json"},
                {"on": "body", "is": "matches", "value": "^ok"},
                {"on": "json_path", "path": "$.a[?@.b > 1]", "is": "less_than", "value": "1.5"},
                {"on": "latency", "max_ms": 500}, {"on": "certificate_days", "min_days": 14}
            ]
        });
        assert_eq!(pointers(full), [""; 0]);
        assert_eq!(pointers(json!({"url": "http://localhost:8080"})), [""; 0]);
        // http may redirect to https, which has a certificate.
        let days = json!([{"on": "certificate_days", "min_days": 14}]);
        assert_eq!(
            pointers(json!({"url": "http://example.com", "assertions": days})),
            [""; 0]
        );
    }

    #[test]
    fn each_fault_is_named_by_its_field() {
        for url in [
            "",
            "example.com",
            "ftp://example.com/",
            "https://",
            "http://a b/",
            "http://h:99999/",
            "http://h:0/",
        ] {
            assert_eq!(pointers(json!({"url": url})), ["/url"], "{url}");
        }
        assert_eq!(pointers(json!({"url": "https://u:p@example.com/"})), ["/url"]);
        assert_eq!(
            pointers(json!({"url": format!("https://example.com/{}", "a".repeat(2048))})),
            ["/url"]
        );
        for method in ["", "G T", "CONNECT"] {
            assert_eq!(pointers(json!({"method": method})), ["/method"], "{method}");
        }
        assert_eq!(
            pointers(json!({"headers": [
                {"name": "ok", "value": "a\nb"}, {"name": "Host", "value": "x"}, {"name": "a b", "value": "x"}]})),
            ["/headers/0/value", "/headers/1/name", "/headers/2/name"]
        );
        assert_eq!(
            pointers(json!({"auth": {"scheme": "basic", "username": "a:b", "password": "c\r"}})),
            ["/auth/username", "/auth/password"]
        );
        assert_eq!(
            pointers(json!({"auth": {"scheme": "bearer", "token": "a b"}})),
            ["/auth/token"]
        );
        assert_eq!(
            pointers(
                json!({"auth": {"scheme": "bearer", "token": "a"}, "headers": [{"name": "authorization", "value": "b"}]})
            ),
            ["/headers/0/name"]
        );
        assert_eq!(
            pointers(json!({"max_redirects": 21, "max_body_bytes": 0})),
            ["/max_redirects", "/max_body_bytes"]
        );
        assert_eq!(
            pointers(json!({"phases": "fetch", "accept_any_certificate": true})),
            ["/accept_any_certificate"]
        );
        assert_eq!(
            pointers(json!({"assertions": [
                {"on": "body", "is": "matches", "value": "("},
                {"on": "json_path", "path": "status", "is": "present"},
                {"on": "json_path", "path": "$.a", "is": "greater_than", "value": "many"},
                {"on": "header", "name": "a b", "is": "present"},
                {"on": "latency", "max_ms": 0},
                {"on": "moon"}]})),
            [
                "/assertions/0/value",
                "/assertions/1/path",
                "/assertions/2/value",
                "/assertions/3/name",
                "/assertions/4/max_ms",
                "/assertions/5/on"
            ]
        );
        assert_eq!(
            pointers(json!({"method": "HEAD", "assertions": [{"on": "body", "is": "present"}]})),
            ["/assertions/0/on"]
        );
        assert_eq!(
            pointers(
                json!({"url": "http://example.com", "max_redirects": 0, "phases": "platform",
                "assertions": [{"on": "certificate_days", "min_days": 1}]})
            ),
            ["/assertions/0/on", "/assertions/0/on"]
        );
    }
}
