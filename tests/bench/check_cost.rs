//! One check: the agent, the component on wasmtime and the worker on workerd, each as a region of the same aggregator against
//! the same target; and one HTTPS check by the engine alone, native, beside `curl`.

use crate::cpu;
use edgewatch_agent::{NativePlatform, run_check};
use edgewatch_protocol::{
    check::{Check, HttpCheck},
    observation::{Outcome, OutcomeState},
};
use edgewatch_tests::system::{
    Agent, Directory, PATIENCE, SpinOptions, SpinRegion, System, eventually, now_ms,
};
use serde_json::json;
use std::{
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};
use tokio::time::sleep;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject as _};

/// The first argument of the process that only runs the native engine.
pub const NATIVE: &str = "native-checks";

/// The worker's region, which has to be a place of Cloudflare's.
const WORKER: &str = "weur";

/// Monitors of a region.
const MONITORS: usize = 200;

/// Rounds that are measured in a region.
const ROUNDS: usize = 4;

/// Checks by the engine alone and by `curl`.
const CHECKS: usize = 300;

/// The agent asks for its assignments in the end, and the worker is told.
const FIRST_LOOK: Duration = Duration::from_mins(2);

pub async fn measure() {
    let system = System::start(&[WORKER]).await;
    let directory = Directory::new();
    let addresses = system.target.addresses();
    let urls = [&addresses.http, &addresses.https["good"]].map(|origin| format!("{origin}/healthy"));
    let ca = addresses.ca.clone().expect("the authority's certificate");

    let component = SpinOptions {
        region: "component",
        ..SpinOptions::default()
    };
    let component = SpinRegion::start(
        &system.aggregator,
        system.target.addresses(),
        directory.path(),
        component,
    )
    .await;
    let roots = [("EDGEWATCH_EXTRA_ROOTS", ca.display().to_string())];
    let agent = Agent::start_with(&system.aggregator, "agent", directory.path(), &roots);
    let regions = [
        ("agent", "agent", agent.id(), Turns::Own),
        (
            "component on wasmtime",
            "component",
            component.id(),
            Turns::Of(&component),
        ),
        ("worker on workerd", WORKER, system.edge.id(), Turns::Own),
    ];
    eventually("all regions are enrolled", PATIENCE, async || {
        drop(component.tick().await);
        match system.api.approved_probes().await {
            3 => Ok(()),
            some => Err(format!("{some} are")),
        }
    })
    .await;
    println!(
        "\nOne check, processor time in ms of the whole process; sealing, signing and sending of what was seen included"
    );
    println!(
        "{:<28}{:>10}{:>10}{:>10}{:>10}",
        "", "HTTP", "to agent", "HTTPS", "to agent"
    );
    let mut of_agent = None;
    for (what, region, process, turns) in &regions {
        let mut figures = [0.0; 2];
        for (figure, url) in figures.iter_mut().zip(&urls) {
            *figure = of_region(&system, region, *process, turns, url).await;
        }
        let [http, https] = figures;
        let [agent_http, agent_https] = *of_agent.get_or_insert(figures);
        println!(
            "{what:<28}{http:>10.3}{:>10.1}{https:>10.3}{:>10.1}",
            http / agent_http,
            https / agent_https
        );
    }
    drop(agent);
    of_engine_and_curl(&urls[1], &ca);
}

/// One HTTPS check, without a region around it.
fn of_engine_and_curl(url: &str, ca: &Path) {
    let native = {
        let program = std::env::current_exe().expect("this program's own path");
        let mut command = Command::new(&program);
        command.arg(NATIVE).arg(url).arg(ca).arg(CHECKS.to_string());
        // The process's own start is not the check's.
        let mut idle = Command::new(&program);
        idle.arg(NATIVE).arg(url).arg(ca).arg("0");
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
        .arg(ca);
        for _ in 0..urls {
            curl.args(["--output", "/dev/null"]).arg(url);
        }
        of_child(&mut curl).as_secs_f64()
    };
    let curl_each = (0..CHECKS).map(|_| curl(1)).sum::<f64>() / CHECKS as f64;
    let curl_together = curl(CHECKS) / CHECKS as f64;

    println!("\nOne HTTPS check, nothing sealed or sent, processor time in ms");
    println!("{:<44}{:>10}{:>10}", "", "ms", "to curl");
    for (what, seconds) in [
        ("the engine alone, native", native),
        ("curl, a process for each", curl_each),
        ("curl, one process for all", curl_together),
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

/// Who begins a region's turns.
enum Turns<'a> {
    /// Its own clock.
    Own,
    /// Whoever measures, once in each slot.
    Of(&'a SpinRegion),
}

/// Processor milliseconds of a check in a region.
async fn of_region(system: &System, region: &str, process: u32, turns: &Turns<'_>, url: &str) -> f64 {
    let mut monitors = Vec::new();
    for number in 0..MONITORS {
        let check = json!({"type": "http", "url": url});
        let name = format!("{region} {number}");
        let settings =
            json!({"name": name, "interval_s": 10, "timeout_ms": 5_000, "check": check, "regions": [region]});
        monitors.push(system.api.create_monitor(&settings).await);
    }
    // The first turn pulls the assignments, and compiles what it runs.
    eventually("all monitors are checked", FIRST_LOOK, async || {
        match turns {
            Turns::Own if region == WORKER => drop(system.edge.tick().await),
            Turns::Own => {}
            Turns::Of(component) => drop(component.tick().await),
        }
        sleep(Duration::from_secs(5)).await;
        for monitor in &monitors {
            if system.api.results(*monitor).await.is_empty() {
                return Err(format!("monitor {monitor} is not"));
            }
        }
        Ok(())
    })
    .await;
    let mut spent = Duration::ZERO;
    for _ in 0..ROUNDS {
        // From the middle between two slots to the next middle: one whole round.
        sleep(to_ms_of_slot(5_000)).await;
        let before = cpu::of_tree(process);
        sleep(Duration::from_secs(1)).await;
        if let Turns::Of(component) = turns {
            sleep(to_ms_of_slot(50)).await;
            let turn = component.tick().await;
            assert_eq!(turn.ran, MONITORS, "{turn:?}");
        }
        sleep(to_ms_of_slot(5_000)).await;
        spent += cpu::of_tree(process).saturating_sub(before);
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
    spent.as_secs_f64() * 1000.0 / (MONITORS * ROUNDS) as f64
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
