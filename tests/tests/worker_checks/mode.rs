//! What is left to the platform: its TLS, or its whole HTTP client.

use crate::case::{Case, Places, case, same};
use edgewatch_protocol::{
    observation::OutcomeState,
    phase::{NotMeasurable, Phase},
    reason::Reason,
};
use serde_json::json;

pub fn cases(places: &Places<'_>) -> Vec<Case> {
    let platform = |name: &str, url: String| {
        case(&format!("platform: {name}"), url).with(&json!({"phases": "platform"}))
    };
    let fetch =
        |name: &str, url: String| case(&format!("fetch: {name}"), url).with(&json!({"phases": "fetch"}));
    let hidden = |case: Case| {
        case.hides(Phase::Dns, NotMeasurable::Mode)
            .hides(Phase::Tcp, NotMeasurable::Mode)
            .hides(Phase::Request, NotMeasurable::Mode)
    };
    let no_certificate =
        |case: Case| case.sees(|sight| same("the certificate", sight.certificate.clone(), None));
    let down = |case: Case| case.sees(|sight| same("the outcome", sight.outcome.state(), OutcomeState::Down));
    vec![
        no_certificate(
            platform("good certificate", places.https("good", "/delay/300"))
                .up()
                .hides(Phase::Dns, NotMeasurable::Mode)
                .measures(Phase::Tcp)
                .takes(Phase::Tls, 0)
                .takes(Phase::Ttfb, 300),
        ),
        platform("handshake held for 300 ms", places.https("held", "/healthy"))
            .up()
            .takes(Phase::Tls, 300),
        platform("plain HTTP", places.http("/slow-body/200"))
            .up()
            .hides(Phase::Tls, NotMeasurable::NotApplicable)
            .takes(Phase::Body, 200),
        down(platform(
            "expired certificate",
            places.https("expired", "/healthy"),
        )),
        down(platform(
            "self-signed certificate",
            places.https("self_signed", "/healthy"),
        )),
        no_certificate(hidden(
            fetch("good certificate", places.https("good", "/delay/300"))
                .up()
                .status(200)
                .hides(Phase::Tls, NotMeasurable::Mode)
                .takes(Phase::Ttfb, 300),
        )),
        hidden(
            fetch("body after 300 ms", places.http("/slow-body/300"))
                .up()
                .takes(Phase::Body, 300),
        ),
        fetch("out of order", places.http("/failing")).fails(&["status (503) in 200-299"]),
        fetch("three redirects", places.http("/redirect/3"))
            .up()
            .sees(|sight| {
                same(
                    "the number of hops",
                    sight.http.as_ref().map(|http| http.hops.len()),
                    Some(3),
                )
            }),
        fetch("no answer", places.http("/rough/hang")).times_out(400, Phase::Ttfb),
        fetch("a body without an end", places.http("/rough/endless-body"))
            .down(Reason::BodyTooLarge, Phase::Body),
        down(fetch("expired certificate", places.https("expired", "/healthy"))),
        down(fetch("connection refused", places.tcp("http", "refused"))),
    ]
}
