//! The WebSocket check: an upgrade of HTTP/1.1 (RFC 6455), and what is said then.
//!
//! Redirects are not followed, as browsers do not follow them either.

mod frame;
mod handshake;
mod run;

use crate::{
    check::{
        CheckType, Secret,
        http::{auth_secrets, header_secrets, shown_url, url_origin},
        tcp::{ipv6_capability, replies_that_never_come},
    },
    engine::Engine,
    platform::Platform,
    validate::{self, Faults},
};
use edgewatch_protocol::{
    assertion::{Assertion, Subject},
    check::WebSocketCheck,
    observation::Sight,
};
use http::HeaderName;

const ASSERTIONS: [&str; 4] = ["reply", "header", "latency", "certificate_days"];

impl CheckType for WebSocketCheck {
    fn target(&self) -> String {
        shown_url(&self.url)
    }

    fn origin(&self) -> Option<String> {
        url_origin(&self.url)
    }

    fn secrets(&mut self) -> Vec<Secret<'_>> {
        let mut found = auth_secrets(&mut self.auth);
        found.extend(header_secrets("/headers", &mut self.headers));
        found
    }

    fn capabilities(&self) -> Vec<&'static str> {
        ipv6_capability(self.ip_version)
    }

    fn assertions(&self) -> Vec<&Assertion> {
        self.assertions.iter().collect()
    }

    fn general_assertions(&mut self) -> Option<&mut Vec<Assertion>> {
        Some(&mut self.assertions)
    }

    fn validate(&self, faults: &mut Faults) {
        let url = validate::url(&self.url, &["wss", "ws"], faults);
        validate::headers(&self.headers, faults);
        for (index, header) in self.headers.iter().enumerate() {
            let name = header.name.to_ascii_lowercase();
            if name == "upgrade" || name.starts_with("sec-websocket-") {
                faults.add(format!("/headers/{index}/name"), "is set by the probe itself");
            }
        }
        validate::auth(self.auth.as_ref(), &self.headers, faults);
        let is_token = |name: &String| HeaderName::from_bytes(name.as_bytes()).is_ok();
        if self.subprotocol.as_ref().is_some_and(|name| !is_token(name)) {
            faults.add("/subprotocol", "must be one name without spaces or commas");
        }
        if let Some(payload) = &self.send {
            validate::payload("/send", payload, faults);
        }
        validate::assertions(&self.assertions, &ASSERTIONS, faults);
        replies_that_never_come(&self.assertions, faults);
        let is_plain = url.is_some_and(|url| url.scheme() == "ws");
        for (index, assertion) in self.assertions.iter().enumerate() {
            if is_plain && matches!(assertion.subject, Subject::CertificateDays { .. }) {
                faults.add(
                    format!("/assertions/{index}/on"),
                    "a ws:// URL shows no certificate",
                );
            }
        }
    }

    async fn run<P: Platform>(&self, engine: &Engine<'_, P>, timeout_ms: u32) -> Sight {
        run::run(engine, self, timeout_ms).await
    }
}
