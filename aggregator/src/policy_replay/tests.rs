use super::*;
use crate::{
    http::{
        probe::test_probe::{DOWN, TestProbe, observation},
        test_server::{Client, TestServer},
    },
    store::timeline::list_record,
};
use edgewatch_client::session::Role;
use edgewatch_domain::state::MonitorState::{Down, Maintenance, Unknown, Up};
use edgewatch_protocol::observation::{Observation, Outcome};
use serde_json::{Value, json};
use sqlx::PgPool;

/// Three regions watch a shop for an hour, minute by minute: a blip of one check, an outage of eight that only one region
/// sees, one of six that all see, a silence of ten, and at its end one region's results that come late: all of them, unless
/// they are delivered as they come, and then there is
/// a maintenance window and a failure of one region's own network, too.
async fn an_eventful_hour(server: &mut TestServer, as_they_come: bool) {
    let mut probes = Vec::new();
    for region in ["weur", "enam", "apac"] {
        probes.push(TestProbe::enrolled(server, region).await);
    }
    let client = server.client(Role::Editor).await;
    let settings = json!({"name": "shop", "check": {"type": "http", "url": "https://shop.example/"}});
    let made = client.post("/api/v1/monitors", settings).await;
    assert_eq!(made.status, 201, "{}", made.text);
    for other in 2..=7 {
        let check = json!({"type": "http", "url": format!("https://{other}.example/")});
        let made = client
            .post(
                "/api/v1/monitors",
                json!({"name": other.to_string(), "check": check}),
            )
            .await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    let mut late: [Vec<Observation>; 3] = Default::default();
    for minute in 0..60 {
        server.state.clock.advance(TimeDelta::minutes(1));
        if minute == 30 {
            // What it is judged by changes on the way.
            let changed = json!({
                "name": "shop", "recoveries": 2, "check": {"type": "http", "url": "https://shop.example/"}
            });
            // By now the other session is over.
            let client = server.client(Role::Admin).await;
            assert_eq!(client.put("/api/v1/monitors/1", changed).await.status, 200);
            if as_they_come {
                // The beginning of the outage that all see is foreseen.
                let begins = server.state.clock.now() + TimeDelta::minutes(4);
                let maintenance = json!({
                    "name": "shop", "scope": {"monitors": [1]},
                    "schedule": {"type": "once", "from": begins, "to": begins + TimeDelta::minutes(4)}
                });
                let planned = client.post("/api/v1/maintenance", maintenance).await;
                assert_eq!(planned.status, 201, "{}", planned.text);
            }
        }
        for (region, probe) in probes.iter_mut().enumerate() {
            let is_down = match minute {
                5 | 35..41 => true,
                10..18 => region == 0,
                _ => false,
            };
            if (45..55).contains(&minute) {
                continue;
            }
            let seen = observation(server, 1, 0, if is_down { DOWN } else { Outcome::Up });
            if as_they_come && (22..24).contains(&minute) && region < 2 {
                // One region's own network fails.
                let outcome = if region == 0 { DOWN } else { Outcome::Up };
                let all = (1..=7).map(|monitor| observation(server, monitor, 0, outcome));
                probe.deliver(server, all.collect()).await;
            } else if as_they_come && (region < 2 || minute < 20) {
                probe.deliver(server, vec![seen]).await;
            } else {
                late[region].push(seen);
            }
        }
    }
    // Latest first, in two batches.
    for (probe, mut late) in probes.iter_mut().zip(late) {
        let second = late.split_off(late.len() / 2);
        for batch in [second, late] {
            if !batch.is_empty() {
                probe.deliver(server, batch).await;
            }
        }
    }
}

async fn replay_of(client: &Client<'_>, policy: Value) -> Value {
    let answer = client
        .post("/api/v1/monitors/1/replay", json!({"policy": policy}))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn the_policy_that_was_in_force_says_what_the_record_says(pool: PgPool) {
    let mut server = TestServer::new(pool);
    an_eventful_hour(&mut server, true).await;
    server.evaluate().await;
    let mut db = server.state.pool.acquire().await.unwrap();
    let now_ms = server.state.clock.now().timestamp_millis();
    let recorded = list_record(&mut db, 1, i64::MIN, now_ms).await.unwrap();
    let states: Vec<_> = recorded.iter().map(|interval| interval.state).collect();
    for state in [Up, Down, Maintenance, Unknown] {
        assert!(states.contains(&state), "{states:?}");
    }
    assert!(recorded.iter().any(|interval| !interval.advisory.is_empty()));

    let rules = list_rules(&mut db, &[1]).await.unwrap().remove(&1).unwrap();
    assert_eq!(rules.history.entries().len(), 2);
    let asked = Span::new(rules.created_ms, now_ms);
    let history = read_history(&mut db, 1, rules, asked).await.unwrap();
    assert_eq!(history.checks.len(), 150);
    let disqualified = history.checks.iter().filter(|stored| stored.check.disqualified);
    assert_eq!(disqualified.count(), 2);
    let replayed = history.replayed(&Proposal::default());
    assert_eq!(replayed.timeline, recorded);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn another_policy_is_held_against_it(pool: PgPool) {
    let mut server = TestServer::new(pool);
    an_eventful_hour(&mut server, false).await;
    let viewer = server.client(Role::Viewer).await;
    let same = replay_of(&viewer, json!({})).await;
    assert_eq!(same["before"], same["after"]);
    assert_eq!(
        (&same["results"], &same["before"]["pages"]),
        (&json!(150), &json!(1))
    );
    // Six minutes by the first region that has recovered.
    let outages = same["outages"].as_array().unwrap();
    assert_eq!(outages.len(), 1, "{same}");
    assert_eq!(outages[0]["before"], outages[0]["after"]);
    assert_eq!(
        (&outages[0]["known_later_ms"], &outages[0]["before"]["down_ms"]),
        (&json!(0), &json!(360_000))
    );

    // One failing check of any region is enough: the blip and the region's own outage, too, and the common one a minute
    // sooner.
    let hasty = replay_of(&viewer, json!({"quorum": "any", "confirmations": 1})).await;
    assert_eq!(hasty["before"], same["before"]);
    assert_eq!(
        (&hasty["after"]["pages"], &hasty["after"]["outages"]),
        (&json!(3), &json!(3))
    );
    let outages = hasty["outages"].as_array().unwrap();
    let only_after: Vec<_> = outages.iter().map(|outage| outage["before"].is_null()).collect();
    assert_eq!(only_after, [true, true, false]);
    assert_eq!(outages[2]["known_later_ms"], -60_000);
    assert!(hasty["after"]["figures"]["down_ms"].as_i64() > same["after"]["figures"]["down_ms"].as_i64());

    // Seven in a row have not been: nobody would have been paged.
    let slow = replay_of(&viewer, json!({"confirmations": 7})).await;
    assert_eq!(
        (&slow["after"]["pages"], &slow["after"]["figures"]["down_ms"]),
        (&json!(0), &json!(0))
    );
    assert!(slow["outages"][0]["after"].is_null());

    // By the one region that saw an outage of its own.
    let lone = replay_of(&viewer, json!({"regions": ["weur"]})).await;
    assert_eq!(lone["after"]["outages"], 2);
    // Every check took 12 ms.
    let strict = replay_of(&viewer, json!({"latency": {"down_us": 12_000}})).await;
    assert!(strict["after"]["figures"]["down_ms"].as_i64().unwrap() > 30 * 60_000);
    let mild = replay_of(
        &viewer,
        json!({"latency": {"degraded_us": 12_000, "down_us": 13_000}}),
    )
    .await;
    assert_eq!(
        mild["after"]["figures"]["down_ms"],
        same["before"]["figures"]["down_ms"]
    );
    assert!(mild["after"]["figures"]["degraded_ms"].as_i64().unwrap() > 30 * 60_000);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_is_before_the_window_is_judged_but_not_told(pool: PgPool) {
    let mut server = TestServer::new(pool);
    an_eventful_hour(&mut server, false).await;
    let viewer = server.client(Role::Viewer).await;
    let now = server.state.clock.now();
    // From the middle of the outage on: it is there, and whoever was paged for it was paged before.
    let from = now - TimeDelta::minutes(22);
    let answer = viewer
        .post("/api/v1/monitors/1/replay", json!({"from": from}))
        .await
        .json();
    assert_eq!(
        (&answer["before"]["pages"], &answer["before"]["outages"]),
        (&json!(0), &json!(1)),
        "{answer}"
    );
    assert_eq!(
        answer["from"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap(),
        from
    );
    let figures = &answer["before"]["figures"];
    assert!(
        (60_000..6 * 60_000).contains(&figures["down_ms"].as_i64().unwrap()),
        "{figures}"
    );
    // A window that reaches back beyond the results says so.
    let answer = viewer
        .post(
            "/api/v1/monitors/1/replay",
            json!({"from": now - TimeDelta::days(92)}),
        )
        .await
        .json();
    let time = |name: &str| answer[name].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    assert_eq!(time("asked_from"), now - TimeDelta::days(92));
    assert!(time("from") > now - TimeDelta::minutes(62));
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_cannot_be_replayed_is_refused_by_field(pool: PgPool) {
    let mut server = TestServer::new(pool);
    TestProbe::enrolled(&mut server, "weur").await;
    let editor = server.client(Role::Editor).await;
    let settings = json!({"name": "shop", "check": {"type": "http", "url": "https://shop.example/"}});
    editor.post("/api/v1/monitors", settings).await;
    let now = server.state.clock.now();
    for (request, pointer) in [
        (json!({"from": now}), "/from"),
        (json!({"from": now - TimeDelta::days(93)}), "/from"),
        (json!({"policy": {"confirmations": 0}}), "/policy/confirmations"),
        (json!({"policy": {"recoveries": 11}}), "/policy/recoveries"),
        (json!({"policy": {"quorum": "most"}}), "/policy/quorum"),
        (json!({"policy": {"quorum": "count:2"}}), "/policy/quorum"),
        (
            json!({"policy": {"regions": ["weur", "mars"]}}),
            "/policy/regions/1",
        ),
        (json!({"policy": {"regions": []}}), "/policy/regions"),
        (
            json!({"policy": {"flapping": {"changes": 0}}}),
            "/policy/flapping",
        ),
    ] {
        let answer = editor.post("/api/v1/monitors/1/replay", request.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.pointers()),
            (422, vec![pointer.to_owned()]),
            "{request}: {}",
            answer.text
        );
    }
    let nothing = editor.post("/api/v1/monitors/1/replay", json!({})).await.json();
    assert_eq!(
        (&nothing["results"], &nothing["before"]["figures"]["contractual"]),
        (&json!(0), &Value::Null)
    );
    assert_eq!(
        editor
            .post("/api/v1/monitors/7/replay", json!({}))
            .await
            .problem(),
        "not-found"
    );
}
