//! Nothing that was acknowledged is lost and nothing is stored twice, whatever happens to the aggregator.
#![allow(clippy::expect_used, missing_docs)]

use edgewatch_client::result::ResultSummary;
use edgewatch_protocol::{
    batch::{Batch, BatchReceipt},
    path,
};
use edgewatch_tests::system::{
    Aggregator, Api, Directory, NativeProbe, PATIENCE, System, eventually, json_bytes, now_ms, up,
};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::watch;

/// Probes that send at the same time, each in a region of its own.
const PROBES: usize = 6;

/// Monitors that each batch is about.
const MONITORS: i32 = 5;

/// Observations of a monitor in a batch.
const SLOTS_A_BATCH: i64 = 10;

/// Batches of a probe.
const BATCHES: u64 = 120;

/// The aggregator is killed as often, each time after so many further batches of all probes were acknowledged: long
/// before the last one.
const CRASHES: usize = 2;
const ACKNOWLEDGED_BEFORE_CRASH: usize = 200;

/// What one probe has sent: every batch with its number, and what the aggregator said.
struct Sent {
    probe: NativeProbe,
    batches: Vec<Vec<u8>>,
    receipts: BTreeSet<u64>,
}

/// All batches of a probe, chained. The time of each observation names it: no two of a region and a monitor share one.
fn seal(probe: &NativeProbe, first_slot_ms: i64) -> Vec<Vec<u8>> {
    let mut batches: Vec<Vec<u8>> = Vec::new();
    for seq in 1..=BATCHES {
        let observations = (0..SLOTS_A_BATCH)
            .flat_map(|slot| {
                // Many observations a second: what is tested is the store, not the schedule.
                let slot_ms = first_slot_ms + (seq as i64 * SLOTS_A_BATCH + slot) * 10;
                (1..=MONITORS).map(move |monitor| up(monitor, slot_ms, seq as u32))
            })
            .collect();
        let prev = batches.last().map(Vec::as_slice);
        batches.push(json_bytes(&probe.batch(seq, prev, observations)));
    }
    batches
}

/// Sends batch after batch, each again until it is acknowledged, as a probe does, until it is told to stop.
async fn send(mut sent: Sent, mut stop: watch::Receiver<bool>, acknowledged: Arc<AtomicUsize>) -> Sent {
    for (seq, body) in (1..).zip(sent.batches.clone()) {
        loop {
            if *stop.borrow_and_update() {
                return sent;
            }
            let request = sent.probe.post(path::BATCHES, body.clone());
            let Ok(response) = request.try_send().await else {
                // The aggregator is gone.
                return sent;
            };
            if let Ok(receipt) = response.json::<BatchReceipt>().await {
                assert_eq!(receipt.seq, seq);
                sent.receipts.insert(seq);
                acknowledged.fetch_add(1, Ordering::Relaxed);
                break;
            }
        }
    }
    sent
}

/// How often each observation is stored, by region, monitor and time.
async fn stored(api: &Api) -> HashMap<(String, i32, i64), usize> {
    let mut stored = HashMap::new();
    for monitor in 1..=MONITORS {
        for result in api.all_results(monitor).await {
            let key = (result.region.to_string(), monitor, result.at.timestamp_millis());
            *stored.entry(key).or_insert(0) += 1;
        }
    }
    stored
}

/// What must be stored of a batch.
fn keys(body: &[u8]) -> Vec<(String, i32, i64)> {
    let batch: Batch = serde_json::from_slice(body).expect("a batch");
    let region = batch.region.to_string();
    let observations = batch.observations.iter();
    observations
        .map(|observation| (region.clone(), observation.monitor.0, observation.started_ms))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_under_load_loses_nothing_acknowledged_and_doubles_nothing() {
    let directory = Directory::new();
    let mut aggregator = Aggregator::start(directory.path()).await;
    let api = Api::sign_in(&aggregator).await;
    let mut probes = Vec::new();
    for number in 0..PROBES {
        probes.push(NativeProbe::enrolled(&aggregator, &format!("region-{number}")).await);
    }
    for number in 1..=MONITORS {
        let monitor =
            json!({"name": number.to_string(), "check": {"type": "http", "url": "https://example.org/"}});
        assert_eq!(api.create_monitor(&monitor).await, number);
    }
    let first_slot_ms = now_ms() - 3_600_000;
    let mut all: Vec<_> = probes
        .into_iter()
        .map(|probe| Sent {
            batches: seal(&probe, first_slot_ms),
            receipts: BTreeSet::new(),
            probe,
        })
        .collect();

    for crash in 1..=CRASHES {
        let (stop, stopped) = watch::channel(false);
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let senders: Vec<_> = all
            .drain(..)
            .map(|sent| tokio::spawn(send(sent, stopped.clone(), Arc::clone(&acknowledged))))
            .collect();
        eventually("there is a load", PATIENCE, async || {
            let acknowledged = acknowledged.load(Ordering::Relaxed);
            // Each sends everything again from the first batch on: repeats are acknowledged too.
            if acknowledged >= crash * ACKNOWLEDGED_BEFORE_CRASH {
                Ok(())
            } else {
                Err(format!("{acknowledged} batches"))
            }
        })
        .await;
        aggregator.kill();
        stop.send_replace(true);
        for sender in senders {
            all.push(sender.await.expect("the sender ends"));
        }
        assert!(
            all.iter().any(|sent| sent.receipts.len() < sent.batches.len()),
            "there was work left when the aggregator was killed"
        );
        aggregator.start_again().await;
        let api = Api::sign_in(&aggregator).await;
        let stored = stored(&api).await;

        let twice: Vec<_> = stored.iter().filter(|(_, times)| **times != 1).collect();
        assert!(
            twice.is_empty(),
            "crash {crash}: stored more than once: {twice:?}"
        );
        for sent in &all {
            let head = sent.probe.chain().await.expect("the chain's head");
            let last = sent.receipts.last().copied().unwrap_or_default();
            // One more may be stored whose receipt was lost on the way.
            assert!(
                (last..=last + 1).contains(&head.seq),
                "crash {crash}: {last} was acknowledged, {head:?} is stored"
            );
            for (seq, body) in (1..).zip(&sent.batches) {
                let found = keys(body).iter().filter(|key| stored.contains_key(*key)).count();
                let wanted = if seq <= head.seq { keys(body).len() } else { 0 };
                assert_eq!(
                    found, wanted,
                    "crash {crash}: observations of batch {seq} with the head at {head:?}"
                );
            }
        }
    }

    // Everything again, what was acknowledged and what was not: nothing is stored twice, and in the end all of it once.
    let (_stop, stopped) = watch::channel(false);
    let senders: Vec<_> = all
        .drain(..)
        .map(|sent| {
            let before = Arc::new(sent.receipts.clone());
            let sent = Sent {
                receipts: BTreeSet::new(),
                ..sent
            };
            let stopped = stopped.clone();
            tokio::spawn(async move { (before, send(sent, stopped, Arc::default()).await) })
        })
        .collect();
    let api = Api::sign_in(&aggregator).await;
    let mut wanted = 0;
    for sender in senders {
        let (before, sent) = sender.await.expect("the sender ends");
        assert!(before.is_subset(&sent.receipts));
        assert_eq!(sent.receipts.len(), sent.batches.len(), "all is acknowledged");
        let head = sent.probe.chain().await.expect("the chain's head");
        assert_eq!(head.seq, BATCHES);
        wanted += sent.batches.len() * SLOTS_A_BATCH as usize * MONITORS as usize;
    }
    let stored = stored(&api).await;
    assert_eq!(stored.len(), wanted, "observations that are stored");
    assert!(stored.values().all(|&times| times == 1), "each of them once");
    for probe in api.probes().await {
        assert_eq!(
            (probe.chain_breaks, probe.last_seq),
            (0, BATCHES as i64),
            "{}",
            probe.region
        );
    }
}

/// The results of a monitor by slot, and the number of the batch that brought each.
async fn by_slot(api: &Api, monitor: i32) -> BTreeMap<i64, Vec<ResultSummary>> {
    let mut slots: BTreeMap<i64, Vec<ResultSummary>> = BTreeMap::new();
    for result in api.all_results(monitor).await {
        slots
            .entry(result.slot.timestamp_millis())
            .or_default()
            .push(result);
    }
    slots
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_keeps_what_it_saw_while_the_aggregator_is_away() {
    let mut system = System::start(&["weur"]).await;
    let url = format!("{}/healthy", system.target.addresses().http);
    let monitor =
        json!({"name": "a", "interval_s": 10, "timeout_ms": 2_000, "check": {"type": "http", "url": url}});
    let monitor = system.api.create_monitor(&monitor).await;
    let turn = &system.edge.tick().await["weur"];
    assert_eq!((turn.pending, turn.sent), (false, 1), "{turn:?}");

    system.aggregator.kill();
    let hits = system.target.hits("/healthy");
    eventually(
        "the worker goes on looking on its own",
        PATIENCE * 2,
        async || {
            let more = system.target.hits("/healthy") - hits;
            if more >= 3 {
                Ok(())
            } else {
                Err(format!("{more} looks"))
            }
        },
    )
    .await;
    let turn = &system.edge.tick().await["weur"];
    assert!(
        turn.pending && turn.sent == 0 && !turn.problems.is_empty(),
        "{turn:?}"
    );

    system.aggregator.start_again().await;
    system.api = Api::sign_in(&system.aggregator).await;
    eventually("everything is delivered", PATIENCE, async || {
        let turn = &system.edge.tick().await["weur"];
        if turn.pending {
            Err(format!("{turn:?}"))
        } else {
            Ok(())
        }
    })
    .await;

    // Every look is there, once, and the batches came in the order in which they were sealed. (The worker goes on
    // looking meanwhile.)
    let slots = eventually("every look is stored", PATIENCE, async || {
        let slots = by_slot(&system.api, monitor).await;
        let looks = system.target.hits("/healthy");
        if slots.len() as u64 == looks {
            Ok(slots)
        } else {
            Err(format!("{} of {looks} looks are stored", slots.len()))
        }
    })
    .await;
    assert!(slots.values().all(|results| results.len() == 1), "{slots:?}");
    let mut last = (0, None);
    for results in slots.values() {
        let evidence = system.api.result(monitor, &results[0].id).await.evidence;
        assert!(
            (evidence.seq, Some(evidence.received_at)) >= last,
            "{evidence:?} after {last:?}"
        );
        last = (evidence.seq, Some(evidence.received_at));
    }
    let times: Vec<_> = slots.keys().collect();
    assert!(
        times.windows(2).all(|pair| pair[1] - pair[0] == 10_000),
        "no slot is missing: {times:?}"
    );
    let probe = &system.api.probes().await[0];
    assert_eq!((probe.chain_breaks, probe.dropped), (0, 0));
    assert!(probe.last_seq >= 2);
}
