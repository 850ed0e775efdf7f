//! The DNS check against a real name server: by every way that it can be asked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

mod lookup;
mod server;

use edgewatch_agent::{NativePlatform, Resolver, run_check};
use edgewatch_protocol::{
    check::Check,
    facts::{DnsFacts, Facts},
    observation::{Outcome, Sight},
    phase::{Phase, PhaseTime},
    reason::Reason,
};
use serde_json::{Value, json};
use server::Server;
use std::{net::SocketAddr, sync::Arc, sync::atomic::Ordering};

async fn see_by(platform: &NativePlatform, resolver: Value, name: &str, more: Value) -> Sight {
    let mut check = json!({"type": "dns", "name": name, "resolver": resolver});
    if let (Value::Object(check), Value::Object(more)) = (&mut check, more) {
        check.extend(more);
    }
    let check: Check = serde_json::from_value(check).unwrap();
    assert_eq!(edgewatch_core::check::validate(&check), []);
    run_check(&check, 1000, platform).await
}

async fn see(resolver: Value, name: &str, more: Value) -> Sight {
    see_by(&NativePlatform::unrestricted(), resolver, name, more).await
}

fn udp(address: SocketAddr) -> Value {
    json!({"by": "udp", "host": address.ip(), "port": address.port()})
}

fn tcp(address: SocketAddr) -> Value {
    json!({"by": "tcp", "host": address.ip(), "port": address.port()})
}

fn https(address: SocketAddr, path: &str) -> Value {
    json!({"by": "https", "url": format!("http://{address}{path}")})
}

fn own(server: &Server) -> NativePlatform {
    NativePlatform::unrestricted().with_resolver(Resolver::of_servers(&[server.address]))
}

fn facts(sight: &Sight) -> &DnsFacts {
    match &sight.facts {
        Some(Facts::Dns(facts)) => facts,
        other => panic!("{other:?} in {sight:?}"),
    }
}

fn values(sight: &Sight) -> Vec<&str> {
    facts(sight).records.iter().map(|record| &*record.value).collect()
}

fn down(reason: Reason, phase: Phase) -> Outcome {
    let phase = Some(phase);
    Outcome::Down { reason, phase }
}

#[tokio::test]
async fn every_way_of_asking_shows_the_same() {
    let server = Server::start().await;
    let platform = own(&server);
    for resolver in [
        json!({"by": "probe"}),
        udp(server.address),
        tcp(server.address),
        https(server.http_address, "/dns-query"),
    ] {
        let sight = see_by(&platform, resolver.clone(), "a.test", json!({})).await;
        assert_eq!(sight.outcome, Outcome::Up, "{resolver} {sight:?}");
        assert_eq!(values(&sight), ["192.0.2.1", "192.0.2.2"], "{resolver}");
        assert_eq!(facts(&sight).records[0].ttl_s, 300);
        assert_eq!(facts(&sight).code, "NOERROR");
        assert!(facts(&sight).server.contains("127.0.0.1:"), "{resolver}");
        let sight = see_by(&platform, resolver.clone(), "alias.test", json!({})).await;
        assert_eq!(values(&sight), ["192.0.2.9"], "{resolver}");
        assert_eq!(facts(&sight).aliases, ["middle.test", "end.test"], "{resolver}");
        for (name, reason) in [
            ("none.test", Reason::DnsNotFound),
            ("empty.test", Reason::DnsNotFound),
            ("servfail.test", Reason::DnsFailed),
            ("refused.test", Reason::DnsFailed),
        ] {
            let sight = see_by(&platform, resolver.clone(), name, json!({})).await;
            assert_eq!(
                sight.outcome,
                down(reason, Phase::Dns),
                "{resolver} {name} {sight:?}"
            );
        }
    }
}

#[tokio::test]
async fn each_way_has_its_phases() {
    let server = Server::start().await;
    let measured = |sight: &Sight| {
        let phases = Phase::ALL.into_iter();
        let measured = phases.filter(|&phase| matches!(sight.phases.get(phase), PhaseTime::Measured(_)));
        measured.collect::<Vec<_>>()
    };
    let probe = see_by(&own(&server), json!({"by": "probe"}), "a.test", json!({})).await;
    assert_eq!(measured(&probe), [Phase::Dns]);
    let sight = see(udp(server.address), "a.test", json!({})).await;
    assert_eq!(measured(&sight), [Phase::Ttfb]);
    let stream = [Phase::Tcp, Phase::Request, Phase::Ttfb, Phase::Body];
    let sight = see(tcp(server.address), "a.test", json!({})).await;
    assert_eq!(measured(&sight), stream);
    let sight = see(https(server.http_address, "/dns-query"), "a.test", json!({})).await;
    assert_eq!(measured(&sight), stream);
    assert_eq!(sight.address, Some(server.http_address.ip()));
}

#[tokio::test]
async fn a_truncated_answer_is_asked_for_again_by_stream() {
    let server = Server::start().await;
    let more = json!({"record": "TXT"});
    let sight = see(udp(server.address), "large.test", more.clone()).await;
    assert_eq!(values(&sight).len(), 40);
    assert!(sight.phases.tcp.measured_us().is_some());
    let sight = see_by(&own(&server), json!({"by": "probe"}), "large.test", more).await;
    assert_eq!(values(&sight).len(), 40);
}

#[tokio::test]
async fn types_have_their_records() {
    let server = Server::start().await;
    for (record, found) in [
        ("MX", vec!["10 mx1.test", "20 mx2.test"]),
        ("TXT", vec!["v=spf1 -all"]),
        ("NS", vec!["ns1.test"]),
        ("CAA", vec!["0 issue \"ca.test\""]),
    ] {
        let sight = see(udp(server.address), "mail.test", json!({"record": record})).await;
        assert_eq!(values(&sight), found);
    }
    let sight = see(udp(server.address), "a.test", json!({"record": "AAAA"})).await;
    assert_eq!(values(&sight), ["2000::"]);
    let sight = see(udp(server.address), "alias.test", json!({"record": "CNAME"})).await;
    assert_eq!(values(&sight), ["middle.test"]);
}

#[tokio::test]
async fn what_was_expected_is_compared() {
    let server = Server::start().await;
    let with = |expected: Value, how: &'static str| {
        see(
            udp(server.address),
            "a.test",
            json!({"expected": expected, "expected_match": how}),
        )
    };
    let reason = Reason::DnsMismatch;
    let mismatch = Outcome::Down { reason, phase: None };
    assert_eq!(with(json!(["192.0.2.2"]), "all").await.outcome, Outcome::Up);
    assert_eq!(with(json!(["192.0.2.2"]), "exact").await.outcome, mismatch);
    assert_eq!(
        with(json!(["192.0.2.2", "192.0.2.3"]), "any").await.outcome,
        Outcome::Up
    );
    let sight = with(json!(["192.0.2.2", "192.0.2.3"]), "all").await;
    assert_eq!(sight.outcome, mismatch);
    assert_eq!(
        sight.message.unwrap(),
        "found 192.0.2.1, 192.0.2.2, not 192.0.2.3"
    );

    let absent = json!({"expect_no_such_name": true});
    assert_eq!(
        see(udp(server.address), "none.test", absent.clone())
            .await
            .outcome,
        Outcome::Up
    );
    assert_eq!(see(udp(server.address), "a.test", absent).await.outcome, mismatch);
    let ttl = json!({"assertions": [{"on": "ttl", "max_s": 60, "severity": "degraded"}]});
    let sight = see(udp(server.address), "a.test", ttl).await;
    let reason = Reason::AssertionFailed;
    assert_eq!(sight.outcome, Outcome::Degraded { reason });
    assert_eq!(sight.failed_assertions[0].text, "ttl (300 s) <= 60 s");
}

#[tokio::test]
async fn the_resolvers_authentication_is_asked_for_and_seen() {
    let server = Server::start().await;
    let asked = json!({"require_authenticated": true});
    let sight = see(udp(server.address), "signed.test", asked.clone()).await;
    assert_eq!(sight.outcome, Outcome::Up);
    assert!(facts(&sight).authenticated);
    let sight = see(udp(server.address), "a.test", asked).await;
    let reason = Reason::DnsNotAuthenticated;
    assert_eq!(sight.outcome, Outcome::Down { reason, phase: None });
    assert!(!facts(&sight).authenticated);
}

#[tokio::test]
async fn a_server_that_does_not_answer_runs_out_of_time() {
    let server = Server::start().await;
    let platform = own(&server);
    for (resolver, phase) in [
        (udp(server.address), Phase::Ttfb),
        (tcp(server.address), Phase::Ttfb),
        (json!({"by": "probe"}), Phase::Dns),
    ] {
        let sight = see_by(&platform, resolver.clone(), "silent.test", json!({})).await;
        assert_eq!(
            sight.outcome,
            down(Reason::Timeout, phase),
            "{resolver} {sight:?}"
        );
        assert_eq!(sight.facts, None);
        assert!(
            (990_000..1_300_000).contains(&sight.total_us),
            "{}",
            sight.total_us
        );
    }
}

#[tokio::test]
async fn a_datagram_that_is_lost_is_sent_again() {
    let server = Server::start().await;
    let address = server.address;
    let check: Check =
        serde_json::from_value(json!({"type": "dns", "name": "lost.test", "resolver": udp(address)}))
            .unwrap();
    let sight = run_check(&check, 6000, &NativePlatform::unrestricted()).await;
    assert_eq!(sight.outcome, Outcome::Up);
    assert_eq!(server.datagrams.load(Ordering::SeqCst), 2);
    // The time is that of the datagram that was answered.
    assert!(sight.phases.ttfb.measured_us().unwrap() < 1_000_000);
}

#[tokio::test]
async fn nobody_there_and_nonsense() {
    let server = Server::start().await;
    let nobody: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let sight = see(udp(nobody), "a.test", json!({})).await;
    assert_eq!(sight.outcome, down(Reason::ConnectRefused, Phase::Ttfb));
    let sight = see(tcp(nobody), "a.test", json!({})).await;
    assert_eq!(sight.outcome, down(Reason::ConnectRefused, Phase::Tcp));
    let sight = see(https(nobody, "/"), "a.test", json!({})).await;
    assert_eq!(sight.outcome, down(Reason::ConnectRefused, Phase::Tcp));
    let sight = see(udp(server.address), "garbage.test", json!({})).await;
    assert_eq!(sight.outcome, down(Reason::DnsFailed, Phase::Dns));
    for path in ["/busy", "/page"] {
        let sight = see(https(server.http_address, path), "a.test", json!({})).await;
        assert_eq!(sight.outcome, down(Reason::ProtocolError, Phase::Body), "{path}");
    }
    // The probe's own resolver is not the target: that it is away says nothing of the name.
    let alone = NativePlatform::unrestricted().with_resolver(Resolver::of_servers(&[nobody]));
    let sight = see_by(&alone, json!({"by": "probe"}), "a.test", json!({})).await;
    let reason = Reason::ServiceUnavailable;
    assert_eq!(sight.outcome, Outcome::Unmeasured { reason }, "{sight:?}");
}

#[tokio::test]
async fn a_server_that_the_policy_forbids_is_not_asked() {
    let server = Server::start().await;
    let platform = NativePlatform::new(Arc::new(|_| Err("not from here".to_owned())));
    for resolver in [
        udp(server.address),
        tcp(server.address),
        https(server.http_address, "/"),
    ] {
        let sight = see_by(&platform, resolver, "a.test", json!({})).await;
        let reason = Reason::TargetForbidden;
        assert_eq!(sight.outcome, Outcome::Unmeasured { reason });
    }
    assert_eq!(server.datagrams.load(Ordering::SeqCst), 0);
}
