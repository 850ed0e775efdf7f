//! What becomes of batches.

use super::test_probe::{DOWN, TestProbe, observation};
use crate::http::test_server::{Client, TestServer};
use chrono::TimeDelta;
use edgewatch_client::{event::Event, session::Role};
use edgewatch_protocol::{batch::Batch, observation::Outcome, path, reason::Reason, slot::spread_ms};
use serde_json::{Value, json};
use sqlx::PgPool;

pub(super) async fn create_monitor(client: &Client<'_>, name: &str, more: Value) -> i32 {
    let mut settings = json!({"name": name, "check": {"type": "http", "url": "https://shop.example/"}});
    settings
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let created = client.post("/api/v1/monitors", settings).await;
    assert!(created.status.is_success(), "{}", created.text);
    created.json()["id"].as_i64().unwrap() as i32
}

pub(super) async fn monitor(client: &Client<'_>, id: i32) -> Value {
    client.get(&format!("/api/v1/monitors/{id}")).await.json()
}

pub(super) async fn count(pool: &PgPool, table: &'static str) -> i64 {
    let sql = match table {
        "result" => "SELECT count(*) FROM result",
        _ => "SELECT count(*) FROM batch",
    };
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_repeat_is_acknowledged_and_changes_nothing(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let id = create_monitor(&client, "shop", json!({})).await;
    let first = probe.seal(&server, vec![observation(&server, id, 0, Outcome::Up)]);
    let receipt = probe.post(&server, path::BATCHES, first.clone()).await.json();
    assert_eq!(
        (&receipt["seq"], &receipt["duplicate"]),
        (&json!(1), &json!(false))
    );
    probe.deliver(&server, vec![]).await;

    let again = probe.post(&server, path::BATCHES, first).await.json();
    assert_eq!(
        (&again["seq"], &again["duplicate"], &again["head"]["seq"]),
        (&json!(1), &json!(true), &json!(2))
    );
    assert_eq!(
        (count(&pool, "result").await, count(&pool, "batch").await),
        (1, 2)
    );
    let head = probe.get(&server, path::CHAIN).await.json();
    assert_eq!(head, again["head"]);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_number_is_not_used_twice_and_a_gap_is_counted(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    probe.deliver(&server, vec![]).await;

    // Another probe of the same key, with its storage lost, begins again.
    let mut amnesiac = TestProbe::new("weur");
    let bytes = amnesiac.seal(&server, vec![observation(&server, 1, 0, Outcome::Up)]);
    let refused = amnesiac.post(&server, path::BATCHES, bytes).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem().as_str()),
        (409, "sequence-reused")
    );
    assert_eq!(
        refused.json()["head"],
        probe.get(&server, path::CHAIN).await.json()
    );

    // A batch is lost on the way for good: the next is taken, and the gap shows.
    probe.seal(&server, vec![]);
    probe.deliver(&server, vec![]).await;
    probe.deliver(&server, vec![]).await;
    let admin = server.client(Role::Admin).await;
    let probes = admin.get("/api/v1/probes").await.json();
    let probes = probes.as_array().or_else(|| probes["items"].as_array()).unwrap();
    assert_eq!(
        (&probes[0]["chain_breaks"], &probes[0]["last_seq"]),
        (&json!(1), &json!(4))
    );
    assert_eq!(probes[0]["place"]["colo"], "FRA");
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn an_outage_takes_confirmation_and_a_quorum(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let mut probes = Vec::new();
    for region in ["weur", "enam", "apac"] {
        probes.push(TestProbe::enrolled(&mut server, region).await);
    }
    let client = server.client(Role::Editor).await;
    let id = create_monitor(&client, "shop", json!({})).await;
    for probe in &mut probes {
        probe
            .deliver(&server, vec![observation(&server, id, 0, Outcome::Up)])
            .await;
    }
    assert_eq!(monitor(&client, id).await["state"], "up");
    let (_, mut events) = server.state.events.subscribe(None);

    for minute in 1..=2 {
        server.state.clock.advance(TimeDelta::minutes(1));
        probes[0]
            .deliver(&server, vec![observation(&server, id, 0, DOWN)])
            .await;
        let seen = monitor(&client, id).await;
        assert_eq!(
            (&seen["state"], &seen["advisory"]),
            (&json!("up"), &json!(minute == 2)),
            "minute {minute}"
        );
    }
    // The second of three regions brings both its failures at once, and late.
    let observations = vec![
        observation(&server, id, 1, DOWN),
        observation(&server, id, 0, DOWN),
    ];
    let began = observations[0].started_ms;
    probes[1].deliver(&server, observations).await;
    let seen = monitor(&client, id).await;
    assert_eq!(
        (&seen["state"], &seen["advisory"]),
        (&json!("down"), &json!(false))
    );
    let since: chrono::DateTime<chrono::Utc> = serde_json::from_value(seen["state_since"].clone()).unwrap();
    assert_eq!(
        since.timestamp_millis(),
        began,
        "backdated to the first failing check"
    );
    let region = seen["region_states"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["region"] == "enam")
        .unwrap();
    assert_eq!(
        (&region["verdict"], &region["last_outcome"]),
        (&json!("down"), &json!("down"))
    );
    assert_eq!(region["last_message"], "no first byte within 10000 ms");

    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        told.push(event.event);
    }
    assert!(told.iter().any(|event| matches!(**event, Event::Results { .. })));
    assert!(told.iter().any(|event| matches!(&**event,
        Event::State { monitor, state, .. } if *monitor == id && state.as_str() == "down")));

    // One success brings the region back, and with it the monitor.
    server.state.clock.advance(TimeDelta::minutes(1));
    probes[1]
        .deliver(&server, vec![observation(&server, id, 0, Outcome::Up)])
        .await;
    assert_eq!(monitor(&client, id).await["state"], "up");
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_silent_region_does_not_vote(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let id = create_monitor(&client, "shop", json!({})).await;
    probe
        .deliver(&server, vec![observation(&server, id, 0, Outcome::Up)])
        .await;
    server.state.clock.advance(TimeDelta::minutes(3));
    crate::jobs::run_all(&server.state).await.unwrap();
    assert_eq!(monitor(&client, id).await["state"], "up");
    server.state.clock.advance(TimeDelta::minutes(2));
    crate::jobs::run_all(&server.state).await.unwrap();
    assert_eq!(monitor(&client, id).await["state"], "unknown");
    // What it had kept while it was away is stored, and says nothing of now.
    probe
        .deliver(&server, vec![observation(&server, id, 4, Outcome::Up)])
        .await;
    assert_eq!(monitor(&client, id).await["state"], "unknown");
    probe
        .deliver(&server, vec![observation(&server, id, 0, Outcome::Up)])
        .await;
    assert_eq!(monitor(&client, id).await["state"], "up");
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_cannot_be_a_result_is_left_in_the_evidence(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    TestProbe::enrolled(&mut server, "enam").await;
    let client = server.client(Role::Editor).await;
    let id = create_monitor(&client, "shop", json!({})).await;
    let elsewhere = create_monitor(&client, "elsewhere", json!({"regions": ["enam"]})).await;
    let observations = vec![
        observation(&server, id, -10, Outcome::Up),
        observation(&server, id, 3 * 24 * 60, Outcome::Up),
        observation(&server, elsewhere, 0, Outcome::Up),
        observation(&server, id + 1000, 0, Outcome::Up),
        observation(&server, id, 0, Outcome::Up),
    ];
    probe.deliver(&server, observations).await;
    assert_eq!(count(&pool, "result").await, 1);
    let results = client.get(&format!("/api/v1/monitors/{id}/results")).await.json();
    assert_eq!(results["items"][0]["total_us"], 12_345);
    let kept: i32 = sqlx::query_scalar("SELECT observations FROM batch")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(kept, 5);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn regions_that_fail_at_the_same_moment_are_all_counted(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let mut a = TestProbe::enrolled(&mut server, "weur").await;
    let mut b = TestProbe::enrolled(&mut server, "enam").await;
    let client = server.client(Role::Editor).await;
    let mut ids = Vec::new();
    for n in 0..20 {
        ids.push(
            create_monitor(
                &client,
                &format!("shop {n}"),
                json!({"quorum": "all", "confirmations": 1}),
            )
            .await,
        );
    }
    for round in 0..5 {
        let outcome = if round % 2 == 0 { DOWN } else { Outcome::Up };
        let all = |server| {
            ids.iter()
                .map(|&id| observation(server, id, 0, outcome))
                .collect::<Vec<_>>()
        };
        let (of_a, of_b) = (all(&server), all(&server));
        tokio::join!(a.deliver(&server, of_a), b.deliver(&server, of_b));
        let listed = client.get("/api/v1/monitors").await.json();
        let listed = listed
            .as_array()
            .or_else(|| listed["items"].as_array())
            .unwrap()
            .clone();
        let wanted = if round % 2 == 0 { "down" } else { "up" };
        assert!(
            listed.iter().all(|monitor| monitor["state"] == wanted),
            "round {round}"
        );
        server.state.clock.advance(TimeDelta::minutes(1));
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn other_replicas_tell_their_listeners_too(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let id = create_monitor(&client, "shop", json!({"confirmations": 1})).await;

    let replica = TestServer::new(pool).state;
    let (_, mut events) = replica.events.subscribe(None);
    let following = replica.clone();
    let follower = tokio::spawn(async move { following.follow_announcements().await });
    let mut told = Vec::new();
    // Until the replica listens, announcements pass it by.
    while told.is_empty() {
        server.state.announce(crate::announcement::Change::Probes).await;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        told.extend(events.try_recv());
    }
    probe
        .deliver(&server, vec![observation(&server, id, 0, DOWN)])
        .await;
    let mut seen = (false, false);
    while seen != (true, true) {
        let event = tokio::time::timeout(std::time::Duration::from_secs(5), events.recv()).await;
        match &*event.expect("told within 5 s").unwrap().event {
            Event::Results { results } => seen.0 = results[0].monitor == id && results[0].total_us == 12_345,
            Event::State { monitor, state, .. } => seen.1 = *monitor == id && state.as_str() == "down",
            _ => {}
        }
    }
    replica.stopping.send_replace(true);
    follower.await.unwrap();
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_region_that_does_not_keep_up_says_so(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let viewer = server.client(Role::Viewer).await;
    let region = async || viewer.get("/api/v1/regions").await.json()[0].clone();
    assert_eq!(
        (&region().await["overruns"], &region().await["late_p99_ms"]),
        (&json!(0), &json!(null))
    );
    let late = |late_ms: i64| {
        let mut late = observation(&server, 1, 1, Outcome::Up);
        // It begins each monitor at its own place in the slot, which is no lateness.
        late.started_ms = late.slot_ms + spread_ms(late.monitor, &"weur".parse().unwrap()) + late_ms;
        late
    };
    let mut batch: Batch =
        serde_json::from_slice(&probe.seal(&server, vec![late(40_000), late(100)])).unwrap();
    batch.overruns = 17;
    let bytes = serde_json::to_vec(&batch).unwrap();
    for _ in 0..2 {
        assert_eq!(
            probe.post(&server, path::BATCHES, bytes.clone()).await.status,
            200
        );
        crate::jobs::run_all(&server.state).await.unwrap();
    }
    let now = region().await;
    assert_eq!(now["overruns"], 17, "a repeat counts once");
    let late_p99_ms = now["late_p99_ms"].as_i64().unwrap();
    assert!((40_000..45_000).contains(&late_p99_ms), "{late_p99_ms}");
    let metrics = server.send("GET", "/metrics", &[], None).await.text;
    assert!(
        metrics.contains("edgewatch_region_overrun_total{region=\"weur\"} 17"),
        "{metrics}"
    );
    server.state.clock.advance(TimeDelta::minutes(62));
    let loads = crate::store::region_load::list_loads(
        &server.state.pool,
        server.state.clock.now() - TimeDelta::hours(1),
    );
    assert_eq!(loads.await.unwrap(), []);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn of_a_slot_that_two_probes_of_a_region_have_checked_one_counts(pool: PgPool) {
    const UNMEASURED: Outcome = Outcome::Unmeasured {
        reason: Reason::ProbeNetwork,
    };
    let mut server = TestServer::new(pool.clone());
    let mut first = TestProbe::enrolled(&mut server, "weur").await;
    let other = async |region: &str, key: u8| {
        let mut probe = TestProbe::new(region);
        probe.key = ed25519_dalek::SigningKey::from_bytes(&[key; 32]);
        probe.enrol(&server, super::test_probe::TOKEN).await;
        probe
    };
    let (mut second, mut elsewhere) = (other("weur", 7).await, other("enam", 8).await);
    let client = server.client(Role::Editor).await;
    let id = create_monitor(&client, "shop", json!({})).await;
    let seen = |slots_ago, outcome| observation(&server, id, slots_ago, outcome);

    first
        .deliver(&server, vec![seen(4, Outcome::Up), seen(3, Outcome::Up)])
        .await;
    // It was cut off meanwhile, and tells late of what the other one has told: what it could not measure does not count.
    second
        .deliver(&server, vec![seen(3, UNMEASURED), seen(2, DOWN)])
        .await;
    assert_eq!(count(&pool, "result").await, 3);
    elsewhere.deliver(&server, vec![seen(4, Outcome::Up)]).await;
    assert_eq!(count(&pool, "result").await, 4);
    // What was measured counts instead of what was not, and what is worse instead of the better.
    second.deliver(&server, vec![seen(1, UNMEASURED)]).await;
    first
        .deliver(&server, vec![seen(2, Outcome::Up), seen(1, Outcome::Up)])
        .await;
    assert_eq!(count(&pool, "result").await, 6);
    second.deliver(&server, vec![seen(4, DOWN)]).await;
    assert_eq!(count(&pool, "result").await, 7);

    let metrics = server.send("GET", "/metrics", &[], None).await.text;
    let counted = "edgewatch_observations_dropped_total{reason=\"known\"} 2";
    assert!(metrics.contains(counted), "{metrics}");
}
