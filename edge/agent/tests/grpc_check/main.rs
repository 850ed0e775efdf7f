//! The gRPC health check against a server that speaks the protocol's every shape of an answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

#[path = "../http_server/mod.rs"]
mod http_server;

use edgewatch_agent::{NativePlatform, run_check};
use edgewatch_protocol::{
    check::Check,
    facts::{Facts, GrpcFacts},
    observation::{Outcome, Sight},
    phase::Phase,
    reason::Reason,
};
use http_body_util::{BodyExt as _, Full};
use http_server::{Authority, Body, HttpServer, Seen, Speaks, answer};
use hyper::{HeaderMap, Response, body::Bytes};
use serde_json::{Value, json};

fn trailers(fields: &[(&'static str, &str)]) -> HeaderMap {
    fields
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect()
}

/// A message and the trailers after it.
fn called(message: &[u8], fields: &[(&'static str, &str)]) -> Response<Body> {
    let mut frame = vec![0, 0, 0, 0, message.len() as u8];
    frame.extend_from_slice(message);
    let after = trailers(fields);
    let body = Full::new(Bytes::from(frame)).with_trailers(async move { Some(Ok(after)) });
    Response::builder()
        .header("content-type", "application/grpc+proto")
        .body(body.boxed())
        .unwrap()
}

/// Answers by the name of the service that is asked about.
fn health(seen: &Seen) -> Response<Body> {
    assert_eq!(seen.method, "POST");
    assert_eq!(seen.path(), "/grpc.health.v1.Health/Check");
    assert_eq!(seen.header("te"), Some("trailers"));
    assert_eq!(seen.header("content-type"), Some("application/grpc"));
    assert!(seen.header("grpc-timeout").is_some());
    let (head, message) = seen.body.split_at(5);
    assert_eq!(head, [0, 0, 0, 0, message.len() as u8]);
    let service = message.get(2..).unwrap_or_default();
    assert!(message.is_empty() || message[..2] == [0x0a, service.len() as u8]);
    let ok: &[(&'static str, &str)] = &[("grpc-status", "0")];
    match service {
        b"" | b"serving" => called(&[8, 1], ok),
        b"not-serving" => called(&[8, 2], ok),
        b"unknown" => called(&[], ok),
        b"service-unknown" => called(&[8, 3], ok),
        b"private" if seen.header("authorization") == Some("Bearer k3y") => called(&[8, 1], ok),
        b"private" => answer(
            200,
            &[
                ("content-type", "application/grpc"),
                ("grpc-status", "16"),
                ("grpc-message", "who%20are you?"),
            ],
            "",
        ),
        b"late-status" => called(&[], &[("grpc-status", "14"), ("grpc-message", "token=abcdef")]),
        b"no-status" => called(&[8, 1], &[("x", "y")]),
        b"garbage" => called(&[0x0f, 1], ok),
        b"not-grpc" => answer(200, &[("content-type", "text/html")], "<html>"),
        b"not-found" => answer(404, &[], ""),
        // Header-only, as a service that does not know the name answers.
        _ => answer(
            200,
            &[
                ("content-type", "application/grpc"),
                ("grpc-status", "5"),
                ("grpc-message", "unknown service"),
            ],
            "",
        ),
    }
}

async fn see(server: &HttpServer, more: Value, platform: &NativePlatform) -> Sight {
    let mut check = json!({"type": "grpc", "host": "127.0.0.1", "port": server.port(), "tls": false});
    check
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let check: Check = serde_json::from_value(check).unwrap();
    assert_eq!(edgewatch_core::check::validate(&check), []);
    run_check(&check, 2000, platform).await
}

fn facts(sight: &Sight) -> Option<(u32, Option<&str>)> {
    match &sight.facts {
        Some(Facts::Grpc(GrpcFacts { status, serving })) => Some((*status, serving.as_deref())),
        _ => None,
    }
}

fn down(reason: Reason) -> Outcome {
    Outcome::Down { reason, phase: None }
}

#[tokio::test]
async fn what_the_server_says_decides() {
    let server = HttpServer::start(Speaks::Http2, health).await;
    let platform = NativePlatform::unrestricted();
    for (service, outcome, expected, message) in [
        ("", Outcome::Up, Some((0, Some("SERVING"))), None),
        ("serving", Outcome::Up, Some((0, Some("SERVING"))), None),
        (
            "not-serving",
            down(Reason::GrpcNotServing),
            Some((0, Some("NOT_SERVING"))),
            Some("the service is NOT_SERVING"),
        ),
        (
            "unknown",
            down(Reason::GrpcNotServing),
            Some((0, Some("UNKNOWN"))),
            Some("the service is UNKNOWN"),
        ),
        (
            "service-unknown",
            down(Reason::GrpcNotServing),
            Some((0, Some("SERVICE_UNKNOWN"))),
            Some("the service is SERVICE_UNKNOWN"),
        ),
        (
            "other",
            down(Reason::GrpcStatus),
            Some((5, None)),
            Some("the call ended with status 5 (NOT_FOUND): unknown service"),
        ),
        (
            "private",
            down(Reason::GrpcStatus),
            Some((16, None)),
            Some("the call ended with status 16 (UNAUTHENTICATED): who are you?"),
        ),
        (
            "late-status",
            down(Reason::GrpcStatus),
            Some((14, None)),
            Some("the call ended with status 14 (UNAVAILABLE): token=•••"),
        ),
        ("no-status", down(Reason::ProtocolError), None, None),
        ("garbage", down(Reason::ProtocolError), Some((0, None)), None),
        ("not-grpc", down(Reason::ProtocolError), None, None),
        ("not-found", down(Reason::ProtocolError), None, None),
    ] {
        let sight = see(&server, json!({"service": service}), &platform).await;
        assert_eq!(sight.outcome, outcome, "{service} {sight:?}");
        assert_eq!(facts(&sight), expected, "{service}");
        if message.is_some() || outcome == Outcome::Up {
            assert_eq!(sight.message.as_deref(), message, "{service}");
        }
        assert_eq!(sight.http.unwrap().protocol.as_deref(), Some("HTTP/2.0"));
        assert!(sight.phases.ttfb.measured_us().is_some() && sight.phases.body.measured_us().is_some());
    }
    let metadata = json!([{"name": "Authorization", "value": "Bearer k3y"}]);
    let sight = see(
        &server,
        json!({"service": "private", "metadata": metadata}),
        &platform,
    )
    .await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    let slow = json!([{"on": "latency", "max_ms": 1000}]);
    assert_eq!(
        see(&server, json!({"assertions": slow}), &platform).await.outcome,
        Outcome::Up
    );
}

#[tokio::test]
async fn over_tls_http2_has_to_be_agreed_on() {
    let authority = Authority::new();
    let platform = NativePlatform::unrestricted().with_extra_roots(vec![authority.root_der()]);
    let server = HttpServer::start(authority.tls(&[b"h2"], false), health).await;
    let days = json!([{"on": "certificate_days", "min_days": 1}]);
    let sight = see(&server, json!({"tls": true, "assertions": days}), &platform).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert!(sight.certificate.is_some() && sight.phases.tls.measured_us().is_some());

    let server = HttpServer::start(authority.tls(&[], false), health).await;
    let sight = see(&server, json!({"tls": true}), &platform).await;
    let expected = Outcome::Down {
        reason: Reason::ProtocolError,
        phase: Some(Phase::Tls),
    };
    assert_eq!(sight.outcome, expected, "{sight:?}");

    // Nobody is trusted by default.
    let sight = see(&server, json!({"tls": true}), &NativePlatform::unrestricted()).await;
    assert_eq!(sight.outcome.reason(), Some(Reason::CertificateUntrusted));
}
