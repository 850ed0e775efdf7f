//! The domain check against registries on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

use edgewatch_agent::{NativePlatform, run_check};
use edgewatch_core::platform::Platform as _;
use edgewatch_protocol::{
    check::Check,
    facts::{DomainFacts, Facts},
    observation::{Outcome, Sight},
    phase::{NotMeasurable, PhaseTime},
    reason::Reason,
};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Instant,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

const DAY_MS: i64 = 86_400_000;

/// A registry: each domain's first label says what is to be said of it.
struct Registry {
    address: SocketAddr,
    /// The paths that were asked for, and when.
    asked: Arc<Mutex<Vec<(String, Instant)>>>,
}

impl Registry {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = asked.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                assert!(head.contains("application/rdap+json"), "{head}");
                let path = head.split(' ').nth(1).unwrap().to_owned();
                noted.lock().unwrap().push((path.clone(), Instant::now()));
                let answer = answer(&path);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { address, asked }
    }

    async fn see(&self, domain: &str, more: Value) -> Sight {
        let mut check =
            json!({"type": "domain", "domain": domain, "rdap_url": format!("http://{}/rdap", self.address)});
        if let (Value::Object(check), Value::Object(more)) = (&mut check, more) {
            check.extend(more);
        }
        let check: Check = serde_json::from_value(check).unwrap();
        assert_eq!(edgewatch_core::check::validate(&check), []);
        run_check(&check, 5000, &NativePlatform::unrestricted()).await
    }

    fn paths(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|(path, _)| path.clone()).collect()
    }
}

fn answer(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap();
    let days = match name.split('.').next().unwrap() {
        "none" => return plain("404 Not Found", "{}"),
        "busy" => return plain("429 Too Many Requests", "{}"),
        "broken" => return plain("500 Internal Server Error", ""),
        "page" => return plain("200 OK", "<html>"),
        "moved" => {
            return "HTTP/1.1 301 Moved\r\nlocation: /rdap/domain/near.example\r\ncontent-length: 0\r\n\r\n"
                .to_owned();
        }
        "silent" => None,
        "near" => Some(20),
        "last" => Some(3),
        "over" => Some(-2),
        _ => Some(400),
    };
    let now_ms = NativePlatform::unrestricted().now_ms();
    let events = days.map(|days| {
        let at = time::OffsetDateTime::from_unix_timestamp((now_ms + days * DAY_MS) / 1000 + 60).unwrap();
        let (date, hour, minute, second) = (at.date(), at.hour(), at.minute(), at.second());
        json!({"eventAction": "expiration", "eventDate": format!("{date}T{hour:02}:{minute:02}:{second:02}Z")})
    });
    let body = json!({
        "objectClassName": "domain", "ldhName": name, "status": ["active"],
        "events": events.into_iter().collect::<Vec<_>>(),
        "entities": [{"roles": ["registrar"], "vcardArray": ["vcard", [["fn", {}, "text", "Test Registrar"]]]}]
    });
    plain("200 OK", &body.to_string())
}

fn plain(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/rdap+json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

fn facts(sight: &Sight) -> &DomainFacts {
    match &sight.facts {
        Some(Facts::Domain(facts)) => facts,
        other => panic!("{other:?} in {sight:?}"),
    }
}

#[tokio::test]
async fn what_the_registry_says_decides() {
    let registry = Registry::start().await;
    let sight = registry.see("far.example", json!({})).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert_eq!(facts(&sight).registrar.as_deref(), Some("Test Registrar"));
    assert_eq!(facts(&sight).statuses, ["active"]);
    assert!(sight.phases.ttfb.measured_us().is_some());
    let reason = Reason::DomainExpiring;
    let sight = registry.see("near.example", json!({})).await;
    assert_eq!(sight.outcome, Outcome::Degraded { reason }, "{sight:?}");
    assert_eq!(
        sight.message.unwrap(),
        "the registration of near.example ends in 20 days"
    );
    let sight = registry.see("last.example", json!({})).await;
    assert_eq!(sight.outcome, Outcome::Down { reason, phase: None });
    assert_eq!(registry.paths()[0], "/rdap/domain/far.example");
}

#[tokio::test]
async fn what_is_not_registered_is_down() {
    let registry = Registry::start().await;
    let reason = Reason::DomainNotRegistered;
    for domain in ["none.example", "over.example"] {
        let sight = registry.see(domain, json!({})).await;
        assert_eq!(sight.outcome, Outcome::Down { reason, phase: None }, "{domain}");
    }
}

#[tokio::test]
async fn a_registry_that_fails_says_nothing_of_the_domain() {
    let registry = Registry::start().await;
    let reason = Reason::ServiceUnavailable;
    for domain in ["busy.example", "broken.example", "page.example"] {
        let sight = registry.see(domain, json!({})).await;
        assert_eq!(sight.outcome, Outcome::Unmeasured { reason }, "{domain}");
    }
    let nobody = json!({"rdap_url": "http://127.0.0.1:1/"});
    let sight = registry.see("far.example", nobody).await;
    assert_eq!(sight.outcome, Outcome::Unmeasured { reason }, "{sight:?}");
    let sight = registry.see("silent.example", json!({})).await;
    let reason = Reason::Unsupported;
    assert_eq!(sight.outcome, Outcome::Unmeasured { reason }, "{sight:?}");
}

#[tokio::test]
async fn a_redirect_leads_to_another_server() {
    let registry = Registry::start().await;
    let sight = registry.see("moved.example", json!({})).await;
    let reason = Reason::DomainExpiring;
    assert_eq!(sight.outcome, Outcome::Degraded { reason }, "{sight:?}");
    assert_eq!(registry.paths().len(), 2);
}

#[tokio::test]
async fn a_domain_is_asked_for_once_an_hour_and_a_server_once_a_second() {
    let registry = Registry::start().await;
    let first = registry.see("one.example", json!({})).await;
    let again = registry.see("one.example", json!({"registrar": "Other"})).await;
    assert_eq!(registry.paths().len(), 1);
    assert_eq!(facts(&first), facts(&again));
    // Judged by its own settings, and without a way that it did not take.
    assert_eq!(again.outcome.reason(), Some(Reason::AssertionFailed));
    assert_eq!(
        again.phases.ttfb,
        PhaseTime::NotMeasurable(NotMeasurable::NotApplicable)
    );
    // Failures are answers too.
    registry.see("busy.example", json!({})).await;
    registry.see("busy.example", json!({})).await;
    assert_eq!(registry.paths().len(), 2);
    let (two, three) = tokio::join!(
        registry.see("two.example", json!({})),
        registry.see("three.example", json!({}))
    );
    assert_eq!((two.outcome, three.outcome), (Outcome::Up, Outcome::Up));
    let asked = registry.asked.lock().unwrap();
    assert_eq!(asked.len(), 4);
    // Three seconds, but for how late the first of them came on a busy machine.
    let apart = asked[3].1 - asked[0].1;
    assert!(apart.as_millis() >= 2000, "{apart:?}");
}

#[tokio::test]
async fn too_many_at_once_are_told_so() {
    let registry = Registry::start().await;
    let see = |n: u8| {
        let check = json!({
            "type": "domain", "domain": format!("crowd{n}.example"), "rdap_url": format!("http://{}/", registry.address)
        });
        async move {
            let check: Check = serde_json::from_value(check).unwrap();
            run_check(&check, 1500, &NativePlatform::unrestricted()).await
        }
    };
    let (first, second, third) = tokio::join!(see(1), see(2), see(3));
    assert_eq!((first.outcome, second.outcome), (Outcome::Up, Outcome::Up));
    let reason = Reason::ServiceUnavailable;
    assert_eq!(third.outcome, Outcome::Unmeasured { reason });
    assert!(third.message.unwrap().contains("once a second"));
}
