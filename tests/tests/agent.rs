//! The agent as its users run it: the built binary against the built aggregator.
#![allow(clippy::expect_used, missing_docs)]

use edgewatch_agent::{AgentOptions, NativePlatform, config::DEFAULT_OUTBOX_MIB, script::Scripts};
use edgewatch_client::{region::Region, result::ResultSummary};
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
    path::Path,
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

/// An agent in this process.
fn agent(
    aggregator: &Aggregator,
    region: &str,
    platform: NativePlatform,
    max_concurrent: usize,
    directory: &Path,
) -> edgewatch_agent::Agent {
    let region = region.parse().expect("a region");
    edgewatch_agent::Agent::new(AgentOptions {
        state_dir: directory.join(format!("agent-{region}")),
        probe: ProbeConfig {
            aggregator_url: aggregator.origin().parse().expect("a URL"),
            key: derive_key("a seed of the end-to-end tests, long enough for a key", &region).expect("a key"),
            region,
            enrolment_token: Some(aggregator.bootstrap_token().to_owned()),
        },
        platform,
        max_concurrent,
        outbox_mib: DEFAULT_OUTBOX_MIB,
    })
    .expect("an agent")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_that_is_too_slow_for_its_load_says_so() {
    let directory = Directory::new();
    let target = Target::start(Options::default())
        .await
        .expect("the target starts");
    let aggregator = Aggregator::start(directory.path()).await;
    let api = Api::sign_in(&aggregator).await;
    // Each slot of ten seconds asks for 18 seconds of waiting: too much for one at a time.
    for number in 0..6 {
        let url = format!("{}/delay/3000", target.addresses().http);
        let check = json!({"type": "http", "url": url});
        let settings =
            json!({"name": number.to_string(), "interval_s": 10, "timeout_ms": 5_000, "check": check});
        api.create_monitor(&settings).await;
    }
    let start = |region, at_a_time| {
        let platform = NativePlatform::unrestricted();
        let agent = agent(&aggregator, region, platform, at_a_time, directory.path());
        let (stop, stopped) = oneshot::channel::<()>();
        (stop, tokio::spawn(agent.run(async { drop(stopped.await) })))
    };
    let agents = [start("slow", 1), start("quick", 100)];
    let load = async |region: &str| {
        let regions: Vec<Region> = api.get("/api/v1/regions").await;
        let found = regions
            .into_iter()
            .find(|found| found.settings.name.as_str() == region);
        found.map(|region| (region.overruns, region.late_p99_ms))
    };
    eventually(
        "the slow region says that it is too slow",
        SLOT * 4,
        async || match load("slow").await {
            Some((overruns, _)) if overruns >= 6 => Ok(()),
            other => Err(format!("{other:?}")),
        },
    )
    .await;
    let quick = load("quick").await.expect("the quick region");
    assert_eq!(quick.0, 0, "a place late in the slot is no overrun");
    assert!(quick.1.is_some(), "it has checked");
    let metrics = api.page("/metrics").await.text().await.expect("the metrics");
    assert!(
        metrics.contains("edgewatch_region_overrun_total{region=\"slow\"}"),
        "{metrics}"
    );
    for (stop, running) in agents {
        stop.send(()).expect("the agent runs");
        running.await.expect("the agent ends");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_can_do_something_else_tells_so() {
    let directory = Directory::new();
    let aggregator = Aggregator::start(directory.path()).await;
    let api = Api::sign_in(&aggregator).await;
    let script = serde_json::from_value(json!({"program": "/bin/true"})).expect("a script's settings");
    let scripts: Scripts = [("nothing".to_owned(), script)].into();
    let mut seen = Vec::new();
    for scripts in [None, Some(scripts), None] {
        let can_run = scripts.is_some();
        let platform = match scripts {
            Some(scripts) => NativePlatform::unrestricted().with_scripts(scripts),
            None => NativePlatform::unrestricted(),
        };
        let agent = agent(&aggregator, "office", platform, 10, directory.path());
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(agent.run(async { drop(stopped.await) }));
        eventually(
            "the aggregator knows what it can do",
            PATIENCE,
            async || match api.probes().await.as_slice() {
                [probe] if probe.capabilities.iter().any(|name| name == "script") == can_run => Ok(()),
                other => Err(format!("{other:?}")),
            },
        )
        .await;
        seen.push(api.probes().await[0].fingerprint.clone());
        stop.send(()).expect("the agent runs");
        running.await.expect("the agent ends");
    }
    assert!(seen.iter().all(|fingerprint| *fingerprint == seen[0]), "{seen:?}");
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
        let platform = NativePlatform::unrestricted().with_clock_offset(offset_ms);
        agent(&aggregator, "office", platform, 10, directory.path())
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
