//! The whole road: a target fails, three regions see it, the aggregator judges, and whoever listens is told.
#![allow(clippy::expect_used, missing_docs)]

use edgewatch_client::{
    event::{Event, LiveResult},
    monitor::{Monitor, MonitorState, RegionState, Verdict},
};
use edgewatch_protocol::{
    observation::{Outcome, OutcomeState},
    phase::Phase,
    reason::Reason,
};
use edgewatch_tests::{
    system::{
        Aggregator, Api, Directory, EventStream, NativeProbe, PATIENCE, System, eventually, now_ms, up,
    },
    target::Switch,
};
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::sleep;

const REGIONS: [&str; 3] = ["weur", "enam", "apac"];

/// A slot and what it takes to check, deliver and judge.
const SLOT: Duration = Duration::from_secs(20);

/// What a `state` event says.
#[derive(Debug)]
struct StateEvent {
    state: MonitorState,
    advisory: bool,
    since_ms: i64,
    region_states: Vec<RegionState>,
}

/// The next state event of a monitor, and the results that came before it.
async fn next_state(events: &mut EventStream, of: i32) -> (StateEvent, Vec<LiveResult>) {
    let mut seen = Vec::new();
    loop {
        match events.next(SLOT * 2).await {
            Event::State {
                monitor,
                state,
                since,
                advisory,
                region_states,
                ..
            } if monitor == of => {
                let since_ms = since.timestamp_millis();
                let event = StateEvent {
                    state,
                    advisory,
                    since_ms,
                    region_states,
                };
                return (event, seen);
            }
            Event::Results { results } => {
                seen.extend(results.into_iter().filter(|result| result.monitor == of));
            }
            _ => {}
        }
    }
}

/// Ticks until a state is reached, and answers the event that told it.
async fn until_state(
    system: &System,
    events: &mut EventStream,
    monitor: i32,
    wanted: MonitorState,
) -> (StateEvent, Vec<LiveResult>) {
    let mut seen = Vec::new();
    let reached = async {
        loop {
            let (event, results) = next_state(events, monitor).await;
            seen.extend(results);
            if event.state == wanted {
                return event;
            }
        }
    };
    let ticking = async {
        loop {
            system.edge.tick().await;
            let to_next_slot_ms = 10_000 - now_ms().rem_euclid(10_000);
            sleep(Duration::from_millis(to_next_slot_ms.unsigned_abs() + 50)).await;
        }
    };
    tokio::select! {
        event = reached => (event, seen),
        () = ticking => unreachable!("ticking has no end"),
    }
}

fn verdicts(states: &[RegionState]) -> BTreeMap<&str, Verdict> {
    states
        .iter()
        .map(|state| (state.region.as_str(), state.verdict))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_fails_turns_down_and_comes_back_by_itself() {
    let system = System::start(&REGIONS).await;
    let origin = &system.target.addresses().http;
    let mut events = system.api.events().await;
    let monitor = |name: &str, switch: &str, more: serde_json::Value| {
        let mut settings = json!({
            "name": name,
            "interval_s": 10,
            "timeout_ms": 2_000,
            "check": {"type": "http", "url": format!("{origin}/switch/{switch}")},
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            settings[key] = value.clone();
        }
        settings
    };
    // Two confirmations and a majority, as it is without further settings.
    let shop = system
        .api
        .create_monitor(&monitor("shop", "shop", json!({})))
        .await;
    let (up, shown) = until_state(&system, &mut events, shop, MonitorState::Up).await;
    assert_eq!(verdicts(&up.region_states).len(), REGIONS.len());
    assert!(!shown.is_empty() && shown.iter().all(|result| result.outcome == OutcomeState::Up));

    let failed_at_ms = now_ms();
    system.target.set_switch(
        "shop",
        Switch {
            status: 503,
            delay_ms: 0,
        },
    );
    let (down, shown) = until_state(&system, &mut events, shop, MonitorState::Down).await;
    assert!(!down.advisory, "{down:?}");
    let failing = verdicts(&down.region_states).into_values();
    assert!(
        failing.filter(|verdict| *verdict == Verdict::Down).count() >= 2,
        "a majority of three"
    );
    let failures: Vec<_> = shown
        .iter()
        .filter(|result| result.outcome == OutcomeState::Down)
        .collect();
    // Nothing is down by one look: each region that says so has looked twice.
    let mut looks = BTreeMap::new();
    for failure in &failures {
        *looks.entry(failure.region.as_str()).or_insert(0) += 1;
    }
    assert!(
        looks.values().filter(|&&looks| looks >= 2).count() >= 2,
        "{looks:?}"
    );
    // The outage is dated back to the first look that saw it.
    let first_ms = failures.iter().map(|failure| failure.at.timestamp_millis()).min();
    assert!(down.since_ms >= failed_at_ms - 1_000, "{down:?}");
    assert!(
        Some(down.since_ms) <= first_ms.map(|first_ms| first_ms + 10_000),
        "{down:?}, {first_ms:?}"
    );

    let stored: Monitor = system.api.get(&format!("/api/v1/monitors/{shop}")).await;
    assert_eq!(stored.state, MonitorState::Down);
    assert_eq!(stored.state_since.timestamp_millis(), down.since_ms);
    let message = &stored.region_states[0].last_message;
    assert_eq!(message.as_deref(), Some("status (503) in 200-299"));

    system.target.set_switch("shop", Switch::default());
    let (up, _) = until_state(&system, &mut events, shop, MonitorState::Up).await;
    assert!(up.since_ms > down.since_ms, "{up:?}");
}

/// What each monitor is after a step: its state, and whether some regions see it down below the quorum.
async fn standing(api: &Api, monitors: &[(&'static str, i32)]) -> Vec<(&'static str, MonitorState, bool)> {
    let mut standing = Vec::new();
    for &(quorum, id) in monitors {
        let monitor: Monitor = api.get(&format!("/api/v1/monitors/{id}")).await;
        standing.push((quorum, monitor.state, monitor.advisory));
    }
    standing
}

#[tokio::test(flavor = "multi_thread")]
async fn regions_vote_as_the_monitors_quorum_asks() {
    use MonitorState::{Down, Up};
    let directory = Directory::new();
    let aggregator = Aggregator::start(directory.path()).await;
    let api = Api::sign_in(&aggregator).await;
    let mut probes = Vec::new();
    for region in REGIONS {
        probes.push(NativeProbe::enrolled(&aggregator, region).await);
    }
    let mut monitors = Vec::new();
    for quorum in ["any", "majority", "all", "count:2"] {
        let settings = json!({
            "name": quorum,
            "check": {"type": "http", "url": "https://example.org/"},
            "quorum": quorum,
            "confirmations": 1,
        });
        monitors.push((quorum, api.create_monitor(&settings).await));
    }
    let mut events = api.events().await;

    // Which regions see it down, slot after slot, and what follows.
    let steps = [
        (
            [false, false, false],
            [(Up, false), (Up, false), (Up, false), (Up, false)],
        ),
        (
            [true, false, false],
            [(Down, false), (Up, true), (Up, true), (Up, true)],
        ),
        (
            [true, true, false],
            [(Down, false), (Down, false), (Up, true), (Down, false)],
        ),
        (
            [true, true, true],
            [(Down, false), (Down, false), (Down, false), (Down, false)],
        ),
        (
            [false, true, true],
            [(Down, false), (Down, false), (Up, true), (Down, false)],
        ),
        (
            [false, false, false],
            [(Up, false), (Up, false), (Up, false), (Up, false)],
        ),
    ];
    let first_slot_ms = now_ms() / 10_000 * 10_000 - 10_000 * steps.len() as i64;
    let mut told = BTreeMap::new();
    for (step, (sees_down, wanted)) in (1..).zip(steps) {
        for (probe, sees_down) in probes.iter().zip(sees_down) {
            let observations = monitors.iter().map(|&(_, id)| {
                let mut observation = up(id, first_slot_ms + 10_000 * step, 1_000);
                if sees_down {
                    let phase = Some(Phase::Ttfb);
                    let reason = Reason::Timeout;
                    observation.sight.outcome = Outcome::Down { reason, phase };
                }
                observation
            });
            let batch = probe.batch(step.unsigned_abs(), None, observations.collect());
            probe.deliver(&batch).await.expect("the batch is taken");
        }
        let wanted: Vec<_> = monitors
            .iter()
            .zip(wanted)
            .map(|(&(quorum, _), (state, advisory))| (quorum, state, advisory))
            .collect();
        // What was taken is judged just behind.
        eventually(&format!("step {step}: {sees_down:?}"), PATIENCE, async || {
            let standing = standing(&api, &monitors).await;
            if standing == wanted {
                Ok(())
            } else {
                Err(format!("{standing:?} instead of {wanted:?}"))
            }
        })
        .await;
        // Who listens is told the same.
        for &(quorum, id) in &monitors {
            let wanted = wanted
                .iter()
                .find(|(name, ..)| *name == quorum)
                .map(|&(_, state, advisory)| (state, advisory));
            while told.get(&id).copied() != wanted {
                if let Event::State {
                    monitor,
                    state,
                    advisory,
                    ..
                } = events.next(PATIENCE).await
                {
                    told.insert(monitor, (state, advisory));
                }
            }
        }
    }
}
