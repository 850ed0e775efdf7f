//! The scripted target as a process of its own: starts every behaviour and prints where each is, as one line of JSON.

use clap::Parser;
use edgewatch_tests::target::{Options, Target};
use std::{path::PathBuf, process::ExitCode, time::Duration};
use tokio::signal::unix::{SignalKind, signal};

/// Servers that behave as asked, well or badly.
#[derive(Parser)]
#[command(name = "target")]
struct Arguments {
    /// Port of the HTTP listener; 0 takes any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Only what a demo watches: HTTP on the port, and HTTPS with a certificate about to expire on the next one.
    #[arg(long)]
    demo: bool,
    /// Write the certificates here as PEM: `ca.pem` and one file for each listener.
    #[arg(long, value_name = "DIRECTORY")]
    certificates: Option<PathBuf>,
    /// How long one listener holds the TLS handshake.
    #[arg(long, default_value_t = 300, value_name = "MILLISECONDS")]
    hold_ms: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let options = Options {
        port: arguments.port,
        demo: arguments.demo,
        certificates: arguments.certificates,
        hold: Duration::from_millis(arguments.hold_ms),
    };
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("target: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run(options: Options) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let target = Target::start(options).await?;
    println!("{}", serde_json::to_string(target.addresses())?);
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}
