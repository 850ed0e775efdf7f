//! What the handlers share, and the routers put together.

use crate::{auth::Auth, clock::Clock, events::EventBus, http, metrics::Metrics, secret::Secrets, settings::Settings};
use axum::Router;
use sqlx::PgPool;
use std::sync::Arc;
use tokio::sync::watch;

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
    /// Live events.
    pub events: EventBus,
    /// Counters and gauges.
    pub metrics: Metrics,
    /// The settings; see [`AppState::settings`].
    pub settings: watch::Sender<Arc<Settings>>,
    /// `EDGEWATCH_BOOTSTRAP_TOKEN`: enrols and approves probes of any region.
    pub bootstrap_token: Option<Arc<str>>,
}

impl AppState {
    /// The state over a database, with everything else at its default.
    pub fn new(pool: PgPool, clock: Clock, secrets: Secrets) -> Self {
        Self {
            pool,
            clock,
            auth: Arc::new(Auth::new(&secrets)),
            secrets,
            events: EventBus::default(),
            metrics: Metrics::default(),
            settings: watch::Sender::new(Arc::default()),
            bootstrap_token: None,
        }
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.borrow().clone()
    }
}

/// Everything on one port.
pub fn router(state: AppState) -> Router {
    let (router, _openapi) = http::api().split_for_parts();
    http::with_request_ids(router).with_state(state)
}
