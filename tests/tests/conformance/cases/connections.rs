//! Connections: made, refused, broken, late.

use crate::case::{Case, Change, HostKind, Shape, down, http};
use edgewatch_protocol::{phase::Phase, reason::Reason};
use serde_json::json;

/// A refused connection, which the platform does not tell from one that failed otherwise.
pub fn refused(case: Case) -> Case {
    case.down(Reason::ConnectRefused, Phase::Tcp).differs(
        HostKind::Cloudflare,
        "the platform says of a connection only that there is none",
        &[Change::Ends(vec![down(Reason::ConnectFailed, Phase::Tcp)])],
    )
}

pub fn cases() -> Vec<Case> {
    let reset = |phase| down(Reason::ConnectionReset, phase);
    vec![
        refused(http("connection refused", "http://{tcp.refused}/")),
        refused(http("connection refused for HTTPS", "https://{tcp.refused}/")),
        http("connection never made", "http://{tcp.connect_never}/").times_out(400, Phase::Tcp),
        // It is a race how far a probe gets with a peer that hangs up at once.
        http("connection reset at once", "http://{tcp.reset}/")
            .ends(&[
                down(Reason::ConnectFailed, Phase::Tcp),
                reset(Phase::Request),
                reset(Phase::Ttfb),
            ])
            .shows(Phase::Tcp, Shape::Any)
            .shows(Phase::Tls, Shape::Any),
        http("connection closed at once", "http://{tcp.closed}/")
            .ends(&[reset(Phase::Request), reset(Phase::Ttfb)]),
        http("connection made and then silence", "http://{tcp.silent}/").times_out(400, Phase::Ttfb),
        // So it is whether its request was on its way when the peer spoke.
        http("plain bytes at an HTTP port", "http://{tcp.banner}/")
            .ends(&[
                down(Reason::HttpMalformed, Phase::Request),
                down(Reason::HttpMalformed, Phase::Ttfb),
            ])
            .shows(Phase::Request, Shape::Any),
        // Linux dials again a second after its first attempt was dropped.
        http(
            "connection made a second late",
            "http://{tcp.connect_slow}/healthy",
        )
        .up()
        .takes_by_kernel(Phase::Tcp, 1_000, 30)
        .takes(Phase::Ttfb, 0),
        http("an address of IPv4", "{http}/healthy")
            .up()
            .says("/address", "127.0.0.1"),
        http("an address of IPv6", "{http_v6}/healthy")
            .up()
            .says("/address", "::1"),
        http("localhost", "http://localhost:{port.http}/healthy")
            .up()
            .says("/address", "127.0.0.1"),
        http("localhost by IPv6", "http://localhost:{port.http_v6}/healthy")
            .with(&json!({"ip_version": "v6"}))
            .up()
            .says("/address", "::1"),
        // The first address refuses, the second one answers.
        http(
            "localhost by whichever answers",
            "http://localhost:{port.http_v6}/healthy",
        )
        .up()
        .says("/address", "::1"),
        http(
            "a name below localhost",
            "http://app.localhost:{port.http}/healthy",
        )
        .up(),
    ]
}
