//! The multi-step check against a server that signs in, hands out a token, and asks for it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

#[path = "../http_server/mod.rs"]
mod http_server;

use edgewatch_agent::{NativePlatform, run_check};
use edgewatch_protocol::{
    check::Check,
    facts::{Facts, StepFacts},
    observation::{Outcome, OutcomeState, Sight},
    reason::Reason,
};
use http_server::{Body, HttpServer, Seen, Speaks, WAIT_MS, answer};
use hyper::Response;
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse/battery";
const TOKEN: &str = "tk-Zw==/9&x";

fn shop(seen: &Seen) -> Response<Body> {
    let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
    match seen.path().split('?').next().unwrap() {
        "/sign-in" if body["password"] == PASSWORD => answer(
            200,
            &[("x-csrf", "c5rf"), ("set-cookie", "cart=42")],
            json!({"token": TOKEN, "items": [7, 8]}).to_string(),
        ),
        "/sign-in" => answer(401, &[], format!("no such password: {PASSWORD}")),
        "/page" => answer(200, &[], "<a href=/order?n=17>order</a>"),
        "/orders/7" => {
            let allowed = seen.header("authorization") == Some(&format!("Bearer {TOKEN}"))
                && seen.uri.ends_with("?token=tk-Zw%3D%3D/9%26x")
                && seen.header("x-csrf-token") == Some("c5rf");
            let cookies = seen.header("cookie").unwrap_or("none").to_owned();
            let echo = json!({"cookies": cookies, "token": TOKEN, "is": "seven"}).to_string();
            answer(if allowed { 200 } else { 403 }, &[("x-token", TOKEN)], echo)
        }
        "/broken" => answer(
            500,
            &[("x-echo", TOKEN)],
            format!("{TOKEN} {PASSWORD} {}", seen.uri),
        ),
        "/slow" => answer(200, &[(WAIT_MS, "300")], ""),
        _ => answer(404, &[], ""),
    }
}

fn sign_in(server: &HttpServer) -> Value {
    json!({
        "name": "sign in",
        "request": {
            "url": server.url("/sign-in"), "method": "POST", "body_format": "json",
            "body": r#"{"password": "{{password}}"}"#
        },
        "extract": [
            {"name": "token", "from": "json_path", "path": "$.token"},
            {"name": "item", "from": "json_path", "path": "$.items[0]"},
            {"name": "csrf", "from": "header", "field": "X-Csrf"}
        ]
    })
}

async fn see(mut check: Value, timeout_ms: u32) -> Sight {
    check["type"] = "steps".into();
    let check: Check = serde_json::from_value(check).unwrap();
    assert_eq!(edgewatch_core::check::validate(&check), []);
    run_check(&check, timeout_ms, &NativePlatform::unrestricted()).await
}

fn steps(sight: &Sight) -> &[StepFacts] {
    match &sight.facts {
        Some(Facts::Steps(facts)) => &facts.steps,
        other => panic!("{other:?}"),
    }
}

fn variables(password: &str) -> Value {
    json!([{"name": "password", "value": password}])
}

#[tokio::test]
async fn values_go_from_step_to_step() {
    let server = HttpServer::start(Speaks::Http1, shop).await;
    let check = json!({
        "variables": variables(PASSWORD), "cookies": true,
        "steps": [
            sign_in(&server),
            {
                "name": "page",
                "request": {"url": server.url("/page")},
                "extract": [{"name": "number", "from": "regex", "pattern": "n=(\\d+)"}]
            },
            {
                "name": "order",
                "request": {
                    "url": server.url("/orders/{{item}}?token={{token}}"),
                    "auth": {"scheme": "bearer", "token": "{{token}}"},
                    "headers": [{"name": "X-Csrf-Token", "value": "{{ csrf }}"}],
                    "assertions": [
                        {"on": "json_path", "path": "$.token", "is": "equal", "value": "{{token}}"},
                        {"on": "json_path", "path": "$.cookies", "is": "equal", "value": "cart=42"},
                        {"on": "body", "is": "not_matches", "value": "number {{number}}"}
                    ]
                }
            }
        ]
    });
    let sight = see(check.clone(), 5000).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    let names: Vec<&str> = steps(&sight).iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["sign in", "page", "order"]);
    for step in steps(&sight) {
        assert_eq!(step.outcome, Outcome::Up);
        assert_eq!(step.http.as_ref().unwrap().status, Some(200));
        assert!(step.phases.ttfb.measured_us().is_some() && step.total_us > 0);
    }
    let sum: u32 = steps(&sight).iter().map(|step| step.total_us).sum();
    assert!(sum <= sight.total_us, "{sum} {}", sight.total_us);
    let tcp = |step: &StepFacts| step.phases.tcp.measured_us().unwrap();
    let tcp_us: u32 = steps(&sight).iter().map(tcp).sum();
    assert_eq!(sight.phases.tcp.measured_us(), Some(tcp_us));

    let mut without_cookies = check;
    without_cookies["cookies"] = false.into();
    let sight = see(without_cookies, 5000).await;
    assert_eq!(
        sight.message.as_deref(),
        Some("step 3 (order): json_path $.cookies (\"none\") == cart=42")
    );
    assert_eq!(
        sight.failed_assertions[0].text,
        "order: json_path $.cookies (\"none\") == cart=42"
    );
}

#[tokio::test]
async fn a_step_that_is_down_ends_the_check() {
    let server = HttpServer::start(Speaks::Http1, shop).await;
    let check = json!({
        "variables": variables("wrong-password"),
        "steps": [sign_in(&server), {"name": "page", "request": {"url": server.url("/page")}}]
    });
    let sight = see(check, 5000).await;
    let reason = Reason::AssertionFailed;
    assert_eq!(sight.outcome, Outcome::Down { reason, phase: None });
    assert_eq!(
        sight.message.as_deref(),
        Some("step 1 (sign in): status (401) in 200-299")
    );
    assert_eq!((steps(&sight).len(), server.seen().len()), (1, 1));

    let mut missing =
        json!({"steps": [sign_in(&server), {"name": "page", "request": {"url": server.url("/page")}}]});
    missing["variables"] = variables(PASSWORD);
    missing["steps"][0]["extract"][2]["field"] = "x-missing".into();
    let sight = see(missing, 5000).await;
    let reason = Reason::ExtractionFailed;
    assert_eq!(sight.outcome, Outcome::Down { reason, phase: None });
    assert_eq!(
        sight.message.as_deref(),
        Some("step 1 (sign in): no value for csrf in the header x-missing")
    );

    let late = json!({"steps": [
        {"name": "a", "request": {"url": server.url("/slow"), "assertions": [
            {"on": "latency", "max_ms": 1, "severity": "degraded"}]}},
        {"name": "b", "request": {"url": server.url("/slow")}}
    ]});
    let sight = see(late.clone(), 500).await;
    assert_eq!(
        sight.outcome.reason(),
        Some(Reason::Timeout),
        "one time-out for all: {sight:?}"
    );
    assert_eq!(steps(&sight).len(), 2);
    let sight = see(late, 5000).await;
    assert_eq!(sight.outcome.state(), OutcomeState::Degraded);
    assert!(sight.message.unwrap().starts_with("step 1 (a): latency"));
}

#[tokio::test]
async fn nothing_that_is_carried_is_shown() {
    let server = HttpServer::start(Speaks::Http1, shop).await;
    let broken = json!({
        "name": "broken",
        "request": {
            "url": server.url("/broken?t={{token}}&p={{password}}"),
            "assertions": [
                {"on": "status", "allowed": "200"},
                {"on": "header", "name": "x-echo", "is": "equal", "value": "not {{token}}"},
                {"on": "body", "is": "contains", "value": "{{password}}{{token}}"}
            ]
        }
    });
    let mut failing = sign_in(&server);
    // What is taken is hidden also in the step that it is taken in.
    failing["request"]["assertions"] = json!([
        {"on": "json_path", "path": "$.token", "is": "equal", "value": "x", "severity": "degraded"}]);
    let check = json!({"variables": variables(PASSWORD), "steps": [failing, broken]});
    let sight = see(check, 5000).await;
    assert_eq!(sight.failed_assertions.len(), 4, "{sight:?}");
    let excerpts: Vec<_> = steps(&sight)
        .iter()
        .map(|step| step.http.as_ref().unwrap().excerpt.as_deref().unwrap())
        .collect();
    assert!(excerpts[1].contains("•••"), "{excerpts:?}");
    let shown = serde_json::to_string(&sight).unwrap() + &excerpts.concat();
    for secret in [
        PASSWORD,
        TOKEN,
        "correct%20horse",
        "correct+horse",
        "tk-Zw",
        "c5rf",
    ] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }

    let wrong = json!({"variables": variables("nothing"), "steps": [sign_in(&server)]});
    let mut echoed = wrong.clone();
    echoed["variables"] =
        json!([{"name": "password", "value": "nothing"}, {"name": "other", "value": PASSWORD}]);
    let excerpt = |sight: &Sight| steps(sight)[0].http.clone().unwrap().excerpt.unwrap();
    assert!(excerpt(&see(wrong, 5000).await).contains("horse"));
    assert!(!excerpt(&see(echoed, 5000).await).contains("horse"));
}
