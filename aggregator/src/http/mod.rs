//! The HTTP side: one file per endpoint family, each with a `router()` of its own.

#[cfg(test)]
mod access_tests;
pub mod auth;
pub mod check_body;
pub mod enrolment_tokens;
pub mod error;
pub mod events;
pub mod feeds;
pub mod health;
#[cfg(test)]
mod heartbeat_tests;
pub mod heartbeats;
pub mod incidents;
pub mod json;
pub mod located;
pub mod log;
pub mod maintenance;
pub mod metrics;
pub mod monitors;
pub mod openapi;
pub mod overview;
pub mod page_visit;
pub mod parameters;
pub mod probe;
pub mod probes;
pub mod public;
pub mod regions;
pub mod replay;
pub mod report_bundles;
pub mod report_files;
pub mod report_schedules;
pub mod reports;
pub mod request_id;
pub mod results;
pub mod series;
pub mod session;
pub mod setup;
pub mod slas;
pub mod slos;
pub mod status_pages;
pub mod subscribe;
pub mod subscribers;
#[cfg(test)]
pub mod test_server;
pub mod tests;
pub mod timeline;

pub use error::ApiError;
pub use json::JsonBody;
pub use located::located;
pub use request_id::with_request_ids;

use crate::state::AppState;
use axum::{
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS},
    },
    response::Response,
};
use utoipa_axum::router::OpenApiRouter;

/// The REST API with its document. Every handler of a private family takes one of the extractors of [`auth`] first.
pub fn api() -> OpenApiRouter<AppState> {
    let private = OpenApiRouter::new()
        .merge(events::router())
        .merge(heartbeats::router())
        .merge(maintenance::router())
        .merge(incidents::router())
        .merge(log::router())
        .merge(monitors::router())
        .merge(overview::router())
        .merge(replay::router())
        .merge(results::router())
        .merge(series::router())
        .merge(slos::router())
        .merge(slas::router())
        .merge(reports::router())
        .merge(report_files::router())
        .merge(report_bundles::router())
        .merge(report_schedules::router())
        .merge(status_pages::router())
        .merge(subscribers::router())
        .merge(timeline::router())
        .merge(tests::router())
        .merge(regions::router())
        .merge(probes::router())
        .merge(enrolment_tokens::router());
    let public = OpenApiRouter::new()
        .merge(openapi::router())
        .merge(heartbeats::calls())
        .merge(log::public_router())
        .merge(session::router())
        .merge(setup::router());
    OpenApiRouter::with_openapi(openapi::document())
        .merge(public)
        .merge(private)
        .layer(axum::middleware::map_response(keep_private))
}

/// Answers are for who asked and for now: no cache keeps them, and no browser takes them for something else.
async fn keep_private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
