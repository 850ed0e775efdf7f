//! Evidence: what a signed batch takes on the disk while it is new, once it is packed, and what the log takes for good, for each
//! observation; and what packing costs.

use crate::{cpu, ingest::seen};
use edgewatch_protocol::{
    observation::Observation,
    path,
    phase::{Phase, PhaseTime},
};
use edgewatch_tests::system::{
    Aggregator, Api, Directory, NativeProbe, connect_database, json_bytes, now_ms,
};
use serde_json::json;
use sqlx::PgConnection;
use std::time::{Duration, Instant};

/// Batches of each kind.
const BATCHES: u64 = 600;

/// How long the log may be behind.
const PATIENCE: Duration = Duration::from_mins(2);

/// What batches are like: how many monitors are in each, a minute apart, and how many rounds.
struct Shape {
    name: &'static str,
    monitors: i32,
    rounds: i64,
    compressed: bool,
}

/// How long packing may take.
const PACKED_WITHIN: Duration = Duration::from_mins(5);

/// How long is looked at what is used while nothing is packed.
const IDLE: Duration = Duration::from_secs(10);

const SHAPES: [Shape; 5] = [
    Shape {
        name: "10 monitors, JSON",
        monitors: 10,
        rounds: 1,
        compressed: false,
    },
    Shape {
        name: "100 monitors, JSON",
        monitors: 100,
        rounds: 1,
        compressed: false,
    },
    Shape {
        name: "10 monitors, compressed",
        monitors: 10,
        rounds: 1,
        compressed: true,
    },
    Shape {
        name: "100 monitors, compressed",
        monitors: 100,
        rounds: 1,
        compressed: true,
    },
    Shape {
        name: "50 monitors x 10, compressed",
        monitors: 50,
        rounds: 10,
        compressed: true,
    },
];

pub async fn measure() {
    let directory = Directory::new();
    let aggregator = Aggregator::start_with(directory.path(), &[("EDGEWATCH_LOG", "warn")]).await;
    let api = Api::sign_in(&aggregator).await;
    for number in 1..=100 {
        let check = json!({"type": "http", "url": "https://example.org/"});
        api.create_monitor(&json!({"name": number.to_string(), "check": check}))
            .await;
    }
    println!("\nEvidence, bytes on the disk for each observation, {BATCHES} batches a probe");
    println!(
        "{:<30}{:>10}{:>12}{:>10}{:>10}{:>12}{:>10}{:>15}",
        "", "body", "signature", "batch", "log", "in the log", "packed", "CPU to pack"
    );
    let mut database = connect_database(directory.path()).await;
    for (number, shape) in SHAPES.iter().enumerate() {
        let probe = NativeProbe::enrolled(&aggregator, &format!("region-{number}")).await;
        let before = sizes(&mut database).await;
        send(&probe, shape).await;
        let behind = wait_for_log(&mut database).await;
        let after = sizes(&mut database).await;
        let packed = pack(&aggregator, &mut database).await;
        let observations = BATCHES as f64 * f64::from(shape.monitors) * shape.rounds as f64;
        let [body, signature, batch, log] =
            std::array::from_fn(|n| (after[n] - before[n]) as f64 / observations);
        println!(
            "{:<30}{body:>10.1}{signature:>12.1}{batch:>10.1}{log:>10.2}{:>10.1} s{:>10.1}{:>12.1} us",
            shape.name,
            behind.as_secs_f64(),
            packed.bytes as f64 / observations,
            packed.cpu.as_secs_f64() * 1e6 / observations
        );
    }
}

/// Bytes: of bodies, of signatures, of all that is kept of batches with indices, of the log.
async fn sizes(database: &mut PgConnection) -> [i64; 4] {
    let statements = [
        "SELECT coalesce(sum(octet_length(body)), 0)::int8 FROM batch",
        "SELECT coalesce(sum(octet_length(signature_input) + octet_length(signature)), 0)::int8 FROM batch",
        "SELECT pg_total_relation_size('batch')",
        "SELECT pg_total_relation_size('log_tile') + pg_total_relation_size('log_tail')",
    ];
    let mut sizes = [0; 4];
    for (size, statement) in sizes.iter_mut().zip(statements) {
        *size = sqlx::query_scalar(statement)
            .fetch_one(&mut *database)
            .await
            .expect("a size");
    }
    sizes
}

async fn send(probe: &NativeProbe, shape: &Shape) {
    let first_slot_ms = now_ms() / 60_000 * 60_000 - 12 * 3_600_000;
    let mut head: Option<Vec<u8>> = None;
    for seq in 1..=BATCHES {
        let observations = (0..shape.rounds)
            .flat_map(|round| {
                let slot_ms = first_slot_ms + (seq as i64 * shape.rounds + round) % 700 * 60_000;
                (1..=shape.monitors).map(move |monitor| differing(monitor, slot_ms, seq))
            })
            .collect();
        let bytes = json_bytes(&probe.batch(seq, head.as_deref(), observations));
        let bytes = if shape.compressed {
            zstd::bulk::compress(&bytes, 1).expect("a frame")
        } else {
            bytes
        };
        let request = probe.post(path::BATCHES, bytes.clone());
        let _: edgewatch_protocol::batch::BatchReceipt = request.send().await.expect("the batch is taken");
        head = Some(bytes);
    }
}

/// What packing brought.
struct Packed {
    /// What it takes on the disk, with indices.
    bytes: i64,
    /// Processor time that it took, the database's too.
    cpu: Duration,
}

/// Has all batches packed, as if they had come long ago.
async fn pack(aggregator: &Aggregator, database: &mut PgConnection) -> Packed {
    const SIZE: &str = "SELECT pg_total_relation_size('batch_pack')";
    let before: i64 = sqlx::query_scalar(SIZE)
        .fetch_one(&mut *database)
        .await
        .expect("a size");
    let (idle, begun) = (cpu::of_tree(aggregator.id()), Instant::now());
    tokio::time::sleep(IDLE).await;
    let idle =
        cpu::of_tree(aggregator.id()).saturating_sub(idle).as_secs_f64() / begun.elapsed().as_secs_f64();
    sqlx::query("UPDATE batch SET received_at = received_at - interval '7 hours'")
        .execute(&mut *database)
        .await
        .expect("batches of long ago");
    let (cpu_before, begun) = (cpu::of_tree(aggregator.id()), Instant::now());
    while sqlx::query_scalar("SELECT EXISTS (SELECT FROM batch)")
        .fetch_one(&mut *database)
        .await
        .expect("an answer")
    {
        assert!(begun.elapsed() < PACKED_WITHIN, "batches are not packed");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let used = cpu::of_tree(aggregator.id()).saturating_sub(cpu_before);
    let idle = Duration::from_secs_f64(idle * begun.elapsed().as_secs_f64());
    // Batches of the next kind begin with an empty table.
    for statement in ["VACUUM FULL batch", "VACUUM batch_pack"] {
        sqlx::query(statement)
            .execute(&mut *database)
            .await
            .expect("it is vacuumed");
    }
    let after: i64 = sqlx::query_scalar(SIZE)
        .fetch_one(database)
        .await
        .expect("a size");
    Packed {
        bytes: after - before,
        cpu: used.saturating_sub(idle),
    }
}

/// A check that took a little more or less than the one before it.
fn differing(monitor: i32, slot_ms: i64, seq: u64) -> Observation {
    let mut observation = seen(monitor, slot_ms);
    let mut state = seq.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ u64::from(monitor.unsigned_abs());
    let mut by = |most: u32| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % u64::from(most)) as u32
    };
    // Hosts differ, and each from check to check by a quarter either way; a few checks take much longer.
    let host = 50 + monitor.unsigned_abs().wrapping_mul(2_654_435_761) % 150;
    observation.started_ms = slot_ms + i64::from(by(40));
    let mut total_us = 50 + by(350);
    for (phase, usual) in [
        (Phase::Dns, 4_000),
        (Phase::Tcp, 9_000),
        (Phase::Tls, 21_000),
        (Phase::Request, 40),
        (Phase::Ttfb, 30_000),
        (Phase::Body, 900),
    ] {
        let usual = usual * host / 100;
        let slow = if by(40) == 0 { by(usual * 3) } else { 0 };
        let took = usual / 2 + (by(usual) + by(usual) + by(usual)) / 3 + slow;
        observation.sight.phases.set(phase, PhaseTime::Measured(took));
        total_us += took;
    }
    observation.sight.total_us = total_us;
    if let Some(certificate) = &mut observation.sight.certificate {
        certificate.subject = format!("www.example-{monitor}.org");
        certificate.not_before_ms = 1_760_000_000_000 + i64::from(monitor) * 86_400_000;
        certificate.not_after_ms = certificate.not_before_ms + 7_776_000_000;
    }
    observation
}

/// Until the log has all batches: how long that took.
async fn wait_for_log(database: &mut PgConnection) -> Duration {
    let begun = Instant::now();
    loop {
        let is_all: bool = sqlx::query_scalar(
            "SELECT NOT EXISTS (SELECT FROM probe p LEFT JOIN log_probe l ON l.probe_id = p.id
                                WHERE p.last_seq > coalesce(l.last_seq, 0))",
        )
        .fetch_one(&mut *database)
        .await
        .expect("an answer");
        if is_all {
            return begun.elapsed();
        }
        assert!(begun.elapsed() < PATIENCE, "the log is behind");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
