//! `/api/v1/slas/{id}/exclusions`: time that is left out by hand. Nothing of it is ever changed or deleted.

use super::find_sla;
use crate::{
    http::{
        ApiError, JsonBody,
        auth::{Editor, Viewer},
        error::ApiResult,
        openapi::{Invalid, NeedsRole, NeedsSession, NotFound, SLAS},
        parameters::PathParameter,
    },
    state::AppState,
    store::sla::{add_exclusion, list_exclusions, lock_sla, withdraw_exclusion},
};
use axum::{Json, extract::State, http::StatusCode};
use chrono::TimeDelta;
use edgewatch_client::sla::{SlaExclusion, SlaExclusionRequest, SlaWithdrawal};
use edgewatch_protocol::problem::FieldError;
use sqlx::PgConnection;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Characters of a reason.
const REASON_CHARACTERS: usize = 1_000;
/// The longest exclusion.
const LONGEST: TimeDelta = TimeDelta::days(400);

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_sla_exclusions, create_sla_exclusion))
        .routes(routes!(withdraw_sla_exclusion))
}

/// What was left out of an agreement by hand, with what was taken back, newest first.
#[utoipa::path(
    get, path = "/api/v1/slas/{id}/exclusions", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The agreement's number")),
    responses((status = 200, body = Vec<SlaExclusion>), NeedsSession, NotFound)
)]
async fn list_sla_exclusions(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<Json<Vec<SlaExclusion>>> {
    let mut db = state.pool.acquire().await?;
    find_sla(&mut db, id).await?;
    Ok(Json(read_exclusions(&mut db, id).await?))
}

/// Leaves time out of the contractual figure, with a reason and the author's name. Reports that were made before stay as
/// they are.
#[utoipa::path(
    post, path = "/api/v1/slas/{id}/exclusions", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The agreement's number")), request_body = SlaExclusionRequest,
    responses((status = 201, body = SlaExclusion), NeedsRole, NotFound, Invalid)
)]
async fn create_sla_exclusion(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    JsonBody(request): JsonBody<SlaExclusionRequest>,
) -> ApiResult<(StatusCode, Json<SlaExclusion>)> {
    let mut tx = state.pool.begin().await?;
    if !lock_sla(&mut tx, id).await? {
        return Err(ApiError::not_found("agreement"));
    }
    let sla = find_sla(&mut tx, id).await?;
    let agreed: Vec<i32> = sla
        .versions
        .iter()
        .flat_map(|version| version.policy.monitors.iter().copied())
        .collect();
    let errors = faults(&request, &agreed);
    if !errors.is_empty() {
        return Err(ApiError::validation(errors));
    }
    let author = &session.user.email;
    let number = add_exclusion(&mut *tx, id, &request, author, state.clock.now()).await?;
    let made = read_exclusions(&mut tx, id).await?;
    tx.commit().await?;
    tracing::info!(
        sla = id,
        exclusion = number,
        author,
        "time left out of an agreement"
    );
    let made = made.into_iter().find(|exclusion| exclusion.id == number);
    made.map(|made| (StatusCode::CREATED, Json(made)))
        .ok_or_else(|| ApiError::not_found("exclusion"))
}

/// Takes an exclusion back, with a reason: it does not count any more, and is kept.
#[utoipa::path(
    post, path = "/api/v1/slas/{id}/exclusions/{exclusion}/withdraw", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    params(
        ("id" = i32, Path, description = "The agreement's number"),
        ("exclusion" = i32, Path, description = "The exclusion's number")
    ),
    request_body = SlaWithdrawal,
    responses((status = 204, description = "Taken back"), NeedsRole, NotFound, Invalid)
)]
async fn withdraw_sla_exclusion(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(place): PathParameter<(i32, i32)>,
    JsonBody(request): JsonBody<SlaWithdrawal>,
) -> ApiResult<StatusCode> {
    let errors: Vec<_> = reason_fault(&request.reason).into_iter().collect();
    if !errors.is_empty() {
        return Err(ApiError::validation(errors));
    }
    let author = &session.user.email;
    let withdrawn = withdraw_exclusion(
        &state.pool,
        place,
        request.reason.trim(),
        author,
        state.clock.now(),
    )
    .await?;
    if !withdrawn {
        return Err(ApiError::not_found("exclusion that counts"));
    }
    tracing::info!(
        sla = place.0,
        exclusion = place.1,
        author,
        "an exclusion was taken back"
    );
    Ok(StatusCode::NO_CONTENT)
}

async fn read_exclusions(db: &mut PgConnection, id: i32) -> sqlx::Result<Vec<SlaExclusion>> {
    Ok(list_exclusions(db, &[id]).await?.remove(&id).unwrap_or_default())
}

fn faults(request: &SlaExclusionRequest, agreed: &[i32]) -> Vec<FieldError> {
    let mut errors: Vec<_> = reason_fault(&request.reason).into_iter().collect();
    let mut fault = |pointer: String, detail: String| errors.push(FieldError { pointer, detail });
    if request.to <= request.from {
        fault("/to".to_owned(), "is not after the beginning".to_owned());
    } else if request.to - request.from > LONGEST {
        let detail = format!("is more than {} days after the beginning", LONGEST.num_days());
        fault("/to".to_owned(), detail);
    }
    for (index, id) in request.monitors.iter().enumerate() {
        if !agreed.contains(id) {
            fault(
                format!("/monitors/{index}"),
                format!("monitor {id} is not of this agreement"),
            );
        }
    }
    errors
}

fn reason_fault(reason: &str) -> Option<FieldError> {
    let characters = reason.trim().chars().count();
    let detail = match characters {
        0 => "is empty: reports show it".to_owned(),
        1..=REASON_CHARACTERS => return None,
        _ => format!("has {characters} characters, use at most {REASON_CHARACTERS}"),
    };
    Some(FieldError {
        pointer: "/reason".to_owned(),
        detail,
    })
}
