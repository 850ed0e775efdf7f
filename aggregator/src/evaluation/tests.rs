use super::*;
use crate::http::{
    probe::test_probe::{DOWN, TestProbe, observation},
    test_server::{Client, TestServer},
};
use edgewatch_client::session::Role;
use edgewatch_protocol::observation::Outcome;
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
