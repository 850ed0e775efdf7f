//! The probe endpoints (`edgewatch_protocol::path`). Every request is signed.

use crate::app::AppState;
use axum::Router;

/// The routes.
pub fn router() -> Router<AppState> {
    Router::new()
}
