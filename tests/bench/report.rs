//! A report of availability over a year of a hundred monitors in three regions, each checked once a minute: how long making it
//! takes, how much memory, and each of its files.
//!
//! What a report reads is written into the database as it stands after such a year: the record of states, what the regions
//! said, and the rollups by day, which hold the latencies of all 157 million results. The results of a single day are made
//! and summed up; the other days repeat its rows.

use crate::{ingest::let_judge, median, memory};
use edgewatch_tests::system::{Aggregator, Api, Directory, connect_database};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use std::time::{Duration, Instant};

/// Monitors of the agreement.
const MONITORS: i32 = 100;

/// How often the report is made; the middle one is shown.
const RUNS: usize = 5;

/// How long one may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// The year before this one, from its day before on; an outage of 1 to 20 minutes each fortnight, and five times as many of
/// single regions.
const FILL: [&str; 9] = [
    "INSERT INTO region (name, label, created_at)
         SELECT name, name, now() FROM unnest(ARRAY['weur', 'enam', 'apac']) AS name ON CONFLICT DO NOTHING",
    "CREATE TEMPORARY TABLE year AS SELECT date_trunc('year', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' - interval '1 year' AS begins,
         now() - interval '3 days' AS a_day",
    "UPDATE monitor SET created_at = begins - interval '1 day' FROM year",
    "UPDATE monitor_policy SET from_at = begins - interval '1 day' FROM year",
    "DELETE FROM state_interval",
    "INSERT INTO state_interval (monitor_id, from_at, state, measured, earliest_at)
         SELECT m.id, s.at, s.state, s.state, s.at - interval '1 minute' FROM monitor m, year, LATERAL (
             SELECT begins - interval '1 day' AS at, 0 AS state
             UNION ALL SELECT down_at, 2 FROM generate_series(0, 23) n, LATERAL (SELECT begins + n * interval '365 hours' + m.id * interval '11 minutes' AS down_at) d
             UNION ALL SELECT down_at + make_interval(mins => 1 + (m.id + n * 7) % 20), 0
             FROM generate_series(0, 23) n, LATERAL (SELECT begins + n * interval '365 hours' + m.id * interval '11 minutes' AS down_at) d) s",
    "INSERT INTO vote_change (monitor_id, region_id, slot, position, at, earliest_at, known_at, kind)
         SELECT m.id, r.id, v.at, 0, v.at, v.at - interval '1 minute', v.at, v.kind FROM monitor m, region r, year, LATERAL (
             SELECT begins - interval '1 day' AS at, 0 AS kind
             UNION ALL SELECT begins + n * interval '73 hours' + m.id * interval '11 minutes' + r.id * interval '20 seconds', 2 FROM generate_series(0, 119) n
             UNION ALL SELECT begins + n * interval '73 hours' + m.id * interval '11 minutes' + r.id * interval '20 seconds'
                              + make_interval(mins => 1 + (m.id + n * 7) % 20), 0 FROM generate_series(0, 119) n) v",
    "SELECT ensure_result_partitions((now() - interval '4 days')::date, now()::date)",
    "INSERT INTO result (time, batch_id, monitor_id, lag_ms, dns_us, tcp_us, tls_us, request_us, ttfb_us, body_us, total_us,
                         region_id, position, outcome, http_status)
         SELECT at, 0, m.id, 150, 4000 + (random() * 2000)::int, 9000 + (random() * 2000)::int, 21000 + (random() * 4000)::int, 40,
                30000 + (random() * 20000)::int, 900, 65000 + (random() * 20000)::int, r.id, 0, 0, 200
         FROM year, generate_series(date_trunc('day', a_day), date_trunc('day', a_day) + interval '1439 minutes', interval '1 minute') AS at,
              monitor m, region r",
];

/// The rollups of the day, and its row of each monitor and region for each day of the year before this one.
const SUM_UP: [&str; 4] = [
    "SELECT pg_advisory_lock(726873, 15)",
    "TRUNCATE rollup_1m, rollup_1h, rollup_1d",
    "SELECT fill_rollups(now(), (now() - interval '14 days')::date)",
    "DO $$
     DECLARE columns text;
     BEGIN
         SELECT string_agg(CASE attname WHEN 'bucket' THEN 'day' ELSE format('d.%I', attname) END, ', ' ORDER BY attnum) INTO columns
         FROM pg_attribute WHERE attrelid = 'rollup_1d'::regclass AND attnum > 0 AND NOT attisdropped;
         EXECUTE 'INSERT INTO rollup_1d SELECT ' || columns || ' FROM rollup_1d d, year,
             generate_series(begins, begins + interval ''1 year'' - interval ''1 day'', interval ''1 day'') AS day';
     END $$",
];

pub async fn measure() {
    let directory = Directory::new();
    let aggregator = Aggregator::start_with(directory.path(), &[("EDGEWATCH_LOG", "warn")]).await;
    let api = Api::sign_in(&aggregator).await;
    for number in 1..=MONITORS {
        let check = json!({"type": "http", "url": "https://example.org/"});
        api.create_monitor(&json!({"name": format!("Monitor {number}"), "check": check}))
            .await;
    }
    let policy = json!({
        "monitors": (1..=MONITORS).collect::<Vec<_>>(), "objective_ppm": 999_000, "window": "calendar_month", "zone": "UTC"
    });
    let agreed: Value = api
        .post("/api/v1/slas", &json!({"name": "A hundred", "policy": policy}))
        .await;
    let mut database = connect_database(directory.path()).await;
    // Nobody is to judge what is written here.
    let_judge(&mut database, false).await;
    for statement in FILL.into_iter().chain(SUM_UP).chain(["VACUUM ANALYZE"]) {
        database
            .execute(AssertSqlSafe(statement))
            .await
            .expect("the statement is run");
    }
    let year: i32 =
        sqlx::query_scalar("SELECT extract(year FROM begins AT TIME ZONE 'UTC')::integer FROM year")
            .fetch_one(&mut database)
            .await
            .expect("a year");

    println!(
        "\nReport of {year}, {MONITORS} monitors x 3 regions, a check a minute (rollups by day repeat those of one day)"
    );
    println!("{:<52}{:>10}{:>8}", "", "", "goal");
    let request =
        json!({"sla": agreed["id"], "from": format!("{year}-01-01"), "to": format!("{year}-12-31")});
    let (mut seconds, mut report) = (Vec::new(), Value::Null);
    memory::forget_peak(aggregator.id());
    let before = memory::resident_mib(aggregator.id());
    for _ in 0..RUNS {
        report = make(&api, &mut database, &request, &mut seconds).await;
    }
    println!(
        "{:<52}{:>8.2} s{:>6} s",
        "made, from when it is taken up",
        median(seconds),
        "2"
    );
    println!(
        "{:<52}{:>6.0} MiB{:>5} MiB",
        "peak memory of the aggregator meanwhile",
        memory::peak_mib(aggregator.id()),
        "256"
    );
    println!("{:<52}{before:>6.0} MiB", "  before");
    println!(
        "{:<52}{:>10}",
        "outages in it", report["summary"]["mean_times"]["outages"]
    );
    for format in ["json", "csv", "html", "xlsx", "pdf"] {
        let start = Instant::now();
        let path = format!("/api/v1/reports/{}/files/{format}", report["id"]);
        let response = api.send(Method::GET, &path, None::<&()>).await;
        assert!(response.status().is_success(), "{format}: {}", response.status());
        let bytes = response.bytes().await.expect("a whole file").len();
        let name = format!("{format}, {} kB", bytes / 1000);
        println!("{name:<52}{:>8.2} s", start.elapsed().as_secs_f64());
    }
    println!(
        "{:<52}{:>6.0} MiB",
        "peak memory with the files",
        memory::peak_mib(aggregator.id())
    );
}

/// Has a report made. The seconds are from when a replica takes it up, which is within one of the request.
async fn make(api: &Api, database: &mut PgConnection, request: &Value, seconds: &mut Vec<f64>) -> Value {
    let asked = Instant::now();
    let report: Value = api.post("/api/v1/reports", request).await;
    let id = report["id"].as_i64().expect("a number");
    let mut taken = None;
    loop {
        let state: i16 = sqlx::query_scalar("SELECT state FROM report WHERE id = $1")
            .bind(id)
            .fetch_one(&mut *database)
            .await
            .expect("the report");
        match state {
            0 => {}
            1 => _ = taken.get_or_insert_with(Instant::now),
            2 => break,
            _ => panic!("the report failed"),
        }
        assert!(asked.elapsed() < PATIENCE, "the report is not made");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    seconds.push(taken.unwrap_or(asked).elapsed().as_secs_f64());
    api.get(&format!("/api/v1/reports/{id}")).await
}
