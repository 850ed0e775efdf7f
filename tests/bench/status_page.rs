//! The public status page under load: how many requests a second, and how long the slowest hundredth takes, beside a static file
//! of the same server; with the cache warm, and with the database standing still. And how long the snapshot of a large page takes.

use crate::median;
use edgewatch_aggregator::{clock::Clock, secret::Secrets, state::AppState};
use edgewatch_tests::system::{Aggregator, Api, Directory, connect_database, database_options, repository};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::{Value, json};
use std::{fs, path::Path, time::Duration};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    task::JoinSet,
    time::Instant,
};

const CONNECTIONS: usize = 32;
const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(5);
/// Of what a static file does.
const ASKED: f64 = 0.5;
const COMPONENTS: usize = 30;
/// Of the large page.
const MONITORS: usize = 500;
const CHANGES: usize = 40;
const TIMES: usize = 9;

pub async fn measure() {
    let directory = Directory::new();
    let aggregator = Aggregator::start_with(directory.path(), &[("EDGEWATCH_LOG", "warn")]).await;
    let api = Api::sign_in(&aggregator).await;
    let check = json!({"type": "http", "url": "https://example.org/"});
    let mut components = Vec::new();
    for number in 0..COMPONENTS {
        let monitor = api
            .create_monitor(&json!({"name": number.to_string(), "check": check}))
            .await;
        let source = json!({"type": "monitors", "monitors": [monitor]});
        components.push(json!({"name": format!("Component {number}"), "source": source}));
    }
    let page = json!({"slug": "shop", "title": "Shop", "components": components});
    api.create_status_page(&page).await;
    // It is shown as soon as a snapshot is taken.
    tokio::time::sleep(Duration::from_secs(3)).await;

    let manifest = fs::read(repository().join("ui/dist/manifest.json"))
        .expect("ui/dist/manifest.json: run `make build`");
    let manifest: Value = serde_json::from_slice(&manifest).expect("a manifest");
    let style = manifest["public.css"]
        .as_str()
        .expect("the style of public pages");

    println!("\nStatus page of {COMPONENTS} components, {CONNECTIONS} connections, br");
    println!(
        "{:<44}{:>12}{:>12}{:>12}{:>10}",
        "", "requests/s", "p50 ms", "p99 ms", "bytes"
    );
    let address = aggregator.origin().trim_start_matches("http://").to_owned();
    let file = load(&address, &format!("/assets/{style}")).await;
    file.print("static file", None);
    let warm = load(&address, "/status/shop").await;
    warm.print("status page", Some(&file));
    let database = database_processes(directory.path());
    let signal = |signal| {
        for pid in &database {
            kill(*pid, signal).expect("a process of the database");
        }
    };
    signal(Signal::SIGSTOP);
    let without = load(&address, "/status/shop").await;
    signal(Signal::SIGCONT);
    without.print("status page, the database standing still", Some(&file));
    snapshots(directory.path(), &api).await;
}

/// How long the snapshots take that each replica takes every eight seconds, with a page of many monitors among them.
async fn snapshots(directory: &Path, api: &Api) {
    let mut db = connect_database(directory).await;
    // Of the one that there is: what is secret of them is not read here.
    sqlx::query(
        "INSERT INTO monitor (name, definition, kind, target, interval_s, timeout_ms, retries, quorum, confirmations, recoveries,
             state_since, created_at, updated_at)
         SELECT 'many ' || n, definition, kind, target, interval_s, timeout_ms, retries, quorum, confirmations, recoveries,
             now(), now() - interval '91 days', now()
         FROM (SELECT * FROM monitor ORDER BY id LIMIT 1) m, generate_series(1, $1) n",
    )
    .bind(MONITORS as i32)
    .execute(&mut db)
    .await
    .expect("many monitors");
    sqlx::query(
        "INSERT INTO state_interval (monitor_id, from_at, state, measured, earliest_at)
         SELECT id, at, n % 2 * 2, n % 2 * 2, at
         FROM monitor, generate_series(0, $1) n, LATERAL (SELECT now() - (91.0 - n * 90.0 / $1) * interval '1 day' AS at) a
         WHERE name LIKE 'many %'",
    )
    .bind(CHANGES as i32)
    .execute(&mut db)
    .await
    .expect("their records");
    let ids: Vec<i32> = sqlx::query_scalar("SELECT id FROM monitor WHERE name LIKE 'many %' ORDER BY id")
        .fetch_all(&mut db)
        .await
        .expect("their numbers");
    let components: Vec<_> = ids
        .chunks(5)
        .enumerate()
        .map(|(n, monitors)| json!({"name": format!("Part {n}"), "source": {"type": "monitors", "monitors": monitors}}))
        .collect();
    api.create_status_page(&json!({"slug": "large", "title": "Large", "components": components}))
        .await;
    let pool = sqlx::PgPool::connect_with(database_options(directory))
        .await
        .expect("the database");
    let secrets = Secrets::from_text(&"bench".repeat(8)).expect("a secret");
    let state = AppState::new(pool, Clock::system(), secrets);
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let begun = Instant::now();
        state.take_status_pages().await.expect("snapshots");
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    println!(
        "{:<44}{:>12.1}  ms, median of {TIMES}; {MONITORS} monitors on a page, {CHANGES} changes each in 90 days",
        "snapshots of all pages",
        median(times)
    );
}

/// The embedded database: its first process, and those that serve connections, each in a group of its own.
fn database_processes(directory: &Path) -> Vec<Pid> {
    let pid_file = directory.join("data/postgres/cluster/postmaster.pid");
    let text = fs::read_to_string(pid_file).expect("a running database");
    let first: i32 = (text.lines().next().and_then(|line| line.trim().parse().ok())).expect("its number");
    let parent = |pid: i32| -> Option<i32> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // Behind the name, which may hold anything: the state, and the parent.
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let all = fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let mut processes = vec![first];
    processes.extend(all.filter(|pid| parent(*pid) == Some(first)));
    processes.into_iter().map(Pid::from_raw).collect()
}

/// What a load came to.
struct Load {
    per_second: f64,
    /// Sorted.
    times_ms: Vec<f64>,
    bytes: usize,
}

impl Load {
    fn at(&self, share: f64) -> f64 {
        let index = (self.times_ms.len() as f64 * share) as usize;
        self.times_ms
            .get(index.min(self.times_ms.len().saturating_sub(1)))
            .copied()
            .unwrap_or(f64::NAN)
    }

    fn print(&self, name: &str, file: Option<&Self>) {
        let (p50, p99) = (self.at(0.5), self.at(0.99));
        print!(
            "{name:<44}{:>12.0}{p50:>12.2}{p99:>12.2}{:>10}",
            self.per_second, self.bytes
        );
        match file {
            Some(file) => println!(
                "  {:.2} of the file, asked {ASKED}",
                self.per_second / file.per_second
            ),
            None => println!(),
        }
    }
}

async fn load(address: &str, path: &str) -> Load {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\naccept-encoding: br\r\n\r\n");
    let begins = Instant::now() + WARM_UP;
    let mut visitors = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (address, request) = (address.to_owned(), request.clone());
        visitors.spawn(async move { visit(&address, &request, begins).await });
    }
    let (mut times_ms, mut bytes) = (Vec::new(), 0);
    while let Some(visitor) = visitors.join_next().await {
        let (times, length) = visitor.expect("a visitor that was answered");
        times_ms.extend(times);
        bytes = length;
    }
    times_ms.sort_by(f64::total_cmp);
    Load {
        per_second: times_ms.len() as f64 / MEASURED.as_secs_f64(),
        times_ms,
        bytes,
    }
}

/// Asks again and again on one connection; how long each answer took in the time that is measured, and how long it was.
async fn visit(address: &str, request: &str, begins: Instant) -> (Vec<f64>, usize) {
    let mut connection = BufReader::new(TcpStream::connect(address).await.expect("a connection"));
    connection.get_ref().set_nodelay(true).expect("a TCP connection");
    let (mut times, mut length, mut body) = (Vec::new(), 0, Vec::new());
    while begins.elapsed() < MEASURED {
        let asked = Instant::now();
        connection
            .write_all(request.as_bytes())
            .await
            .expect("a server that reads");
        let mut line = String::new();
        connection.read_line(&mut line).await.expect("an answer");
        assert!(line.starts_with("HTTP/1.1 200"), "{line}");
        while line.trim_end() != "" {
            line.clear();
            connection.read_line(&mut line).await.expect("a whole head");
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        body.resize(length, 0);
        connection.read_exact(&mut body).await.expect("a whole answer");
        if asked >= begins {
            times.push(asked.elapsed().as_secs_f64() * 1000.0);
        }
    }
    (times, length)
}
