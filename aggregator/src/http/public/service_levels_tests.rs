//! Agreements on status pages: the same figures as in the dashboard, of what the owner chose, and nothing else.

use super::tests::{PLANTED, change, get, shop};
use crate::{http::test_server::TestServer, report::make::make_next_report};
use chrono::{Datelike as _, TimeDelta};
use edgewatch_client::session::Role;
use serde_json::{Value, json};
use sqlx::PgPool;

fn agreement(name: &str) -> Value {
    json!({
        "name": name, "description": "pl4nted",
        "policy": {"monitors": [1], "objective_ppm": 999_000, "window": "calendar_month", "zone": "Europe/Berlin",
                   "credits": [{"below_ppm": 999_000, "percent": 77}]}
    })
}

/// The shop with two agreements, of which its page shows the first, with all there is; one report of a whole month, and one
/// that is of none.
async fn promised(server: &mut TestServer) {
    shop(server).await;
    let editor = server.client(Role::Admin).await;
    for name in ["Acme <shop>", "Another pl4nted"] {
        let made = editor.post("/api/v1/slas", agreement(name)).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    let now = server.state.clock.now();
    let left_out = json!({"from": now - TimeDelta::minutes(10), "to": now - TimeDelta::minutes(9), "reason": "a power cut & more"});
    assert_eq!(
        editor.post("/api/v1/slas/1/exclusions", left_out).await.status,
        201
    );
    let all = json!([{"sla": 1, "history": true, "exclusions": true, "reports": "bundles"}]);
    change(server, &editor, json!({"slas": all})).await;
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn agreements_have_the_figures_of_the_dashboard(pool: PgPool) {
    let mut server = TestServer::new(pool);
    shop(&mut server).await;
    assert_eq!(get(&server, "/sla").await.status, 404, "none is shown");
    let editor = server.client(Role::Admin).await;
    let made = editor.post("/api/v1/slas", agreement("Acme <shop>")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    change(&server, &editor, json!({"slas": [{"sla": 1}]})).await;
    let detail = editor.get("/api/v1/slas/1").await.json();
    let live = server.state.status_pages.current();
    let sla = live.by_slug("shop").unwrap().snapshot.slas[0].clone();
    assert_eq!(json!(sla.figures), detail["standing"]["figures"]);
    assert_eq!(json!(sla.best_ppm), detail["standing"]["best_ppm"]);
    assert_eq!(json!(sla.history), detail["history"]);
    assert_eq!(json!(sla.hash), detail["hash"]);
    assert!(sla.figures.time.contractual.down_ms > 0);
    assert_eq!(
        (sla.exclusions, sla.reports.len(), sla.has_bundles),
        (None, 0, false)
    );
    let page = get(&server, "/sla").await;
    let percent = sla.figures.time.contractual.uptime().unwrap().percent();
    assert_eq!(page.status, 200, "{}", page.text);
    for said in [
        "Acme &lt;shop&gt;",
        "99.9% promised, each calendar month",
        &percent,
        "href=\"/verify\"",
        &sla.hash,
    ] {
        assert!(page.text.contains(said), "{said}: {}", page.text);
    }
    let key = editor.get("/api/v1/log").await.json()["key"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(page.text.contains(&key), "{key}");
    let front = get(&server, "").await;
    assert!(front.text.contains("Acme &lt;shop&gt;") && front.text.contains("/status/shop/sla"));
    let german = [("accept-language", "de")];
    let german = server.send("GET", "/status/shop/sla", &german, None).await;
    assert!(german.text.contains("99,9\u{a0}% zugesagt"), "{}", german.text);
    assert!(get(&server, "/feed.atom").await.text.contains("<feed"));
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_the_owner_chooses_is_shown_and_nothing_else(pool: PgPool) {
    let mut server = TestServer::new(pool);
    promised(&mut server).await;
    let editor = server.client(Role::Admin).await;
    for language in ["en", "de", "fr", "es", "ja", "zh"] {
        let page = get(&server, &format!("/sla?lang={language}")).await.text;
        assert!(page.contains("a power cut &amp; more"), "{page}");
        for inner in [PLANTED, "Another", "@example.org", "weur", "credit", "$argon2"] {
            assert!(
                !page.to_lowercase().contains(&inner.to_lowercase()),
                "{inner}: {page}"
            );
        }
    }
    change(&server, &editor, json!({"slas": [{"sla": 1, "history": false}]})).await;
    let page = get(&server, "/sla").await.text;
    assert!(
        !page.contains("power cut") && !page.contains("class=\"days\""),
        "{page}"
    );

    // Who takes the agreement away, takes the page away; who ends it, too.
    change(&server, &editor, json!({"slas": []})).await;
    assert_eq!(get(&server, "/sla").await.status, 404);
    change(&server, &editor, json!({"slas": [{"sla": 1}, {"sla": 2}]})).await;
    assert_eq!(editor.delete("/api/v1/slas/2").await.status, 204);
    server.state.take_status_pages().await.unwrap();
    assert!(!get(&server, "/sla").await.text.contains("Another"));
    let kept = editor.get("/api/v1/status-pages/1").await.json();
    assert_eq!(kept["slas"].as_array().unwrap().len(), 1, "{kept}");
    let mut wrong = kept;
    let of_answer = [
        "id",
        "revision",
        "has_password",
        "logo",
        "created_at",
        "deleted_at",
        "history",
    ];
    for name in of_answer {
        wrong.as_object_mut().unwrap().remove(name);
    }
    wrong["slas"] = json!([{"sla": 1}, {"sla": 2}, {"sla": 99}, {"sla": 1}]);
    let refused = editor.put("/api/v1/status-pages/1", wrong).await;
    assert_eq!(refused.pointers(), ["/slas/1/sla", "/slas/2/sla", "/slas/3/sla"]);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn reports_of_whole_windows_are_handed_out_where_the_owner_wants_it(pool: PgPool) {
    let mut server = TestServer::new(pool);
    promised(&mut server).await;
    let now = server.state.clock.now();
    // A month later the month is over.
    server.state.clock.advance(TimeDelta::days(32));
    let first = now.date_naive().with_day(1).unwrap();
    let last = (first + TimeDelta::days(32)).with_day(1).unwrap() - TimeDelta::days(1);
    // Sessions do not last that long.
    let editor = server.client(Role::Admin).await;
    for asked in [
        json!({"sla": 1, "from": first, "to": last}),
        json!({"sla": 1, "from": now - TimeDelta::hours(1), "to": now}),
    ] {
        assert_eq!(editor.post("/api/v1/reports", asked).await.status, 202);
        assert!(make_next_report(&server.state).await.unwrap());
    }
    server.state.take_status_pages().await.unwrap();
    let page = get(&server, "/sla").await.text;
    assert!(
        page.contains("/status/shop/sla/reports/1/pdf") && !page.contains("/reports/2"),
        "{page}"
    );
    let report = get(&server, "/sla/reports/1").await;
    assert_eq!(
        (
            report.status.as_u16(),
            report.headers["content-type"].to_str().unwrap()
        ),
        (200, "text/html; charset=utf-8")
    );
    assert_eq!(
        get(&server, "/sla/reports/1/bundle").await.headers["content-type"],
        "application/zip"
    );
    for none in [
        "/sla/reports/2",
        "/sla/reports/2/pdf",
        "/sla/reports/x",
        "/sla/reports/1/docx",
        "/sla/reports/2/bundle",
    ] {
        assert_eq!(get(&server, none).await.status, 404, "{none}");
    }
    change(
        &server,
        &editor,
        json!({"slas": [{"sla": 1, "reports": "files"}]}),
    )
    .await;
    assert_eq!(get(&server, "/sla/reports/1/csv").await.status, 200);
    assert_eq!(get(&server, "/sla/reports/1/bundle").await.status, 404);
    change(&server, &editor, json!({"slas": [{"sla": 1}]})).await;
    assert_eq!(get(&server, "/sla/reports/1").await.status, 404);

    // What is private is behind the page's door.
    let private = json!({"access": "password", "password": "a long enough secret", "slas": [{"sla": 1, "reports": "bundles"}]});
    change(&server, &editor, private).await;
    for below in ["/sla", "/sla/reports/1", "/sla/reports/1/bundle"] {
        let door = get(&server, below).await;
        assert_eq!(door.status, 401, "{below}");
        assert!(!door.text.contains("Acme &lt;"), "{below}");
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn agreements_are_served_without_the_database_and_on_the_pages_own_host(pool: PgPool) {
    let mut server = TestServer::new(pool);
    promised(&mut server).await;
    let editor = server.client(Role::Admin).await;
    change(&server, &editor, json!({"host": "status.acme.example"})).await;
    let own = server
        .send("GET", "/sla", &[("host", "status.acme.example")], None)
        .await;
    assert_eq!(own.status, 200, "{}", own.text);
    assert!(own.text.contains("Acme &lt;shop&gt;") && own.text.contains("href=\"/history\""));
    assert!(
        !own.text.contains("/verify\""),
        "it is not at this host, and where it is is not known"
    );
    let fresh = get(&server, "/sla").await;
    let tag = fresh.headers["etag"].to_str().unwrap().to_owned();
    let again = [("if-none-match", tag.as_str())];
    assert_eq!(
        server.send("GET", "/status/shop/sla", &again, None).await.status,
        304
    );
    server.state.pool.close().await;
    server.state.clock.advance(TimeDelta::minutes(7));
    assert!(server.state.take_status_pages().await.is_err());
    let old = get(&server, "/sla").await;
    assert_eq!(old.status, 200);
    assert!(
        old.text.contains("class=\"notice\"") && old.text.contains("Acme &lt;shop&gt;"),
        "{}",
        old.text
    );
}

/// However many there are: less than 60 kB on the wire.
#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn fifty_agreements_are_small_on_the_wire(pool: PgPool) {
    let mut server = TestServer::new(pool);
    shop(&mut server).await;
    let editor = server.client(Role::Admin).await;
    for n in 1..=51 {
        let made = editor
            .post("/api/v1/slas", agreement(&format!("Agreement {n}")))
            .await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    let all: Vec<_> = (1..=51)
        .map(|sla| json!({"sla": sla, "exclusions": true}))
        .collect();
    change(&server, &editor, json!({"slas": all[..50]})).await;
    let gzip = [("accept-encoding", "gzip")];
    let page = server.send("GET", "/status/shop/sla", &gzip, None).await;
    assert_eq!(page.status, 200);
    assert!(page.bytes.len() < 60_000, "{}", page.bytes.len());
    let more = json!({"slug": "other", "title": "Other", "slas": all});
    assert_eq!(
        editor.post("/api/v1/status-pages", more).await.pointers(),
        ["/slas"]
    );
}
