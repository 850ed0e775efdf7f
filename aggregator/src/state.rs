//! What the handlers and the background work share.

use crate::{
    assigned_monitors::AssignedMonitors,
    auth::Auth,
    clock::Clock,
    evaluation::Evaluation,
    events::EventBus,
    heartbeat::call_limit::CallLimit,
    http::public::{Archive, Documents, Doors},
    lease::DEFAULT_LEASE,
    mail::Mailer,
    metrics::Metrics,
    recent_results::RecentResults,
    region_load::RegionLoad,
    secret::Secrets,
    settings::Settings,
    status_pages::StatusPages,
    store::signer::KnownSigners,
    subscription::limit::SubscribeLimit,
    test_engine::TestEngine,
};
use chrono::TimeDelta;
use edgewatch_report::pdf::FontFile;
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
    /// Runs checks on users' behalf.
    pub test_engine: TestEngine,
    /// How often heartbeats may be called.
    pub heartbeat_calls: Arc<CallLimit>,
    /// How often subscriptions may be asked for.
    pub subscribe_limit: Arc<SubscribeLimit>,
    /// Which monitors are checked from which region.
    pub assigned_monitors: Arc<AssignedMonitors>,
    /// Probes that have sent batches.
    pub known_signers: Arc<KnownSigners>,
    /// What is to be judged.
    pub evaluation: Arc<Evaluation>,
    /// The latest results of each monitor.
    pub recent_results: Arc<RecentResults>,
    /// What is shown of status pages.
    pub status_pages: Arc<StatusPages>,
    /// What is served of them.
    pub documents: Arc<Documents>,
    /// What was read of their past.
    pub archive: Arc<Archive>,
    /// Who was let in to those that not everybody may see.
    pub doors: Arc<Doors>,
    /// Live events.
    pub events: EventBus,
    /// How well regions keep up.
    pub region_load: Arc<RegionLoad>,
    /// Where mail is handed over; `None`: none is sent.
    pub mailer: Option<Mailer>,
    /// For characters that the own fonts of PDF reports lack.
    pub report_fonts: Arc<[FontFile]>,
    /// Counters and gauges.
    pub metrics: Metrics,
    /// The settings; see [`AppState::settings`].
    pub settings: watch::Sender<Arc<Settings>>,
    /// `EDGEWATCH_BOOTSTRAP_TOKEN`: enrols and approves probes of any region.
    pub bootstrap_token: Option<Arc<str>>,
    /// How long a probe holds its monitors after it has asked for them.
    pub lease: TimeDelta,
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
            heartbeat_calls: Arc::default(),
            subscribe_limit: Arc::default(),
            assigned_monitors: Arc::default(),
            known_signers: Arc::default(),
            evaluation: Arc::default(),
            recent_results: Arc::default(),
            status_pages: Arc::default(),
            documents: Arc::default(),
            archive: Arc::default(),
            doors: Arc::default(),
            events: EventBus::default(),
            region_load: Arc::default(),
            mailer: None,
            report_fonts: Arc::default(),
            metrics: Metrics::default(),
            settings: watch::Sender::new(Arc::default()),
            bootstrap_token: None,
            lease: DEFAULT_LEASE,
            stopping: watch::Sender::new(false),
        }
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.borrow().clone()
    }
}
