//! Answers: bodies as HTTP frames them, their bound, and what assertions say of them.

use super::{
    assertions, down, see,
    server::{Server, Step},
};
use edgewatch_protocol::{
    check::{HttpCheck, Method},
    observation::Outcome,
    phase::Phase,
    reason::Reason,
};

#[tokio::test]
async fn a_body_has_a_bound() {
    let announced = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n").await;
    let streamed = Server::answering(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1001))).await;
    let fits = Server::answering(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1000))).await;
    let bounded = |url| HttpCheck {
        max_body_bytes: 1000,
        ..HttpCheck::get(url)
    };
    for server in [announced, streamed] {
        let sight = see(bounded(server.url("/"))).await;
        assert_eq!(
            sight.outcome,
            down(Reason::BodyTooLarge, Phase::Body),
            "{sight:?}"
        );
    }
    assert_eq!(see(bounded(fits.url("/"))).await.outcome, Outcome::Up);
}

#[tokio::test]
async fn chunked_bodies_and_interim_answers() {
    let server = Server::answering(concat!(
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "7;x=y\r\n{\"a\":{\"\r\n9\r\nb\":[1,2]}\r\n1\r\n}\r\n0\r\nX-Trailer: t\r\n\r\n",
    ))
    .await;
    let check = HttpCheck {
        assertions: assertions(r#"[{"on":"json_path","path":"$.a.b[1]","is":"equal","value":"2"}]"#),
        ..HttpCheck::get(server.url("/"))
    };
    let sight = see(check).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert_eq!(sight.http.unwrap().body_bytes, 17);
}

#[tokio::test]
async fn a_body_that_is_malformed() {
    let server =
        Server::answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n").await;
    let sight = see(HttpCheck::get(server.url("/"))).await;
    assert_eq!(
        sight.outcome,
        down(Reason::HttpMalformed, Phase::Body),
        "{sight:?}"
    );
}

#[tokio::test]
async fn an_answer_before_the_request_was_read() {
    let server = Server::start(vec![
        Step::send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"),
        Step::Wait(500),
    ])
    .await;
    let check = HttpCheck {
        method: Method("POST".to_owned()),
        body: Some("x".repeat(12 << 20)),
        assertions: assertions(r#"[{"on":"status","allowed":"413"}]"#),
        ..HttpCheck::get(server.url("/"))
    };
    let sight = see(check).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert!(sight.phases.request.measured_us().is_some() && sight.phases.ttfb.measured_us().is_some());
}

#[tokio::test]
async fn a_failed_assertion_tells_what_was_found_without_secrets() {
    let server = Server::answering(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 44\r\n\r\n{\"status\":\"degraded\",\"api_key\":\"abcdef12345\"}",
    )
    .await;
    let check = HttpCheck {
        assertions: assertions(
            r#"[{"on":"json_path","path":"$.status","is":"equal","value":"ok","severity":"degraded"}]"#,
        ),
        ..HttpCheck::get(server.url("/"))
    };
    let sight = see(check).await;
    let reason = Reason::AssertionFailed;
    assert_eq!(sight.outcome, Outcome::Down { reason, phase: None });
    let texts: Vec<_> = sight
        .failed_assertions
        .iter()
        .map(|failed| failed.text.as_str())
        .collect();
    assert_eq!(texts[0], "status (503) in 200-299");
    assert_eq!(sight.message.as_deref(), Some("status (503) in 200-299"));
    let excerpt = sight.http.unwrap().excerpt.unwrap();
    assert!(
        excerpt.contains("degraded") && !excerpt.contains("abcdef"),
        "{excerpt}"
    );
}
