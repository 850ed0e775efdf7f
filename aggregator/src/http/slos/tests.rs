use crate::http::{
    probe::test_probe::{DOWN, TestProbe, observation},
    test_server::TestServer,
};
use chrono::TimeDelta;
use edgewatch_client::session::Role;
use edgewatch_protocol::observation::Outcome;
use serde_json::{Value, json};
use sqlx::PgPool;

fn settings(name: &str, monitors: &[i32]) -> Value {
    json!({"name": name, "monitors": monitors, "objective_ppm": 999_000, "window_days": 30})
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn an_objective_is_made_read_changed_and_removed(pool: PgPool) {
    let mut server = TestServer::new(pool);
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let editor = server.client(Role::Editor).await;
    for name in ["shop", "mail"] {
        let check = json!({"type": "http", "url": "https://shop.example/"});
        let made = editor
            .post("/api/v1/monitors", json!({"name": name, "check": check}))
            .await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    server.state.clock.advance(TimeDelta::minutes(12));
    // Up for six minutes, down for three, up again for one.
    let observations = (0..=10).rev().map(|minute| {
        let is_down = (2..5).contains(&minute);
        observation(&server, 1, minute, if is_down { DOWN } else { Outcome::Up })
    });
    probe.deliver(&server, observations.collect()).await;

    let made = editor.post("/api/v1/slos", settings("checkout", &[1, 2])).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = made.headers["location"].to_str().unwrap().to_owned();
    let slo = made.json();
    assert_eq!(path, format!("/api/v1/slos/{}", slo["id"]));
    assert_eq!(
        (&slo["rule"], &slo["zone"], &slo["strict"]),
        (&json!("all"), &json!("UTC"), &json!(false))
    );
    assert_eq!(slo["members"][1], json!({"id": 1, "name": "shop", "state": "up"}));
    assert_eq!(
        (
            &slo["budget"]["spent_ms"],
            &slo["is_held"],
            &slo["exhausted_in_ms"]
        ),
        (&json!(180_000), &json!(false), &json!(0))
    );
    assert!(slo["alerts"][0]["since"].is_string(), "{slo}");
    assert_eq!(editor.get("/api/v1/slos").await.json(), json!([slo]));

    let detail = editor.get(&path).await.json();
    assert_eq!(
        (&detail["outages"], &detail["mttr_ms"]),
        (&json!(1), &json!(180_000))
    );
    let course = detail["burn_down"].as_array().unwrap();
    assert_eq!(
        course.last().unwrap()["remaining_ms"],
        slo["budget"]["remaining_ms"]
    );
    // The typed client reads it.
    let read: edgewatch_client::slo::SloDetail =
        edgewatch_client::json::from_str(&detail.to_string()).unwrap();
    assert_eq!(read.slo.budget.spent_ms, 180_000);

    let mut changed = settings("checkout 2", &[2]);
    changed["window_days"] = json!(null);
    changed["zone"] = json!("Europe/Berlin");
    let answer = editor.put(&path, changed).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = answer.json();
    assert_eq!(
        (&answer["name"], &answer["monitors"], &answer["window_days"]),
        (&json!("checkout 2"), &json!([2]), &Value::Null)
    );
    assert_eq!(answer["is_held"], Value::Null, "nothing was measured of it");

    // An objective outlives its monitors, without data.
    assert_eq!(editor.delete("/api/v1/monitors/2").await.status, 204);
    assert_eq!(editor.get(&path).await.json()["monitors"], json!([]));

    assert_eq!(editor.delete(&path).await.status, 204);
    for answer in [
        editor.get(&path).await,
        editor.delete(&path).await,
        editor.put(&path, settings("x", &[1])).await,
    ] {
        assert_eq!(answer.problem(), "not-found");
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn faults_are_named_by_field(pool: PgPool) {
    let server = TestServer::new(pool);
    let editor = server.client(Role::Editor).await;
    let check = json!({"type": "http", "url": "https://shop.example/"});
    editor
        .post("/api/v1/monitors", json!({"name": "shop", "check": check}))
        .await;
    assert_eq!(editor.post("/api/v1/slos", settings("a", &[1])).await.status, 201);
    let faults = async |change: Value| {
        let mut slo = settings("b", &[1]);
        slo.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let answer = editor.post("/api/v1/slos", slo).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        answer.pointers()
    };
    for (change, pointers) in [
        (json!({"name": "a"}), vec!["/name"]),
        (json!({"name": ""}), vec!["/name"]),
        (json!({"monitors": []}), vec!["/monitors"]),
        (
            json!({"monitors": (1..=51).collect::<Vec<_>>()}),
            vec!["/monitors"],
        ),
        (json!({"monitors": [1, 7, 1]}), vec!["/monitors/1", "/monitors/2"]),
        (json!({"objective_ppm": 1_000_000}), vec!["/objective_ppm"]),
        (json!({"objective_ppm": 0}), vec!["/objective_ppm"]),
        (json!({"window_days": 0}), vec!["/window_days"]),
        (json!({"window_days": 366}), vec!["/window_days"]),
        (json!({"zone": "Mars/Olympus"}), vec!["/zone"]),
        (json!({"rule": "most"}), vec!["/rule"]),
    ] {
        assert_eq!(faults(change.clone()).await, pointers, "{change}");
    }
}
