//! Requests and responses.

use crate::case::{Case, Places, case, same};
use edgewatch_protocol::{digest::sha256_hex, phase::Phase, reason::Reason};
use serde_json::json;

pub fn cases(places: &Places<'_>) -> Vec<Case> {
    let http = |name: &str, path: &str| case(name, places.http(path));
    let mut cases = vec![
        http("first byte after 500 ms", "/delay/500")
            .up()
            .takes(Phase::Tcp, 0)
            .takes(Phase::Ttfb, 500)
            .takes(Phase::Body, 0),
        http("body after 400 ms", "/slow-body/400")
            .up()
            .takes(Phase::Ttfb, 0)
            .takes(Phase::Body, 400),
        http("first byte too late", "/delay/2000").times_out(400, Phase::Ttfb),
        http("body too late", "/slow-body/2000").times_out(400, Phase::Body),
        http("body byte by byte", "/rough/drip/30").up().sees(|sight| {
            let body_us = sight.phases.body.measured_us().ok_or("the body is not timed")?;
            // Ten pauses add up, each as much longer as the machine is busy.
            same("that ten pauses of 30 ms took 300 ms", body_us >= 299_000, true)
        }),
        http("no answer after the request", "/rough/hang").times_out(400, Phase::Ttfb),
        http("half a head", "/rough/hang-in-head").times_out(400, Phase::Ttfb),
        http("half a body", "/rough/hang-in-body").times_out(400, Phase::Body),
        http("reset after the request", "/rough/reset").down(Reason::ConnectionReset, Phase::Ttfb),
        http("closed after the request", "/rough/close").down(Reason::ConnectionReset, Phase::Ttfb),
        http("closed in the head", "/rough/close-in-head").down(Reason::ConnectionReset, Phase::Ttfb),
        http("reset in the body", "/rough/reset-in-body").down(Reason::ConnectionReset, Phase::Body),
        http("closed in the body", "/rough/close-in-body").down(Reason::ConnectionReset, Phase::Body),
        http("an answer that is not HTTP", "/rough/not-http").down(Reason::HttpMalformed, Phase::Ttfb),
        http("a chunk without a length", "/rough/bad-chunk").down(Reason::HttpMalformed, Phase::Body),
        http("early hints", "/rough/early-hints").up().status(200),
        http("a body until the end", "/rough/until-close")
            .up()
            .sees(|sight| {
                let facts = sight.http.as_ref().ok_or("no response")?;
                same("the protocol", facts.protocol.as_deref(), Some("HTTP/1.0"))
            }),
        http("a large body", "/large/500000").up().sees(|sight| {
            let facts = sight.http.as_ref().ok_or("no response")?;
            same("the body's size", facts.body_bytes, 500_000)?;
            let digest = sha256_hex(&vec![b'x'; 500_000]);
            same("the body's digest", facts.body_sha256.clone(), Some(digest))
        }),
        http("a body that is announced too large", "/large/3000000").down(Reason::BodyTooLarge, Phase::Body),
        http("a body without an end", "/rough/endless-body").down(Reason::BodyTooLarge, Phase::Body),
        http("out of order", "/failing")
            .fails(&["status (503) in 200-299"])
            .status(503)
            .sees(|sight| {
                let excerpt = sight.http.as_ref().and_then(|http| http.excerpt.as_deref());
                same("the excerpt", excerpt, Some("out of order\n"))
            }),
        http("a failure that tells secrets", "/leak")
            .fails(&["status (500) in 200-299"])
            .sees(|sight| {
                let all = serde_json::to_string(sight).map_err(|error| error.to_string())?;
                let told: Vec<_> = ["eyJ", "hunter2", "sk_live"]
                    .into_iter()
                    .filter(|secret| all.contains(secret))
                    .collect();
                same("what was told", told, Vec::new())?;
                same("that the rest is shown", all.contains("upstream said no"), true)
            }),
        http("a method, headers and a body", "/echo?a=1")
            .with(&json!({
                "method": "PUT",
                "headers": [{"name": "X-Asked", "value": "by a test"}],
                "body": "hello",
                "assertions": [
                    {"on": "json_path", "path": "$.method", "is": "equal", "value": "PUT"},
                    {"on": "json_path", "path": "$.query", "is": "equal", "value": "a=1"},
                    {"on": "json_path", "path": "$.body", "is": "equal", "value": "hello"},
                    {"on": "body", "is": "contains", "value": "[\"x-asked\",\"by a test\"]"},
                    {"on": "body", "is": "matches", "value": "user-agent\",\"Edgewatch/[0-9]"},
                ],
            }))
            .up(),
        http("assertions that fail", "/json")
            .with(&json!({"assertions": [
                {"on": "status", "allowed": "201,300-399"},
                {"on": "header", "name": "Content-Type", "is": "equal", "value": "text/plain"},
                {"on": "header", "name": "x-absent", "is": "present"},
                {"on": "json_path", "path": "$.status", "is": "equal", "value": "down"},
                {"on": "json_path", "path": "$.queue.length", "is": "less_than", "value": "5"},
                {"on": "json_path", "path": "$.nodes[1].up", "is": "equal", "value": "true"},
            ]}))
            .fails(&[
                "status (200) in 201,300-399",
                "header content-type (application/json) == text/plain",
                "header x-absent (absent) is present",
                "json_path $.status (\"ok\") == down",
                "json_path $.queue.length (7) < 5",
                "json_path $.nodes[1].up (false) == true",
            ]),
        http("slower than it should be", "/delay/300")
            .with(&json!({"assertions": [{"on": "latency", "max_ms": 200, "severity": "degraded"}]}))
            .sees(|sight| {
                let text = sight.failed_assertions.first().map_or("", |failed| &failed.text);
                let shown = format!("latency ({} ms) <= 200 ms", sight.total_us.div_ceil(1000));
                same("the failed assertion", text, &*shown)
            })
            .ends(edgewatch_protocol::observation::Outcome::Degraded {
                reason: Reason::AssertionFailed,
            }),
    ];
    cases.extend(credentials(places));
    cases
}

fn credentials(places: &Places<'_>) -> Vec<Case> {
    let basic =
        |password: &str| json!({"auth": {"scheme": "basic", "username": "ada", "password": password}});
    let bearer = json!({"auth": {"scheme": "bearer", "token": "t0ken"}});
    let elsewhere = places.named("loopback.test", "/bearer/t0ken");
    vec![
        case("basic credentials", places.http("/basic-auth/ada/secret"))
            .with(&basic("secret"))
            .up(),
        case("wrong basic credentials", places.http("/basic-auth/ada/secret"))
            .with(&basic("guess"))
            .fails(&["status (401) in 200-299"]),
        case("a bearer token", places.http("/bearer/t0ken"))
            .with(&bearer)
            .up(),
        case(
            "a bearer token is for its own origin",
            places.http(&format!("/redirect-to?url={elsewhere}")),
        )
        .with(&bearer)
        .fails(&["status (401) in 200-299"]),
    ]
}
