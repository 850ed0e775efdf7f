//! The aggregator is away for long while an agent and a region on workerd go on checking; then everything arrives, in
//! order, once.
//!
//! It takes as long as the aggregator is away, an hour by default, and is run by itself: `make test-outage`, or
//! `make test-outage OUTAGE_S=600`. The short form of it, with crashes, is in `agent.rs` and `ingest_survival.rs`.
#![allow(clippy::expect_used, clippy::print_stdout, missing_docs)]

use edgewatch_client::result::ResultSummary;
use edgewatch_protocol::observation::OutcomeState;
use edgewatch_tests::{
    system::{Agent, Aggregator, Api, Directory, Edge, PATIENCE, Turn, eventually, now_ms},
    target::{Options, Target},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// Intervals of the monitors, seconds. Each is checked from both regions.
const INTERVALS_S: [i64; 8] = [10, 10, 10, 10, 30, 60, 60, 300];

/// The agent's region, and the worker's.
const REGIONS: [&str; 2] = ["office", "weur"];

/// How long what waited may take to arrive.
const CATCH_UP: Duration = Duration::from_mins(5);

struct Watched {
    id: i32,
    path: String,
    interval_s: i64,
    settings: Value,
}

/// How long the aggregator is away.
fn outage() -> Duration {
    let text = std::env::var("OUTAGE_S").unwrap_or_else(|_| "3600".to_owned());
    Duration::from_secs(text.parse().expect("OUTAGE_S is a number of seconds"))
}

async fn create_monitors(api: &Api, target: &Target) -> Vec<Watched> {
    let mut monitors = Vec::new();
    for (number, interval_s) in INTERVALS_S.into_iter().enumerate() {
        let path = format!("/switch/outage-{number}");
        let check = json!({"type": "http", "url": format!("{}{path}", target.addresses().http)});
        let settings = json!({"name": path, "interval_s": interval_s, "timeout_ms": 5_000, "check": check});
        monitors.push(Watched {
            id: api.create_monitor(&settings).await,
            path,
            interval_s,
            settings,
        });
    }
    monitors
}

/// Fires the worker's cron each minute, as Cloudflare does, and keeps what was said at the last one.
async fn tick_each_minute(edge: &Edge, last: &Mutex<Option<Turn>>) {
    loop {
        let turns = edge.tick().await;
        *last.lock().unwrap_or_else(PoisonError::into_inner) = turns.into_values().next();
        let to_next_ms = 60_000 - now_ms().rem_euclid(60_000);
        sleep(Duration::from_millis(to_next_ms.unsigned_abs())).await;
    }
}

fn bytes_below(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

/// Keeps the logs where they outlive the test: what happened half an hour ago is not in their last lines.
fn keep_logs(directory: &Path) {
    let kept = std::env::temp_dir().join("edgewatch-outage");
    fs::create_dir_all(&kept).expect("a directory for the logs");
    for name in ["aggregator.log", "agent.log", "edge.log"] {
        fs::copy(directory.join(name), kept.join(name)).expect("a copy of a log");
    }
    println!("the logs are in {}", kept.display());
}

/// The results of a monitor from a region, the earliest slot first.
async fn results(api: &Api, monitor: &Watched, region: &str) -> Vec<ResultSummary> {
    let mut results = api.all_results(monitor.id).await;
    results.retain(|result| result.region.as_str() == region);
    results.sort_by_key(|result| result.slot);
    results
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes an hour: `make test-outage`"]
async fn after_an_hour_without_an_aggregator_everything_arrives_in_order_and_once() {
    let directory = Directory::new();
    let target = Target::start(Options::default())
        .await
        .expect("the target starts");
    let mut aggregator = Aggregator::start(directory.path()).await;
    let api = Api::sign_in(&aggregator).await;
    let mut agent = Agent::start(&aggregator, REGIONS[0], directory.path());
    let edge = Arc::new(Edge::start(&aggregator, &REGIONS[1..], target.addresses(), directory.path()).await);
    let last_turn = Arc::new(Mutex::new(None));
    let cron = tokio::spawn({
        let (edge, last_turn) = (Arc::clone(&edge), Arc::clone(&last_turn));
        async move { tick_each_minute(&edge, &last_turn).await }
    });
    eventually("both regions are enrolled", PATIENCE, async || {
        match api.approved_probes().await {
            2 => Ok(()),
            other => Err(format!("{other} probes")),
        }
    })
    .await;
    let monitors = create_monitors(&api, &target).await;
    for region in REGIONS {
        eventually(
            "each fast monitor has results",
            PATIENCE * 5,
            async || match results(&api, &monitors[0], region).await.len() {
                0..3 => Err(format!("{region} has too few")),
                _ => Ok(()),
            },
        )
        .await;
    }

    aggregator.stop();
    let (gone_ms, outage) = (now_ms(), outage());
    println!("the aggregator is away for {outage:?}");
    sleep(outage).await;
    let kept_bytes = bytes_below(&directory.path().join("agent"));
    let back_ms = now_ms();
    let back = Instant::now();
    aggregator.start_again().await;
    let api = Api::sign_in(&aggregator).await;

    // All that was seen while it was away is there once the slots of its last minute are.
    for region in REGIONS {
        eventually("the last slots have arrived", CATCH_UP, async || {
            let newest = results(&api, &monitors[0], region).await;
            let newest_ms = newest.last().map_or(0, |result| result.slot.timestamp_millis());
            if newest_ms >= back_ms {
                Ok(())
            } else {
                Err(format!("{region} is {} s behind", (back_ms - newest_ms) / 1000))
            }
        })
        .await;
        println!(
            "{region}: everything had arrived {:?} after the aggregator was back",
            back.elapsed()
        );
    }

    // Nothing more is to be checked: what was requested can be compared with what is stored.
    for monitor in &monitors {
        let mut settings = monitor.settings.clone();
        settings["paused"] = json!(true);
        let path = format!("/api/v1/monitors/{}", monitor.id);
        let answer = api.send(Method::PUT, &path, Some(&settings)).await;
        assert!(answer.status().is_success(), "{}", answer.status());
    }
    sleep(Duration::from_secs(75)).await;
    cron.abort();
    eventually("the worker has nothing left to send", PATIENCE * 2, async || {
        let turns = edge.tick().await;
        if turns.values().all(|turn| turn.ran == 0 && !turn.pending) {
            Ok(())
        } else {
            Err(format!("{turns:?}"))
        }
    })
    .await;
    assert!(agent.stop().expect("the agent stops by itself").success());

    keep_logs(directory.path());
    let (mut stored, mut requests, mut away) = (0, 0, 0);
    let mut gaps = Vec::new();
    for monitor in &monitors {
        let mut of_monitor = 0;
        for region in REGIONS {
            let results = results(&api, monitor, region).await;
            assert!(
                results.iter().all(|result| result.outcome == OutcomeState::Up),
                "{region}, {}: not all are up",
                monitor.path
            );
            let slots: Vec<_> = results
                .iter()
                .map(|result| result.slot.timestamp_millis())
                .collect();
            for pair in slots.windows(2) {
                assert_ne!(
                    pair[0], pair[1],
                    "{region}, {}: a slot is there twice",
                    monitor.path
                );
                if pair[1] - pair[0] != monitor.interval_s * 1000 {
                    let after_s = (pair[0] - gone_ms) / 1000;
                    gaps.push(format!("{region}, {}: {after_s} s after it went", monitor.path));
                }
            }
            of_monitor += results.len() as u64;
            away += slots
                .iter()
                .filter(|slot| (gone_ms..back_ms).contains(slot))
                .count();
        }
        println!(
            "{}: {} requests, {of_monitor} results",
            monitor.path,
            target.hits(&monitor.path)
        );
        stored += of_monitor;
        requests += target.hits(&monitor.path);
    }
    assert_eq!(
        stored, requests,
        "what was requested is stored, once; gaps: {gaps:?}"
    );
    // The batches came in the order in which they were seen.
    for region in REGIONS {
        let mut before = (0, 0);
        let mut batches = 0;
        for result in results(&api, &monitors[0], region).await {
            let evidence = api.result(monitors[0].id, &result.id).await.evidence;
            let now = (evidence.seq, evidence.received_at.timestamp_millis());
            assert!(
                now.0 >= before.0 && now.1 >= before.1,
                "{region}: {now:?} after {before:?}"
            );
            batches += u32::from(now.0 > before.0);
            before = now;
        }
        println!("{region}: {batches} batches, in order");
    }
    for probe in api.probes().await {
        assert_eq!((probe.chain_breaks, probe.dropped), (0, 0), "{}", probe.region);
    }
    // A slot that was never begun is no fault of what is kept, but of the schedule: it is told apart, and no less one.
    assert!(gaps.is_empty(), "slots were left out: {gaps:?}");
    println!(
        "{requests} requests, {stored} results stored, {away} of them of slots while the aggregator was away; \
         the agent had {} KiB on disk when it came back",
        kept_bytes / 1024
    );
}
