use crate::http::test_server::TestServer;
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::session::Role;
use serde_json::{Value, json};
use sqlx::PgPool;

fn text(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// From so many minutes after now to so many.
fn once(server: &TestServer, from: i64, to: i64) -> Value {
    let at = |minutes| text(server.state.clock.now() + TimeDelta::minutes(minutes));
    json!({
        "name": "Move to the new rack", "schedule": {"type": "once", "from": at(from), "to": at(to)},
        "scope": {"tags": ["rack"]}
    })
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn maintenance_is_planned_changed_ended_and_kept(pool: PgPool) {
    let server = TestServer::new(pool);
    let editor = server.client(Role::Editor).await;
    let made = editor.post("/api/v1/maintenance", once(&server, 2, 70)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = made.headers["location"].to_str().unwrap().to_owned();
    let planned = made.json();
    assert_eq!(
        (&planned["status"], &planned["revision"]),
        (&json!("planned"), &json!(1))
    );
    assert_eq!(planned["windows"].as_array().unwrap().len(), 1);
    assert_eq!(planned["history"][0]["by"], "editor@example.org");

    server.state.clock.advance(TimeDelta::minutes(6));
    let open = editor.get(&path).await.json();
    assert_eq!(
        (&open["status"], &open["next"]),
        (&json!("open"), &planned["next"])
    );
    let mut longer = once(&server, -4, 100);
    longer["note"] = json!("The lift is out of order.");
    let changed = editor.put(&path, longer).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(changed.json()["windows"].as_array().unwrap().len(), 1);

    server.state.clock.advance(TimeDelta::minutes(4));
    let ended = editor.send("POST", &format!("{path}/end"), None).await.json();
    assert_eq!((&ended["status"], &ended["next"]), (&json!("over"), &Value::Null));
    server.state.clock.advance(TimeDelta::minutes(4));
    let range = format!(
        "{path}?from={}",
        text(server.state.clock.now() - TimeDelta::hours(1))
    );
    let kept = editor.get(&range).await.json();
    let lasted = |window: &Value| {
        let at = |name: &str| window[name].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
        (at("to") - at("from")).num_minutes()
    };
    assert_eq!(
        lasted(&kept["windows"][0]),
        8,
        "from two minutes after the beginning to ten: {kept:#}"
    );
    let kinds: Vec<_> = kept["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["kind"].clone())
        .collect();
    assert_eq!(kinds, ["created", "changed", "ended"]);

    // What is over stays.
    for answer in [
        editor.put(&path, once(&server, 10, 20)).await,
        editor.delete(&path).await,
        editor.send("POST", &format!("{path}/end"), None).await,
    ] {
        assert_eq!(answer.problem(), "conflict");
    }
    assert_eq!(editor.get("/api/v1/maintenance").await.json(), json!([]));
    let past = format!(
        "/api/v1/maintenance?from={}",
        text(server.state.clock.now() - TimeDelta::hours(1))
    );
    assert_eq!(editor.get(&past).await.json()[0]["id"], planned["id"]);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_never_took_place_is_removed_without_a_trace_and_the_rest_is_not(pool: PgPool) {
    let server = TestServer::new(pool);
    let editor = server.client(Role::Editor).await;
    let path = |made: &Value| format!("/api/v1/maintenance/{}", made["id"]);
    let planned = editor
        .post("/api/v1/maintenance", once(&server, 10, 70))
        .await
        .json();
    assert_eq!(editor.delete(&path(&planned)).await.status, 204);
    assert_eq!(editor.get(&path(&planned)).await.problem(), "not-found");

    let open = editor
        .post("/api/v1/maintenance", once(&server, -10, 70))
        .await
        .json();
    assert_eq!(editor.delete(&path(&open)).await.status, 204);
    let kept = editor.get(&path(&open)).await.json();
    assert_eq!(
        (&kept["status"], &kept["history"][1]["kind"]),
        (&json!("over"), &json!("removed"))
    );
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn recurring_maintenance_is_previewed(pool: PgPool) {
    let server = TestServer::new(pool);
    let editor = server.client(Role::Editor).await;
    let mut settings = once(&server, 0, 0);
    settings["schedule"] = json!({
        "type": "recurring", "zone": "Europe/Berlin", "start": "2026-01-04T02:30", "duration_min": 90, "rule": "FREQ=WEEKLY;BYDAY=SU"
    });
    let preview = editor.post("/api/v1/maintenance/preview", settings.clone()).await;
    let preview = preview.json();
    let begins: Vec<DateTime<Utc>> = preview
        .as_array()
        .unwrap()
        .iter()
        .map(|window| window["from"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(begins.len(), 10);
    assert!(
        begins
            .windows(2)
            .all(|two| (two[1] - two[0]).num_hours().abs_diff(168) <= 1)
    );
    let made = editor.post("/api/v1/maintenance", settings).await.json();
    assert_eq!(made["next"], preview[0]);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn faults_are_named_by_field(pool: PgPool) {
    let server = TestServer::new(pool);
    let editor = server.client(Role::Editor).await;
    let check = json!({"type": "http", "url": "https://example.org/"});
    let monitor = editor
        .post("/api/v1/monitors", json!({"name": "a", "check": check}))
        .await
        .json();
    let id = monitor["id"].as_i64().unwrap();
    let recurring = |zone: &str, start: &str, rule: &str| json!({"type": "recurring", "zone": zone, "start": start, "duration_min": 0, "rule": rule});
    let with = |field: &str, value: Value| {
        let mut settings = once(&server, 10, 20);
        settings[field] = value;
        settings
    };
    for (settings, wanted) in [
        (with("name", json!("")), vec!["/name"]),
        (with("note", json!("x".repeat(1_001))), vec!["/note"]),
        (with("scope", json!({})), vec!["/scope"]),
        (
            with("scope", json!({"monitors": [id, id + 1], "tags": [""]})),
            vec!["/scope/monitors/1", "/scope/tags/0"],
        ),
        (with("scope", json!({"groups": [1]})), vec!["/scope/groups/0"]),
        (
            with("schedule", recurring("Mars/Olympus", "tomorrow", "FREQ=HOURLY")),
            vec![
                "/schedule/zone",
                "/schedule/start",
                "/schedule/duration_min",
                "/schedule/rule",
            ],
        ),
        (once(&server, 20, 10), vec!["/schedule/to"]),
        (once(&server, -20, -10), vec!["/schedule/to"]),
        (once(&server, -25 * 60, 10), vec!["/schedule/from"]),
        (
            with(
                "schedule",
                json!({
                    "type": "recurring", "zone": "UTC", "start": "2020-01-01T00:00", "duration_min": 60, "rule": "FREQ=DAILY;COUNT=2"
                }),
            ),
            vec!["/schedule/rule"],
        ),
    ] {
        let refused = editor.post("/api/v1/maintenance", settings.clone()).await;
        assert_eq!(
            (refused.status.as_u16(), refused.pointers()),
            (422, wanted.iter().map(ToString::to_string).collect()),
            "{settings}"
        );
    }
    assert_eq!(
        editor
            .get("/api/v1/maintenance?from=2026-01-01T00:00:00Z&to=2025-01-01T00:00:00Z")
            .await
            .status,
        422
    );
}
