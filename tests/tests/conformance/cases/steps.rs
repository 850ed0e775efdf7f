//! Steps: requests in order, with values carried from one to the next.

use super::connections::refused;
use crate::case::{Case, Shape, check};
use edgewatch_protocol::{observation::Outcome, phase::Phase, reason::Reason};
use serde_json::{Value, json};

fn steps(what: &str, steps: &Value) -> Case {
    check(format!("steps: {what}"), json!({"type": "steps", "steps": steps}))
}

fn step(name: &str, url: &str) -> Value {
    json!({"name": name, "request": {"url": url}})
}

/// What is taken from an answer.
fn taking(mut step: Value, name: &str, source: &Value) -> Value {
    step["extract"] = json!([{"name": name}]);
    for (field, value) in source.as_object().into_iter().flatten() {
        step["extract"][0][field] = value.clone();
    }
    step
}

fn asserting(mut step: Value, assertions: &Value) -> Value {
    step["request"]["assertions"] = assertions.clone();
    step
}

/// The phases of several steps are sums, also where the last of them did not get far.
fn summed(case: Case) -> Case {
    let phases = [Phase::Tcp, Phase::Request, Phase::Ttfb, Phase::Body];
    phases.into_iter().fold(case, Case::measures)
}

/// A header that the target answers with, as its query asks for.
const TOKEN: &str = "{http}/headers?x-token=t0p-5ecret";

pub fn cases() -> Vec<Case> {
    [carried(), failing(), secrets()].concat()
}

fn carried() -> Vec<Case> {
    let bearer = json!({
        "name": "orders",
        "request": {"url": "{http}/bearer/t0p-5ecret", "auth": {"scheme": "bearer", "token": "{{token}}"}}
    });
    let from_header = taking(
        step("sign in", TOKEN),
        "token",
        &json!({"from": "header", "field": "x-token"}),
    );
    let from_document = taking(
        step("read", "{http}/json"),
        "length",
        &json!({"from": "json_path", "path": "$.queue.length"}),
    );
    let from_text = taking(
        step("read", "{http}/healthy"),
        "word",
        &json!({"from": "regex", "pattern": "(o)k"}),
    );
    let echoed = asserting(
        step("use", "{http}/echo?length={{length}}"),
        &json!([{"on": "json_path", "path": "$.query", "is": "equal", "value": "length=7"}]),
    );
    let wanted = asserting(
        step("use", "{http}/healthy"),
        &json!([{"on": "body", "is": "contains", "value": "{{word}}"}]),
    );
    vec![
        steps("one", &json!([step("look", "{http}/healthy")]))
            .up()
            .says("/facts/steps/0/http/status", 200),
        steps(
            "two, each timed",
            &json!([step("slow", "{http}/delay/100"), step("slower", "{http}/delay/150")]),
        )
        .up()
        .takes(Phase::Ttfb, 250)
        .says("/facts/steps/0/name", "slow")
        .says("/facts/steps/1/name", "slower"),
        steps("a value of a header", &json!([from_header, bearer])).up(),
        steps("a value of a document", &json!([from_document, echoed])).up(),
        steps("a value of a text", &json!([from_text, wanted])).up(),
        steps(
            "plain and over TLS",
            &json!([step("plain", "{http}/healthy"), step("secure", "{https.good}/healthy")]),
        )
        .up()
        .measures(Phase::Tls)
        .says("/certificate/fingerprint", "{fingerprint.good}")
        .says("/facts/steps/0/phases/tls", "not_applicable"),
        steps(
            "a variable of the check's own",
            &json!([asserting(
                json!({"name": "sign in", "request": {
                    "url": "{http}/echo", "method": "POST", "body_format": "json", "body": "{\"word\":\"{{word}}\"}"
                }}),
                &json!([{"on": "json_path", "path": "$.body", "is": "contains", "value": "open sesame"}]),
            )]),
        )
        .with(&json!({"variables": [{"name": "word", "value": "open sesame"}]}))
        .up(),
        steps(
            "a cookie that is kept",
            &json!([
                step("sign in", "{http}/headers?set-cookie=session%3Dabc%3B%20Path%3D%2F"),
                asserting(
                    step("use", "{http}/echo"),
                    &json!([{"on": "body", "is": "contains", "value": "session=abc"}]),
                ),
            ]),
        )
        .with(&json!({"cookies": true}))
        .up(),
        steps(
            "a cookie that is not kept",
            &json!([
                step("sign in", "{http}/headers?set-cookie=session%3Dabc%3B%20Path%3D%2F"),
                asserting(
                    step("use", "{http}/echo"),
                    &json!([{"on": "body", "is": "not_contains", "value": "session=abc"}]),
                ),
            ]),
        )
        .up(),
        steps(
            "a redirect on the way",
            &json!([step("led", "{http}/redirect/2"), step("look", "{http}/healthy")]),
        )
        .up()
        .says("/facts/steps/0/http/status", 200),
    ]
}

fn failing() -> Vec<Case> {
    vec![
        summed(steps(
            "the second out of order",
            &json!([
                step("look", "{http}/healthy"),
                step("use", "{http}/failing"),
                step("never", "{http}/healthy"),
            ]),
        ))
        .fails(&["use: status (503) in 200-299"])
        .says("/message", "step 2 (use): status (503) in 200-299")
        .says("/facts/steps/1/http/status", 503)
        .says("/facts/steps/2", Value::Null),
        summed(steps(
            "a value that is not there",
            &json!([taking(
                step("read", "{http}/json"),
                "token",
                &json!({"from": "json_path", "path": "$.token"}),
            )]),
        ))
        .down_by_rule(Reason::ExtractionFailed)
        .says("/message", "step 1 (read): no value for token at $.token"),
        summed(steps(
            "a value of a document that is none",
            &json!([taking(
                step("read", "{http}/healthy"),
                "token",
                &json!({"from": "json_path", "path": "$.token"}),
            )]),
        ))
        .down_by_rule(Reason::ExtractionFailed),
        summed(refused(steps(
            "the second refused",
            &json!([
                step("look", "{http}/healthy"),
                step("use", "http://{tcp.refused}/")
            ]),
        )))
        .shows(Phase::Tls, Shape::NotReached)
        .says("/facts/steps/0/outcome/state", "up"),
        refused(steps(
            "the first refused",
            &json!([
                step("look", "http://{tcp.refused}/"),
                step("use", "{http}/healthy")
            ]),
        ))
        .says("/facts/steps/1", Value::Null),
        summed(steps(
            "one time-out for all",
            &json!([
                step("slow", "{http}/delay/100"),
                step("never", "{http}/rough/hang")
            ]),
        ))
        .times_out(800, Phase::Ttfb)
        .has_no(Phase::Tls),
        summed(steps(
            "the second with an expired certificate",
            &json!([
                step("look", "{http}/healthy"),
                step("use", "{https.expired}/healthy")
            ]),
        ))
        .down(Reason::CertificateExpired, Phase::Tls)
        .shows(Phase::Tls, Shape::Any),
        steps(
            "the first later than it should be",
            &json!([
                asserting(
                    step("slow", "{http}/delay/150"),
                    &json!([{"on": "latency", "max_ms": 100, "severity": "degraded"}]),
                ),
                step("look", "{http}/healthy"),
            ]),
        )
        .ends(&[Outcome::Degraded {
            reason: Reason::AssertionFailed,
        }])
        .says("/facts/steps/1/outcome/state", "up"),
    ]
}

fn secrets() -> Vec<Case> {
    let taken = taking(
        step("sign in", TOKEN),
        "token",
        &json!({"from": "header", "field": "x-token"}),
    );
    let repeated = asserting(
        step("use", "{http}/echo?token={{token}}"),
        &json!([{"on": "json_path", "path": "$.query", "is": "equal", "value": "nothing"}]),
    );
    vec![
        summed(steps("a value that is not repeated", &json!([taken, repeated])))
            .down_by_rule(Reason::AssertionFailed)
            .does_not_tell("t0p-5ecret"),
    ]
}
