//! The TLS certificate check against real handshakes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

mod peer;

use edgewatch_protocol::{
    facts::{Facts, TlsFacts},
    observation::{Outcome, Sight},
    phase::{Phase, PhaseTime},
    reason::Reason,
};
use peer::{
    NOT_APPLICABLE, Peer, Step, about, assert_ran_out,
    certificate::{Authority, Chain, GOOD, Leaf, self_signed},
    down, expect, see, see_forbidden, see_trusting, see_within, send, steadily,
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Of `weak.example`: RSA with 1024 bits, signed with SHA-1 by another, until 2126.
const WEAK: &str = "MIIBoDCCAQkCAQcwDQYJKoZIhvcNAQEFBQAwGDEWMBQGA1UEAwwNT2xkIGF1dGhvcml0eTAgFw0yNjExMjExNjQ3MTZaGA8yMTI2MTAyODE2NDcxNlowFzEVMBMGA1UEAwwMd2Vhay5leGFtcGxlMIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCnjNdbdQWBcuH4jJw6pVmY6trH+rRTNKatxfCISi7Bfa+Sx/qTpqJjMEBNIXz3iYomIRRp9vA/Wkn/Z4VtnrX5EzEWz26yeQEsxNHeKF8rTYQOuhMKbde3pHytS0/wiPGanIlQ6Zeffk97S4iEQfLJnn5g6c2oT+VJVtsbYpW5WQIDAQABMA0GCSqGSIb3DQEBBQUAA4GBACmEUXHqpZ2u84pN+0v3mLGo/wKHDf76qYG7HlTfXgcDZt9LQG7ewLDhJV7khy6lqDf4m7MfZjMUQUKqzagYw/vPm4CPZwcWEz1atQoq0eSRxplYuNfY3w83MYC4hm0B5u8VeBCWU95jBeOkt4OtH0ngzHYt3f6jmm0fvjGx/Ohh";

fn weak_der() -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.decode(WEAK).unwrap()
}

fn tls(peer: &Peer, more: &Value) -> Value {
    let mut check = json!({"type": "tls", "host": "127.0.0.1", "port": peer.port});
    check
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    check
}

fn facts(sight: &Sight) -> &TlsFacts {
    match &sight.facts {
        Some(Facts::Tls(facts)) => facts,
        other => panic!("{other:?} are not a chain's: {sight:?}"),
    }
}

async fn presenting(chain: &Chain) -> Peer {
    Peer::with_chain(vec![Step::Tls, expect("nothing that comes")], Some(chain), &[]).await
}

async fn outcome(authority: &Authority, chain: &Chain, more: Value) -> Outcome {
    let peer = presenting(chain).await;
    see_trusting(authority, &tls(&peer, &more)).await.outcome
}

#[tokio::test]
async fn the_whole_chain_is_told() {
    let authority = Authority::new();
    let chain = authority.issue_by_intermediate(GOOD, 400);
    let peer = presenting(&chain).await;
    let sight = see_trusting(&authority, &tls(&peer, &json!({}))).await;
    assert_eq!((sight.outcome, &sight.message), (Outcome::Up, &None), "{sight:?}");
    let facts = facts(&sight);
    assert_eq!(facts.not_trusted, None);
    let told: Vec<_> = facts
        .chain
        .iter()
        .map(|one| (&*one.subject, &*one.issuer))
        .collect();
    assert_eq!(
        told,
        [
            ("127.0.0.1", "Test intermediate"),
            ("Test intermediate", "Test root")
        ]
    );
    assert_eq!(facts.chain[1].fingerprint, chain.fingerprint(1));
    assert_eq!(
        (&*facts.chain[0].key_algorithm, facts.chain[0].key_bits),
        ("EC P-256", None)
    );
    assert_eq!(facts.chain[0].signature_algorithm, "ECDSA SHA-256");
    assert_eq!(sight.certificate.as_ref(), Some(&facts.chain[0]));
    assert!(sight.phases.tcp.measured_us().is_some() && sight.phases.tls.measured_us().is_some());
    for phase in [Phase::Request, Phase::Ttfb, Phase::Body] {
        assert_eq!(sight.phases.get(phase), NOT_APPLICABLE, "{phase:?}");
    }
    let heard = peer.heard().await;
    assert!(heard.is_closed_well, "{heard:?}");
    assert_eq!((heard.text.as_str(), heard.server_name), ("", None));
}

#[tokio::test]
async fn days_are_those_of_the_certificate_that_ends_first() {
    let authority = Authority::new();
    let leaf = |ends| authority.issue(Leaf { ends, ..GOOD });
    let reason = Reason::CertificateExpiring;
    assert_eq!(outcome(&authority, &leaf(30), json!({})).await, Outcome::Up);
    assert_eq!(
        outcome(&authority, &leaf(20), json!({})).await,
        Outcome::Degraded { reason }
    );
    assert_eq!(
        outcome(&authority, &leaf(2), json!({})).await,
        down(reason, Phase::Tls)
    );
    let own = json!({"degraded_days": 100, "down_days": 95});
    assert_eq!(
        outcome(&authority, &leaf(90), own).await,
        down(reason, Phase::Tls)
    );

    let chain = authority.issue_by_intermediate(GOOD, 10);
    let peer = presenting(&chain).await;
    let sight = see_trusting(&authority, &tls(&peer, &json!({}))).await;
    assert_eq!(sight.outcome, Outcome::Degraded { reason }, "{sight:?}");
    assert_eq!(
        sight.message.as_deref(),
        Some("the certificate of Test intermediate ends in 9 days, fewer than 21")
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate() {
    let authority = Authority::new();
    let issue = |leaf| authority.issue(leaf);
    for (chain, reason) in [
        (
            issue(Leaf {
                ends: -2,
                begins: -9,
                ..GOOD
            }),
            Reason::CertificateExpired,
        ),
        (issue(Leaf { begins: 2, ..GOOD }), Reason::CertificateNotYetValid),
        (
            issue(Leaf {
                host: "192.0.2.1",
                ..GOOD
            }),
            Reason::CertificateWrongHost,
        ),
        (self_signed(GOOD), Reason::CertificateUntrusted),
        (
            Authority::called("Another").issue(GOOD),
            Reason::CertificateUntrusted,
        ),
        // It goes by the name of the trusted one.
        (Authority::new().issue(GOOD), Reason::CertificateInvalid),
    ] {
        let peer = presenting(&chain).await;
        let sight = see_trusting(&authority, &tls(&peer, &json!({}))).await;
        assert_eq!(sight.outcome, down(reason, Phase::Tls), "{sight:?}");
        assert_eq!(facts(&sight).chain[0].fingerprint, chain.fingerprint(0));
        assert!(facts(&sight).not_trusted.is_some(), "{sight:?}");
        assert!(sight.phases.tls.measured_us().is_some(), "{sight:?}");
    }
}

#[tokio::test]
async fn a_private_chain_is_judged_in_everything_else() {
    let authority = Authority::new();
    let stranger = Authority::called("Another");
    let private = json!({"allow_untrusted": true});
    let at = |leaf| outcome_of(&authority, stranger.issue(leaf), private.clone());
    assert_eq!(at(GOOD).await, Outcome::Up);
    assert_eq!(
        at(Leaf {
            host: "192.0.2.1",
            ..GOOD
        })
        .await,
        down(Reason::CertificateWrongHost, Phase::Tls)
    );
    assert_eq!(
        at(Leaf {
            ends: -2,
            begins: -9,
            ..GOOD
        })
        .await,
        down(Reason::CertificateExpired, Phase::Tls)
    );
    let reason = Reason::CertificateExpiring;
    assert_eq!(at(Leaf { ends: 9, ..GOOD }).await, Outcome::Degraded { reason });
    let namesake = Authority::new().issue(GOOD);
    assert_eq!(outcome(&authority, &namesake, private.clone()).await, Outcome::Up);
    let chain = stranger.issue(GOOD);
    let pins = json!({"allow_untrusted": true, "pins": ["00".repeat(32)]});
    assert_eq!(
        outcome(&authority, &chain, pins).await,
        down(Reason::CertificateNotPinned, Phase::Tls)
    );
    let peer = presenting(&chain).await;
    let sight = see_trusting(&authority, &tls(&peer, &private)).await;
    assert!(
        facts(&sight)
            .not_trusted
            .as_ref()
            .unwrap()
            .contains("trusted root"),
        "{sight:?}"
    );
}

async fn outcome_of(authority: &Authority, chain: Chain, more: Value) -> Outcome {
    outcome(authority, &chain, more).await
}

#[tokio::test]
async fn pins_may_be_those_of_the_issuer() {
    let authority = Authority::new();
    let chain = authority.issue_by_intermediate(GOOD, 400);
    for (pins, expected) in [
        (vec![chain.fingerprint(0)], Outcome::Up),
        (vec!["00".repeat(32), chain.fingerprint(1)], Outcome::Up),
        (
            vec!["00".repeat(32)],
            down(Reason::CertificateNotPinned, Phase::Tls),
        ),
    ] {
        assert_eq!(outcome(&authority, &chain, json!({"pins": pins})).await, expected);
    }
}

#[tokio::test]
async fn weak_keys_and_signatures_of_the_whole_chain() {
    let authority = Authority::new();
    let chain = authority.issue(GOOD).with(weak_der());
    let peer = presenting(&chain).await;
    let sight = see_trusting(&authority, &tls(&peer, &json!({}))).await;
    assert_eq!(
        sight.outcome,
        down(Reason::CertificateWeak, Phase::Tls),
        "{sight:?}"
    );
    assert_eq!(
        sight.message.as_deref(),
        Some("the RSA key of weak.example has only 1024 bits")
    );
    let weak = &facts(&sight).chain[1];
    assert_eq!(
        (weak.key_bits, &*weak.signature_algorithm),
        (Some(1024), "RSA SHA-1")
    );
    assert_eq!(
        outcome(&authority, &chain, json!({"allow_weak": true})).await,
        Outcome::Up
    );
}

#[tokio::test]
async fn another_name_can_be_asked_for() {
    let authority = Authority::new();
    let chain = authority.issue(Leaf {
        host: "*.example.com",
        ..GOOD
    });
    let peer = presenting(&chain).await;
    let named = |name: &str| tls(&peer, &json!({"server_name": name}));
    let sight = see_trusting(&authority, &named("www.example.com")).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert_eq!(peer.heard().await.server_name.as_deref(), Some("www.example.com"));
    for other in ["example.com", "a.b.example.com", "www.example.org"] {
        let sight = see_trusting(&authority, &named(other)).await;
        assert_eq!(
            sight.outcome,
            down(Reason::CertificateWrongHost, Phase::Tls),
            "{other}"
        );
    }
}

#[tokio::test]
async fn behind_starttls() {
    let authority = Authority::new();
    let chain = authority.issue(GOOD);
    let steps = vec![
        send("* OK ready\r\n"),
        expect("e1 STARTTLS\r\n"),
        send("e1 OK begin\r\n"),
        Step::Tls,
        expect("LOGOUT\r\n"),
    ];
    let peer = Peer::with_chain(steps, Some(&chain), &[]).await;
    let sight = see_trusting(&authority, &tls(&peer, &json!({"starttls": "imap"}))).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert_eq!(facts(&sight).chain.len(), 1);
    assert_eq!(sight.phases.request, NOT_APPLICABLE);
    assert!(sight.phases.ttfb.measured_us().is_some() && sight.phases.body.measured_us().is_some());
    assert!(peer.heard().await.text.ends_with("LOGOUT\r\n"));

    let refuses = Peer::start(vec![send("* OK\r\n"), expect("e1"), send("e1 NO\r\n")]).await;
    let sight = see(&tls(&refuses, &json!({"starttls": "imap"}))).await;
    assert_eq!(
        sight.outcome,
        down(Reason::StartTlsRefused, Phase::Tls),
        "{sight:?}"
    );
    let hangs = Peer::start(vec![Step::Wait(60_000)]).await;
    assert_ran_out(
        &see_within(&tls(&hangs, &json!({"starttls": "imap"})), 300).await,
        Phase::Ttfb,
        300,
    );
}

#[tokio::test]
async fn a_slow_handshake_and_the_assertion_on_it() {
    let authority = Authority::new();
    let chain = authority.issue(GOOD);
    steadily(async || {
        let peer = Peer::with_chain(vec![Step::Wait(150), Step::Tls], Some(&chain), &[]).await;
        let fast = json!({"assertions": [{"on": "latency", "max_ms": 100, "severity": "degraded"}]});
        let sight = see_trusting(&authority, &tls(&peer, &fast)).await;
        let reason = Reason::AssertionFailed;
        assert_eq!(sight.outcome, Outcome::Degraded { reason }, "{sight:?}");
        about(sight.phases.tls, 150)
    })
    .await;
}

#[tokio::test]
async fn peers_that_fail() {
    let none = json!({});
    let port = Peer::start(vec![]).await.stop().await;
    let refused = see(&json!({"type": "tls", "host": "127.0.0.1", "port": port})).await;
    assert_eq!(
        refused.outcome,
        down(Reason::ConnectRefused, Phase::Tcp),
        "{refused:?}"
    );
    for (steps, reason) in [
        (vec![], Reason::ConnectionReset),
        (vec![Step::Wait(20), Step::Reset], Reason::ConnectionReset),
        (
            vec![send("HTTP/1.1 400 Bad Request\r\n\r\n"), Step::Wait(60_000)],
            Reason::TlsHandshake,
        ),
    ] {
        let peer = Peer::start(steps).await;
        let sight = see(&tls(&peer, &none)).await;
        assert_eq!(sight.outcome, down(reason, Phase::Tls), "{sight:?}");
        assert_eq!((&sight.facts, sight.phases.tls), (&None, PhaseTime::NotReached));
    }
    let hangs = Peer::start(vec![Step::Wait(60_000)]).await;
    assert_ran_out(&see_within(&tls(&hangs, &none), 300).await, Phase::Tls, 300);
    let reason = Reason::TargetForbidden;
    let forbidden = see_forbidden(&tls(&hangs, &none)).await;
    assert_eq!(forbidden.outcome, Outcome::Unmeasured { reason });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_bytes_in_place_of_a_handshake(
        prefix in prop::sample::select(vec![&b""[..], b"\x16\x03\x03", b"\x15\x03\x03\x00\x02", b"\x16\x03\x03\x00\x40\x02\x00\x00\x3c\x03\x03"]),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sight = runtime.block_on(async {
            let peer = Peer::start(vec![send([prefix, bytes.as_slice()].concat()), Step::Wait(5)]).await;
            see_within(&tls(&peer, &json!({"allow_untrusted": true})), 1000).await
        });
        prop_assert!(matches!(sight.outcome, Outcome::Down { phase: Some(Phase::Tls), .. }), "{sight:?}");
        prop_assert!(sight.message.is_some() && sight.total_us < 1_700_000, "{sight:?}");
    }
}
