//! What keeps a check from being run, told field by field: the parts that many types have. What is special to a type
//! stands in its own file of [`crate::check`].

use crate::{
    attempt::connect::Endpoint, http_client::request::OWN_FIELDS, json_path::Path, pattern::Pattern,
};
use edgewatch_protocol::{
    assertion::{Assertion, Subject, TextCondition},
    check::{
        Header, HttpAuth,
        shared::{IpVersion, Payload},
    },
    problem::FieldError,
};
use http::{HeaderName, HeaderValue, header::AUTHORIZATION};
use url::Url;

/// The longest URL, in bytes.
pub const MAX_URL_BYTES: usize = 2048;
/// The most headers to send.
pub const MAX_HEADERS: usize = 50;
/// The longest header value, in bytes.
pub const MAX_HEADER_BYTES: usize = 8 << 10;
/// The most that is sent, in bytes.
pub const MAX_PAYLOAD_BYTES: usize = 64 << 10;
/// The most assertions.
pub const MAX_ASSERTIONS: usize = 50;
/// The longest text that an assertion compares with, in bytes.
pub const MAX_TEXT_BYTES: usize = 4 << 10;

/// The faults found so far.
#[derive(Debug, Default)]
pub struct Faults {
    errors: Vec<FieldError>,
    prefix: String,
}

impl Faults {
    /// Notes a fault at a JSON pointer.
    pub fn add(&mut self, pointer: impl AsRef<str>, detail: impl Into<String>) {
        self.errors.push(FieldError {
            pointer: format!("{}{}", self.prefix, pointer.as_ref()),
            detail: detail.into(),
        });
    }

    /// Notes faults whose pointers are relative to one of the parts.
    pub fn within(&mut self, pointer: &str, look: impl FnOnce(&mut Self)) {
        let outer = self.prefix.len();
        self.prefix.push_str(pointer);
        look(self);
        self.prefix.truncate(outer);
    }

    /// All of them, in the order in which they were found.
    pub fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }

    /// A number outside its range.
    pub fn range<T: PartialOrd + std::fmt::Display + Copy>(
        &mut self,
        pointer: &str,
        value: T,
        low: T,
        high: T,
    ) {
        if !(low..=high).contains(&value) {
            self.add(pointer, format!("is {value}, use {low} to {high}"));
        }
    }
}

/// Looks at `/url`: an absolute URL without credentials, of one of the schemes.
pub fn url(text: &str, schemes: &[&str], faults: &mut Faults) -> Option<Url> {
    if text.len() > MAX_URL_BYTES {
        faults.add("/url", format!("may have at most {MAX_URL_BYTES} bytes"));
        return None;
    }
    let first = schemes.first().copied().unwrap_or_default();
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => {
            faults.add(
                "/url",
                format!("is not a URL such as {first}://example.com/health: {error}"),
            );
            return None;
        }
    };
    if !schemes.contains(&url.scheme()) {
        let begins: Vec<_> = schemes.iter().map(|scheme| format!("{scheme}://")).collect();
        faults.add("/url", format!("must begin with {}", begins.join(" or ")));
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
    Some(url)
}

/// Looks at `/host` and `/port`.
pub fn host_and_port(host: &str, port: u16, ip_version: IpVersion, faults: &mut Faults) {
    self::host("/host", host, ip_version, faults);
    if port == 0 {
        faults.add("/port", "must be 1 to 65535");
    }
}

/// Looks at a name or an address.
pub fn host(pointer: &str, host: &str, ip_version: IpVersion, faults: &mut Faults) {
    match Endpoint::of_host(host, 0, ip_version).map(|endpoint| endpoint.host) {
        Some(url::Host::Domain(name))
            if name.len() > 253 || name.split('.').any(|label| label.len() > 63) =>
        {
            faults.add(pointer, "a name has at most 253 characters, 63 between two dots");
        }
        Some(url::Host::Ipv4(_)) if ip_version == IpVersion::V6 => {
            faults.add(pointer, "is an IPv4 address, and ip_version asks for IPv6");
        }
        Some(url::Host::Ipv6(_)) if ip_version == IpVersion::V4 => {
            faults.add(pointer, "is an IPv6 address, and ip_version asks for IPv4");
        }
        Some(_) => {}
        None => faults.add(
            pointer,
            "is not a host: use a name such as db.example.com or an address, without a scheme or a port",
        ),
    }
}

/// Looks at what is sent: `{pointer}/value`.
pub fn payload(pointer: &str, payload: &Payload, faults: &mut Faults) {
    match payload_bytes(payload) {
        Ok(bytes) if bytes.len() > MAX_PAYLOAD_BYTES => {
            faults.add(
                format!("{pointer}/value"),
                format!("may have at most {MAX_PAYLOAD_BYTES} bytes"),
            );
        }
        Ok(_) => {}
        Err(detail) => faults.add(format!("{pointer}/value"), detail),
    }
}

/// The bytes of a payload.
///
/// # Errors
/// One line that says what is wrong with it.
pub fn payload_bytes(payload: &Payload) -> Result<Vec<u8>, String> {
    match payload {
        Payload::Text(text) => Ok(text.clone().into_bytes()),
        Payload::Hex(digits) => {
            let digits: String = digits.split_whitespace().collect();
            hex::decode(digits).map_err(|error| format!("is not hexadecimal such as 0d 0a: {error}"))
        }
    }
}

/// Looks at `/headers`.
pub fn headers(headers: &[Header], faults: &mut Faults) {
    fields("/headers", headers, faults);
}

/// Looks at a list of fields to send.
pub fn fields(pointer: &str, fields: &[Header], faults: &mut Faults) {
    if fields.len() > MAX_HEADERS {
        faults.add(pointer, format!("may be at most {MAX_HEADERS}"));
    }
    for (index, field) in fields.iter().enumerate() {
        match HeaderName::from_bytes(field.name.as_bytes()) {
            Ok(name) if OWN_FIELDS.contains(&name) => {
                faults.add(
                    format!("{pointer}/{index}/name"),
                    format!("{name} is set by the probe itself"),
                );
            }
            Ok(_) => {}
            Err(_) => faults.add(format!("{pointer}/{index}/name"), "is not a header name"),
        }
        if HeaderValue::from_str(&field.value).is_err() || field.value.len() > MAX_HEADER_BYTES {
            let detail = format!("may have at most {MAX_HEADER_BYTES} bytes and no control characters");
            faults.add(format!("{pointer}/{index}/value"), detail);
        }
    }
}

/// Looks at `/auth`, and that no header says the same.
pub fn auth(auth: Option<&HttpAuth>, headers: &[Header], faults: &mut Faults) {
    let is_plain = |text: &str| text.len() <= MAX_HEADER_BYTES && !text.contains(char::is_control);
    match auth {
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
    let also_a_header = headers
        .iter()
        .position(|header| header.name.eq_ignore_ascii_case(AUTHORIZATION.as_str()));
    if let Some(index) = also_a_header {
        faults.add(
            format!("/headers/{index}/name"),
            "there is auth already: give credentials once",
        );
    }
}

/// Looks at `/assertions`: that each is one of those that the type has, and that it can be judged.
pub fn assertions(assertions: &[Assertion], of_type: &[&str], faults: &mut Faults) {
    if assertions.len() > MAX_ASSERTIONS {
        faults.add("/assertions", format!("may be at most {MAX_ASSERTIONS}"));
    }
    for (index, assertion) in assertions.iter().enumerate() {
        let subject = &assertion.subject;
        faults.within(&format!("/assertions/{index}"), |faults| {
            if !of_type.contains(&subject.as_str()) {
                faults.add("/on", format!("must be one of {}", of_type.join(", ")));
            }
            assertion_subject(subject, faults);
        });
    }
}

fn assertion_subject(subject: &Subject, faults: &mut Faults) {
    match subject {
        Subject::Status { .. } | Subject::CertificateDays { .. } | Subject::Unknown => {}
        Subject::Header { name, condition } => {
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                faults.add("/name", "is not a header name");
            }
            text_condition(condition, faults);
        }
        Subject::Body { condition } | Subject::Reply { condition } => text_condition(condition, faults),
        Subject::JsonPath { path, condition } => {
            json_path("/path", path, faults);
            text_condition(condition, faults);
        }
        Subject::Ttl { min_s, max_s } => {
            if min_s > max_s {
                faults.add("/max_s", "must not be less than min_s");
            }
        }
        Subject::PacketLoss { max_percent } => faults.range("/max_percent", *max_percent, 0, 100),
        Subject::Latency { max_ms } | Subject::Jitter { max_ms } => {
            if *max_ms == 0 {
                faults.add("/max_ms", "must be 1 or more");
            }
        }
    }
}

/// Looks at a path of RFC 9535.
pub fn json_path(pointer: &str, path: &str, faults: &mut Faults) {
    if let Err(detail) = Path::new(path) {
        faults.add(pointer, detail);
    }
}

/// Looks at a regular expression.
pub fn pattern(pointer: &str, pattern: &str, faults: &mut Faults) {
    if let Err(detail) = Pattern::new(pattern) {
        faults.add(pointer, detail);
    }
}

fn text_condition(condition: &TextCondition, faults: &mut Faults) {
    let pointer = "/value";
    match condition {
        TextCondition::Present | TextCondition::Absent => {}
        TextCondition::Matches(expression) | TextCondition::NotMatches(expression) => {
            pattern(pointer, expression, faults);
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
