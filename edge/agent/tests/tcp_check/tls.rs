//! With encryption, from the first byte on or asked for.

use super::{CAN, GREETING, SSL_REQUEST, tcp, wants};
use crate::peer::{
    NOT_APPLICABLE, Peer, Step, assert_ran_out,
    certificate::{Authority, GOOD, Leaf},
    down, expect, reply, see, see_trusting, see_within, send,
};
use edgewatch_protocol::{observation::Outcome, phase::Phase, reason::Reason};
use proptest::prelude::*;
use serde_json::{Value, json};

#[tokio::test]
async fn tls_from_the_first_byte_on() {
    let authority = Authority::new();
    let good = authority.issue(GOOD);
    let steps = vec![Step::Tls, send("* OK ready\r\n"), expect("e2 LOGOUT\r\n")];
    let peer = Peer::with_chain(steps.clone(), Some(&good), &[]).await;
    let imap = json!({"protocol": "imap", "security": "tls"});
    let sight = see_trusting(&authority, &tcp(&peer, imap.clone())).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert!(sight.phases.tls.measured_us().is_some());
    assert_eq!(
        sight.certificate.as_ref().unwrap().fingerprint,
        good.fingerprint(0)
    );
    assert_eq!(reply(&sight).text, "* OK ready");
    assert!(peer.heard().await.text.contains("LOGOUT"));

    let sight = see(&tcp(&peer, imap.clone())).await;
    assert_eq!(
        sight.outcome,
        down(Reason::CertificateUntrusted, Phase::Tls),
        "{sight:?}"
    );
    let any = json!({"protocol": "imap", "security": "tls", "accept_any_certificate": true});
    assert_eq!(see(&tcp(&peer, any)).await.outcome, Outcome::Up);
    let days = json!({"security": "tls", "assertions": [{"on": "certificate_days", "min_days": 91}]});
    let sight = see_trusting(&authority, &tcp(&peer, days)).await;
    assert_eq!(sight.message.as_deref(), Some("certificate days (90) >= 91"));

    let elsewhere = authority.issue(Leaf {
        host: "mail.example.com",
        ..GOOD
    });
    let peer = Peer::with_chain(steps, Some(&elsewhere), &[]).await;
    let sight = see_trusting(&authority, &tcp(&peer, imap.clone())).await;
    assert_eq!(
        sight.outcome,
        down(Reason::CertificateWrongHost, Phase::Tls),
        "{sight:?}"
    );

    for (steps, expected) in [
        (vec![], down(Reason::ConnectionReset, Phase::Tls)),
        (
            vec![Step::Wait(20), Step::Reset],
            down(Reason::ConnectionReset, Phase::Tls),
        ),
        (
            vec![send("* OK plain\r\n"), Step::Wait(60_000)],
            down(Reason::TlsHandshake, Phase::Tls),
        ),
    ] {
        let peer = Peer::start(steps).await;
        let sight = see(&tcp(&peer, imap.clone())).await;
        assert_eq!(sight.outcome, expected, "{sight:?}");
    }
    let hangs = Peer::start(vec![Step::Wait(60_000)]).await;
    assert_ran_out(
        &see_within(&tcp(&hangs, imap.clone()), 300).await,
        Phase::Tls,
        300,
    );
    let silent = Peer::with_chain(vec![Step::Tls, Step::Wait(60_000)], Some(&good), &[]).await;
    let any = json!({"protocol": "imap", "security": "tls", "accept_any_certificate": true});
    assert_ran_out(
        &see_within(&tcp(&silent, any.clone()), 500).await,
        Phase::Ttfb,
        500,
    );
    let closes = Peer::with_chain(vec![Step::Tls], Some(&good), &[]).await;
    let sight = see(&tcp(&closes, any)).await;
    assert_eq!(
        sight.outcome,
        down(Reason::ConnectionReset, Phase::Ttfb),
        "{sight:?}"
    );
}

#[tokio::test]
async fn postgres_takes_tls_at_once_under_its_own_name() {
    let authority = Authority::new();
    let steps = vec![Step::Tls, Step::Wait(60_000)];
    let peer = Peer::with_chain(steps, Some(&authority.issue(GOOD)), &["postgresql"]).await;
    let sight = see_trusting(
        &authority,
        &tcp(&peer, json!({"protocol": "postgres", "security": "tls"})),
    )
    .await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert_eq!(sight.phases.ttfb, NOT_APPLICABLE);
    let other = Peer::with_chain(vec![Step::Tls], Some(&authority.issue(GOOD)), &["h2"]).await;
    let sight = see_trusting(
        &authority,
        &tcp(&other, json!({"protocol": "postgres", "security": "tls"})),
    )
    .await;
    assert_eq!(sight.outcome, down(Reason::TlsHandshake, Phase::Tls), "{sight:?}");
}

/// How each server comes to the point at which it shakes hands.
fn upgrading(protocol: &str) -> Vec<Step> {
    match protocol {
        "smtp" => vec![
            send(GREETING),
            expect("EHLO edgewatch.invalid\r\n"),
            send(CAN),
            expect("STARTTLS\r\n"),
            send("220 go ahead\r\n"),
        ],
        "imap" => vec![
            send("* OK ready\r\n"),
            expect("e1 STARTTLS\r\n"),
            send("* OK by the way\r\ne1 OK begin\r\n"),
        ],
        "pop3" => vec![send("+OK ready\r\n"), expect("STLS\r\n"), send("+OK begin\r\n")],
        _ => vec![SSL_REQUEST, send("S")],
    }
}

fn starttls(protocol: &str) -> Value {
    json!({"protocol": protocol, "security": "starttls"})
}

#[tokio::test]
async fn tls_where_it_is_asked_for() {
    let authority = Authority::new();
    let chain = authority.issue(GOOD);
    for protocol in ["smtp", "imap", "pop3", "postgres"] {
        let mut steps = upgrading(protocol);
        steps.extend([Step::Tls, expect("nothing that comes")]);
        let peer = Peer::with_chain(steps.clone(), Some(&chain), &[]).await;
        let sight = see_trusting(&authority, &tcp(&peer, starttls(protocol))).await;
        assert_eq!(sight.outcome, Outcome::Up, "{protocol} {sight:?}");
        assert_eq!(sight.certificate.unwrap().fingerprint, chain.fingerprint(0));
        for phase in [Phase::Tcp, Phase::Tls, Phase::Ttfb, Phase::Body] {
            assert!(
                sight.phases.get(phase).measured_us().is_some(),
                "{protocol} {phase:?}"
            );
        }
        let heard = peer.heard().await;
        let farewell = match protocol {
            "imap" => "e2 LOGOUT\r\n",
            "postgres" => "",
            _ => "QUIT\r\n",
        };
        assert!(heard.text.ends_with(farewell), "{protocol} {heard:?}");

        let untrusted = see(&tcp(&peer, starttls(protocol))).await;
        assert_eq!(
            untrusted.outcome,
            down(Reason::CertificateUntrusted, Phase::Tls),
            "{protocol}"
        );

        // Hangs, hangs up and resets where the handshake should be.
        let upgrade = &steps[..steps.len() - 2];
        let with = |more: Vec<Step>| upgrade.iter().cloned().chain(more).collect::<Vec<_>>();
        let hangs = Peer::start(with(vec![Step::Wait(60_000)])).await;
        assert_ran_out(
            &see_within(&tcp(&hangs, starttls(protocol)), 300).await,
            Phase::Tls,
            300,
        );
        for end in [vec![], vec![Step::Wait(20), Step::Reset]] {
            let peer = Peer::start(with(end)).await;
            let sight = see(&tcp(&peer, starttls(protocol))).await;
            assert_eq!(
                sight.outcome,
                down(Reason::ConnectionReset, Phase::Tls),
                "{protocol} {sight:?}"
            );
        }
        let not_tls = Peer::start(with(vec![Step::Wait(20), send("hello, no TLS here\r\n")])).await;
        let sight = see(&tcp(&not_tls, starttls(protocol))).await;
        assert_eq!(
            sight.outcome,
            down(Reason::TlsHandshake, Phase::Tls),
            "{protocol} {sight:?}"
        );
    }
}

/// Whoever sits between could put words into the connection that then count as said within TLS.
#[tokio::test]
async fn words_smuggled_in_before_the_handshake_are_not_taken() {
    let authority = Authority::new();
    let chain = authority.issue(GOOD);
    for (protocol, smuggled) in [
        ("smtp", "220 go ahead\r\n250 smuggled\r\n"),
        ("imap", "e1 OK begin\r\n* PREAUTH smuggled\r\n"),
        ("pop3", "+OK begin\r\n+OK smuggled\r\n"),
        ("postgres", "SR\0\0\0\u{8}\0\0\0\0"),
    ] {
        let mut steps = upgrading(protocol);
        steps.pop();
        steps.extend([send(smuggled), Step::Tls, Step::Wait(60_000)]);
        let peer = Peer::with_chain(steps, Some(&chain), &[]).await;
        let sight = see_trusting(&authority, &tcp(&peer, starttls(protocol))).await;
        assert_eq!(
            sight.outcome,
            down(Reason::ProtocolError, Phase::Tls),
            "{protocol} {sight:?}"
        );
    }
}

#[tokio::test]
async fn servers_that_do_not_begin_tls() {
    for (protocol, steps, message) in [
        (
            "smtp",
            vec![
                send("220 a\r\n"),
                expect("EHLO"),
                send("250-a\r\n250 STARTTLSX\r\n"),
                Step::Wait(60_000),
            ],
            "the server does not offer to begin TLS",
        ),
        (
            "smtp",
            vec![
                send("220 a\r\n"),
                expect("EHLO"),
                send("250-a\r\n250 starttls\r\n"),
                expect("STARTTLS"),
                send("454-not\r\n454 now\r\n"),
            ],
            "the server does not begin TLS: 454 now",
        ),
        (
            "imap",
            vec![send("* OK\r\n"), expect("e1"), send("e1 BAD no\r\n")],
            "the server does not begin TLS: e1 BAD no",
        ),
        (
            "pop3",
            vec![send("+OK\r\n"), expect("STLS"), send("-ERR no\r\n")],
            "the server does not begin TLS: -ERR no",
        ),
        (
            "postgres",
            vec![SSL_REQUEST, send("N"), Step::Wait(60_000)],
            "the server does not offer to begin TLS",
        ),
    ] {
        let peer = Peer::start(steps).await;
        let sight = see(&tcp(&peer, starttls(protocol))).await;
        assert_eq!(
            sight.outcome,
            down(Reason::StartTlsRefused, Phase::Tls),
            "{protocol} {sight:?}"
        );
        assert_eq!(sight.message.as_deref(), Some(message), "{protocol}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever a peer says, the check ends in time with a reason.
    #[test]
    fn any_bytes_from_a_peer(
        prefix in prop::sample::select(vec!["", "220 a\r\n", "220 a\r\n250 STARTTLS\r\n220 b\r\n", "* OK\r\ne1 OK\r\n", "+OK\r\n+OK\r\n", "S", "\u{16}\u{3}\u{3}"]),
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        protocol in prop::sample::select(vec!["raw", "smtp", "imap", "pop3", "postgres"]),
        security in prop::sample::select(vec!["none", "tls", "starttls"]),
    ) {
        prop_assume!(protocol != "raw" || security != "starttls");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sight = runtime.block_on(async {
            let peer = Peer::start(vec![send([prefix.as_bytes(), bytes.as_slice()].concat()), Step::Wait(5)]).await;
            let mut settings = json!({"protocol": protocol, "security": security});
            if protocol == "raw" {
                settings["assertions"] = wants("220");
            }
            see_within(&tcp(&peer, settings), 1000).await
        });
        prop_assert!(sight.total_us < 1_700_000, "{sight:?}");
        prop_assert!(sight.message.is_some() || sight.outcome == Outcome::Up, "{sight:?}");
    }
}
