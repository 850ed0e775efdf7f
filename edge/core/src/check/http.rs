//! The HTTP(S) check: hop after hop, then the assertions.

mod run;

use crate::{
    check::{CheckType, Secret},
    engine::Engine,
    platform::Platform,
    validate::{self, Faults},
};
use edgewatch_protocol::{
    assertion::{Assertion, Subject},
    capability,
    check::{Header, HttpAuth, HttpCheck, PhaseMode, http::HttpVersion},
    observation::Sight,
};
use http::Method;
use url::Url;

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

    fn origin(&self) -> Option<String> {
        url_origin(&self.url)
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
        needed
    }

    fn assertions(&self) -> Vec<&Assertion> {
        self.assertions.iter().collect()
    }

    fn validate(&self, faults: &mut Faults) {
        let url = validate::url(&self.url, &["https", "http"], faults);
        match Method::from_bytes(self.method.0.as_bytes()) {
            Ok(Method::CONNECT) => faults.add("/method", "CONNECT is for proxies and cannot be checked"),
            Ok(_) if self.method.0.len() <= 32 => {}
            _ => faults.add("/method", "must be a method such as GET: 1 to 32 letters or -"),
        }
        validate::headers(&self.headers, faults);
        if self
            .body
            .as_ref()
            .is_some_and(|body| body.len() > MAX_REQUEST_BODY_BYTES)
        {
            faults.add(
                "/body",
                format!("may have at most {MAX_REQUEST_BODY_BYTES} bytes"),
            );
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
