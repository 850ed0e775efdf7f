//! Redirects.

use super::connections::refused;
use crate::case::{Case, http};
use edgewatch_protocol::{phase::Phase, reason::Reason};
use serde_json::json;

pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        http("one redirect", "{http}/redirect/1?status=301")
            .up()
            .status(200)
            // Without the query, which may hold a secret.
            .says("/http/hops/0/url", "{http}/redirect/1")
            .says("/http/hops/0/status", 301)
            .says("/http/hops/1", json!(null)),
        http("three redirects", "{http}/redirect/3")
            .up()
            .says("/http/hops/2/status", 302)
            .says("/http/hops/3", json!(null)),
        // Both the sum and each hop show where the time went.
        http(
            "a redirect to a slow place",
            "{http}/redirect-to?url={https.held}/delay/150",
        )
        .up()
        .measures(Phase::Tls)
        .takes(Phase::Ttfb, 150)
        .says("/http/hops/0/status", 302),
        http(
            "a redirect to HTTPS",
            "{http}/redirect-to?url={https.good}/healthy",
        )
        .up()
        .measures(Phase::Tls)
        .says("/certificate/fingerprint", "{fingerprint.good}"),
        http(
            "a redirect from HTTPS",
            "{https.good}/redirect-to?url={http}/healthy",
        )
        .up(),
        http(
            "a redirect to a bad certificate",
            "{http}/redirect-to?url={https.expired}/healthy",
        )
        .down(Reason::CertificateExpired, Phase::Tls)
        // What the first hop took is shown.
        .measures(Phase::Request)
        .measures(Phase::Ttfb),
        http(
            "a redirect to a name",
            "{http}/redirect-to?url=http://loopback.test:{port.http}/healthy",
        )
        .up()
        .measures(Phase::Dns),
        http("a relative redirect", "{http}/redirect-to?url=../healthy").up(),
        http(
            "a redirect without a scheme",
            "{http}/redirect-to?url=//127.0.0.1:{port.http}/healthy",
        )
        .up(),
        http(
            "a redirect by the query alone",
            "{http}/redirect-to?url=%3Furl%3D%2Fhealthy",
        )
        .up(),
        http(
            "a redirect with a fragment",
            "{http}/redirect-to?url=/healthy%23part",
        )
        .up(),
        http("a redirect to an error", "{http}/redirect-to?url=/status/500")
            .fails(&["status (500) in 200-299"])
            .status(500),
        http("one redirect too many", "{http}/redirect/6")
            .down_by_rule(Reason::TooManyRedirects)
            .has_no(Phase::Body)
            .says("/http/hops/4/status", 302)
            .says("/http/hops/5", json!(null)),
        http("as many redirects as are allowed", "{http}/redirect/2")
            .with(&json!({"max_redirects": 2}))
            .up(),
        http("a redirect to itself", "{http}/redirect-loop")
            .down_by_rule(Reason::RedirectLoop)
            .has_no(Phase::Body),
        http("a redirect to nowhere", "{http}/redirect-nowhere")
            .down_by_rule(Reason::RedirectInvalid)
            .has_no(Phase::Body),
        http(
            "a redirect to another scheme",
            "{http}/redirect-to?url=ftp://127.0.0.1/",
        )
        .down_by_rule(Reason::RedirectInvalid)
        .has_no(Phase::Body),
        http(
            "a redirect to no address at all",
            "{http}/redirect-to?url=http://[::1",
        )
        .down_by_rule(Reason::RedirectInvalid)
        .has_no(Phase::Body),
        refused(http(
            "a redirect to a refused port",
            "{http}/redirect-to?url=http://{tcp.refused}/",
        ))
        .measures(Phase::Tcp)
        .measures(Phase::Request)
        .measures(Phase::Ttfb),
        http("a redirect that is judged itself", "{http}/redirect/1")
            .with(&json!({"max_redirects": 0}))
            .fails(&["status (302) in 200-299"]),
        http("a redirect that is wanted", "{http}/redirect/1")
            .with(&json!({"max_redirects": 0}))
            .asserting(&json!([{"on": "status", "allowed": "302"}]))
            .up()
            .status(302),
        http("several choices", "{http}/status/300")
            .fails(&["status (300) in 200-299"])
            .status(300),
    ];
    // RFC 9110, 15.4: what becomes of a method and its body.
    for (status, method, body) in [
        (301, "GET", ""),
        (302, "GET", ""),
        (303, "GET", ""),
        (307, "POST", "a body"),
        (308, "POST", "a body"),
    ] {
        cases.push(
            http(
                format!("a POST that is redirected by {status}"),
                format!("{{http}}/redirect-to?status={status}&url=/echo"),
            )
            .with(&json!({"method": "POST", "body": "a body"}))
            .asserting(&json!([
                {"on": "json_path", "path": "$.method", "is": "equal", "value": method},
                {"on": "json_path", "path": "$.body", "is": "equal", "value": body},
            ]))
            .up()
            .says("/http/hops/0/status", status),
        );
    }
    cases
}
