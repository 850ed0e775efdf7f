//! Answers to who has made something: what it is, and where it stands.

use super::{ApiError, error::ApiResult};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header::LOCATION},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;

/// What was made, which stands at the path from now on.
///
/// # Errors
/// The path is none that a header can say.
pub fn located(status: StatusCode, path: String, made: impl Serialize) -> ApiResult<Response> {
    let location = HeaderValue::try_from(path).map_err(ApiError::internal)?;
    Ok((status, [(LOCATION, location)], Json(made)).into_response())
}
