use super::{Applied, ConfigFile, NotApplied, apply};
use crate::http::test_server::TestServer;
use edgewatch_client::session::Role;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::collections::HashMap;

const FILE: &str = "
settings: { result_retention_days: 30 }
regions: [{ name: weur, label: Western Europe }, { name: enam }]
monitors:
  - name: shop
    regions: [weur, enam]
    check: { type: http, url: https://shop.example/ }
  - name: blog
    check: { type: http, url: https://blog.example/ }
";

fn file(text: &str) -> ConfigFile {
    ConfigFile::parse(text, &HashMap::new()).unwrap()
}

fn find(monitors: &Value, name: &str) -> Option<Value> {
    let list = monitors
        .as_array()
        .or_else(|| monitors["items"].as_array())
        .unwrap();
    list.iter().find(|monitor| monitor["name"] == name).cloned()
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn monitors_are_made_changed_and_removed_by_name(pool: PgPool) {
    let server = TestServer::new(pool);
    let client = server.client(Role::Admin).await;
    let own = json!({"name": "own", "check": {"type": "http", "url": "https://own.example/"}});
    assert!(client.post("/api/v1/monitors", own).await.status.is_success());

    let applied = apply(&server.state, &file(FILE)).await.unwrap();
    let expected = Applied {
        created: 2,
        updated: 0,
        removed: 0,
        regions: 2,
    };
    assert_eq!(applied, expected);
    assert_eq!(server.state.settings().result_retention_days, 30);
    let shop = find(&client.get("/api/v1/monitors").await.json(), "shop").unwrap();
    assert_eq!(
        (&shop["from_config"], &shop["revision"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(shop["regions"], json!(["enam", "weur"]));
    // What the file declares is changed there alone.
    let path = format!("/api/v1/monitors/{}", shop["id"]);
    assert_eq!(client.delete(&path).await.status, 409);

    assert_eq!(
        apply(&server.state, &file(FILE)).await.unwrap(),
        Applied::default(),
        "nothing new"
    );

    let changed = FILE
        .replace("https://shop.example/", "https://shop.example/new")
        .replace("name: blog", "name: own");
    let applied = apply(&server.state, &file(&changed)).await.unwrap();
    let expected = Applied {
        created: 0,
        updated: 2,
        removed: 1,
        regions: 0,
    };
    assert_eq!(applied, expected);
    let monitors = client.get("/api/v1/monitors").await.json();
    assert_eq!(find(&monitors, "shop").unwrap()["revision"], 2);
    assert_eq!(find(&monitors, "shop").unwrap()["id"], shop["id"]);
    assert_eq!(find(&monitors, "own").unwrap()["from_config"], true);
    assert_eq!(find(&monitors, "blog"), None);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn regions_that_are_not_declared_any_more_go_unless_they_are_used(pool: PgPool) {
    let server = TestServer::new(pool);
    apply(&server.state, &file(FILE)).await.unwrap();
    let client = server.client(Role::Admin).await;
    let pinned =
        json!({"name": "own", "regions": ["enam"], "check": {"type": "http", "url": "https://own.example/"}});
    assert!(client.post("/api/v1/monitors", pinned).await.status.is_success());
    apply(&server.state, &ConfigFile::default()).await.unwrap();
    let regions = client.get("/api/v1/regions").await.json();
    let names: Vec<_> = regions
        .as_array()
        .unwrap()
        .iter()
        .map(|region| region["name"].clone())
        .collect();
    assert_eq!(names, ["enam"]);
    // It is the administrators' now.
    let renamed = client
        .put("/api/v1/regions/enam", json!({"name": "enam", "label": "East"}))
        .await;
    assert!(renamed.status.is_success(), "{}", renamed.text);
}

async fn enrol(server: &TestServer, region: &str, capabilities: &[&str]) {
    let enrolled = sqlx::query(
        "INSERT INTO probe (fingerprint, public_key, region_id, status, host, software, capabilities, place, enrolled_at)
         SELECT $1, '', id, 1, 'workers', 'edgewatch/0', $2, '{}', $3 FROM region WHERE name = $1",
    )
    .bind(region)
    .bind(capabilities)
    .bind(server.state.clock.now())
    .execute(&server.state.pool)
    .await
    .unwrap();
    assert_eq!(enrolled.rows_affected(), 1);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn checks_that_no_probe_of_a_region_can_make_are_refused_with_the_whole_file(pool: PgPool) {
    let server = TestServer::new(pool);
    let client = server.client(Role::Admin).await;
    apply(&server.state, &file(FILE)).await.unwrap();
    let ping = |regions: &str| {
        let text = FILE.replace("retention_days: 30", "retention_days: 31");
        format!(
            "{text}  - name: fine\n    check: {{ type: http, url: https://fine.example/ }}\n\
             \x20 - name: gate\n    regions: {regions}\n    check: {{ type: ping, host: gate.example }}\n"
        )
    };
    let refused = async |text: &str| match apply(&server.state, &file(text)).await {
        Err(NotApplied::Refused(errors)) => {
            let faults = ConfigFile::locate(text, &HashMap::new(), &errors);
            faults.iter().map(ToString::to_string).collect::<Vec<_>>()
        }
        applied => panic!("{applied:?}"),
    };

    // One region has no probe yet: it may be given one that can.
    enrol(&server, "weur", &["http"]).await;
    assert_eq!(
        refused(&ping("[enam, weur]")).await,
        [
            "line 13, column 21: monitors[3].regions[1]: region weur has no probe that can do `ping`; these have: enam"
        ]
    );
    // Nothing of the file holds, and the API says the same.
    assert_eq!(server.state.settings().result_retention_days, 30);
    let monitors = client.get("/api/v1/monitors").await.json();
    assert_eq!((find(&monitors, "fine"), find(&monitors, "gate")), (None, None));
    let of_api = json!({"name": "gate", "regions": ["enam", "weur"], "check": {"type": "ping", "host": "gate.example"}});
    assert_eq!(
        client.post("/api/v1/monitors", of_api).await.pointers(),
        ["/regions/1"]
    );

    apply(&server.state, &file(&ping("[enam]"))).await.unwrap();
    apply(&server.state, &file(&ping("[]"))).await.unwrap();
    assert_eq!(server.state.settings().result_retention_days, 31);
    // The other region's probe turns out not to be able either: what stands stays, what is new is refused.
    enrol(&server, "enam", &["http"]).await;
    assert_eq!(
        apply(&server.state, &file(&ping("[]"))).await.unwrap(),
        Applied::default()
    );
    assert_eq!(
        refused(&ping("[]").replace("gate.example", "other.example")).await,
        ["line 13, column 14: monitors[3].regions: no region has a probe that can do `ping`"]
    );
}
