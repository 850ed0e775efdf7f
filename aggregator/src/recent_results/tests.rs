use crate::{
    announcement::Change,
    http::{
        overview::read_overview,
        probe::test_probe::{DOWN, TestProbe, observation},
        test_server::{Client, TestServer},
    },
};
use chrono::TimeDelta;
use edgewatch_client::session::Role;
use edgewatch_protocol::observation::{Observation, Outcome};
use serde_json::{Value, json};
use sqlx::PgPool;
use std::time::Duration;

async fn create_monitor(client: &Client<'_>, name: &str, more: Value) -> i32 {
    let mut settings =
        json!({"name": name, "timeout_ms": 1000, "check": {"type": "http", "url": "https://shop.example/"}});
    let fields = settings.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    let created = client.post("/api/v1/monitors", settings).await;
    assert!(created.status.is_success(), "{}", created.text);
    created.json()["id"].as_i64().unwrap() as i32
}

/// The bars and percentiles that a replica shows.
async fn shown(server: &TestServer) -> Value {
    let overview = read_overview(&server.state).await.unwrap();
    serde_json::to_value(overview.monitors).unwrap()
}

/// The same, read from the database by a process that has just begun.
async fn stored(server: &TestServer) -> Value {
    let fresh = TestServer::new(server.state.pool.clone());
    let behind = server.state.clock.now() - fresh.state.clock.now();
    fresh.state.clock.advance(behind);
    shown(&fresh).await
}

fn took(mut observation: Observation, total_us: u32) -> Observation {
    observation.sight.total_us = total_us;
    observation
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_is_remembered_is_what_is_stored(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let mut weur = TestProbe::enrolled(&mut server, "weur").await;
    let mut apac = TestProbe::enrolled(&mut server, "apac").await;
    let editor = server.client(Role::Editor).await;
    let [shop, mail] = [
        create_monitor(&editor, "shop", json!({})).await,
        create_monitor(&editor, "mail", json!({"interval_s": 120})).await,
    ];
    weur.deliver(&server, vec![observation(&server, shop, 3, Outcome::Up)])
        .await;
    assert_eq!(shown(&server).await, stored(&server).await);

    // New and late ones, from several regions, of both monitors, one of them twice.
    for slots in [vec![2, 1], vec![58, 60, 61, 200], vec![0]] {
        for probe in [&mut weur, &mut apac] {
            let seen = slots.iter().flat_map(|&slot| {
                let outcome = if slot % 3 == 2 { DOWN } else { Outcome::Up };
                [shop, mail].map(|id| {
                    took(
                        observation(&server, id, slot, outcome),
                        1000 * slot as u32 + id as u32,
                    )
                })
            });
            probe.deliver(&server, seen.collect()).await;
        }
        assert_eq!(shown(&server).await, stored(&server).await, "{slots:?}");
    }
    let bars = shown(&server).await;
    assert_eq!(bars[1]["heartbeats"][59]["succeeded"], 2, "{bars}");

    // A longer interval shows what is older than was needed so far; a region that a monitor is not checked from any more is
    // neither stored nor remembered; a deleted monitor is gone.
    let slower = json!({"name": "shop", "interval_s": 300, "regions": ["apac"], "check": {"type": "http", "url": "https://shop.example/"}});
    let changed = editor.put(&format!("/api/v1/monitors/{shop}"), slower).await;
    assert!(changed.status.is_success(), "{}", changed.text);
    assert_eq!(shown(&server).await, stored(&server).await);
    server.state.clock.advance(TimeDelta::minutes(5));
    for probe in [&mut weur, &mut apac] {
        probe
            .deliver(&server, vec![observation(&server, shop, 0, DOWN)])
            .await;
    }
    let bars = shown(&server).await;
    assert_eq!(bars, stored(&server).await);
    assert_eq!(bars[1]["heartbeats"][59]["failed"], 1, "{bars}");
    editor.delete(&format!("/api/v1/monitors/{mail}")).await;
    assert_eq!(shown(&server).await, stored(&server).await);

    // What nobody told of is found after a while, and at once when it is known that something was missed.
    let insert =
        "INSERT INTO result (time, batch_id, monitor_id, lag_ms, total_us, region_id, position, outcome)
                  VALUES ($1, 1, $2, 0, 77, 9, 0, 0)";
    for (minutes, missed) in [(11, false), (0, true)] {
        sqlx::query(insert)
            .bind(server.state.clock.now())
            .bind(shop)
            .execute(&server.state.pool)
            .await
            .unwrap();
        assert_ne!(shown(&server).await, stored(&server).await);
        server.state.clock.advance(TimeDelta::minutes(minutes));
        if missed {
            server.state.recent_results.forget();
        }
        assert_eq!(shown(&server).await, stored(&server).await);
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn other_replicas_remember_the_same(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    TestProbe::enrolled(&mut server, "apac").await;
    let editor = server.client(Role::Editor).await;
    let shop = create_monitor(&editor, "shop", json!({})).await;
    let replica = TestServer::new(pool);
    let following = replica.state.clone();
    let follower = tokio::spawn(async move { following.follow_announcements().await });
    // Until it listens, announcements pass it by.
    let (_, mut events) = replica.state.events.subscribe(None);
    while events.try_recv().is_err() {
        server.state.announce(Change::Probes).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(shown(&replica).await[0]["heartbeats"][59]["worst"].is_null());
    let elsewhere = create_monitor(&editor, "elsewhere", json!({"regions": ["apac"]})).await;
    shown(&replica).await;
    let seen = [shop, elsewhere].map(|id| observation(&server, id, 1, DOWN));
    probe.deliver(&server, seen.to_vec()).await;
    let told = async { while shown(&replica).await != stored(&server).await {} };
    tokio::time::timeout(Duration::from_secs(5), told)
        .await
        .expect("told within 5 s");
    assert_eq!(shown(&replica).await[1]["heartbeats"][59]["worst"], "down");
    replica.state.stopping.send_replace(true);
    follower.await.unwrap();
}
