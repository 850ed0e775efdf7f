//! What needs HTTP/2, and other settings that not every host can do: gRPC, client certificates, proxies.

use crate::case::{Case, Change, HostKind, check, http};
use edgewatch_protocol::{observation::Outcome, phase::Phase, reason::Reason};
use serde_json::{Value, json};

const NO_HTTP2: &str = "it speaks no HTTP/2, and so agrees on HTTP/1.1";

/// A question after a service, without TLS.
fn grpc(what: &str, service: &str) -> Case {
    let check_json =
        json!({"type": "grpc", "host": "127.0.0.1", "port": "{port.http}", "tls": false, "service": service});
    check(format!("grpc: {what}"), check_json).needs(&["grpc", "http2"])
}

/// The same over TLS.
fn secure(what: &str, kind: &str) -> Case {
    let port = format!("{{port.https.{kind}}}");
    grpc(what, "").with(&json!({"host": "localhost", "port": port, "tls": true}))
}

pub fn cases() -> Vec<Case> {
    [versions(), health(), faults(), certificates_and_proxies()].concat()
}

fn versions() -> Vec<Case> {
    let over_http1 = [Change::Says("/http/protocol", "HTTP/1.1".into())];
    let two = json!({"http_version": "2"});
    vec![
        http("HTTP/2 where both can", "{https.http2}/healthy")
            .up()
            .says("/http/protocol", "HTTP/2.0")
            .differs(HostKind::Cloudflare, NO_HTTP2, &over_http1)
            .differs(HostKind::Spin, NO_HTTP2, &over_http1),
        http("HTTP/2 asked for", "{https.http2}/healthy")
            .with(&two)
            .needs(&["http2"])
            .up()
            .says("/http/protocol", "HTTP/2.0"),
        http("HTTP/2 asked for without TLS", "{http}/slow-body/200")
            .with(&two)
            .needs(&["http2"])
            .up()
            .takes(Phase::Body, 200)
            .says("/http/protocol", "HTTP/2.0"),
        http("HTTP/2 asked of a server that has none", "{https.good}/healthy")
            .with(&two)
            .needs(&["http2"])
            .down(Reason::ProtocolError, Phase::Tls)
            .measures(Phase::Tls),
        http(
            "HTTP/1.1 asked of a server that has both",
            "{https.http2}/healthy",
        )
        .with(&json!({"http_version": "1.1"}))
        .up()
        .says("/http/protocol", "HTTP/1.1"),
    ]
}

fn health() -> Vec<Case> {
    vec![
        grpc("a server that serves", "")
            .up()
            .says("/facts/serving", "SERVING")
            .says("/facts/status", 0),
        grpc("a service that serves", "serving").up(),
        grpc("a service that serves after 150 ms", "delay/150")
            .up()
            .takes(Phase::Ttfb, 150),
        grpc("later than it should be", "delay/150")
            .asserting(&json!([{"on": "latency", "max_ms": 100, "severity": "degraded"}]))
            .ends(&[Outcome::Degraded {
                reason: Reason::AssertionFailed,
            }]),
        grpc("with metadata", "private")
            .with(&json!({"metadata": [{"name": "x-key", "value": "k3y"}]}))
            .up(),
        secure("over TLS", "http2")
            .up()
            .says("/certificate/fingerprint", "{fingerprint.http2}"),
    ]
}

fn faults() -> Vec<Case> {
    vec![
        grpc("a service that does not serve", "not-serving")
            .down_by_rule(Reason::GrpcNotServing)
            .says("/facts/serving", "NOT_SERVING"),
        grpc("a service that it does not know the state of", "unknown").down_by_rule(Reason::GrpcNotServing),
        grpc("a service that nobody knows", "absent-service")
            .down_by_rule(Reason::GrpcStatus)
            .says("/facts/status", 5),
        grpc("without metadata", "private").down_by_rule(Reason::GrpcStatus),
        grpc("a status after the answer", "late")
            .down_by_rule(Reason::GrpcStatus)
            .says("/facts/status", 14),
        grpc("no status", "no-status").down_by_rule(Reason::ProtocolError),
        grpc("nonsense", "garbage").down_by_rule(Reason::ProtocolError),
        grpc("a page", "page").down_by_rule(Reason::ProtocolError),
        grpc("not found", "absent").down_by_rule(Reason::ProtocolError),
        grpc("never answered", "never").times_out(400, Phase::Ttfb),
        secure("a server that speaks no HTTP/2", "good")
            .down(Reason::ProtocolError, Phase::Tls)
            .measures(Phase::Tls),
        secure("a certificate of somebody else", "wrong_host").down(Reason::CertificateWrongHost, Phase::Tls),
        grpc("refused", "")
            .with(&json!({"port": "{port.tcp.refused}"}))
            .down(Reason::ConnectRefused, Phase::Tcp),
        grpc("never connected", "")
            .with(&json!({"port": "{port.tcp.connect_never}"}))
            .times_out(400, Phase::Tcp),
    ]
}

fn certificates_and_proxies() -> Vec<Case> {
    vec![
        http("a client certificate", "{https.client_certificate}/healthy")
            .with(&json!({"client_certificate": {
                "certificate_pem": "{client.certificate}", "key_pem": "{client.key}"
            }}))
            .needs(&["client_certificate"])
            .up()
            .does_not_tell("PRIVATE KEY"),
        http("by a proxy", "http://nowhere.test/healthy")
            .with(&json!({"proxy": {"url": "{http}"}}))
            .needs(&["proxy"])
            .up()
            .has_no(Phase::Dns)
            .says("/address", "127.0.0.1"),
        http("by a proxy that is not there", "http://nowhere.test/healthy")
            .with(&json!({"proxy": {"url": "http://{tcp.refused}"}}))
            .needs(&["proxy"])
            .ends(&[crate::case::unmeasured(Reason::ProxyFailed)])
            .says("/http", Value::Null),
    ]
}
