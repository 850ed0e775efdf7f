//! The `edgewatch-agent` binary: the command line, and nothing else.

use clap::Parser;
use edgewatch_agent::{config::AgentConfig, echo::check_permission};
use std::{io::IsTerminal as _, path::PathBuf, process::ExitCode};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Runs checks from this machine and its network for an Edgewatch aggregator.
#[derive(Parser)]
#[command(name = "edgewatch-agent", version)]
struct Cli {
    /// Configuration file; what the environment sets wins over it
    #[arg(long, env = "EDGEWATCH_CONFIG")]
    config: Option<PathBuf>,
    /// Tell whether the configuration is valid, without running
    #[arg(long)]
    check_config: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("edgewatch-agent: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run(cli: Cli) -> Result<(), String> {
    let file = cli.config.filter(|path| !path.as_os_str().is_empty());
    let config = AgentConfig::read(file.as_deref(), |name| std::env::var(name).ok())?;
    let checked = config.check()?;
    if cli.check_config {
        let key = match checked.fingerprint()? {
            Some(fingerprint) => format!("key {fingerprint}"),
            None => "a key that its first start makes".to_owned(),
        };
        println!(
            "the configuration is valid: region {}, aggregator {}, {key}",
            checked.region, checked.aggregator_url
        );
        if let Err(why) = check_permission() {
            println!("as this user it offers no ping checks: {why}");
        }
        return Ok(());
    }
    start_logging(config.log())?;
    let listen = |kind| signal(kind).map_err(|error| format!("signals cannot be handled: {error}"));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let agent = checked.into_agent()?;
    agent
        .run(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("stopping: no check is begun any more");
        })
        .await;
    Ok(())
}

/// Logs to standard error: text on a terminal, JSON elsewhere.
fn start_logging(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| format!("log (EDGEWATCH_LOG) `{filter}` is not a filter: {error}"))?;
    let registry = tracing_subscriber::registry().with(filter);
    let layer = fmt::layer().with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() {
        registry.with(layer).try_init()
    } else {
        registry.with(layer.json().flatten_event(true)).try_init()
    };
    started.map_err(|error| error.to_string())
}
