//! Requests and responses.

use crate::case::{Case, http};
use edgewatch_protocol::{digest::sha256_hex, phase::Phase, reason::Reason};
use serde_json::json;

pub fn cases() -> Vec<Case> {
    [slow(), broken(), malformed(), unusual(), bodies(), requests()].concat()
}

fn rough(name: &str, behaviour: &str) -> Case {
    http(name, format!("{{http}}/rough/{behaviour}"))
}

/// Peers that take their time.
fn slow() -> Vec<Case> {
    vec![
        http("first byte after 150 ms", "{http}/delay/150")
            .up()
            .takes(Phase::Tcp, 0)
            .takes(Phase::Ttfb, 150)
            .takes(Phase::Body, 0),
        http("first byte after 500 ms", "{http}/delay/500")
            .up()
            .takes(Phase::Ttfb, 500),
        http("body after 400 ms", "{http}/slow-body/400")
            .up()
            .takes(Phase::Ttfb, 0)
            .takes(Phase::Body, 400),
        http("first byte too late", "{http}/delay/2000").times_out(400, Phase::Ttfb),
        http("body too late", "{http}/slow-body/2000").times_out(400, Phase::Body),
        rough("head byte by byte", "drip-in-head/5")
            .up()
            .takes(Phase::Ttfb, 0),
        rough("head byte by byte, too slowly", "drip-in-head/100").times_out(400, Phase::Ttfb),
        rough("body byte by byte", "drip/20").up(),
        rough("body byte by byte, too slowly", "drip/100").times_out(400, Phase::Body),
        rough("no answer after the request", "hang").times_out(400, Phase::Ttfb),
        rough("half a head", "hang-in-head").times_out(400, Phase::Ttfb),
        rough("half a body", "hang-in-body").times_out(400, Phase::Body),
    ]
}

/// Connections that end too early.
fn broken() -> Vec<Case> {
    vec![
        rough("reset after the request", "reset").down(Reason::ConnectionReset, Phase::Ttfb),
        rough("reset in the head", "reset-in-head").down(Reason::ConnectionReset, Phase::Ttfb),
        rough("reset in the body", "reset-in-body").down(Reason::ConnectionReset, Phase::Body),
        rough("closed after the request", "close").down(Reason::ConnectionReset, Phase::Ttfb),
        rough("closed in the head", "close-in-head").down(Reason::ConnectionReset, Phase::Ttfb),
        rough("closed in the body", "close-in-body").down(Reason::ConnectionReset, Phase::Body),
        rough("half closed after the request", "half-open").down(Reason::ConnectionReset, Phase::Ttfb),
        rough("half closed in the body", "half-open-in-body").down(Reason::ConnectionReset, Phase::Body),
        rough("closed in a chunk", "cut-chunk").down(Reason::ConnectionReset, Phase::Body),
        rough("closed before the last chunk", "no-last-chunk").down(Reason::ConnectionReset, Phase::Body),
    ]
}

/// What RFC 9112 does not allow.
fn malformed() -> Vec<Case> {
    let mut cases: Vec<_> = [
        ("a greeting of a mail server", "not-http"),
        ("HTTP/0.9", "http-0.9"),
        ("a status that is no number", "bad-status"),
        ("a version that does not exist", "bad-version"),
        ("another protocol's name", "bad-protocol"),
        ("a field without a colon", "bad-field"),
        ("a field with a NUL", "nul-field"),
        ("a length that is no number", "bad-length"),
        ("two lengths", "two-lengths"),
        ("five thousand fields", "many-fields"),
        ("a head without an end", "endless-head"),
    ]
    .into_iter()
    .map(|(name, behaviour)| rough(name, behaviour).down(Reason::HttpMalformed, Phase::Ttfb))
    .collect();
    cases.push(rough("a chunk without a length", "bad-chunk").down(Reason::HttpMalformed, Phase::Body));
    cases
}

/// What is right, though not every server does it.
fn unusual() -> Vec<Case> {
    vec![
        rough("early hints", "early-hints").up().status(200).body_bytes(3),
        rough("go on, and wait", "continue")
            .up()
            .status(200)
            .body_bytes(3),
        rough("a connection that stays", "keep-alive")
            .up()
            .takes(Phase::Body, 0),
        rough("a body until the end of the connection", "no-length")
            .up()
            .body_bytes(26),
        rough("HTTP/1.0 with a length", "http-1.0")
            .up()
            .says("/http/protocol", "HTTP/1.0"),
        rough("HTTP/1.0 without a length", "until-close")
            .up()
            .says("/http/protocol", "HTTP/1.0")
            .body_bytes(26),
        rough("a status without words", "no-reason").up().status(200),
        rough("no content", "no-content").up().status(204).body_bytes(0),
        rough("not modified", "not-modified")
            .fails(&["status (304) in 200-299"])
            .body_bytes(0),
        rough("ninety fields", "some-fields").up(),
        rough("a field of 60 kB", "long-field").up(),
        rough("a folded field", "folded")
            .asserting(
                &json!([{"on": "header", "name": "x-folded", "is": "matches", "value": "^one\\s+two$"}]),
            )
            .up(),
        rough("lines that end without a carriage return", "bare-lf")
            .up()
            .body_bytes(3),
        rough("more than was announced", "too-much").up().body_bytes(3),
    ]
}

fn bodies() -> Vec<Case> {
    vec![
        rough("chunks with an extension", "chunked")
            .asserting(&json!([{"on": "body", "is": "equal", "value": "one two"}]))
            .up()
            .body_bytes(7),
        rough("fields after the chunks", "trailers").up().body_bytes(3),
        // As it came: nothing is decoded.
        rough("a compressed body", "gzip")
            .asserting(&json!([
                {"on": "header", "name": "content-encoding", "is": "equal", "value": "gzip"},
                {"on": "body", "is": "not_contains", "value": "hello"},
            ]))
            .up()
            .body_bytes(36),
        http("an empty body", "{http}/large/0")
            .up()
            .body_bytes(0)
            .says("/http/body_sha256", sha256_hex(b"")),
        http("a large body", "{http}/large/500000")
            .up()
            .body_bytes(500_000)
            .says("/http/body_sha256", sha256_hex(&vec![b'x'; 500_000])),
        http("a body that is announced too large", "{http}/large/3000000")
            .down(Reason::BodyTooLarge, Phase::Body),
        http("a body above the check's own bound", "{http}/large/5000")
            .with(&json!({"max_body_bytes": 4000}))
            .down(Reason::BodyTooLarge, Phase::Body),
        http("a body at the check's own bound", "{http}/large/4000")
            .with(&json!({"max_body_bytes": 4000}))
            .up(),
        rough("a body without an end", "endless-body").down(Reason::BodyTooLarge, Phase::Body),
        http("out of order", "{http}/failing")
            .fails(&["status (503) in 200-299"])
            .status(503)
            .says("/http/excerpt", "out of order\n"),
        http("a failure that tells secrets", "{http}/leak")
            .fails(&["status (500) in 200-299"])
            .does_not_tell("eyJ")
            .does_not_tell("hunter2")
            .does_not_tell("sk_live"),
    ]
}

fn requests() -> Vec<Case> {
    let echoed =
        |path: &str, value: &str| json!({"on": "json_path", "path": path, "is": "equal", "value": value});
    let contains = |value: &str| json!({"on": "body", "is": "contains", "value": value});
    vec![
        http("HEAD", "{http}/healthy")
            .with(&json!({"method": "HEAD"}))
            .up()
            .body_bytes(0),
        rough("HEAD of something large", "head-length")
            .with(&json!({"method": "HEAD"}))
            .up()
            .body_bytes(0),
        http("OPTIONS", "{http}/echo")
            .with(&json!({"method": "OPTIONS"}))
            .asserting(&json!([echoed("$.method", "OPTIONS")]))
            .up(),
        http("a method, headers and a body", "{http}/echo?a=1")
            .with(&json!({
                "method": "PUT",
                "headers": [{"name": "X-Asked", "value": "by a test"}],
                "body": "hello",
            }))
            .asserting(&json!([
                echoed("$.method", "PUT"),
                echoed("$.query", "a=1"),
                echoed("$.body", "hello"),
                contains("[\"x-asked\",\"by a test\"]"),
                {"on": "body", "is": "matches", "value": "user-agent\",\"Edgewatch/[0-9]"},
            ]))
            .up(),
        http("a form", "{http}/echo")
            .with(&json!({"method": "POST", "body": "a=1 & 2\nb=\u{fc}", "body_format": "form"}))
            .asserting(&json!([
                echoed("$.body", "a=1+%26+2&b=%C3%BC"),
                contains("[\"content-type\",\"application/x-www-form-urlencoded\"]"),
            ]))
            .up(),
        http("a JSON document", "{http}/echo")
            .with(&json!({"method": "POST", "body": "{\"a\": 1}", "body_format": "json"}))
            .asserting(&json!([
                echoed("$.body", "{\"a\": 1}"),
                contains("[\"content-type\",\"application/json\"]"),
            ]))
            .up(),
        http(
            "the whole path and query",
            "{http}/echo/../echo?q=%20%2F&r=\u{e9}#part",
        )
        .asserting(&json!([
            echoed("$.path", "/echo"),
            echoed("$.query", "q=%20%2F&r=%C3%A9")
        ]))
        .up(),
    ]
}
