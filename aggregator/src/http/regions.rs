//! `/api/v1/regions`: where is checked from.

use super::{
    ApiError, JsonBody,
    auth::{Admin, Viewer},
    error::ApiResult,
    located,
    openapi::{Conflict, Invalid, NeedsRole, NeedsSession, NotFound, PROBES},
    parameters::PathParameter,
};
use crate::{
    announcement::Change,
    region_load::late_p99_ms,
    state::AppState,
    store::{
        probe::list_probes,
        region::{self, StoredRegion},
        region_load::list_loads,
        vantage::list_disqualified,
    },
};
use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::TimeDelta;
use edgewatch_client::{
    probe::Probe,
    region::{Region, RegionSettings},
};
use edgewatch_protocol::problem::{FieldError, ProblemType};
use std::collections::HashMap;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Whose load is shown.
const SHOWN_LOAD: TimeDelta = TimeDelta::hours(1);

/// The longest label, in characters.
const LABEL_CHARACTERS: usize = 100;

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_regions, create_region))
        .routes(routes!(update_region, delete_region))
}

/// All regions with their probes, by name.
#[utoipa::path(
    get, path = "/api/v1/regions", tag = PROBES, security(("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = Vec<Region>), NeedsSession)
)]
async fn list_regions(_: Viewer, State(state): State<AppState>) -> ApiResult<Json<Vec<Region>>> {
    Ok(Json(read(&state, None).await?))
}

/// Makes a region.
///
/// Its probes then enrol by themselves, with a token. Monitors without regions of their own are checked from it at once.
#[utoipa::path(
    post, path = "/api/v1/regions", tag = PROBES, security(("cookie" = []), ("bearer" = [])),
    request_body = RegionSettings, responses((status = 201, body = Region), NeedsRole, Invalid)
)]
async fn create_region(
    _: Admin,
    State(state): State<AppState>,
    JsonBody(settings): JsonBody<RegionSettings>,
) -> ApiResult<Response> {
    validate(&settings)?;
    let name = settings.name.as_str();
    region::create_region(&state.pool, name, &settings.label, state.clock.now()).await?;
    state.announce(Change::Probes).await;
    let made = read_one(&state, name).await?;
    located(StatusCode::CREATED, format!("/api/v1/regions/{name}"), made)
}

/// Changes a region's label.
#[utoipa::path(
    put, path = "/api/v1/regions/{name}", tag = PROBES, security(("cookie" = []), ("bearer" = [])),
    params(("name" = String, Path, description = "The region's name")), request_body = RegionSettings,
    responses((status = 200, body = Region), NeedsRole, NotFound, Invalid, Conflict)
)]
async fn update_region(
    _: Admin,
    State(state): State<AppState>,
    PathParameter(name): PathParameter<String>,
    JsonBody(settings): JsonBody<RegionSettings>,
) -> ApiResult<Json<Region>> {
    validate(&settings)?;
    if settings.name.as_str() != name {
        let detail = format!("a region's name cannot be changed: it is `{name}`");
        return Err(ApiError::validation(vec![FieldError {
            pointer: "/name".to_owned(),
            detail,
        }]));
    }
    if !region::update_region(&state.pool, &name, &settings.label).await? {
        return Err(not_ours(&state, &name).await);
    }
    state.announce(Change::Probes).await;
    Ok(Json(read_one(&state, &name).await?))
}

/// Removes a region that has no probes and no monitors of its own.
#[utoipa::path(
    delete, path = "/api/v1/regions/{name}", tag = PROBES, security(("cookie" = []), ("bearer" = [])),
    params(("name" = String, Path, description = "The region's name")),
    responses((status = 204, description = "Removed"), NeedsRole, NotFound, Conflict)
)]
async fn delete_region(
    _: Admin,
    State(state): State<AppState>,
    PathParameter(name): PathParameter<String>,
) -> ApiResult<StatusCode> {
    if !region::delete_region(&state.pool, &name).await? {
        return Err(not_ours(&state, &name).await);
    }
    state.announce(Change::Probes).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Why nothing was changed: there is no such region, or the configuration file owns it.
async fn not_ours(state: &AppState, name: &str) -> ApiError {
    match region::list_regions(&state.pool, Some(name)).await {
        Ok(found) if found.is_empty() => ApiError::not_found("region"),
        Ok(_) => ApiError::new(
            ProblemType::Conflict,
            "this region comes from the configuration file: change it there",
        ),
        Err(error) => error.into(),
    }
}

fn validate(settings: &RegionSettings) -> ApiResult<()> {
    let label = &settings.label;
    if label.chars().count() <= LABEL_CHARACTERS && !label.chars().any(char::is_control) {
        return Ok(());
    }
    let detail = format!("has more than {LABEL_CHARACTERS} characters, or control characters");
    Err(ApiError::validation(vec![FieldError {
        pointer: "/label".to_owned(),
        detail,
    }]))
}

async fn read_one(state: &AppState, name: &str) -> ApiResult<Region> {
    read(state, Some(name))
        .await?
        .pop()
        .ok_or_else(|| ApiError::not_found("region"))
}

/// Four statements, however many regions there are.
async fn read(state: &AppState, name: Option<&str>) -> ApiResult<Vec<Region>> {
    let regions = region::list_regions(&state.pool, name).await?;
    let mut probes = list_probes(&state.pool, name, None, state.clock.now()).await?;
    let since = state.clock.now() - SHOWN_LOAD;
    let disqualified = list_disqualified(&state.pool, state.clock.now()).await?;
    let mut loads: HashMap<_, _> = list_loads(&state.pool, since).await?.into_iter().collect();
    regions
        .into_iter()
        .map(
            |StoredRegion {
                 name,
                 label,
                 monitors,
                 ..
             }| {
                let here: Vec<Probe> = probes
                    .extract_if(.., |probe| probe.region.as_str() == name)
                    .collect();
                let load = loads.remove(&name).unwrap_or_default();
                let disqualified_since = disqualified.get(&name).copied();
                let name = name.parse().map_err(|error: String| ApiError::internal(error))?;
                Ok(Region {
                    settings: RegionSettings { name, label },
                    monitors,
                    disqualified_since,
                    overruns: load.overruns,
                    late_p99_ms: late_p99_ms(&load.late),
                    probes: here,
                })
            },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::http::test_server::TestServer;
    use edgewatch_client::session::Role;
    use serde_json::json;
    use sqlx::PgPool;

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn regions_are_made_named_and_removed(pool: PgPool) {
        let server = TestServer::new(pool);
        let admin = server.client(Role::Admin).await;
        let made = admin
            .post(
                "/api/v1/regions",
                json!({"name": "weur", "label": "Western Europe"}),
            )
            .await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(
            made.json(),
            json!({
                "name": "weur", "label": "Western Europe", "monitors": 0, "overruns": 0, "late_p99_ms": null,
                "disqualified_since": null, "probes": []
            })
        );
        assert_eq!(
            admin
                .post("/api/v1/regions", json!({"name": "weur"}))
                .await
                .pointers(),
            ["/name"]
        );
        assert_eq!(
            admin
                .post("/api/v1/regions", json!({"name": "WEUR"}))
                .await
                .pointers(),
            ["/name"]
        );
        let long = json!({"name": "enam", "label": "x".repeat(101)});
        assert_eq!(admin.post("/api/v1/regions", long).await.pointers(), ["/label"]);

        let check = json!({"type": "http", "url": "https://example.org/"});
        let mut paths = Vec::new();
        for (name, regions) in [("a", json!([])), ("b", json!(["weur"]))] {
            let made = admin
                .post(
                    "/api/v1/monitors",
                    json!({"name": name, "check": check, "regions": regions}),
                )
                .await;
            paths.push(made.headers["location"].to_str().unwrap().to_owned());
        }
        let relabelled = admin
            .put("/api/v1/regions/weur", json!({"name": "weur", "label": "West"}))
            .await;
        assert_eq!(
            (&relabelled.json()["label"], &relabelled.json()["monitors"]),
            (&json!("West"), &json!(2))
        );
        assert_eq!(
            admin
                .put("/api/v1/regions/weur", json!({"name": "enam"}))
                .await
                .pointers(),
            ["/name"]
        );
        assert_eq!(
            admin
                .put("/api/v1/regions/enam", json!({"name": "enam"}))
                .await
                .problem(),
            "not-found"
        );

        assert_eq!(admin.delete("/api/v1/regions/weur").await.problem(), "conflict");
        assert_eq!(admin.delete(&paths[1]).await.status, 204);
        assert_eq!(admin.delete("/api/v1/regions/weur").await.status, 204);
        assert_eq!(admin.get("/api/v1/regions").await.json(), json!([]));
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn regions_of_the_configuration_file_are_changed_there_alone(pool: PgPool) {
        let server = TestServer::new(pool);
        let admin = server.client(Role::Admin).await;
        admin.post("/api/v1/regions", json!({"name": "weur"})).await;
        sqlx::query("UPDATE region SET from_config = true")
            .execute(&server.state.pool)
            .await
            .unwrap();
        let changed = admin
            .put("/api/v1/regions/weur", json!({"name": "weur", "label": "West"}))
            .await;
        for answer in [changed, admin.delete("/api/v1/regions/weur").await] {
            assert!(
                answer.problem() == "conflict" && answer.text.contains("configuration file"),
                "{}",
                answer.text
            );
        }
    }
}
