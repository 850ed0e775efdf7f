//! The record of states, and the incidents that follow from it, are the same whatever happens to the aggregator while it is written.
#![allow(clippy::expect_used, missing_docs)]

use chrono::{DateTime, Utc};
use edgewatch_protocol::{
    batch::BatchReceipt,
    observation::{Observation, Outcome},
    path,
    reason::Reason,
};
use edgewatch_tests::system::{
    Aggregator, Api, Directory, NativeProbe, PATIENCE, connect_database, eventually, json_bytes, now_ms, up,
};
use serde_json::json;

const REGIONS: [&str; 3] = ["apac", "enam", "weur"];
const MONITORS: i32 = 6;
const BATCHES: i64 = 60;
const SLOTS_A_BATCH: i64 = 10;
/// Milliseconds between slots: all of them lie in the time that a probe's clock may be ahead.
const SLOT_MS: i64 = 400;

/// A row of the record.
type Interval = (i32, DateTime<Utc>, i16, i16, Vec<i16>);

/// An outage, with when its incident was opened and resolved: the monitor, from when to when.
type IncidentOutage = (
    DateTime<Utc>,
    Option<DateTime<Utc>>,
    i32,
    DateTime<Utc>,
    Option<DateTime<Utc>>,
);

/// An aggregator with monitors and a probe of each region.
struct Installation {
    directory: Directory,
    aggregator: Aggregator,
    probes: Vec<NativeProbe>,
}

impl Installation {
    async fn new() -> Self {
        let directory = Directory::new();
        let aggregator = Aggregator::start(directory.path()).await;
        let api = Api::sign_in(&aggregator).await;
        let mut probes = Vec::new();
        for region in REGIONS {
            probes.push(NativeProbe::enrolled(&aggregator, region).await);
        }
        for number in 1..=MONITORS {
            let quorum = ["any", "majority", "all"][number as usize % 3];
            let check = json!({"type": "http", "url": "https://example.org/"});
            let monitor =
                json!({"name": number.to_string(), "quorum": quorum, "recoveries": 2, "check": check});
            assert_eq!(api.create_monitor(&monitor).await, number);
        }
        Self {
            directory,
            aggregator,
            probes,
        }
    }

    /// Sends each probe's batches in turn, killing the aggregator before some of them is sent; whatever was sent until
    /// then is sent again.
    async fn deliver(&mut self, first_slot_ms: i64, kill_before: &[i64]) {
        let sealed: Vec<Vec<Vec<u8>>> = (self.probes.iter().zip(0..))
            .map(|(probe, region)| seal(probe, region, first_slot_ms))
            .collect();
        for batch in 0..BATCHES {
            if kill_before.contains(&batch) {
                self.aggregator.kill();
                self.aggregator.start_again().await;
            }
            for (probe, batches) in self.probes.iter().zip(&sealed) {
                // The one before was acknowledged; a repeat changes nothing.
                for body in batches
                    .iter()
                    .take(batch as usize + 1)
                    .skip((batch - 1).max(0) as usize)
                {
                    let receipt: BatchReceipt = probe
                        .post(path::BATCHES, body.clone())
                        .send()
                        .await
                        .expect("it is taken");
                    assert!(receipt.seq > 0);
                }
            }
        }
        let directory = self.directory.path();
        eventually("all is judged", PATIENCE, async || {
            let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM evaluation_queue")
                .fetch_one(&mut connect_database(directory).await)
                .await
                .map_err(|error| error.to_string())?;
            if waiting == 0 {
                Ok(())
            } else {
                Err(format!("{waiting} batches wait"))
            }
        })
        .await;
    }

    /// The record from the first slot on.
    async fn record(&self, first_slot_ms: i64) -> Vec<Interval> {
        sqlx::query_as(
            "SELECT monitor_id, from_at, state, measured, advisory FROM state_interval WHERE from_at >= $1
             ORDER BY monitor_id, from_at",
        )
        .bind(DateTime::from_timestamp_millis(first_slot_ms))
        .fetch_all(&mut connect_database(self.directory.path()).await)
        .await
        .expect("the record")
    }

    /// The outages of the incidents that there are.
    async fn incidents(&self) -> Vec<IncidentOutage> {
        sqlx::query_as(
            "SELECT i.opened_at, i.resolved_at, o.monitor_id, o.from_at, o.to_at
             FROM incident i JOIN incident_monitor o ON o.incident_id = i.id
             WHERE i.merged_into IS NULL AND o.withdrawn_at IS NULL ORDER BY o.from_at, o.monitor_id",
        )
        .fetch_all(&mut connect_database(self.directory.path()).await)
        .await
        .expect("the incidents")
    }
}

/// All batches of a region's probe, chained.
fn seal(probe: &NativeProbe, region: i64, first_slot_ms: i64) -> Vec<Vec<u8>> {
    let mut batches: Vec<Vec<u8>> = Vec::new();
    for batch in 0..BATCHES {
        let slots = batch * SLOTS_A_BATCH..(batch + 1) * SLOTS_A_BATCH;
        let observations = slots
            .flat_map(|slot| (1..=MONITORS).map(move |monitor| seen(monitor, region, slot, first_slot_ms)))
            .collect();
        let prev = batches.last().map(Vec::as_slice);
        batches.push(json_bytes(&probe.batch(batch as u64 + 1, prev, observations)));
    }
    batches
}

/// Outages of many lengths, other ones in each region.
fn seen(monitor: i32, region: i64, slot: i64, first_slot_ms: i64) -> Observation {
    let mut observation = up(monitor, first_slot_ms + slot * SLOT_MS, 1_000);
    let period = 11 + i64::from(monitor) * 3 + region * 2;
    if slot % period < (slot / period) % 6 {
        observation.sight.outcome = Outcome::Down {
            reason: Reason::ConnectFailed,
            phase: None,
        };
    }
    observation
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_leaves_the_record_as_it_would_have_been() {
    let (mut killed, mut spared) = tokio::join!(Installation::new(), Installation::new());
    let first_slot_ms = now_ms() + 1_000;
    tokio::join!(
        killed.deliver(first_slot_ms, &[7, 23, 24, 41]),
        spared.deliver(first_slot_ms, &[])
    );
    let (record, wanted) = (
        killed.record(first_slot_ms).await,
        spared.record(first_slot_ms).await,
    );
    assert!(wanted.len() > 100, "the record has {} intervals", wanted.len());
    assert_eq!(record, wanted);
    let (incidents, wanted) = tokio::join!(killed.incidents(), spared.incidents());
    assert!(wanted.len() > 20, "the incidents have {} outages", wanted.len());
    assert_eq!(incidents, wanted);
}
