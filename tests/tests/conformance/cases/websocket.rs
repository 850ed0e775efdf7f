//! Upgrades and messages of RFC 6455: what is asked for, what is granted, and what is said then.

use super::connections::refused;
use crate::case::{Case, Shape, check, down};
use edgewatch_protocol::{observation::Outcome, phase::Phase, reason::Reason};
use serde_json::{Value, json};

/// An upgrade at a path of the target.
fn upgrade(what: &str, behaviour: &str) -> Case {
    at(
        what,
        &format!("ws://127.0.0.1:{{port.http}}/websocket/{behaviour}"),
    )
}

/// The same over TLS.
fn secure(what: &str, kind: &str, behaviour: &str) -> Case {
    at(
        what,
        &format!("wss://localhost:{{port.https.{kind}}}/websocket/{behaviour}"),
    )
}

fn at(what: &str, url: &str) -> Case {
    check(
        format!("websocket: {what}"),
        json!({"type": "websocket", "url": url}),
    )
}

fn replies(wanted: &str) -> Value {
    json!([{"on": "reply", "is": "contains", "value": wanted}])
}

fn says(text: &str) -> Value {
    json!({"send": {"as": "text", "value": text}})
}

/// An upgrade whose first message is waited for.
fn hears(what: &str, behaviour: &str) -> Case {
    upgrade(what, behaviour).asserting(&replies("hello"))
}

pub fn cases() -> Vec<Case> {
    [upgrades(), messages(), broken(), over_tls()].concat()
}

fn upgrades() -> Vec<Case> {
    let refusal = |case: Case| case.down(Reason::UpgradeRefused, Phase::Body);
    let fault = |case: Case| case.down(Reason::ProtocolError, Phase::Body);
    vec![
        upgrade("upgraded", "echo").up().status(101),
        upgrade("upgraded after 150 ms", "late")
            .up()
            .takes(Phase::Ttfb, 150),
        upgrade("never upgraded", "never").times_out(400, Phase::Ttfb),
        refusal(upgrade("forbidden", "forbidden")).status(403),
        refusal(upgrade("a page instead", "page")).status(200),
        fault(upgrade("an answer to another key", "wrong-accept")).status(101),
        fault(upgrade("upgraded to something else", "other-upgrade")),
        fault(upgrade("an extension that was not offered", "extension")),
        upgrade("a subprotocol", "subprotocol/chat")
            .with(&json!({"subprotocol": "chat"}))
            .up(),
        refusal(upgrade("another subprotocol", "subprotocol/other").with(&json!({"subprotocol": "chat"}))),
        refusal(upgrade("no subprotocol", "echo").with(&json!({"subprotocol": "chat"}))),
        fault(upgrade("a subprotocol that was not offered", "subprotocol/chat")),
        upgrade("a field of the answer", "header")
            .asserting(&json!([{"on": "header", "name": "x-server", "is": "equal", "value": "target"}]))
            .up(),
        upgrade("a field that is not in the answer", "echo")
            .asserting(&json!([{"on": "header", "name": "x-server", "is": "present"}]))
            .fails(&["header x-server (absent) is present"]),
        upgrade("hints on the way", "hints").up().status(101),
        upgrade("not HTTP", "not-http").down(Reason::HttpMalformed, Phase::Body),
        upgrade("reset instead", "reset-before").down(Reason::ConnectionReset, Phase::Ttfb),
        upgrade("closed instead", "closed-before").down(Reason::ConnectionReset, Phase::Ttfb),
        refused(at("refused", "ws://{tcp.refused}/")),
        at("never connected", "ws://{tcp.connect_never}/").times_out(400, Phase::Tcp),
        at("a name", "ws://loopback.test:{port.http}/websocket/echo")
            .up()
            .says("/address", "127.0.0.1"),
    ]
}

fn messages() -> Vec<Case> {
    vec![
        upgrade("said and repeated", "echo")
            .with(&says("hello"))
            .asserting(&replies("hello"))
            .up()
            .says("/facts/text", "hello")
            .says("/facts/bytes", 5),
        upgrade("repeated after 150 ms", "late-echo")
            .with(&says("hello"))
            .asserting(&replies("hello"))
            .up()
            .takes(Phase::Body, 150),
        upgrade("bytes repeated", "echo")
            .with(&json!({"send": {"as": "hex", "value": "ca fe 21"}}))
            .asserting(&replies("!"))
            .up()
            .says("/facts/bytes", 3),
        upgrade("said, and nothing expected", "echo")
            .with(&says("hello"))
            .up(),
        hears("a first message", "greet").up().takes(Phase::Body, 60),
        hears("a message along with the upgrade", "eager").up(),
        upgrade("a message in parts", "parts")
            .asserting(&json!([{"on": "reply", "is": "equal", "value": "one two three"}]))
            .up(),
        hears("a frame byte by byte", "drip").up(),
        upgrade("asked whether it is there", "ping")
            .asserting(&json!([{"on": "reply", "is": "equal", "value": "answered"}]))
            .up(),
        hears("an answer that nobody asked for", "pong").up(),
        upgrade("a long message", "long")
            .asserting(&replies("xxx"))
            .up()
            .says("/facts/bytes", 60_000),
        hears("another message", "long").down_by_rule(Reason::AssertionFailed),
        upgrade("a message of bytes", "binary")
            .asserting(&replies("!"))
            .up(),
        upgrade("a message later than it should be", "late-echo")
            .with(&says("hello"))
            .asserting(&json!([
                {"on": "reply", "is": "equal", "value": "hello"},
                {"on": "latency", "max_ms": 100, "severity": "degraded"}
            ]))
            .ends(&[Outcome::Degraded {
                reason: Reason::AssertionFailed,
            }]),
    ]
}

fn broken() -> Vec<Case> {
    let broken = |what: &str, behaviour: &str, reason| hears(what, behaviour).down(reason, Phase::Body);
    vec![
        hears("no message", "echo").times_out(400, Phase::Body),
        hears("half a message", "half").times_out(400, Phase::Body),
        broken("closed in its own way", "close", Reason::ConnectionReset),
        broken("reset after the upgrade", "reset", Reason::ConnectionReset),
        broken("closed after the upgrade", "closed", Reason::ConnectionReset),
        broken("a masked frame", "masked", Reason::ProtocolError),
        broken("parts of two messages", "mixed", Reason::ProtocolError),
        broken("a text that is none", "not-utf8", Reason::ProtocolError),
        broken("a frame of an extension", "compressed", Reason::ProtocolError),
        broken("a message that is too long", "too-long", Reason::BodyTooLarge),
    ]
}

fn over_tls() -> Vec<Case> {
    vec![
        secure("said and repeated over TLS", "good", "echo")
            .with(&says("hello"))
            .asserting(&replies("hello"))
            .up()
            .says("/certificate/fingerprint", "{fingerprint.good}"),
        secure("a first message over TLS", "tls12", "greet")
            .asserting(&replies("hello"))
            .up()
            .takes(Phase::Body, 60),
        secure("an expired certificate", "expired", "echo").down(Reason::CertificateExpired, Phase::Tls),
        secure("any certificate accepted", "expired", "echo")
            .with(&json!({"accept_any_certificate": true}))
            .up(),
        secure("a certificate of three days", "expiring", "echo")
            .asserting(&json!([{"on": "certificate_days", "min_days": 14, "severity": "degraded"}]))
            .degrades(&["certificate days (3) >= 14"]),
        at("TLS at a plain port", "wss://{tcp.banner}/").down(Reason::TlsHandshake, Phase::Tls),
        // In TLS too a reset is one.
        secure("reset after the upgrade over TLS", "good", "reset")
            .asserting(&replies("hello"))
            .ends(&[down(Reason::ConnectionReset, Phase::Body)])
            .shows(Phase::Body, Shape::NotReached),
    ]
}
