//! Failures: each is told by what went wrong and in which phase.

use super::{
    down, see,
    server::{Authority, Leaf, Server, Step},
};
use edgewatch_agent::{NativePlatform, run_check};
use edgewatch_protocol::{
    check::{Check, HttpCheck, Method},
    phase::{Phase, PhaseTime},
    reason::Reason,
};
use std::time::Instant;

#[tokio::test]
async fn bytes_that_are_not_the_protocol_end_the_check_at_once() {
    let began = Instant::now();
    let banner = Server::start(vec![
        Step::send("220 smtp.example.com ESMTP ready\r\n"),
        Step::Wait(5000),
    ])
    .await;
    let sight = see(HttpCheck::get(format!("https://127.0.0.1:{}/", banner.port()))).await;
    assert_eq!(sight.outcome, down(Reason::TlsHandshake, Phase::Tls), "{sight:?}");

    let banner = Server::start(vec![Step::send("SSH-2.0-OpenSSH_9.2\r\n"), Step::Wait(5000)]).await;
    let sight = see(HttpCheck::get(banner.url("/"))).await;
    assert_eq!(
        sight.outcome,
        down(Reason::HttpMalformed, Phase::Ttfb),
        "{sight:?}"
    );
    assert!(began.elapsed().as_millis() < 1000, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_refused_connection() {
    let port = Server::start(vec![]).await.stop().await;
    let sight = see(HttpCheck::get(format!("http://127.0.0.1:{port}/"))).await;
    assert_eq!(
        sight.outcome,
        down(Reason::ConnectRefused, Phase::Tcp),
        "{sight:?}"
    );
    assert_eq!(sight.http, None);
}

#[tokio::test]
async fn a_peer_that_hangs_up() {
    let at_once = Server::start(vec![Step::ReadRequest, Step::Reset]).await;
    let sight = see(HttpCheck::get(at_once.url("/"))).await;
    assert_eq!(
        sight.outcome,
        down(Reason::ConnectionReset, Phase::Ttfb),
        "{sight:?}"
    );

    let half_way = Server::start(vec![
        Step::ReadRequest,
        Step::send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"),
    ])
    .await;
    let sight = see(HttpCheck::get(half_way.url("/"))).await;
    assert_eq!(
        sight.outcome,
        down(Reason::ConnectionReset, Phase::Body),
        "{sight:?}"
    );
    let http = sight.http.unwrap();
    assert_eq!(
        (http.status, http.body_bytes, http.body_sha256),
        (Some(200), 4, None)
    );
    assert_eq!(http.excerpt.as_deref(), Some("half"));
}

#[tokio::test]
async fn a_hang_in_each_phase_runs_out_of_time_there() {
    let authority = Authority::new();
    let tls = Server::start_tls(&authority, Leaf::Good, 60_000, vec![]).await;
    let first_byte = Server::start(vec![Step::ReadRequest, Step::Wait(60_000)]).await;
    let body = Server::start(vec![
        Step::ReadRequest,
        Step::send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
        Step::Wait(60_000),
    ])
    .await;
    let head = Server::start(vec![
        Step::ReadRequest,
        Step::send("HTTP/1.1 200 OK\r\nX-A: "),
        Step::Wait(60_000),
    ])
    .await;
    let unread = Server::start(vec![Step::Wait(60_000)]).await;
    let large = HttpCheck {
        method: Method("POST".to_owned()),
        body: Some("x".repeat(12 << 20)),
        ..HttpCheck::get(unread.url("/"))
    };
    for (check, phase) in [
        (HttpCheck::get(tls.url("/")), Phase::Tls),
        (large, Phase::Request),
        (HttpCheck::get(first_byte.url("/")), Phase::Ttfb),
        (HttpCheck::get(head.url("/")), Phase::Ttfb),
        (HttpCheck::get(body.url("/")), Phase::Body),
    ] {
        let sight = run_check(&Check::Http(check), 300, &NativePlatform::unrestricted()).await;
        assert_eq!(sight.outcome, down(Reason::Timeout, phase), "{sight:?}");
        // Not before its time; how soon after it depends on how busy the machine is.
        assert!((299_000..1_000_000).contains(&sight.total_us), "{sight:?}");
        assert_eq!(sight.phases.get(phase), PhaseTime::NotReached, "{sight:?}");
        assert!(sight.message.unwrap().contains("within 300 ms"));
    }
}
