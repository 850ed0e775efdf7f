//! What the public is served: what it says, what it never says, who gets it, and what is left when the database is gone.

use crate::http::{
    probe::test_probe::{DOWN, TestProbe, observation},
    test_server::{Answer, Client, TestServer},
};
use chrono::TimeDelta;
use edgewatch_client::session::Role;
use edgewatch_protocol::observation::Outcome;
use serde_json::{Value, json};
use sqlx::PgPool;

/// Stands in everything that the public must not see.
pub(super) const PLANTED: &str = "pl4nted";

/// Everything that is below a page.
pub(super) const BELOW: [&str; 22] = [
    "",
    "/history",
    "/incidents/1",
    "/incidents/999",
    "/embed",
    "/embed.js",
    "/badge/state.svg",
    "/badge/uptime.svg?component=2",
    "/badge/latency.svg",
    "/api/v2/summary.json",
    "/api/v2/status.json",
    "/api/v2/components.json",
    "/api/v2/incidents.json",
    "/api/v2/incidents/unresolved.json",
    "/api/v2/scheduled-maintenances.json",
    "/api/v2/scheduled-maintenances/active.json",
    "/api/v2/scheduled-maintenances/upcoming.json",
    "/feed.atom",
    "/feed.rss",
    "/maintenance.ics",
    "/subscribe",
    "/nothing",
];

/// A shop that was down for three minutes ten minutes ago and is down again for two, and mail that is up; everything
/// about them is planted.
pub(super) async fn shop(server: &mut TestServer) {
    let mut probe = TestProbe::enrolled(server, "weur").await;
    let editor = server.client(Role::Editor).await;
    let check = |n: i32| {
        json!({
            "type": "http", "url": format!("https://pl4nted-{n}.example/pl4nted?key=pl4nted"),
            "headers": [{"name": "X-pl4nted", "value": "pl4nted"}], "auth": {"scheme": "bearer", "token": "pl4nted"},
            "assertions": [{"on": "body", "is": "contains", "value": "pl4nted"}]
        })
    };
    for n in 1..=2 {
        let monitor = json!({"name": format!("pl4nted {n}"), "check": check(n), "tags": ["pl4nted"]});
        let made = editor.post("/api/v1/monitors", monitor).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    server.state.clock.advance(TimeDelta::minutes(14));
    let observations = (0..=12).rev().flat_map(|minute| {
        let is_down = (8..11).contains(&minute) || minute < 2;
        let of = |monitor, is_down: bool| {
            observation(server, monitor, minute, if is_down { DOWN } else { Outcome::Up })
        };
        [of(1, is_down), of(2, false)]
    });
    let observations = observations.collect();
    probe.deliver(server, observations).await;
    let maintenance = json!({
        "name": "New disks", "note": "pl4nted", "scope": {"tags": ["pl4nted"]},
        "schedule": {"type": "recurring", "zone": "UTC", "start": "2026-01-01T00:00", "duration_min": 60, "rule": "FREQ=WEEKLY"}
    });
    assert_eq!(editor.post("/api/v1/maintenance", maintenance).await.status, 201);
    let note = |public, text: &str| json!({"text": text, "public": public});
    for (public, text) in [(false, PLANTED), (true, "We are looking into <it>.")] {
        let made = editor
            .post("/api/v1/incidents/2/updates", note(public, text))
            .await;
        assert!(made.status.is_success(), "{}", made.text);
    }
    let components = json!([
        {"name": "Store", "source": {"type": "group"}, "children": [
            {"name": "Checkout", "source": {"type": "monitors", "monitors": [1]}},
            {"name": "Accounts", "source": {"type": "monitors", "monitors": [1, 2]}}]},
        {"name": "Mail", "source": {"type": "monitors", "monitors": [2]}},
        {"name": "Phone", "source": {"type": "by_hand", "state": "degraded"}}
    ]);
    let page =
        json!({"slug": "shop", "title": "Shop & Co", "components": components, "shows": {"latency": true}});
    let made = editor.post("/api/v1/status-pages", page).await;
    assert_eq!(made.status, 201, "{}", made.text);
    server.state.take_status_pages().await.unwrap();
}

pub(super) async fn get(server: &TestServer, below: &str) -> Answer {
    server
        .send("GET", &format!("/status/shop{below}"), &[], None)
        .await
}

/// Changes the settings of the page.
pub(super) async fn change(server: &TestServer, editor: &Client<'_>, settings: Value) {
    let mut page = editor.get("/api/v1/status-pages/1").await.json();
    let all = page.as_object_mut().unwrap();
    for kept in [
        "id",
        "revision",
        "has_password",
        "logo",
        "created_at",
        "deleted_at",
        "history",
    ] {
        all.remove(kept);
    }
    all.extend(settings.as_object().unwrap().clone());
    let changed = editor.put("/api/v1/status-pages/1", page).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    server.state.take_status_pages().await.unwrap();
}

fn component<'a>(components: &'a Value, name: &str) -> &'a Value {
    let all = components.as_array().unwrap();
    all.iter().find(|component| component["name"] == name).unwrap()
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn the_public_sees_components_and_incidents_by_the_same_figures_as_everybody(pool: PgPool) {
    let mut server = TestServer::new(pool);
    shop(&mut server).await;
    let snapshot = server
        .state
        .status_pages
        .current()
        .by_slug("shop")
        .unwrap()
        .snapshot
        .clone();
    let viewer = server.client(Role::Viewer).await;
    let uptime = viewer.get("/api/v1/monitors/1/uptime?by=day").await.json();
    let checkout = &snapshot.components[0].children[0];
    assert_eq!(checkout.days.len(), 90);
    let today = checkout.days.last().unwrap();
    let period = uptime["periods"].as_array().unwrap().last().unwrap();
    assert_eq!(
        json!(today.uptime.as_ref().unwrap()),
        period["figures"]["contractual"],
        "of one day"
    );
    let window = uptime["windows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|window| window["name"] == "90d");
    assert_eq!(
        json!(checkout.uptime.as_ref().unwrap()),
        window.unwrap()["figures"]["contractual"]
    );
    assert_eq!(json!(today.worst), "major_outage");
    assert_eq!(checkout.days[0].worst, None);
    // The night before, if it has just struck twelve.
    let days = checkout.days.iter().rev().take(2);
    let told: Vec<_> = days.flat_map(|day| day.incidents.clone()).collect();
    assert!(told.contains(&1) && told.contains(&2), "{told:?}");
    // One of its two monitors is down: a part of it; and of the group, for it is not down wholly.
    let accounts = &snapshot.components[0].children[1];
    assert_eq!(
        json!([checkout.state, accounts.state]),
        json!(["major_outage", "partial_outage"])
    );
    assert_eq!(json!(snapshot.components[0].state), "partial_outage");
    assert_eq!(json!(accounts.days.last().unwrap().worst), "partial_outage");
    assert_eq!(json!(snapshot.state), "partial_outage");
    let latency = snapshot.components[1].latency.as_ref().unwrap();
    assert!((12_000..=12_700).contains(&latency.p50_us), "{latency:?}");
    assert_eq!(latency.hours.len(), 24);
    assert_eq!(snapshot.incidents.len(), 2);
    assert_eq!(json!(snapshot.incidents[0].stage), "investigating");
    assert_eq!(json!(snapshot.incidents[1].stage), "resolved");

    let page = get(&server, "").await;
    assert_eq!(page.status, 200, "{}", page.text);
    for said in [
        "Shop &amp; Co",
        "Checkout",
        "Phone",
        "We are looking into &lt;it&gt;.",
    ] {
        assert!(page.text.contains(said), "{said}: {}", page.text);
    }
    let german = server
        .send(
            "GET",
            "/status/shop",
            &[("accept-language", "de-AT, en;q=0.5")],
            None,
        )
        .await;
    assert!(german.text.contains("lang=\"de\""));
    assert_eq!(get(&server, "/incidents/999").await.status, 404);
    assert_eq!(get(&server, "/nothing").await.status, 404);
    assert_eq!(get(&server, "/history?month=1999-13").await.status, 404);
    assert_eq!(get(&server, "/history?month=2999-01").await.status, 404);
    assert_eq!(server.send("GET", "/status/shoe", &[], None).await.status, 404);
    assert_eq!(server.send("PUT", "/status/shop", &[], None).await.status, 405);
    // What an editor says by hand is seen as soon as snapshots are taken anew.
    let editor = viewer_to_editor(&server).await;
    change(
        &server,
        &editor,
        json!({"components": [{"name": "Phone", "source": {"type": "by_hand", "state": "operational"}}]}),
    )
    .await;
    let status = get(&server, "/api/v2/status.json").await.json();
    assert_eq!(
        status["status"],
        json!({"indicator": "none", "description": "All Systems Operational"})
    );
}

pub(super) async fn viewer_to_editor(server: &TestServer) -> Client<'_> {
    server.client(Role::Admin).await
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn no_public_byte_holds_what_a_monitor_is_configured_with(pool: PgPool) {
    let mut server = TestServer::new(pool);
    shop(&mut server).await;
    for below in BELOW {
        for language in ["en", "ja"] {
            let answer = server
                .send(
                    "GET",
                    &format!("/status/shop{below}"),
                    &[("accept-language", language)],
                    None,
                )
                .await;
            assert!(
                !answer.text.to_lowercase().contains(PLANTED),
                "{below}: {}",
                answer.text
            );
            assert!(!format!("{:?}", answer.headers).contains(PLANTED), "{below}");
            for inner in ["@example.org", "weur", "no first byte", "$argon2"] {
                assert!(!answer.text.contains(inner), "{below} holds {inner}");
            }
        }
    }
    // What is planted is found where it may be: the owner shows the notes of maintenance.
    let editor = viewer_to_editor(&server).await;
    let shows =
        json!({"shows": {"uptime": true, "latency": false, "regions": true, "maintenance_notes": true}});
    change(&server, &editor, shows).await;
    let summary = get(&server, "/api/v2/summary.json").await;
    assert!(summary.text.contains(PLANTED), "{}", summary.text);
    assert!(get(&server, "").await.text.contains("weur"));
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn clients_of_statuspage_find_their_shape(pool: PgPool) {
    let mut server = TestServer::new(pool);
    shop(&mut server).await;
    let summary = get(&server, "/api/v2/summary.json").await;
    assert_eq!(summary.headers["access-control-allow-origin"], "*");
    let summary = summary.json();
    assert_eq!(
        (&summary["page"]["id"], &summary["page"]["name"]),
        (&json!("1"), &json!("Shop & Co"))
    );
    assert_eq!(summary["status"]["indicator"], "major");
    let components = &summary["components"];
    let store = component(components, "Store");
    let checkout = component(components, "Checkout");
    assert_eq!(
        (&store["group"], &checkout["group"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(checkout["group_id"], store["id"]);
    assert_eq!(store["components"][0], checkout["id"]);
    assert_eq!(checkout["status"], "major_outage");
    assert_eq!(component(components, "Phone")["status"], "degraded_performance");
    let incidents = summary["incidents"].as_array().unwrap();
    assert_eq!(incidents.len(), 1, "only what goes on");
    assert_eq!(incidents[0]["status"], "investigating");
    assert_eq!(
        incidents[0]["incident_updates"][0]["body"],
        "We are looking into <it>."
    );
    assert_eq!(incidents[0]["components"][0]["id"], checkout["id"]);
    let all = get(&server, "/api/v2/incidents.json").await.json();
    assert_eq!(all["incidents"].as_array().unwrap().len(), 2);
    assert_eq!(all["incidents"][1]["status"], "resolved");
    let windows = get(&server, "/api/v2/scheduled-maintenances.json").await.json();
    let windows = windows["scheduled_maintenances"].as_array().unwrap();
    assert!(windows.len() >= 4, "{windows:?}");
    assert_eq!(windows[1]["status"], "scheduled");
    assert_eq!(windows[1]["name"], "New disks");
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn without_the_database_pages_are_served_with_their_age(pool: PgPool) {
    let mut server = TestServer::new(pool);
    shop(&mut server).await;
    let fresh = get(&server, "").await;
    let month = get(&server, "/history").await;
    assert_eq!(
        (fresh.status.as_u16(), month.status.as_u16()),
        (200, 200),
        "{}",
        month.text
    );
    assert!(month.text.contains("Checkout"));
    assert_eq!(get(&server, "/incidents/999").await.status, 404);
    server.state.pool.close().await;
    server.state.clock.advance(TimeDelta::minutes(7));
    assert!(server.state.take_status_pages().await.is_err());
    for below in BELOW.iter().filter(|below| **below != "/nothing") {
        let answer = get(&server, below).await;
        let wanted = if *below == "/incidents/999" { 404 } else { 200 };
        assert_eq!(answer.status, wanted, "{below}: {}", answer.text);
    }
    let old = get(&server, "").await;
    assert!(old.text.contains("Checkout"));
    assert_ne!(old.text, fresh.text, "it says how old it is");
    assert!(
        old.text.contains("class=\"notice\"") && !fresh.text.contains("class=\"notice\""),
        "{}",
        old.text
    );
    // Of a month that nobody asked for before, nothing can be said now.
    let unknown = get(&server, "/history?month=2020-01").await;
    assert_eq!(unknown.status, 503);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_a_visitor_has_already_is_not_sent_again(pool: PgPool) {
    let mut server = TestServer::new(pool);
    shop(&mut server).await;
    let path = "/status/shop";
    let first = get(&server, "").await;
    assert!(
        first.headers["cache-control"]
            .to_str()
            .unwrap()
            .starts_with("public, max-age=10")
    );
    assert!(
        first.headers["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("default-src 'none'")
    );
    let tag = first.headers["etag"].to_str().unwrap().to_owned();
    assert!(tag.starts_with('"'), "{tag}");
    let again = server.send("GET", path, &[("if-none-match", &tag)], None).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    assert_eq!(again.headers["etag"], tag.as_str());
    // Each encoding is another one.
    for encoding in ["br", "gzip"] {
        let headers = [("if-none-match", "*"), ("accept-encoding", encoding)];
        let known = server.send("GET", path, &headers, None).await;
        let own = known.headers["etag"].to_str().unwrap();
        assert!(own.ends_with(&format!("-{encoding}\"")) && own != tag, "{own}");
    }
    server.state.clock.advance(TimeDelta::seconds(9));
    server.state.take_status_pages().await.unwrap();
    let later = server.send("GET", path, &[("if-none-match", &tag)], None).await;
    assert_eq!(later.status, 200);
}
