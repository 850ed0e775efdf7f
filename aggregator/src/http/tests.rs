//! `/api/v1/tests`: a check made once, now: by the aggregator's own engine at once, or by a region at its next tick.

use super::{
    ApiError,
    auth::{Editor, Viewer},
    check_body::CheckBody,
    error::ApiResult,
    located,
    openapi::{Invalid, NeedsRole, NeedsSession, NotFound, RateLimited, TESTS},
    parameters::PathParameter,
};
use crate::{
    monitor_secrets,
    ssrf_guard::SsrfGuard,
    state::AppState,
    store::{
        monitor::{self, StoredMonitor},
        region::list_known_regions,
        test_run::{self, NewTestRun},
    },
    test_engine::NotRun,
    untrusted_text::clean_json,
    validation::validate_test_run,
};
use axum::{Json, extract::State, http::StatusCode, response::Response};
use edgewatch_client::test_run::{TestReport, TestRun, TestRunRequest};
use edgewatch_protocol::{batch::Place, problem::ProblemType};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create_test))
        .routes(routes!(get_test))
}

/// Makes a check once.
///
/// Without a region the aggregator makes it itself, and the answer holds the report. It dials public addresses alone,
/// unless the settings allow others: `target-forbidden` says which address it was. With a region the check waits for its
/// next tick: ask for it until there is a report.
#[utoipa::path(
    post, path = "/api/v1/tests", tag = TESTS, security(("cookie" = []), ("bearer" = [])),
    request_body = TestRunRequest, responses((status = 201, body = TestRun), NeedsRole, Invalid, RateLimited)
)]
async fn create_test(
    Editor(session): Editor,
    State(state): State<AppState>,
    CheckBody(mut request): CheckBody<TestRunRequest>,
) -> ApiResult<Response> {
    validate(&state, &mut request).await?;
    let requested_at = state.clock.now();
    let report = match request.region {
        Some(_) => None,
        None => Some(run(&state, &request).await?),
    };
    let id = Uuid::new_v4();
    let new = NewTestRun {
        id,
        region: request.region.as_ref(),
        check: &request.check,
        timeout_ms: request.timeout_ms,
        requested_by: session.user.user_id,
        requested_at,
        report: report.as_ref(),
    };
    test_run::create_test_run(&state.pool, &state.secrets, new).await?;
    let made = TestRun {
        id: id.to_string(),
        region: request.region,
        requested_at,
        report,
    };
    located(StatusCode::CREATED, format!("/api/v1/tests/{id}"), made)
}

/// How a test run went. `report` is absent while it waits for its region.
#[utoipa::path(
    get, path = "/api/v1/tests/{id}", tag = TESTS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = String, Path, description = "The test run's id")),
    responses((status = 200, body = TestRun), NeedsSession, NotFound)
)]
async fn get_test(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<Uuid>,
) -> ApiResult<Json<TestRun>> {
    let found = test_run::find_test_run(&state.pool, id).await?;
    found.map(Json).ok_or_else(|| ApiError::not_found("test run"))
}

/// Puts redacted secrets back from the monitor that is named, and makes sure that the check can be run.
async fn validate(state: &AppState, request: &mut TestRunRequest) -> ApiResult<()> {
    let mut db = state.pool.acquire().await?;
    let kept = match request.monitor {
        Some(id) => monitor::list_monitors(&mut db, &state.secrets, Some(id))
            .await?
            .pop(),
        None => None,
    };
    let kept = kept.as_ref().map(StoredMonitor::check);
    let mut errors = monitor_secrets::restore(&mut request.check, kept)
        .err()
        .unwrap_or_default();
    let known = list_known_regions(&mut *db).await?;
    errors.extend(validate_test_run(
        &request.check,
        request.timeout_ms,
        request.region.as_ref(),
        &known,
    ));
    if errors.is_empty() {
        Ok(())
    } else {
        Err(ApiError::validation(errors))
    }
}

async fn run(state: &AppState, request: &TestRunRequest) -> ApiResult<TestReport> {
    let guard = SsrfGuard {
        allow_private_targets: state.settings().allow_private_targets,
    };
    let started_at = state.clock.now();
    let sight = state
        .test_engine
        .run(&request.check, request.timeout_ms, guard)
        .await
        .map_err(|error| match error {
            NotRun::Busy => ApiError::new(
                ProblemType::RateLimited,
                "too many tests run at once: try again in a moment",
            ),
            NotRun::TargetForbidden(why) => ApiError::new(ProblemType::TargetForbidden, why),
        })?;
    let report = TestReport {
        started_at,
        place: Place::default(),
        sight,
    };
    // What a target sent may hold what the database's JSON cannot.
    let clean = clean_json(serde_json::to_value(&report).map_err(ApiError::internal)?);
    serde_json::from_value(clean).map_err(ApiError::internal)
}

#[cfg(test)]
mod cases {
    use crate::{http::test_server::TestServer, settings::Settings};
    use edgewatch_client::{monitor::REDACTED, session::Role};
    use serde_json::{Value, json};
    use sqlx::PgPool;
    use std::{net::Ipv4Addr, sync::Arc};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    fn allow_private_targets(server: &TestServer) {
        server.state.settings.send_replace(Arc::new(Settings {
            allow_private_targets: true,
            ..Settings::default()
        }));
    }

    /// A server that answers each request with the request itself.
    async fn echo() -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut request = vec![0; 4096];
                let length = stream.read(&mut request).await.unwrap();
                let head =
                    format!("HTTP/1.1 500 Oops\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(&request[..length]).await;
            }
        });
        url
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn the_aggregator_makes_the_check_at_once(pool: PgPool) {
        let server = TestServer::new(pool);
        let editor = server.client(Role::Editor).await;
        let url = echo().await;
        let test = json!({"check": {"type": "http", "url": url}, "timeout_ms": 5000});
        let refused = editor.post("/api/v1/tests", test.clone()).await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem()),
            (422, "target-forbidden".to_owned())
        );
        assert!(refused.text.contains("127.0.0.1"), "{}", refused.text);

        allow_private_targets(&server);
        let run = editor.post("/api/v1/tests", test).await;
        assert_eq!(run.status, 201, "{}", run.text);
        let run = run.json();
        assert_eq!(run["report"]["outcome"]["state"], "down");
        assert_eq!(run["report"]["http"]["status"], 500);
        assert!(run["report"]["phases"]["tcp"].is_u64());
        let again = editor
            .get(&format!("/api/v1/tests/{}", run["id"].as_str().unwrap()))
            .await;
        assert_eq!(again.json(), run);
        for unknown in ["x", "00000000-0000-0000-0000-000000000000"] {
            assert_eq!(
                editor.get(&format!("/api/v1/tests/{unknown}")).await.problem(),
                "not-found"
            );
        }
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn a_monitors_secrets_are_used_but_neither_shown_nor_sent_elsewhere(pool: PgPool) {
        let server = TestServer::new(pool);
        allow_private_targets(&server);
        let editor = server.client(Role::Editor).await;
        let url = echo().await;
        let check = |url: &str, password: &str| -> Value {
            json!({"type": "http", "url": url, "auth": {"scheme": "basic", "username": "u", "password": password}})
        };
        let made = editor
            .post(
                "/api/v1/monitors",
                json!({"name": "a", "check": check(&url, "pl4nted")}),
            )
            .await;
        let id = made.json()["id"].clone();
        let test = json!({"check": check(&url, REDACTED), "monitor": id, "timeout_ms": 5000});
        let run = editor.post("/api/v1/tests", test).await;
        assert_eq!(run.json()["report"]["http"]["status"], 500, "{}", run.text);
        // Neither as it is nor as the header carries it.
        assert!(
            !run.text.contains("pl4nted") && !run.text.contains("dTpwbDRudGVk"),
            "{}",
            run.text
        );

        let elsewhere = echo().await;
        let test = json!({"check": check(&elsewhere, REDACTED), "monitor": id, "timeout_ms": 5000});
        assert_eq!(
            editor.post("/api/v1/tests", test).await.pointers(),
            ["/check/auth/password"]
        );
        let test = json!({"check": check(&url, REDACTED), "timeout_ms": 5000});
        assert_eq!(
            editor.post("/api/v1/tests", test).await.pointers(),
            ["/check/auth/password"]
        );
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn a_regions_test_waits_for_its_report(pool: PgPool) {
        let server = TestServer::new(pool);
        let admin = server.client(Role::Admin).await;
        admin.post("/api/v1/regions", json!({"name": "weur"})).await;
        // Private targets are the region's own affair.
        let check = json!({"type": "http", "url": "http://10.0.0.1/"});
        let run = admin
            .post("/api/v1/tests", json!({"check": check, "region": "weur"}))
            .await;
        assert_eq!(run.status, 201, "{}", run.text);
        let path = run.headers["location"].to_str().unwrap().to_owned();
        assert_eq!(
            (&run.json()["region"], &run.json()["report"]),
            (&json!("weur"), &Value::Null)
        );
        let report = json!({"started_at": "2026-01-01T00:00:00Z", "place": {"colo": "FRA"}, "outcome": {"state": "up"}, "total_us": 5});
        sqlx::query("UPDATE test_run SET report = $1")
            .bind(report)
            .execute(&server.state.pool)
            .await
            .unwrap();
        assert_eq!(admin.get(&path).await.json()["report"]["place"]["colo"], "FRA");

        let mistakes =
            json!({"check": {"type": "http", "url": "nonsense"}, "timeout_ms": 1, "region": "mars"});
        assert_eq!(
            admin.post("/api/v1/tests", mistakes).await.pointers(),
            ["/check/url", "/timeout_ms", "/region"]
        );
    }
}
