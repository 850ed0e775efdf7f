//! Assertions of each kind, held and broken.

use crate::case::{Case, http};
use edgewatch_protocol::{observation::Outcome, reason::Reason};
use serde_json::{Value, json};

/// A document, and headers that say something of it.
const HEADERS: &str = "{http}/headers?x-name=probe%20one&x-size=42&x-list=a&x-list=b";

fn header(name: &str, is: &str, value: &str) -> Value {
    json!({"on": "header", "name": name, "is": is, "value": value})
}

fn body(is: &str, value: &str) -> Value {
    json!({"on": "body", "is": is, "value": value})
}

fn path(path: &str, is: &str, value: &str) -> Value {
    json!({"on": "json_path", "path": path, "is": is, "value": value})
}

pub fn cases() -> Vec<Case> {
    vec![
        http("headers as they are asked for", HEADERS)
            .asserting(&json!([
                {"on": "header", "name": "X-Name", "is": "present"},
                {"on": "header", "name": "x-absent", "is": "absent"},
                header("x-name", "equal", "probe one"),
                header("x-name", "not_equal", "Probe one"),
                header("x-name", "contains", "one"),
                header("x-name", "not_contains", "two"),
                header("x-name", "matches", "^probe"),
                header("x-name", "not_matches", "[0-9]"),
                header("x-size", "greater_than", "41.5"),
                header("x-size", "less_than", "43"),
                header("x-list", "equal", "a, b"),
            ]))
            .up(),
        http("headers as they are not asked for", HEADERS)
            .asserting(&json!([
                {"on": "header", "name": "x-absent", "is": "present"},
                {"on": "header", "name": "x-size", "is": "absent"},
                header("x-name", "equal", "Probe one"),
                header("x-name", "contains", "two"),
                header("x-size", "greater_than", "42"),
                header("x-name", "less_than", "42"),
            ]))
            .fails(&[
                "header x-absent (absent) is present",
                "header x-size (42) is absent",
                "header x-name (probe one) == Probe one",
                "header x-name (probe one) contains two",
                "header x-size (42) > 42",
                "header x-name (probe one) < 42",
            ]),
        http("a body as it is asked for", "{http}/healthy")
            .asserting(&json!([
                body("equal", "ok\n"),
                body("contains", "k"),
                body("not_contains", "ko"),
                body("matches", "^ok"),
                body("not_matches", "error"),
            ]))
            .up(),
        http("a body as it is not asked for", "{http}/healthy")
            .asserting(&json!([body("contains", "fine"), body("matches", "^fine$")]))
            .ends(&[Outcome::Down {
                reason: Reason::AssertionFailed,
                phase: None,
            }]),
        http("a document as it is asked for", "{http}/json")
            .asserting(&json!([
                path("$.status", "equal", "ok"),
                path("$.queue.length", "less_than", "8"),
                path("$.ratio", "greater_than", "0.2"),
                path("$.nodes[?@.name == 'b'].up", "equal", "false"),
                {"on": "json_path", "path": "$.nothing", "is": "present"},
                {"on": "json_path", "path": "$.missing", "is": "absent"},
            ]))
            .up(),
        http("a document as it is not asked for", "{http}/json")
            .asserting(&json!([
                {"on": "status", "allowed": "201,300-399"},
                header("Content-Type", "equal", "text/plain"),
                {"on": "header", "name": "x-absent", "is": "present"},
                path("$.status", "equal", "down"),
                path("$.queue.length", "less_than", "5"),
                path("$.nodes[1].up", "equal", "true"),
            ]))
            .fails(&[
                "status (200) in 201,300-399",
                "header content-type (application/json) == text/plain",
                "header x-absent (absent) is present",
                "json_path $.status (\"ok\") == down",
                "json_path $.queue.length (7) < 5",
                "json_path $.nodes[1].up (false) == true",
            ]),
        http("a document that is none", "{http}/healthy")
            .asserting(&json!([path("$.status", "equal", "ok")]))
            .down_by_rule(Reason::AssertionFailed),
        http("a status that is wanted", "{http}/status/418")
            .asserting(&json!([{"on": "status", "allowed": "200,418"}]))
            .up()
            .status(418),
        http("a warning", "{http}/healthy")
            .asserting(&json!([
                {"on": "body", "is": "contains", "value": "fine", "severity": "degraded"},
                {"on": "status", "allowed": "200"},
            ]))
            .ends(&[Outcome::Degraded {
                reason: Reason::AssertionFailed,
            }])
            .status(200),
        http("a failure beside a warning", "{http}/healthy")
            .asserting(&json!([
                {"on": "body", "is": "contains", "value": "fine", "severity": "degraded"},
                {"on": "status", "allowed": "404"},
            ]))
            .down_by_rule(Reason::AssertionFailed)
            .says("/message", "status (200) in 404"),
        http("quicker than it has to be", "{http}/delay/50")
            .asserting(&json!([{"on": "latency", "max_ms": 2000}]))
            .up(),
        http("slower than it should be", "{http}/delay/300")
            .asserting(&json!([{"on": "latency", "max_ms": 200, "severity": "degraded"}]))
            .ends(&[Outcome::Degraded {
                reason: Reason::AssertionFailed,
            }]),
        http("a certificate of enough days", "{https.good}/healthy")
            .asserting(&json!([{"on": "certificate_days", "min_days": 30}]))
            .up(),
        http("a certificate of three days", "{https.expiring}/healthy")
            .asserting(&json!([{"on": "certificate_days", "min_days": 14, "severity": "degraded"}]))
            .degrades(&["certificate days (3) >= 14"])
            .says("/certificate/fingerprint", "{fingerprint.expiring}"),
        http("a certificate of too few days", "{https.expiring}/healthy")
            .asserting(&json!([{"on": "certificate_days", "min_days": 4}]))
            .fails(&["certificate days (3) >= 4"]),
    ]
}
