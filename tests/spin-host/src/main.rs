//! `spin-host`: runs the built Spin component without Spin.
//!
//! It embeds wasmtime and supplies what Spin would: variables from its arguments and environment, a key-value store in a
//! directory, outbound HTTP and sockets, the cron trigger each minute and the HTTP trigger on a port. Each event has an
//! instance of its own, as in Spin. The tests run it as a process; it runs a region by hand just as well.
//!
//! ```text
//! EDGEWATCH_PROBE_SEED=… EDGEWATCH_ENROLMENT_TOKEN=… spin-host --aggregator http://127.0.0.1:8080 --region home --state .data/spin
//! ```

mod clock;
mod component;
mod control;
mod imports;
mod key_value;

use clap::Parser;
use component::{SpinComponent, Surroundings};
use std::{collections::BTreeMap, fs, net::Ipv4Addr, path::PathBuf, process::ExitCode, sync::Arc};
use tokio::net::TcpListener;

/// Runs the built Spin component as one region.
#[derive(Parser)]
#[command(name = "spin-host", version)]
struct Arguments {
    /// The component.
    #[arg(long, default_value = "build/edgewatch-spin.wasm")]
    component: PathBuf,
    /// The aggregator's origin.
    #[arg(long)]
    aggregator: String,
    /// The region's name.
    #[arg(long)]
    region: String,
    /// A DNS-over-HTTPS resolver; the component has one of its own if this is not given.
    #[arg(long)]
    doh: Option<String>,
    /// A file of PEM certificates to trust beside Mozilla's.
    #[arg(long)]
    roots: Option<PathBuf>,
    /// Where the key-value store is kept.
    #[arg(long)]
    state: PathBuf,
    /// Port of the HTTP trigger; 0 takes any.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How long a turn makes rounds, seconds.
    #[arg(long, default_value_t = 50)]
    turn_seconds: u32,
    /// Do not fire the cron each minute, but only when the control port is asked to.
    #[arg(long)]
    no_cron: bool,
    /// Forbid sockets, as a platform does that only offers its HTTP client.
    #[arg(long)]
    no_tcp: bool,
    /// The deployment's seed.
    #[arg(long, env = "EDGEWATCH_PROBE_SEED", hide_env_values = true)]
    seed: String,
    /// The token to enrol with.
    #[arg(
        long,
        env = "EDGEWATCH_ENROLMENT_TOKEN",
        hide_env_values = true,
        default_value = ""
    )]
    enrolment_token: String,
    /// The token of the HTTP trigger; without one it makes no turns.
    #[arg(
        long,
        env = "EDGEWATCH_TICK_TOKEN",
        hide_env_values = true,
        default_value = ""
    )]
    tick_token: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("spin-host: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let roots = match &arguments.roots {
        Some(path) => fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?,
        None => String::new(),
    };
    let variables = [
        ("region", arguments.region.clone()),
        ("aggregator_url", arguments.aggregator),
        ("probe_seed", arguments.seed),
        ("enrolment_token", arguments.enrolment_token),
        ("tick_token", arguments.tick_token),
        ("doh_url", arguments.doh.unwrap_or_default()),
        ("extra_roots", roots),
        ("turn_seconds", arguments.turn_seconds.to_string()),
        ("ipv6", "yes".to_owned()),
    ];
    let surroundings = Surroundings {
        variables: BTreeMap::from(variables),
        store: key_value::Directory::open(&arguments.state)
            .map_err(|error| format!("{}: {error}", arguments.state.display()))?,
        allows_tcp: !arguments.no_tcp,
    };
    let component = SpinComponent::load(&arguments.component, surroundings)
        .map_err(|error| format!("{}: {error:#}", arguments.component.display()))?;
    let component = Arc::new(component);

    let bind = async |port| {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(|error| format!("port {port}: {error}"))
    };
    let (triggered, controlled) = (bind(arguments.port).await?, bind(0).await?);
    let origin = |listener: &TcpListener| listener.local_addr().map(|address| format!("http://{address}"));
    println!(
        "HTTP trigger on {}",
        origin(&triggered).map_err(|error| error.to_string())?
    );
    println!(
        "control on {}",
        origin(&controlled).map_err(|error| error.to_string())?
    );
    if !arguments.no_cron {
        tokio::spawn(control::fire_each_minute(Arc::clone(&component)));
    }
    let http = axum::serve(triggered, control::http_trigger(Arc::clone(&component)));
    let control = axum::serve(controlled, control::control(component, arguments.region));
    tokio::select! {
        served = http => served.map_err(|error| error.to_string()),
        served = control => served.map_err(|error| error.to_string()),
        stopped = control::stop_signal() => stopped.map_err(|error| error.to_string()),
    }
}
