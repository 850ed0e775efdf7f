//! `edgewatch check run`: one check from the terminal, made by the agent's engine on this machine, with a waterfall.
//!
//! A URL or a short form needs no server and no database; anything else is the name or the number of a monitor, which is
//! read from the database with its secrets. The exit code is 0 when it is up, 1 when it is not, 2 when it could not be made.

use crate::{config::DatabaseArgs, database::Database, serve::secrets, store::monitor};
use clap::{Args, Subcommand};
use edgewatch_agent::{NativePlatform, run_check};
use edgewatch_core::check::{target, validate};
use edgewatch_protocol::{
    check::Check,
    observation::{OutcomeState, Sight},
    phase::{Phase, PhaseTime, PhaseTimes},
};
use serde_json::{Value, json};
use std::{fmt::Write as _, process::ExitCode};

/// The width of the longest bar, in characters.
const BAR: usize = 40;

/// What `edgewatch check` takes.
#[derive(Args, Clone)]
pub struct CheckArgs {
    #[command(subcommand)]
    command: CheckCommand,
}

#[derive(Subcommand, Clone)]
enum CheckCommand {
    /// Make one check now, from this machine
    Run(RunArgs),
}

#[derive(Args, Clone)]
struct RunArgs {
    /// A URL (https, http, wss, ws), tcp://host:port, tls:host[:port], dns:name, ping:host, domain:name; or a monitor's name or
    /// number
    target: String,
    /// Time-out, milliseconds; absent: the monitor's, or 10000
    #[arg(long)]
    timeout_ms: Option<u32>,
    /// Print what was seen as JSON
    #[arg(long)]
    json: bool,
    /// Database, for a monitor
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Runs an `edgewatch check` command.
///
/// # Errors
/// In one line, when the check could not be made.
pub async fn run(args: CheckArgs) -> Result<ExitCode, String> {
    let CheckCommand::Run(args) = args.command;
    let (check, timeout_ms) = match short_form(&args.target) {
        Some(settings) => {
            let check =
                serde_json::from_value(settings).map_err(|error| format!("{}: {error}", args.target))?;
            (check, 10_000)
        }
        None if args.target.contains("://") => {
            return Err(format!(
                "`{}` is no target: use a URL such as https://example.org/, or tcp://example.org:25",
                args.target
            ));
        }
        None => find_monitor(&args).await?,
    };
    if let Some(fault) = validate(&check).into_iter().next() {
        return Err(format!("{}: {} {}", args.target, fault.pointer, fault.detail));
    }
    let timeout_ms = args.timeout_ms.unwrap_or(timeout_ms);
    let sight = run_check(&check, timeout_ms, &NativePlatform::unrestricted()).await;
    if args.json {
        let text = serde_json::to_string_pretty(&sight).map_err(|error| error.to_string())?;
        println!("{text}");
    } else {
        print!("{}", report(&check, &sight));
    }
    Ok(match sight.outcome.state() {
        OutcomeState::Up => ExitCode::SUCCESS,
        _ => ExitCode::from(1),
    })
}

/// The settings that a URL or a short form stands for; `None` of anything else.
fn short_form(text: &str) -> Option<Value> {
    let (scheme, rest) = text.split_once(':')?;
    let rest = rest.strip_prefix("//").unwrap_or(rest);
    let host_and_port = || {
        let (host, port) = rest.rsplit_once(':')?;
        let port: u16 = port.parse().ok()?;
        Some((host.trim_matches(['[', ']']).to_owned(), port))
    };
    Some(match scheme {
        "http" | "https" => json!({"type": "http", "url": text}),
        "ws" | "wss" => json!({"type": "websocket", "url": text}),
        "tcp" => {
            let (host, port) = host_and_port()?;
            json!({"type": "tcp", "host": host, "port": port})
        }
        "tls" => match host_and_port() {
            Some((host, port)) => json!({"type": "tls", "host": host, "port": port}),
            None => json!({"type": "tls", "host": rest}),
        },
        "dns" => json!({"type": "dns", "name": rest, "record": "A"}),
        "ping" => json!({"type": "ping", "host": rest}),
        "domain" => json!({"type": "domain", "domain": rest}),
        _ => return None,
    })
}

async fn find_monitor(args: &RunArgs) -> Result<(Check, u32), String> {
    let secrets = secrets(&args.database)?;
    let database = Database::open_beside(&args.database).await?;
    let found = async {
        let mut db = database.pool.acquire().await?;
        let id = match args.target.parse() {
            Ok(id) => Some(id),
            Err(_) => monitor::find_monitor_by_name(&mut db, &args.target).await?,
        };
        match id {
            Some(id) => monitor::list_monitors(&mut db, &secrets, Some(id)).await,
            None => Ok(Vec::new()),
        }
    };
    let found = found.await;
    database.close().await;
    let found = found.map_err(|error| format!("the database: {error}"))?;
    let monitor = found.first().ok_or_else(|| {
        format!(
            "there is no monitor `{}`; a URL begins with a scheme such as https://",
            args.target
        )
    })?;
    Ok((monitor.check().clone(), monitor.settings().timeout_ms))
}

/// What was seen, for people.
fn report(check: &Check, sight: &Sight) -> String {
    let mut text = String::new();
    let outcome = sight.outcome;
    // Writing into a string cannot fail.
    let _ = write!(
        text,
        "{} {}  {}",
        check.type_name(),
        target(check),
        outcome.state().as_str()
    );
    if let Some(reason) = outcome.reason() {
        let _ = write!(text, " ({})", reason.as_str());
    }
    let _ = writeln!(text, "  {}", milliseconds(sight.total_us));
    if let Some(message) = &sight.message {
        let _ = writeln!(text, "  {message}");
    }
    for failed in &sight.failed_assertions {
        let failed = serde_json::to_value(failed).unwrap_or_default();
        let _ = writeln!(text, "  assertion  {}", one_line(&failed));
    }
    text.push_str(&waterfall(&sight.phases));
    if let Some(address) = sight.address {
        let _ = writeln!(text, "  address    {address}");
    }
    if let Some(http) = &sight.http {
        let status = http.status.map(|status| status.to_string()).unwrap_or_default();
        let protocol = http.protocol.as_deref().unwrap_or_default();
        let _ = writeln!(
            text,
            "  http       {status} {protocol}, {} bytes",
            http.body_bytes
        );
    }
    if let Some(certificate) = &sight.certificate {
        let _ = writeln!(
            text,
            "  tls        {} {}, {} by {}",
            certificate.tls_version, certificate.cipher_suite, certificate.subject, certificate.issuer
        );
    }
    if let Some(facts) = &sight.facts {
        let facts = serde_json::to_value(facts).unwrap_or_default();
        for (name, value) in facts
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| *name != "of")
        {
            let _ = writeln!(text, "  {name:<10} {}", one_line(value));
        }
    }
    text
}

/// The phases as bars, each beginning where the one before ends.
fn waterfall(phases: &PhaseTimes) -> String {
    let times: Vec<_> = Phase::ALL
        .into_iter()
        .map(|phase| (phase, phases.get(phase)))
        .collect();
    let all_us: u64 = times
        .iter()
        .filter_map(|(_, time)| time.measured_us())
        .map(u64::from)
        .sum();
    let mut text = String::new();
    let mut begun_us = 0;
    for (phase, time) in times {
        let PhaseTime::Measured(us) = time else { continue };
        let column = |us: u64| (us * BAR as u64).checked_div(all_us).unwrap_or_default() as usize;
        let from = column(begun_us).min(BAR - 1);
        begun_us += u64::from(us);
        let width = column(begun_us).saturating_sub(from).max(1);
        let bar = format!("{}{}", " ".repeat(from), "█".repeat(width));
        let _ = writeln!(
            text,
            "  {:<10} {bar:<BAR$} {:>12}",
            phase.as_str(),
            milliseconds(us)
        );
    }
    text
}

fn milliseconds(us: u32) -> String {
    format!("{:.1} ms", f64::from(us) / 1000.0)
}

/// A value in one line, as people write it.
fn one_line(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace('\n', " "),
        Value::Object(members) => {
            let members: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("{name} {}", one_line(value)))
                .collect();
            members.join(", ")
        }
        Value::Array(items) => items.iter().map(one_line).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgewatch_protocol::{observation::Outcome, reason::Reason};

    #[test]
    fn short_forms_are_checks() {
        for (text, kind) in [
            ("https://example.org/a", "http"),
            ("wss://example.org/", "websocket"),
            ("tcp://example.org:25", "tcp"),
            ("tcp://[2001:db8::1]:25", "tcp"),
            ("tls:example.org", "tls"),
            ("tls:example.org:8443", "tls"),
            ("dns:example.org", "dns"),
            ("ping:192.0.2.1", "ping"),
            ("domain:example.org", "domain"),
        ] {
            let check: Check = serde_json::from_value(short_form(text).unwrap()).unwrap();
            assert_eq!(check.type_name(), kind, "{text}");
            assert_eq!(validate(&check), [], "{text}");
        }
        for text in ["Shop", "7", "tcp://example.org", "gopher://example.org"] {
            assert_eq!(short_form(text), None, "{text}");
        }
    }

    #[test]
    fn the_waterfall_shows_one_phase_after_the_other() {
        let mut sight = Sight::of(
            Outcome::Down {
                reason: Reason::Timeout,
                phase: None,
            },
            Some("no first byte".to_owned()),
        );
        sight.total_us = 40_000;
        sight.phases = serde_json::from_value(json!({"dns": 10_000, "tcp": 10_000, "ttfb": 20_000})).unwrap();
        let check = serde_json::from_value(short_form("https://example.org/").unwrap()).unwrap();
        let text = report(&check, &sight);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "http https://example.org/  down (timeout)  40.0 ms");
        assert_eq!(lines[1], "  no first byte");
        assert!(
            lines[2].starts_with(&format!("  dns        {} ", "█".repeat(10))),
            "{text}"
        );
        assert!(
            lines[3].starts_with(&format!("  tcp        {}{} ", " ".repeat(10), "█".repeat(10))),
            "{text}"
        );
        assert!(lines[4].ends_with("20.0 ms"), "{text}");
    }
}
