//! One HTTPS check: the worker on workerd, the same engine native, and `curl`, against the same target.

use crate::{cpu, median};
use edgewatch_agent::{NativePlatform, run_check};
use edgewatch_protocol::{
    check::{Check, HttpCheck},
    observation::{Outcome, OutcomeState},
};
use edgewatch_tests::system::{System, now_ms};
use serde_json::json;
use std::{
    process::{Command, Stdio},
    time::Duration,
};
use tokio::time::sleep;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject as _};

/// The first argument of the process that only runs the native engine.
pub const NATIVE: &str = "native-checks";

/// Monitors of a round in the worker.
const MONITORS: usize = 60;

/// Rounds that are measured in the worker.
const ROUNDS: usize = 4;

/// Checks by the native engine and by `curl`.
const CHECKS: usize = 300;

pub async fn measure() {
    let system = System::start(&["weur"]).await;
    let url = format!("{}/healthy", system.target.addresses().https["good"]);
    let ca = system
        .target
        .addresses()
        .ca
        .clone()
        .expect("the authority's certificate");

    let native = {
        let program = std::env::current_exe().expect("this program's own path");
        let mut command = Command::new(program);
        command.arg(NATIVE).arg(&url).arg(&ca).arg(CHECKS.to_string());
        // The process's own start is not the check's.
        let mut idle = Command::new(std::env::current_exe().expect("this program's own path"));
        idle.arg(NATIVE).arg(&url).arg(&ca).arg("0");
        (of_child(&mut command)
            .saturating_sub(of_child(&mut idle))
            .as_secs_f64())
            / CHECKS as f64
    };
    // Every transfer shakes hands anew, as a check does.
    let curl = |urls: usize| {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--fail",
            "--no-sessionid",
            "--header",
            "Connection: close",
        ])
        .arg("--cacert")
        .arg(&ca);
        for _ in 0..urls {
            curl.args(["--output", "/dev/null"]).arg(&url);
        }
        of_child(&mut curl).as_secs_f64()
    };
    let curl_each = (0..CHECKS).map(|_| curl(1)).sum::<f64>() / CHECKS as f64;
    let curl_together = curl(CHECKS) / CHECKS as f64;
    let plain = worker(
        &system,
        &format!("{}/healthy", system.target.addresses().http),
        "http",
    )
    .await;
    let worker = worker(&system, &url, "https").await;

    println!(
        "\nOne check, processor time in ms (sealing, signing and sending of the batch included in the worker's)"
    );
    println!("{:<44}{:>10}{:>10}", "", "ms", "to curl");
    for (what, seconds) in [
        ("worker on workerd, HTTPS, own TLS", worker),
        ("worker on workerd, plain HTTP", plain),
        ("the same engine native, HTTPS", native),
        ("curl, a process for each, HTTPS", curl_each),
        ("curl, one process for all, HTTPS", curl_together),
    ] {
        println!(
            "{what:<44}{:>10.2}{:>10.2}",
            seconds * 1000.0,
            seconds / curl_each
        );
    }
}

/// Processor time of a child from its start to its end.
fn of_child(command: &mut Command) -> Duration {
    let before = cpu::of_ended_children();
    let status = command.stdin(Stdio::null()).status().expect("the command starts");
    assert!(status.success(), "{command:?}: {status}");
    cpu::of_ended_children().saturating_sub(before)
}

/// Processor seconds of a check in the worker.
async fn worker(system: &System, url: &str, name: &str) -> f64 {
    let mut monitors = Vec::new();
    for number in 0..MONITORS {
        let check = json!({"type": "http", "url": url});
        let settings = json!({"name": format!("{name} {number}"), "interval_s": 10, "timeout_ms": 5_000, "check": check});
        monitors.push(system.api.create_monitor(&settings).await);
    }
    // The first turn pulls the assignments, and compiles what it runs.
    system.edge.tick().await;
    let mut figures = Vec::new();
    for _ in 0..ROUNDS {
        // From the middle between two slots to the next middle: one whole round.
        sleep(to_ms_of_slot(5_000)).await;
        let before = cpu::of_tree(system.edge.id());
        sleep(Duration::from_secs(1)).await;
        sleep(to_ms_of_slot(5_000)).await;
        let spent = cpu::of_tree(system.edge.id()).saturating_sub(before);
        figures.push(spent.as_secs_f64() / MONITORS as f64);
    }
    for monitor in monitors {
        let results = system.api.results(monitor).await;
        assert!(results.len() >= ROUNDS, "every round was made");
        assert!(
            results.iter().all(|result| result.outcome == OutcomeState::Up),
            "and all was up"
        );
        let path = format!("/api/v1/monitors/{monitor}");
        let deleted = system.api.send(reqwest::Method::DELETE, &path, None::<&()>).await;
        assert!(deleted.status().is_success(), "{path}: {}", deleted.status());
    }
    median(figures)
}

fn to_ms_of_slot(ms: i64) -> Duration {
    Duration::from_millis((ms - now_ms()).rem_euclid(10_000).unsigned_abs())
}

/// The process that only runs the native engine.
pub async fn run_native(mut arguments: impl Iterator<Item = String>) {
    let mut next = || arguments.next().expect("an argument");
    let (url, ca, checks) = (next(), next(), next());
    let checks: usize = checks.parse().expect("a number of checks");
    let root = CertificateDer::from_pem_file(ca).expect("the authority's certificate");
    let platform = NativePlatform::unrestricted().with_extra_roots(vec![root.to_vec()]);
    let check = Check::Http(HttpCheck::get(url));
    for _ in 0..checks {
        let sight = run_check(&check, 5_000, &platform).await;
        assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    }
}
