//! What a probe has to check.

use super::test_probe::TestProbe;
use crate::http::test_server::TestServer;
use chrono::TimeDelta;
use edgewatch_client::session::Role;
use edgewatch_protocol::path;
use serde_json::{Value, json};
use sqlx::PgPool;

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
