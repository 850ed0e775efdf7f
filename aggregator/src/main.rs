//! The `edgewatch` binary: the command line, and nothing else.

use clap::{Parser, Subcommand};
use edgewatch_aggregator::{
    check_command::{self, CheckArgs},
    config::{DatabaseArgs, ServeArgs},
    config_file::ConfigFile,
    edge_pages,
    probe_command::{self, ProbeArgs},
    replay_command::{self, ReplayArgs},
    serve::{secrets, serve},
    telemetry::start_logging,
    user_command::{self, UserArgs},
    verify_command::{self, VerifyArgs},
};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Batches are large and short-lived: the system's allocator would ask the kernel for their memory anew each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    /// Checks, made once from this machine
    Check(Box<CheckArgs>),
    /// Probes, prepared for where they are to run
    Probe(Box<ProbeArgs>),
    /// What another policy would have said of the results that are stored
    Replay(Box<ReplayArgs>),
    /// Check the bundle of a report, offline
    Verify(Box<VerifyArgs>),
    /// The public key of the status pages that edge workers serve: what they have as their key
    PagesKey(Box<DatabaseArgs>),
    /// Users and their passwords
    User(Box<UserArgs>),
    /// Configuration files
    #[command(subcommand)]
    Config(ConfigCommand),
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Tell whether a configuration file is valid, without applying it
    Check {
        /// The file
        file: PathBuf,
    },
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
        Command::Check(args) => match check_command::run(*args).await {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Probe(args) => probe_command::run(*args).await,
        Command::Replay(args) => replay_command::run(*args).await,
        Command::Verify(args) => match verify_command::run(&args) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::PagesKey(args) => {
            secrets(&args).map(|secrets| println!("{}", edge_pages::public_key(&secrets)))
        }
        Command::User(args) => user_command::run(*args).await,
        Command::Config(ConfigCommand::Check { file }) => check_config(&file),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("edgewatch: {error}");
            ExitCode::from(2)
        }
    }
}

fn check_config(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    match ConfigFile::parse(&text, &ConfigFile::environment()) {
        Ok(file) => {
            let (regions, monitors) = (file.regions.len(), file.monitors.len());
            println!(
                "{}: valid; {regions} regions, {monitors} monitors",
                path.display()
            );
            Ok(())
        }
        Err(faults) => {
            for fault in &faults[1..] {
                eprintln!("edgewatch: {}: {fault}", path.display());
            }
            Err(format!("{}: {}", path.display(), faults[0]))
        }
    }
}
