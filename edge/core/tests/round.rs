//! Rounds: how much runs at a time, what a slow target may hold up, and what may not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fake;

use edgewatch_core::{engine::Engine, platform::Platform as _, round::run_round, tick};
use edgewatch_protocol::{
    assignment::{Assignment, Assignments},
    check::{Check, HttpCheck},
    name::MonitorId,
    observation::Observation,
    slot::next_slot,
    version::Version,
};
use fake::{FakeHost, Fault, SILENT, config};

fn assignment(id: i32, host: &str, interval_s: u32, timeout_ms: u32) -> Assignment {
    Assignment {
        monitor: MonitorId(id),
        revision: 1,
        interval_s,
        timeout_ms,
        retries: 0,
        from_ms: None,
        until_ms: None,
        check: Check::Http(HttpCheck::get(format!("http://{host}/"))),
    }
}

/// A monitor of a silent target, each minute, that is due at once.
fn silent(id: i32, timeout_ms: u32) -> Assignment {
    assignment(id, &SILENT.to_string(), 60, timeout_ms)
}

async fn round(host: &FakeHost, assignments: &[Assignment]) -> Vec<Observation> {
    let mut observations = Vec::new();
    let engine = Engine::new(host).unwrap();
    let end = run_round(&engine, &config().region, assignments, |one| {
        observations.push(one);
    })
    .await;
    assert_eq!(end.ran, observations.len());
    observations
}

#[tokio::test(start_paused = true)]
async fn as_many_run_at_a_time_as_the_platform_can_and_time_begins_when_the_turn_has_come() {
    let host = FakeHost::new();
    let began_ms = host.now_ms();
    let assignments: Vec<_> = (1..=6).map(|id| silent(id, 1000)).collect();
    let observations = round(&host, &assignments).await;
    assert_eq!((observations.len(), host.most_dialling.get()), (6, 2));
    for (observation, wave) in observations.iter().zip([0, 0, 1, 1, 2, 2]) {
        assert_eq!(observation.started_ms, began_ms + wave * 1000);
        assert_eq!(observation.sight.total_us, 1_000_000, "{observation:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_that_hangs_does_not_silence_the_others() {
    let (host, config) = (FakeHost::new(), config());
    let region = config.region.clone();
    let began_ms = host.now_ms();
    let quick = assignment(2, "192.0.2.1", 10, 1000);
    *host.aggregator.assignments.borrow_mut() = Some(Assignments {
        version: Version::CURRENT,
        region: region.clone(),
        monitors: vec![silent(1, 40_000), quick.clone()],
        tests: Vec::new(),
    });
    let report = tick::tick(&config, &host).await;
    assert_eq!(
        (report.ran, report.sent, report.pending),
        (6, 6, false),
        "{report:?}"
    );
    let batches = host.aggregator.batches.borrow();
    let observations: Vec<_> = batches
        .values()
        .flat_map(|(_, batch)| &batch.observations)
        .collect();
    let slots: Vec<i64> = observations
        .iter()
        .filter(|one| one.monitor == quick.monitor)
        .map(|one| one.slot_ms)
        .collect();
    let first = next_slot(began_ms, quick.monitor, &region, 10_000) - 10_000;
    assert_eq!(slots, [0, 1, 2, 3, 4].map(|n| first + n * 10_000));
    // What the others saw did not wait for the one that hung.
    let sealed: Vec<i64> = batches
        .values()
        .map(|(_, batch)| batch.sealed_at_ms - began_ms)
        .collect();
    assert!(sealed[0] <= 3_000 && sealed[1] <= 14_000, "{sealed:?}");
    assert!(host.now_ms() - began_ms < 60_000);
}

#[tokio::test(start_paused = true)]
async fn a_round_that_never_empties_ends_all_the_same() {
    let host = FakeHost::new();
    let began_ms = host.now_ms();
    // Each of them is due again before its time is over.
    let assignments: Vec<_> = (1..=3)
        .map(|id| assignment(id, &SILENT.to_string(), 10, 15_000))
        .collect();
    let observations = round(&host, &assignments).await;
    assert!(observations.len() >= 4, "{}", observations.len());
    assert!(
        host.now_ms() - began_ms <= 45_000 + 2 * 15_000,
        "{}",
        host.now_ms() - began_ms
    );
    let mut slots: Vec<_> = observations
        .iter()
        .map(|one| (one.monitor, one.slot_ms))
        .collect();
    slots.sort_unstable();
    let made = slots.len();
    slots.dedup();
    assert_eq!(slots.len(), made, "no slot twice");
}

#[tokio::test(start_paused = true)]
async fn nothing_runs_that_could_run_twice() {
    let host = FakeHost::new();
    let assignments = [assignment(1, "192.0.2.1", 60, 1000)];
    let engine = Engine::new(&host).unwrap();
    for fault in [Fault::Before, Fault::After] {
        // The note that the round begins.
        host.faults.replace([Fault::None, fault].into_iter().collect());
        let end = run_round(&engine, &config().region, &assignments, |_| {}).await;
        assert_eq!((end.ran, end.failure.is_some()), (0, true));
    }
    // The second note was written although it was said to have failed: its slot is a gap, and the next is made.
    assert_eq!(round(&host, &assignments).await.len(), 0);
    host.advance(60_000);
    assert_eq!(round(&host, &assignments).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_ahead_does_not_silence_the_probe() {
    let host = FakeHost::new();
    let assignments = [assignment(1, "192.0.2.1", 60, 1000)];
    host.advance(86_400_000);
    assert_eq!(round(&host, &assignments).await.len(), 1);
    host.advance(-86_400_000);
    assert_eq!(round(&host, &assignments).await.len(), 1);
}
