//! Rollups: what a monitor's page costs over ninety days beside the same answer from the results themselves, what keeping the
//! rollups costs, and how much room all takes.

use crate::{cpu::of_tree, median};
use edgewatch_tests::system::{Aggregator, Api, Directory, connect_database, now_ms};
use reqwest::Method;
use serde_json::json;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use std::time::Instant;

/// How often each page is read.
const READS: usize = 21;

/// Monitors whose pages are read before.
const WARM_UP: std::ops::RangeInclusive<usize> = 101..=180;

/// The monitor itself.
const MONITOR: &str = "monitor";

/// What a monitor's page reads.
const PARTS: [&str; 8] = [
    MONITOR,
    "uptime",
    "timeline",
    "series",
    "percentiles",
    "heatmap",
    "matrix",
    "results",
];

/// A thousand monitors, three regions, ninety days: ten million results; and a check a minute in the last two hours, of one
/// monitor all the time.
const FILL: [&str; 5] = [
    "SELECT ensure_result_partitions((now() - interval '91 days')::date, now()::date)",
    "INSERT INTO region (name, label, created_at)
         SELECT name, name, now() FROM unnest(ARRAY['weur', 'enam', 'apac']) AS name ON CONFLICT DO NOTHING",
    "INSERT INTO result (time, batch_id, monitor_id, lag_ms, dns_us, tcp_us, tls_us, request_us, ttfb_us, body_us, total_us,
                         region_id, position, outcome, http_status)
         SELECT at + make_interval(secs => m.id % 60), 0, m.id, 150, 4000, 9000 + (random() * 2000)::int, 21000, 40,
                30000 + (random() * 20000)::int, 900, 65000 + (random() * 20000)::int, r.id, 0,
                CASE WHEN random() < 0.001 THEN 2 ELSE 0 END, 200
         FROM generate_series(now() - interval '90 days', now() - interval '2 hours', interval '2401 seconds') AS at,
              monitor m, region r",
    "INSERT INTO result (time, batch_id, monitor_id, lag_ms, dns_us, tcp_us, tls_us, request_us, ttfb_us, body_us, total_us,
                         region_id, position, outcome, http_status)
         SELECT at, 0, m.id, 150, 4000, 9000, 21000, 40, 30000, 900, 65000 + (random() * 20000)::int, r.id, 0, 0, 200
         FROM generate_series(now() - interval '2 hours', now(), interval '1 minute') AS at, monitor m, region r",
    "INSERT INTO result (time, batch_id, monitor_id, lag_ms, dns_us, tcp_us, tls_us, request_us, ttfb_us, body_us, total_us,
                         region_id, position, outcome, http_status)
         SELECT at, 0, 1000, 150, 4000, 9000, 21000, 40, 30000, 900, 65000 + (random() * 20000)::int, r.id, 0, 0, 200
         FROM generate_series(now() - interval '90 days', now() - interval '2 hours', interval '1 minute') AS at, region r",
];

/// The monitor that was checked each minute all the time.
const OFTEN: i32 = 1000;

/// A monitor over ninety days, day by day, region by region and phase by phase: what its page is answered from, at a level.
const PAGE: &str = "
    SELECT date_bin('1 day', bucket, '2000-01-01 00:00Z'), region_id, sum(up), sum(down), sum(dns_sum_us), sum(tcp_sum_us),
           sum(tls_sum_us), sum(ttfb_sum_us), sum(body_sum_us), sum(dns_hist), sum(tcp_hist), sum(tls_hist),
           sum(request_hist), sum(ttfb_hist), sum(body_hist), sum(total_hist)
    FROM monitor_rollup($1, $2, $3::timestamptz - interval '90 days', $3, $3::timestamptz - interval '3 days')
    GROUP BY 1, 2";

/// Five thousand results a second for two minutes: 50,000 monitors and regions, each every ten seconds, in batches of 500.
const SECONDS: u32 = 120;
const STREAM: [&str; 2] = [
    "INSERT INTO result (time, batch_id, monitor_id, lag_ms, dns_us, tcp_us, tls_us, request_us, ttfb_us, body_us, total_us,
                         region_id, position, outcome, http_status)
         SELECT s.hours_until + make_interval(secs => round * 10 + n % 10), 1000000 + (round * 50000 + n) / 500, 10000 + n / 3, 150,
                4000 + (random() * 2000)::int, 9000 + (random() * 2000)::int, 21000 + (random() * 4000)::int, 40,
                30000 + (random() * 20000)::int, 900, 65000 + (random() * 20000)::int, 1 + n % 3, 0, 0, 200
         FROM rollup_state s, generate_series(0, 11) round, generate_series(0, 49999) n",
    "INSERT INTO rollup_queue SELECT 1000000 + b, s.hours_until, s.hours_until + interval '3 minutes'
         FROM rollup_state s, generate_series(0, 1199) b",
];

pub async fn measure() {
    let directory = Directory::new();
    let aggregator = Aggregator::start_with(directory.path(), &[("EDGEWATCH_LOG", "warn")]).await;
    let api = Api::sign_in(&aggregator).await;
    for number in 1..=1_000 {
        let check = json!({"type": "http", "url": "https://example.org/"});
        api.create_monitor(&json!({"name": number.to_string(), "check": check}))
            .await;
    }
    let mut database = connect_database(directory.path()).await;
    // The lease of the aggregator's own refresher: here it is done step by step.
    for statement in FILL
        .into_iter()
        .chain(["SELECT pg_advisory_lock(726873, 15)", "SET jit = off"])
    {
        run(&mut database, statement).await;
    }
    let start = Instant::now();
    run(&mut database, "TRUNCATE rollup_1m, rollup_1h, rollup_1d").await;
    run(
        &mut database,
        "SELECT fill_rollups(now(), (now() - interval '14 days')::date)",
    )
    .await;
    let filled_s = start.elapsed().as_secs_f64();
    run(&mut database, "VACUUM ANALYZE").await;
    let results = number(&mut database, "SELECT count(*) FROM result").await;
    println!(
        "\nRollups, {results:.0} results of 1,000 monitors x 3 regions over 90 days (summed up in {filled_s:.0} s)"
    );

    println!("{:<52}{:>10}{:>8}", "", "ms", "goal");
    // A process that has read pages before, of other monitors.
    for monitor in WARM_UP {
        read_page(&api, monitor, &PARTS).await;
    }
    let whole = [("monitor page over 90 days: all that it reads", &PARTS[..], "20")];
    let parts = PARTS.iter().map(|part| (*part, std::slice::from_ref(part), ""));
    for (name, parts, goal) in whole.into_iter().chain(parts) {
        let mut figures = Vec::new();
        // Another monitor each time: its rows are not at hand yet when all is read.
        for monitor in 1..=READS {
            let start = Instant::now();
            read_page(&api, monitor, parts).await;
            figures.push(start.elapsed().as_secs_f64() * 1000.0);
        }
        println!("{name:<52}{:>10.1}{goal:>8}", median(figures));
    }
    let mut figures = Vec::new();
    for _ in 0..READS {
        let start = Instant::now();
        read(&api, "/api/v1/overview").await;
        figures.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    println!("{:<52}{:>10.1}{:>8}", "overview", median(figures), "50");
    for (what, monitors, goal) in [
        ("a check each 40 minutes", (1..=READS as i32).collect(), ""),
        ("a check each minute", vec![OFTEN; 5], "50"),
    ] {
        let days = figures_of(&mut database, &monitors, 3).await;
        let results = figures_of(&mut database, &monitors, 0).await;
        println!(
            "{:<52}{days:>10.1}",
            format!("figures over 90 days in SQL, {what}: from days")
        );
        println!("{:<52}{results:>10.1}", "  from results");
        println!("{:<52}{:>10.1}{goal:>8}", "  ratio", results / days);
    }

    for statement in STREAM {
        run(&mut database, statement).await;
    }
    let process = number(&mut database, "SELECT pg_backend_pid()::float8").await as u32;
    let before_s = of_tree(process).as_secs_f64();
    let mut added = 0.0;
    for _ in 0..4 {
        added += number(
            &mut database,
            "SELECT refresh_rollups(hours_until, 300)::float8 FROM rollup_state",
        )
        .await;
    }
    assert!((added - 1_200.0).abs() < 0.5, "every batch is added: {added}");
    let added_s = of_tree(process).as_secs_f64() - before_s;
    let closing =
        "SELECT refresh_rollups(hours_until + interval '1 hour 3 minutes', 300)::float8 FROM rollup_state";
    number(&mut database, closing).await;
    let closed_s = of_tree(process).as_secs_f64() - before_s - added_s;
    let share = |cpu_s: f64| cpu_s / f64::from(SECONDS) * 100.0;
    println!(
        "{:<52}{:>9.1} %{:>7}",
        "refresher at 5,000 results/s, share of a core",
        share(added_s + closed_s),
        "20"
    );
    println!(
        "{:<52}{:>9.1} %",
        "  of which summing up the hour",
        share(closed_s)
    );

    println!("{:<52}{:>10}", "bytes on the disk, index included (plain)", "");
    for (name, table, rows) in [
        ("  results, a result", "result", "result"),
        ("  minutes, a row", "rollup_1m", "rollup_1m"),
        ("  hours, a row", "rollup_1h", "rollup_1h"),
        ("  days, a row", "rollup_1d", "rollup_1d"),
    ] {
        let bytes = format!(
            "SELECT coalesce((SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('{table}')),
                             pg_total_relation_size('{table}'))::float8
                  / (SELECT count(*) FROM {rows})"
        );
        println!("{name:<52}{:>10.0}", number(&mut database, &bytes).await);
    }
}

/// Reads what a monitor's page is made of, or a part of it, one after the other.
async fn read_page(api: &Api, monitor: usize, parts: &[&str]) {
    let from = chrono::DateTime::from_timestamp_millis(now_ms() - 90 * 86_400_000)
        .expect("a time of our days")
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    for part in parts {
        let path = match *part {
            MONITOR => format!("/api/v1/monitors/{monitor}"),
            "uptime" | "results" => format!("/api/v1/monitors/{monitor}/{part}"),
            part => format!("/api/v1/monitors/{monitor}/{part}?from={from}"),
        };
        read(api, &path).await;
    }
}

/// What a page's figures take from a level, milliseconds at the median.
async fn figures_of(database: &mut PgConnection, monitors: &[i32], level: i16) -> f64 {
    let mut figures = Vec::new();
    for monitor in monitors {
        let to = chrono::DateTime::from_timestamp_millis(now_ms()).expect("a time of our days");
        let start = Instant::now();
        sqlx::query(PAGE)
            .bind(monitor)
            .bind(level)
            .bind(to)
            .fetch_all(&mut *database)
            .await
            .expect("the figures of a monitor");
        figures.push(start.elapsed().as_secs_f64() * 1000.0);
    }
    median(figures)
}

async fn read(api: &Api, path: &str) {
    let response = api.send(Method::GET, path, None::<&()>).await;
    let status = response.status();
    let body = response.bytes().await.expect("a whole answer");
    assert!(status.is_success(), "{path}: {status}: {body:?}");
}

async fn run(database: &mut PgConnection, statement: &'static str) {
    database
        .execute(AssertSqlSafe(statement))
        .await
        .expect("the statement is run");
}

async fn number(database: &mut PgConnection, query: &str) -> f64 {
    let query = format!("SELECT ({query})::float8");
    sqlx::query_scalar(AssertSqlSafe(query))
        .fetch_one(database)
        .await
        .expect("a number")
}
