//! What the handlers share, and the routers put together.

use crate::{
    auth::Auth, clock::Clock, events::EventBus, http, metrics::Metrics, secret::Secrets, settings::Settings,
    test_engine::TestEngine,
};
use axum::{Router, extract::Request, response::IntoResponse as _};
use edgewatch_ui::assets::Assets;
use sqlx::PgPool;
use std::sync::Arc;
use tokio::sync::watch;
use tower::ServiceExt as _;
use tower_http::{CompressionLevel, compression::CompressionLayer};

/// What every handler can take with `State`; clones share everything.
#[derive(Clone, Debug)]
pub struct AppState {
    /// The database.
    pub pool: PgPool,
    /// What time it is.
    pub clock: Clock,
    /// The installation's keys.
    pub secrets: Secrets,
    /// Passwords, tokens and what limits their guessing.
    pub auth: Arc<Auth>,
    /// Runs checks on users' behalf.
    pub test_engine: TestEngine,
    /// Live events.
    pub events: EventBus,
    /// Counters and gauges.
    pub metrics: Metrics,
    /// The settings; see [`AppState::settings`].
    pub settings: watch::Sender<Arc<Settings>>,
    /// `EDGEWATCH_BOOTSTRAP_TOKEN`: enrols and approves probes of any region.
    pub bootstrap_token: Option<Arc<str>>,
    /// True once the process has been asked to stop: what would go on for ever ends.
    pub stopping: watch::Sender<bool>,
}

impl AppState {
    /// The state over a database, with everything else at its default.
    pub fn new(pool: PgPool, clock: Clock, secrets: Secrets) -> Self {
        Self {
            pool,
            clock,
            auth: Arc::new(Auth::new(&secrets)),
            secrets,
            test_engine: TestEngine::default(),
            events: EventBus::default(),
            metrics: Metrics::default(),
            settings: watch::Sender::new(Arc::default()),
            bootstrap_token: None,
            stopping: watch::Sender::new(false),
        }
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.borrow().clone()
    }
}

/// Everything on one port.
pub fn router(state: AppState) -> Router {
    with_dashboard(private().merge(http::probe::router()), state)
}

/// Everything but the probe endpoints, where those have a port of their own.
pub fn private_router(state: AppState) -> Router {
    with_dashboard(private(), state)
}

/// The probe endpoints alone, with `/health` for whoever balances their load.
pub fn probe_router(state: AppState) -> Router {
    finish(http::probe::router().merge(http::health::router()), state)
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
        .fallback(fallback)
        .method_not_allowed_fallback(http::error::method_not_allowed);
    http::with_request_ids(routes).with_state(state)
}

fn finish(router: Router<AppState>, state: AppState) -> Router {
    let router = router
        .fallback(http::error::not_found)
        .method_not_allowed_fallback(http::error::method_not_allowed);
    http::with_request_ids(router).with_state(state)
}
