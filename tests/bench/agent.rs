//! The agent: processor time of a check beside `blackbox_exporter` against the same target in the same run, how late
//! checks are begun, and memory.
//!
//! The built agent runs against a stand-in for the aggregator that takes whatever it is sent, so that its cost holds all
//! that it does: the schedule, the check, keeping, sealing, signing and sending. `blackbox_exporter` is asked for its
//! probes as Prometheus asks, over connections that are kept.

mod exporter;
mod stand_in;
mod target;

use crate::{cpu, memory};
use edgewatch_tests::system::binary;
use stand_in::StandIn;
use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use target::Target;
use tokio::time::sleep;

/// The exporter's binary, as Debian names it.
const EXPORTER: &str = "prometheus-blackbox-exporter";

/// Names it where it is not on the path.
const EXPORTER_VARIABLE: &str = "EDGEWATCH_BENCH_EXPORTER";

const REGION: &str = "bench";

/// Seconds between a monitor's slots.
const INTERVAL_S: u32 = 10;

/// How long each side runs before it is measured, and how long it is.
const WARM_UP: Duration = Duration::from_secs(15);
const MEASURED: Duration = Duration::from_secs(20);

pub async fn measure() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let target = Target::start(directory.path()).await;
    let exporter_binary = std::env::var(EXPORTER_VARIABLE).unwrap_or_else(|_| EXPORTER.to_owned());
    let with_exporter = Command::new(&exporter_binary).arg("--version").output().is_ok();
    if !with_exporter {
        println!("\n{EXPORTER} is not installed: the agent is measured alone");
    }

    println!(
        "\nOne check, processor time in ms of the whole process; checks a second: asked for, and made by each"
    );
    println!(
        "{:<28}{:>8}{:>8}{:>10}{:>10}{:>10}{:>10}{:>10}",
        "", "asked", "agent", "exporter", "agent", "exporter", "ratio", "target"
    );
    let mut memory = None;
    for (what, url, monitors, wanted) in [
        ("HTTP", &target.http, 10_000, 0.5),
        ("HTTPS, verified, P-256", &target.https, 10_000, 0.9),
    ] {
        let agent = of_agent(directory.path(), &target, url, monitors).await;
        let rate = f64::from(monitors) / f64::from(INTERVAL_S);
        let exporter = if with_exporter {
            exporter::measure(&exporter_binary, directory.path(), url, rate).await
        } else {
            Pace::UNKNOWN
        };
        println!(
            "{what:<28}{rate:>8.0}{:>8.0}{:>10.0}{:>10.3}{:>10.3}{:>10.2}{:>10}",
            agent.pace.checks_s,
            exporter.checks_s,
            agent.pace.cpu_ms,
            exporter.cpu_ms,
            agent.pace.cpu_ms / exporter.cpu_ms,
            format!("<= {wanted}")
        );
        memory.get_or_insert((monitors, agent));
    }

    let paced = of_agent(directory.path(), &target, &target.http, 5_000).await;
    println!(
        "\nSchedule of 5,000 monitors at {INTERVAL_S} s: how late checks are begun, ms (target: p99 <= 250)"
    );
    println!("{:>10}{:>10}{:>10}", "p50", "p99", "max");
    println!(
        "{:>10}{:>10}{:>10}",
        paced.late_ms(50),
        paced.late_ms(99),
        paced.late_ms(100)
    );
    if let Some((monitors, agent)) = memory {
        println!("\nMemory at {monitors} monitors every {INTERVAL_S} s (target: <= 64 MiB)");
        println!("{:>14}{:>14}", "resident, MiB", "peak, MiB");
        println!("{:>14.1}{:>14.1}", agent.resident_mib, agent.peak_mib);
    }
}

/// How fast checks were made, and for how much processor time each.
struct Pace {
    checks_s: f64,
    cpu_ms: f64,
}

impl Pace {
    const UNKNOWN: Self = Self {
        checks_s: f64::NAN,
        cpu_ms: f64::NAN,
    };
}

/// What was measured of an agent.
struct Measured {
    pace: Pace,
    late_ms: Vec<i64>,
    resident_mib: f64,
    peak_mib: f64,
}

impl Measured {
    fn late_ms(&self, percent: usize) -> i64 {
        let last = self.late_ms.len().saturating_sub(1);
        self.late_ms.get(last * percent / 100).copied().unwrap_or(-1)
    }
}

async fn of_agent(directory: &Path, target: &Target, url: &str, monitors: i32) -> Measured {
    let aggregator = StandIn::start(url, monitors).await;
    let state = directory.join("agent");
    let _ = fs::remove_dir_all(&state);
    let agent = Running(
        Command::new(binary("edgewatch-agent"))
            .env("EDGEWATCH_REGION", REGION)
            .env("EDGEWATCH_AGGREGATOR_URL", &aggregator.origin)
            .env("EDGEWATCH_ENROLMENT_TOKEN", "bench")
            .env("EDGEWATCH_STATE_DIR", &state)
            .env("EDGEWATCH_EXTRA_ROOTS", &target.ca)
            .env("EDGEWATCH_LOG", "error")
            .stdin(Stdio::null())
            .spawn()
            .expect("the agent starts"),
    );
    sleep(WARM_UP).await;
    aggregator.seen().clear();
    let (before, began) = (cpu::of_tree(agent.0.id()), Instant::now());
    sleep(MEASURED).await;
    let spent = cpu::of_tree(agent.0.id()).saturating_sub(before);
    let seconds = began.elapsed().as_secs_f64();
    let (resident_mib, peak_mib) = (memory::resident_mib(agent.0.id()), memory::peak_mib(agent.0.id()));
    let mut late_ms = std::mem::take(&mut *aggregator.seen());
    let wanted = seconds * f64::from(monitors) / f64::from(INTERVAL_S);
    assert!(
        late_ms.len() as f64 > wanted * 0.6,
        "{} checks of {wanted:.0} were made",
        late_ms.len()
    );
    // What is made in a second is sent some seconds later, so that it is counted by the schedule, unless that is not kept.
    let keeps_up = late_ms.len() as f64 > wanted * 0.9;
    let made = if keeps_up { wanted } else { late_ms.len() as f64 };
    late_ms.sort_unstable();
    Measured {
        pace: Pace {
            checks_s: made / seconds,
            cpu_ms: spent.as_secs_f64() * 1000.0 / made,
        },
        late_ms,
        resident_mib,
        peak_mib,
    }
}

/// A process that ends with the value that stands for it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
