//! What a probe has to check.

use super::test_probe::TestProbe;
use crate::{http::test_server::TestServer, store::monitor::create_monitor};
use chrono::TimeDelta;
use edgewatch_client::session::Role;
use edgewatch_core::schedule::due;
use edgewatch_protocol::{
    assignment::{Assignment, Assignments},
    name::MonitorId,
    path,
    slot::next_slot,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use std::collections::HashSet;

fn monitors(assignments: &Value) -> Vec<i64> {
    let monitors = assignments["monitors"].as_array().unwrap();
    monitors
        .iter()
        .map(|monitor| monitor["monitor"].as_i64().unwrap())
        .collect()
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_probe_gets_its_regions_monitors_once(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let probe = TestProbe::enrolled(&mut server, "weur").await;
    TestProbe::enrolled(&mut server, "enam").await;
    let client = server.client(Role::Editor).await;
    let check =
        json!({"type": "http", "url": "https://a.example/", "auth": {"scheme": "bearer", "token": "s3cret"}});
    for (name, regions, paused) in [
        ("all", json!([]), false),
        ("here", json!(["weur"]), false),
        ("there", json!(["enam"]), false),
        ("paused", json!([]), true),
    ] {
        let settings = json!({"name": name, "check": check, "regions": regions, "paused": paused});
        assert!(
            client
                .post("/api/v1/monitors", settings)
                .await
                .status
                .is_success()
        );
    }
    let answer = probe.get(&server, path::ASSIGNMENTS).await;
    let assignments = answer.json();
    assert_eq!(assignments["monitors"].as_array().unwrap().len(), 2);
    assert_eq!(assignments["monitors"][0]["check"]["auth"]["token"], "s3cret");
    assert_eq!(assignments["region"], "weur");

    let etag = answer.headers["etag"].to_str().unwrap().to_owned();
    let again = probe.get_if_none_match(&server, path::ASSIGNMENTS, &etag).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    let settings = json!({"name": "new", "check": check});
    client.post("/api/v1/monitors", settings).await;
    let changed = probe.get_if_none_match(&server, path::ASSIGNMENTS, &etag).await;
    assert_eq!(monitors(&changed.json()).len(), 3);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn two_probes_of_a_region_share_its_monitors(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let first = TestProbe::enrolled(&mut server, "weur").await;
    let mut second = TestProbe::new("weur");
    second.key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    second.enrol(&server, super::test_probe::TOKEN).await;
    let client = server.client(Role::Editor).await;
    for n in 0..20 {
        let settings = json!({"name": n.to_string(), "check": {"type": "http", "url": "https://a.example/"}});
        assert!(
            client
                .post("/api/v1/monitors", settings)
                .await
                .status
                .is_success()
        );
    }
    assert_eq!(
        monitors(&first.get(&server, path::ASSIGNMENTS).await.json()).len(),
        20
    );
    // The second one serves once the first has surely heard of it; both are told at once what will be whose.
    let of_second = second.get(&server, path::ASSIGNMENTS).await.json();
    let of_first = first.get(&server, path::ASSIGNMENTS).await.json();
    assert_eq!(monitors(&of_first).len(), 20);
    let from = &of_second["monitors"][0]["from_ms"];
    assert_eq!(*from, server.state.clock.now_ms() + 180_000);
    let handed_over = of_first["monitors"].as_array().unwrap().iter();
    let handed_over = handed_over.filter(|monitor| monitor["until_ms"] == *from).count();
    assert_eq!(handed_over, monitors(&of_second).len());

    for _ in 0..7 {
        server.state.clock.advance(TimeDelta::minutes(1));
        second.get(&server, path::ASSIGNMENTS).await;
        first.get(&server, path::ASSIGNMENTS).await;
    }
    let of_second = monitors(&second.get(&server, path::ASSIGNMENTS).await.json());
    let of_first = monitors(&first.get(&server, path::ASSIGNMENTS).await.json());
    assert!(!of_first.is_empty() && !of_second.is_empty());
    assert_eq!(of_first.len() + of_second.len(), 20);
    assert!(of_first.iter().all(|id| !of_second.contains(id)));

    server.state.clock.advance(TimeDelta::minutes(4));
    assert_eq!(
        monitors(&first.get(&server, path::ASSIGNMENTS).await.json()).len(),
        20
    );
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_probe_is_handed_what_it_can_do(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let edge = TestProbe::enrolled(&mut server, "weur").await;
    let mut inside = TestProbe::new("weur");
    inside.key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let token = super::test_probe::TOKEN;
    inside
        .enrol_with(&server, token, &["http", "http2", "proxy"])
        .await;
    let client = server.client(Role::Editor).await;
    let mut demanding = Vec::new();
    for more in [
        json!({}),
        json!({"http_version": "2"}),
        json!({"proxy": {"url": "http://proxy.example:3128"}}),
    ] {
        let mut check = json!({"type": "http", "url": "https://a.example/"});
        check
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let made = client
            .post(
                "/api/v1/monitors",
                json!({"name": more.to_string(), "check": check}),
            )
            .await;
        assert_eq!(made.status, 201, "{}", made.text);
        demanding.push(made.json()["id"].as_i64().unwrap());
    }
    let plain = demanding.remove(0);
    for _ in 0..7 {
        edge.get(&server, path::ASSIGNMENTS).await;
        inside.get(&server, path::ASSIGNMENTS).await;
        server.state.clock.advance(TimeDelta::minutes(1));
    }
    let of_edge = monitors(&edge.get(&server, path::ASSIGNMENTS).await.json());
    let of_inside = monitors(&inside.get(&server, path::ASSIGNMENTS).await.json());
    assert!(demanding.iter().all(|id| of_inside.contains(id)), "{of_inside:?}");
    assert_eq!(of_edge.len() + of_inside.len(), 3);

    // When it is gone, the other one is not handed what it cannot do.
    for _ in 0..4 {
        server.state.clock.advance(TimeDelta::minutes(1));
        edge.get(&server, path::ASSIGNMENTS).await;
    }
    let of_edge = monitors(&edge.get(&server, path::ASSIGNMENTS).await.json());
    assert_eq!(of_edge, [plain]);
}

/// A probe as `edgewatch-core` drives it, as far as its schedule goes: it pulls once a minute and looks every ten seconds.
struct ScheduledProbe {
    probe: TestProbe,
    held: Vec<Assignment>,
    last_ms: Option<i64>,
    tick_at_ms: i64,
}

impl ScheduledProbe {
    async fn new(server: &TestServer, key: u8, first_tick_s: i64) -> Self {
        let mut probe = TestProbe::new("weur");
        probe.key = ed25519_dalek::SigningKey::from_bytes(&[key; 32]);
        assert_eq!(probe.enrol(server, super::test_probe::TOKEN).await.status, 200);
        Self {
            probe,
            held: Vec::new(),
            last_ms: None,
            tick_at_ms: server.state.clock.now_ms() + first_tick_s * 1000,
        }
    }

    /// One look: the slots that are begun.
    async fn look(&mut self, server: &TestServer, made: &mut Vec<(i32, i64)>) {
        let now_ms = server.state.clock.now_ms();
        if now_ms >= self.tick_at_ms {
            self.tick_at_ms = now_ms + 60_000;
            let answer = self.probe.get(server, path::ASSIGNMENTS).await;
            let assignments: Assignments = serde_json::from_str(&answer.text).unwrap();
            self.held = assignments.monitors;
        }
        let region = "weur".parse().unwrap();
        let due = due(&self.held, &region, self.last_ms, now_ms);
        made.extend(due.iter().map(|due| (due.assignment.monitor.0, due.slot_ms)));
        self.last_ms = Some(now_ms);
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn no_slot_is_made_twice_and_none_is_dropped_when_probes_come_and_go(pool: PgPool) {
    let mut server = TestServer::new(pool);
    server.set_bootstrap_token(super::test_probe::TOKEN);
    make_monitors(&server, 12).await;
    let mut probes = vec![ScheduledProbe::new(&server, 1, 0).await];
    let mut made = Vec::new();
    let began_ms = server.state.clock.now_ms();
    let mut lost = None;
    for step in 0..180 {
        // A second one comes after five minutes and a third after seven, each at another moment of the minute; the second
        // one dies after twenty.
        match step {
            30 => probes.push(ScheduledProbe::new(&server, 2, 20).await),
            42 => probes.push(ScheduledProbe::new(&server, 3, 40).await),
            120 => {
                let dead = probes.remove(1);
                // Its last look was the one before.
                let now_ms = server.state.clock.now_ms() - 10_000;
                assert!(!dead.held.is_empty());
                lost = Some((dead.held, now_ms));
            }
            _ => {}
        }
        for probe in &mut probes {
            probe.look(&server, &mut made).await;
        }
        server.state.clock.advance(TimeDelta::seconds(10));
    }
    let end_ms = server.state.clock.now_ms() - 10_000;
    let (all, once) = (made.len(), made.iter().collect::<HashSet<_>>().len());
    assert_eq!(all, once, "a slot was made twice");
    let (lost, died_ms) = lost.unwrap();
    let region = "weur".parse().unwrap();
    for monitor in 1..=12 {
        let mut slot_ms = next_slot(began_ms, MonitorId(monitor), &region, 30_000);
        let was_lost = lost.iter().any(|lost| lost.monitor.0 == monitor);
        while slot_ms <= end_ms {
            // Nobody knows yet that it is dead: three minutes, and a tick of whoever takes over.
            let away = was_lost && (died_ms..died_ms + 260_000).contains(&slot_ms);
            assert!(
                away || made.contains(&(monitor, slot_ms)),
                "monitor {monitor} lost the slot {} s after the beginning",
                (slot_ms - began_ms) / 1000
            );
            slot_ms += 30_000;
        }
        let taken_over = made
            .iter()
            .any(|&(id, slot_ms)| id == monitor && slot_ms > died_ms + 260_000);
        assert!(taken_over, "monitor {monitor}");
    }
}

async fn make_monitors(server: &TestServer, count: i32) {
    let secrets = &server.state.secrets;
    let mut db = server.state.pool.acquire().await.unwrap();
    for n in 0..count {
        let settings = serde_json::from_value(json!({
            "name": n.to_string(), "interval_s": 30, "check": {"type": "http", "url": "https://a.example/"}
        }));
        create_monitor(
            &mut db,
            secrets,
            &settings.unwrap(),
            false,
            server.state.clock.now(),
        )
        .await
        .unwrap();
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn many_assignments_come_in_pages_that_belong_together(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let probe = TestProbe::enrolled(&mut server, "weur").await;
    make_monitors(&server, 25).await;
    let page = |query: &str| format!("{}?{query}", path::ASSIGNMENTS);
    let (mut found, mut query, mut sets) = (Vec::new(), "limit=10".to_owned(), HashSet::new());
    let mut pages = 0;
    loop {
        let answer = probe.get(&server, &page(&query)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let json = answer.json();
        found.extend(monitors(&json));
        sets.insert(json["set"].as_str().unwrap().to_owned());
        pages += 1;
        let Some(next) = json["next"].as_i64() else { break };
        query = format!("after={next}&limit=10");
    }
    assert_eq!((pages, sets.len()), (3, 1));
    assert_eq!(found, (1..=25).collect::<Vec<_>>());

    // A probe that knows them is told so, and no definition is opened for that: these cannot be any more.
    let first = probe.get(&server, &page("limit=10")).await;
    let etag = first.headers["etag"].to_str().unwrap().to_owned();
    sqlx::query("UPDATE monitor SET definition = ''::bytea")
        .execute(&pool)
        .await
        .unwrap();
    let again = probe.get_if_none_match(&server, &page("limit=10"), &etag).await;
    assert_eq!(again.status, 304);
    assert_eq!(probe.get(&server, &page("limit=10")).await.status, 500);
    // What changes in the set is told.
    sqlx::query("DELETE FROM monitor WHERE id = 25")
        .execute(&pool)
        .await
        .unwrap();
    let changed = probe.get_if_none_match(&server, &page("limit=10"), &etag).await;
    assert_ne!(changed.status, 304);
    for query in ["limit=0", "limit=1001", "limit=x", "after=x"] {
        assert_eq!(probe.get(&server, &page(query)).await.status, 422, "{query}");
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn the_assignment_follows_what_a_probe_can_do(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let probe = TestProbe::enrolled(&mut server, "weur").await;
    make_monitors(&server, 3).await;
    let count =
        async |server: &TestServer| monitors(&probe.get(server, path::ASSIGNMENTS).await.json()).len();
    assert_eq!(count(&server).await, 3);
    // The same key asks to be enrolled again, which needs no token: it tells what it can do by now.
    assert_eq!(probe.enrol_with(&server, "", &["dns"]).await.status, 200);
    assert_eq!(count(&server).await, 0);
    let client = server.client(Role::Editor).await;
    let settings = json!({
        "name": "x", "check": {"type": "http", "url": "https://a.example/"}, "regions": ["weur"]
    });
    let refused = client.post("/api/v1/monitors", settings).await;
    assert_eq!(refused.pointers(), ["/regions/0"]);
    assert_eq!(probe.enrol_with(&server, "", &["dns", "http"]).await.status, 200);
    assert_eq!(count(&server).await, 3);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn the_aggregators_own_region_is_nobody_elses(pool: PgPool) {
    let mut server = TestServer::new(pool);
    server.set_bootstrap_token(super::test_probe::TOKEN);
    let answer = TestProbe::new("push")
        .enrol(&server, super::test_probe::TOKEN)
        .await;
    assert_eq!(answer.problem(), "conflict");
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn thresholds_of_the_installation_go_along_with_the_checks(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let settings = json!({"name": "a", "check": {"type": "http", "url": "https://a.example/"}});
    assert!(
        client
            .post("/api/v1/monitors", settings)
            .await
            .status
            .is_success()
    );
    let before = probe.get(&server, path::ASSIGNMENTS).await;
    let etag = before.headers["etag"].to_str().unwrap().to_owned();
    server.state.settings.send_modify(|settings| {
        let mut changed = (**settings).clone();
        changed.thresholds.latency_degraded_ms = Some(700);
        *settings = changed.into();
    });
    let after = probe.get_if_none_match(&server, path::ASSIGNMENTS, &etag).await;
    let check = &after.json()["monitors"][0]["check"];
    assert_eq!(
        check["assertions"],
        json!([{"on": "latency", "max_ms": 700, "severity": "degraded"}])
    );
    // They are the installation's, and not the monitor's.
    let monitor = client.get("/api/v1/monitors").await.json();
    assert!(monitor[0]["check"]["assertions"].is_null(), "{monitor:#}");
}
