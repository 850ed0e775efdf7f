//! `edgewatch probe new`: everything that a deployment of probes needs, made and printed.
//!
//! It works through the REST API as an administrator: it makes the regions that are missing and an enrolment token, and
//! prints the commands that deploy the probes on their host, secrets included. Those go to standard output and are a shell
//! script; then it waits and tells on standard error how the probes arrive.

mod api;
mod arrivals;
mod deployment;

use api::Api;
use arrivals::{Arrivals, await_arrivals};
use clap::{Args, Subcommand};
use deployment::{Deployment, Host, Secrets};
use std::{
    io::{BufRead as _, IsTerminal as _},
    time::Duration,
};
use url::Url;

/// Where an administrator's password is read from.
const PASSWORD_VARIABLE: &str = "EDGEWATCH_ADMIN_PASSWORD";
/// A seed to go on with, for a deployment that is there already.
const SEED_VARIABLE: &str = "EDGEWATCH_PROBE_SEED";

/// What `edgewatch probe` takes.
#[derive(Args, Clone)]
pub struct ProbeArgs {
    #[command(subcommand)]
    command: ProbeCommand,
}

#[derive(Subcommand, Clone)]
enum ProbeCommand {
    /// Print the commands and secrets that deploy new probes, and show them arriving
    New(NewArgs),
}

#[derive(Args, Clone)]
struct NewArgs {
    /// What hosts the probes
    #[arg(long)]
    host: Host,
    /// Regions, separated by commas. On Cloudflare each is a location hint or `name=hint`; `name*3` has three probes share it
    #[arg(long)]
    regions: String,
    /// Approve the probes as they enrol, instead of by hand
    #[arg(long)]
    approve: bool,
    /// Run the probes on this machine: workerd, wasmtime, or the agent in the foreground
    #[arg(long)]
    local: bool,
    /// The aggregator to prepare it at
    #[arg(
        long,
        value_name = "URL",
        env = "EDGEWATCH_SERVER",
        default_value = "http://127.0.0.1:8080"
    )]
    server: String,
    /// The aggregator as the probes reach it; absent: the server's address
    #[arg(long, value_name = "URL", env = "EDGEWATCH_AGGREGATOR_URL")]
    aggregator: Option<String>,
    /// An administrator's e-mail address; the password comes from `EDGEWATCH_ADMIN_PASSWORD`, a prompt or standard input
    #[arg(long, env = "EDGEWATCH_ADMIN_EMAIL")]
    email: Option<String>,
    /// Hours until the enrolment token ends
    #[arg(long, default_value_t = 24)]
    valid_hours: u16,
    /// Only print
    #[arg(long)]
    no_wait: bool,
    /// How long to wait for the probes, minutes
    #[arg(long, default_value_t = 60, conflicts_with = "no_wait")]
    wait_minutes: u64,
}

/// Runs an `edgewatch probe` command.
///
/// # Errors
/// In one line.
pub async fn run(args: ProbeArgs) -> Result<(), String> {
    let ProbeCommand::New(args) = args.command;
    let server = origin("--server", &args.server)?;
    let aggregator = match &args.aggregator {
        Some(text) => origin("--aggregator", text)?,
        None => server.clone(),
    };
    let seed = std::env::var(SEED_VARIABLE).ok().filter(|seed| !seed.is_empty());
    let deployment = Deployment::plan(args.host, args.local, &args.regions, &aggregator, seed)?;
    if !(1..=720).contains(&args.valid_hours) {
        return Err(format!("--valid-hours is {}, use 1 to 720", args.valid_hours));
    }
    let email = args
        .email
        .ok_or("--email is missing: an administrator's e-mail address, or EDGEWATCH_ADMIN_EMAIL")?;
    let api = Api::sign_in(server.clone(), email, read_password()?).await?;

    let known = api.list_regions().await?;
    for region in deployment.regions() {
        if !known.contains(&region) {
            api.create_region(&region).await?;
            eprintln!("the region {region} is new");
        }
    }
    let before = api.list_probes().await?;
    let token = api
        .create_enrolment_token(&deployment, args.approve, args.valid_hours)
        .await?;
    let secrets = Secrets {
        enrolment_token: token.token.as_deref().unwrap_or_default(),
    };
    print!("{}", deployment.commands(&secrets));
    if args.no_wait {
        return Ok(());
    }
    eprintln!(
        "\nwaiting for {}; the enrolment token holds until {}. Ctrl-C ends the waiting, nothing else.",
        deployment.count(),
        token.expires_at.format("%Y-%m-%d %H:%M UTC")
    );
    let arrivals = Arrivals::of(&deployment, &before);
    await_arrivals(
        &api,
        &server,
        arrivals,
        Duration::from_secs(args.wait_minutes * 60),
    )
    .await
}

/// An address that the API or the probe endpoints are below.
fn origin(option: &str, text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{option}: `{text}` is not a URL: {error}"))?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_plain {
        return Err(format!(
            "{option}: `{text}` is not an origin such as https://status.example.org"
        ));
    }
    Ok(url)
}

fn read_password() -> Result<String, String> {
    if let Ok(password) = std::env::var(PASSWORD_VARIABLE) {
        return Ok(password);
    }
    let unreadable = |error: std::io::Error| format!("the password cannot be read: {error}");
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return rpassword::prompt_password("Password: ").map_err(unreadable);
    }
    let mut line = String::new();
    if stdin.lock().read_line(&mut line).map_err(unreadable)? == 0 {
        return Err(format!(
            "there is no password: set {PASSWORD_VARIABLE}, or give it on standard input"
        ));
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_addresses_and_nothing_else() {
        for good in ["http://127.0.0.1:8080", "https://status.example.org/edge"] {
            assert!(origin("--server", good).is_ok(), "{good}");
        }
        for bad in [
            "status.example.org",
            "ftp://a.example",
            "https://a.example/?x",
            "https://u@a.example",
        ] {
            let error = origin("--server", bad).unwrap_err();
            assert!(
                error.starts_with("--server: `") && !error.contains('\n'),
                "{error}"
            );
        }
    }
}
