//! Heartbeats from the call to the monitor's state, with a clock that is told the time.

use super::test_server::{Answer, Client, TestServer};
use crate::{clock::Clock, jobs::run_all, state::AppState};
use chrono::TimeDelta;
use edgewatch_client::{monitor::MonitorState, session::Role};
use serde_json::{Value, json};
use sqlx::PgPool;

const MONITOR: &str = "/api/v1/monitors/1";

/// An hourly job with five minutes of grace, which may run for ten.
fn hourly() -> Value {
    json!({
        "name": "backup", "interval_s": 60, "confirmations": 1,
        "check": {"type": "heartbeat", "schedule": {"every": "period", "period_s": 3600}, "grace_s": 300, "max_run_s": 600}
    })
}

/// Makes the monitor; the path of its URL.
async fn make(editor: &Client<'_>, settings: Value) -> String {
    let made = editor.post("/api/v1/monitors", settings).await;
    assert_eq!(made.status, 201, "{}", made.text);
    url(&editor.get("/api/v1/monitors/1/heartbeat").await)
}

fn url(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let url = answer.json()["url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix("http://localhost:8080").unwrap();
    assert!(
        path.starts_with("/api/v1/heartbeats/") && path.len() > 60,
        "{url}"
    );
    path.to_owned()
}

/// Lets time pass as a running aggregator does, job by job.
async fn pass(state: &AppState, time: TimeDelta) {
    let until = state.clock.now() + time;
    while state.clock.now() < until {
        state.clock.advance(TimeDelta::seconds(10));
        run_all(state).await.unwrap();
    }
}

async fn call(server: &TestServer, path: &str) {
    let answer = server.send("GET", path, &[], None).await;
    assert_eq!(
        (answer.status.as_u16(), answer.text.as_str()),
        (200, "OK\n"),
        "{path}"
    );
    run_all(&server.state).await.unwrap();
}

/// As the database has it: sessions are over long before a deadline passes.
async fn state_of(pool: &PgPool) -> String {
    let state: i16 = sqlx::query_scalar("SELECT state FROM monitor")
        .fetch_one(pool)
        .await
        .unwrap();
    MonitorState::from_code(state).unwrap().as_str().to_owned()
}

/// Outcome and reason of what was seen, oldest first, repetitions once.
async fn seen(pool: &PgPool) -> Vec<(i16, Option<i16>)> {
    let mut rows: Vec<(i16, Option<i16>)> =
        sqlx::query_as("SELECT outcome, reason FROM result ORDER BY time - lag_ms * interval '1 ms'")
            .fetch_all(pool)
            .await
            .unwrap();
    rows.dedup();
    rows
}

const UP: (i16, Option<i16>) = (0, None);
const MISSED: (i16, Option<i16>) = (2, Some(48));
const FAILED: (i16, Option<i16>) = (2, Some(49));
const TIMED_OUT: (i16, Option<i16>) = (2, Some(13));
const WAITING: (i16, Option<i16>) = (3, Some(66));

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn calls_and_silence_take_the_road_of_all_results(pool: PgPool) {
    let server = TestServer::new(pool.clone());
    let editor = server.client(Role::Editor).await;
    let path = make(&editor, hourly()).await;
    let made = editor.get(MONITOR).await.json();
    assert_eq!(made["regions"], json!(["push"]));
    pass(&server.state, TimeDelta::minutes(2)).await;
    assert_eq!(
        (state_of(&pool).await.as_str(), seen(&pool).await),
        ("unknown", vec![WAITING])
    );

    call(&server, &path).await;
    assert_eq!(state_of(&pool).await, "up");
    pass(&server.state, TimeDelta::minutes(64)).await;
    assert_eq!(state_of(&pool).await, "up");
    pass(&server.state, TimeDelta::minutes(2)).await;
    assert_eq!(state_of(&pool).await, "down");
    let message: String = sqlx::query_scalar("SELECT message FROM region_state")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(message.contains("has not called since"), "{message}");

    call(&server, &format!("{path}/start")).await;
    assert_eq!(state_of(&pool).await, "down", "it has only begun");
    pass(&server.state, TimeDelta::minutes(1)).await;
    call(&server, &format!("{path}/0")).await;
    assert_eq!(state_of(&pool).await, "up");
    call(&server, &format!("{path}/3")).await;
    assert_eq!(state_of(&pool).await, "down");
    call(&server, &path).await;
    call(&server, &format!("{path}/start")).await;
    pass(&server.state, TimeDelta::minutes(11)).await;
    assert_eq!(state_of(&pool).await, "down");
    assert_eq!(
        seen(&pool).await,
        [WAITING, UP, MISSED, UP, FAILED, UP, TIMED_OUT]
    );

    // The evidence is that of any probe: a chain without a gap, by a key that is enrolled.
    let (breaks, batches, head): (i64, i64, i64) = sqlx::query_as(
        "SELECT p.chain_breaks, (SELECT count(*) FROM batch b WHERE b.probe_id = p.id), p.last_seq FROM probe p",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(
        breaks == 0 && batches == head && batches > 60,
        "{breaks} {batches} {head}"
    );
    let viewer = server.client(Role::Viewer).await;
    let probes = viewer.get("/api/v1/probes").await.json();
    assert_eq!(
        (&probes[0]["region"], &probes[0]["host"], &probes[0]["silent"]),
        (&json!("push"), &json!("aggregator"), &json!(false))
    );
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_came_while_nobody_listened_is_not_held_against_the_job(pool: PgPool) {
    let server = TestServer::new(pool.clone());
    let editor = server.client(Role::Editor).await;
    let path = make(&editor, hourly()).await;
    call(&server, &path).await;
    pass(&server.state, TimeDelta::minutes(30)).await;
    // The aggregator is away from minute 30 to minute 90.
    server.state.clock.advance(TimeDelta::minutes(60));
    pass(&server.state, TimeDelta::minutes(60)).await;
    assert_eq!(seen(&pool).await, [UP, WAITING]);
    pass(&server.state, TimeDelta::minutes(7)).await;
    assert_eq!(seen(&pool).await, [UP, WAITING, MISSED]);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn two_replicas_tell_everything_once(pool: PgPool) {
    let server = TestServer::new(pool.clone());
    let editor = server.client(Role::Editor).await;
    let path = make(&editor, hourly()).await;
    let clock: &Clock = &server.state.clock;
    let other = AppState::new(pool.clone(), clock.clone(), server.state.secrets.clone());
    for _ in 0..12 {
        clock.advance(TimeDelta::seconds(10));
        let answer = server.send("HEAD", &path, &[], None).await;
        assert_eq!(answer.status, 200);
        let (one, two) = tokio::join!(run_all(&server.state), run_all(&other));
        one.unwrap();
        two.unwrap();
    }
    // Twelve calls, each seen once; and the looks of the slots in between.
    let (calls, all): (i64, i64) = sqlx::query_as(
        "SELECT count(DISTINCT time), count(*) FROM result WHERE outcome = 0 AND message IS NULL",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(calls >= 12 && all <= 12 + 3, "{calls} {all}");
    let slots: i64 = sqlx::query_scalar("SELECT count(DISTINCT time - lag_ms * interval '1 ms') FROM result")
        .fetch_one(&pool)
        .await
        .unwrap();
    let results: i64 = sqlx::query_scalar("SELECT count(*) FROM result")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(slots, results, "each has a slot of its own");
    let breaks: i64 = sqlx::query_scalar("SELECT chain_breaks FROM probe")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(breaks, 0);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_call_is_bounded_masked_limited_and_tells_nothing_of_others(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    server.set_bootstrap_token("unused");
    let path = {
        let editor = server.client(Role::Editor).await;
        make(&editor, hourly()).await
    };
    let message = format!("password=hunter2 done {}", "x ".repeat(5_000));
    let answer = server
        .send("POST", &format!("{path}/fail"), &[], Some(json!(message)))
        .await;
    assert_eq!(answer.status, 200);
    let kept: String = sqlx::query_scalar("SELECT message FROM heartbeat_call")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(
        kept.len() <= 2_048 && !kept.contains("hunter2") && kept.contains("done"),
        "{kept}"
    );

    let wrong = format!("/api/v1/heartbeats/{}", "A".repeat(43));
    for path in [
        &wrong,
        &format!("{wrong}/start"),
        &format!("{path}/nonsense"),
        &format!("{path}/256"),
    ] {
        let answer = server.send("GET", path, &[], None).await;
        assert_eq!(
            (answer.problem().as_str(), answer.json()["detail"].as_str()),
            ("not-found", Some("there is no such heartbeat")),
            "{path}"
        );
    }
    assert_eq!(server.send("PUT", &path, &[], None).await.status, 405);
    // Both a token that there is and one that there is not.
    for path in [&path, &wrong] {
        let mut last = None;
        for _ in 0..12 {
            last = Some(server.send("GET", path, &[], None).await);
        }
        assert_eq!(last.unwrap().problem(), "rate-limited", "{path}");
    }
    server.state.clock.advance(TimeDelta::seconds(4));
    assert_eq!(server.send("GET", &path, &[], None).await.status, 200);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn another_url_ends_the_one_before_and_another_type_ends_both(pool: PgPool) {
    let server = TestServer::new(pool.clone());
    let editor = server.client(Role::Editor).await;
    let first = make(&editor, hourly()).await;
    let viewer = server.client(Role::Viewer).await;
    assert_eq!(
        viewer.get("/api/v1/monitors/1/heartbeat").await.problem(),
        "forbidden"
    );
    let second = url(&editor
        .send("POST", "/api/v1/monitors/1/heartbeat/rotate", None)
        .await);
    assert_ne!(first, second);
    assert_eq!(server.send("GET", &first, &[], None).await.status, 404);
    call(&server, &second).await;
    // A change of the schedule leaves the URL as it is.
    let mut changed = hourly();
    changed["check"]["grace_s"] = json!(60);
    assert_eq!(editor.put(MONITOR, changed).await.status, 200);
    let shown = editor.get("/api/v1/monitors/1/heartbeat").await;
    assert_eq!(url(&shown), second);
    let shown = shown.json();
    assert_eq!(shown["last_call_at"], shown["last_end_at"]);
    assert!(shown["late_at"].as_str() > shown["expected_at"].as_str());

    let http = json!({"name": "backup", "check": {"type": "http", "url": "https://example.org/"}});
    let answer = editor.put(MONITOR, http).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(server.send("GET", &second, &[], None).await.status, 404);
    let gone = editor.get("/api/v1/monitors/1/heartbeat").await;
    assert_eq!(gone.problem(), "not-found");
    assert!(!gone.text.contains("secret"));
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_schedule_that_is_none_is_refused_by_its_field(pool: PgPool) {
    let server = TestServer::new(pool);
    let editor = server.client(Role::Editor).await;
    for (change, pointer) in [
        (
            json!({"every": "period", "period_s": 5}),
            "/check/schedule/period_s",
        ),
        (
            json!({"every": "cron", "expression": "61 * * * *"}),
            "/check/schedule/expression",
        ),
        (
            json!({"every": "cron", "expression": "0 0 31 2 *"}),
            "/check/schedule/expression",
        ),
        (
            json!({"every": "cron", "expression": "* * * * *", "zone": "Mars/Olympus"}),
            "/check/schedule/zone",
        ),
    ] {
        let mut settings = hourly();
        settings["check"]["schedule"] = change;
        let answer = editor.post("/api/v1/monitors", settings).await;
        assert_eq!(answer.pointers(), [pointer], "{}", answer.text);
    }
    let mut elsewhere = hourly();
    elsewhere["regions"] = json!(["weur"]);
    assert_eq!(
        editor.post("/api/v1/monitors", elsewhere).await.pointers(),
        ["/regions/0"]
    );
    let try_out = json!({"check": hourly()["check"]});
    assert_eq!(
        editor.post("/api/v1/tests", try_out).await.pointers(),
        ["/check/type"]
    );
}
