//! `edgewatch serve`: everything started in order, and stopped in the opposite one.

use crate::{
    app,
    clock::Clock,
    config::{DatabaseArgs, ServeArgs},
    config_file::ConfigWatch,
    database::Database,
    edge_pages::run_edge_pages,
    evaluation::run_evaluation,
    jobs::run_jobs,
    local_region::LocalRegion,
    mail::Mailer,
    report::fonts::read_fonts,
    secret::{Secrets, random},
    state::AppState,
    user_command::prepare_first_admin,
};
use axum::Router;
use chrono::TimeDelta;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    task::JoinSet,
};
use url::Url;

/// How long requests that were accepted may take to end once a stop is asked for.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(30);

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
    let mailer = Mailer::new(&args.smtp)?;
    let report_fonts = read_fonts(&args.report_fonts)?;
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
    if let Some((host, port)) = mailer.as_ref().map(Mailer::server) {
        tracing::info!(host, port, "mail is handed over to an SMTP server");
    }
    state.mailer = mailer;
    state.report_fonts = report_fonts;
    state.bootstrap_token = args.bootstrap_token.as_deref().map(Into::into);
    state.lease = TimeDelta::seconds(args.probe_lease_s.into());
    if args.local_region.is_some() && state.bootstrap_token.is_none() {
        // The local region enrols as any probe does; nobody else ever learns this token.
        state.bootstrap_token = Some(hex::encode(random::<32>()).into());
    }

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
    background.spawn(run_evaluation(state.clone()));
    background.spawn(state.clone().run_status_pages());
    background.spawn(run_edge_pages(state.clone()));
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
    let probes_on = probe_listener.as_ref().unwrap_or(&listener).local_addr();
    let probes_on = probes_on.map_err(|error| format!("the listening address: {error}"))?;
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
    let local_region = match args.local_region.as_ref().zip(state.bootstrap_token.as_deref()) {
        Some((region, token)) => Some(LocalRegion::start(region, args, probes_on, token)?),
        None => None,
    };
    tokio::select! {
        () = stop.asked() => {}
        // A server ends by itself only when it cannot go on.
        Some(ended) = servers.join_next() => return Err(format!("the HTTP server ended: {ended:?}")),
    }
    tracing::info!("stopping: finishing what has been accepted");
    let drained = async {
        if let Some(local_region) = local_region {
            local_region.stop().await;
        }
        state.stopping.send_replace(true);
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
