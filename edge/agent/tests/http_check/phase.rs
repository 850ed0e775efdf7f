//! Phases: each time is where the server spent it.

use super::{
    about, see,
    server::{Server, Step},
    steadily,
};
use edgewatch_protocol::{
    check::HttpCheck,
    observation::Outcome,
    phase::{NotMeasurable, Phase, PhaseTime},
    reason::Reason,
};
use std::net::IpAddr;

#[tokio::test]
async fn phases_are_timed_apart() {
    steadily(look_at_phases).await;
}

async fn look_at_phases() -> Result<(), String> {
    let server = Server::start(vec![
        Step::ReadRequest,
        Step::Wait(150),
        Step::send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"),
        Step::Wait(200),
        Step::send("world"),
    ])
    .await;
    let sight = see(HttpCheck::get(server.url("/x?secret=1"))).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    let not_applicable = PhaseTime::NotMeasurable(NotMeasurable::NotApplicable);
    assert_eq!(
        (sight.phases.dns, sight.phases.tls),
        (not_applicable, not_applicable)
    );
    about(sight.phases.tcp, 0)?;
    about(sight.phases.request, 0)?;
    about(sight.phases.ttfb, 150)?;
    about(sight.phases.body, 200)?;
    about(PhaseTime::Measured(sight.total_us), 350)?;
    assert_eq!(sight.address, Some("127.0.0.1".parse::<IpAddr>().unwrap()));
    let http = sight.http.unwrap();
    assert_eq!(
        (http.status, http.protocol.as_deref(), http.body_bytes),
        (Some(200), Some("HTTP/1.1"), 10)
    );
    assert_eq!(
        http.body_sha256.as_deref(),
        Some("936a185caaa266bb9cbe981e9e05cb78cd732b0b3280eb944412bb6f8f8f07af")
    );
    assert_eq!((http.excerpt, sight.message), (None, None));
    let request = server.request().await;
    assert!(request.starts_with("GET /x?secret=1 HTTP/1.1\r\n"), "{request}");
    assert!(
        !request.to_ascii_lowercase().contains("accept-encoding"),
        "{request}"
    );
    Ok(())
}

#[tokio::test]
async fn a_name_is_looked_up_and_localhost_is_not() {
    let server = Server::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    let sight = see(HttpCheck::get(format!("http://localhost:{}/", server.port()))).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert_eq!(
        sight.phases.dns,
        PhaseTime::NotMeasurable(NotMeasurable::NotApplicable)
    );

    let sight = see(HttpCheck::get("http://no-such-name.invalid/")).await;
    assert!(
        matches!(
            sight.outcome,
            Outcome::Down {
                reason: Reason::DnsNotFound | Reason::DnsFailed,
                phase: Some(Phase::Dns)
            }
        ),
        "{sight:?}"
    );
    assert_eq!(sight.phases.tcp, PhaseTime::NotReached);
}
