//! Several probes that share a region: each slot is checked once, and what a probe held that falls silent is taken over.
#![allow(clippy::expect_used, missing_docs)]

use edgewatch_client::result::ResultSummary;
use edgewatch_protocol::observation::OutcomeState;
use edgewatch_tests::{
    system::{
        Aggregator, Api, Directory, Edge, NativeProbe, PATIENCE, eventually, now_ms, require_worker, up,
    },
    target::{Options, Target},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tokio::time::{Instant, sleep};

const REGION: &str = "weur";

const INTERVAL_MS: i64 = 10_000;

/// How long a probe holds its monitors without asking: short, so that the tests need not wait for minutes.
const LEASE: Duration = Duration::from_secs(30);

const MONITORS: usize = 12;

async fn aggregator(directory: &Directory) -> Aggregator {
    let lease = LEASE.as_secs().to_string();
    Aggregator::start_with(directory.path(), &[("EDGEWATCH_PROBE_LEASE_S", &lease)]).await
}

/// Ticks in the middle of each slot for a while, and answers which objects there are.
async fn tick_for(edge: &Edge, duration: Duration) -> BTreeSet<String> {
    let end = Instant::now() + duration;
    let mut objects = BTreeSet::new();
    while Instant::now() < end {
        objects.extend(edge.tick().await.into_keys());
        let to_next_ms = INTERVAL_MS - (now_ms() + INTERVAL_MS / 2).rem_euclid(INTERVAL_MS);
        sleep(Duration::from_millis(to_next_ms.unsigned_abs())).await;
    }
    objects
}

/// Which probe has made each slot of a monitor since a time.
async fn made(api: &Api, monitor: i32, since_ms: i64) -> BTreeMap<i64, String> {
    let mut made = BTreeMap::new();
    let results: Vec<ResultSummary> = api.all_results(monitor).await;
    for result in results {
        let slot_ms = result.slot.timestamp_millis();
        if slot_ms < since_ms {
            continue;
        }
        assert_eq!(result.outcome, OutcomeState::Up, "{result:?}");
        let probe = api.result(monitor, &result.id).await.evidence.probe;
        let before = made.insert(slot_ms, probe);
        assert_eq!(before, None, "monitor {monitor} has two results of a slot");
    }
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn the_objects_of_a_region_on_workerd_share_its_monitors_and_take_over_from_a_silent_one() {
    require_worker();
    let directory = Directory::new();
    let target = Target::start(Options::default())
        .await
        .expect("the target starts");
    let aggregator = aggregator(&directory).await;
    let api = Api::sign_in(&aggregator).await;
    let (origin, token) = (aggregator.origin(), aggregator.bootstrap_token());
    let start = async |regions: &str| {
        let settings = [("EDGEWATCH_MAX_CONCURRENT", "2")];
        let target = target.addresses();
        Edge::start_beside(&origin, token, &[regions], target, directory.path(), &settings).await
    };
    let mut edge = start("weur*3").await;
    let mut monitors = Vec::new();
    for number in 0..MONITORS {
        let check =
            json!({"type": "http", "url": format!("{}/switch/shared-{number}", target.addresses().http)});
        let settings =
            json!({"name": number.to_string(), "interval_s": 10, "timeout_ms": 5_000, "check": check});
        monitors.push(api.create_monitor(&settings).await);
    }
    eventually("each object is a probe of its own", PATIENCE, async || {
        edge.tick().await;
        match api.approved_probes().await {
            3 => Ok(()),
            other => Err(format!("{other} probes")),
        }
    })
    .await;

    // A probe that comes serves a lease later; from then on all three have their share.
    tick_for(&edge, LEASE + Duration::from_secs(15)).await;
    let shared_ms = now_ms();
    let objects = tick_for(&edge, Duration::from_secs(45)).await;
    assert_eq!(objects, ["weur", "weur#1", "weur#2"].map(str::to_owned).into());
    let mut share: BTreeMap<String, BTreeSet<i32>> = BTreeMap::new();
    for &monitor in &monitors {
        let made = made(&api, monitor, shared_ms).await;
        assert!(made.len() >= 3, "monitor {monitor}: {made:?}");
        for probe in made.into_values() {
            share.entry(probe).or_default().insert(monitor);
        }
    }
    assert_eq!(share.len(), 3, "{share:?}");
    assert_eq!(
        share.values().map(BTreeSet::len).sum::<usize>(),
        MONITORS,
        "one holder each: {share:?}"
    );

    // The third is taken away: its object rests. The others go on, and have its monitors a lease later.
    edge.stop();
    let edge = start("weur*2").await;
    let silent_ms = now_ms();
    tick_for(&edge, LEASE + Duration::from_secs(25)).await;
    let taken_ms = now_ms() / INTERVAL_MS * INTERVAL_MS;
    tick_for(&edge, Duration::from_secs(35)).await;
    let mut holders = BTreeSet::new();
    for (number, &monitor) in monitors.iter().enumerate() {
        let path = format!("/switch/shared-{number}");
        let all = made(&api, monitor, 0).await;
        // What was stored is what was requested: nothing was checked twice, not even at a hand-over.
        eventually("every request has its result", PATIENCE, async || {
            edge.tick().await;
            let (stored, requests) = (api.all_results(monitor).await.len() as u64, target.hits(&path));
            if requests.abs_diff(stored) == 0 {
                Ok(())
            } else {
                Err(format!("{requests} requests, {stored} results"))
            }
        })
        .await;
        let after: Vec<_> = all.range(taken_ms..).collect();
        assert!(after.len() >= 3, "monitor {monitor} is checked again: {all:?}");
        for pair in after.windows(2) {
            assert_eq!(
                pair[1].0 - pair[0].0,
                INTERVAL_MS,
                "monitor {monitor} lost a slot: {all:?}"
            );
        }
        holders.extend(after.into_iter().map(|(_, probe)| probe.clone()));
        let away_ms = all.range(silent_ms..taken_ms).count();
        assert!(away_ms <= 6, "{all:?}");
    }
    assert_eq!(holders.len(), 2, "{holders:?}");
}

/// A probe of the protocol alone that checks what it was told to.
struct Sharing {
    probe: NativeProbe,
    seq: u64,
    head: Option<Vec<u8>>,
    held: Vec<edgewatch_protocol::assignment::Assignment>,
    last_ms: i64,
    /// What it could not send.
    kept: Vec<(i32, i64)>,
}

impl Sharing {
    async fn new(aggregator: &Aggregator) -> Self {
        Self {
            probe: NativeProbe::enrolled(aggregator, REGION).await,
            seq: 0,
            head: None,
            held: Vec::new(),
            last_ms: now_ms(),
            kept: Vec::new(),
        }
    }

    async fn pull(&mut self) {
        let answer = self
            .probe
            .get(edgewatch_protocol::path::ASSIGNMENTS, "limit=1000", None)
            .await;
        let page: edgewatch_protocol::assignment::AssignmentsPage = answer.json().await.expect("a page");
        self.held = page.assignments.monitors;
    }

    /// Makes what is due, by the same schedule as every host.
    fn look(&mut self) {
        let now_ms = now_ms();
        let due = edgewatch_core::schedule::due(&self.held, &self.probe.region, Some(self.last_ms), now_ms);
        self.kept
            .extend(due.iter().map(|due| (due.assignment.monitor.0, due.slot_ms)));
        self.last_ms = now_ms;
    }

    async fn deliver(&mut self) {
        let observations: Vec<_> = std::mem::take(&mut self.kept)
            .into_iter()
            .map(|(monitor, slot_ms)| up(monitor, slot_ms, 1_000))
            .collect();
        if observations.is_empty() {
            return;
        }
        self.seq += 1;
        let batch = self.probe.batch(self.seq, self.head.as_deref(), observations);
        self.probe.deliver(&batch).await.expect("the batch is taken");
        self.head = Some(edgewatch_tests::system::json_bytes(&batch));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_probe_checks_while_it_is_cut_off_is_stored_once_and_nothing_is_lost() {
    let directory = Directory::new();
    let aggregator = aggregator(&directory).await;
    let api = Api::sign_in(&aggregator).await;
    let mut monitors = Vec::new();
    for number in 0..MONITORS {
        let settings: Value = json!({
            "name": number.to_string(), "interval_s": 10, "timeout_ms": 5_000,
            "check": {"type": "http", "url": "https://example.org/"},
        });
        monitors.push(api.create_monitor(&settings).await);
    }
    let mut probes = [Sharing::new(&aggregator).await, Sharing::new(&aggregator).await];
    let began_ms = now_ms();
    // Until both serve; then one is cut off from the aggregator, not from the targets, for three leases.
    let cut_off = Instant::now() + LEASE + Duration::from_secs(20);
    let back = cut_off + LEASE * 3;
    let mut both = 0;
    while Instant::now() < back + Duration::from_secs(25) {
        let is_cut_off = (cut_off..back).contains(&Instant::now());
        for (number, probe) in probes.iter_mut().enumerate() {
            probe.look();
            if number == 1 && is_cut_off {
                continue;
            }
            both += usize::from(is_cut_off && probe.held.len() == MONITORS);
            probe.deliver().await;
            probe.pull().await;
        }
        sleep(Duration::from_secs(2)).await;
    }
    assert!(both > 0, "the other one took over meanwhile");
    let all: BTreeSet<_> = probes.iter().map(|probe| probe.probe.fingerprint().0).collect();
    let from_ms = (began_ms / INTERVAL_MS + 3) * INTERVAL_MS;
    let mut seen = BTreeSet::new();
    for &monitor in &monitors {
        let made = made(&api, monitor, from_ms).await;
        let slots: Vec<_> = made.keys().copied().collect();
        for pair in slots.windows(2) {
            assert_eq!(
                pair[1] - pair[0],
                INTERVAL_MS,
                "monitor {monitor} lost a slot: {slots:?}"
            );
        }
        assert!(slots.len() >= 12, "{slots:?}");
        seen.extend(made.into_values());
    }
    assert_eq!(seen, all);
    let metrics = api.page("/metrics").await.text().await.expect("the metrics");
    let twice = metrics
        .lines()
        .find_map(|line| line.strip_prefix("edgewatch_observations_dropped_total{reason=\"known\"} "));
    let twice: u32 = twice.and_then(|count| count.parse().ok()).unwrap_or_default();
    assert!(twice > 0, "some slots were made by both");
}
