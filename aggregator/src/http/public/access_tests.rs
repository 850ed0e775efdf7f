//! Who sees a page, and where.

use super::tests::{BELOW, change, get, shop, viewer_to_editor};
use crate::http::test_server::TestServer;
use chrono::TimeDelta;
use serde_json::json;
use sqlx::PgPool;
use std::sync::Arc;

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_page_behind_a_password_opens_to_who_knows_it(pool: PgPool) {
    let mut server = TestServer::new(pool);
    shop(&mut server).await;
    let editor = viewer_to_editor(&server).await;
    change(
        &server,
        &editor,
        json!({"access": "password", "password": "correct horse battery"}),
    )
    .await;
    for below in BELOW.iter().chain(&["/logo"]) {
        let answer = get(&server, below).await;
        assert_eq!(answer.status, 401, "{below}");
        assert!(
            !answer.text.contains("Checkout") && !answer.text.contains("Shop"),
            "{below}: {}",
            answer.text
        );
    }
    let give = async |password: &str| {
        let body = format!("password={}", password.replace(' ', "+"));
        server.send_form("/status/shop/password", &body).await
    };
    assert_eq!(give("wrong").await.status, 403);
    let opened = give("correct horse battery").await;
    assert_eq!(
        (opened.status.as_u16(), &opened.headers["location"]),
        (303, &"/status/shop".parse().unwrap())
    );
    let value = opened.cookie("edgewatch_page_1").unwrap();
    let cookie = format!("edgewatch_page_1={value}");
    let with = async |cookie: &str| {
        server
            .send("GET", "/status/shop", &[("cookie", cookie)], None)
            .await
    };
    let seen = with(&cookie).await;
    assert_eq!(seen.status, 200);
    assert_eq!(seen.headers["cache-control"], "private, no-cache");
    let mut forged = cookie.clone();
    forged.pop();
    assert_eq!(with(&forged).await.status, 401);
    // The database is not asked: it may be gone.
    server.state.clock.advance(TimeDelta::days(8));
    assert_eq!(with(&cookie).await.status, 401, "it is over after a week");
    server.state.clock.advance(TimeDelta::days(-8));
    assert_eq!(with(&cookie).await.status, 200);
    change(&server, &editor, json!({"password": "another long password"})).await;
    assert_eq!(with(&cookie).await.status, 401, "a new password ends it");
    let mut last = 0;
    for _ in 0..40 {
        last = give("wrong").await.status.as_u16();
        if last == 429 {
            break;
        }
    }
    assert_eq!(last, 429);
    assert_eq!(give("another long password").await.status, 429);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_page_for_users_is_for_users(pool: PgPool) {
    let mut server = TestServer::new(pool);
    shop(&mut server).await;
    let admin = viewer_to_editor(&server).await;
    change(&server, &admin, json!({"access": "signed_in"})).await;
    let token = admin.authorization().trim_start_matches("Bearer ").to_owned();
    let cookie = format!("edgewatch_session={token}");
    let with = async |cookie: &str| {
        server
            .send("GET", "/status/shop", &[("cookie", cookie)], None)
            .await
    };
    let refused = get(&server, "").await;
    assert_eq!(refused.status, 401);
    assert!(refused.text.contains("/sign-in?next=/status/shop") && !refused.text.contains("Checkout"));
    assert_eq!(with("edgewatch_session=forged").await.status, 401);
    assert_eq!(with(&cookie).await.status, 200);
    // Who was signed in stays so for as long as the token is good.
    server.state.pool.close().await;
    server.state.clock.advance(TimeDelta::minutes(5));
    assert_eq!(with(&cookie).await.status, 200);
    server.state.clock.advance(TimeDelta::minutes(11));
    assert_ne!(with(&cookie).await.status, 200);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_page_is_at_its_own_host(pool: PgPool) {
    let mut server = TestServer::new(pool);
    shop(&mut server).await;
    let editor = viewer_to_editor(&server).await;
    change(&server, &editor, json!({"host": "status.shop.example"})).await;
    let at = async |path: &str| server.send_to("Status.Shop.example:8443", path).await;
    let page = at("/").await;
    assert_eq!(page.status, 200);
    assert!(
        page.text.contains("Checkout") && !page.text.contains("/status/shop"),
        "{}",
        page.text
    );
    assert_eq!(at("/api/v2/summary.json").await.status, 200);
    assert_eq!(at("/incidents/1").await.status, 200);
    // Nothing else is there: neither the API nor the dashboard.
    for path in [
        "/api/v1/monitors",
        "/sign-in",
        "/monitors",
        "/status/shop",
        "/metrics",
    ] {
        assert_eq!(at(path).await.status, 404, "{path}");
    }
    assert_eq!(server.send("GET", "/api/v1/setup", &[], None).await.status, 200);
    // What probes deliver is not lost because somebody has given the name that they know to a page.
    let probes = at("/api/v1/probe/assignments").await;
    assert_eq!(probes.status, 401, "{}", probes.text);
    // Nor can a page take the dashboard's place, whichever of the two was there first.
    server.state.settings.send_modify(|settings| {
        let mut changed = (**settings).clone();
        changed.public_url = Some("https://status.shop.example/".parse().unwrap());
        *settings = Arc::new(changed);
    });
    assert_eq!(at("/api/v1/setup").await.status, 200);
    let other = json!({"slug": "other", "title": "Other", "host": "Status.Shop.example", "components": []});
    let refused = editor.post("/api/v1/status-pages", other).await;
    assert_eq!(refused.pointers(), ["/host"], "{}", refused.text);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn no_script_of_a_logo_runs(pool: PgPool) {
    let mut server = TestServer::new(pool);
    shop(&mut server).await;
    let editor = viewer_to_editor(&server).await;
    let headers = [("authorization", editor.authorization())];
    let put = async |bytes: Vec<u8>| {
        server
            .send_bytes("PUT", "/api/v1/status-pages/1/logo", &headers, bytes)
            .await
    };
    let svg = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
    let set = put(svg.into()).await;
    assert_eq!(set.status, 200, "{}", set.text);
    assert_eq!(put(vec![b'x'; 300]).await.problem(), "unsupported-media-type");
    assert_eq!(put(vec![b'x'; 300 * 1024]).await.problem(), "too-large");
    server.state.take_status_pages().await.unwrap();
    let path = set.json()["logo"]["path"].as_str().unwrap().to_owned();
    assert!(get(&server, "").await.text.contains(&path));
    let logo = get(&server, &format!("/{path}")).await;
    assert_eq!(
        (logo.text.as_str(), &logo.headers["content-type"]),
        (svg, &"image/svg+xml".parse().unwrap())
    );
    let policy = logo.headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'") && policy.contains("sandbox") && !policy.contains("script")
    );
    assert_eq!(editor.delete("/api/v1/status-pages/1/logo").await.status, 204);
    server.state.take_status_pages().await.unwrap();
    assert_eq!(get(&server, "/logo").await.status, 404);
}
