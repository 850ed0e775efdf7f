//! `/api/v1/monitors/{id}/replay`: what another policy would have said.

use super::{
    ApiError, JsonBody,
    auth::Viewer,
    error::ApiResult,
    openapi::{Invalid, MONITORS, NeedsSession, NotFound},
    parameters::PathParameter,
};
use crate::{
    policy_replay::{Refusal, replay_monitor},
    state::AppState,
};
use axum::{Json, extract::State};
use edgewatch_client::replay::{Replay, ReplayRequest};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(replay_policy))
}

/// What another policy would have said.
///
/// Judges the stored results of a window anew, by the policy that was in force and by the proposed one, and tells how often
/// somebody would have been paged, which outages there would have been, and when they would have been known. Changes nothing.
/// The window is as long as asked for, or as far as results are kept: the answer says from when on.
#[utoipa::path(
    post, path = "/api/v1/monitors/{id}/replay", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The monitor's number")), request_body = ReplayRequest,
    responses((status = 200, body = Replay), NeedsSession, NotFound, Invalid)
)]
async fn replay_policy(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    JsonBody(request): JsonBody<ReplayRequest>,
) -> ApiResult<Json<Replay>> {
    let mut db = state.pool.acquire().await?;
    match replay_monitor(&mut db, id, &request, state.clock.now()).await {
        Ok(replay) => Ok(Json(replay)),
        Err(Refusal::NoMonitor) => Err(ApiError::not_found("monitor")),
        Err(Refusal::Invalid(errors)) => Err(ApiError::validation(errors)),
        Err(Refusal::Database(error)) => Err(error.into()),
        Err(Refusal::Stopped(error)) => Err(ApiError::internal(error)),
    }
}
