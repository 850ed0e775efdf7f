use crate::http::test_server::TestServer;
use edgewatch_client::session::Role;
use serde_json::{Value, json};
use sqlx::PgPool;

#[allow(clippy::needless_pass_by_value, reason = "it becomes a part of the page")]
fn page(slug: &str, components: Value) -> Value {
    json!({"slug": slug, "title": "Shop", "components": components})
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_page_is_made_read_changed_removed_and_restored(pool: PgPool) {
    let server = TestServer::new(pool);
    let editor = server.client(Role::Editor).await;
    let check = json!({"type": "http", "url": "https://shop.example/"});
    let made = editor
        .post("/api/v1/monitors", json!({"name": "shop", "check": check}))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let components = json!([
        {"name": "Web", "source": {"type": "group"}, "children": [
            {"name": "Front", "source": {"type": "monitors", "monitors": [1]}},
            {"name": "Deep", "source": {"type": "group", "rule": "any"}, "children": [
                {"name": "Mail", "source": {"type": "by_hand", "state": "degraded"}}]}]},
        {"name": "API", "description": "of all", "source": {"type": "monitors", "monitors": [1], "rule": "any"}}
    ]);
    let made = editor
        .post("/api/v1/status-pages", page("shop", components))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = made.headers["location"].to_str().unwrap().to_owned();
    let tag = made.headers["etag"].to_str().unwrap().to_owned();
    let kept = editor.get(&path).await.json();
    assert_eq!(kept, made.json());
    let children = &kept["components"][0]["children"];
    assert_eq!(
        children[1]["children"][0]["source"],
        json!({"type": "by_hand", "state": "degraded"})
    );
    assert_eq!(kept["components"][1]["name"], "API");
    assert_eq!(kept["history"][0]["by"], "editor@example.org");

    // Moved, renamed, one left out, one new: those that keep their number are the same.
    let front = children[0]["id"].clone();
    let mut changed = page("shop-2", json!([]));
    changed["components"] = json!([
        {"name": "New", "source": {"type": "by_hand", "state": "operational"}},
        {"id": front, "name": "Front door", "source": {"type": "monitors", "monitors": [1]}}
    ]);
    changed["password"] = json!("not too short a one");
    changed["access"] = json!("password");
    changed["host"] = json!("Status.Shop.Example");
    let answer = editor.put(&path, changed.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let shown = answer.json();
    assert_eq!(
        (&shown["components"][1]["id"], &shown["host"]),
        (&front, &json!("status.shop.example"))
    );
    assert_eq!(
        (&shown["has_password"], &shown["password"]),
        (&json!(true), &Value::Null)
    );
    assert_eq!(
        shown["history"][0]["detail"],
        "slug, host, access, password, components"
    );
    assert!(!answer.text.contains("too short"));
    let headers = [("authorization", editor.authorization()), ("if-match", &tag)];
    let late = server.send("PUT", &path, &headers, Some(changed)).await;
    assert_eq!(late.problem(), "precondition-failed");

    assert_eq!(editor.delete(&path).await.status, 204);
    assert_eq!(editor.get("/api/v1/status-pages").await.json(), json!([]));
    let gone = editor.get("/api/v1/status-pages?deleted=true").await.json();
    assert_eq!(
        (&gone[0]["slug"], &gone[0]["components"]),
        (&json!("shop-2"), &json!(2))
    );
    let restore = format!("{path}/restore");
    let other = page("shop-2", json!([]));
    assert_eq!(editor.post("/api/v1/status-pages", other).await.status, 201);
    let refused = editor.send("POST", &restore, None).await;
    assert_eq!(refused.problem(), "conflict", "{}", refused.text);
    assert_eq!(editor.delete("/api/v1/status-pages/2").await.status, 204);
    let restored = editor.send("POST", &restore, None).await;
    assert_eq!(restored.status, 200, "{}", restored.text);
    let kinds: Vec<_> = restored.json()["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["kind"].clone())
        .collect();
    assert_eq!(kinds, ["restored", "removed", "changed", "created"]);
    assert_eq!(restored.json()["components"], shown["components"]);
    assert_eq!(editor.send("POST", &restore, None).await.problem(), "conflict");
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_is_wrong_is_named_field_by_field(pool: PgPool) {
    let server = TestServer::new(pool);
    let editor = server.client(Role::Editor).await;
    let group = |children: Value| json!({"name": "G", "source": {"type": "group"}, "children": children});
    let deep = group(json!([group(json!([group(json!([group(json!([group(
        json!([])
    )]))]))]))]));
    let bad = json!({
        "slug": "Shop!", "title": " ", "host": "localhost", "home_url": "javascript:alert(1)", "accent": "yellow",
        "zone": "Mars", "uptime_days": 0, "access": "password", "components": [
            {"id": 7, "name": "", "source": {"type": "monitors", "monitors": []}},
            {"name": "a", "source": {"type": "monitors", "monitors": [9, 9]}, "children": [group(json!([]))]},
            deep,
        ]
    });
    let refused = editor.post("/api/v1/status-pages", bad).await;
    let mut pointers = refused.pointers();
    pointers.sort();
    assert_eq!(
        pointers,
        [
            "/accent",
            "/components/0/id",
            "/components/0/name",
            "/components/0/source/monitors",
            "/components/1/children",
            "/components/1/source/monitors/0",
            "/components/1/source/monitors/1",
            "/components/2/children/0/children/0/children/0/children",
            "/home_url",
            "/host",
            "/password",
            "/slug",
            "/title",
            "/uptime_days",
            "/zone"
        ]
    );
    let made = editor
        .post("/api/v1/status-pages", page("a", json!([group(json!([]))])))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let taken = editor.post("/api/v1/status-pages", page("a", json!([]))).await;
    assert_eq!(taken.pointers(), ["/slug"]);
    // A group in itself.
    let id = made.json()["components"][0]["id"].clone();
    let mut twice = group(json!([]));
    twice["id"] = id;
    let mut outer = twice.clone();
    outer["children"] = json!([twice]);
    let refused = editor
        .put("/api/v1/status-pages/1", page("a", json!([outer])))
        .await;
    assert_eq!(refused.pointers(), ["/components/0/children/0/id"]);
    // Another page's component.
    let other = editor
        .post("/api/v1/status-pages", page("b", json!([outer["children"][0]])))
        .await;
    assert_eq!(other.pointers(), ["/components/0/id"]);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_page_can_be_seen_before_it_is_kept(pool: PgPool) {
    let server = TestServer::new(pool);
    let editor = server.client(Role::Editor).await;
    let form = |settings: &Value| {
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("settings", &settings.to_string())
            .finish()
    };
    // A new one that is not finished: without a name, an address, and a monitor.
    let mut settings = page(
        "",
        json!([
            {"name": "", "source": {"type": "monitors", "monitors": []}},
            {"name": "Mail", "source": {"type": "by_hand", "state": "major_outage"}}
        ]),
    );
    settings["accent"] = json!("#7a3ff2");
    settings["language"] = json!("de");
    let seen = editor
        .post_form("/api/v1/status-pages/preview", form(&settings))
        .await;
    assert_eq!(seen.status, 200, "{}", seen.text);
    assert!(
        seen.text.contains("--brand:#7a3ff2") && seen.text.contains("Ausfall"),
        "{}",
        seen.text
    );
    let policy = seen.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("frame-ancestors 'self'"), "{policy}");
    assert_eq!(editor.get("/api/v1/status-pages").await.json(), json!([]));

    // A change of one that there is.
    let components = json!([{"name": "Mail", "source": {"type": "by_hand", "state": "operational"}}]);
    let made = editor
        .post("/api/v1/status-pages", page("shop", components))
        .await
        .json();
    let mut changed = page("shop", made["components"].clone());
    changed["components"][0]["source"]["state"] = json!("degraded");
    let path = format!("/api/v1/status-pages/preview?page={}", made["id"]);
    let seen = editor.post_form(&path, form(&changed)).await;
    assert!(seen.text.contains("tone-degraded"), "{}", seen.text);
    assert!(!seen.text.contains("<script"), "{}", seen.text);

    settings["zone"] = json!("Nowhere/At/All");
    let refused = editor
        .post_form("/api/v1/status-pages/preview", form(&settings))
        .await;
    assert_eq!(refused.json()["errors"][0]["pointer"], "/zone");
    let nothing = editor
        .post_form("/api/v1/status-pages/preview", "other=1".to_owned())
        .await;
    assert_eq!(nothing.status, 400);
    let viewer = server.client(Role::Viewer).await;
    assert_eq!(
        viewer
            .post_form("/api/v1/status-pages/preview", form(&changed))
            .await
            .status,
        403
    );
}
