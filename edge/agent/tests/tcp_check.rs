//! The TCP check against real sockets: what is seen is compared with what the peer did.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

mod peer;

use edgewatch_protocol::{
    observation::Outcome,
    phase::{Phase, PhaseTime},
    reason::Reason,
};
use peer::{
    NOT_APPLICABLE, Peer, Step, about, assert_ran_out, by_assertion,
    certificate::{Authority, GOOD, Leaf},
    down, expect, reply, see, see_forbidden, see_trusting, see_within, send, steadily,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const GREETING: &str = "220-mx.example.com\r\n220 ESMTP ready\r\n";
const CAN: &str = "250-mx.example.com greets you\r\n250-SIZE 1000\r\n250-STARTTLS\r\n250 8BITMIME\r\n";

fn tcp(peer: &Peer, more: Value) -> Value {
    let mut check = json!({"type": "tcp", "host": "127.0.0.1", "port": peer.port});
    let Value::Object(more) = more else {
        panic!("settings");
    };
    check.as_object_mut().unwrap().extend(more);
    check
}

fn wants(text: &str) -> Value {
    json!([{"on": "reply", "is": "contains", "value": text}])
}

#[tokio::test]
async fn a_connection_is_all_that_is_asked_for() {
    let peer = Peer::start(vec![Step::Wait(60_000)]).await;
    let sight = see(&tcp(&peer, json!({}))).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert!(sight.phases.tcp.measured_us().is_some());
    for phase in [Phase::Dns, Phase::Tls, Phase::Request, Phase::Ttfb, Phase::Body] {
        assert_eq!(sight.phases.get(phase), NOT_APPLICABLE, "{phase:?}");
    }
    assert_eq!((sight.facts, sight.message, sight.http), (None, None, None));
    assert_eq!(sight.address, Some("127.0.0.1".parse().unwrap()));
}

#[tokio::test]
async fn a_reply_is_timed_by_its_first_byte_and_its_end() {
    steadily(async || {
        let peer = Peer::start(vec![
            expect("PING\r\n"),
            Step::Wait(150),
            send("+PO"),
            Step::Wait(100),
            send("NG\r\n"),
            Step::Wait(60_000),
        ])
        .await;
        let check = tcp(
            &peer,
            json!({"send": {"as": "text", "value": "PING\r\n"}, "assertions": wants("+PONG")}),
        );
        let sight = see(&check).await;
        assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
        assert_eq!((reply(&sight).text.as_str(), reply(&sight).bytes), ("+PONG\n", 7));
        about(sight.phases.request, 0)?;
        about(sight.phases.ttfb, 150)?;
        about(sight.phases.body, 100)?;
        about(PhaseTime::Measured(sight.total_us), 250)
    })
    .await;
}

#[tokio::test]
async fn what_is_sent_without_a_wish_for_a_reply_is_all() {
    let peer = Peer::start(vec![expect("\0\u{1}")]).await;
    let sight = see(&tcp(&peer, json!({"send": {"as": "hex", "value": "00 01"}}))).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert!(sight.phases.request.measured_us().is_some());
    assert_eq!(
        (sight.phases.ttfb, sight.phases.body),
        (NOT_APPLICABLE, NOT_APPLICABLE)
    );
    assert_eq!(peer.heard().await.text, "\0\u{1}");
}

#[tokio::test]
async fn a_greeting_is_waited_for() {
    steadily(async || {
        let peer = Peer::start(vec![Step::Wait(120), send("SSH-2.0-x\r\n"), Step::Wait(60_000)]).await;
        let sight = see(&tcp(&peer, json!({"assertions": wants("SSH-2.0")}))).await;
        assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
        assert_eq!(sight.phases.request, NOT_APPLICABLE);
        about(sight.phases.ttfb, 120)
    })
    .await;
}

#[tokio::test]
async fn a_reply_that_is_another_one_is_told_without_its_secrets() {
    let peer = Peer::start(vec![send("ERR password=hunter2\r\n")]).await;
    let sight = see(&tcp(&peer, json!({"assertions": wants("OK")}))).await;
    assert_eq!(sight.outcome, by_assertion(), "{sight:?}");
    assert_eq!(
        sight.message.as_deref(),
        Some("reply (ERR password=•••  ) contains OK")
    );
    assert_eq!(reply(&sight).text, "ERR password=•••\n");
}

#[tokio::test]
async fn a_reply_that_never_becomes_what_is_wanted_is_judged_when_the_time_is_over() {
    let peer = Peer::start(vec![send("half"), Step::Wait(60_000)]).await;
    let sight = see_within(&tcp(&peer, json!({"assertions": wants("whole")})), 300).await;
    assert_eq!(sight.outcome, by_assertion(), "{sight:?}");
    assert!((299_000..1_000_000).contains(&sight.total_us), "{sight:?}");
}

#[tokio::test]
async fn a_peer_that_dribbles_and_one_that_floods() {
    let mut steps = Vec::new();
    for byte in b"a reply that comes byte after byte: done" {
        steps.extend([send([*byte]), Step::Wait(3)]);
    }
    steps.push(Step::Wait(60_000));
    let peer = Peer::start(steps).await;
    let sight = see(&tcp(&peer, json!({"assertions": wants("done")}))).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");

    let peer = Peer::start(vec![send(vec![b'x'; 8 << 20]), Step::Wait(60_000)]).await;
    let sight = see(&tcp(&peer, json!({"assertions": wants("y")}))).await;
    assert_eq!(sight.outcome, by_assertion(), "{sight:?}");
    let said = reply(&sight);
    assert!(
        (65_536..70_000).contains(&said.bytes) && said.text.len() <= 1024,
        "{said:?}"
    );
    assert!(sight.total_us < 1_500_000, "{sight:?}");
}

#[tokio::test]
async fn peers_that_fail() {
    let port = Peer::start(vec![]).await.stop().await;
    let sight = see(&json!({"type": "tcp", "host": "127.0.0.1", "port": port})).await;
    assert_eq!(
        sight.outcome,
        down(Reason::ConnectRefused, Phase::Tcp),
        "{sight:?}"
    );
    assert_eq!(sight.phases.ttfb, PhaseTime::NotReached);

    let wanted = json!({"assertions": wants("x")});
    let closes = Peer::start(vec![]).await;
    let sight = see(&tcp(&closes, wanted.clone())).await;
    assert_eq!(
        sight.outcome,
        down(Reason::ConnectionReset, Phase::Ttfb),
        "{sight:?}"
    );
    let resets = Peer::start(vec![Step::Wait(20), Step::Reset]).await;
    let sight = see(&tcp(&resets, wanted.clone())).await;
    assert_eq!(
        sight.outcome,
        down(Reason::ConnectionReset, Phase::Ttfb),
        "{sight:?}"
    );
    let resets_late = Peer::start(vec![send("a"), Step::Wait(50), Step::Reset]).await;
    let sight = see(&tcp(&resets_late, wanted.clone())).await;
    assert_eq!(
        sight.outcome,
        down(Reason::ConnectionReset, Phase::Body),
        "{sight:?}"
    );
    let hangs = Peer::start(vec![Step::Wait(60_000)]).await;
    assert_ran_out(
        &see_within(&tcp(&hangs, wanted.clone()), 300).await,
        Phase::Ttfb,
        300,
    );

    let forbidden = see_forbidden(&tcp(&hangs, wanted)).await;
    let reason = Reason::TargetForbidden;
    assert_eq!(forbidden.outcome, Outcome::Unmeasured { reason });
    assert_eq!(
        forbidden.message.as_deref(),
        Some("127.0.0.1 is not to be dialled")
    );
}

#[tokio::test]
async fn servers_that_greet() {
    let smtp = vec![
        Step::Wait(50),
        send(GREETING),
        expect("EHLO edgewatch.invalid\r\n"),
        send(CAN),
        expect("QUIT\r\n"),
        send("221 bye\r\n"),
    ];
    let imap = vec![
        send("* OK ready\r\n"),
        expect("e2 LOGOUT\r\n"),
        send("* BYE\r\ne2 OK\r\n"),
    ];
    let pop3 = vec![
        send("+OK <1.2@example.com>\r\n"),
        expect("QUIT\r\n"),
        send("+OK\r\n"),
    ];
    for (protocol, steps, begins, farewell) in [
        (
            "smtp",
            smtp,
            "220-mx.example.com\n220 ESMTP ready\n250-mx",
            "QUIT\r\n",
        ),
        ("imap", imap, "* OK ready", "e2 LOGOUT\r\n"),
        ("pop3", pop3, "+OK <1.2@example.com>", "QUIT\r\n"),
    ] {
        let peer = Peer::start(steps).await;
        let check = tcp(
            &peer,
            json!({"protocol": protocol, "assertions": [{"on": "reply", "is": "matches", "value": "(?s)^(220|\\* OK|\\+OK)"}]}),
        );
        let sight = see(&check).await;
        assert_eq!(sight.outcome, Outcome::Up, "{protocol} {sight:?}");
        assert!(reply(&sight).text.starts_with(begins), "{protocol} {sight:?}");
        assert_eq!(sight.phases.request, NOT_APPLICABLE, "{protocol}");
        assert!(sight.phases.body.measured_us().is_some(), "{protocol}");
        let heard = peer.heard().await;
        assert!(heard.text.ends_with(farewell), "{protocol} {heard:?}");
        assert!(heard.is_closed_well, "{protocol} {heard:?}");
    }
}

/// `SSLRequest`.
const SSL_REQUEST: Step = Step::Expect(&[0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

#[tokio::test]
async fn postgres_is_asked_whether_it_has_tls() {
    for answer in ["S", "N"] {
        let peer = Peer::start(vec![SSL_REQUEST, send(answer), Step::Wait(60_000)]).await;
        let sight = see(&tcp(
            &peer,
            json!({"protocol": "postgres", "assertions": wants(answer)}),
        ))
        .await;
        assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
        assert!(sight.phases.request.measured_us().is_some(), "{sight:?}");
        assert!(sight.phases.ttfb.measured_us().is_some(), "{sight:?}");
    }
}

#[tokio::test]
async fn servers_that_do_not_serve_and_peers_that_are_something_else() {
    for (protocol, said, message) in [
        (
            "smtp",
            "554 no service\r\n",
            "the server does not serve: 554 no service",
        ),
        (
            "smtp",
            "220 hello\r\n500 what\r\n",
            "the server does not serve: 500 what",
        ),
        ("smtp", "SSH-2.0-x\r\n", "the peer does not speak SMTP: SSH-2.0-x"),
        (
            "imap",
            "* BYE too many\r\n",
            "the server does not serve: * BYE too many",
        ),
        ("imap", "+OK pop\r\n", "the peer does not speak IMAP: +OK pop"),
        (
            "pop3",
            "-ERR token=s3cr3t\r\n",
            "the server does not serve: -ERR token=•••",
        ),
        ("pop3", "* OK imap\r\n", "the peer does not speak POP3: * OK imap"),
        ("postgres", "E", "the server answers SSLRequest with an error"),
        (
            "postgres",
            "HTTP/1.1 400",
            "the peer does not speak PostgreSQL's protocol: H",
        ),
    ] {
        let peer = Peer::start(vec![send(said), Step::Wait(60_000)]).await;
        let sight = see(&tcp(&peer, json!({"protocol": protocol}))).await;
        assert_eq!(
            sight.outcome,
            down(Reason::ProtocolError, Phase::Body),
            "{protocol} {sight:?}"
        );
        assert_eq!(sight.message.as_deref(), Some(message), "{protocol}");
    }
    let endless = Peer::start(vec![send(vec![b'2'; 1 << 20]), Step::Wait(60_000)]).await;
    let sight = see(&tcp(&endless, json!({"protocol": "smtp"}))).await;
    assert_eq!(
        sight.outcome,
        down(Reason::ProtocolError, Phase::Body),
        "{sight:?}"
    );
    let lines = Peer::start(vec![send("220-again\r\n".repeat(100_000)), Step::Wait(60_000)]).await;
    let sight = see(&tcp(&lines, json!({"protocol": "smtp"}))).await;
    assert_eq!(
        sight.outcome,
        down(Reason::ProtocolError, Phase::Body),
        "{sight:?}"
    );
}

#[tokio::test]
async fn servers_that_stop_in_the_middle() {
    let smtp = json!({"protocol": "smtp"});
    let hangs = Peer::start(vec![Step::Wait(60_000)]).await;
    assert_ran_out(
        &see_within(&tcp(&hangs, smtp.clone()), 300).await,
        Phase::Ttfb,
        300,
    );
    for steps in [
        vec![send("22"), Step::Wait(60_000)],
        vec![send(GREETING), expect("EHLO"), send("250-a"), Step::Wait(60_000)],
    ] {
        let peer = Peer::start(steps).await;
        assert_ran_out(
            &see_within(&tcp(&peer, smtp.clone()), 300).await,
            Phase::Body,
            300,
        );
    }
    for steps in [
        vec![send("220 a\r\n"), expect("EHLO")],
        vec![send("220 a\r\n"), expect("EHLO"), send("250-a\r\n")],
        vec![send("220 a\r\n"), expect("EHLO"), Step::Wait(20), Step::Reset],
    ] {
        let peer = Peer::start(steps).await;
        let sight = see(&tcp(&peer, smtp.clone())).await;
        assert_eq!(
            sight.outcome,
            down(Reason::ConnectionReset, Phase::Body),
            "{sight:?}"
        );
    }
}

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
