//! A service that a check has to ask, such as a resolver over HTTPS: by the probe's own connection, and by the platform's
//! HTTP client where the platform does not dial it.

use crate::{down, hidden, ms, world::World};
use edgewatch_core::platform::{DialError, FetchError};
use edgewatch_protocol::{
    check::{Check, PhaseMode},
    facts::Facts,
    observation::{Outcome, Sight},
    phase::{NotMeasurable, Phase, PhaseTime, PhaseTimes},
    reason::Reason,
};

/// The question for `A` of `example.com`, as a resolver is asked (RFC 8484).
const ASKED: &str = "https://dns.example/query?dns=AAABIAABAAAAAAABB2V4YW1wbGUDY29tAAABAAEAACkE0AAAAAAAAA";

/// Its answer: 192.0.2.7.
const ANSWER: &[u8] = b"\0\0\x81\x80\0\x01\0\x01\0\0\0\0\x07example\x03com\0\0\x01\0\x01\
    \xc0\x0c\0\x01\0\x01\0\0\x01\x2c\0\x04\xc0\0\x02\x07";

const MESSAGE: (&str, &str) = ("content-type", "application/dns-message");

/// A platform that says this of each dial, and whose HTTP client gets to the resolver.
fn world(dial: DialError) -> World {
    World {
        dials: vec![("192.0.2.1", dial.clone()), ("2001:db8::1", dial)],
        fetched: Ok((200, vec![MESSAGE], ANSWER)),
        ..World::new()
    }
}

fn forbidden() -> DialError {
    DialError::Forbidden("an address of the platform's own".to_owned())
}

fn unexplained() -> DialError {
    DialError::Unexplained("it could not be made".to_owned())
}

async fn ask(world: &World, url: &str, timeout_ms: u32) -> Sight {
    let check = format!(r#"{{"type":"dns","name":"example.com","resolver":{{"by":"https","url":"{url}"}}}}"#);
    let check: Check = serde_json::from_str(&check).unwrap();
    world.see_within(&check, timeout_ms).await
}

/// What stays hidden when the platform's HTTP client looks.
fn hidden_phases(tls: NotMeasurable) -> PhaseTimes {
    let forbids = hidden(NotMeasurable::PlatformForbids);
    PhaseTimes {
        dns: forbids,
        tcp: forbids,
        tls: hidden(tls),
        request: forbids,
        ttfb: ms(70),
        body: ms(6),
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_platform_does_not_dial_is_fetched() {
    for dial in [forbidden(), unexplained()] {
        let world = world(dial.clone());
        let sight = ask(&world, "https://dns.example/query", 1000).await;
        assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
        let Some(Facts::Dns(facts)) = &sight.facts else {
            panic!("{sight:?}");
        };
        assert_eq!(facts.records[0].value, "192.0.2.7");
        assert_eq!(sight.phases, hidden_phases(NotMeasurable::PlatformForbids));
        let log = world.log.borrow();
        assert_eq!(log.first().map(String::as_str), Some("dial 192.0.2.1"));
        assert_eq!(
            log.last().map(String::as_str),
            Some(&*format!("fetch {ASKED}")),
            "{dial:?}"
        );
    }
    let plain = ask(&world(forbidden()), "http://dns.example/query", 1000).await;
    assert_eq!(plain.phases, hidden_phases(NotMeasurable::NotApplicable));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_not_fetched() {
    for (dial, outcome) in [
        (DialError::Refused, down(Reason::ConnectRefused, Phase::Tcp)),
        (
            DialError::Failed("unreachable".to_owned()),
            down(Reason::ConnectFailed, Phase::Tcp),
        ),
        (
            DialError::TargetForbidden("private".to_owned()),
            Outcome::Unmeasured {
                reason: Reason::TargetForbidden,
            },
        ),
    ] {
        let world = world(dial);
        assert_eq!(
            ask(&world, "https://dns.example/query", 1000).await.outcome,
            outcome
        );
        let log = world.log.borrow();
        assert!(log.iter().all(|line| line.starts_with("dial")), "{log:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_platform_without_a_client_says_what_the_dial_met() {
    for (dial, outcome) in [
        (
            forbidden(),
            Outcome::Unmeasured {
                reason: Reason::TargetForbidden,
            },
        ),
        (unexplained(), down(Reason::ConnectFailed, Phase::Tcp)),
    ] {
        let world = World {
            offers: vec![PhaseMode::Own],
            ..world(dial)
        };
        let sight = ask(&world, "https://dns.example/query", 1000).await;
        assert_eq!(
            (sight.outcome, sight.phases.tcp),
            (outcome, PhaseTime::NotReached)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn redirects_are_followed_and_their_times_added() {
    let moved = World {
        fetched: Ok((307, vec![("location", "/moved")], b"")),
        fetched_elsewhere: Some(("https://dns.example/moved", (200, vec![MESSAGE], ANSWER))),
        ..world(forbidden())
    };
    let sight = ask(&moved, "https://dns.example/query", 1000).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert_eq!((sight.phases.ttfb, sight.phases.body), (ms(140), ms(12)));
    let forbids = hidden(NotMeasurable::PlatformForbids);
    assert_eq!((sight.phases.dns, sight.phases.tls), (forbids, forbids));

    let circle = World {
        fetched: Ok((307, vec![("location", "/query")], b"")),
        ..world(forbidden())
    };
    let sight = ask(&circle, "https://dns.example/query", 1000).await;
    assert_eq!(
        sight.outcome,
        down(Reason::ProtocolError, Phase::Body),
        "{sight:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_client_meets_is_told() {
    let cases = [
        (
            Err(FetchError::Failed("no".to_owned())),
            down(Reason::ConnectFailed, Phase::Ttfb),
        ),
        (
            Err(FetchError::NotFound("no such name".to_owned())),
            down(Reason::DnsNotFound, Phase::Dns),
        ),
        (
            Err(FetchError::Limit("none left".to_owned())),
            Outcome::Unmeasured {
                reason: Reason::PlatformLimit,
            },
        ),
        (
            Ok((503, Vec::new(), &b"later"[..])),
            down(Reason::ProtocolError, Phase::Body),
        ),
        (
            Ok((526, vec![("server", "cloudflare")], b"error code: 526")),
            down(Reason::CertificateInvalid, Phase::Tls),
        ),
    ];
    for (fetched, outcome) in cases {
        let world = World {
            fetched,
            has_cloudflare_statuses: true,
            ..world(forbidden())
        };
        let sight = ask(&world, "https://dns.example/query", 1000).await;
        assert_eq!(sight.outcome, outcome, "{sight:?}");
    }
    let late = ask(&world(forbidden()), "https://dns.example/query", 90).await;
    assert_eq!(
        (late.outcome, late.total_us, late.phases.ttfb),
        (down(Reason::Timeout, Phase::Ttfb), 90_000, PhaseTime::NotReached)
    );
}
