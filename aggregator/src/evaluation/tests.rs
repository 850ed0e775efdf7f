use super::*;
use crate::http::{
    probe::test_probe::{DOWN, TestProbe, observation},
    test_server::{Client, TestServer},
};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::session::Role;
use edgewatch_domain::state::MonitorState;
use edgewatch_protocol::observation::{Observation, Outcome};
use serde_json::{Value, json};
use sqlx::PgPool;
use std::{collections::BTreeMap, sync::atomic::Ordering};

pub(super) async fn create_monitor(client: &Client<'_>, more: Value) -> i32 {
    let mut settings = json!({"name": "shop", "check": {"type": "http", "url": "https://shop.example/"}});
    settings
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let created = client.post("/api/v1/monitors", settings).await;
    assert!(created.status.is_success(), "{}", created.text);
    created.json()["id"].as_i64().unwrap() as i32
}

pub(super) async fn state_of(client: &Client<'_>, id: i32) -> Value {
    client.get(&format!("/api/v1/monitors/{id}")).await.json()["state"].clone()
}

async fn queued(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM evaluation_queue")
        .fetch_one(pool)
        .await
        .unwrap()
}

#[test]
fn what_was_passed_on_too_late_is_not_kept() {
    let evaluation = Evaluation::default();
    for id in 0..=KEPT as i64 {
        // It was judged from its evidence before it was passed on.
        evaluation.pass_on(TakenBatch {
            id,
            region_id: 1,
            region: "weur".parse().unwrap(),
            results: Vec::new(),
        });
    }
    assert!(evaluation.take(KEPT as i64).is_none(), "there is no room left");
    evaluation.forget_long_before(KEPT as i64 + LATEST_BEHIND);
    assert!(!evaluation.leave_to_others());
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_was_taken_before_a_crash_is_judged_after_it(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let id = create_monitor(&client, json!({})).await;
    probe
        .deliver(&server, vec![observation(&server, id, 2, Outcome::Up)])
        .await;
    assert_eq!(state_of(&client, id).await, "up");
    server.judges.store(false, Ordering::Relaxed);
    for minute in [1, 0] {
        probe
            .deliver(&server, vec![observation(&server, id, minute, DOWN)])
            .await;
    }
    assert_eq!(
        (queued(&pool).await, state_of(&client, id).await),
        (2, json!("up"))
    );

    // The process that took them is gone, with what it had in memory; the next one waits until it is sure of that.
    let next = TestServer::new(pool.clone());
    next.evaluate().await;
    assert_eq!(queued(&pool).await, 2);
    hand_over_evaluation(&pool, server.state.events.instance())
        .await
        .unwrap();
    assert_eq!(incidents(&pool).await, []);
    next.evaluate().await;
    assert_eq!(queued(&pool).await, 0);
    assert_eq!(state_of(&client, id).await, "down");
    // With the incident that follows, and its evidence.
    let found = incidents(&pool).await;
    assert_eq!((found.len(), found[0].1), (1, None));
    let evidence: i64 = sqlx::query_scalar("SELECT count(*) FROM incident_evidence")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(evidence, 1);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn one_process_judges_at_a_time_and_goes_on_where_another_left_off(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let id = create_monitor(&client, json!({})).await;
    let other = TestServer::new(pool.clone());
    probe
        .deliver(&server, vec![observation(&server, id, 3, Outcome::Up)])
        .await;
    // Each failure is taken and judged by another process: their memories must not be trusted over what is stored.
    for (minute, judging, left) in [(2, &other, &server), (1, &server, &other)] {
        hand_over_evaluation(&pool, left.state.events.instance())
            .await
            .unwrap();
        probe
            .deliver(judging, vec![observation(&server, id, minute, DOWN)])
            .await;
        assert_eq!(queued(&pool).await, 0);
    }
    assert_eq!(state_of(&client, id).await, "down");
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_changed_definition_holds_from_the_next_result_on(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let id = create_monitor(&client, json!({"confirmations": 3})).await;
    for (minute, outcome) in [(4, Outcome::Up), (3, DOWN), (2, DOWN)] {
        probe
            .deliver(&server, vec![observation(&server, id, minute, outcome)])
            .await;
    }
    assert_eq!(state_of(&client, id).await, "up");
    let settings = json!({"name": "shop", "confirmations": 1, "recoveries": 2, "check": {"type": "http", "url": "https://shop.example/"}});
    let changed = client.put(&format!("/api/v1/monitors/{id}"), settings).await;
    assert!(changed.status.is_success(), "{}", changed.text);
    probe
        .deliver(&server, vec![observation(&server, id, 1, DOWN)])
        .await;
    assert_eq!(state_of(&client, id).await, "down");
    client.delete(&format!("/api/v1/monitors/{id}")).await;
    probe
        .deliver(&server, vec![observation(&server, id, 0, DOWN)])
        .await;
    assert_eq!(queued(&server.state.pool).await, 0);
}

/// The record as it stands: when, state, measured.
pub(super) async fn recorded(pool: &PgPool) -> Vec<(DateTime<Utc>, i16, i16)> {
    sqlx::query_as("SELECT from_at, state, measured FROM state_interval ORDER BY monitor_id, from_at")
        .fetch_all(pool)
        .await
        .unwrap()
}

/// An incident: from when to when, and its outages: the monitor, from when to when.
type Incident = (
    DateTime<Utc>,
    Option<DateTime<Utc>>,
    Vec<(i32, DateTime<Utc>, Option<DateTime<Utc>>)>,
);

/// The incident, when it was opened and resolved; the outage's monitor, from when to when.
type IncidentRow = (
    i32,
    DateTime<Utc>,
    Option<DateTime<Utc>>,
    i32,
    DateTime<Utc>,
    Option<DateTime<Utc>>,
);

/// The incidents that there are, with their outages: neither withdrawn nor merged.
async fn incidents(pool: &PgPool) -> Vec<Incident> {
    let rows: Vec<IncidentRow> = sqlx::query_as(
        "SELECT i.id, i.opened_at, i.resolved_at, o.monitor_id, o.from_at, o.to_at
             FROM incident i JOIN incident_monitor o ON o.incident_id = i.id
             WHERE i.withdrawn_at IS NULL AND i.merged_into IS NULL AND o.withdrawn_at IS NULL
             ORDER BY i.opened_at, i.id, o.monitor_id, o.from_at",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut incidents = BTreeMap::<i32, Incident>::new();
    for (id, opened, resolved, monitor, from, to) in rows {
        let incident = incidents.entry(id).or_insert((opened, resolved, Vec::new()));
        incident.2.push((monitor, from, to));
    }
    let mut incidents: Vec<_> = incidents.into_values().collect();
    incidents.sort();
    incidents
}

/// Up for ten minutes, but for an outage of four; every minute from each of two regions.
fn outage(server: &TestServer, id: i32, region: usize) -> Vec<Observation> {
    (0..=10)
        .rev()
        .map(|minute| {
            let is_down = (3..7).contains(&minute) && !(region == 1 && minute == 6);
            observation(server, id, minute, if is_down { DOWN } else { Outcome::Up })
        })
        .collect()
}

/// Parts results into batches, in the order in which these arrive.
type Order = fn(Vec<Observation>) -> Vec<Vec<Observation>>;

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn the_record_is_the_same_whatever_order_results_come_in(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probes = [
        TestProbe::enrolled(&mut server, "weur").await,
        TestProbe::enrolled(&mut server, "enam").await,
    ];
    let client = server.client(Role::Editor).await;
    create_monitor(&client, json!({})).await;
    // One by one as they happen, all at once, the latest first, and every other one late.
    let orders: [Order; 4] = [
        |all| all.into_iter().map(|one| vec![one]).collect(),
        |all| vec![all],
        |all| all.into_iter().rev().map(|one| vec![one]).collect(),
        |all| {
            let (even, odd): (Vec<_>, Vec<_>) =
                all.into_iter().partition(|one| one.slot_ms / 60_000 % 2 == 0);
            vec![odd, even]
        },
    ];
    server.state.clock.advance(TimeDelta::minutes(12));
    let (mut records, mut all_incidents) = (Vec::new(), Vec::new());
    for order in orders {
        for sql in [
            "TRUNCATE vote_change, state_interval, region_state, result, incident CASCADE",
            "UPDATE monitor SET state = 4",
            "UPDATE evaluator SET version = version + 1",
        ] {
            sqlx::query(sql).execute(&pool).await.unwrap();
        }
        for (region, probe) in probes.iter_mut().enumerate() {
            for batch in order(outage(&server, 1, region)) {
                probe.deliver(&server, batch).await;
            }
        }
        records.push(recorded(&pool).await);
        all_incidents.push(incidents(&pool).await);
    }
    let [up, down] = [MonitorState::Up.code(), MonitorState::Down.code()];
    let states: Vec<_> = records[0].iter().map(|interval| interval.1).collect();
    assert_eq!(
        states,
        [MonitorState::Unknown.code(), up, up, down, up],
        "{records:#?}"
    );
    // An advisory first; down from when the second region saw it, up when the first of them did.
    assert_eq!(records[0][4].0 - records[0][3].0, TimeDelta::minutes(3));
    for record in &records[1..] {
        assert_eq!(record, &records[0]);
    }
    let (from, to) = (records[0][3].0, records[0][4].0);
    for found in &all_incidents {
        assert_eq!(found, &[(from, Some(to), vec![(1, from, Some(to))])]);
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn silence_is_recorded_and_taken_back_by_what_comes_late(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let id = create_monitor(&client, json!({})).await;
    let states = async || {
        recorded(&pool)
            .await
            .iter()
            .map(|interval| interval.1)
            .collect::<Vec<_>>()
    };
    let [up, unknown] = [MonitorState::Up.code(), MonitorState::Unknown.code()];
    probe
        .deliver(&server, vec![observation(&server, id, 0, Outcome::Up)])
        .await;
    server.state.clock.advance(TimeDelta::minutes(10));
    server.evaluate().await;
    assert_eq!(states().await, [up, unknown]);
    let began = recorded(&pool).await[1].0;
    assert_eq!(
        (server.state.clock.now() - began).num_minutes(),
        9,
        "since the first missing slot was due"
    );
    // Another process finds the silence as it was recorded, and takes it back.
    hand_over_evaluation(&pool, server.state.events.instance())
        .await
        .unwrap();
    let kept: Vec<_> = (0..10)
        .map(|minute| observation(&server, id, minute, Outcome::Up))
        .collect();
    let next = TestServer::new(pool.clone());
    next.state
        .clock
        .advance(server.state.clock.now() - next.state.clock.now());
    probe.deliver(&next, kept).await;
    assert_eq!(states().await, [up]);
    assert_eq!(state_of(&client, id).await, "up");
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_pause_is_recorded(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let id = create_monitor(&client, json!({})).await;
    probe
        .deliver(&server, vec![observation(&server, id, 0, Outcome::Up)])
        .await;
    for paused in [true, false] {
        server.state.clock.advance(TimeDelta::minutes(6));
        let settings = json!({"name": "shop", "paused": paused, "check": {"type": "http", "url": "https://shop.example/"}});
        let changed = client.put(&format!("/api/v1/monitors/{id}"), settings).await;
        assert!(changed.status.is_success(), "{}", changed.text);
    }
    server.state.clock.advance(TimeDelta::minutes(1));
    probe
        .deliver(&server, vec![observation(&server, id, 0, Outcome::Up)])
        .await;
    let states: Vec<_> = recorded(&pool).await.iter().map(|interval| interval.1).collect();
    let wanted = [
        MonitorState::Up,
        MonitorState::Unknown,
        MonitorState::Paused,
        MonitorState::Unknown,
        MonitorState::Up,
    ];
    assert_eq!(states, wanted.map(MonitorState::code));
}

/// What was said of incidents by the aggregator itself.
async fn events_of_incidents(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar("SELECT text FROM incident_update WHERE author IS NULL ORDER BY id")
        .fetch_all(pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn outages_that_have_something_in_common_are_one_incident(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let named = |name: &str, tags: &[&str]| json!({"name": name, "tags": tags, "check": {"type": "http", "url": format!("https://{name}.example/")}});
    for (name, tags) in [
        ("a", &["shop"] as &[_]),
        ("b", &["mail"]),
        ("c", &["shop", "mail"]),
        ("d", &[]),
    ] {
        create_monitor(&client, named(name, tags)).await;
    }
    server.state.clock.advance(TimeDelta::minutes(12));
    let mut deliver = async |monitors: &[i32], minutes: &[i64], outcome: Outcome| {
        let observations = minutes
            .iter()
            .flat_map(|&minute| monitors.iter().map(move |&id| (id, minute)))
            .map(|(id, minute)| observation(&server, id, minute, outcome));
        probe.deliver(&server, observations.collect()).await;
    };
    deliver(&[1, 2, 3, 4], &[10], Outcome::Up).await;
    deliver(&[1, 2, 4], &[9, 8], DOWN).await;
    let monitors_of = |incidents: &[Incident]| -> Vec<Vec<i32>> {
        let monitors = |incident: &Incident| incident.2.iter().map(|outage| outage.0).collect();
        let mut of_all: Vec<_> = incidents.iter().map(monitors).collect();
        of_all.sort();
        of_all
    };
    assert_eq!(monitors_of(&incidents(&pool).await), [vec![1], vec![2], vec![4]]);
    // What has something in common with two makes them one.
    deliver(&[3], &[9, 8, 7], DOWN).await;
    let found = incidents(&pool).await;
    assert_eq!(monitors_of(&found), [vec![1, 2, 3], vec![4]]);
    assert!(found.iter().all(|incident| incident.1.is_none()));
    assert_eq!(
        events_of_incidents(&pool).await,
        ["Merged into incident 1", "Incident 2 was merged into this one"]
    );
    // It is resolved with its last outage.
    deliver(&[1, 2, 4], &[6], Outcome::Up).await;
    let open: Vec<_> = incidents(&pool)
        .await
        .iter()
        .map(|incident| incident.1.is_some())
        .collect();
    assert_eq!(open.iter().filter(|resolved| **resolved).count(), 1);
    deliver(&[3], &[5], Outcome::Up).await;
    let found = incidents(&pool).await;
    let whole = found.iter().find(|incident| incident.2.len() == 3).unwrap();
    assert_eq!(whole.1, whole.2.iter().map(|outage| outage.2).max().unwrap());
    // Down again, too late for the window: another incident.
    deliver(&[1, 4], &[3, 2], DOWN).await;
    let found = incidents(&pool).await;
    assert_eq!(
        monitors_of(&found),
        [vec![1], vec![1, 2, 3], vec![4], vec![4]],
        "{found:?}"
    );
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn an_outage_that_was_none_is_withdrawn_and_may_come_back(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probes = [
        TestProbe::enrolled(&mut server, "weur").await,
        TestProbe::enrolled(&mut server, "enam").await,
    ];
    let client = server.client(Role::Editor).await;
    create_monitor(&client, json!({"quorum": "all", "regions": ["weur", "enam"]})).await;
    server.state.clock.advance(TimeDelta::minutes(12));
    let looks = |minutes: &[i64], outcome: Outcome| -> Vec<_> {
        minutes
            .iter()
            .map(|&minute| observation(&server, 1, minute, outcome))
            .collect()
    };
    probes[0].deliver(&server, looks(&[9, 8, 7], DOWN)).await;
    let first = incidents(&pool).await;
    assert_eq!(first.len(), 1, "the only region that votes sees it down");
    // The other one's results come late: it was up all along.
    probes[1]
        .deliver(&server, looks(&[10, 9, 8, 7], Outcome::Up))
        .await;
    assert_eq!(incidents(&pool).await, []);
    let told = events_of_incidents(&pool).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with("Not down after all") && told[0].ends_with(": shop"),
        "{told:?}"
    );
    let open: i64 = sqlx::query_scalar("SELECT count(*) FROM incident WHERE resolved_at IS NULL")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(open, 0);
    // It falls as well, and both are down: another outage, unless it is the same one.
    probes[1].deliver(&server, looks(&[6, 5], DOWN)).await;
    probes[0].deliver(&server, looks(&[6, 5], DOWN)).await;
    let again = incidents(&pool).await;
    assert_eq!(again.len(), 1);
    assert!(again[0].1.is_none() && again[0].0 > first[0].0);
    // What it was is gone with the monitor.
    client.delete("/api/v1/monitors/1").await;
    let open: i64 = sqlx::query_scalar("SELECT count(*) FROM incident WHERE resolved_at IS NULL")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(open, 0);
}
