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
use std::sync::atomic::Ordering;

async fn create_monitor(client: &Client<'_>, more: Value) -> i32 {
    let mut settings = json!({"name": "shop", "check": {"type": "http", "url": "https://shop.example/"}});
    settings
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let created = client.post("/api/v1/monitors", settings).await;
    assert!(created.status.is_success(), "{}", created.text);
    created.json()["id"].as_i64().unwrap() as i32
}

async fn state_of(client: &Client<'_>, id: i32) -> Value {
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
    evaluation.forget_up_to(KEPT as i64);
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
    next.evaluate().await;
    assert_eq!(queued(&pool).await, 0);
    assert_eq!(state_of(&client, id).await, "down");
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
async fn recorded(pool: &PgPool) -> Vec<(DateTime<Utc>, i16, i16)> {
    sqlx::query_as("SELECT from_at, state, measured FROM state_interval ORDER BY monitor_id, from_at")
        .fetch_all(pool)
        .await
        .unwrap()
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
    let mut records = Vec::new();
    for order in orders {
        for sql in [
            "TRUNCATE vote_change, state_interval, region_state, result",
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
