//! Maintenance windows over the record.

use super::tests::{create_monitor, recorded, state_of};
use crate::http::{
    probe::test_probe::{DOWN, TestProbe, observation},
    test_server::{Client, TestServer},
};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::session::Role;
use edgewatch_domain::state::MonitorState::{self, Down, Maintenance, Unknown, Up};
use edgewatch_protocol::observation::Outcome;
use serde_json::{Value, json};
use sqlx::PgPool;

/// A window between two moments, for what carries the tag `rack`.
fn once((from, to): (DateTime<Utc>, DateTime<Utc>)) -> Value {
    json!({"name": "rack", "schedule": {"type": "once", "from": from, "to": to}, "scope": {"tags": ["rack"]}})
}

async fn plan(client: &Client<'_>, settings: Value) -> String {
    let made = client.post("/api/v1/maintenance", settings).await;
    assert_eq!(made.status, 201, "{}", made.text);
    format!("/api/v1/maintenance/{}", made.json()["id"])
}

/// The record as states, what was measured, and whole minutes after a moment.
async fn record(pool: &PgPool, begin: DateTime<Utc>) -> Vec<(i64, MonitorState, MonitorState)> {
    let state = |code| MonitorState::from_code(code).unwrap();
    let all = recorded(pool).await.into_iter();
    all.map(|(from, is, measured)| {
        (
            (from - begin).num_seconds().div_euclid(60),
            state(is),
            state(measured),
        )
    })
    .collect()
}

/// A check a minute, of which those within the minutes given fail; after each, time goes on by a minute.
async fn check(
    server: &TestServer,
    probe: &mut TestProbe,
    id: i32,
    minutes: i64,
    failing: std::ops::Range<i64>,
) {
    for minute in 0..minutes {
        let outcome = if failing.contains(&minute) {
            DOWN
        } else {
            Outcome::Up
        };
        probe
            .deliver(server, vec![observation(server, id, 0, outcome)])
            .await;
        server.state.clock.advance(TimeDelta::minutes(1));
        server.evaluate().await;
    }
}

/// Windows of 1 to 7 and of 2 to 3, and an outage from 5 to 10: it is down from 7 on, and beneath from 5.
#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn an_outage_that_begins_in_maintenance_outlives_it(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let id = create_monitor(&client, json!({"tags": ["rack"]})).await;
    let begin = server.state.clock.now();
    let minute = |n| begin + TimeDelta::minutes(n);
    plan(&client, once((minute(1), minute(7)))).await;
    plan(&client, once((minute(2), minute(3)))).await;
    check(&server, &mut probe, id, 13, 5..10).await;
    let record = record(&pool, begin).await;
    let states: Vec<_> = record
        .iter()
        .map(|&(_, state, measured)| (state, measured))
        .collect();
    assert_eq!(
        states,
        [
            (Unknown, Unknown),
            (Up, Up),
            (Maintenance, Up),
            (Maintenance, Down),
            (Down, Down),
            (Up, Up)
        ]
        .into_iter()
        .skip(usize::from(record[0].1 == Up))
        .collect::<Vec<_>>()
    );
    let began = |state, measured| {
        record
            .iter()
            .find(|of| (of.1, of.2) == (state, measured))
            .unwrap()
            .0
    };
    assert_eq!(began(Maintenance, Up), 1);
    assert!((4..=5).contains(&began(Maintenance, Down)), "{record:?}");
    assert_eq!(began(Down, Down), 7, "known exactly");
    assert_eq!(state_of(&client, id).await, "up");
}

/// Nothing comes from a probe: the edges are found by the process that judges, be it another than before.
#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn time_alone_begins_and_ends_a_window(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let id = create_monitor(&client, json!({"tags": ["rack"], "interval_s": 3600})).await;
    probe
        .deliver(&server, vec![observation(&server, id, 0, Outcome::Up)])
        .await;
    let begin = server.state.clock.now();
    let at = |n| begin + TimeDelta::seconds(n);
    plan(&client, once((at(10), at(20)))).await;
    assert_eq!(state_of(&client, id).await, "up");
    server.state.clock.advance(TimeDelta::seconds(11));
    server.evaluate().await;
    assert_eq!(state_of(&client, id).await, "maintenance");
    // The process dies; the next one comes when the window is over.
    super::hand_over_evaluation(&pool, server.state.events.instance())
        .await
        .unwrap();
    let next = TestServer::new(pool.clone());
    next.state.clock.advance(at(30) - next.state.clock.now());
    next.evaluate().await;
    assert_eq!(state_of(&client, id).await, "up");
    let edges: Vec<_> = recorded(&pool)
        .await
        .into_iter()
        .rev()
        .take(2)
        .map(|interval| interval.0)
        .collect();
    assert_eq!(edges, [at(20), at(10)]);
}

/// Whatever way a window came to be what it is, and whenever a monitor came into it, the record is the same.
#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_changed_window_leaves_the_record_that_it_would_have_left(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let mut records = Vec::new();
    for is_changed in [false, true] {
        let id = create_monitor(&client, json!({"name": is_changed.to_string(), "tags": ["rack"]})).await;
        let begin = server.state.clock.now();
        let minute = |n| begin + TimeDelta::minutes(n);
        let wanted = once((minute(1), minute(3)));
        let planned = if is_changed {
            once((minute(0), minute(30)))
        } else {
            wanted.clone()
        };
        let path = plan(&client, planned).await;
        check(&server, &mut probe, id, 2, 1..9).await;
        if is_changed {
            assert_eq!(client.put(&path, wanted).await.status, 200);
        }
        check(&server, &mut probe, id, 3, 0..2).await;
        let of_monitor: Vec<_> = record(&pool, begin)
            .await
            .into_iter()
            .filter(|&(minute, ..)| minute >= 0)
            .collect();
        records.push(of_monitor);
        assert_eq!(client.delete(&format!("/api/v1/monitors/{id}")).await.status, 204);
    }
    assert!(
        records[0]
            .iter()
            .any(|&(minute, state, _)| (minute, state) == (1, Maintenance)),
        "{records:?}"
    );
    assert_eq!(records[1], records[0]);

    // A monitor is within the window while it carries the tag, and one that was ended is over at once.
    let id = create_monitor(&client, json!({"tags": []})).await;
    let begin = server.state.clock.now();
    let path = plan(
        &client,
        once((begin - TimeDelta::minutes(1), begin + TimeDelta::minutes(30))),
    )
    .await;
    server.state.clock.advance(TimeDelta::minutes(1));
    let tagged =
        json!({"name": "shop", "tags": ["rack"], "check": {"type": "http", "url": "https://shop.example/"}});
    assert!(
        client
            .put(&format!("/api/v1/monitors/{id}"), tagged)
            .await
            .status
            .is_success()
    );
    server.state.clock.advance(TimeDelta::seconds(30));
    server.evaluate().await;
    assert_eq!(state_of(&client, id).await, "maintenance");
    server.state.clock.advance(TimeDelta::seconds(30));
    assert_eq!(
        client.send("POST", &format!("{path}/end"), None).await.status,
        200
    );
    server.state.clock.advance(TimeDelta::seconds(1));
    server.evaluate().await;
    assert_eq!(state_of(&client, id).await, "unknown");
    let states: Vec<_> = record(&pool, begin)
        .await
        .iter()
        .map(|&(minute, state, _)| (minute, state))
        .collect();
    assert_eq!(states, [(0, Unknown), (1, Maintenance), (2, Unknown)]);
}

/// Windows for a status page and for a group on it cover what is shown there, while it is: what has passed stays.
#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_window_is_for_what_a_status_page_shows_while_it_does(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let id = create_monitor(&client, json!({})).await;
    let part = json!({"name": "Checkout", "source": {"type": "monitors", "monitors": [id], "rule": "all"}});
    let group = |children: Value| json!({"name": "Shop", "source": {"type": "group", "rule": "all"}, "children": children});
    let page = |components: Value| json!({"slug": "shop", "title": "Shop", "components": components});
    let made = client
        .post("/api/v1/status-pages", page(json!([group(json!([part]))])))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let listed = client.get("/api/v1/status-pages").await.json();
    let groups = listed[0]["groups"].as_array().unwrap().clone();
    assert_eq!([&groups[0]["name"], &groups[1]["name"]], ["Shop", "Checkout"]);

    let begin = server.state.clock.now();
    let minute = |n| begin + TimeDelta::minutes(n);
    for (scope, from, to) in [
        (json!({"groups": [groups[0]["id"]]}), 1, 3),
        (json!({"pages": [made.json()["id"]]}), 5, 20),
    ] {
        let schedule = json!({"type": "once", "from": minute(from), "to": minute(to)});
        plan(
            &client,
            json!({"name": "rack", "schedule": schedule, "scope": scope}),
        )
        .await;
    }
    check(&server, &mut probe, id, 7, 0..0).await;
    // Taken off the page in the middle of its window.
    let empty = page(json!([group(json!([]))]));
    let changed = client.put("/api/v1/status-pages/1", empty).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    check(&server, &mut probe, id, 3, 0..0).await;
    let windows = |record: Vec<(i64, MonitorState, MonitorState)>| {
        let states = record.into_iter().map(|(minute, state, _)| (minute, state));
        states.filter(|&(_, state)| state != Unknown).collect::<Vec<_>>()
    };
    let mut found = windows(record(&pool, begin).await);
    // Up began with the first check, whenever in the first minute that was.
    found.retain(|&(minute, _)| minute > 0);
    assert_eq!(found, [(1, Maintenance), (3, Up), (5, Maintenance), (7, Up)]);

    let nowhere = json!({"name": "x", "schedule": {"type": "once", "from": minute(30), "to": minute(31)},
                         "scope": {"groups": [groups[1]["id"]], "pages": [99]}});
    let refused = client.post("/api/v1/maintenance", nowhere).await;
    assert_eq!(
        refused.pointers(),
        ["/scope/groups/0", "/scope/pages/0"],
        "{}",
        refused.text
    );
}
