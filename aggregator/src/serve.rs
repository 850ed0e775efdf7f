//! `edgewatch serve`: everything started in order, and stopped in the opposite one.

use crate::{
    app::{self, AppState},
    clock::Clock,
    config::{DatabaseArgs, ServeArgs},
    config_file::ConfigWatch,
    embedded_postgres::EmbeddedPostgres,
    jobs::run_jobs,
    secret::Secrets,
    store::migrate::migrate,
    user_command::prepare_first_admin,
};
use axum::Router;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{net::SocketAddr, process::ExitStatus, str::FromStr as _, time::Duration};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinSet,
};
use url::Url;

/// Connections to the database of one process.
const MAX_CONNECTIONS: u32 = 20;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long requests that were accepted may take to end once a stop is asked for.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

/// A database that is ready for use, and the server behind it if it is ours.
#[derive(Debug)]
pub struct Database {
    /// The pool.
    pub pool: PgPool,
    server: Option<EmbeddedPostgres>,
}

impl Database {
    /// Connects (starting the embedded server where there is no URL) and brings the schema up to date.
    ///
    /// # Errors
    /// In one line, without the URL's password.
    pub async fn open(args: &DatabaseArgs) -> Result<Self, String> {
        Self::open_as(args, None).await
    }

    /// The same for a command that may run beside an aggregator: it uses the embedded server that is running.
    ///
    /// # Errors
    /// See [`Database::open`].
    pub async fn open_beside(args: &DatabaseArgs) -> Result<Self, String> {
        let running = match &args.database_url {
            Some(_) => None,
            None => EmbeddedPostgres::beside(&args.data_dir)?,
        };
        Self::open_as(args, running).await
    }

    async fn open_as(args: &DatabaseArgs, running: Option<PgConnectOptions>) -> Result<Self, String> {
        let (options, server) = if let Some(url) = &args.database_url {
            let options =
                PgConnectOptions::from_str(url).map_err(|error| format!("DATABASE_URL: {error}"))?;
            (options, None)
        } else if let Some(running) = running {
            (running, None)
        } else {
            let server = EmbeddedPostgres::start(&args.data_dir).await?;
            (server.connect_options(), Some(server))
        };
        let pool = PgPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_lazy_with(
                options
                    .application_name("edgewatch")
                    // Queries over many partitions look expensive to the planner, which then compiles for seconds what
                    // runs for milliseconds.
                    .options([("jit", "off")]),
            );
        let database = Self { pool, server };
        match migrate(&database.pool).await {
            Ok(storage) => {
                tracing::info!(?storage, embedded = database.server.is_some(), "database ready");
                Ok(database)
            }
            Err(error) => {
                database.close().await;
                Err(format!("the database cannot be prepared: {error}"))
            }
        }
    }

    /// Closes the connections, then stops the server if it is ours.
    pub async fn close(self) {
        self.pool.close().await;
        if let Some(server) = self.server {
            server.stop().await;
        }
    }

    /// Waits for the embedded server to end by itself; for ever where the database is somebody else's.
    async fn lost(&mut self) -> std::io::Result<ExitStatus> {
        match &mut self.server {
            Some(server) => server.exited().await,
            None => std::future::pending().await,
        }
    }
}

/// The installation's keys, as the arguments say.
///
/// # Errors
/// See [`Secrets`].
pub fn secrets(args: &DatabaseArgs) -> Result<Secrets, String> {
    if let Some(key) = &args.secret_key {
        return Secrets::from_text(key).map_err(|error| format!("EDGEWATCH_SECRET_KEY: {error}"));
    }
    std::fs::create_dir_all(&args.data_dir)
        .map_err(|error| format!("the data directory {}: {error}", args.data_dir.display()))?;
    Secrets::from_data_dir(&args.data_dir)
}

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// What kept it from starting, in one line.
pub async fn serve(args: ServeArgs) -> Result<(), String> {
    let mut stop = StopSignals::new()?;
    let secrets = secrets(&args.database)?;
    // Bound before anything else is started: a taken port is the commonest mistake.
    let listener = bind(args.listen).await?;
    let probe_listener = match args.probe_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let mut database = tokio::select! {
        database = Database::open(&args.database) => database?,
        () = stop.asked() => return Ok(()),
    };
    let mut state = AppState::new(database.pool.clone(), Clock::system(), secrets);
    state.bootstrap_token = args.bootstrap_token.as_deref().map(Into::into);

    let outcome = tokio::select! {
        outcome = run(&args, state, listener, probe_listener, &mut stop) => outcome,
        status = database.lost() => Err(format!("the embedded PostgreSQL ended by itself ({status:?})")),
    };
    database.close().await;
    outcome
}

async fn run(
    args: &ServeArgs,
    state: AppState,
    listener: TcpListener,
    probe_listener: Option<TcpListener>,
    stop: &mut StopSignals,
) -> Result<(), String> {
    let mut background = JoinSet::new();
    if let Some(path) = &args.config {
        let watch = ConfigWatch::start(path, &state).await?;
        background.spawn(watch.run(state.clone()));
    }
    background.spawn(run_jobs(state.clone()));
    let listening = state.clone();
    background.spawn(async move { listening.follow_announcements().await });

    let base_url = match &state.settings().public_url {
        Some(url) => url.clone(),
        None => Url::parse(&format!("http://{}", args.listen)).map_err(|error| error.to_string())?,
    };
    let first_admin = args.admin_email.as_deref().zip(args.admin_password.as_deref());
    prepare_first_admin(&state, first_admin, &base_url).await?;
    let mut servers = JoinSet::new();
    let stopping = state.stopping.subscribe();
    if let Some(probe_listener) = probe_listener {
        servers.spawn(serve_router(
            probe_listener,
            app::probe_router(state.clone()),
            stopping.clone(),
        ));
        servers.spawn(serve_router(
            listener,
            app::private_router(state.clone()),
            stopping,
        ));
    } else {
        servers.spawn(serve_router(listener, app::router(state.clone()), stopping));
    }
    tracing::info!(url = %base_url, "edgewatch is listening");
    tokio::select! {
        () = stop.asked() => {}
        // A server ends by itself only when it cannot go on.
        Some(ended) = servers.join_next() => return Err(format!("the HTTP server ended: {ended:?}")),
    }
    tracing::info!("stopping: finishing what has been accepted");
    state.stopping.send_replace(true);
    let drained = async {
        while servers.join_next().await.is_some() {}
        while background.join_next().await.is_some() {}
    };
    tokio::select! {
        drained = tokio::time::timeout(DRAIN_TIMEOUT, drained) => if drained.is_err() {
            tracing::warn!("some requests did not end in time");
        },
        () = stop.asked() => tracing::warn!("asked to stop again: not waiting for requests any longer"),
    }
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address)
        .await
        .map_err(|error| format!("cannot listen on {address}: {error}"))
}

async fn serve_router(
    listener: TcpListener,
    router: Router,
    mut stopping: watch::Receiver<bool>,
) -> std::io::Result<()> {
    use axum::serve::ListenerExt as _;
    // Small answers should not wait for an acknowledgement.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move {
            let _ = stopping.wait_for(|stopping| *stopping).await;
        })
        .await
}

struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

impl StopSignals {
    fn new() -> Result<Self, String> {
        let listen = |kind| signal(kind).map_err(|error| format!("signals cannot be handled: {error}"));
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
