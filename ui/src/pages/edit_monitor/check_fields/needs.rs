//! What a check in the form asks of a probe, beside its type.

use super::{FILLED, When};
use crate::pages::edit_monitor::tree;
use edgewatch_client::protocol::capability;
use serde_json::Value;

/// Settings that ask for a capability, wherever a check type has them.
const BY_SETTING: [(When, &str); 5] = [
    (When("/http_version", &["2"]), capability::HTTP2),
    (
        When("/client_certificate/certificate_pem", FILLED),
        capability::CLIENT_CERTIFICATE,
    ),
    (When("/proxy/url", FILLED), capability::PROXY),
    (When("/resolver/by", &["udp"]), capability::UDP),
    (When("/ip_version", &["v6"]), capability::IPV6),
];

/// Capabilities that are no check types, and what people call them.
pub const CAPABILITIES: [(&str, &str); 5] = [
    (capability::HTTP2, "HTTP/2"),
    (capability::CLIENT_CERTIFICATE, "client certificates"),
    (capability::PROXY, "proxies"),
    (capability::UDP, "UDP"),
    (capability::IPV6, "IPv6"),
];

/// The capabilities that a check needs, its type first; `check` is its tree.
pub fn needs(kind: &'static str, check: &Value) -> Vec<&'static str> {
    let mut needed = vec![kind];
    if kind == "grpc" {
        needed.push(capability::HTTP2);
    }
    let steps = tree::rows(check, "/steps").iter().map(|step| &step["request"]);
    for settings in std::iter::once(check).chain(steps) {
        for (when, capability) in &BY_SETTING {
            if tree::holds(when, settings) && !needed.contains(capability) {
                needed.push(capability);
            }
        }
    }
    needed
}
