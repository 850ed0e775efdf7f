//! The WebSocket check: against a WebSocket server by others, and against peers that do not keep to the protocol.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

mod peer;

use edgewatch_protocol::{
    observation::Outcome,
    phase::{Phase, PhaseTime},
    reason::Reason,
};
use peer::{
    Peer, Step, about, assert_ran_out, by_assertion,
    certificate::{Authority, GOOD},
    down, expect, reply, see, see_forbidden, see_trusting, see_within, send, steadily,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::{net::TcpListener, sync::mpsc, thread, time::Duration};
use tungstenite::{
    Message, WebSocket,
    handshake::server::{Request, Response},
    http::HeaderValue,
};

type Server = WebSocket<std::net::TcpStream>;

/// A server that takes one connection; tells the request that opened it, and what it was told at its end.
fn serve(work: impl FnOnce(&mut Server) + Send + 'static) -> (u16, mpsc::Receiver<Told>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut opening = None;
        #[allow(clippy::result_large_err, reason = "the crate's own type")]
        let accepted = tungstenite::accept_hdr(stream, |request: &Request, mut response: Response| {
            opening = Some(request.clone());
            if request.headers().contains_key("sec-websocket-protocol") {
                let chosen = HeaderValue::from_static("chat");
                response.headers_mut().insert("sec-websocket-protocol", chosen);
            }
            Ok(response)
        });
        let mut socket = accepted.unwrap();
        work(&mut socket);
        let mut messages = Vec::new();
        let end = loop {
            match socket.read() {
                Ok(message) => messages.push(message),
                Err(error) => break error,
            }
        };
        let is_closed_well = matches!(end, tungstenite::Error::ConnectionClosed);
        let _ = tell.send(Told {
            request: opening.unwrap(),
            messages,
            is_closed_well,
        });
    });
    (port, told)
}

struct Told {
    request: Request,
    messages: Vec<Message>,
    is_closed_well: bool,
}

fn ws(port: u16, more: &Value) -> Value {
    let mut check = json!({"type": "websocket", "url": format!("ws://127.0.0.1:{port}/chat?token=1")});
    check
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    check
}

fn wants(text: &str) -> Value {
    json!([{"on": "reply", "is": "contains", "value": text}])
}

#[tokio::test]
async fn an_upgrade_is_all_that_is_asked_for() {
    let (port, told) = serve(|_| {});
    let sight = see(&ws(
        port,
        &json!({"headers": [{"name": "Origin", "value": "https://example.com"}]}),
    ))
    .await;
    assert_eq!((sight.outcome, &sight.message), (Outcome::Up, &None), "{sight:?}");
    assert_eq!(sight.http.as_ref().unwrap().status, Some(101));
    assert_eq!(sight.facts, None);
    for phase in [Phase::Tcp, Phase::Request, Phase::Ttfb, Phase::Body] {
        assert!(
            sight.phases.get(phase).measured_us().is_some(),
            "{phase:?} {sight:?}"
        );
    }
    let told = told.recv_timeout(Duration::from_secs(5)).unwrap();
    assert_eq!(told.request.uri(), "/chat?token=1");
    assert_eq!(told.request.headers()["origin"], "https://example.com");
    assert_eq!(
        told.request.headers()["user-agent"]
            .to_str()
            .unwrap()
            .split('/')
            .next(),
        Some("Edgewatch")
    );
    let [Message::Close(Some(close))] = &told.messages[..] else {
        panic!("{:?}", told.messages);
    };
    assert_eq!(u16::from(close.code), 1000);
    assert!(told.is_closed_well);
}

#[tokio::test]
async fn a_message_and_its_answer() {
    steadily(async || {
        let (port, told) = serve(|socket| {
            let asked = socket.read().unwrap();
            thread::sleep(Duration::from_millis(120));
            socket.send(Message::Ping("still there?".into())).unwrap();
            socket.send(Message::Text(format!("you said {asked}").into())).unwrap();
        });
        let check = json!({
            "send": {"as": "text", "value": "{\"type\":\"hello\"}"}, "subprotocol": "chat",
            "assertions": [
                {"on": "reply", "is": "equal", "value": "you said {\"type\":\"hello\"}"},
                {"on": "header", "name": "Sec-WebSocket-Protocol", "is": "equal", "value": "chat"}
            ]
        });
        let sight = see(&ws(port, &check)).await;
        assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
        assert_eq!(reply(&sight).text, "you said {\"type\":\"hello\"}");
        let told = told.recv_timeout(Duration::from_secs(5)).unwrap();
        assert!(
            matches!(&told.messages[..], [Message::Pong(answer), Message::Close(_)] if answer.as_ref() == b"still there?"),
            "{:?}",
            told.messages
        );
        about(sight.phases.ttfb, 0)?;
        about(sight.phases.body, 120)
    })
    .await;
}

#[tokio::test]
async fn bytes_and_large_messages() {
    let large = vec![b'x'; 65_536];
    let expected = large.clone();
    let (port, _told) = serve(move |socket| {
        let asked = socket.read().unwrap();
        assert_eq!(asked, Message::Binary(vec![0, 255].into()));
        socket.send(Message::Binary(large.into())).unwrap();
    });
    let check = json!({"send": {"as": "hex", "value": "00 ff"}, "assertions": wants("xxx")});
    let sight = see(&ws(port, &check)).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert_eq!(reply(&sight).bytes, expected.len() as u64);

    let (port, _told) = serve(|socket| socket.send(Message::Text("y".repeat(65_537).into())).unwrap());
    let sight = see(&ws(port, &json!({"assertions": wants("y")}))).await;
    assert_eq!(
        sight.outcome,
        down(Reason::BodyTooLarge, Phase::Body),
        "{sight:?}"
    );

    let (port, _told) = serve(|socket| socket.send(Message::Text("other".into())).unwrap());
    let sight = see(&ws(port, &json!({"assertions": wants("this")}))).await;
    assert_eq!(sight.outcome, by_assertion(), "{sight:?}");
    assert_eq!(sight.message.as_deref(), Some("reply (other) contains this"));
}

#[tokio::test]
async fn a_server_that_takes_its_leave() {
    let (port, _told) = serve(|socket| {
        let frame = tungstenite::protocol::CloseFrame {
            code: tungstenite::protocol::frame::coding::CloseCode::Policy,
            reason: "token=abc123 is not valid".into(),
        };
        socket.close(Some(frame)).unwrap();
    });
    let sight = see(&ws(port, &json!({"assertions": wants("x")}))).await;
    assert_eq!(
        sight.outcome,
        down(Reason::ConnectionReset, Phase::Body),
        "{sight:?}"
    );
    assert_eq!(
        sight.message.as_deref(),
        Some("the server closed the WebSocket before it said anything (1008 token=••• is not valid)")
    );
}

/// Answers the handshake rightly by hand, then does what the steps say.
async fn upgrading(then: Vec<Step>) -> (u16, tokio::task::JoinHandle<()>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                stream.read_buf(&mut request).await.unwrap();
            }
            let request = String::from_utf8(request).unwrap();
            let key = request.split("sec-websocket-key: ").nth(1).unwrap();
            let key = key.split("\r\n").next().unwrap();
            let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
            let answer = format!(
                "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                 Connection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            for step in &then {
                match step {
                    Step::Send(bytes) => stream.write_all(bytes).await.unwrap_or_default(),
                    Step::Wait(ms) => tokio::time::sleep(Duration::from_millis(*ms)).await,
                    Step::Reset => {
                        #[allow(deprecated, reason = "an immediate reset is what is wanted here")]
                        let _ = stream.set_linger(Some(Duration::ZERO));
                        break;
                    }
                    _ => panic!("not for here"),
                }
            }
        }
    });
    (port, task)
}

#[tokio::test]
async fn frames_that_a_server_may_not_send_and_ends_in_the_middle() {
    let wanted = json!({"assertions": wants("hello")});
    for (steps, reason) in [
        (vec![send(b"\x01\x03hel\x80\x02lo")], None),
        (vec![send(b"\x81\x85\0\0\0\0hello")], Some(Reason::ProtocolError)),
        (vec![send(b"\xc1\x05hello")], Some(Reason::ProtocolError)),
        (vec![send(b"\x80\x05hello")], Some(Reason::ProtocolError)),
        (vec![send(b"\x01\x03hel\x81\x02lo")], Some(Reason::ProtocolError)),
        (vec![send(b"\x81\x02\xff\xfe")], Some(Reason::ProtocolError)),
        (
            vec![send(b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff")],
            Some(Reason::BodyTooLarge),
        ),
        (vec![send(b"\x81\x05hel")], Some(Reason::ConnectionReset)),
        (vec![], Some(Reason::ConnectionReset)),
        (
            vec![send(b"\x81"), Step::Wait(50), Step::Reset],
            Some(Reason::ConnectionReset),
        ),
        (vec![send(b"\x88\x00")], Some(Reason::ConnectionReset)),
    ] {
        let (port, server) = upgrading(steps).await;
        let sight = see(&ws(port, &wanted)).await;
        let expected = reason.map_or(Outcome::Up, |reason| down(reason, Phase::Body));
        assert_eq!(sight.outcome, expected, "{sight:?}");
        assert_eq!(sight.http.unwrap().status, Some(101));
        server.abort();
    }
    let (port, server) = upgrading(vec![send(b"\x81\x05hel"), Step::Wait(60_000)]).await;
    assert_ran_out(&see_within(&ws(port, &wanted), 300).await, Phase::Body, 300);
    server.abort();
}

#[tokio::test]
async fn upgrades_that_are_not_granted() {
    for (answer, reason, message) in [
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 16\r\n\r\npassword=hunter2",
            Reason::UpgradeRefused,
            "the server answered 403 Forbidden instead of upgrading",
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n",
            Reason::UpgradeRefused,
            "the server answered 302 Found instead of upgrading",
        ),
        (
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            Reason::ProtocolError,
            "the server's Sec-WebSocket-Accept does not answer the key that it was sent",
        ),
        (
            "SSH-2.0-OpenSSH_9.2\r\n",
            Reason::HttpMalformed,
            "the answer is not HTTP/1.1",
        ),
        (
            "HTTP/1.1 abc\r\n\r\n",
            Reason::HttpMalformed,
            "the answer is not HTTP/1.1",
        ),
    ] {
        let peer = Peer::start(vec![expect("\r\n\r\n"), send(answer), Step::Wait(60_000)]).await;
        let sight = see(&ws(peer.port, &json!({}))).await;
        assert_eq!(sight.outcome, down(reason, Phase::Body), "{answer} {sight:?}");
        assert!(sight.message.as_ref().unwrap().starts_with(message), "{sight:?}");
        if answer.contains("403") {
            assert_eq!(sight.http.unwrap().excerpt.as_deref(), Some("password=•••"));
        }
    }
    let (port, _told) = serve(|_| {});
    let sight = see(&ws(port, &json!({"subprotocol": "mqtt"}))).await;
    assert_eq!(
        sight.outcome,
        down(Reason::UpgradeRefused, Phase::Body),
        "{sight:?}"
    );
    assert_eq!(
        sight.message.as_deref(),
        Some("the server did not choose the subprotocol mqtt")
    );
}

#[tokio::test]
async fn peers_that_fail_before_the_upgrade() {
    let none = json!({});
    let port = Peer::start(vec![]).await.stop().await;
    assert_eq!(
        see(&ws(port, &none)).await.outcome,
        down(Reason::ConnectRefused, Phase::Tcp)
    );
    for (steps, phase) in [
        (vec![expect("\r\n\r\n")], Phase::Ttfb),
        (vec![expect("\r\n\r\n"), Step::Reset], Phase::Ttfb),
        (vec![expect("\r\n\r\n"), send("HTTP/1.1 101 Switch")], Phase::Body),
    ] {
        let peer = Peer::start(steps).await;
        let sight = see(&ws(peer.port, &none)).await;
        assert_eq!(sight.outcome, down(Reason::ConnectionReset, phase), "{sight:?}");
        assert_eq!(
            (sight.phases.get(phase), &sight.http),
            (PhaseTime::NotReached, &None)
        );
    }
    let hangs = Peer::start(vec![Step::Wait(60_000)]).await;
    assert_ran_out(&see_within(&ws(hangs.port, &none), 300).await, Phase::Ttfb, 300);
    let half = Peer::start(vec![send("HTTP/1.1 101 "), Step::Wait(60_000)]).await;
    assert_ran_out(&see_within(&ws(half.port, &none), 300).await, Phase::Body, 300);
    let endless = Peer::start(vec![
        send(format!("HTTP/1.1 101 x\r\na: {}", "b".repeat(1 << 20))),
        Step::Wait(60_000),
    ]);
    let sight = see(&ws(endless.await.port, &none)).await;
    assert_eq!(
        sight.outcome,
        down(Reason::HttpMalformed, Phase::Body),
        "{sight:?}"
    );
    let reason = Reason::TargetForbidden;
    let forbidden = see_forbidden(&ws(hangs.port, &none)).await;
    assert_eq!(forbidden.outcome, Outcome::Unmeasured { reason });
}

#[tokio::test]
async fn over_tls() {
    let authority = Authority::new();
    let chain = authority.issue(GOOD);
    let steps = vec![
        Step::Tls,
        expect("\r\n\r\n"),
        send("HTTP/1.1 426 Upgrade Required\r\n\r\n"),
    ];
    let peer = Peer::with_chain(steps, Some(&chain), &["h2", "http/1.1"]).await;
    let check = json!({"type": "websocket", "url": format!("wss://127.0.0.1:{}/", peer.port)});
    let sight = see_trusting(&authority, &check).await;
    assert_eq!(
        sight.outcome,
        down(Reason::UpgradeRefused, Phase::Body),
        "{sight:?}"
    );
    assert_eq!(sight.certificate.unwrap().fingerprint, chain.fingerprint(0));
    assert!(sight.phases.tls.measured_us().is_some());
    assert_eq!(peer.heard().await.alpn.as_deref(), Some("http/1.1"));
    assert_eq!(
        see(&check).await.outcome,
        down(Reason::CertificateUntrusted, Phase::Tls)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_bytes_from_a_server(
        is_upgraded in any::<bool>(),
        bytes in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sight = runtime.block_on(async {
            let check = json!({"assertions": [{"on": "reply", "is": "present"}]});
            if is_upgraded {
                let (port, server) = upgrading(vec![send(&bytes), Step::Wait(5)]).await;
                let sight = see_within(&ws(port, &check), 1000).await;
                server.abort();
                sight
            } else {
                let peer = Peer::start(vec![expect("\r\n\r\n"), send(&bytes), Step::Wait(5)]).await;
                see_within(&ws(peer.port, &check), 1000).await
            }
        });
        prop_assert!(sight.total_us < 1_700_000, "{sight:?}");
        prop_assert!(sight.message.is_some() || sight.outcome == Outcome::Up, "{sight:?}");
    }
}
