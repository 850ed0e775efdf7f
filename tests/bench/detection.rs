//! Detection: many monitors fail at the same moment; how long after the last failing check was told the open incident shows
//! all of them, and how long until all of its evidence is read.

use crate::median;
use edgewatch_protocol::{
    batch::{BatchReceipt, MAX_OBSERVATIONS},
    observation::{Observation, Outcome},
    path,
    phase::Phase,
    reason::Reason,
};
use edgewatch_tests::system::{Aggregator, Api, Directory, NativeProbe, json_bytes, now_ms, up};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Monitors, from each of the regions, that fail at once.
const MONITORS: i32 = 1_000;
const REGIONS: [&str; 2] = ["weur", "enam"];

/// Outages; the middle and the worst are shown.
const RUNS: i64 = 5;

/// Between the beginnings of outages: too long for them to be one incident.
const APART_MS: i64 = 600_000;

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A probe and the head of its chain.
struct Sender {
    probe: NativeProbe,
    seq: u64,
    head: Option<Vec<u8>>,
}

impl Sender {
    /// What it saw of all monitors in one slot, batch by batch.
    async fn tell(&mut self, slot_ms: i64, outcome: Outcome) {
        let all: Vec<_> = (1..=MONITORS).map(|id| seen(id, slot_ms, outcome)).collect();
        for some in all.chunks(MAX_OBSERVATIONS) {
            self.seq += 1;
            let batch = self.probe.batch(self.seq, self.head.as_deref(), some.to_vec());
            let bytes = json_bytes(&batch);
            let request = self.probe.post(path::BATCHES, bytes.clone());
            let _: BatchReceipt = request.send().await.expect("the batch is taken");
            self.head = Some(bytes);
        }
    }
}

pub async fn measure() {
    let directory = Directory::new();
    let aggregator = Aggregator::start_with(directory.path(), &[("EDGEWATCH_LOG", "warn")]).await;
    let api = Api::sign_in(&aggregator).await;
    let mut senders = Vec::new();
    for region in REGIONS {
        senders.push(Sender {
            probe: NativeProbe::enrolled(&aggregator, region).await,
            seq: 0,
            head: None,
        });
    }
    for number in 1..=MONITORS {
        let check = json!({"type": "http", "url": format!("https://example.org/{number}")});
        api.create_monitor(&json!({"name": number.to_string(), "check": check}))
            .await;
    }
    let (mut visible, mut evident) = (Vec::new(), Vec::new());
    let down = Outcome::Down {
        reason: Reason::Timeout,
        phase: Some(Phase::Tcp),
    };
    for run in 0..RUNS {
        let first_slot_ms = (now_ms() / 60_000) * 60_000 - (RUNS - run) * APART_MS;
        let slot_ms = |slot: i64| first_slot_ms + slot * 60_000;
        for (slot, outcome) in [(0, Outcome::Up), (1, down)] {
            for sender in &mut senders {
                sender.tell(slot_ms(slot), outcome).await;
            }
        }
        // The checks that confirm it, and the clock from the moment on when the last of them are told.
        let (last, others) = senders.split_last_mut().expect("there are regions");
        for sender in others {
            sender.tell(slot_ms(2), down).await;
        }
        let began = Instant::now();
        last.tell(slot_ms(2), down).await;
        let id = loop {
            let open: Value = api.get("/api/v1/incidents?open=true").await;
            let whole = &open["items"][0];
            if whole["monitors"] == MONITORS {
                assert_eq!(open["items"].as_array().map(Vec::len), Some(1), "one incident");
                break whole["id"].clone();
            }
            tokio::time::sleep(LOOK_EVERY).await;
        };
        visible.push(began.elapsed().as_secs_f64());
        loop {
            let incident: Value = api.get(&format!("/api/v1/incidents/{id}")).await;
            let outages = incident["outages"].as_array().expect("a list");
            if outages.iter().all(|outage| outage["evidence"] == true) {
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        evident.push(began.elapsed().as_secs_f64());
        for sender in &mut senders {
            sender.tell(slot_ms(3), Outcome::Up).await;
        }
        loop {
            let count: Value = api.get("/api/v1/incidents/open").await;
            if count["open"] == 0 {
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    let regions = REGIONS.len();
    println!(
        "\nDetection, {MONITORS} monitors x {regions} regions fail at once, {RUNS} outages, seconds from the last failing batch on"
    );
    println!("{:<44}{:>10}{:>10}", "", "median", "worst");
    for (what, times) in [
        ("until all are in the open incident", visible),
        ("until the evidence of the first 200 is read", evident),
    ] {
        let worst = times.iter().copied().fold(0.0, f64::max);
        println!("{what:<44}{:>10.2}{worst:>10.2}", median(times));
    }
}

fn seen(monitor: i32, slot_ms: i64, outcome: Outcome) -> Observation {
    let mut observation = up(monitor, slot_ms, 90_000);
    observation.sight.outcome = outcome;
    observation
}
