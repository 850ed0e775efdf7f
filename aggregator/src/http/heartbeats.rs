//! Heartbeats: the URLs that jobs call, and what editors see of them.
//!
//! A call is answered as soon as it is kept. What it means is found out by `jobs::heartbeats`.

use super::{
    ApiError,
    auth::{Editor, client_address, origin},
    error::ApiResult,
    openapi::{HEARTBEATS, NeedsRole, NotFound, RateLimited},
    parameters::PathParameter,
};
use crate::{
    heartbeat::{
        schedule::Rule,
        state::{Call, Signal},
        token,
    },
    state::AppState,
    store::{heartbeat, monitor::monitor_exists},
};
use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::HeaderMap,
    response::IntoResponse,
};
use edgewatch_client::heartbeat::Heartbeat;
use edgewatch_core::attempt::excerpt::excerpt;
use edgewatch_protocol::problem::ProblemType;
use http_body_util::BodyExt as _;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How much of a call's body is read; the job is not to be kept waiting for the rest.
const MAX_MESSAGE_BYTES: usize = 4 << 10;

/// The calls of jobs, which need no session.
pub fn calls() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(call_heartbeat))
        .routes(routes!(call_heartbeat_with))
}

/// What editors see.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_heartbeat))
        .routes(routes!(rotate_heartbeat))
}

/// The job has ended well.
///
/// A short body is kept as the job's message; what looks like a secret in it is masked.
#[utoipa::path(
    method(get, post), path = "/api/v1/heartbeats/{token}", tag = HEARTBEATS, security(()),
    params(("token" = String, Path, description = "The secret of the heartbeat's URL")),
    responses((status = 200, description = "Heard", content_type = "text/plain"), NotFound, RateLimited)
)]
async fn call_heartbeat(
    State(state): State<AppState>,
    PathParameter(token): PathParameter<String>,
    request: Request,
) -> ApiResult<impl IntoResponse> {
    call(&state, &token, Signal::Success, None, request).await
}

/// The job begins (`start`), has failed (`fail`), or has ended with an exit code (0 to 255; 0 is well).
#[utoipa::path(
    method(get, post), path = "/api/v1/heartbeats/{token}/{event}", tag = HEARTBEATS, security(()),
    params(
        ("token" = String, Path, description = "The secret of the heartbeat's URL"),
        ("event" = String, Path, description = "`start`, `fail`, or the job's exit code")
    ),
    responses((status = 200, description = "Heard", content_type = "text/plain"), NotFound, RateLimited)
)]
async fn call_heartbeat_with(
    State(state): State<AppState>,
    PathParameter((token, event)): PathParameter<(String, String)>,
    request: Request,
) -> ApiResult<impl IntoResponse> {
    let (signal, exit_code) = match (event.as_str(), event.parse::<u8>()) {
        ("start", _) => (Signal::Start, None),
        ("fail", _) => (Signal::Failure, None),
        (_, Ok(0)) => (Signal::Success, Some(0)),
        (_, Ok(code)) => (Signal::Failure, Some(code)),
        // As for a token that there is not: what is not to be called tells nothing.
        _ => return Err(ApiError::not_found("heartbeat")),
    };
    call(&state, &token, signal, exit_code, request).await
}

/// Keeps a call. Whether there is such a token is told by the answer alone, and guesses are limited.
async fn call(
    state: &AppState,
    token: &str,
    signal: Signal,
    exit_code: Option<u8>,
    request: Request,
) -> ApiResult<&'static str> {
    let now = state.clock.now();
    let (parts, body) = request.into_parts();
    let address = client_address(&parts.headers, &parts.extensions);
    let limit = &state.heartbeat_calls;
    let hash = token::hash(token);
    limit
        .may_try(address, now)
        .and_then(|()| limit.call(&hash, now))
        .map_err(too_often)?;
    let call = Call {
        at: now,
        signal,
        exit_code,
        message: excerpt(&beginning(body).await),
    };
    if heartbeat::insert_call(&state.pool, &hash, &call).await? {
        Ok("OK\n")
    } else {
        limit.was_wrong(address, now);
        Err(ApiError::not_found("heartbeat"))
    }
}

fn too_often(wait_s: i64) -> ApiError {
    let detail = format!("this was called too often: try again in {wait_s} s");
    ApiError::new(ProblemType::RateLimited, detail)
}

/// The beginning of a body; what cannot be read of it is left out, for the call counts all the same.
async fn beginning(mut body: Body) -> Vec<u8> {
    let mut read = Vec::new();
    while read.len() < MAX_MESSAGE_BYTES
        && let Some(Ok(frame)) = body.frame().await
    {
        read.extend(frame.into_data().unwrap_or_default());
    }
    read.truncate(MAX_MESSAGE_BYTES);
    read
}

/// The URL of a heartbeat monitor, and when it was called.
#[utoipa::path(
    get, path = "/api/v1/monitors/{id}/heartbeat", tag = HEARTBEATS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The monitor's number")),
    responses((status = 200, body = Heartbeat), NeedsRole, NotFound)
)]
async fn get_heartbeat(
    _: Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    headers: HeaderMap,
) -> ApiResult<Json<Heartbeat>> {
    read(&state, id, &headers).await.map(Json)
}

/// Gives a heartbeat monitor another URL. The one before is over at once.
#[utoipa::path(
    post, path = "/api/v1/monitors/{id}/heartbeat/rotate", tag = HEARTBEATS,
    security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The monitor's number")),
    responses((status = 200, body = Heartbeat), NeedsRole, NotFound)
)]
async fn rotate_heartbeat(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    headers: HeaderMap,
) -> ApiResult<Json<Heartbeat>> {
    if !heartbeat::rotate_token(&state.pool, id, &token::make(&state.secrets, id)).await? {
        return Err(missing(&state, id).await);
    }
    tracing::info!(monitor = id, user = session.user.user_id, "heartbeat URL changed");
    read(&state, id, &headers).await.map(Json)
}

async fn read(state: &AppState, id: i32, headers: &HeaderMap) -> ApiResult<Heartbeat> {
    let Some(found) = heartbeat::find_heartbeat(&state.pool, id).await? else {
        return Err(missing(state, id).await);
    };
    let token = token::open(&state.secrets, id, &found.token_sealed).ok_or_else(|| {
        ApiError::internal("a heartbeat's token cannot be opened: is EDGEWATCH_SECRET_KEY another one?")
    })?;
    let rule = Rule::read(&found.settings).ok();
    let heard_at = found.job.last_end_at.max(found.job.started_at);
    let expected_at = rule
        .as_ref()
        .zip(heard_at)
        .and_then(|(rule, heard_at)| rule.expected_at(heard_at));
    let late_at = rule
        .as_ref()
        .zip(heard_at)
        .and_then(|(rule, heard_at)| rule.late_at(heard_at));
    Ok(Heartbeat {
        url: format!("{}/api/v1/heartbeats/{token}", origin(&state.settings(), headers)),
        last_call_at: found.last_call_at,
        last_end_at: found.job.last_end_at,
        running_since: found.job.started_at,
        expected_at,
        late_at,
    })
}

/// Why there is no heartbeat: there is no such monitor, or it is of another type.
async fn missing(state: &AppState, id: i32) -> ApiError {
    match monitor_exists(&state.pool, id).await {
        Ok(true) => ApiError::not_found("heartbeat: the monitor is of another type"),
        Ok(false) => ApiError::not_found("monitor"),
        Err(error) => error.into(),
    }
}
