//! The routers put together.

use crate::{http, state::AppState};
use axum::{Router, extract::Request, response::IntoResponse as _};
use edgewatch_ui::assets::Assets;
use tower::ServiceExt as _;
use tower_http::{CompressionLevel, compression::CompressionLayer};

/// Everything on one port.
pub fn router(state: AppState) -> Router {
    with_dashboard(private().merge(http::probe::router()), state)
}

/// Everything but the probe endpoints, where those have a port of their own.
pub fn private_router(state: AppState) -> Router {
    with_dashboard(private(), state)
}

/// What is called from outside: the probe endpoints and the heartbeats, with `/health` for whoever balances their load.
pub fn probe_router(state: AppState) -> Router {
    // Jobs call from outside, as probes do.
    let (heartbeats, _openapi) = http::heartbeats::calls().split_for_parts();
    let routes = http::probe::router().merge(heartbeats);
    finish(routes.merge(http::health::router()), state)
}

fn private() -> Router<AppState> {
    let (api, _openapi) = http::api().split_for_parts();
    // A thousand monitors' overview is some MiB of JSON. Live events are not compressed: they would wait for more.
    let compression = CompressionLayer::new().quality(CompressionLevel::Fastest);
    api.merge(http::health::router())
        .merge(http::metrics::router())
        .layer(compression)
}

/// The routes, and the dashboard on every path that is none of the API's. The dashboard reads its data from the same
/// routes, in process.
fn with_dashboard(routes: Router<AppState>, state: AppState) -> Router {
    let api = finish(routes.clone(), state.clone());
    let pages = edgewatch_ui::server::router(api, Assets::embedded());
    let fallback = async move |request: Request| {
        if request.uri().path().starts_with("/api/") {
            return http::error::not_found(request.uri().clone())
                .await
                .into_response();
        }
        let Ok(page) = pages.oneshot(request).await;
        page
    };
    let routes = routes
        .merge(http::public::router())
        .merge(http::report_files::public_router())
        .fallback(fallback)
        .method_not_allowed_fallback(http::error::method_not_allowed)
        .layer(axum::middleware::from_fn_with_state(
            state.clone(),
            http::public::own_hosts,
        ));
    http::with_request_ids(routes).with_state(state)
}

fn finish(router: Router<AppState>, state: AppState) -> Router {
    let router = router
        .fallback(http::error::not_found)
        .method_not_allowed_fallback(http::error::method_not_allowed);
    http::with_request_ids(router).with_state(state)
}
