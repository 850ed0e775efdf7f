use crate::http::{
    probe::test_probe::{DOWN, TestProbe, observation},
    test_server::{Client, TestServer},
};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::{
    session::Role,
    sla::{SlaDetail, SlaEvent},
};
use edgewatch_domain::sla::SlaPolicy;
use edgewatch_protocol::observation::Outcome;
use serde_json::{Value, json};
use sqlx::PgPool;

fn settings(name: &str, monitors: &[i32]) -> Value {
    json!({
        "name": name, "description": "Contract 2026/17",
        "policy": {
            "monitors": monitors, "objective_ppm": 999_000, "window": {"rolling_days": 30}, "zone": "Europe/Berlin",
            "credits": [{"below_ppm": 500_000, "percent": 50}, {"below_ppm": 999_000, "percent": 10}]
        }
    })
}

async fn make_monitors(client: &Client<'_>, names: &[&str]) {
    for name in names {
        let check = json!({"type": "http", "url": "https://shop.example/"});
        let made = client
            .post("/api/v1/monitors", json!({"name": name, "check": check}))
            .await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
}

/// Ten minutes: three regions see it up, but one of them minutes 2 to 5 down, and all of them minutes 6 to 8.
pub(crate) async fn ten_minutes(server: &mut TestServer) -> DateTime<Utc> {
    let mut probes = Vec::new();
    for region in ["weur", "enam", "apac"] {
        probes.push(TestProbe::enrolled(server, region).await);
    }
    let client = server.client(Role::Admin).await;
    make_monitors(&client, &["shop", "mail"]).await;
    server.state.clock.advance(TimeDelta::minutes(12));
    for (region, probe) in probes.iter_mut().enumerate() {
        let observations = (0..=10).rev().map(|minute| {
            let is_down = (2..=4).contains(&minute) || (region == 0 && (5..=8).contains(&minute));
            observation(server, 1, minute, if is_down { DOWN } else { Outcome::Up })
        });
        probe.deliver(server, observations.collect()).await;
    }
    server.state.clock.now()
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn an_agreement_is_made_read_changed_and_ended(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let now = ten_minutes(&mut server).await;
    let editor = server.client(Role::Editor).await;
    let made = editor.post("/api/v1/slas", settings("Acme", &[1])).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = made.headers["location"].to_str().unwrap().to_owned();
    let sla = made.json();
    let policy: SlaPolicy = serde_json::from_value(sla["policy"].clone()).unwrap();
    assert_eq!(sla["hash"], json!(policy.hash()));
    // The highest bound first, and what was left out is there.
    assert_eq!(
        (&sla["policy"]["credits"][0]["percent"], &sla["policy"]["unknown"]),
        (&json!(10), &json!("excluded"))
    );
    let figures = &sla["standing"]["figures"];
    assert_eq!(figures["time"]["contractual"]["down_ms"], json!(180_000), "{sla}");
    assert_eq!(
        (&figures["is_held"], &figures["credit_percent"]),
        (&json!(false), &json!(10))
    );
    assert_eq!(sla["members"], json!([{"id": 1, "name": "shop"}]));
    assert_eq!(editor.get("/api/v1/slas").await.json(), json!([sla]));

    // Two of the three minutes are left out.
    let excluded = json!({
        "from": now - TimeDelta::minutes(4), "to": now - TimeDelta::minutes(2), "reason": "power cut", "monitors": [1]
    });
    let excluded = editor.post(&format!("{path}/exclusions"), excluded).await;
    assert_eq!(excluded.status, 201, "{}", excluded.text);
    let id = &excluded.json()["id"];
    assert_eq!(excluded.json()["author"], json!("editor@example.org"));
    let detail = editor.get(&path).await.json();
    let figures = &detail["standing"]["figures"]["time"];
    assert_eq!(
        (&figures["contractual"]["down_ms"], &figures["excluded_ms"]),
        (&json!(60_000), &json!(120_000))
    );
    assert_eq!(figures["strict"]["down_ms"], json!(180_000));
    let withdraw = format!("{path}/exclusions/{id}/withdraw");
    assert_eq!(
        editor.post(&withdraw, json!({"reason": " "})).await.pointers(),
        ["/reason"]
    );
    assert_eq!(
        editor
            .post(&withdraw, json!({"reason": "a mistake"}))
            .await
            .status,
        204
    );
    assert_eq!(
        editor.post(&withdraw, json!({"reason": "again"})).await.problem(),
        "not-found"
    );

    server.state.clock.advance(TimeDelta::seconds(1));
    let mut changed = settings("Acme Inc", &[1, 2]);
    changed["policy"]["quorum"] = json!("any");
    let answer = editor.put(&path, changed.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(
        (&answer.json()["version"], &answer.json()["name"]),
        (&json!(2), &json!("Acme Inc"))
    );
    // By any region's word it was down four minutes more.
    let down = &answer.json()["standing"]["figures"]["time"]["contractual"]["down_ms"];
    assert_eq!(*down, json!(420_000), "{}", answer.text);
    // Another name is no other agreement.
    changed["name"] = json!("Acme Ltd");
    assert_eq!(editor.put(&path, changed).await.json()["version"], json!(2));

    let detail = editor.get(&path).await;
    // The typed client reads it.
    let detail: SlaDetail = edgewatch_client::json::from_str(&detail.text).unwrap();
    assert_eq!(
        detail.exclusions[0].withdrawn_reason.as_deref(),
        Some("a mistake")
    );
    assert_eq!((detail.history.len(), detail.history[0].version), (1, 2));
    assert_eq!(detail.history[0].figures.time.contractual.down_ms, 420_000);
    let events: Vec<_> = detail
        .log
        .iter()
        .map(|entry| match &entry.event {
            SlaEvent::Version { version, .. } => format!("version {version}"),
            SlaEvent::Excluded { reason, .. } => format!("excluded: {reason}"),
            SlaEvent::Withdrawn { reason, .. } => format!("withdrawn: {reason}"),
        })
        .collect();
    assert_eq!(events.len(), 4);
    assert_eq!(events[0], "version 2");
    assert!(
        events.contains(&"excluded: power cut".to_owned())
            && events.contains(&"withdrawn: a mistake".to_owned())
    );

    // What was agreed outlives the monitor, and can still be written on.
    assert_eq!(editor.delete("/api/v1/monitors/2").await.status, 204);
    let mut again = settings("Acme Ltd", &[1, 2]);
    again["description"] = json!("");
    assert_eq!(editor.put(&path, again).await.json()["version"], json!(3));

    assert_eq!(editor.delete(&path).await.status, 204);
    for answer in [
        editor.get(&path).await,
        editor.delete(&path).await,
        editor.put(&path, settings("x", &[1])).await,
        editor
            .post(
                &format!("{path}/exclusions"),
                json!({"from": now, "to": now, "reason": "x"}),
            )
            .await,
    ] {
        assert_eq!(answer.problem(), "not-found");
    }
    // Its name is free again.
    assert_eq!(
        editor
            .post("/api/v1/slas", settings("Acme Ltd", &[1]))
            .await
            .status,
        201
    );
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_was_written_is_never_changed(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let now = ten_minutes(&mut server).await;
    let editor = server.client(Role::Editor).await;
    assert_eq!(
        editor.post("/api/v1/slas", settings("Acme", &[1])).await.status,
        201
    );
    let excluded = json!({"from": now, "to": now + TimeDelta::minutes(1), "reason": "power cut"});
    assert_eq!(
        editor.post("/api/v1/slas/1/exclusions", excluded).await.status,
        201
    );
    assert_eq!(
        editor
            .post(
                "/api/v1/slas/1/exclusions/1/withdraw",
                json!({"reason": "a mistake"})
            )
            .await
            .status,
        204
    );
    for statement in [
        "UPDATE sla_version SET hash = 'x'",
        "DELETE FROM sla_version",
        "UPDATE sla_exclusion SET reason = 'x'",
        "UPDATE sla_exclusion SET withdrawn_at = NULL",
        "DELETE FROM sla_exclusion",
    ] {
        let error = sqlx::query(statement).execute(&pool).await.unwrap_err();
        assert!(
            error.to_string().contains("only ever added to"),
            "{statement}: {error}"
        );
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn faults_are_named_by_field(pool: PgPool) {
    let server = TestServer::new(pool);
    let editor = server.client(Role::Editor).await;
    make_monitors(&editor, &["shop", "mail"]).await;
    assert_eq!(editor.post("/api/v1/slas", settings("a", &[1])).await.status, 201);
    for (place, value, pointers) in [
        ("/name", json!("a"), vec!["/name"]),
        ("/name", json!(""), vec!["/name"]),
        ("/description", json!("x".repeat(2_001)), vec!["/description"]),
        ("/policy/monitors", json!([]), vec!["/policy/monitors"]),
        (
            "/policy/monitors",
            json!([7, 1, 1]),
            vec!["/policy/monitors/2", "/policy/monitors/0"],
        ),
        (
            "/policy/objective_ppm",
            json!(1_000_000),
            vec!["/policy/objective_ppm"],
        ),
        ("/policy/zone", json!("Mars/Olympus"), vec!["/policy/zone"]),
        (
            "/policy/window",
            json!({"rolling_days": 401}),
            vec!["/policy/window"],
        ),
        (
            "/policy/credits/0/percent",
            json!(101),
            vec!["/policy/credits/0/percent"],
        ),
    ] {
        let mut wrong = settings("b", &[1]);
        *wrong.pointer_mut(place).unwrap() = value.clone();
        let answer = editor.post("/api/v1/slas", wrong).await;
        assert_eq!(
            (answer.status.as_u16(), answer.pointers()),
            (422, pointers.into_iter().map(str::to_owned).collect()),
            "{place} {value}"
        );
    }
    let now = server.state.clock.now();
    for (request, pointers) in [
        (json!({"from": now, "to": now, "reason": "x"}), vec!["/to"]),
        (
            json!({"from": now, "to": now + TimeDelta::days(401), "reason": "x"}),
            vec!["/to"],
        ),
        (
            json!({"from": now, "to": now + TimeDelta::days(1), "reason": ""}),
            vec!["/reason"],
        ),
        (
            json!({"from": now, "to": now + TimeDelta::days(1), "reason": "x", "monitors": [1, 2]}),
            vec!["/monitors/1"],
        ),
    ] {
        let answer = editor.post("/api/v1/slas/1/exclusions", request.clone()).await;
        assert_eq!(answer.pointers(), pointers, "{request}");
    }
}

const DOCUMENT: &str = "apiVersion: openslo/v1
kind: SLO
metadata: {name: acme, displayName: Acme}
spec:
  service: shop
  indicator:
    spec:
      ratioMetric:
        rawType: success
        raw: {metricSource: {type: Edgewatch, spec: {monitors: [shop]}}}
  timeWindow: [{duration: 1M, isRolling: false, calendar: {timeZone: UTC}}]
  budgetingMethod: RatioTimeslices
  objectives: [{target: 0.999, timeSliceWindow: 1m}] # nines
";

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn an_agreement_is_an_open_slo_document(pool: PgPool) {
    let server = TestServer::new(pool);
    let editor = server.client(Role::Editor).await;
    make_monitors(&editor, &["shop"]).await;
    let made = editor
        .send_text("POST", "/api/v1/slas/open-slo", "application/yaml", DOCUMENT)
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json()["policy"]["objective_ppm"], json!(999_000));
    // It is kept as it was written, to the comment.
    let kept = editor.get("/api/v1/slas/1/open-slo").await;
    assert_eq!(
        (kept.text.as_str(), kept.headers["content-type"].to_str().unwrap()),
        (DOCUMENT, "application/yaml")
    );
    // What is changed by hand is written in OpenSLO's words, and says the same when it is read back.
    let mut changed = made.json();
    changed["policy"]["objective_ppm"] = json!(999_500);
    let changed = json!({"name": "Acme", "policy": changed["policy"]});
    assert_eq!(
        editor.put("/api/v1/slas/1", changed).await.json()["version"],
        json!(2)
    );
    let written = editor.get("/api/v1/slas/1/open-slo").await.text;
    assert!(written.contains("\"target\":0.9995"), "{written}");
    let answer = editor
        .send_text("PUT", "/api/v1/slas/1/open-slo", "application/yaml", &written)
        .await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["version"]),
        (200, &json!(2)),
        "{}",
        answer.text
    );
    assert_eq!(
        editor.get("/api/v1/slas/1/open-slo?version=1").await.text,
        DOCUMENT
    );
    assert_eq!(
        editor.get("/api/v1/slas/1/open-slo?version=3").await.problem(),
        "not-found"
    );

    // From a form, all of it is one field.
    let wrong = DOCUMENT.replace("[shop]", "[mail]");
    let place = "/spec/indicator/spec/ratioMetric/raw/metricSource/spec/monitors/0";
    let answer = editor
        .send_text("POST", "/api/v1/slas/open-slo", "application/yaml", &wrong)
        .await;
    assert_eq!(answer.pointers(), [place]);
    let answer = editor
        .post("/api/v1/slas/open-slo", json!({"open_slo": wrong}))
        .await;
    assert_eq!(answer.pointers(), ["/open_slo"]);
    assert!(answer.text.contains(place), "{}", answer.text);
    let answer = editor
        .send_text("POST", "/api/v1/slas/open-slo", "text/plain", DOCUMENT)
        .await;
    assert_eq!(answer.problem(), "unsupported-media-type");
}
