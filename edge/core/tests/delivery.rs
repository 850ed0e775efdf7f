//! Whatever call fails, and wherever a turn breaks off: what was kept is delivered once, in order.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fake;

use edgewatch_core::{
    aggregator::Aggregator,
    outbox::{NotKept, Outbox, OutboxLimits},
    report::deliver,
};
use edgewatch_protocol::{
    assertion::Severity,
    batch::MAX_OBSERVATIONS,
    name::MonitorId,
    observation::{FailedAssertion, Observation, Outcome, Sight},
    phase::PhaseTimes,
    problem::ProblemType,
};
use fake::{FakeHost, Fault, config};
use proptest::prelude::*;
use std::collections::HashSet;

/// A probe begins anew with each of these: nothing is remembered but by the storage.
#[derive(Clone, Debug)]
enum Turn {
    Keep(usize),
    Deliver,
    /// Another probe with the same key wrote a batch.
    Intrude,
}

fn observation(number: i64) -> Observation {
    Observation {
        monitor: MonitorId(1),
        revision: 1,
        slot_ms: number * 10_000,
        started_ms: number * 10_000 + 1,
        attempts: 1,
        sight: Sight {
            outcome: Outcome::Up,
            phases: PhaseTimes::default(),
            total_us: 1,
            http: None,
            address: None,
            certificate: None,
            facts: None,
            failed_assertions: Vec::new(),
            message: None,
        },
    }
}

/// An observation of some size in bytes.
fn large_observation(number: i64, bytes: usize) -> Observation {
    let mut observation = observation(number);
    observation.sight.failed_assertions.push(FailedAssertion {
        text: "x".repeat(bytes),
        severity: Severity::Down,
    });
    observation
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}

async fn keep(host: &FakeHost, observations: Vec<Observation>, attempts: usize) -> Result<(), NotKept> {
    let config = config();
    let outbox = Outbox::new(&config, host, OutboxLimits::default());
    let mut left = observations;
    for attempt in 1.. {
        match outbox.push(left).await {
            Err(not_kept) if attempt < attempts => left = not_kept.observations,
            settled => return settled,
        }
    }
    Ok(())
}

async fn deliver_once(host: &FakeHost) -> usize {
    let config = config();
    let outbox = Outbox::new(&config, host, OutboxLimits::default());
    let delivery = deliver(&Aggregator::new(&config, host), &outbox).await;
    delivery.map_or(0, |delivery| delivery.sent)
}

async fn is_pending(host: &FakeHost) -> bool {
    let config = config();
    Outbox::new(&config, host, OutboxLimits::default())
        .is_pending()
        .await
        .unwrap()
}

/// All observations that the aggregator took, by their number, in the order of their batches.
fn slots(host: &FakeHost) -> Vec<i64> {
    let batches = host.aggregator.batches.borrow();
    let observations = batches.values().flat_map(|(_, batch)| &batch.observations);
    observations
        .map(|observation| observation.slot_ms / 10_000)
        .collect()
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        4 => (1usize..4).prop_map(Turn::Keep),
        1 => Just(Turn::Keep(MAX_OBSERVATIONS + 7)),
        6 => Just(Turn::Deliver),
        1 => Just(Turn::Intrude),
    ];
    proptest::collection::vec(turn, 1..24)
}

fn faults() -> impl Strategy<Value = Vec<Fault>> {
    let fault = prop_oneof![
        6 => Just(Fault::None),
        1 => Just(Fault::Before),
        1 => Just(Fault::After),
    ];
    proptest::collection::vec(fault, 0..300)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_is_delivered_once_and_in_order(
        turns in turns(), faults in faults(), compresses in any::<bool>(),
    ) {
        block_on(async {
            let host = FakeHost::new();
            host.compresses.set(compresses);
            host.faults.replace(faults.into());
            let (mut next, mut kept, mut unsure) = (0, Vec::new(), HashSet::new());
            for turn in turns {
                match turn {
                    Turn::Keep(count) => {
                        let numbers: Vec<i64> = (next..).take(count).collect();
                        next += count as i64;
                        let observations = numbers.iter().map(|&number| observation(number)).collect();
                        let lost: HashSet<i64> = match keep(&host, observations, 3).await {
                            Ok(()) => HashSet::new(),
                            Err(not_kept) => not_kept.observations.iter().map(|one| one.slot_ms / 10_000).collect(),
                        };
                        kept.extend(numbers.iter().filter(|number| !lost.contains(number)));
                        unsure.extend(lost);
                    }
                    Turn::Deliver => {
                        deliver_once(&host).await;
                    }
                    Turn::Intrude => {
                        let head = host.aggregator.head();
                        let mut batches = host.aggregator.batches.borrow_mut();
                        if let Some((_, batch)) = batches.get(&head.seq).cloned() {
                            let observations = Vec::new();
                            let intruder = edgewatch_protocol::batch::Batch { observations, ..batch };
                            batches.insert(head.seq + 1, (format!("intruder {}", head.seq), intruder));
                        }
                    }
                }
                host.advance(1000);
            }

            host.faults.borrow_mut().clear();
            for _ in 0..50 {
                deliver_once(&host).await;
            }
            prop_assert!(!is_pending(&host).await);
            let slots = slots(&host);
            prop_assert!(slots.windows(2).all(|pair| pair[0] < pair[1]), "in order and once: {:?}", slots);
            let delivered: HashSet<i64> = slots.into_iter().collect();
            for number in &kept {
                prop_assert!(delivered.contains(number), "{} was kept and is lost", number);
            }
            prop_assert!(delivered.iter().all(|number| kept.contains(number) || unsure.contains(number)));
            // Nothing but the place in the chain and what was told of the probe stays behind.
            let keys: Vec<String> = host.values.borrow().keys().cloned().collect();
            let stays = |key: &String| ["chain", "enrolled"].contains(&key.as_str());
            prop_assert!(keys.iter().all(stays), "{:?}", keys);
            Ok(())
        })?;
    }
}

#[test]
fn without_faults_the_chain_has_no_breaks() {
    block_on(async {
        let host = FakeHost::new();
        for round in 0..5 {
            keep(&host, vec![observation(round * 2), observation(round * 2 + 1)], 1)
                .await
                .unwrap();
            assert_eq!(deliver_once(&host).await, 2);
        }
        assert_eq!(slots(&host), (0..10).collect::<Vec<_>>());
        assert_eq!((host.aggregator.breaks.get(), host.aggregator.head().seq), (0, 5));
        assert!(
            host.aggregator
                .batches
                .borrow()
                .values()
                .all(|(_, batch)| !batch.resumed)
        );
    });
}

#[test]
fn what_waits_is_put_together_and_kept_within_bounds() {
    block_on(async {
        let host = FakeHost::new();
        *host.aggregator.problem.borrow_mut() = Some(ProblemType::Unavailable);
        for number in 0..1200 {
            keep(&host, vec![observation(number)], 1).await.unwrap();
            if number % 100 == 0 {
                assert_eq!(deliver_once(&host).await, 0);
            }
        }
        // Large ones make records of a bounded size.
        for number in 1200..1240 {
            keep(&host, vec![large_observation(number, 30_000)], 1)
                .await
                .unwrap();
        }
        assert!(host.values.borrow().values().all(|value| value.len() < 400_000));

        *host.aggregator.problem.borrow_mut() = None;
        assert_eq!(deliver_once(&host).await, 1240);
        assert_eq!(slots(&host), (0..1240).collect::<Vec<_>>());
        let batches = host.aggregator.batches.borrow();
        assert!(batches.len() < 12, "{}", batches.len());
        assert!(
            batches
                .values()
                .all(|(_, batch)| batch.observations.len() <= MAX_OBSERVATIONS)
        );
    });
}

#[test]
fn what_waited_too_long_is_dropped_counted_and_told_once() {
    block_on(async {
        let host = FakeHost::new();
        *host.aggregator.problem.borrow_mut() = Some(ProblemType::Unavailable);
        keep(&host, vec![observation(0), observation(1)], 1)
            .await
            .unwrap();
        deliver_once(&host).await;
        host.advance(25 * 3_600_000);
        keep(&host, vec![observation(9000)], 1).await.unwrap();
        deliver_once(&host).await;
        *host.aggregator.problem.borrow_mut() = None;
        deliver_once(&host).await;
        keep(&host, vec![observation(9001)], 1).await.unwrap();
        deliver_once(&host).await;
        assert_eq!(slots(&host), [9000, 9001]);
        let told: Vec<u64> = host
            .aggregator
            .batches
            .borrow()
            .values()
            .map(|(_, batch)| batch.dropped)
            .collect();
        assert_eq!(told, [2, 0]);
    });
}

#[test]
fn too_many_records_drop_the_oldest() {
    block_on(async {
        let (host, config) = (FakeHost::new(), config());
        let limits = OutboxLimits {
            max_records: 2,
            ..OutboxLimits::default()
        };
        let outbox = Outbox::new(&config, &host, limits);
        outbox
            .push((0..4 * MAX_OBSERVATIONS as i64).map(observation).collect())
            .await
            .unwrap();
        let delivery = deliver(&Aggregator::new(&config, &host), &outbox).await.unwrap();
        assert_eq!(delivery.sent, 2 * MAX_OBSERVATIONS);
        assert!(
            delivery.problems[0].starts_with("1000 observations were dropped"),
            "{:?}",
            delivery.problems
        );
        assert_eq!(slots(&host)[0], 2 * MAX_OBSERVATIONS as i64);
    });
}

#[test]
fn a_probe_that_lost_its_storage_continues_at_the_head_and_says_so() {
    block_on(async {
        let host = FakeHost::new();
        keep(&host, vec![observation(0)], 1).await.unwrap();
        deliver_once(&host).await;
        host.values.borrow_mut().clear();
        keep(&host, vec![observation(1)], 1).await.unwrap();
        deliver_once(&host).await;
        keep(&host, vec![observation(2)], 1).await.unwrap();
        deliver_once(&host).await;
        assert_eq!(slots(&host), [0, 1, 2]);
        let resumed: Vec<bool> = host
            .aggregator
            .batches
            .borrow()
            .values()
            .map(|(_, batch)| batch.resumed)
            .collect();
        assert_eq!(
            (resumed, host.aggregator.breaks.get()),
            (vec![false, true, false], 0)
        );
    });
}

#[test]
fn a_batch_that_is_never_taken_does_not_hold_up_the_rest() {
    block_on(async {
        let host = FakeHost::new();
        keep(&host, vec![observation(0)], 1).await.unwrap();
        deliver_once(&host).await;
        keep(&host, vec![observation(1)], 1).await.unwrap();
        *host.aggregator.problem.borrow_mut() = Some(ProblemType::Malformed);
        deliver_once(&host).await;
        *host.aggregator.problem.borrow_mut() = None;
        keep(&host, vec![observation(2)], 1).await.unwrap();
        deliver_once(&host).await;
        assert_eq!((slots(&host), host.aggregator.breaks.get()), (vec![0, 2], 0));
        assert_eq!(host.aggregator.batches.borrow()[&2].1.dropped, 1);
    });
}

#[test]
fn refusals_of_the_probe_keep_everything() {
    block_on(async {
        for problem in [
            ProblemType::ClockSkew,
            ProblemType::UnknownKey,
            ProblemType::ProbePending,
            ProblemType::ProbeRevoked,
            ProblemType::Replay,
            ProblemType::RateLimited,
            ProblemType::UnsupportedVersion,
            ProblemType::Internal,
        ] {
            let host = FakeHost::new();
            keep(&host, vec![observation(0)], 1).await.unwrap();
            *host.aggregator.problem.borrow_mut() = Some(problem);
            assert_eq!(deliver_once(&host).await, 0);
            assert!(is_pending(&host).await, "{problem:?}");
            *host.aggregator.problem.borrow_mut() = None;
            assert_eq!(deliver_once(&host).await, 1, "{problem:?}");
        }
    });
}
