//! The built Spin component, run by a host that supplies what Spin would, against the real aggregator and a target whose
//! every behaviour is scripted.
#![allow(clippy::expect_used, missing_docs)]

use edgewatch_client::{probe::Probe, result::ResultDetail};
use edgewatch_protocol::{
    capability,
    observation::Outcome,
    phase::{NotMeasurable, Phase, PhaseTime},
    reason::Reason,
};
use edgewatch_tests::{
    system::{
        Aggregator, Api, Directory, PATIENCE, SpinOptions, SpinRegion, TICK_TOKEN, Turn, eventually, now_ms,
        read_problem,
    },
    target::{Addresses, Options, Target},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};
use tokio::time::sleep;

const SLOT_MS: i64 = 10_000;

/// The aggregator, a target and who asks; regions come and go.
struct Surroundings {
    aggregator: Aggregator,
    target: Target,
    api: Api,
    directory: Directory,
}

impl Surroundings {
    async fn start() -> Self {
        let directory = Directory::new();
        let target = Target::start(Options {
            certificates: Some(directory.path().join("certificates")),
            ..Options::default()
        })
        .await
        .expect("the target starts");
        let aggregator = Aggregator::start(directory.path()).await;
        Self {
            api: Api::sign_in(&aggregator).await,
            aggregator,
            target,
            directory,
        }
    }

    fn addresses(&self) -> &Addresses {
        self.target.addresses()
    }

    async fn region(&self, options: SpinOptions<'_>) -> SpinRegion {
        SpinRegion::start(&self.aggregator, self.addresses(), self.directory.path(), options).await
    }

    /// A monitor of a region, checked each slot.
    async fn monitor(&self, region: &str, check: Value) -> i32 {
        let settings = json!({
            "name": check["url"],
            "check": check,
            "interval_s": 10,
            "timeout_ms": 3_000,
            "regions": [region],
        });
        self.api.create_monitor(&settings).await
    }

    /// The newest result of a monitor, with its evidence.
    async fn result(&self, monitor: i32) -> ResultDetail {
        let results = self.api.results(monitor).await;
        let newest = results.first().expect("a result");
        self.api.result(monitor, &newest.id).await
    }

    async fn probe(&self, region: &str) -> Probe {
        let mut probes = self.api.probes().await;
        probes.retain(|probe| probe.region.as_str() == region);
        assert_eq!(probes.len(), 1, "one probe of {region}: {probes:?}");
        probes.remove(0)
    }
}

/// The next turn in a new slot, which has something to do.
async fn turn_of_next_slot(region: &SpinRegion) -> Turn {
    let to_next_slot_ms = SLOT_MS - now_ms().rem_euclid(SLOT_MS);
    sleep(Duration::from_millis(to_next_slot_ms.unsigned_abs() + 50)).await;
    region.tick().await
}

fn assert_took(result: &ResultDetail, phase: Phase, from_ms: u32) {
    let time = result.summary.phases.get(phase);
    let PhaseTime::Measured(us) = time else {
        panic!("{} is {time:?}, not measured", phase.as_str());
    };
    // What the target waited for must be there. It may have begun to wait before the probe, busy with another check, began
    // to count; and the machine may be busy with something else.
    let begun_late_us = 20_000;
    assert!(
        us + begun_late_us >= from_ms * 1_000 && us < from_ms * 1_000 + 1_000_000,
        "{} took {us} µs, not {from_ms} ms",
        phase.as_str()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_on_spin_enrols_looks_and_delivers() {
    let around = Surroundings::start().await;
    let options = SpinOptions::default();
    let mut region = around.region(options).await;
    let first = region.tick().await;
    assert_eq!(first.problems, [""; 0]);
    let probe = around.probe(options.region).await;
    assert_eq!(probe.host, "spin");
    assert!(
        capability::STREAMS
            .iter()
            .all(|wanted| probe.capabilities.iter().any(|offered| offered == wanted)),
        "{:?}",
        probe.capabilities
    );

    // Phases and certificate of its own TLS; a name looked up by DNS over HTTPS; what fails, and how.
    let addresses = around.addresses();
    let named = |path: &str| format!("{}{path}", addresses.http).replace("127.0.0.1", "delay-150.test");
    let https = |kind: &str| format!("{}/delay/200", addresses.https[kind]);
    let http = |url: String| json!({"type": "http", "url": url});
    let slow = around.monitor(options.region, http(named("/delay/250"))).await;
    let secure = around.monitor(options.region, http(https("good"))).await;
    let held = around.monitor(options.region, http(https("held"))).await;
    let expired = around.monitor(options.region, http(https("expired"))).await;
    let refused = format!("http://{}/", addresses.tcp["refused"]);
    let refused = around.monitor(options.region, http(refused)).await;
    let unknown = addresses.http.replace("127.0.0.1", "no-such-name.test");
    let unknown = around.monitor(options.region, http(unknown)).await;
    let all = [slow, secure, held, expired, refused, unknown];

    let turn = turn_of_next_slot(&region).await;
    assert_eq!(
        (turn.ran, turn.sent, turn.pending, turn.problems),
        (all.len(), all.len(), false, vec![])
    );

    let result = around.result(slow).await;
    assert_eq!(result.summary.http_status, Some(200), "{result:?}");
    assert_took(&result, Phase::Dns, 150);
    assert_took(&result, Phase::Tcp, 0);
    assert_took(&result, Phase::Ttfb, 250);
    let none = PhaseTime::NotMeasurable(NotMeasurable::NotApplicable);
    assert_eq!(result.summary.phases.get(Phase::Tls), none);

    let result = around.result(secure).await;
    assert_took(&result, Phase::Tls, 0);
    assert_took(&result, Phase::Ttfb, 200);
    let observation = result.observation.expect("the evidence is there");
    assert_eq!(observation.sight.outcome, Outcome::Up, "{observation:?}");
    let certificate = observation.sight.certificate.expect("the certificate was seen");
    assert!(
        certificate.names.iter().any(|name| name == "localhost"),
        "{certificate:?}"
    );
    assert!(certificate.not_after_ms > now_ms(), "{certificate:?}");

    let result = around.result(held).await;
    let hold_ms = u32::try_from(addresses.hold_ms).expect("a short time");
    assert_took(&result, Phase::Tls, hold_ms);

    for (monitor, reason, phase) in [
        (expired, Reason::CertificateExpired, Phase::Tls),
        (refused, Reason::ConnectRefused, Phase::Tcp),
        (unknown, Reason::DnsNotFound, Phase::Dns),
    ] {
        let observation = around.result(monitor).await.observation.expect("the evidence");
        let phase = Some(phase);
        assert_eq!(
            observation.sight.outcome,
            Outcome::Down { reason, phase },
            "{observation:?}"
        );
    }

    // Killed, and started again on the same key-value store: the chain of batches goes on.
    region.kill();
    let region = around.region(options).await;
    let turn = turn_of_next_slot(&region).await;
    assert_eq!(
        (turn.ran, turn.sent, turn.problems),
        (all.len(), all.len(), vec![])
    );
    let probe = around.probe(options.region).await;
    assert_eq!((probe.last_seq, probe.chain_breaks, probe.dropped), (2, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_delivered_waits_in_the_key_value_store() {
    let mut around = Surroundings::start().await;
    let options = SpinOptions::default();
    let mut region = around.region(options).await;
    region.tick().await;
    let check = json!({"type": "http", "url": format!("{}/healthy", around.addresses().http)});
    let monitor = around.monitor(options.region, check).await;
    let turn = turn_of_next_slot(&region).await;
    assert_eq!((turn.ran, turn.sent, turn.pending), (1, 1, false));

    around.aggregator.kill();
    for _ in 0..2 {
        let turn = turn_of_next_slot(&region).await;
        assert_eq!((turn.ran, turn.sent, turn.pending), (1, 0, true));
        assert!(!turn.problems.is_empty(), "an aggregator that is away is told");
    }
    region.kill();
    let region = around.region(options).await;
    around.aggregator.start_again().await;
    around.api = Api::sign_in(&around.aggregator).await;
    let turn = turn_of_next_slot(&region).await;
    assert_eq!((turn.ran, turn.sent, turn.pending), (1, 3, false), "{turn:?}");

    let results = around.api.results(monitor).await;
    let slots: BTreeSet<_> = results.iter().map(|result| result.slot).collect();
    assert_eq!((results.len(), slots.len()), (4, 4), "each once: {results:?}");
    let probe = around.probe(options.region).await;
    assert_eq!((probe.chain_breaks, probe.dropped), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_http_trigger_makes_turns_for_who_has_the_token() {
    let around = Surroundings::start().await;
    let region = around.region(SpinOptions::default()).await;

    let status = region.ask(Method::GET, "/", None).await;
    assert_eq!(status.status(), 200);
    let status: Value = status.json().await.expect("a status");
    assert_eq!(status["regions"], json!(["frankfurt"]));

    let almost = format!("Bearer {}x", &TICK_TOKEN[..TICK_TOKEN.len() - 1]);
    let longer = format!("Bearer {TICK_TOKEN}x");
    let basic = format!("Basic {TICK_TOKEN}");
    for wrong in [
        None,
        Some("Bearer"),
        Some(&*almost),
        Some(&*longer),
        Some(&*basic),
    ] {
        let answer = region.ask(Method::POST, "/tick", wrong).await;
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
        let problem = read_problem(answer).await;
        assert_eq!(problem.status, 401, "{wrong:?}: {problem:?}");
    }
    let wrong = region.ask(Method::GET, "/tick/not-the-token", None).await;
    assert_eq!(read_problem(wrong).await.status, 401);
    assert_eq!(around.api.approved_probes().await, 0, "no turn was made");

    let right = format!("Bearer {TICK_TOKEN}");
    let answer = region.ask(Method::GET, "/tick", Some(&right)).await;
    assert_eq!(read_problem(answer).await.status, 405);
    let answer = region.ask(Method::POST, "/tick", Some(&right)).await;
    assert_eq!(answer.status(), 200);
    let turn: Value = answer.json().await.expect("a turn");
    assert_eq!((&turn["made"], &turn["problems"]), (&json!(true), &json!([])));
    assert_eq!(around.api.approved_probes().await, 1, "{turn}");

    // For a scheduler that can only ask for a path.
    let in_path = format!("/tick/{TICK_TOKEN}");
    assert_eq!(region.ask(Method::GET, &in_path, None).await.status(), 200);

    // Without a token of its own the route is not there at all.
    let tokenless = SpinOptions {
        region: "tokenless",
        tick_token: "",
        ..SpinOptions::default()
    };
    let tokenless = around.region(tokenless).await;
    for authorization in [None, Some("Bearer "), Some(&*right)] {
        let answer = tokenless.ask(Method::POST, "/tick", authorization).await;
        assert_eq!(read_problem(answer).await.status, 404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_makes_every_slot_of_its_time_once_and_turns_do_not_overlap() {
    let around = Surroundings::start().await;
    let options = SpinOptions {
        turn_seconds: 25,
        ..SpinOptions::default()
    };
    let region = around.region(options).await;
    // Without anything to do a turn ends at once.
    region.tick().await;
    let check = json!({"type": "http", "url": format!("{}/healthy", around.addresses().http)});
    let monitor = around.monitor(options.region, check).await;

    let right = format!("Bearer {TICK_TOKEN}");
    let began_ms = now_ms();
    let (turn, asked) = tokio::join!(region.tick(), async {
        // The second one comes while the first is under way, and waits for it.
        sleep(Duration::from_secs(2)).await;
        let answer = region.ask(Method::POST, "/tick", Some(&right)).await;
        answer.json::<Value>().await.expect("a turn")
    });
    assert!(turn.ran >= 2, "{turn:?}");
    assert_eq!(turn.problems, [""; 0]);
    assert_eq!(asked["made"], json!(true), "{asked}");
    assert!(
        now_ms() - began_ms < 60_000,
        "the second turn ends in time as well"
    );

    let results = around.api.results(monitor).await;
    let mut slots: Vec<_> = results
        .iter()
        .map(|result| result.slot.timestamp_millis())
        .collect();
    slots.reverse();
    assert!(
        slots.windows(2).all(|pair| pair[1] - pair[0] == SLOT_MS),
        "each slot once and none left out: {slots:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_sockets_are_forbidden_the_platforms_client_looks() {
    let around = Surroundings::start().await;
    let options = SpinOptions {
        allows_tcp: false,
        ..SpinOptions::default()
    };
    let region = around.region(options).await;
    eventually("the region is enrolled", PATIENCE, async || {
        let turn = region.tick().await;
        match around.api.approved_probes().await {
            1 => Ok(()),
            _ => Err(format!("{turn:?}")),
        }
    })
    .await;
    let check = json!({"type": "http", "url": format!("{}/delay/200", around.addresses().http)});
    let monitor = around.monitor(options.region, check).await;
    let turn = turn_of_next_slot(&region).await;
    assert_eq!((turn.ran, turn.problems), (1, vec![]));

    let result = around.result(monitor).await;
    assert_eq!(result.summary.http_status, Some(200), "{result:?}");
    assert_took(&result, Phase::Ttfb, 200);
    let forbidden = PhaseTime::NotMeasurable(NotMeasurable::PlatformForbids);
    assert_eq!(result.summary.phases.get(Phase::Tcp), forbidden);
}
