//! Who may do what, for every route there is; how many statements a read takes; and that no answer holds a secret.

use super::{
    auth::SESSION_COOKIE,
    openapi,
    test_server::{Client, TestServer},
};
use edgewatch_client::session::Role;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::{cell::Cell, collections::BTreeSet, sync::LazyLock};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    filter::filter_fn,
    layer::{Context, Layer, SubscriberExt as _},
};

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Access {
    /// Everybody.
    Public,
    /// Who has the refresh cookie, whatever else.
    RefreshCookie,
    /// Who has this role or a higher one.
    From(Role),
}

use Access::{From as FromRole, Public, RefreshCookie};

/// Every operation of the REST API, with a path to call it by. Bodies are empty objects: who may call it gets another
/// answer than 401 and 403.
#[rustfmt::skip]
const OPERATIONS: &[(&str, &str, &str, Access)] = &[
    ("get",    "/api/v1/openapi.json",                    "/api/v1/openapi.json",            Public),
    ("get",    "/api/v1/setup",                           "/api/v1/setup",                   Public),
    ("post",   "/api/v1/setup",                           "/api/v1/setup",                   Public),
    ("post",   "/api/v1/session",                         "/api/v1/session",                 Public),
    ("get",    "/api/v1/session",                         "/api/v1/session",                 FromRole(Role::Viewer)),
    ("post",   "/api/v1/session/refresh",                 "/api/v1/session/refresh",         RefreshCookie),
    ("get",    "/api/v1/heartbeats/{token}",              "/api/v1/heartbeats/x",            Public),
    ("post",   "/api/v1/heartbeats/{token}",              "/api/v1/heartbeats/x",            Public),
    ("get",    "/api/v1/heartbeats/{token}/{event}",      "/api/v1/heartbeats/x/start",      Public),
    ("post",   "/api/v1/heartbeats/{token}/{event}",      "/api/v1/heartbeats/x/fail",       Public),
    ("get",    "/api/v1/monitors/{id}/heartbeat",         "/api/v1/monitors/1/heartbeat",    FromRole(Role::Editor)),
    ("post",   "/api/v1/monitors/{id}/heartbeat/rotate",  "/api/v1/monitors/1/heartbeat/rotate", FromRole(Role::Editor)),
    ("get",    "/api/v1/events",                          "/api/v1/events",                  FromRole(Role::Viewer)),
    ("get",    "/api/v1/overview",                        "/api/v1/overview",                FromRole(Role::Viewer)),
    ("get",    "/api/v1/monitors",                        "/api/v1/monitors",                FromRole(Role::Viewer)),
    ("post",   "/api/v1/monitors",                        "/api/v1/monitors",                FromRole(Role::Editor)),
    ("get",    "/api/v1/monitors/{id}",                   "/api/v1/monitors/1",              FromRole(Role::Viewer)),
    ("put",    "/api/v1/monitors/{id}",                   "/api/v1/monitors/1",              FromRole(Role::Editor)),
    ("delete", "/api/v1/monitors/{id}",                   "/api/v1/monitors/999",            FromRole(Role::Editor)),
    ("get",    "/api/v1/monitors/{id}/results",           "/api/v1/monitors/1/results",      FromRole(Role::Viewer)),
    ("get",    "/api/v1/monitors/{id}/results/{result}",  "/api/v1/monitors/1/results/1-1-1", FromRole(Role::Viewer)),
    ("get",    "/api/v1/monitors/{id}/timeline",          "/api/v1/monitors/1/timeline",     FromRole(Role::Viewer)),
    ("get",    "/api/v1/monitors/{id}/uptime",            "/api/v1/monitors/1/uptime",       FromRole(Role::Viewer)),
    ("get",    "/api/v1/monitors/{id}/series",            "/api/v1/monitors/1/series",       FromRole(Role::Viewer)),
    ("post",   "/api/v1/monitors/{id}/replay",            "/api/v1/monitors/1/replay",       FromRole(Role::Viewer)),
    ("get",    "/api/v1/slos",                            "/api/v1/slos",                    FromRole(Role::Viewer)),
    ("post",   "/api/v1/slos",                            "/api/v1/slos",                    FromRole(Role::Editor)),
    ("get",    "/api/v1/slos/{id}",                       "/api/v1/slos/1",                  FromRole(Role::Viewer)),
    ("put",    "/api/v1/slos/{id}",                       "/api/v1/slos/1",                  FromRole(Role::Editor)),
    ("delete", "/api/v1/slos/{id}",                       "/api/v1/slos/999",                FromRole(Role::Editor)),
    ("get",    "/api/v1/slas",                            "/api/v1/slas",                    FromRole(Role::Viewer)),
    ("post",   "/api/v1/slas",                            "/api/v1/slas",                    FromRole(Role::Editor)),
    ("get",    "/api/v1/slas/{id}",                       "/api/v1/slas/999",                FromRole(Role::Viewer)),
    ("put",    "/api/v1/slas/{id}",                       "/api/v1/slas/999",                FromRole(Role::Editor)),
    ("delete", "/api/v1/slas/{id}",                       "/api/v1/slas/999",                FromRole(Role::Editor)),
    ("post",   "/api/v1/slas/open-slo",                   "/api/v1/slas/open-slo",           FromRole(Role::Editor)),
    ("get",    "/api/v1/slas/{id}/open-slo",              "/api/v1/slas/999/open-slo",       FromRole(Role::Viewer)),
    ("put",    "/api/v1/slas/{id}/open-slo",              "/api/v1/slas/999/open-slo",       FromRole(Role::Editor)),
    ("get",    "/api/v1/slas/{id}/exclusions",            "/api/v1/slas/999/exclusions",     FromRole(Role::Viewer)),
    ("post",   "/api/v1/slas/{id}/exclusions",            "/api/v1/slas/999/exclusions",     FromRole(Role::Editor)),
    ("post",   "/api/v1/slas/{id}/exclusions/{exclusion}/withdraw", "/api/v1/slas/999/exclusions/1/withdraw", FromRole(Role::Editor)),
    ("get",    "/api/v1/reports",                         "/api/v1/reports",                 FromRole(Role::Viewer)),
    ("post",   "/api/v1/reports",                         "/api/v1/reports",                 FromRole(Role::Editor)),
    ("get",    "/api/v1/reports/preview",                 "/api/v1/reports/preview?sla=999&from=2026-10-01&to=2026-10-31", FromRole(Role::Viewer)),
    ("get",    "/api/v1/reports/{id}",                    "/api/v1/reports/999",             FromRole(Role::Viewer)),
    ("delete", "/api/v1/reports/{id}",                    "/api/v1/reports/999",             FromRole(Role::Editor)),
    ("get",    "/api/v1/reports/{id}/files/{format}",     "/api/v1/reports/999/files/pdf",   FromRole(Role::Viewer)),
    ("get",    "/api/v1/reports/{id}/files/bundle",       "/api/v1/reports/999/files/bundle", FromRole(Role::Viewer)),
    ("post",   "/api/v1/reports/{id}/links",              "/api/v1/reports/999/links",       FromRole(Role::Editor)),
    ("get",    "/api/v1/report-schedules",                "/api/v1/report-schedules",        FromRole(Role::Viewer)),
    ("post",   "/api/v1/report-schedules",                "/api/v1/report-schedules",        FromRole(Role::Editor)),
    ("get",    "/api/v1/report-schedules/{id}",           "/api/v1/report-schedules/999",    FromRole(Role::Viewer)),
    ("put",    "/api/v1/report-schedules/{id}",           "/api/v1/report-schedules/999",    FromRole(Role::Editor)),
    ("delete", "/api/v1/report-schedules/{id}",           "/api/v1/report-schedules/999",    FromRole(Role::Editor)),
    ("get",    "/api/v1/status-pages",                    "/api/v1/status-pages",            FromRole(Role::Viewer)),
    ("post",   "/api/v1/status-pages",                    "/api/v1/status-pages",            FromRole(Role::Editor)),
    ("get",    "/api/v1/status-pages/{id}",               "/api/v1/status-pages/1",          FromRole(Role::Viewer)),
    ("put",    "/api/v1/status-pages/{id}",               "/api/v1/status-pages/1",          FromRole(Role::Editor)),
    ("delete", "/api/v1/status-pages/{id}",               "/api/v1/status-pages/999",        FromRole(Role::Editor)),
    ("post",   "/api/v1/status-pages/{id}/restore",       "/api/v1/status-pages/999/restore", FromRole(Role::Editor)),
    ("post",   "/api/v1/status-pages/preview",            "/api/v1/status-pages/preview",    FromRole(Role::Editor)),
    ("get",    "/api/v1/status-pages/{id}/logo",          "/api/v1/status-pages/999/logo",   FromRole(Role::Viewer)),
    ("put",    "/api/v1/status-pages/{id}/logo",          "/api/v1/status-pages/999/logo",   FromRole(Role::Editor)),
    ("delete", "/api/v1/status-pages/{id}/logo",          "/api/v1/status-pages/999/logo",   FromRole(Role::Editor)),
    ("get",    "/api/v1/status-pages/{id}/subscribers",   "/api/v1/status-pages/999/subscribers", FromRole(Role::Editor)),
    ("get",    "/api/v1/status-pages/{id}/subscribers.csv", "/api/v1/status-pages/999/subscribers.csv", FromRole(Role::Editor)),
    ("delete", "/api/v1/status-pages/{id}/subscribers/{subscriber}", "/api/v1/status-pages/999/subscribers/1", FromRole(Role::Editor)),
    ("get",    "/api/v1/maintenance",                     "/api/v1/maintenance",             FromRole(Role::Viewer)),
    ("post",   "/api/v1/maintenance",                     "/api/v1/maintenance",             FromRole(Role::Editor)),
    ("post",   "/api/v1/maintenance/preview",             "/api/v1/maintenance/preview",     FromRole(Role::Editor)),
    ("get",    "/api/v1/maintenance/{id}",                "/api/v1/maintenance/999",         FromRole(Role::Viewer)),
    ("put",    "/api/v1/maintenance/{id}",                "/api/v1/maintenance/999",         FromRole(Role::Editor)),
    ("delete", "/api/v1/maintenance/{id}",                "/api/v1/maintenance/999",         FromRole(Role::Editor)),
    ("post",   "/api/v1/maintenance/{id}/end",            "/api/v1/maintenance/999/end",     FromRole(Role::Editor)),
    ("get",    "/api/v1/monitors/{id}/percentiles",       "/api/v1/monitors/1/percentiles",  FromRole(Role::Viewer)),
    ("get",    "/api/v1/monitors/{id}/heatmap",           "/api/v1/monitors/1/heatmap",      FromRole(Role::Viewer)),
    ("get",    "/api/v1/monitors/{id}/matrix",            "/api/v1/monitors/1/matrix",       FromRole(Role::Viewer)),
    ("get",    "/api/v1/incidents",                       "/api/v1/incidents",               FromRole(Role::Viewer)),
    ("get",    "/api/v1/incidents/open",                  "/api/v1/incidents/open",          FromRole(Role::Viewer)),
    ("post",   "/api/v1/incidents",                       "/api/v1/incidents",               FromRole(Role::Editor)),
    ("get",    "/api/v1/incidents/{id}",                  "/api/v1/incidents/1",             FromRole(Role::Viewer)),
    ("put",    "/api/v1/incidents/{id}",                  "/api/v1/incidents/1",             FromRole(Role::Editor)),
    ("get",    "/api/v1/incidents/{id}/outages/{outage}", "/api/v1/incidents/1/outages/1",   FromRole(Role::Viewer)),
    ("post",   "/api/v1/incidents/{id}/acknowledge",      "/api/v1/incidents/1/acknowledge", FromRole(Role::Editor)),
    ("post",   "/api/v1/incidents/{id}/resolve",          "/api/v1/incidents/1/resolve",     FromRole(Role::Editor)),
    ("post",   "/api/v1/incidents/{id}/reopen",           "/api/v1/incidents/1/reopen",      FromRole(Role::Editor)),
    ("post",   "/api/v1/incidents/{id}/updates",          "/api/v1/incidents/1/updates",     FromRole(Role::Editor)),
    ("post",   "/api/v1/tests",                           "/api/v1/tests",                   FromRole(Role::Editor)),
    ("get",    "/api/v1/tests/{id}",                      "/api/v1/tests/x",                 FromRole(Role::Viewer)),
    ("get",    "/api/v1/regions",                         "/api/v1/regions",                 FromRole(Role::Viewer)),
    ("post",   "/api/v1/regions",                         "/api/v1/regions",                 FromRole(Role::Admin)),
    ("put",    "/api/v1/regions/{name}",                  "/api/v1/regions/mars",            FromRole(Role::Admin)),
    ("delete", "/api/v1/regions/{name}",                  "/api/v1/regions/mars",            FromRole(Role::Admin)),
    ("get",    "/api/v1/probes",                          "/api/v1/probes",                  FromRole(Role::Viewer)),
    ("post",   "/api/v1/probes/{fingerprint}/approve",    "/api/v1/probes/x/approve",        FromRole(Role::Admin)),
    ("post",   "/api/v1/probes/{fingerprint}/revoke",     "/api/v1/probes/x/revoke",         FromRole(Role::Admin)),
    ("get",    "/api/v1/enrolment-tokens",                "/api/v1/enrolment-tokens",        FromRole(Role::Admin)),
    ("post",   "/api/v1/enrolment-tokens",                "/api/v1/enrolment-tokens",        FromRole(Role::Admin)),
    ("delete", "/api/v1/enrolment-tokens/{id}",           "/api/v1/enrolment-tokens/999",    FromRole(Role::Admin)),
    ("get",    "/api/v1/log",                             "/api/v1/log",                     Public),
    ("get",    "/api/v1/log/checkpoint",                  "/api/v1/log/checkpoint",          Public),
    ("get",    "/api/v1/log/checkpoints",                 "/api/v1/log/checkpoints",         Public),
    ("get",    "/api/v1/log/consistency",                 "/api/v1/log/consistency?from=0&to=0", Public),
    ("get",    "/api/v1/log/inclusion",                   "/api/v1/log/inclusion?probe=x&seq=1", Public),
    ("post",   "/api/v1/log/cosignatures",                "/api/v1/log/cosignatures",        Public),
    ("get",    "/api/v1/log/state",                       "/api/v1/log/state",               FromRole(Role::Admin)),
    ("post",   "/api/v1/log/checkpoints",                 "/api/v1/log/checkpoints",         FromRole(Role::Admin)),
    // Last, for it ends the session that it is called with.
    ("delete", "/api/v1/session",                         "/api/v1/session",                 Public),
];

/// A body that is not valid but of the right media type, where one is read at all.
fn body(method: &str) -> Option<Value> {
    matches!(method, "post" | "put").then(|| json!({}))
}

#[test]
fn every_operation_has_its_row() {
    let document: Value = serde_json::from_str(openapi::json()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        documented.extend(
            item.as_object()
                .unwrap()
                .keys()
                .map(|method| (method.clone(), path.clone())),
        );
    }
    let rows: BTreeSet<_> = OPERATIONS
        .iter()
        .map(|row| (row.0.to_owned(), row.1.to_owned()))
        .collect();
    assert_eq!(
        rows, documented,
        "give each new route a row that says who may call it"
    );
    assert_eq!(rows.len(), OPERATIONS.len());
}

#[test]
fn the_document_says_who_needs_a_session() {
    let document: Value = serde_json::from_str(openapi::json()).unwrap();
    for (method, path, _, access) in OPERATIONS {
        let operation = &document["paths"][path][method];
        let documents = |status: &str| operation["responses"].get(status).is_some();
        let schemes = operation["security"].to_string();
        match access {
            Public => assert!(schemes.contains("{}"), "{method} {path}"),
            RefreshCookie => assert!(schemes.contains("refresh") && documents("401")),
            FromRole(role) => {
                assert!(
                    schemes.contains("cookie") && schemes.contains("bearer"),
                    "{method} {path}"
                );
                assert!(documents("401"), "{method} {path}");
                assert_eq!(documents("403"), *role > Role::Viewer, "{method} {path}");
            }
        }
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn each_role_may_do_what_it_may_and_no_more(pool: PgPool) {
    let server = TestServer::new(pool);
    let mut clients = Vec::new();
    for role in [Role::Viewer, Role::Editor, Role::Admin] {
        clients.push((role, server.client(role).await));
    }
    for &(method, _, path, access) in OPERATIONS {
        let method = method.to_uppercase();
        let body = body(&method.to_lowercase());
        let anonymous = server.send(&method, path, &[], body.clone()).await;
        assert!(anonymous.headers.contains_key("cache-control"), "{method} {path}");
        match access {
            Public => assert!(
                ![401, 403].contains(&anonymous.status.as_u16()),
                "{method} {path}"
            ),
            RefreshCookie | FromRole(_) => {
                assert_eq!(anonymous.problem(), "unauthenticated", "{method} {path}");
            }
        }
        for (role, client) in &clients {
            let answer = client.send(&method, path, body.clone()).await;
            let status = answer.status.as_u16();
            match access {
                FromRole(least) if *role < least => {
                    assert_eq!(answer.problem(), "forbidden", "{role:?} {method} {path}");
                }
                RefreshCookie => assert_eq!(status, 401),
                Public | FromRole(_) => {
                    assert!(
                        ![401, 403, 405, 500].contains(&status),
                        "{role:?} {method} {path}: {status} {}",
                        answer.text
                    );
                }
            }
        }
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn another_site_changes_nothing_with_borrowed_cookies(pool: PgPool) {
    let server = TestServer::new(pool);
    let admin = server.client(Role::Admin).await;
    let cookie = format!(
        "{SESSION_COOKIE}={}",
        admin.authorization().trim_start_matches("Bearer ")
    );
    for &(method, _, path, access) in OPERATIONS
        .iter()
        // Who needs no session is nobody whose cookies could be borrowed.
        .filter(|row| {
            row.0 != "get"
                && row.1 != "/api/v1/setup"
                && !row.1.starts_with("/api/v1/heartbeats")
                && row.1 != "/api/v1/log/cosignatures"
        })
    {
        // A body that is read, so that the refusal is not one of its shape.
        let body = match path {
            "/api/v1/session" => Some(json!({"email": "", "password": ""})).filter(|_| method == "post"),
            _ => body(method),
        };
        for header in [
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ] {
            let headers = [("cookie", cookie.as_str()), header];
            let answer = server
                .send(&method.to_uppercase(), path, &headers, body.clone())
                .await;
            assert_eq!(answer.problem(), "forbidden", "{method} {path} {access:?}");
        }
        let own = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
        let answer = server.send(&method.to_uppercase(), path, &own, body).await;
        assert_ne!(answer.status, 403, "{method} {path}");
    }
}

thread_local! {
    /// What this thread has sent to the database: each test has a runtime on a thread of its own.
    static STATEMENTS: Cell<usize> = const { Cell::new(0) };
}

struct CountStatements;

impl<S: Subscriber> Layer<S> for CountStatements {
    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        STATEMENTS.set(STATEMENTS.get() + 1);
    }
}

async fn statements_of(client: &Client<'_>, path: &str) -> usize {
    static COUNTING: LazyLock<()> = LazyLock::new(|| {
        let of_sqlx = filter_fn(|metadata| metadata.target() == "sqlx::query");
        let counting = tracing_subscriber::registry().with(CountStatements.with_filter(of_sqlx));
        // For the whole process: a subscriber of one thread misses what other threads saw first.
        tracing::subscriber::set_global_default(counting).unwrap();
    });
    LazyLock::force(&COUNTING);
    let before = STATEMENTS.get();
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    STATEMENTS.get() - before
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn reads_take_a_fixed_number_of_statements(pool: PgPool) {
    let server = TestServer::new(pool);
    let admin = server.client(Role::Admin).await;
    let add = async |from: usize, to: usize| {
        for n in from..to {
            admin
                .post("/api/v1/regions", json!({"name": format!("r{n}")}))
                .await;
            let once = json!({"type": "recurring", "zone": "UTC", "start": "2026-01-01T00:00", "duration_min": 60, "rule": "FREQ=DAILY"});
            let maintenance = json!({"name": n.to_string(), "schedule": once, "scope": {"everything": true}});
            assert_eq!(admin.post("/api/v1/maintenance", maintenance).await.status, 201);
            let check = json!({"type": "http", "url": "https://example.org/"});
            assert_eq!(
                admin
                    .post("/api/v1/monitors", json!({"name": n.to_string(), "check": check}))
                    .await
                    .status,
                201
            );
        }
        for n in from..to {
            let slo = json!({"name": n.to_string(), "monitors": (1..=to).collect::<Vec<_>>(), "objective_ppm": 999_000});
            assert_eq!(admin.post("/api/v1/slos", slo).await.status, 201);
            let policy = json!({"monitors": (1..=to).collect::<Vec<_>>(), "objective_ppm": 999_000, "window": "calendar_month", "zone": "UTC"});
            let sla = json!({"name": n.to_string(), "policy": policy});
            assert_eq!(admin.post("/api/v1/slas", sla).await.status, 201);
            let report = json!({"sla": n + 1, "from": "2026-10-01", "to": "2026-10-31"});
            assert_eq!(admin.post("/api/v1/reports", report).await.status, 202);
            let source = json!({"type": "monitors", "monitors": (1..=to).collect::<Vec<_>>()});
            let components = json!([{"name": "a", "source": source}, {"name": "b", "source": {"type": "by_hand", "state": "unknown"}}]);
            let shows = json!({"latency": true, "regions": true});
            let page = json!({"slug": n.to_string(), "title": "a", "components": components, "shows": shows});
            assert_eq!(admin.post("/api/v1/status-pages", page).await.status, 201);
            let incident = json!({"title": "a", "monitors": (1..=n + 1).collect::<Vec<_>>()});
            assert_eq!(admin.post("/api/v1/incidents", incident).await.status, 201);
        }
        sqlx::query(
            "INSERT INTO result (time, batch_id, monitor_id, lag_ms, total_us, region_id, position, outcome)
             SELECT $1, 1, m.id, 0, 1000, r.id, 0, 0 FROM monitor m, region r",
        )
        .bind(server.state.clock.now())
        .execute(&server.state.pool)
        .await
        .unwrap();
        sqlx::query("INSERT INTO rollup_queue VALUES (1, $1, $1) ON CONFLICT DO NOTHING")
            .bind(server.state.clock.now())
            .execute(&server.state.pool)
            .await
            .unwrap();
    };
    // The first one is that of the session.
    let expected = [
        // The results are not in memory yet.
        ("/api/v1/overview", 3),
        ("/api/v1/monitors", 3),
        ("/api/v1/maintenance", 2),
        ("/api/v1/regions", 5),
        ("/api/v1/probes", 2),
        // There are few: not only near now.
        ("/api/v1/monitors/1/results", 3),
        ("/api/v1/monitors/1/timeline", 3),
        ("/api/v1/monitors/1/uptime", 2),
        ("/api/v1/monitors/1/series", 2),
        ("/api/v1/incidents", 2),
        ("/api/v1/incidents/1", 4),
        ("/api/v1/slos", 3),
        ("/api/v1/slas", 6),
        ("/api/v1/slas/1", 6),
        ("/api/v1/reports", 2),
        ("/api/v1/monitors/1/percentiles", 2),
        ("/api/v1/monitors/1/heatmap", 2),
        ("/api/v1/monitors/1/matrix", 2),
        ("/api/v1/slos/1", 4),
        ("/api/v1/status-pages", 4),
        ("/api/v1/status-pages/1", 5),
    ];
    // Isolated, pages, components, agreements, seven kinds of sources, latencies.
    let of_pages = 12;
    for (from, to) in [(0, 1), (1, 12)] {
        add(from, to).await;
        for (path, count) in expected {
            assert_eq!(
                statements_of(&admin, path).await,
                count,
                "{path} with {to} monitors and regions"
            );
        }
        let before = STATEMENTS.get();
        server.state.take_status_pages().await.unwrap();
        assert_eq!(STATEMENTS.get() - before, of_pages, "of {to} pages");
    }
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn no_answer_holds_a_planted_secret(pool: PgPool) {
    let server = TestServer::new(pool);
    let admin = server.client(Role::Admin).await;
    let viewer = server.client(Role::Viewer).await;
    let check = json!({
        "type": "http", "url": "https://example.org/", "auth": {"scheme": "bearer", "token": "pl4nted"},
        "headers": [{"name": "Cookie", "value": "sid=pl4nted"}, {"name": "X-Vault-Token", "value": "pl4nted"}]
    });
    let made = admin
        .post("/api/v1/monitors", json!({"name": "a", "check": check}))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert!(!made.text.contains("pl4nted"), "{}", made.text);
    for &(method, _, path, _) in OPERATIONS.iter().filter(|row| row.0 == "get") {
        for client in [&admin, &viewer] {
            let answer = client.send(&method.to_uppercase(), path, None).await;
            assert!(!answer.text.contains("pl4nted"), "{path}: {}", answer.text);
        }
    }
    // Not in what is wrong with it either.
    let mut twisted = check.clone();
    twisted["max_redirects"] = json!(300);
    for body in [
        json!({"name": "a", "check": check}),
        json!({"name": "", "check": check}),
        json!({"name": "b", "check": twisted}),
    ] {
        let refused = admin.post("/api/v1/monitors", body).await;
        assert_eq!(refused.status, 422);
        assert!(!refused.text.contains("pl4nted"), "{}", refused.text);
    }
}
