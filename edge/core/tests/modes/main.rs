//! The ways of looking, on a platform in memory.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod service;
mod world;

use edgewatch_core::platform::{DialError, ResolveError, StartTlsError};
use edgewatch_protocol::{
    assertion::Assertion,
    check::{HttpCheck, PhaseMode},
    observation::Outcome,
    phase::{NotMeasurable, Phase, PhaseTime, PhaseTimes},
    reason::Reason,
};
use world::{SILENT, World};

fn ms(ms: u32) -> PhaseTime {
    PhaseTime::Measured(ms * 1000)
}

fn hidden(why: NotMeasurable) -> PhaseTime {
    PhaseTime::NotMeasurable(why)
}

fn down(reason: Reason, phase: Phase) -> Outcome {
    let phase = Some(phase);
    Outcome::Down { reason, phase }
}

fn in_mode(url: &str, phases: PhaseMode) -> HttpCheck {
    HttpCheck {
        phases,
        ..HttpCheck::get(url)
    }
}

#[tokio::test(start_paused = true)]
async fn own_looks_up_dials_and_times_every_phase() {
    let world = World::new();
    let sight = world.see(HttpCheck::get("http://example.com/")).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    let phases = PhaseTimes {
        dns: ms(10),
        tcp: ms(20),
        tls: hidden(NotMeasurable::NotApplicable),
        request: ms(0),
        ttfb: ms(50),
        body: ms(0),
    };
    assert_eq!((sight.phases, sight.total_us), (phases, 80_000));
    assert_eq!(*world.log.borrow(), ["dial 192.0.2.1"], "IPv4 first");
}

#[tokio::test(start_paused = true)]
async fn the_platforms_tls_shows_tcp_and_tls_apart_but_not_the_lookup() {
    let world = World::new();
    let sight = world
        .see(in_mode("https://example.com/", PhaseMode::Platform))
        .await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert_eq!(sight.phases.dns, hidden(NotMeasurable::Mode));
    assert_eq!(
        (sight.phases.tcp, sight.phases.tls, sight.phases.ttfb),
        (ms(20), ms(30), ms(50))
    );
    assert_eq!((sight.certificate, sight.address), (None, None));
    assert_eq!(*world.log.borrow(), ["dial example.com", "start_tls example.com"]);

    let refused = World {
        start_tls: Some(StartTlsError::Certificate("it has expired".to_owned())),
        ..World::new()
    };
    let sight = refused
        .see(in_mode("https://example.com/", PhaseMode::Platform))
        .await;
    assert_eq!(sight.outcome, down(Reason::CertificateInvalid, Phase::Tls));
}

#[tokio::test(start_paused = true)]
async fn fetch_shows_the_first_byte_and_the_body() {
    let world = World::new();
    let sight = world
        .see(in_mode("https://example.com/a?b=c", PhaseMode::Fetch))
        .await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    let mode = hidden(NotMeasurable::Mode);
    let phases = PhaseTimes {
        dns: mode,
        tcp: mode,
        tls: mode,
        request: mode,
        ttfb: ms(70),
        body: ms(6),
    };
    assert_eq!(sight.phases, phases);
    assert_eq!(sight.http.unwrap().body_bytes, 2);
    assert_eq!(*world.log.borrow(), ["fetch https://example.com/a?b=c"]);
}

#[tokio::test(start_paused = true)]
async fn a_forbidden_dial_falls_back_to_fetch_and_says_so() {
    let forbidding = || World {
        dials: vec![(
            "192.0.2.1",
            DialError::Forbidden("an address of the platform's own".to_owned()),
        )],
        ..World::new()
    };
    let assertions: Vec<Assertion> =
        serde_json::from_str(r#"[{"on":"certificate_days","min_days":14}]"#).unwrap();
    let check = HttpCheck {
        assertions,
        ..HttpCheck::get("https://example.com/")
    };
    let world = forbidding();
    let sight = world.see(check.clone()).await;
    assert_eq!(
        sight.outcome,
        Outcome::Up,
        "a certificate that cannot be seen is no failure: {sight:?}"
    );
    let forbids = hidden(NotMeasurable::PlatformForbids);
    assert_eq!(
        [
            sight.phases.dns,
            sight.phases.tcp,
            sight.phases.tls,
            sight.phases.request
        ],
        [forbids; 4]
    );
    assert_eq!((sight.phases.ttfb, sight.phases.body), (ms(70), ms(6)));
    assert_eq!(
        *world.log.borrow(),
        ["dial 192.0.2.1", "fetch https://example.com/"]
    );

    let without_fetch = World {
        offers: vec![PhaseMode::Own],
        ..forbidding()
    };
    let reason = Reason::TargetForbidden;
    assert_eq!(
        without_fetch.see(check).await.outcome,
        Outcome::Unmeasured { reason }
    );
}

#[tokio::test(start_paused = true)]
async fn the_platforms_own_statuses_name_the_reason() {
    let world = |has_cloudflare_statuses| World {
        has_cloudflare_statuses,
        fetched: Ok((526, vec![("server", "cloudflare")], b"error code: 526")),
        ..World::new()
    };
    let check = in_mode("https://example.com/", PhaseMode::Fetch);
    let sight = world(true).see(check.clone()).await;
    assert_eq!(sight.outcome, down(Reason::CertificateInvalid, Phase::Tls));
    assert_eq!(sight.http.unwrap().status, Some(526));
    let sight = world(false).see(check).await;
    assert_eq!(sight.message.as_deref(), Some("status (526) in 200-299"));

    // Who takes any certificate is not told that it is wrong; nobody could look.
    let any_certificate = HttpCheck {
        accept_any_certificate: true,
        ..HttpCheck::get("https://example.com/")
    };
    let forbidding = World {
        dials: vec![("192.0.2.1", DialError::Forbidden("not from here".to_owned()))],
        ..world(true)
    };
    let reason = Reason::TargetForbidden;
    assert_eq!(
        forbidding.see(any_certificate).await.outcome,
        Outcome::Unmeasured { reason }
    );
}

#[tokio::test(start_paused = true)]
async fn redirects_of_fetch_are_followed_by_the_core() {
    let world = World {
        fetched: Ok((302, vec![("location", "/")], b"")),
        ..World::new()
    };
    let sight = world.see(in_mode("https://example.com/", PhaseMode::Fetch)).await;
    let (reason, phase) = (Reason::RedirectLoop, None);
    assert_eq!(sight.outcome, Outcome::Down { reason, phase }, "{sight:?}");
}

#[tokio::test(start_paused = true)]
async fn without_a_resolver_the_platform_dials_by_name() {
    let world = World {
        addresses: Err(ResolveError::Unavailable("no answer".to_owned())),
        ..World::new()
    };
    let sight = world.see(HttpCheck::get("http://example.com/")).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert_eq!(sight.phases.dns, hidden(NotMeasurable::ResolverUnavailable));
    assert_eq!(*world.log.borrow(), ["dial example.com"]);
}

#[tokio::test(start_paused = true)]
async fn lookups_fail_in_their_phase() {
    for (addresses, reason) in [
        (Err(ResolveError::NotFound), Reason::DnsNotFound),
        (Ok(Vec::new()), Reason::DnsNotFound),
        (
            Err(ResolveError::Failed("SERVFAIL".to_owned())),
            Reason::DnsFailed,
        ),
    ] {
        let world = World {
            addresses,
            ..World::new()
        };
        let sight = world.see(HttpCheck::get("http://example.com/")).await;
        assert_eq!(
            (sight.outcome, sight.phases.dns),
            (down(reason, Phase::Dns), PhaseTime::NotReached)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn further_addresses_are_tried_in_the_time_that_is_left() {
    let refusing = World {
        dials: vec![("192.0.2.1", DialError::Refused)],
        ..World::new()
    };
    let sight = refusing.see(HttpCheck::get("http://example.com/")).await;
    assert_eq!(
        (sight.outcome, sight.phases.tcp),
        (Outcome::Up, ms(40)),
        "{sight:?}"
    );
    assert_eq!(sight.address, Some("2001:db8::1".parse().unwrap()));

    let silent = World {
        addresses: Ok(vec![SILENT.parse().unwrap(), "192.0.2.1".parse().unwrap()]),
        ..World::new()
    };
    let sight = silent.see(HttpCheck::get("http://example.com/")).await;
    assert_eq!(
        (sight.outcome, sight.phases.tcp),
        (Outcome::Up, ms(495 + 20)),
        "half of 990 ms: {sight:?}"
    );

    let all_silent = World {
        addresses: Ok(vec![SILENT.parse().unwrap()]),
        ..World::new()
    };
    let sight = all_silent.see(HttpCheck::get("http://example.com/")).await;
    assert_eq!(
        (sight.outcome, sight.total_us),
        (down(Reason::Timeout, Phase::Tcp), 1_000_000)
    );

    for (error, outcome) in [
        (DialError::Refused, down(Reason::ConnectRefused, Phase::Tcp)),
        (
            DialError::Failed("unreachable".to_owned()),
            down(Reason::ConnectFailed, Phase::Tcp),
        ),
        (
            DialError::Limit("none left".to_owned()),
            Outcome::Unmeasured {
                reason: Reason::PlatformLimit,
            },
        ),
        (
            DialError::TargetForbidden("private".to_owned()),
            Outcome::Unmeasured {
                reason: Reason::TargetForbidden,
            },
        ),
    ] {
        let world = World {
            dials: vec![("192.0.2.1", error.clone()), ("2001:db8::1", error)],
            ..World::new()
        };
        assert_eq!(
            world.see(HttpCheck::get("http://example.com/")).await.outcome,
            outcome
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_speaks_first_fails_in_the_phase_of_its_answer() {
    let world = World {
        banner: Some("SSH-2.0-OpenSSH_9.2\r\n"),
        ..World::new()
    };
    let sight = world.see(HttpCheck::get("http://example.com/")).await;
    assert_eq!(
        sight.outcome,
        down(Reason::HttpMalformed, Phase::Ttfb),
        "{sight:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_host_cannot_do_is_not_looked_at() {
    let world = World::new();
    let check = |more: &str| {
        let json = format!(r#"{{"type":"http","url":"http://example.com/"{more}}}"#);
        serde_json::from_str(&json).unwrap()
    };
    for (more, needed) in [
        (r#","proxy":{"url":"http://192.0.2.1:3128"}"#, "proxy"),
        (r#","http_version":"2""#, "http2"),
    ] {
        let sight = world.see_within(&check(more), 1000).await;
        let reason = Reason::Unsupported;
        assert_eq!(sight.outcome, Outcome::Unmeasured { reason }, "{sight:?}");
        let message = format!("this probe cannot do what the check needs: {needed}");
        assert_eq!(sight.message, Some(message));
    }
    assert!(world.log.borrow().is_empty(), "nobody is asked");
    assert_eq!(world.see_within(&check(""), 1000).await.outcome, Outcome::Up);
}
