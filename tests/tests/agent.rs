//! The agent as its users run it: the built binary against the built aggregator.
#![allow(clippy::expect_used, missing_docs)]

use edgewatch_agent::{AgentOptions, NativePlatform};
use edgewatch_client::result::ResultSummary;
use edgewatch_core::config::ProbeConfig;
use edgewatch_protocol::{identity::derive_key, observation::OutcomeState};
use edgewatch_tests::{
    system::{Agent, Aggregator, Api, Directory, PATIENCE, eventually},
    target::{Options, Target},
};
use serde_json::json;
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{sync::oneshot, time::sleep};
use tracing_subscriber::fmt::MakeWriter;

const MONITORS: u32 = 40;

const INTERVAL: Duration = Duration::from_secs(10);

/// How long a slot's checks, their delivery and their storing take at most.
const SLOT: Duration = Duration::from_secs(25);

async fn create_monitors(api: &Api, target: &Target, count: u32) -> BTreeMap<i32, String> {
    let mut monitors = BTreeMap::new();
    for number in 0..count {
        let path = format!("/switch/agent-{number}");
        let check = json!({"type": "http", "url": format!("{}{path}", target.addresses().http)});
        let settings =
            json!({"name": path, "interval_s": INTERVAL.as_secs(), "timeout_ms": 5_000, "check": check});
        monitors.insert(api.create_monitor(&settings).await, path);
    }
    monitors
}

async fn all_results(api: &Api, monitors: &BTreeMap<i32, String>) -> BTreeMap<i32, Vec<ResultSummary>> {
    let mut all = BTreeMap::new();
    for monitor in monitors.keys() {
        all.insert(*monitor, api.all_results(*monitor).await);
    }
    all
}

/// Waits until every monitor has as many results.
async fn until_each_has(api: &Api, monitors: &BTreeMap<i32, String>, wanted: usize) {
    let what = format!("each monitor has {wanted} results");
    eventually(&what, SLOT * 3, async || {
        let least = all_results(api, monitors).await.values().map(Vec::len).min();
        if least >= Some(wanted) {
            Ok(())
        } else {
            Err(format!("one has {least:?}"))
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_crash_nor_an_aggregator_that_is_away_loses_or_doubles_a_result() {
    let directory = Directory::new();
    let target = Target::start(Options::default())
        .await
        .expect("the target starts");
    let mut aggregator = Aggregator::start(directory.path()).await;
    let api = Api::sign_in(&aggregator).await;
    let mut agent = Agent::start(&aggregator, "office", directory.path());
    eventually("the agent has enrolled itself", PATIENCE, async || {
        match api.approved_probes().await {
            1 => Ok(()),
            other => Err(format!("{other} probes")),
        }
    })
    .await;
    let probe = &api.probes().await[0];
    assert_eq!((probe.host.as_str(), probe.region.as_str()), ("agent", "office"));
    let monitors = create_monitors(&api, &target, MONITORS).await;
    until_each_has(&api, &monitors, 2).await;

    // The aggregator is away; the agent goes on, is killed, and goes on again from what it has kept.
    aggregator.kill();
    sleep(INTERVAL).await;
    agent.kill();
    agent.start_again();
    sleep(INTERVAL + INTERVAL / 2).await;
    aggregator.start_again().await;
    let api = Api::sign_in(&aggregator).await;
    until_each_has(&api, &monitors, 6).await;

    // Stopped in order, it leaves nothing behind.
    let status = agent.stop().expect("the agent stops by itself");
    assert!(status.success(), "{status}");
    let results = all_results(&api, &monitors).await;
    let (mut requests, mut stored, mut gaps) = (0, 0, 0);
    for (monitor, path) in &monitors {
        let results = &results[monitor];
        assert!(results.iter().all(|result| result.outcome == OutcomeState::Up));
        let slots: Vec<_> = results
            .iter()
            .map(|result| result.slot.timestamp_millis())
            .collect();
        for pair in slots.windows(2) {
            let apart = pair[0] - pair[1];
            assert!(
                apart > 0,
                "monitor {monitor} has two results of a slot: {slots:?}"
            );
            gaps += apart / INTERVAL.as_millis() as i64 - 1;
        }
        requests += target.hits(path);
        stored += results.len() as u64;
    }
    // What was under way at the moment of the crash is all that may be missing: a quarter of a second of the schedule.
    assert!(gaps <= 4, "{gaps} slots were left out");
    assert!(
        stored <= requests && requests - stored <= 4,
        "{requests} requests, {stored} results"
    );
    let probe = &api.probes().await[0];
    assert_eq!((probe.chain_breaks, probe.dropped), (0, 0));
}

#[test]
fn what_is_wrong_with_the_configuration_is_told_in_a_line() {
    let version = Agent::run(&["--version"], &[]);
    assert!(version.status.success());
    assert!(String::from_utf8_lossy(&version.stdout).starts_with("edgewatch-agent "));

    let least = [
        ("EDGEWATCH_REGION", "office"),
        ("EDGEWATCH_AGGREGATOR_URL", "https://status.example.org"),
        ("EDGEWATCH_PROBE_SEED", "0123456789abcdef0123456789abcdef"),
    ];
    let valid = Agent::run(&["--check-config"], &least);
    let said = String::from_utf8_lossy(&valid.stdout).into_owned();
    assert!(valid.status.success() && said.contains("region office"), "{said}");
    assert!(!said.contains("0123456789abcdef0123456789abcdef"));

    for (environment, wanted) in [
        (&least[1..], "EDGEWATCH_REGION"),
        (&least[..1], "EDGEWATCH_AGGREGATOR_URL"),
        (
            &[least[0], least[1], ("EDGEWATCH_STATE_DIR", "/proc/nowhere")][..],
            "/proc/nowhere",
        ),
    ] {
        let refused = Agent::run(&[], environment);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains(wanted) && said.lines().count() == 1, "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aggregators_own_region_checks_beside_it() {
    let directory = Directory::new();
    let target = Target::start(Options::default())
        .await
        .expect("the target starts");
    let mut aggregator =
        Aggregator::start_with(directory.path(), &[("EDGEWATCH_LOCAL_REGION", "local")]).await;
    let api = Api::sign_in(&aggregator).await;
    let monitors = create_monitors(&api, &target, 1).await;
    until_each_has(&api, &monitors, 1).await;
    let results = all_results(&api, &monitors).await;
    let first = &results.values().next().expect("a monitor")[0];
    assert_eq!(
        (first.outcome, first.region.as_str()),
        (OutcomeState::Up, "local")
    );

    aggregator.stop();
    let environment = [
        ("EDGEWATCH_LOCAL_REGION", "local"),
        ("EDGEWATCH_LOCAL_REGION_TARGETS", "public"),
    ];
    aggregator.start_again_with(&environment).await;
    let api = Api::sign_in(&aggregator).await;
    eventually(
        "the loopback address is not dialled any more",
        SLOT * 2,
        async || match all_results(&api, &monitors).await.into_values().flatten().next() {
            Some(result) if result.outcome == OutcomeState::Unmeasured => Ok(()),
            newest => Err(format!("{newest:?}")),
        },
    )
    .await;
    assert_eq!(api.probes().await.len(), 1, "it is still the same probe");
}

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_is_told_and_its_results_are_not_stored() {
    let directory = Directory::new();
    let target = Target::start(Options::default())
        .await
        .expect("the target starts");
    let aggregator = Aggregator::start(directory.path()).await;
    let api = Api::sign_in(&aggregator).await;
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_ansi(false)
        .finish();
    tracing::subscriber::set_global_default(subscriber).expect("no other subscriber");
    let agent = |offset_ms| {
        let region = "office".parse().expect("a region");
        edgewatch_agent::Agent::new(AgentOptions {
            probe: ProbeConfig {
                aggregator_url: aggregator.origin().parse().expect("a URL"),
                key: derive_key("a seed of the end-to-end tests, long enough for a key", &region)
                    .expect("a key"),
                region,
                enrolment_token: Some(aggregator.bootstrap_token().to_owned()),
            },
            platform: NativePlatform::unrestricted().with_clock_offset(offset_ms),
            state_dir: directory.path().join("agent"),
            max_concurrent: 10,
        })
        .expect("an agent")
    };

    // Enrolled while its clock was right.
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(agent(0).run(async { drop(stopped.await) }));
    eventually("the agent has enrolled itself", PATIENCE, async || {
        match api.approved_probes().await {
            1 => Ok(()),
            other => Err(format!("{other} probes")),
        }
    })
    .await;
    let monitors = create_monitors(&api, &target, 3).await;
    until_each_has(&api, &monitors, 1).await;
    stop.send(()).expect("the agent runs");
    running.await.expect("the agent ends");
    let before = all_results(&api, &monitors).await;
    assert!(!log.text().contains("clock"), "{}", log.text());

    // Then it is an hour ahead.
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(agent(3_600_000).run(async { drop(stopped.await) }));
    eventually("the agent says that its clock is wrong", PATIENCE, async || {
        let text = log.text();
        if text.contains("clock") { Ok(()) } else { Err(text) }
    })
    .await;
    sleep(SLOT).await;
    stop.send(()).expect("the agent runs");
    running.await.expect("the agent ends");
    let count = |results: BTreeMap<i32, Vec<ResultSummary>>| results.values().map(Vec::len).sum::<usize>();
    assert_eq!(count(all_results(&api, &monitors).await), count(before));
}
