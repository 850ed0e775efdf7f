//! `blackbox_exporter`, asked for its probes as Prometheus asks.

use super::{MEASURED, Pace, Running, WARM_UP};
use crate::cpu;
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};

/// Requests for probes that are under way at a time, at most.
const PROBERS: usize = 64;

/// How fast it makes checks of `url`, asked for `rate` a second.
pub async fn measure(binary: &str, directory: &Path, url: &str, rate: f64) -> Pace {
    let config = directory.join("blackbox.yml");
    let ca = directory.join("ca.pem");
    let text = format!(
        "modules:\n  check:\n    prober: http\n    timeout: 5s\n    http:\n      preferred_ip_protocol: ip4\n      tls_config:\n        ca_file: {}\n",
        ca.display()
    );
    fs::write(&config, text).expect("the exporter's configuration");
    let address = TcpListener::bind("127.0.0.1:0")
        .await
        .and_then(|listener| listener.local_addr())
        .expect("a free port");
    let exporter = Running(
        Command::new(binary)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the exporter starts"),
    );
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(PROBERS)
        .build()
        .expect("a client");
    let asked = format!("http://{address}/probe?module=check&target={url}");
    let probe = move |client: reqwest::Client, asked: String| async move {
        let answer = client.get(&asked).send().await.ok()?.text().await.ok()?;
        answer.contains("\nprobe_success 1").then_some(())
    };
    while probe(client.clone(), asked.clone()).await.is_none() {
        sleep(Duration::from_millis(200)).await;
    }
    let mut figures = (Duration::ZERO, Instant::now());
    let (mut made, mut failed) = (0_u32, 0_u32);
    let mut under_way = JoinSet::new();
    let mut pace = interval(Duration::from_secs_f64(0.005));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let start = Instant::now();
    let (mut asked_for, mut is_measured) = (0.0, false);
    loop {
        pace.tick().await;
        let elapsed = start.elapsed();
        if !is_measured && elapsed >= WARM_UP / 3 {
            is_measured = true;
            (made, failed) = (0, 0);
            figures = (cpu::of_tree(exporter.0.id()), Instant::now());
        }
        if is_measured && figures.1.elapsed() >= MEASURED {
            break;
        }
        while asked_for < elapsed.as_secs_f64() * rate {
            asked_for += 1.0;
            if under_way.len() < PROBERS {
                under_way.spawn(probe(client.clone(), asked.clone()));
            }
        }
        while let Some(ended) = under_way.try_join_next() {
            match ended {
                Ok(Some(())) => made += 1,
                _ => failed += 1,
            }
        }
    }
    let spent = cpu::of_tree(exporter.0.id()).saturating_sub(figures.0);
    assert!(
        failed <= made / 100,
        "{failed} probes of the exporter's failed, {made} did not"
    );
    Pace {
        checks_s: f64::from(made) / figures.1.elapsed().as_secs_f64(),
        cpu_ms: spent.as_secs_f64() * 1000.0 / f64::from(made),
    }
}
