//! The HTTP side: one file per endpoint family, each with a `router()` of its own.

pub mod error;
pub mod events;
pub mod health;
pub mod json;
pub mod metrics;
pub mod probe;
pub mod request_id;

pub use error::ApiError;
pub use json::JsonBody;
pub use request_id::with_request_ids;

use crate::app::AppState;
use utoipa_axum::router::OpenApiRouter;

/// The public REST API with its document. Families that need a session belong under `private`, the others beside it.
pub fn api() -> OpenApiRouter<AppState> {
    let private = OpenApiRouter::new().merge(events::router());
    let public = OpenApiRouter::new();
    private.merge(public)
}
