use crate::{
    http::{
        probe::test_probe::{DOWN, TestProbe, observation},
        test_server::{Client, TestServer},
    },
    store::evaluation_queue::hand_over_evaluation,
};
use chrono::TimeDelta;
use edgewatch_client::session::Role;
use edgewatch_protocol::{
    observation::{CertificateFacts, HttpFacts, Observation, Outcome, Sight},
    phase::Phase,
    reason::Reason,
};
use serde_json::{Value, json};
use sqlx::PgPool;

const TLS_FAILS: Outcome = Outcome::Down {
    reason: Reason::TlsHandshake,
    phase: Some(Phase::Tls),
};

async fn create_monitor(client: &Client<'_>, name: &str) -> i32 {
    let settings =
        json!({"name": name, "check": {"type": "http", "url": format!("https://{name}.example/")}});
    let created = client.post("/api/v1/monitors", settings).await;
    assert!(created.status.is_success(), "{}", created.text);
    created.json()["id"].as_i64().unwrap() as i32
}

/// What a region sees of a server: its address, its certificate and what it answers.
fn seen(mut observation: Observation, address: &str, certificate: &str, status: u16) -> Observation {
    observation.sight = Sight {
        address: Some(address.parse().unwrap()),
        certificate: Some(CertificateFacts {
            fingerprint: certificate.to_owned(),
            subject: "shop.example".to_owned(),
            issuer: "Example CA".to_owned(),
            names: Vec::new(),
            not_before_ms: 0,
            not_after_ms: 0,
            tls_version: "TLSv1.3".to_owned(),
            cipher_suite: String::new(),
            key_algorithm: String::new(),
            key_bits: None,
            signature_algorithm: String::new(),
        }),
        http: Some(HttpFacts {
            status: Some(status),
            excerpt: Some("bad \0 gateway".to_owned()),
            ..HttpFacts::default()
        }),
        ..observation.sight
    };
    observation
}

async fn only_incident(client: &Client<'_>) -> Value {
    let listed = client.get("/api/v1/incidents").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "{listed}");
    let incident = client
        .get(&format!("/api/v1/incidents/{}", listed["items"][0]["id"]))
        .await
        .json();
    for (field, value) in listed["items"][0].as_object().unwrap() {
        assert_eq!(&incident[field], value, "{field}");
    }
    incident
}

async fn evidence_of(client: &Client<'_>, incident: &Value, outage: usize) -> Value {
    let path = format!(
        "/api/v1/incidents/{}/outages/{}",
        incident["id"], incident["outages"][outage]["id"]
    );
    client.get(&path).await.json()["regions"].clone()
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn the_evidence_is_frozen_and_says_what_is_wrong(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut weur = TestProbe::enrolled(&mut server, "weur").await;
    let mut enam = TestProbe::enrolled(&mut server, "enam").await;
    let client = server.client(Role::Editor).await;
    let id = create_monitor(&client, "shop").await;
    server.state.clock.advance(TimeDelta::minutes(12));
    let good = |minute| observation(&server, id, minute, Outcome::Up);
    let bad = |minute| seen(observation(&server, id, minute, DOWN), "192.0.2.2", "bb", 502);
    weur.deliver(&server, vec![seen(good(4), "192.0.2.1", "aa", 200)])
        .await;
    let of_enam = vec![seen(good(4), "192.0.2.1", "aa", 200), good(2)];
    enam.deliver(&server, of_enam).await;
    weur.deliver(&server, vec![bad(3), bad(2)]).await;
    assert_eq!(client.get("/api/v1/incidents").await.json()["items"], json!([]));
    let brought = enam.deliver(&server, vec![bad(1), bad(0)]).await.json();

    let incident = only_incident(&client).await;
    assert_eq!(
        (&incident["status"], &incident["title"], &incident["severity"]),
        (&json!("open"), &json!("shop is down"), &json!("major"))
    );
    assert_eq!(incident["fault"], "The check times out everywhere");
    let differences: Vec<_> = incident["outages"][0]["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|difference| difference["text"].as_str().unwrap())
        .collect();
    // Of enam the last good result tells neither: it is compared where something is known.
    assert_eq!(
        differences,
        [
            "Another address is reached (192.0.2.2 instead of 192.0.2.1) in weur",
            "Certificate replaced in weur",
            "Status 502 instead of 200 in weur"
        ]
    );
    let regions = evidence_of(&client, &incident, 0).await;
    assert_eq!(
        (&regions[0]["region"], &regions[1]["region"]),
        (&json!("enam"), &json!("weur"))
    );
    let first = &regions[0]["seen"];
    // The first failure of the region, with the batch that brought it, masked as it came and without what no text holds.
    assert_eq!(first["slot"], json!(slot(&server, 1)));
    assert_eq!(first["sight"]["http"]["excerpt"], "bad  gateway");
    assert_eq!(
        (
            &first["evidence"]["digest"],
            &first["evidence"]["probe"],
            &first["evidence"]["place"]["colo"]
        ),
        (
            &brought["head"]["digest"],
            &json!(enam.fingerprint()),
            &json!("FRA")
        )
    );
    assert_eq!(regions[0]["last_good"]["slot"], json!(slot(&server, 2)));
    // The other one failed before the monitor did.
    assert_eq!(regions[1]["seen"]["slot"], json!(slot(&server, 3)));
    assert_eq!(
        regions[1]["last_good"]["sight"]["certificate"]["fingerprint"],
        "aa"
    );

    // It stays as it is whatever comes, and without the batches.
    weur.deliver(
        &server,
        vec![seen(
            observation(&server, id, 0, TLS_FAILS),
            "192.0.2.3",
            "cc",
            200,
        )],
    )
    .await;
    server.state.clock.advance(TimeDelta::minutes(2));
    server.evaluate().await;
    sqlx::query("TRUNCATE batch CASCADE")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(evidence_of(&client, &incident, 0).await, regions);
}

fn slot(server: &TestServer, minutes_ago: i64) -> String {
    let ms = (server.state.clock.now_ms() / 60_000 - minutes_ago) * 60_000;
    let at = chrono::DateTime::from_timestamp_millis(ms).unwrap();
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn who_judges_next_reads_the_evidence_that_is_missing(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let ids = [
        create_monitor(&client, "shop").await,
        create_monitor(&client, "mail").await,
    ];
    server.state.clock.advance(TimeDelta::minutes(5));
    // They have nothing in common but the address that is reached, which the evidence alone knows.
    let bad = |minute| {
        ids.map(|id| seen(observation(&server, id, minute, DOWN), "192.0.2.1", "aa", 500))
            .to_vec()
    };
    probe.deliver(&server, bad(4)).await;
    probe.deliver(&server, bad(3)).await;
    let whole = only_incident(&client).await;
    assert_eq!(whole["title"], "mail and shop are down");
    assert_eq!(whole["monitors"], 2);
    // As if the process had died between the opening and the reading.
    for sql in [
        "DELETE FROM incident_evidence",
        "UPDATE incident_monitor SET evidence_due_at = '-infinity', evidence_reads = 0, fault = NULL, addresses = '{}'",
        "UPDATE incident SET fault = NULL",
    ] {
        sqlx::query(sql).execute(&pool).await.unwrap();
    }
    hand_over_evaluation(&pool, server.state.events.instance())
        .await
        .unwrap();
    let next = TestServer::new(pool.clone());
    next.evaluate().await;
    let again = only_incident(&client).await;
    assert_eq!(again["fault"], "The check times out from weur");
    assert_eq!(again["outages"], whole["outages"]);
    assert_eq!(evidence_of(&client, &again, 1).await.as_array().unwrap().len(), 1);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn an_incident_lives_from_hand_to_hand(pool: PgPool) {
    let server = TestServer::new(pool);
    let client = server.client(Role::Editor).await;
    let viewer = server.client(Role::Viewer).await;
    let id = create_monitor(&client, "shop").await;
    for (body, pointer) in [
        (json!({"title": " "}), "/title"),
        (json!({"title": "x", "monitors": [id, 999]}), "/monitors"),
        (json!({"title": "x", "severity": "huge"}), "/severity"),
        (json!({"title": "x\u{0}"}), "/title"),
    ] {
        let refused = client.post("/api/v1/incidents", body).await;
        assert_eq!(refused.pointers(), [pointer], "{}", refused.text);
    }
    let request = json!({"title": "Checkout is slow", "severity": "minor", "monitors": [id]});
    let made = client.post("/api/v1/incidents", request).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = format!("/api/v1/incidents/{}", made.json()["id"]);
    server.state.clock.advance(TimeDelta::minutes(3));
    for (action, status) in [
        ("acknowledge", "acknowledged"),
        ("acknowledge", "acknowledged"),
        ("resolve", "resolved"),
        ("reopen", "acknowledged"),
        ("resolve", "resolved"),
    ] {
        let done = client.post(&format!("{path}/{action}"), json!({})).await.json();
        assert_eq!(done["status"], status, "{done}");
        server.state.clock.advance(TimeDelta::minutes(1));
    }
    let changes = json!({"title": "Checkout was slow", "severity": "major", "assignee": "VIEWER@example.org",
        "monitors": [], "post_mortem": "The cache was cold."});
    let changed = client.put(&path, changes).await.json();
    assert_eq!(changed["assignee"], "viewer@example.org");
    assert_eq!(changed["outages"], json!([]));
    for (body, pointer) in [
        (json!({"assignee": "nobody@example.org"}), "/assignee"),
        (json!({"title": ""}), "/title"),
        (json!({"post_mortem": "x".repeat(20_001)}), "/post_mortem"),
        (json!({"monitors": [999]}), "/monitors"),
    ] {
        let refused = client.put(&path, body).await;
        assert_eq!(refused.pointers(), [pointer], "{}", refused.text);
    }
    let noted = client
        .post(
            &format!("{path}/updates"),
            json!({"text": " We are looking into it. ", "public": true}),
        )
        .await;
    assert_eq!(noted.status, 201);
    let refused = client
        .post(&format!("{path}/updates"), json!({"text": " "}))
        .await;
    assert_eq!(refused.pointers(), ["/text"]);
    let told = viewer.get(&path).await.json();
    let updates: Vec<_> = told["updates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|update| (update["kind"].as_str().unwrap(), update["text"].as_str().unwrap()))
        .collect();
    assert_eq!(
        updates,
        [
            ("event", "Opened by hand"),
            ("event", "Acknowledged"),
            ("event", "Resolved"),
            ("event", "Opened again"),
            ("event", "Resolved"),
            ("event", "Named “Checkout was slow”"),
            ("event", "Severity set to major"),
            ("event", "Assigned to viewer@example.org"),
            ("event", "Linked monitors changed"),
            ("event", "Post-mortem written"),
            ("public", "We are looking into it."),
        ]
    );
    assert_eq!(told["acknowledged_by"], "editor@example.org");
    let open = client.get("/api/v1/incidents?open=true").await.json();
    assert_eq!(open["items"], json!([]));
    assert_eq!(client.get("/api/v1/incidents/77").await.problem(), "not-found");
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_is_resolved_by_hand_is_opened_by_another_outage_alone(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let id = create_monitor(&client, "shop").await;
    server.state.clock.advance(TimeDelta::minutes(12));
    let mut deliver = async |minutes: &[i64], outcome| {
        let observations = minutes
            .iter()
            .map(|&minute| observation(&server, id, minute, outcome));
        probe.deliver(&server, observations.collect()).await;
    };
    deliver(&[9, 8], DOWN).await;
    let path = format!("/api/v1/incidents/{}", only_incident(&client).await["id"]);
    let resolved = client.post(&format!("{path}/resolve"), json!({})).await.json();
    deliver(&[7], DOWN).await;
    deliver(&[6], Outcome::Up).await;
    let still = client.get(&path).await.json();
    assert_eq!(still["resolved_at"], resolved["resolved_at"]);
    assert_eq!(still["title"], "shop was down");
    deliver(&[5, 4], DOWN).await;
    let again = only_incident(&client).await;
    assert_eq!(
        (&again["status"], &again["resolved_at"]),
        (&json!("open"), &Value::Null)
    );
    assert_eq!(again["outages"].as_array().unwrap().len(), 2);
    deliver(&[3], Outcome::Up).await;
    assert_eq!(
        only_incident(&client).await["resolved_at"],
        again_ended(&client).await
    );
}

/// When the last outage of the only incident ended.
async fn again_ended(client: &Client<'_>) -> Value {
    only_incident(client).await["outages"][1]["to"].clone()
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn pages_follow_each_other_without_hole_and_overlap(pool: PgPool) {
    let server = TestServer::new(pool);
    let client = server.client(Role::Editor).await;
    let id = create_monitor(&client, "shop").await;
    for n in 0..5 {
        // Two of them at the same moment.
        server.state.clock.advance(TimeDelta::seconds(n / 2));
        let monitors = if n == 3 { vec![id] } else { Vec::new() };
        let request = json!({"title": n.to_string(), "monitors": monitors});
        assert_eq!(client.post("/api/v1/incidents", request).await.status, 201);
    }
    let mut titles = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client
            .get(&format!("/api/v1/incidents?limit=2{cursor}"))
            .await
            .json();
        titles.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["title"].clone()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(titles, ["4", "3", "2", "1", "0"]);
    let of_monitor = client
        .get(&format!("/api/v1/incidents?monitor={id}"))
        .await
        .json();
    assert_eq!(of_monitor["items"][0]["title"], "3");
    for query in ["limit=0", "limit=201", "cursor=x", "cursor=1-x", "open=maybe"] {
        let refused = client.get(&format!("/api/v1/incidents?{query}")).await;
        assert_eq!(refused.status, 422, "{query}: {}", refused.text);
    }
}
