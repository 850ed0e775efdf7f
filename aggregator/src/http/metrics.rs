//! `/metrics`: what Prometheus scrapes. Public, and therefore without names of monitors.

use super::{ApiError, error::ApiResult};
use crate::app::AppState;
use axum::{Router, extract::State, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};

/// The routes.
pub fn router() -> Router<AppState> {
    Router::new().route("/metrics", get(get_metrics))
}

async fn get_metrics(State(state): State<AppState>) -> ApiResult<impl IntoResponse> {
    let text = state.metrics.encode().map_err(ApiError::internal)?;
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(CONTENT_TYPE, content_type)], text))
}
