//! `/api/v1/slos`: service level objectives, and how they stand.

use super::{
    ApiError, JsonBody,
    auth::{Editor, Viewer},
    error::ApiResult,
    located,
    openapi::{Invalid, MONITORS, NeedsRole, NeedsSession, NotFound},
    parameters::PathParameter,
};
use crate::{
    slo_status,
    state::AppState,
    store::{
        slo::{self, StoredSlo},
        timeline::list_tails,
    },
    validation::check_name,
};
use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use edgewatch_client::slo::{Slo, SloDetail, SloSettings};
use edgewatch_domain::{calendar::zone, slo::Objective, timeline::StateInterval};
use edgewatch_protocol::problem::FieldError;
use sqlx::PgConnection;
use std::{collections::BTreeMap, ops::RangeInclusive};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The most monitors of one objective.
const MONITORS_AT_MOST: usize = 50;
/// Rolling days.
const WINDOW_DAYS: RangeInclusive<u16> = 1..=365;

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_slos, create_slo))
        .routes(routes!(get_slo, update_slo, delete_slo))
}

/// All service level objectives by name, and how they stand.
///
/// Every figure is computed from the monitors' record of states, as the uptime is.
#[utoipa::path(
    get, path = "/api/v1/slos", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = Vec<Slo>), NeedsSession)
)]
async fn list_slos(_: Viewer, State(state): State<AppState>) -> ApiResult<Json<Vec<Slo>>> {
    let now = state.clock.now();
    let mut db = state.pool.acquire().await?;
    let slos = slo::list_slos(&mut *db, None).await?;
    let records = read_records(&mut db, &slos, now).await?;
    let status = slos.into_iter().map(|slo| slo_status::status(slo, &records, now));
    Ok(Json(status.collect()))
}

/// One objective, with the course of its error budget and the mean times of its outages.
#[utoipa::path(
    get, path = "/api/v1/slos/{id}", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The objective's number")),
    responses((status = 200, body = SloDetail), NeedsSession, NotFound)
)]
async fn get_slo(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<Json<SloDetail>> {
    let now = state.clock.now();
    let mut db = state.pool.acquire().await?;
    let (slo, records) = read_one(&mut db, id, now).await?;
    let since = slo_status::began(&slo, now);
    let incidents = slo::list_acknowledgements(&mut *db, &slo.settings.monitors, since).await?;
    Ok(Json(slo_status::detail(slo, &records, &incidents, now)))
}

/// Makes an objective.
#[utoipa::path(
    post, path = "/api/v1/slos", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    request_body = SloSettings, responses((status = 201, body = Slo), NeedsRole, Invalid)
)]
async fn create_slo(
    Editor(session): Editor,
    State(state): State<AppState>,
    JsonBody(settings): JsonBody<SloSettings>,
) -> ApiResult<Response> {
    let now = state.clock.now();
    let mut tx = state.pool.begin().await?;
    validate(&mut tx, &settings).await?;
    let id = slo::create_slo(&mut tx, &settings, now).await?;
    let (made, records) = read_one(&mut tx, id, now).await?;
    tx.commit().await?;
    tracing::info!(slo = id, user = session.user.user_id, "objective created");
    let status = slo_status::status(made, &records, now);
    located(StatusCode::CREATED, format!("/api/v1/slos/{id}"), status)
}

/// Changes an objective's settings, all of them. What has been down counts by the new ones at once.
#[utoipa::path(
    put, path = "/api/v1/slos/{id}", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The objective's number")), request_body = SloSettings,
    responses((status = 200, body = Slo), NeedsRole, NotFound, Invalid)
)]
async fn update_slo(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    JsonBody(settings): JsonBody<SloSettings>,
) -> ApiResult<Json<Slo>> {
    let now = state.clock.now();
    let mut tx = state.pool.begin().await?;
    validate(&mut tx, &settings).await?;
    if !slo::update_slo(&mut tx, id, &settings, now).await? {
        return Err(ApiError::not_found("objective"));
    }
    let (changed, records) = read_one(&mut tx, id, now).await?;
    tx.commit().await?;
    tracing::info!(slo = id, user = session.user.user_id, "objective changed");
    Ok(Json(slo_status::status(changed, &records, now)))
}

/// Removes an objective. The record stays as it is.
#[utoipa::path(
    delete, path = "/api/v1/slos/{id}", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The objective's number")),
    responses((status = 204, description = "Removed"), NeedsRole, NotFound)
)]
async fn delete_slo(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<StatusCode> {
    if !slo::delete_slo(&state.pool, id).await? {
        return Err(ApiError::not_found("objective"));
    }
    tracing::info!(slo = id, user = session.user.user_id, "objective removed");
    Ok(StatusCode::NO_CONTENT)
}

type Records = BTreeMap<i32, Vec<StateInterval>>;

/// The records of all monitors of these objectives, in one statement.
async fn read_records(
    db: &mut PgConnection,
    slos: &[StoredSlo],
    now: DateTime<Utc>,
) -> sqlx::Result<Records> {
    let needed = slo_status::records_needed(slos, now);
    list_tails(db, &needed, now.timestamp_millis()).await
}

async fn read_one(db: &mut PgConnection, id: i32, now: DateTime<Utc>) -> ApiResult<(StoredSlo, Records)> {
    let found = slo::list_slos(&mut *db, Some(id)).await?.pop();
    let slo = found.ok_or_else(|| ApiError::not_found("objective"))?;
    let records = read_records(db, std::slice::from_ref(&slo), now).await?;
    Ok((slo, records))
}

async fn validate(db: &mut PgConnection, settings: &SloSettings) -> ApiResult<()> {
    let mut errors = Vec::new();
    check_name(&settings.name, &mut errors);
    let mut fault = |pointer: String, detail: String| errors.push(FieldError { pointer, detail });
    let monitors = &settings.monitors;
    if monitors.is_empty() || monitors.len() > MONITORS_AT_MOST {
        fault(
            "/monitors".to_owned(),
            format!("has {}, use 1 to {MONITORS_AT_MOST}", monitors.len()),
        );
    } else {
        let unknown = slo::list_unknown_monitors(db, monitors).await?;
        for (index, id) in monitors.iter().enumerate() {
            if unknown.contains(id) {
                fault(format!("/monitors/{index}"), format!("there is no monitor {id}"));
            } else if monitors[..index].contains(id) {
                fault(format!("/monitors/{index}"), format!("names {id} a second time"));
            }
        }
    }
    if Objective::from_parts_per_million(settings.objective_ppm).is_none() {
        let detail = format!("is {}, use 1 to 999999 parts per million", settings.objective_ppm);
        fault("/objective_ppm".to_owned(), detail);
    }
    if let Some(days) = settings.window_days.filter(|days| !WINDOW_DAYS.contains(days)) {
        let (low, high) = (WINDOW_DAYS.start(), WINDOW_DAYS.end());
        fault(
            "/window_days".to_owned(),
            format!("is {days}, use {low} to {high}, or none for the calendar month"),
        );
    }
    if zone(&settings.zone).is_none() {
        let detail = format!("`{}` is no zone: use a name such as Europe/Berlin", settings.zone);
        fault("/zone".to_owned(), detail);
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(ApiError::validation(errors))
    }
}

#[cfg(test)]
mod tests;
