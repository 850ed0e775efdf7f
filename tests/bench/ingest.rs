//! Ingest: signed batches over HTTP, beside the bare insertion of the same rows into the same table; while another replica
//! judges what comes, and while the same process does.

use crate::median;
use edgewatch_aggregator::store::result_rows::ResultRows;
use edgewatch_protocol::{
    batch::{BatchReceipt, MAX_OBSERVATIONS},
    digest::sha256_hex,
    observation::{CertificateFacts, HttpFacts, Observation},
    path,
    phase::{Phase, PhaseTime},
    slot::GRAIN_MS,
};
use edgewatch_tests::system::{
    Aggregator, Api, Directory, NativeProbe, SignedRequest, connect_database, json_bytes, now_ms, up,
};
use serde_json::json;
use sqlx::PgConnection;
use std::{
    net::Ipv4Addr,
    path::Path,
    time::{Duration, Instant},
};

/// Batches that each connection sends in a run.
const BATCHES: u64 = 120;

/// Runs of each kind; the middle one is shown. What comes first takes turns: whoever is second finds the pages of the index
/// where the same rows go in memory, and room in those that the first has split.
const RUNS: u64 = 5;

/// How long judging what came in a run may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Probes, each in a region of its own, that send at the same time.
const CONNECTIONS: [usize; 2] = [1, 4];

/// What batches are like.
#[derive(Clone, Copy)]
struct Shape {
    name: &'static str,
    /// How many monitors the observations of a batch are of.
    monitors: i32,
    /// Sent as a Zstandard frame, as agents do, or as JSON, as Workers do.
    compressed: bool,
}

/// All observations of another monitor, as in a usual round, or the backlog of some.
const SHAPES: [Shape; 3] = [
    Shape {
        name: "500 monitors x 1 slot",
        monitors: 500,
        compressed: true,
    },
    Shape {
        name: "50 monitors x 10 slots",
        monitors: 50,
        compressed: true,
    },
    Shape {
        name: "500 x 1, as JSON",
        monitors: 500,
        compressed: false,
    },
];

/// The number of no batch: what is inserted bare.
const BARE: i64 = 0;

/// A probe and the head of its chain.
struct Sender {
    probe: NativeProbe,
    seq: u64,
    head: Option<Vec<u8>>,
}

/// One run's work of one probe.
struct Work {
    requests: Vec<SignedRequest>,
    observations: Vec<Vec<Observation>>,
}

pub async fn measure() {
    let directory = Directory::new();
    let aggregator = Aggregator::start_with(directory.path(), &[("EDGEWATCH_LOG", "warn")]).await;
    let api = Api::sign_in(&aggregator).await;
    let most = CONNECTIONS.into_iter().max().unwrap_or(1);
    let mut senders = Vec::new();
    for number in 0..most {
        senders.push(Sender {
            probe: NativeProbe::enrolled(&aggregator, &format!("region-{number}")).await,
            seq: 0,
            head: None,
        });
    }
    for number in 1..=MAX_OBSERVATIONS {
        let check = json!({"type": "http", "url": "https://example.org/"});
        api.create_monitor(&json!({"name": number.to_string(), "check": check}))
            .await;
    }

    println!(
        "\nIngest, batches of {MAX_OBSERVATIONS}, rows/s (each commit on the disk, both on one machine)"
    );
    println!(
        "{:<24}{:>6}{:>12}{:>12}{:>12}{:>8}{:>14}",
        "", "conn.", "bare", "ingest", "and judged", "ratio", "judged too"
    );
    let mut database = connect_database(directory.path()).await;
    let (mut first_slot_ms, mut sent) = (now_ms() - 36 * 3_600_000, 0);
    for shape in SHAPES {
        for connections in CONNECTIONS {
            let (mut bare, mut ingest, mut judged) = (Vec::new(), Vec::new(), Vec::new());
            for run in 0..RUNS {
                for (number, judges) in [false, true].into_iter().enumerate() {
                    let mut work = Vec::new();
                    for sender in &mut senders[..connections] {
                        work.push(prepare(sender, shape, first_slot_ms));
                    }
                    // Never past now: what comes from the future is not stored.
                    first_slot_ms += BATCHES as i64 * GRAIN_MS;
                    let rows = BATCHES as usize * MAX_OBSERVATIONS * connections;
                    sent += rows as i64;
                    let rows = rows as f64;
                    let observations: Vec<_> = work.iter().map(|work| work.observations.clone()).collect();
                    let rates = if judges { &mut judged } else { &mut ingest };
                    let bare_first = (run + number as u64) % 2 == 1;
                    if bare_first {
                        bare.push(rows / insert(directory.path(), &observations).await);
                    }
                    let_judge(&mut database, judges).await;
                    rates.push(rows / send(work).await);
                    let_judge(&mut database, true).await;
                    wait_until_judged(&mut database).await;
                    if !bare_first {
                        bare.push(rows / insert(directory.path(), &observations).await);
                    }
                }
            }
            let (bare, ingest, judged) = (median(bare), median(ingest), median(judged));
            println!(
                "{:<24}{connections:>6}{bare:>12.0}{ingest:>12.0}{judged:>12.0}{:>8.2}{:>14.2}",
                shape.name,
                ingest / bare,
                judged / bare
            );
        }
    }
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM result WHERE batch_id <> $1")
        .bind(BARE)
        .fetch_one(&mut connect_database(directory.path()).await)
        .await
        .expect("a count");
    assert_eq!(stored, sent, "every observation that was sent is a result");
}

/// Lets the aggregator judge what comes, or leaves that to a replica that is not there.
pub async fn let_judge(database: &mut PgConnection, judges: bool) {
    let active = if judges {
        "'-infinity'"
    } else {
        "now() + interval '1 hour'"
    };
    let sql = format!("UPDATE evaluator SET instance = gen_random_uuid(), active_at = {active}");
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .execute(&mut *database)
        .await
        .expect("the evaluator is another one");
}

/// What has come does not take part in what is measured next.
async fn wait_until_judged(database: &mut PgConnection) {
    let begun = Instant::now();
    loop {
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM evaluation_queue")
            .fetch_one(&mut *database)
            .await
            .expect("a count");
        if left == 0 {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{left} batches wait to be judged");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The slots that a batch holds of each monitor.
fn slots_of_batch(monitors: i32) -> i64 {
    MAX_OBSERVATIONS as i64 / i64::from(monitors)
}

fn prepare(sender: &mut Sender, shape: Shape, first_slot_ms: i64) -> Work {
    let monitors = shape.monitors;
    let (mut requests, mut all) = (Vec::new(), Vec::new());
    for batch in 0..BATCHES as i64 {
        // Ten batches of ten slots each are of different monitors: all is over as many slots as there are batches.
        let slots = slots_of_batch(monitors);
        let (round, group) = (batch / slots, (batch % slots) as i32);
        let observations: Vec<_> = (0..slots)
            .flat_map(|slot| {
                let slot_ms = first_slot_ms + (round * slots + slot) * GRAIN_MS;
                (1..=monitors).map(move |monitor| seen(group * monitors + monitor, slot_ms))
            })
            .collect();
        sender.seq += 1;
        let batch = sender
            .probe
            .batch(sender.seq, sender.head.as_deref(), observations.clone());
        let json = json_bytes(&batch);
        let bytes = if shape.compressed {
            zstd::bulk::compress(&json, 1).expect("a frame")
        } else {
            json
        };
        requests.push(sender.probe.post(path::BATCHES, bytes.clone()));
        sender.head = Some(bytes);
        all.push(observations);
    }
    Work {
        requests,
        observations: all,
    }
}

/// Seconds until every batch is acknowledged.
async fn send(work: Vec<Work>) -> f64 {
    let start = Instant::now();
    let senders: Vec<_> = work
        .into_iter()
        .map(|work| {
            tokio::spawn(async move {
                for request in work.requests {
                    let receipt: BatchReceipt = request.send().await.expect("the batch is taken");
                    assert!(!receipt.duplicate);
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.expect("the sender ends");
    }
    start.elapsed().as_secs_f64()
}

/// Seconds until the same rows are inserted by the same statement and nothing else is done.
async fn insert(directory: &Path, work: &[Vec<Vec<Observation>>]) -> f64 {
    let mut connections = Vec::new();
    for batches in work {
        let rows: Vec<_> = batches.iter().map(|observations| rows(observations)).collect();
        connections.push((connect_database(directory).await, rows));
    }
    let start = Instant::now();
    let inserters: Vec<_> = connections
        .into_iter()
        .map(|(mut connection, batches)| {
            tokio::spawn(async move {
                for rows in batches {
                    insert_bare(&mut connection, &rows).await;
                }
            })
        })
        .collect();
    for inserter in inserters {
        inserter.await.expect("the inserter ends");
    }
    start.elapsed().as_secs_f64()
}

async fn insert_bare(database: &mut PgConnection, rows: &ResultRows) {
    let mut statement = sqlx::query(
        "INSERT INTO result (batch_id, region_id, time, monitor_id, lag_ms, dns_us, tcp_us, tls_us, request_us,
                             ttfb_us, body_us, total_us, position, outcome, reason, http_status, message)
         SELECT $1, 1, * FROM UNNEST(
             $2::timestamptz[], $3::int4[], $4::int4[], $5::int4[], $6::int4[], $7::int4[], $8::int4[], $9::int4[],
             $10::int4[], $11::int4[], $12::int2[], $13::int2[], $14::int2[], $15::int2[], $16::text[])",
    )
    .bind(BARE)
    .bind(&rows.time[..])
    .bind(&rows.monitor_id[..])
    .bind(&rows.lag_ms[..]);
    for phase in &rows.phases_us {
        statement = statement.bind(&phase[..]);
    }
    statement
        .bind(&rows.total_us[..])
        .bind(&rows.position[..])
        .bind(&rows.outcome[..])
        .bind(&rows.reason[..])
        .bind(&rows.http_status[..])
        .bind(&rows.message[..])
        .execute(database)
        .await
        .expect("the rows are inserted");
}

/// What an HTTPS check that was up says.
pub fn seen(monitor: i32, slot_ms: i64) -> Observation {
    let mut observation = up(monitor, slot_ms, 90_000);
    let digest = |text: &str| sha256_hex(format!("{text} {monitor}").as_bytes());
    observation
        .sight
        .phases
        .set(Phase::Dns, PhaseTime::Measured(4_000));
    observation
        .sight
        .phases
        .set(Phase::Tls, PhaseTime::Measured(21_000));
    observation.sight.http = Some(HttpFacts {
        status: Some(200),
        protocol: Some("HTTP/1.1".to_owned()),
        body_bytes: 5_120,
        body_sha256: Some(digest("body")),
        ..HttpFacts::default()
    });
    observation.sight.address = Some(Ipv4Addr::new(192, 0, 2, 1).into());
    observation.sight.certificate = Some(CertificateFacts {
        fingerprint: digest("certificate"),
        subject: "www.example.org".to_owned(),
        issuer: "Example Authority R3".to_owned(),
        names: vec!["example.org".to_owned(), "www.example.org".to_owned()],
        not_before_ms: slot_ms,
        not_after_ms: slot_ms,
        tls_version: "TLSv1.3".to_owned(),
        cipher_suite: "TLS13_AES_128_GCM_SHA256".to_owned(),
        key_algorithm: "EC P-256".to_owned(),
        key_bits: None,
        signature_algorithm: "ECDSA SHA-384".to_owned(),
    });
    observation
}

fn rows(observations: &[Observation]) -> ResultRows {
    let mut rows = ResultRows::default();
    for (position, observation) in observations.iter().enumerate() {
        let at = chrono::DateTime::from_timestamp_millis(observation.started_ms);
        rows.push(position, at.expect("a time of our days"), observation);
    }
    rows
}
