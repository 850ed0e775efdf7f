use crate::http::{
    probe::test_probe::{DOWN, TestProbe, observation},
    test_server::TestServer,
};
use chrono::TimeDelta;
use edgewatch_client::session::Role;
use edgewatch_protocol::observation::Outcome;
use serde_json::{Value, json};
use sqlx::PgPool;

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn the_record_and_its_figures_are_told(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let settings = json!({"name": "shop", "check": {"type": "http", "url": "https://shop.example/"}});
    let created = client.post("/api/v1/monitors", settings).await;
    assert!(created.status.is_success(), "{}", created.text);
    server.state.clock.advance(TimeDelta::minutes(12));
    // Up for six minutes, down for three, up again for one.
    let observations = (0..=10).rev().map(|minute| {
        observation(
            &server,
            1,
            minute,
            if (2..5).contains(&minute) {
                DOWN
            } else {
                Outcome::Up
            },
        )
    });
    probe.deliver(&server, observations.collect()).await;

    let timeline = client.get("/api/v1/monitors/1/timeline").await.json();
    let intervals = timeline["intervals"].as_array().unwrap();
    let states: Vec<_> = intervals
        .iter()
        .map(|interval| interval["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["unknown", "up", "down", "up"]);
    for pair in intervals.windows(2) {
        assert_eq!(pair[0]["to"], pair[1]["from"]);
    }
    let figures = &timeline["figures"];
    assert_eq!(figures["down_ms"], 180_000);
    let total_ms: i64 = [
        "up_ms",
        "degraded_ms",
        "down_ms",
        "maintenance_ms",
        "unknown_ms",
        "paused_ms",
    ]
    .iter()
    .map(|name| figures[name].as_i64().unwrap())
    .sum();
    assert_eq!(
        total_ms,
        12 * 60_000,
        "the window begins with the monitor's creation"
    );

    let uptime = client.get("/api/v1/monitors/1/uptime").await.json();
    let windows = uptime["windows"].as_array().unwrap();
    let names: Vec<_> = windows
        .iter()
        .map(|window| window["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["24h", "7d", "month", "30d", "90d", "365d"]);
    for window in windows {
        assert_eq!(
            &window["figures"]["contractual"], &figures["contractual"],
            "{window}"
        );
    }
    assert_eq!(uptime["periods"], json!([]));

    // Period by period it is the same record: what all of them come to is what the windows say.
    for (by, count) in [("hour", 48), ("day", 90), ("week", 53), ("month", 13)] {
        let uptime = client
            .get(&format!("/api/v1/monitors/1/uptime?by={by}&zone=Asia/Kathmandu"))
            .await
            .json();
        let periods = uptime["periods"].as_array().unwrap();
        assert_eq!(periods.len(), count);
        for pair in periods.windows(2) {
            assert!(pair[0]["at"].as_str() < pair[1]["at"].as_str());
        }
        let sum = |name: &str| -> i64 {
            periods
                .iter()
                .map(|period| period["figures"][name].as_i64().unwrap())
                .sum()
        };
        for name in ["up_ms", "down_ms", "unknown_ms"] {
            assert_eq!(sum(name), figures[name].as_i64().unwrap(), "{by} {name}");
        }
        assert_eq!(periods[0]["figures"]["contractual"], Value::Null);
        // Local midnight is a quarter past six in the evening.
        let at = periods[1]["at"].as_str().unwrap();
        assert!(
            by == "hour" && at.ends_with(":15:00Z") || at.ends_with("T18:15:00Z"),
            "{at}"
        );
    }

    let percent = |of: &Value| of.as_str().unwrap().parse::<f64>().unwrap();
    let share = &figures["contractual"];
    assert!(
        percent(&share["lowest"]) < percent(&share["percent"])
            && percent(&share["percent"]) < percent(&share["highest"])
    );
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_window_that_cannot_be_is_refused(pool: PgPool) {
    let server = TestServer::new(pool);
    let client = server.client(Role::Editor).await;
    assert_eq!(
        client.get("/api/v1/monitors/7/uptime").await.problem(),
        "not-found"
    );
    assert_eq!(
        client.get("/api/v1/monitors/7/timeline").await.problem(),
        "not-found"
    );
    for query in ["by=year", "zone=Mars/Olympus"] {
        let refused = client.get(&format!("/api/v1/monitors/7/uptime?{query}")).await;
        assert_eq!(refused.problem(), "validation", "{query}");
    }
    for query in ["from=2999-01-01T00:00:00Z", "from=2020-01-01T00:00:00Z", "from=x"] {
        let refused = client.get(&format!("/api/v1/monitors/7/timeline?{query}")).await;
        assert_eq!(refused.status, 422, "{query}: {}", refused.text);
    }
}
