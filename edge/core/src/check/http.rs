//! The HTTP(S) check: a request, hop after hop, then the assertions.

pub(super) mod run;

use crate::{
    check::{CheckType, Secret},
    engine::Engine,
    http_client::request::encode_form,
    platform::Platform,
    tls::client_certificate,
    validate::{self, Faults},
};
use edgewatch_protocol::{
    assertion::{Assertion, Subject},
    capability,
    check::{
        Header, HttpAuth, HttpCheck, PhaseMode,
        http::{BodyFormat, HttpVersion, Proxy},
        shared::IpVersion,
    },
    observation::Sight,
};
use http::Method;
use serde::de::IgnoredAny;
use url::{Host, Url};

/// The largest body to send, in bytes.
pub const MAX_REQUEST_BODY_BYTES: usize = 256 << 10;
/// The most redirects that may be followed.
pub const MAX_REDIRECTS: u8 = 20;
/// The largest bound of a response's body, in bytes.
pub const MAX_BODY_BYTES: u32 = 16 << 20;

const ASSERTIONS: [&str; 6] = [
    "status",
    "header",
    "body",
    "json_path",
    "latency",
    "certificate_days",
];

impl CheckType for HttpCheck {
    fn target(&self) -> String {
        shown_url(&self.url)
    }

    /// Also the proxy's: what is not encrypted passes through it.
    fn origin(&self) -> Option<String> {
        let target = url_origin(&self.url)?;
        match &self.proxy {
            None => Some(target),
            Some(proxy) => Some(format!("{target} through {}", url_origin(&proxy.url)?)),
        }
    }

    fn secrets(&mut self) -> Vec<Secret<'_>> {
        let mut found = auth_secrets(&mut self.auth);
        found.extend(header_secrets("/headers", &mut self.headers));
        if let Some(password) = self.proxy.as_mut().and_then(|proxy| proxy.password.as_mut()) {
            found.push(Secret::new("proxy password", "/proxy/password", password));
        }
        if let Some(certificate) = &mut self.client_certificate {
            let key = &mut certificate.key_pem;
            found.push(Secret::new("client key", "/client_certificate/key_pem", key));
        }
        found
    }

    fn capabilities(&self) -> Vec<&'static str> {
        let mut needed = Vec::new();
        if self.http_version == HttpVersion::Http2 {
            needed.push(capability::HTTP2);
        }
        if self.client_certificate.is_some() {
            needed.push(capability::CLIENT_CERTIFICATE);
        }
        if self.proxy.is_some() {
            needed.push(capability::PROXY);
        }
        if self.ip_version == IpVersion::V6 {
            needed.push(capability::IPV6);
        }
        needed
    }

    fn assertions(&self) -> Vec<&Assertion> {
        self.assertions.iter().collect()
    }

    fn general_assertions(&mut self) -> Option<&mut Vec<Assertion>> {
        Some(&mut self.assertions)
    }

    fn validate(&self, faults: &mut Faults) {
        let url = validate::url(&self.url, &["https", "http"], faults);
        match Method::from_bytes(self.method.0.as_bytes()) {
            Ok(Method::CONNECT) => faults.add("/method", "CONNECT is for proxies and cannot be checked"),
            Ok(_) if self.method.0.len() <= 32 => {}
            _ => faults.add("/method", "must be a method such as GET: 1 to 32 letters or -"),
        }
        validate::headers(&self.headers, faults);
        if let Some(body) = &self.body {
            request_body(body, self.body_format, faults);
        }
        validate::auth(self.auth.as_ref(), &self.headers, faults);
        if self.max_redirects > MAX_REDIRECTS {
            faults.add("/max_redirects", format!("must be 0 to {MAX_REDIRECTS}"));
        }
        if !(1..=MAX_BODY_BYTES).contains(&self.max_body_bytes) {
            faults.add("/max_body_bytes", format!("must be 1 to {MAX_BODY_BYTES}"));
        }
        if self.accept_any_certificate && self.phases != PhaseMode::Own {
            faults.add(
                "/accept_any_certificate",
                "the platform's TLS always verifies the certificate: use phases own",
            );
        }
        connection(self, url.as_ref(), faults);
        validate::assertions(&self.assertions, &ASSERTIONS, faults);
        for (index, assertion) in self.assertions.iter().enumerate() {
            let pointer = format!("/assertions/{index}/on");
            match &assertion.subject {
                Subject::Body { .. } | Subject::JsonPath { .. } if self.method.0 == Method::HEAD.as_str() => {
                    faults.add(pointer, "the answer to HEAD has no body");
                }
                Subject::CertificateDays { .. } => {
                    // A redirect may lead from http to https, so only a check that stays where it is can be told.
                    let is_plain = url.as_ref().is_some_and(|url| url.scheme() == "http");
                    if is_plain && self.max_redirects == 0 {
                        faults.add(&pointer, "an http:// URL shows no certificate");
                    }
                    if self.phases != PhaseMode::Own {
                        faults.add(&pointer, "the certificate is only seen with phases own");
                    }
                }
                _ => {}
            }
        }
    }

    async fn run<P: Platform>(&self, engine: &Engine<'_, P>, timeout_ms: u32) -> Sight {
        run::run(engine, self, timeout_ms).await
    }
}

fn request_body(body: &str, format: BodyFormat, faults: &mut Faults) {
    if body.len() > MAX_REQUEST_BODY_BYTES {
        faults.add(
            "/body",
            format!("may have at most {MAX_REQUEST_BODY_BYTES} bytes"),
        );
    }
    match format {
        BodyFormat::Text => {}
        BodyFormat::Json => {
            if let Err(error) = serde_json::from_str::<IgnoredAny>(body) {
                faults.add("/body", format!("is not JSON: {error}"));
            }
        }
        BodyFormat::Form => {
            if let Err(detail) = encode_form(body) {
                faults.add("/body", detail);
            }
        }
    }
}

/// Looks at how the server is reached, and that these settings do not contradict each other.
fn connection(check: &HttpCheck, url: Option<&Url>, faults: &mut Faults) {
    let is_plain = url.is_some_and(|url| url.scheme() == "http");
    if check.phases != PhaseMode::Own {
        let asks_for = [
            ("/http_version", check.http_version == HttpVersion::Http2),
            ("/ip_version", !check.ip_version.is_any()),
            ("/proxy", check.proxy.is_some()),
            ("/client_certificate", check.client_certificate.is_some()),
        ];
        for (pointer, _) in asks_for.iter().filter(|(_, asked)| *asked) {
            faults.add(pointer, "the platform connects as it likes: use phases own");
        }
    }
    match (url.and_then(Url::host), check.ip_version) {
        (Some(Host::Ipv4(_)), IpVersion::V6) => {
            faults.add("/ip_version", "the URL names an IPv4 address");
        }
        (Some(Host::Ipv6(_)), IpVersion::V4) => {
            faults.add("/ip_version", "the URL names an IPv6 address");
        }
        _ => {}
    }
    if let Some(proxy) = &check.proxy {
        faults.within("/proxy", |faults| self::proxy(proxy, faults));
        if !check.ip_version.is_any() {
            faults.add("/ip_version", "the proxy chooses the address");
        }
        if is_plain && check.http_version == HttpVersion::Http2 {
            faults.add("/http_version", "HTTP/1.1 is spoken to a proxy");
        }
    }
    if let Some(certificate) = &check.client_certificate {
        if is_plain {
            faults.add("/client_certificate", "an http:// URL asks for no certificate");
        }
        if let Err(error) = client_certificate::validate(certificate) {
            faults.add(format!("/client_certificate/{}", error.field), error.detail);
        }
    }
}

fn proxy(proxy: &Proxy, faults: &mut Faults) {
    let url = validate::url(&proxy.url, &["http"], faults);
    let has_more = |url: &Url| url.path() != "/" || url.query().is_some() || url.fragment().is_some();
    if url.is_some_and(|url| url.scheme() == "http" && has_more(&url)) {
        faults.add("/url", "must be no more than http://, a host and a port");
    }
    let is_plain = |text: &str| text.len() <= validate::MAX_HEADER_BYTES && !text.contains(char::is_control);
    match (&proxy.username, &proxy.password) {
        (Some(username), _) if !is_plain(username) || username.contains(':') => {
            faults.add(
                "/username",
                "must not have a colon or control characters (RFC 7617)",
            );
        }
        (None, Some(_)) => faults.add("/username", "is missing, and there is a password"),
        _ => {}
    }
    if proxy
        .password
        .as_deref()
        .is_some_and(|password| !is_plain(password))
    {
        faults.add("/password", "must not have control characters (RFC 7617)");
    }
}

/// A URL as it may be shown: without credentials, query and fragment. Empty when it is none.
pub fn shown_url(text: &str) -> String {
    let Ok(mut url) = Url::parse(text) else {
        return String::new();
    };
    url.set_query(None);
    url.set_fragment(None);
    // Neither can fail on an absolute URL with a host, and what cannot hold credentials holds none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}

/// Scheme, host and port of a URL.
pub fn url_origin(text: &str) -> Option<String> {
    let origin = Url::parse(text).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

/// The secret within credentials.
pub fn auth_secrets(auth: &mut Option<HttpAuth>) -> Vec<Secret<'_>> {
    match auth {
        Some(HttpAuth::Basic { password, .. }) => {
            vec![Secret::new("password", "/auth/password", password)]
        }
        Some(HttpAuth::Bearer { token }) => vec![Secret::new("token", "/auth/token", token)],
        None => Vec::new(),
    }
}

/// The values of headers that carry credentials; the n-th field of a name keeps its own.
pub fn header_secrets<'a>(pointer: &str, headers: &'a mut [Header]) -> Vec<Secret<'a>> {
    let mut names: Vec<String> = Vec::new();
    let mut found = Vec::new();
    for (index, header) in headers.iter_mut().enumerate() {
        let name = header.name.trim().to_ascii_lowercase();
        let nth = names.iter().filter(|earlier| **earlier == name).count();
        if carries_credentials(&name) && !header.value.is_empty() {
            let slot = format!("header {name} {nth}");
            let pointer = format!("{pointer}/{index}/value");
            found.push(Secret::new(slot, pointer, &mut header.value));
        }
        names.push(name);
    }
    found
}

/// Whether fields of this name (in lower case) usually carry credentials: `Authorization`, `Cookie`, `X-Api-Key`,
/// `X-Auth-Token`, `Ocp-Apim-Subscription-Key` and their like. Hiding one too many does no harm.
fn carries_credentials(name: &str) -> bool {
    const WORDS: [&str; 9] = [
        "auth",
        "cookie",
        "credential",
        "key",
        "passw",
        "secret",
        "session",
        "signature",
        "token",
    ];
    WORDS.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests;
