//! The HTTP check against real sockets: what is seen is compared with what the server did.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

mod server;

use edgewatch_agent::{NativePlatform, run_check};
use edgewatch_protocol::{
    assertion::Assertion,
    check::{Check, Header, HttpAuth, HttpCheck, Method, PhaseMode},
    observation::{Outcome, Sight},
    phase::{NotMeasurable, Phase, PhaseTime},
    reason::Reason,
};
use server::{Authority, Leaf, Server, Step};
use std::{net::IpAddr, sync::Arc, time::Instant};

/// How far a measured time may be from what the server did, in microseconds.
const TOLERANCE_US: u32 = 20_000;

async fn see(check: HttpCheck) -> Sight {
    run_check(&Check::Http(check), 2000, &NativePlatform::unrestricted()).await
}

async fn see_trusting(authority: &Authority, check: HttpCheck) -> Sight {
    let platform = NativePlatform::unrestricted().with_extra_roots(vec![authority.root_der()]);
    run_check(&Check::Http(check), 2000, &platform).await
}

fn down(reason: Reason, phase: Phase) -> Outcome {
    let phase = Some(phase);
    Outcome::Down { reason, phase }
}

/// Whether a time is about what the server did.
fn about(time: PhaseTime, ms: u32) -> Result<(), String> {
    let us = time
        .measured_us()
        .ok_or_else(|| format!("{time:?} is not measured"))?;
    let wanted = ms * 1000;
    if us + 1_000 >= wanted && us <= wanted + TOLERANCE_US {
        return Ok(());
    }
    Err(format!("{us} µs is not about {ms} ms"))
}

/// Looks up to five times, for a machine that is busy with something else stretches every time.
async fn steadily(look: impl AsyncFn() -> Result<(), String>) {
    let mut found = Ok(());
    for _ in 0..5 {
        found = look().await;
        if found.is_ok() {
            return;
        }
    }
    found.unwrap();
}

fn assertions(json: &str) -> Vec<Assertion> {
    serde_json::from_str(json).unwrap()
}

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

#[tokio::test]
async fn certificates_are_verified_and_told() {
    let authority = Authority::new();
    for (leaf, expected) in [
        (Leaf::Good, Outcome::Up),
        (Leaf::Expired, down(Reason::CertificateExpired, Phase::Tls)),
        (
            Leaf::NotYetValid,
            down(Reason::CertificateNotYetValid, Phase::Tls),
        ),
        (Leaf::WrongHost, down(Reason::CertificateWrongHost, Phase::Tls)),
        (Leaf::SelfSigned, down(Reason::CertificateUntrusted, Phase::Tls)),
        (
            Leaf::SelfSignedAuthority,
            down(Reason::CertificateUntrusted, Phase::Tls),
        ),
    ] {
        let server = Server::start_tls(&authority, leaf, 0, Server::ok()).await;
        let sight = see_trusting(&authority, HttpCheck::get(server.url("/"))).await;
        assert_eq!(sight.outcome, expected, "{leaf:?} {sight:?}");
        let certificate = sight
            .certificate
            .clone()
            .expect("a certificate, also of a refused handshake");
        assert_eq!(certificate.fingerprint, server.fingerprint(), "{leaf:?}");
        assert_eq!(certificate.tls_version, "TLSv1.3");
        assert!(certificate.cipher_suite.starts_with("TLS13_"), "{certificate:?}");
        if expected == Outcome::Up {
            assert!(
                certificate.names.contains(&"127.0.0.1".to_owned()),
                "{certificate:?}"
            );
            assert_eq!(certificate.issuer, "Edgewatch test authority");
        } else {
            assert!(sight.message.is_some());
            assert!(
                server.request_if_any().is_none(),
                "nothing is sent to a peer that was refused"
            );
        }

        let server = Server::start_tls(&authority, leaf, 0, Server::ok()).await;
        let check = HttpCheck {
            accept_any_certificate: true,
            ..HttpCheck::get(server.url("/"))
        };
        let sight = see_trusting(&authority, check).await;
        assert_eq!(
            sight.outcome,
            Outcome::Up,
            "any certificate is taken: {leaf:?} {sight:?}"
        );
        assert_eq!(sight.certificate.unwrap().fingerprint, server.fingerprint());
    }
    // Without the private root the good one is not trusted.
    let server = Server::start_tls(&authority, Leaf::Good, 0, Server::ok()).await;
    let sight = see(HttpCheck::get(server.url("/"))).await;
    assert_eq!(sight.outcome, down(Reason::CertificateUntrusted, Phase::Tls));
}

#[tokio::test]
async fn a_slow_handshake_is_in_the_tls_phase_alone() {
    steadily(look_at_a_slow_handshake).await;
}

async fn look_at_a_slow_handshake() -> Result<(), String> {
    let authority = Authority::new();
    let server = Server::start_tls(&authority, Leaf::Good, 200, Server::ok()).await;
    let sight = see_trusting(&authority, HttpCheck::get(server.url("/"))).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    about(sight.phases.tcp, 0)?;
    about(sight.phases.tls, 200)?;
    about(sight.phases.ttfb, 0)
}

#[tokio::test]
async fn certificate_days_are_judged() {
    let authority = Authority::new();
    let server = Server::start_tls(&authority, Leaf::ExpiresInDays(3), 0, Server::ok()).await;
    let check = HttpCheck {
        assertions: assertions(r#"[{"on":"certificate_days","min_days":14,"severity":"degraded"}]"#),
        ..HttpCheck::get(server.url("/"))
    };
    let sight = see_trusting(&authority, check).await;
    let reason = Reason::AssertionFailed;
    assert_eq!(sight.outcome, Outcome::Degraded { reason });
    assert_eq!(sight.message.as_deref(), Some("certificate days (2) >= 14"));
}

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

#[tokio::test]
async fn redirects_are_followed_hop_by_hop() {
    steadily(look_at_redirects).await;
}

async fn look_at_redirects() -> Result<(), String> {
    let last = Server::start(vec![
        Step::ReadRequest,
        Step::Wait(100),
        Step::send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ])
    .await;
    let location = last.url("/end");
    let first = Server::start(vec![
        Step::ReadRequest,
        Step::Wait(100),
        Step::send(format!(
            "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
        )),
    ])
    .await;
    let check = HttpCheck {
        method: Method("POST".to_owned()),
        body: Some("ping".to_owned()),
        auth: Some(HttpAuth::Bearer {
            token: "hush".to_owned(),
        }),
        headers: vec![Header {
            name: "X-Api-Key".to_owned(),
            value: "hush-too".to_owned(),
        }],
        ..HttpCheck::get(first.url("/begin?key=hush"))
    };
    let sight = see(check).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    let hops = sight.http.unwrap().hops;
    assert_eq!((hops.len(), hops[0].status), (1, 302));
    assert_eq!(hops[0].url, first.url("/begin"), "the query is not told");
    about(hops[0].phases.ttfb, 100)?;
    about(sight.phases.ttfb, 200)?;
    let (begun, ended) = (first.request().await, last.request().await);
    assert!(
        begun.contains("authorization: Bearer hush\r\n") && begun.ends_with("ping"),
        "{begun}"
    );
    assert!(
        ended.starts_with("GET /end ") && !ended.contains("hush") && !ended.contains("ping"),
        "{ended}"
    );
    Ok(())
}

#[tokio::test]
async fn redirects_that_lead_nowhere() {
    let redirect =
        |to: &str| format!("HTTP/1.1 301 Moved Permanently\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    let outcome = |reason| Outcome::Down { reason, phase: None };

    let loops = Server::answering(redirect("/")).await;
    let sight = see(HttpCheck::get(loops.url("/"))).await;
    assert_eq!(sight.outcome, outcome(Reason::RedirectLoop), "{sight:?}");
    assert_eq!(sight.http.unwrap().status, Some(301));

    let counting = Server::counting().await;
    let check = HttpCheck {
        max_redirects: 3,
        ..HttpCheck::get(counting.url("/0"))
    };
    let sight = see(check).await;
    assert_eq!(sight.outcome, outcome(Reason::TooManyRedirects), "{sight:?}");
    assert_eq!(sight.http.unwrap().hops.len(), 3);

    let elsewhere = Server::answering(redirect("mailto:nobody@example.com")).await;
    let sight = see(HttpCheck::get(elsewhere.url("/"))).await;
    assert_eq!(sight.outcome, outcome(Reason::RedirectInvalid), "{sight:?}");

    // Without redirects the redirect itself is judged.
    let check = HttpCheck {
        max_redirects: 0,
        assertions: assertions(
            r#"[{"on":"status","allowed":"301"},{"on":"header","name":"location","is":"equal","value":"/"}]"#,
        ),
        ..HttpCheck::get(loops.url("/"))
    };
    assert_eq!(see(check).await.outcome, Outcome::Up);
}

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

#[tokio::test]
async fn the_policy_is_asked_for_every_address_also_after_a_redirect() {
    let inner = Server::answering("HTTP/1.1 200 OK\r\n\r\nsecret").await;
    let location = format!("http://127.0.0.2:{}/", inner.port());
    let outer = Server::answering(format!(
        "HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    ))
    .await;
    let allowed: IpAddr = "127.0.0.1".parse().unwrap();
    let platform = NativePlatform::new(Arc::new(move |ip| {
        if ip == allowed {
            Ok(())
        } else {
            Err(format!("{ip} is private"))
        }
    }));
    let reason = Reason::TargetForbidden;
    for url in [
        outer.url("/"),
        location,
        format!("http://[::ffff:127.0.0.2]:{}/", inner.port()),
    ] {
        let sight = run_check(&Check::Http(HttpCheck::get(url)), 1000, &platform).await;
        assert_eq!(sight.outcome, Outcome::Unmeasured { reason }, "{sight:?}");
        assert_eq!(sight.message.as_deref(), Some("127.0.0.2 is private"));
    }
    assert!(inner.request_if_any().is_none());
}

#[tokio::test]
async fn modes_that_this_host_does_not_offer_are_looked_at_by_its_own() {
    let server = Server::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    for phases in [PhaseMode::Platform, PhaseMode::Fetch] {
        let check = HttpCheck {
            phases,
            ..HttpCheck::get(server.url("/"))
        };
        let sight = see(check).await;
        assert_eq!(sight.outcome, Outcome::Up);
        assert!(sight.phases.tcp.measured_us().is_some());
    }
}

#[tokio::test]
async fn an_unknown_check_is_unmeasured() {
    let sight = run_check(&Check::Unknown, 1000, &NativePlatform::unrestricted()).await;
    let reason = Reason::Unsupported;
    assert_eq!(sight.outcome, Outcome::Unmeasured { reason });
}

/// A server on a multi-threaded runtime runs checks on any of its threads.
#[test]
fn a_check_can_be_spawned() {
    fn is_send(_: impl Send) {}
    let (check, platform) = (Check::Unknown, NativePlatform::unrestricted());
    is_send(run_check(&check, 1000, &platform));
}
