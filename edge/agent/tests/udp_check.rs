//! The UDP check against real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

mod peer;

use edgewatch_protocol::{
    observation::Outcome,
    phase::{Phase, PhaseTime},
    reason::Reason,
};
use peer::{
    NOT_APPLICABLE, about, assert_ran_out, by_assertion, down, reply, see, see_forbidden, see_within,
    steadily,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{net::UdpSocket, time::sleep};

fn udp(port: u16, more: &Value) -> Value {
    let mut check = json!({
        "type": "udp", "host": "127.0.0.1", "port": port, "send": {"as": "text", "value": "ping"}
    });
    check
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    check
}

/// Answers each datagram with these bytes after a while.
async fn answering(answer: Vec<u8>, after_ms: u64) -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut heard = [0; 100];
        while let Ok((length, from)) = socket.recv_from(&mut heard).await {
            assert_eq!(&heard[..length], b"ping");
            sleep(Duration::from_millis(after_ms)).await;
            let _ = socket.send_to(&answer, from).await;
        }
    });
    port
}

#[tokio::test]
async fn an_answer_is_timed_and_told() {
    steadily(async || {
        let port = answering(b"pong api_key=k1\r\n".to_vec(), 100).await;
        let wants = json!({"assertions": [{"on": "reply", "is": "matches", "value": "^pong"}]});
        let sight = see(&udp(port, &wants)).await;
        assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
        assert_eq!(
            (reply(&sight).text.as_str(), reply(&sight).bytes),
            ("pong api_key=•••\n", 17)
        );
        for phase in [Phase::Dns, Phase::Tcp, Phase::Tls, Phase::Request, Phase::Body] {
            assert_eq!(sight.phases.get(phase), NOT_APPLICABLE, "{phase:?}");
        }
        assert_eq!(sight.address, Some("127.0.0.1".parse().unwrap()));
        about(sight.phases.ttfb, 100)
    })
    .await;
}

#[tokio::test]
async fn another_answer_is_judged() {
    let port = answering(b"no".to_vec(), 0).await;
    let wants = json!({"assertions": [{"on": "reply", "is": "equal", "value": "pong"}]});
    let sight = see(&udp(port, &wants)).await;
    assert_eq!(sight.outcome, by_assertion(), "{sight:?}");
    assert_eq!(sight.message.as_deref(), Some("reply (no) == pong"));
    let empty = answering(Vec::new(), 0).await;
    let sight = see(&udp(empty, &json!({}))).await;
    assert_eq!((sight.outcome, reply(&sight).bytes), (Outcome::Up, 0));
}

#[tokio::test]
async fn silence_is_down() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    assert_ran_out(&see_within(&udp(port, &json!({})), 300).await, Phase::Ttfb, 300);
}

#[tokio::test]
async fn a_machine_that_says_that_nobody_listens_is_heard() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    drop(socket);
    let sight = see(&udp(port, &json!({}))).await;
    assert_eq!(
        sight.outcome,
        down(Reason::ConnectRefused, Phase::Ttfb),
        "{sight:?}"
    );
    assert!(sight.total_us < 1_000_000, "{sight:?}");
    assert_eq!(sight.phases.ttfb, PhaseTime::NotReached);
}

#[tokio::test]
async fn what_somebody_else_sends_is_not_the_answer() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut heard = [0; 100];
        let (_, from) = socket.recv_from(&mut heard).await.unwrap();
        let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        stranger.send_to(b"forged", from).await.unwrap();
        sleep(Duration::from_millis(50)).await;
        socket.send_to(b"true", from).await.unwrap();
    });
    let sight = see(&udp(port, &json!({}))).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert_eq!(reply(&sight).text, "true");
}

#[tokio::test]
async fn the_policy_is_asked() {
    let port = answering(b"pong".to_vec(), 0).await;
    let sight = see_forbidden(&udp(port, &json!({}))).await;
    let reason = Reason::TargetForbidden;
    assert_eq!(sight.outcome, Outcome::Unmeasured { reason }, "{sight:?}");
    let named = json!({"host": "localhost", "ip_version": "v4"});
    assert_eq!(see(&udp(port, &named)).await.outcome, Outcome::Up);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_answer_is_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let sight = runtime.block_on(async {
            let port = answering(bytes.clone(), 0).await;
            see(&udp(port, &json!({"assertions": [{"on": "reply", "is": "not_equal", "value": "x"}]}))).await
        });
        prop_assert!(sight.outcome == Outcome::Up || bytes == b"x", "{sight:?}");
    }
}
