//! The TCP check against real sockets: what is seen is compared with what the peer did.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

#[path = "../peer/mod.rs"]
mod peer;
mod tls;

use edgewatch_protocol::{
    observation::Outcome,
    phase::{Phase, PhaseTime},
    reason::Reason,
};
use peer::{
    NOT_APPLICABLE, Peer, Step, about, assert_ran_out, by_assertion, down, expect, reply, see, see_forbidden,
    see_within, send, steadily,
};
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
