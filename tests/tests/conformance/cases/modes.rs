//! What may be left to the platform: its TLS, or its whole HTTP client. A host that has none looks itself, which shows
//! more.

use crate::case::{Case, Change, HostKind, Shape, down, http};
use edgewatch_protocol::{
    phase::{NotMeasurable, Phase},
    reason::Reason,
};
use serde_json::{Value, json};

const PLATFORM: &str = "`phases: platform` leaves TLS to the platform, which shows no certificate";
const FETCH: &str = "`phases: fetch` leaves everything to the platform's HTTP client, which shows no more";

const ROOTS: &str =
    "the platform's HTTP client knows its own roots alone, not those that the probe was given";

const HIDDEN: Shape = Shape::Hidden(NotMeasurable::Mode);

fn by_platform(what: &str, url: &str, changes: &[Change]) -> Case {
    http(format!("platform: {what}"), url)
        .with(&json!({"phases": "platform"}))
        .differs(HostKind::Cloudflare, PLATFORM, changes)
}

fn by_fetch(what: &str, url: &str) -> Case {
    let mut hidden = vec![
        Change::Shows(Phase::Dns, HIDDEN),
        Change::Shows(Phase::Tcp, HIDDEN),
        Change::Shows(Phase::Request, HIDDEN),
    ];
    if url.starts_with("{https") {
        hidden.push(Change::Shows(Phase::Tls, HIDDEN));
        hidden.push(Change::Says("/certificate", Value::Null));
    }
    http(format!("fetch: {what}"), url)
        .with(&json!({"phases": "fetch"}))
        .differs(HostKind::Cloudflare, FETCH, &hidden)
        .differs(HostKind::Spin, FETCH, &hidden)
}

/// The client says of an exchange only that there was none.
fn not_through(case: Case) -> Case {
    let ends = [Change::Ends(vec![down(Reason::ConnectFailed, Phase::Ttfb)])];
    case.differs(HostKind::Cloudflare, FETCH, &ends)
        .differs(HostKind::Spin, FETCH, &ends)
}

pub fn cases() -> Vec<Case> {
    let own_name = Change::Shows(Phase::Dns, HIDDEN);
    let no_certificate = Change::Says("/certificate", Value::Null);
    vec![
        by_platform(
            "a good certificate",
            "{https.good}/delay/300",
            &[own_name.clone(), no_certificate.clone()],
        )
        .up()
        .takes(Phase::Ttfb, 300),
        by_platform(
            "handshake held for 300 ms",
            "{https.held}/healthy",
            &[own_name.clone(), no_certificate.clone()],
        )
        .up()
        .takes(Phase::Tls, 300),
        http("platform: plain HTTP", "{http}/slow-body/200")
            .with(&json!({"phases": "platform"}))
            .up()
            .takes(Phase::Body, 200),
        by_platform(
            "an expired certificate",
            "{https.expired}/healthy",
            &[
                own_name,
                no_certificate,
                Change::Ends(vec![down(Reason::TlsHandshake, Phase::Tls)]),
            ],
        )
        .down(Reason::CertificateExpired, Phase::Tls),
        by_fetch("a good certificate", "{https.good}/delay/300")
            .up()
            .status(200)
            .takes(Phase::Ttfb, 300)
            .differs(
                HostKind::Spin,
                ROOTS,
                &[
                    Change::Ends(vec![down(Reason::ConnectFailed, Phase::Ttfb)]),
                    Change::Shows(Phase::Ttfb, Shape::NotReached),
                    Change::Says("/http/status", Value::Null),
                ],
            ),
        by_fetch("body after 300 ms", "{http}/slow-body/300")
            .up()
            .takes(Phase::Body, 300),
        by_fetch("out of order", "{http}/failing").fails(&["status (503) in 200-299"]),
        by_fetch("three redirects", "{http}/redirect/3")
            .up()
            .says("/http/hops/2/status", 302)
            .says("/http/hops/3", json!(null)),
        by_fetch("no answer", "{http}/rough/hang").times_out(400, Phase::Ttfb),
        by_fetch("a body without an end", "{http}/rough/endless-body")
            .down(Reason::BodyTooLarge, Phase::Body),
        not_through(by_fetch("an expired certificate", "{https.expired}/healthy"))
            .down(Reason::CertificateExpired, Phase::Tls),
        not_through(by_fetch("connection refused", "http://{tcp.refused}/"))
            .down(Reason::ConnectRefused, Phase::Tcp),
    ]
}
