//! `/api/v1/slas`: service level agreements, and how they stand.

mod exclusions;
mod open_slo;

use super::{
    ApiError, JsonBody,
    auth::{Editor, Viewer},
    error::ApiResult,
    located,
    openapi::{Invalid, NeedsRole, NeedsSession, NotFound, SLAS},
    parameters::PathParameter,
};
use crate::{
    sla_records::{Need, SlaRecords},
    sla_status,
    state::AppState,
    store::{
        incident_outage::list_monitor_names,
        sla::{self, NewVersion, StoredSla},
        slo::list_unknown_monitors,
    },
    validation::check_name,
};
use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use edgewatch_client::sla::{Sla, SlaDetail, SlaSettings};
use edgewatch_protocol::problem::FieldError;
use sqlx::PgConnection;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Characters of a description.
const DESCRIPTION_CHARACTERS: usize = 2_000;

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_slas, create_sla))
        .routes(routes!(get_sla, update_sla, delete_sla))
        .merge(exclusions::router())
        .merge(open_slo::router())
}

/// All service level agreements by name, and how their windows stand.
#[utoipa::path(
    get, path = "/api/v1/slas", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = Vec<Sla>), NeedsSession)
)]
async fn list_slas(_: Viewer, State(state): State<AppState>) -> ApiResult<Json<Vec<Sla>>> {
    let now = state.clock.now();
    let mut db = state.pool.acquire().await?;
    let slas = sla::list_slas(&mut *db, None).await?;
    Ok(Json(read_status(&mut db, slas, now).await?))
}

/// One agreement: how it stands, its last windows, what was left out, and all that was ever written of it.
#[utoipa::path(
    get, path = "/api/v1/slas/{id}", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The agreement's number")),
    responses((status = 200, body = SlaDetail), NeedsSession, NotFound)
)]
async fn get_sla(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<Json<SlaDetail>> {
    let now = state.clock.now();
    let mut db = state.pool.acquire().await?;
    let sla = find_sla(&mut db, id).await?;
    let exclusions = sla::list_exclusions(&mut *db, &[id]).await?.remove(&id);
    let records = SlaRecords::read(&mut db, &sla_status::detail_needs(&sla, now), now).await?;
    let names = monitor_names(&mut db, std::slice::from_ref(&sla)).await?;
    drop(db);
    // Thirteen windows of many monitors: not on a thread that answers others.
    let detail = tokio::task::spawn_blocking(move || {
        sla_status::detail(&sla, exclusions.unwrap_or_default(), &records, &names, now)
    })
    .await
    .map_err(ApiError::internal)?;
    detail.map(Json).ok_or_else(|| ApiError::not_found("agreement"))
}

/// Makes an agreement.
#[utoipa::path(
    post, path = "/api/v1/slas", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    request_body = SlaSettings, responses((status = 201, body = Sla), NeedsRole, Invalid)
)]
async fn create_sla(
    Editor(session): Editor,
    State(state): State<AppState>,
    JsonBody(settings): JsonBody<SlaSettings>,
) -> ApiResult<Response> {
    create(&state, settings, None, &session.user.email).await
}

/// Writes a new version of an agreement, if anything but its name is other than in the newest one. It counts for all windows
/// that end later.
#[utoipa::path(
    put, path = "/api/v1/slas/{id}", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The agreement's number")), request_body = SlaSettings,
    responses((status = 200, body = Sla), NeedsRole, NotFound, Invalid)
)]
async fn update_sla(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    JsonBody(settings): JsonBody<SlaSettings>,
) -> ApiResult<Json<Sla>> {
    update(&state, id, settings, None, &session.user.email).await
}

/// Ends an agreement. Its versions and its reports are kept.
#[utoipa::path(
    delete, path = "/api/v1/slas/{id}", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The agreement's number")),
    responses((status = 204, description = "Removed"), NeedsRole, NotFound)
)]
async fn delete_sla(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<StatusCode> {
    if !sla::remove_sla(&state.pool, id, &session.user.email, state.clock.now()).await? {
        return Err(ApiError::not_found("agreement"));
    }
    tracing::info!(sla = id, user = session.user.user_id, "agreement ended");
    Ok(StatusCode::NO_CONTENT)
}

/// Makes an agreement, of an OpenSLO document or not.
async fn create(
    state: &AppState,
    settings: SlaSettings,
    open_slo: Option<&str>,
    author: &str,
) -> ApiResult<Response> {
    let now = state.clock.now();
    let settings = in_order(settings);
    let mut tx = state.pool.begin().await?;
    validate(&mut tx, &settings, &[]).await?;
    let version = NewVersion {
        at: now,
        author,
        description: &settings.description,
        policy: &settings.policy,
        open_slo,
    };
    let id = sla::create_sla(&mut tx, &settings.name, version).await?;
    let made = read_one(&mut tx, id, now).await?;
    tx.commit().await?;
    tracing::info!(sla = id, author, "agreement made");
    located(StatusCode::CREATED, format!("/api/v1/slas/{id}"), made)
}

/// Writes a new version where there is something new.
async fn update(
    state: &AppState,
    id: i32,
    settings: SlaSettings,
    open_slo: Option<&str>,
    author: &str,
) -> ApiResult<Json<Sla>> {
    let now = state.clock.now();
    let settings = in_order(settings);
    let mut tx = state.pool.begin().await?;
    if !sla::lock_sla(&mut tx, id).await? {
        return Err(ApiError::not_found("agreement"));
    }
    let before = find_sla(&mut tx, id).await?;
    let newest = before.newest();
    let kept = newest.map_or(&[][..], |newest| &newest.policy.monitors);
    validate(&mut tx, &settings, kept).await?;
    sla::rename_sla(&mut tx, id, &settings.name).await?;
    let says_the_same = newest
        .is_some_and(|newest| newest.policy == settings.policy && newest.description == settings.description);
    if !says_the_same {
        let version = NewVersion {
            at: now,
            author,
            description: &settings.description,
            policy: &settings.policy,
            open_slo,
        };
        sla::add_version(&mut tx, id, version).await?;
    }
    let changed = read_one(&mut tx, id, now).await?;
    tx.commit().await?;
    tracing::info!(sla = id, version = changed.version, author, "agreement changed");
    Ok(Json(changed))
}

/// So that what says the same has the same hash.
fn in_order(settings: SlaSettings) -> SlaSettings {
    // What is wrong is told by its place, which has to stay.
    if !settings.policy.faults().is_empty() {
        return settings;
    }
    SlaSettings {
        policy: settings.policy.in_order(),
        ..settings
    }
}

/// Monitors that were `kept` may have been deleted since: what was agreed does not change with that.
async fn validate(db: &mut PgConnection, settings: &SlaSettings, kept: &[i32]) -> ApiResult<()> {
    let mut errors = Vec::new();
    check_name(&settings.name, &mut errors);
    let characters = settings.description.chars().count();
    if characters > DESCRIPTION_CHARACTERS {
        errors.push(FieldError {
            pointer: "/description".to_owned(),
            detail: format!("has {characters} characters, use at most {DESCRIPTION_CHARACTERS}"),
        });
    }
    let faults = settings.policy.faults().into_iter().map(|fault| FieldError {
        pointer: format!("/policy{}", fault.pointer),
        detail: fault.detail,
    });
    errors.extend(faults);
    let monitors = &settings.policy.monitors;
    let unknown = list_unknown_monitors(db, monitors).await?;
    for (index, id) in monitors.iter().enumerate() {
        if unknown.contains(id) && !kept.contains(id) {
            errors.push(FieldError {
                pointer: format!("/policy/monitors/{index}"),
                detail: format!("there is no monitor {id}"),
            });
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(ApiError::validation(errors))
    }
}

/// An agreement that has not ended.
pub(super) async fn find_sla(db: &mut PgConnection, id: i32) -> ApiResult<StoredSla> {
    let found = sla::list_slas(&mut *db, Some(id)).await?.pop();
    found.ok_or_else(|| ApiError::not_found("agreement"))
}

async fn read_one(db: &mut PgConnection, id: i32, now: DateTime<Utc>) -> ApiResult<Sla> {
    let found = sla::list_slas(&mut *db, Some(id)).await?;
    let status = read_status(db, found, now).await?.pop();
    status.ok_or_else(|| ApiError::not_found("agreement"))
}

async fn read_status(db: &mut PgConnection, slas: Vec<StoredSla>, now: DateTime<Utc>) -> ApiResult<Vec<Sla>> {
    let ids: Vec<_> = slas.iter().map(|sla| sla.id).collect();
    let exclusions = sla::list_exclusions(&mut *db, &ids).await?;
    let needs: Vec<Need<'_>> = sla_status::standings_need(&slas, now);
    let records = SlaRecords::read(&mut *db, &needs, now).await?;
    let names = monitor_names(db, &slas).await?;
    let status = slas.iter().filter_map(|sla| {
        let own = exclusions.get(&sla.id).map_or(&[][..], Vec::as_slice);
        sla_status::status(sla, own, &records, &names, now)
    });
    Ok(status.collect())
}

async fn monitor_names(db: &mut PgConnection, slas: &[StoredSla]) -> sqlx::Result<Vec<(i32, String)>> {
    let newest = slas.iter().filter_map(StoredSla::newest);
    let monitors: Vec<_> = newest
        .flat_map(|version| version.policy.monitors.iter().copied())
        .collect();
    list_monitor_names(db, &monitors).await
}

#[cfg(test)]
pub(super) mod tests;
