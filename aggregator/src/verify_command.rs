//! `edgewatch verify`: checks the bundle of a report, without network and without a database. What is checked, and how, is
//! [`edgewatch_proof::verify`]'s; here is what is read and what is printed.
//!
//! The exit code is 0 when the bundle proves its report, 1 when it does not, and 2 when it cannot be read as a bundle.

use clap::Args;
use edgewatch_domain::{sla::SlaFigures, uptime::Share};
use edgewatch_proof::{
    bundle::Bundle,
    note::VerifierKey,
    verify::{Finding, Options, Severity, Verification, verify},
};
use std::{
    fmt::Write as _,
    fs::File,
    io::{BufReader, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What `edgewatch verify` takes.
#[derive(Args, Clone)]
pub struct VerifyArgs {
    /// The bundle
    bundle: PathBuf,
    /// Check each signature, and not only those that vouch for the others
    #[arg(long)]
    all_signatures: bool,
    /// The log's key as it is known from elsewhere (name+id+key); the keys in the bundle are believed without it
    #[arg(long = "log-key")]
    log_keys: Vec<String>,
    /// A file with a checkpoint of the log that was seen earlier, or a witness holds
    #[arg(long = "checkpoint")]
    checkpoints: Vec<PathBuf>,
    /// The key of a witness that has to have cosigned the log's last checkpoint (name+id+key)
    #[arg(long = "witness")]
    witnesses: Vec<String>,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

/// Runs `edgewatch verify`.
///
/// # Errors
/// In one line, when there is nothing that can be checked.
pub fn run(args: &VerifyArgs) -> Result<ExitCode, String> {
    let options = Options {
        all_signatures: args.all_signatures,
        log_keys: keys("log-key", &args.log_keys)?,
        known_checkpoints: args
            .checkpoints
            .iter()
            .map(|path| {
                let text = std::fs::read_to_string(path).map_err(|error| told(path, error))?;
                text.parse().map_err(|error| told(path, error))
            })
            .collect::<Result<_, String>>()?,
        witnesses: keys("witness", &args.witnesses)?,
    };
    let file = File::open(&args.bundle).map_err(|error| told(&args.bundle, error))?;
    let mut bundle = Bundle::open(BufReader::new(file)).map_err(|error| told(&args.bundle, error))?;
    let shows = !args.json && std::io::stderr().is_terminal();
    let mut percent = None;
    let verification = verify(&mut bundle, &options, &mut |share| {
        let now = (share * 100.0) as u32;
        if shows && percent != Some(now) {
            percent = Some(now);
            eprint!("\r{now} %");
        }
    });
    if shows {
        eprint!("\r     \r");
    }
    let verification = verification.map_err(|error| told(&args.bundle, error))?;
    let text = if args.json {
        serde_json::to_string_pretty(&verification).map_err(|error| error.to_string())? + "\n"
    } else {
        report(&verification)
    };
    // Whoever reads it may have seen enough.
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(if verification.holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn told(path: &Path, error: impl std::fmt::Display) -> String {
    format!("{}: {error}", path.display())
}

fn keys(name: &str, texts: &[String]) -> Result<Vec<VerifierKey>, String> {
    let key = |text: &String| text.parse().map_err(|error| format!("--{name} {text}: {error}"));
    texts.iter().map(key).collect()
}

/// What was found, for people.
fn report(verification: &Verification) -> String {
    let mut text = String::new();
    let mut line = |line: &str| {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{line}");
    };
    if let Some(title) = &verification.title {
        line(&printable(title));
    }
    for probe in &verification.probes {
        line(&format!(
            "  {}: {} batches with {} observations, {} signatures checked (probe {})",
            probe.region, probe.batches, probe.observations, probe.signatures, probe.fingerprint
        ));
    }
    if let Some(log) = &verification.log {
        let known = if log.keys_were_given {
            "the key that was given"
        } else {
            "the key in the bundle, which only a key from elsewhere can confirm"
        };
        line(&format!(
            "  log {}: {} signed documents proven among its {}, {} checkpoints, by {known}",
            log.origin, log.leaves, log.size, log.checkpoints
        ));
        for witness in &log.witnesses {
            line(&format!("  cosigned by {witness}"));
        }
    }
    line(&format!("  policy {}", verification.policy_hash));
    line(&format!("  the report:        {}", figures(&verification.stated)));
    match &verification.recomputed {
        Some(recomputed) => line(&format!(
            "  its observations:  {}, of {} observations",
            figures(recomputed),
            verification.observations
        )),
        None => line("  its observations:  nothing can be made of them"),
    }
    let of = |severity: Severity| {
        verification
            .findings
            .iter()
            .filter(move |finding| finding.severity() == severity)
            .map(Finding::to_string)
    };
    for fault in of(Severity::Fault) {
        line(&format!("wrong: {}", printable(&fault)));
    }
    for note in of(Severity::Note) {
        line(&format!("note:  {}", printable(&note)));
    }
    let faults = of(Severity::Fault).count();
    line(&match faults {
        0 => "The bundle proves its report: the observations make the same figures to the last number."
            .to_owned(),
        _ => format!("The bundle does not prove its report: {faults} things are wrong with it."),
    });
    text
}

/// The figures that a report is about.
fn figures(figures: &SlaFigures) -> String {
    let percent = |share: Option<Share>| match share {
        Some(share) => format!("{} %", share.percent()),
        None => "no data".to_owned(),
    };
    let (contractual, strict) = (&figures.time.contractual, &figures.time.strict);
    format!(
        "{} (between {} and {}; strict {}), {} ms down of {} ms, {} outages",
        percent(contractual.uptime()),
        percent(contractual.lowest()),
        percent(contractual.highest()),
        percent(strict.uptime()),
        contractual.down_ms,
        contractual.total_ms(),
        figures.outages.len()
    )
}

/// Text of a stranger without what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
