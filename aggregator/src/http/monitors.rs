//! `/api/v1/monitors`: what is checked.
//!
//! Secrets go in and never come out (`monitor_secrets`). Monitors of the configuration file are changed there alone.

use super::{
    ApiError,
    auth::{Editor, Viewer},
    check_body::CheckBody,
    error::ApiResult,
    located,
    openapi::{Conflict, Invalid, MONITORS, NeedsRole, NeedsSession, NotFound, Outdated},
    parameters::PathParameter,
};
use crate::{
    announcement::Change,
    heartbeat, monitor_secrets,
    state::AppState,
    store::{
        monitor::{self, StoredMonitor},
        region::list_known_regions,
        result,
    },
    validation::validate_monitor,
};
use axum::{
    Json,
    extract::State,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{ETAG, IF_MATCH},
    },
    response::{IntoResponse, Response},
};
use edgewatch_client::monitor::{Monitor, MonitorSettings};
use edgewatch_protocol::{check::Check, problem::ProblemType};
use sqlx::PgConnection;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_monitors, create_monitor))
        .routes(routes!(get_monitor, update_monitor, delete_monitor))
}

/// All monitors, by name.
#[utoipa::path(
    get, path = "/api/v1/monitors", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = Vec<Monitor>), NeedsSession)
)]
async fn list_monitors(_: Viewer, State(state): State<AppState>) -> ApiResult<Json<Vec<Monitor>>> {
    let mut db = state.pool.acquire().await?;
    let monitors = monitor::list_monitors(&mut db, &state.secrets, None).await?;
    Ok(Json(monitors.into_iter().map(StoredMonitor::redacted).collect()))
}

/// One monitor.
///
/// The `ETag` names the revision of its settings; sent back as `If-Match` it keeps a change from overwriting another.
#[utoipa::path(
    get, path = "/api/v1/monitors/{id}", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The monitor's number")),
    responses((status = 200, body = Monitor), NeedsSession, NotFound)
)]
async fn get_monitor(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<Response> {
    let mut db = state.pool.acquire().await?;
    let monitor = find(&state, &mut db, id).await?;
    Ok((etag(monitor.revision()), Json(monitor.redacted())).into_response())
}

/// Makes a monitor.
///
/// It is checked from its next slot on. A region that has no probe which can run the check is refused.
#[utoipa::path(
    post, path = "/api/v1/monitors", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    request_body = MonitorSettings, responses((status = 201, body = Monitor), NeedsRole, Invalid)
)]
async fn create_monitor(
    Editor(session): Editor,
    State(state): State<AppState>,
    CheckBody(mut settings): CheckBody<MonitorSettings>,
) -> ApiResult<Response> {
    let mut tx = state.pool.begin().await?;
    validate(&state, &mut settings, None).await?;
    let now = state.clock.now();
    let id = monitor::create_monitor(&mut tx, &state.secrets, &settings, false, now).await?;
    let made = find(&state, &mut tx, id).await?;
    tx.commit().await?;
    state.announce(Change::Monitors).await;
    tracing::info!(monitor = id, user = session.user.user_id, "monitor created");
    let etag = etag(made.revision());
    let made = located(
        StatusCode::CREATED,
        format!("/api/v1/monitors/{id}"),
        made.redacted(),
    )?;
    Ok((etag, made).into_response())
}

/// Changes a monitor's settings, all of them.
///
/// Secrets that come back redacted stay as they are, as long as the check goes to the same origin.
#[utoipa::path(
    put, path = "/api/v1/monitors/{id}", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    params(
        ("id" = i32, Path, description = "The monitor's number"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the monitor as it was read")
    ),
    request_body = MonitorSettings,
    responses((status = 200, body = Monitor), NeedsRole, NotFound, Invalid, Conflict, Outdated)
)]
async fn update_monitor(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    headers: HeaderMap,
    CheckBody(mut settings): CheckBody<MonitorSettings>,
) -> ApiResult<Response> {
    let mut tx = state.pool.begin().await?;
    let kept = find_own(&state, &mut tx, id).await?;
    require_match(&headers, kept.revision())?;
    validate(&state, &mut settings, Some(kept.check())).await?;
    let now = state.clock.now();
    monitor::update_monitor(&mut tx, &state.secrets, id, &settings, false, now).await?;
    let changed = find(&state, &mut tx, id).await?;
    tx.commit().await?;
    state.announce(Change::Monitors).await;
    tracing::info!(
        monitor = id,
        user = session.user.user_id,
        revision = changed.revision(),
        "monitor changed"
    );
    Ok((etag(changed.revision()), Json(changed.redacted())).into_response())
}

/// Removes a monitor and its results.
///
/// The signed batches that brought the results stay as evidence until their retention is over.
#[utoipa::path(
    delete, path = "/api/v1/monitors/{id}", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The monitor's number")),
    responses((status = 204, description = "Removed"), NeedsRole, NotFound, Conflict)
)]
async fn delete_monitor(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<StatusCode> {
    let mut tx = state.pool.begin().await?;
    find_own(&state, &mut tx, id).await?;
    monitor::delete_monitor(&mut tx, id).await?;
    tx.commit().await?;
    state.announce(Change::Monitors).await;
    // Many rows, which nobody can ask for any more: outside the transaction that holds batches up.
    result::delete_results(&state.pool, id).await?;
    tracing::info!(monitor = id, user = session.user.user_id, "monitor removed");
    Ok(StatusCode::NO_CONTENT)
}

async fn find(state: &AppState, db: &mut PgConnection, id: i32) -> ApiResult<StoredMonitor> {
    let found = monitor::list_monitors(db, &state.secrets, Some(id)).await?;
    found
        .into_iter()
        .next()
        .ok_or_else(|| ApiError::not_found("monitor"))
}

/// A monitor that the API may change, locked.
async fn find_own(state: &AppState, db: &mut PgConnection, id: i32) -> ApiResult<StoredMonitor> {
    if !monitor::lock_monitor(db, id).await? {
        return Err(ApiError::not_found("monitor"));
    }
    let found = find(state, db, id).await?;
    if found.from_config() {
        let detail = "this monitor comes from the configuration file: change it there";
        return Err(ApiError::new(ProblemType::Conflict, detail));
    }
    Ok(found)
}

/// Puts kept secrets back and makes sure that the settings are valid.
async fn validate(state: &AppState, settings: &mut MonitorSettings, kept: Option<&Check>) -> ApiResult<()> {
    heartbeat::settle_regions(settings);
    let mut errors = monitor_secrets::restore(&mut settings.check, kept)
        .err()
        .unwrap_or_default();
    errors.extend(validate_monitor(
        settings,
        &list_known_regions(&state.pool).await?,
    ));
    if errors.is_empty() {
        Ok(())
    } else {
        Err(ApiError::validation(errors))
    }
}

/// The `ETag` of a revision.
pub(super) fn etag(revision: i32) -> [(axum::http::HeaderName, HeaderValue); 1] {
    // Quotes and digits always make a header.
    let value = HeaderValue::try_from(format!("\"{revision}\"")).unwrap_or(HeaderValue::from_static("\"\""));
    [(ETAG, value)]
}

/// Refuses a change of a revision that is not the latest one.
pub(super) fn require_match(headers: &HeaderMap, revision: i32) -> ApiResult<()> {
    let Some(wanted) = headers.get(IF_MATCH) else {
        return Ok(());
    };
    let current = format!("\"{revision}\"");
    let wanted = wanted.to_str().unwrap_or_default();
    if wanted
        .split(',')
        .any(|tag| tag.trim() == current || tag.trim() == "*")
    {
        return Ok(());
    }
    let detail = format!("it is at revision {revision} by now: read it again");
    Err(ApiError::new(ProblemType::PreconditionFailed, detail))
}

#[cfg(test)]
mod tests {
    use crate::http::test_server::TestServer;
    use edgewatch_client::{monitor::REDACTED, session::Role};
    use serde_json::{Value, json};
    use sqlx::PgPool;

    fn settings(name: &str) -> Value {
        json!({"name": name, "check": {"type": "http", "url": "https://example.org/a?b=c"}})
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn a_monitor_is_made_read_changed_and_removed(pool: PgPool) {
        let server = TestServer::new(pool);
        let editor = server.client(Role::Editor).await;
        let made = editor.post("/api/v1/monitors", settings("Shop")).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let path = made.headers["location"].to_str().unwrap().to_owned();
        let monitor = made.json();
        assert_eq!(path, format!("/api/v1/monitors/{}", monitor["id"]));
        assert_eq!(
            (&monitor["revision"], &monitor["state"]),
            (&json!(1), &json!("unknown"))
        );
        assert_eq!(monitor["interval_s"], 60);
        assert_eq!(made.headers["etag"], "\"1\"");
        assert_eq!(editor.get(&path).await.json(), monitor);
        assert_eq!(editor.get("/api/v1/monitors").await.json(), json!([monitor]));

        let mut changed = settings("Shop 2");
        changed["paused"] = json!(true);
        changed["tags"] = json!(["a", "b"]);
        let answer = editor.put(&path, changed).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let answer = answer.json();
        assert_eq!(
            (&answer["name"], &answer["revision"], &answer["state"]),
            (&json!("Shop 2"), &json!(2), &json!("paused"))
        );
        let resumed = editor.put(&path, settings("Shop 2")).await.json();
        assert_eq!(
            (&resumed["state"], &resumed["tags"]),
            (&json!("unknown"), &json!([]))
        );

        assert_eq!(editor.delete(&path).await.status, 204);
        for answer in [
            editor.get(&path).await,
            editor.delete(&path).await,
            editor.put(&path, settings("x")).await,
        ] {
            assert_eq!(answer.problem(), "not-found");
        }
        assert_eq!(
            editor.get("/api/v1/monitors/nonsense").await.problem(),
            "not-found"
        );
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn faults_are_named_by_field(pool: PgPool) {
        sqlx::query("INSERT INTO region (name, created_at) VALUES ('weur', now())")
            .execute(&pool)
            .await
            .unwrap();
        let server = TestServer::new(pool);
        let editor = server.client(Role::Editor).await;
        assert_eq!(
            editor.post("/api/v1/monitors", settings("Shop")).await.status,
            201
        );
        let taken = editor.post("/api/v1/monitors", settings("Shop")).await;
        assert_eq!(
            (taken.status.as_u16(), taken.pointers()),
            (422, vec!["/name".to_owned()])
        );

        let mut bad = settings("");
        bad["interval_s"] = json!(7);
        bad["regions"] = json!(["weur", "mars"]);
        bad["check"]["url"] = json!("gopher://example.org");
        let answer = editor.post("/api/v1/monitors", bad).await;
        assert_eq!(
            (answer.status.as_u16(), answer.problem()),
            (422, "validation".to_owned())
        );
        for pointer in ["/name", "/interval_s", "/timeout_ms", "/regions/1", "/check/url"] {
            assert!(
                answer.pointers().iter().any(|found| found == pointer),
                "{pointer} {}",
                answer.text
            );
        }
        let mut shape = settings("Other");
        shape["regions"] = json!(["weur", "NOT A REGION"]);
        assert_eq!(
            editor.post("/api/v1/monitors", shape).await.pointers(),
            ["/regions/1"]
        );
        let mut unknown = settings("Other");
        unknown["intervall_s"] = json!(60);
        let mut mistyped = settings("Other");
        mistyped["check"]["assertion"] = json!([]);
        mistyped["check"]["max_redirects"] = json!(5);
        assert_eq!(
            editor.post("/api/v1/monitors", mistyped.clone()).await.pointers(),
            ["/check/assertion"]
        );
        mistyped["check"]["max_redirects"] = json!("5");
        assert_eq!(
            editor.post("/api/v1/monitors", mistyped).await.pointers(),
            ["/check/max_redirects"]
        );
        assert_eq!(editor.post("/api/v1/monitors", unknown).await.status, 422);

        let fine = editor.post("/api/v1/monitors", json!({"name": "In weur", "regions": ["weur"], "check": {"type": "http", "url": "http://example.org"}})).await;
        assert_eq!(
            fine.json()["region_states"][0]["verdict"],
            "unknown",
            "{}",
            fine.text
        );
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn a_change_of_an_outdated_monitor_is_refused(pool: PgPool) {
        let server = TestServer::new(pool);
        let editor = server.client(Role::Editor).await;
        let made = editor.post("/api/v1/monitors", settings("Shop")).await;
        let path = made.headers["location"].to_str().unwrap().to_owned();
        let put = async |tag: &str| {
            let bearer = editor.authorization();
            let headers = [("authorization", bearer), ("if-match", tag)];
            server.send("PUT", &path, &headers, Some(settings("Shop"))).await
        };
        assert_eq!(put("\"1\"").await.headers["etag"], "\"2\"");
        assert_eq!(put("\"1\"").await.problem(), "precondition-failed");
        assert_eq!(put("*").await.status, 200);
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn monitors_of_the_configuration_file_are_changed_there_alone(pool: PgPool) {
        let server = TestServer::new(pool);
        let editor = server.client(Role::Editor).await;
        let made = editor.post("/api/v1/monitors", settings("Shop")).await;
        let path = made.headers["location"].to_str().unwrap().to_owned();
        sqlx::query("UPDATE monitor SET from_config = true")
            .execute(&server.state.pool)
            .await
            .unwrap();
        assert_eq!(editor.get(&path).await.json()["from_config"], true);
        for answer in [
            editor.put(&path, settings("Mine")).await,
            editor.delete(&path).await,
        ] {
            assert_eq!(
                (answer.status.as_u16(), answer.problem()),
                (409, "conflict".to_owned())
            );
            assert!(answer.text.contains("configuration file"));
        }
        assert_eq!(editor.get(&path).await.json()["name"], "Shop");
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn secrets_never_come_out_and_stay_when_they_come_back_redacted(pool: PgPool) {
        let server = TestServer::new(pool);
        let editor = server.client(Role::Editor).await;
        let mut with_secrets = settings("Shop");
        with_secrets["check"]["auth"] = json!({"scheme": "basic", "username": "u", "password": "pl4nted-1"});
        with_secrets["check"]["headers"] =
            json!([{"name": "X-Api-Key", "value": "pl4nted-2"}, {"name": "Accept", "value": "*/*"}]);
        let made = editor.post("/api/v1/monitors", with_secrets).await;
        let path = made.headers["location"].to_str().unwrap().to_owned();
        let mut shown = made.json();
        assert_eq!(shown["check"]["auth"]["password"], REDACTED);
        let settings_shown = |shown: &Value| {
            let mut settings = shown.clone();
            let fields = settings.as_object_mut().unwrap();
            for answered in [
                "id",
                "revision",
                "target",
                "state",
                "state_since",
                "region_states",
                "advisory",
                "flapping_since",
                "from_config",
                "created_at",
            ] {
                fields.remove(answered);
            }
            settings
        };
        let mut elsewhere = settings_shown(&shown);
        elsewhere["check"]["url"] = json!("https://evil.example/");
        let refused = editor.put(&path, elsewhere).await;
        assert_eq!(
            refused.pointers(),
            ["/check/auth/password", "/check/headers/0/value"]
        );

        shown["name"] = json!("Renamed");
        let renamed = editor.put(&path, settings_shown(&shown)).await;
        assert_eq!(renamed.status, 200, "{}", renamed.text);
        let stored = {
            let mut db = server.state.pool.acquire().await.unwrap();
            super::monitor::list_monitors(&mut db, &server.state.secrets, None)
                .await
                .unwrap()
                .remove(0)
        };
        let json = serde_json::to_string(stored.check()).unwrap();
        assert!(json.contains("pl4nted-1") && json.contains("pl4nted-2"), "{json}");

        for answer in [
            made,
            refused,
            renamed,
            editor.get(&path).await,
            editor.get("/api/v1/monitors").await,
            editor.post("/api/v1/monitors", settings_shown(&shown)).await,
        ] {
            assert!(!answer.text.contains("pl4nted"), "{}", answer.text);
        }
        let raw: Vec<u8> = sqlx::query_scalar("SELECT definition FROM monitor")
            .fetch_one(&server.state.pool)
            .await
            .unwrap();
        assert!(!raw.windows(7).any(|window| window == b"pl4nted"));
    }
}
