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

/// Outages, each of an installation of its own: a record begins with its monitors, and the next outage within minutes would
/// be the same incident. The middle and the worst are shown.
const RUNS: usize = 3;

/// Between slots. The last of an outage's four lies less ahead of now than a probe's clock may be.
const SLOT_MS: i64 = 60_000;

/// Whatever takes longer will not come.
const PATIENCE: Duration = Duration::from_mins(1);

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
    let (mut visible, mut evident) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let [seen_s, read_s] = outage().await;
        visible.push(seen_s);
        evident.push(read_s);
    }
    let regions = REGIONS.len();
    println!(
        "\nDetection, {MONITORS} monitors x {regions} regions fail at once, {RUNS} outages, seconds from the last failing batch on"
    );
    println!("{:<44}{:>10}{:>10}", "", "median", "worst");
    for (what, times) in [
        ("until all are in the open incident", visible),
        ("until the evidence of those shown is read", evident),
    ] {
        let worst = times.iter().copied().fold(0.0, f64::max);
        println!("{what:<44}{:>10.2}{worst:>10.2}", median(times));
    }
}

/// Seconds from the last failing batch until all monitors are in the open incident, and until the evidence is read.
async fn outage() -> [f64; 2] {
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
    let down = Outcome::Down {
        reason: Reason::Timeout,
        phase: Some(Phase::Tcp),
    };
    let first_slot_ms = now_ms();
    for (slot, outcome) in [(0, Outcome::Up), (1, down)] {
        for sender in &mut senders {
            sender.tell(first_slot_ms + slot * SLOT_MS, outcome).await;
        }
    }
    // The checks that confirm it, and the clock from the moment on when the last of them are told.
    let confirming_ms = first_slot_ms + 2 * SLOT_MS;
    let (last, others) = senders.split_last_mut().expect("there are regions");
    for sender in others {
        sender.tell(confirming_ms, down).await;
    }
    let began = Instant::now();
    last.tell(confirming_ms, down).await;
    let seen_s = until(began, async || {
        let open: Value = api.get("/api/v1/incidents?open=true").await;
        let items = open["items"].as_array().expect("a list");
        items.len() == 1 && items[0]["monitors"] == MONITORS
    })
    .await;
    let open: Value = api.get("/api/v1/incidents?open=true").await;
    let path = format!("/api/v1/incidents/{}", open["items"][0]["id"]);
    let read_s = until(began, async || {
        let incident: Value = api.get(&path).await;
        let outages = incident["outages"].as_array().expect("a list");
        outages.iter().all(|outage| outage["evidence"] == true)
    })
    .await;
    [seen_s, read_s]
}

/// Seconds since it began until it is so.
async fn until(began: Instant, is_so: impl AsyncFn() -> bool) -> f64 {
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "it does not come");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    began.elapsed().as_secs_f64()
}

fn seen(monitor: i32, slot_ms: i64, outcome: Outcome) -> Observation {
    let mut observation = up(monitor, slot_ms, 90_000);
    observation.sight.outcome = outcome;
    observation
}
