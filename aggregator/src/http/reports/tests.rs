use crate::{
    http::{slas::tests::ten_minutes, test_server::TestServer},
    report::make::{make_next_report, unpack},
    store::report::{find_document, take_report},
};
use chrono::TimeDelta;
use edgewatch_client::{report::Report, session::Role};
use serde_json::{Value, json};
use sqlx::PgPool;

fn agreement() -> Value {
    json!({
        "name": "Acme", "policy": {
            "monitors": [1], "objective_ppm": 999_000, "window": "calendar_month", "zone": "UTC",
            "credits": [{"below_ppm": 999_000, "percent": 10}]
        }
    })
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_report_is_made_in_the_background_and_kept(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let now = ten_minutes(&mut server).await;
    crate::jobs::run_all(&server.state).await.unwrap();
    let editor = server.client(Role::Editor).await;
    assert_eq!(editor.post("/api/v1/slas", agreement()).await.status, 201);
    let excluded = json!({"from": now - TimeDelta::minutes(3), "to": now - TimeDelta::minutes(2), "reason": "power cut"});
    assert_eq!(
        editor.post("/api/v1/slas/1/exclusions", excluded).await.status,
        201
    );
    let (from, to) = (now - TimeDelta::hours(1), now);
    let asked = json!({"sla": 1, "from": from, "to": to, "title": "The last hour"});
    let made = editor.post("/api/v1/reports", asked).await;
    assert_eq!(made.status, 202, "{}", made.text);
    let path = made.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(
        (&made.json()["state"], &made.json()["progress"]),
        (&json!("waiting"), &json!(0))
    );
    assert_eq!(find_document(&pool, 1).await.unwrap(), None);

    assert!(make_next_report(&server.state).await.unwrap());
    assert!(!make_next_report(&server.state).await.unwrap(), "once is enough");
    let report = editor.get(&path).await;
    let report: Report = edgewatch_client::json::from_str(&report.text).unwrap();
    assert_eq!(
        (report.progress, report.title.as_str(), report.version),
        (1000, "The last hour", 1)
    );
    let summary = report.summary.clone().unwrap();
    assert_eq!((summary.is_held, summary.mean_times.outages), (Some(false), 1));
    assert_eq!(summary.time.contractual.down_ms, 120_000);

    let document = unpack(&find_document(&pool, 1).await.unwrap().unwrap()).unwrap();
    assert_eq!(
        (document.contract.version, &document.figures.policy_hash),
        (1, &report.hash)
    );
    assert_eq!(document.figures.time, summary.time);
    assert_eq!(
        (
            document.monitors[0].name.as_str(),
            document.exclusions[0].reason.as_str()
        ),
        ("shop", "power cut")
    );
    // What each region alone saw of it.
    let seen: Vec<_> = document
        .figures
        .regions
        .iter()
        .map(|region| (region.region.as_str(), region.time.strict.down_ms / 60_000))
        .collect();
    assert_eq!(seen, [("apac", 3), ("enam", 3), ("weur", 7)]);
    // Whatever was wrong, there is a sentence for it, and an incident.
    assert!(document.outages[0].cause.is_some(), "{:?}", document.outages);
    assert_eq!(
        (
            document.incidents.len(),
            document.incidents[0].monitors.as_slice()
        ),
        (1, &[1][..])
    );
    assert_eq!(document.incidents[0].severity, "major");

    // The preview says the same.
    let query = |to: &str| format!("/api/v1/reports/preview?sla=1&from={}&to={to}", moment(from));
    let preview = editor.get(&query(&moment(to))).await;
    assert_eq!(preview.status, 200, "{}", preview.text);
    let figures = &preview.json()["figures"];
    assert_eq!(figures["time"], serde_json::to_value(summary.time).unwrap());
    assert_eq!(figures["outages"].as_array().unwrap().len(), 1);
    assert_eq!(editor.get(&query("yesterday")).await.pointers(), ["/to"]);

    let list = editor.get("/api/v1/reports?sla=1").await.json();
    assert_eq!(list["items"], json!([serde_json::to_value(&report).unwrap()]));
    assert_eq!(
        editor.get("/api/v1/reports?sla=2").await.json()["items"],
        json!([])
    );
    assert_eq!(editor.delete(&path).await.status, 204);
    assert_eq!(editor.get(&path).await.problem(), "not-found");
    assert_eq!(editor.delete(&path).await.problem(), "not-found");
}

fn moment(at: chrono::DateTime<chrono::Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_report_names_the_version_that_its_period_ended_under(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let now = ten_minutes(&mut server).await;
    let editor = server.client(Role::Editor).await;
    assert_eq!(editor.post("/api/v1/slas", agreement()).await.status, 201);
    server.state.clock.advance(TimeDelta::minutes(5));
    let mut changed = agreement();
    changed["policy"]["objective_ppm"] = json!(990_000);
    assert_eq!(
        editor.put("/api/v1/slas/1", changed).await.json()["version"],
        json!(2)
    );
    let ask = async |to: chrono::DateTime<chrono::Utc>, version: Value| {
        let from = now - TimeDelta::hours(1);
        editor
            .post(
                "/api/v1/reports",
                json!({"sla": 1, "from": from, "to": to, "version": version}),
            )
            .await
    };
    assert_eq!(
        ask(now + TimeDelta::minutes(1), Value::Null).await.json()["version"],
        json!(1)
    );
    assert_eq!(
        ask(now + TimeDelta::minutes(9), Value::Null).await.json()["version"],
        json!(2)
    );
    assert_eq!(
        ask(now + TimeDelta::minutes(9), json!(1)).await.json()["version"],
        json!(1)
    );
    assert_eq!(ask(now, json!(3)).await.pointers(), ["/version"]);
    for (request, pointers) in [
        (
            json!({"sla": 9, "from": "2026-10-01", "to": "2026-10-31"}),
            vec!["/sla"],
        ),
        (
            json!({"sla": 1, "from": "2026-10-01", "to": "2026-09-01"}),
            vec!["/to"],
        ),
        (
            json!({"sla": 1, "from": "2026-10-01", "to": "2026-10-31", "title": "x".repeat(201)}),
            vec!["/title"],
        ),
    ] {
        assert_eq!(
            editor.post("/api/v1/reports", request.clone()).await.pointers(),
            pointers,
            "{request}"
        );
    }
    // A month is named by its name.
    let october = json!({"sla": 1, "from": "2026-10-01", "to": "2026-10-31"});
    assert_eq!(
        editor.post("/api/v1/reports", october).await.json()["title"],
        json!("Acme, October 2026")
    );
    // Page by page, newest first.
    let first = editor.get("/api/v1/reports?limit=3").await.json();
    assert_eq!(first["items"][0]["id"], json!(4));
    let rest = editor
        .get(&format!(
            "/api/v1/reports?cursor={}",
            first["next_cursor"].as_str().unwrap()
        ))
        .await
        .json();
    assert_eq!(
        (rest["items"].as_array().unwrap().len(), &rest["items"][0]["id"]),
        (1, &json!(1))
    );
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn who_dies_in_the_middle_leaves_a_report_to_others(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let now = ten_minutes(&mut server).await;
    let editor = server.client(Role::Editor).await;
    assert_eq!(editor.post("/api/v1/slas", agreement()).await.status, 201);
    let asked = json!({"sla": 1, "from": now - TimeDelta::hours(1), "to": now});
    assert_eq!(editor.post("/api/v1/reports", asked).await.status, 202);
    let taken = take_report(&pool, now, now + TimeDelta::minutes(5))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((taken.attempts, taken.sla_name.as_str()), (1, "Acme"));
    assert!(
        !make_next_report(&server.state).await.unwrap(),
        "somebody holds it"
    );
    assert_eq!(
        editor.get("/api/v1/reports/1").await.json()["state"],
        json!("running")
    );
    server.state.clock.advance(TimeDelta::minutes(6));
    assert!(make_next_report(&server.state).await.unwrap());
    assert_eq!(
        editor.get("/api/v1/reports/1").await.json()["state"],
        json!("ready")
    );

    // What fails again and again is given up, and says so.
    sqlx::query("UPDATE report SET state = 0, document = NULL, attempts = 1")
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query("ALTER TABLE vote_change RENAME TO vote_change_gone")
        .execute(&pool)
        .await
        .unwrap();
    assert!(make_next_report(&server.state).await.unwrap());
    let report = editor.get("/api/v1/reports/1").await.json();
    assert_eq!(
        (&report["state"], report["failure"].is_string()),
        (&json!("waiting"), true)
    );
    assert!(!make_next_report(&server.state).await.unwrap(), "not at once");
    server.state.clock.advance(TimeDelta::minutes(1));
    assert!(make_next_report(&server.state).await.unwrap());
    assert_eq!(
        editor.get("/api/v1/reports/1").await.json()["state"],
        json!("failed")
    );
    assert!(!make_next_report(&server.state).await.unwrap());
}
