//! Names and connections.

use crate::{
    RESOLVERLESS_REGION,
    case::{Case, Places, case, same},
};
use edgewatch_protocol::{
    observation::Outcome,
    phase::{NotMeasurable, Phase},
    reason::Reason,
};

pub fn names(places: &Places<'_>) -> Vec<Case> {
    let named = |name: &str| case(name, places.named(name, "/healthy"));
    let dialled = |sight: &edgewatch_protocol::observation::Sight| {
        same("the address", sight.address, "127.0.0.1".parse().ok())
    };
    vec![
        named("loopback.test").up().takes(Phase::Dns, 0).sees(dialled),
        named("delay-300.test")
            .up()
            .takes(Phase::Dns, 300)
            .takes(Phase::Tcp, 0),
        named("alias.test").up().sees(dialled),
        // Its first two addresses refuse.
        named("many.test").up().sees(dialled),
        named("absent.test").down(Reason::DnsNotFound, Phase::Dns),
        named("empty.test").down(Reason::DnsNotFound, Phase::Dns),
        named("servfail.test").down(Reason::DnsFailed, Phase::Dns),
        named("refused.test").down(Reason::DnsFailed, Phase::Dns),
        named("garbage.test").down(Reason::DnsFailed, Phase::Dns),
        named("never.test").times_out(400, Phase::Dns),
        // The platform looks the name up itself, and nobody else knows it. A resolver that was away is not asked for a
        // while: this one has a region to itself.
        named("http-503.test")
            .in_region(RESOLVERLESS_REGION)
            .hides(Phase::Dns, NotMeasurable::ResolverUnavailable)
            .down(Reason::ConnectFailed, Phase::Tcp),
    ]
}

pub fn connections(places: &Places<'_>) -> Vec<Case> {
    let ends_early = |name: &str, behaviour: &str, ends: &'static [(Reason, Phase)]| {
        case(name, places.tcp("http", behaviour)).sees(move |sight| match sight.outcome {
            Outcome::Down {
                reason,
                phase: Some(phase),
            } if ends.contains(&(reason, phase)) => Ok(()),
            other => Err(format!("the outcome is {other:?}")),
        })
    };
    let mut cases = vec![
        // The platform may say no more than that there is no connection.
        ends_early(
            "connection refused",
            "refused",
            &[
                (Reason::ConnectRefused, Phase::Tcp),
                (Reason::ConnectFailed, Phase::Tcp),
            ],
        ),
        case("connection never made", places.tcp("http", "connect_never")).times_out(400, Phase::Tcp),
        // It is a race how far a probe gets with a peer that hangs up at once.
        ends_early(
            "connection reset at once",
            "reset",
            &[
                (Reason::ConnectFailed, Phase::Tcp),
                (Reason::ConnectionReset, Phase::Request),
                (Reason::ConnectionReset, Phase::Ttfb),
            ],
        ),
        ends_early(
            "connection closed at once",
            "closed",
            &[
                (Reason::ConnectionReset, Phase::Request),
                (Reason::ConnectionReset, Phase::Ttfb),
            ],
        ),
        case("connection made and then silence", places.tcp("http", "silent")).times_out(400, Phase::Ttfb),
        ends_early(
            "plain bytes at an HTTP port",
            "banner",
            &[
                (Reason::HttpMalformed, Phase::Request),
                (Reason::HttpMalformed, Phase::Ttfb),
            ],
        ),
    ];
    if places.0.tcp.contains_key("connect_slow") {
        // Linux dials again a second after its first attempt was dropped.
        let slow = case(
            "connection made a second late",
            places.tcp("http", "connect_slow") + "healthy",
        );
        cases.push(slow.up().takes_and(Phase::Tcp, 1_000, 40).takes(Phase::Ttfb, 0));
    }
    cases
}
