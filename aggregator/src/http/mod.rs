//! The HTTP side: one file per endpoint family, each with a `router()` of its own.

#[cfg(test)]
mod access_tests;
pub mod auth;
pub mod enrolment_tokens;
pub mod error;
pub mod events;
pub mod health;
pub mod json;
pub mod metrics;
pub mod monitors;
pub mod openapi;
pub mod overview;
pub mod parameters;
pub mod probe;
pub mod probes;
pub mod regions;
pub mod request_id;
pub mod results;
pub mod series;
pub mod session;
pub mod setup;
#[cfg(test)]
pub mod test_server;
pub mod tests;

pub use error::ApiError;
pub use json::JsonBody;
pub use request_id::with_request_ids;

use crate::app::AppState;
use utoipa_axum::router::OpenApiRouter;

/// The REST API with its document. Every handler of a private family takes one of the extractors of [`auth`] first.
pub fn api() -> OpenApiRouter<AppState> {
    let private = OpenApiRouter::new()
        .merge(events::router())
        .merge(monitors::router())
        .merge(overview::router())
        .merge(results::router())
        .merge(series::router())
        .merge(tests::router())
        .merge(regions::router())
        .merge(probes::router())
        .merge(enrolment_tokens::router());
    let public = OpenApiRouter::new()
        .merge(openapi::router())
        .merge(session::router())
        .merge(setup::router());
    OpenApiRouter::with_openapi(openapi::document())
        .merge(public)
        .merge(private)
}
