//! The `edgewatch` binary: the command line, and nothing else.

use clap::{Parser, Subcommand};
use edgewatch_aggregator::{config::ServeArgs, serve::serve, telemetry::start_logging};
use std::process::ExitCode;

/// Watches services from the edge: takes the probes' results, judges, and shows.
#[derive(Parser)]
#[command(name = "edgewatch", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the aggregator (what happens without a command)
    Serve(Box<ServeArgs>),
}

/// What a bare `edgewatch` takes from the environment.
#[derive(Parser)]
struct BareServe {
    #[command(flatten)]
    args: ServeArgs,
}

#[tokio::main]
async fn main() -> ExitCode {
    let command = Cli::parse()
        .command
        .unwrap_or_else(|| Command::Serve(Box::new(BareServe::parse_from(["edgewatch"]).args)));
    let outcome = match command {
        Command::Serve(args) => match start_logging(&args.log.log_filter, args.log.log_format) {
            Ok(()) => serve(*args).await,
            Err(error) => Err(error),
        },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("edgewatch: {error}");
            ExitCode::from(2)
        }
    }
}
