//! The agent: processor time of a check beside `blackbox_exporter` against the same target in the same run, how late
//! checks are begun, and memory.
//!
//! The built agent runs against a stand-in for the aggregator that takes whatever it is sent, so that its cost holds all
//! that it does: the schedule, the check, keeping, sealing, signing and sending. `blackbox_exporter` is asked for its
//! probes as Prometheus asks, over connections that are kept.

use crate::cpu;
use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use edgewatch_protocol::{
    assignment::{Assignment, Assignments},
    batch::{Batch, BatchReceipt, ChainHead},
    check::{Check, HttpCheck},
    content_coding::content_coding,
    digest::sha256_hex,
    enrolment::{EnrolmentResponse, ProbeStatus},
    identity::Fingerprint,
    name::{MonitorId, Region},
    observation::OutcomeState,
    path,
    slot::spread_ms,
    version::Version,
};
use edgewatch_tests::system::binary;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

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

/// Requests for probes that are under way at a time, at most.
const PROBERS: usize = 64;

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
            of_exporter(&exporter_binary, directory.path(), url, rate).await
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
    let (resident_mib, peak_mib) = (
        memory_mib(agent.0.id(), "VmRSS:"),
        memory_mib(agent.0.id(), "VmHWM:"),
    );
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

/// The same of the exporter.
async fn of_exporter(binary: &str, directory: &Path, url: &str, rate: f64) -> Pace {
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

/// A process that ends with the value that stands for it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A figure of `/proc/…/status`.
fn memory_mib(process: u32, field: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kib = line.and_then(|line| line.split_ascii_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(f64::NAN) / 1024.0
}

/// What takes an agent's batches, and counts how late the checks in them were begun.
struct StandIn {
    origin: String,
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

struct Shared {
    assignments: Vec<u8>,
    region: Region,
    late_ms: Mutex<Vec<i64>>,
}

impl StandIn {
    async fn start(url: &str, monitors: i32) -> Self {
        let region: Region = REGION.parse().expect("a region");
        let assignment = |id| Assignment {
            monitor: MonitorId(id),
            revision: 1,
            interval_s: INTERVAL_S,
            timeout_ms: 5_000,
            retries: 0,
            from_ms: None,
            until_ms: None,
            check: Check::Http(HttpCheck::get(url)),
        };
        let assignments = Assignments {
            version: Version::CURRENT,
            region: region.clone(),
            monitors: (1..=monitors).map(assignment).collect(),
            tests: Vec::new(),
        };
        let shared = Arc::new(Shared {
            assignments: serde_json::to_vec(&assignments).expect("assignments"),
            region,
            late_ms: Mutex::default(),
        });
        let router = Router::new()
            .route(path::ENROLMENTS, post(enrol))
            .route(path::ASSIGNMENTS, get(assign))
            .route(
                path::CHAIN,
                get(async || Json(ChainHead { seq: 0, digest: None })),
            )
            .route(path::BATCHES, post(take))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("its address"));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.expect("the stand-in serves") });
        Self {
            origin,
            shared,
            _server: server,
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Vec<i64>> {
        self.shared.late_ms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn enrol() -> Json<EnrolmentResponse> {
    Json(EnrolmentResponse {
        fingerprint: Fingerprint("0".repeat(32)),
        status: ProbeStatus::Approved,
    })
}

async fn assign(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    const ETAG: &str = "\"1\"";
    if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known == ETAG)
    {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    ([(header::ETAG, ETAG)], shared.assignments.clone()).into_response()
}

async fn take(State(shared): State<Arc<Shared>>, body: Bytes) -> Json<BatchReceipt> {
    let json = match content_coding(&body) {
        Some(_) => zstd::stream::decode_all(&body[..]).expect("a frame"),
        None => body.to_vec(),
    };
    let batch: Batch = serde_json::from_slice(&json).expect("a batch");
    let late_ms = batch.observations.iter().map(|seen| {
        assert_eq!(seen.sight.outcome.state(), OutcomeState::Up, "{seen:?}");
        seen.started_ms - seen.slot_ms - spread_ms(seen.monitor, &shared.region)
    });
    shared
        .late_ms
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .extend(late_ms);
    let head = ChainHead {
        seq: batch.seq,
        digest: Some(sha256_hex(&body)),
    };
    Json(BatchReceipt {
        seq: batch.seq,
        duplicate: false,
        head,
    })
}

/// What is checked: it answers every request with a small page and closes the connection.
struct Target {
    http: String,
    https: String,
    ca: std::path::PathBuf,
    _servers: JoinSet<()>,
}

impl Target {
    async fn start(directory: &Path) -> Self {
        let (listener, address) = listen().await;
        let (tls_listener, tls_address) = listen().await;
        let (config, ca_pem) = tls_config();
        let ca = directory.join("ca.pem");
        fs::write(&ca, ca_pem).expect("the authority's certificate");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let mut servers = JoinSet::new();
        servers.spawn(accept(listener, |stream| async {
            let _ = answer(stream).await;
        }));
        servers.spawn(accept(tls_listener, move |stream| {
            let acceptor = acceptor.clone();
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    let _ = answer(stream).await;
                }
            }
        }));
        Self {
            http: format!("http://{address}/"),
            https: format!("https://{tls_address}/"),
            ca,
            _servers: servers,
        }
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    (listener, address)
}

async fn accept<F>(listener: TcpListener, serve: impl Fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::spawn(serve(stream));
        }
    }
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    let mut request = [0; 2_048];
    let mut length = 0;
    while !request[..length].ends_with(b"\r\n\r\n") {
        match stream.read(&mut request[length..]).await? {
            0 => return Ok(()),
            more => length += more,
        }
    }
    let page = "x".repeat(1_000);
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}",
        page.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// A leaf on P-256 for 127.0.0.1, signed by an authority of this run.
fn tls_config() -> (ServerConfig, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer =
        CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
    let leaf_key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()])
        .and_then(|params| params.signed_by(&leaf_key, &issuer))
        .expect("a certificate");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .expect("the certificate's key");
    // Nobody resumes.
    config.send_tls13_tickets = 0;
    (config, issuer.pem())
}
