//! Reading: the monitor page over 30 days, and the overview of a thousand monitors.

use crate::median;
use edgewatch_tests::system::{Aggregator, Api, Directory};
use reqwest::Method;
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, postgres::PgConnectOptions};
use std::{path::Path, time::Instant};

/// How often each page is read.
const READS: usize = 21;

/// One monitor, three regions, a check a minute for 30 days.
const HISTORY: &str = "
    SELECT ensure_result_partitions((now() - interval '31 days')::date, now()::date);
    INSERT INTO region (name, label, created_at)
        SELECT name, name, now() FROM unnest(ARRAY['weur', 'enam', 'apac']) AS name ON CONFLICT DO NOTHING;
    INSERT INTO result (time, batch_id, monitor_id, lag_ms, dns_us, tcp_us, tls_us, request_us, ttfb_us, body_us, total_us,
                        region_id, position, outcome, http_status)
        SELECT at, 0, 1, 150, 4000, 9000, 21000, 40, 30000 + (random() * 20000)::int, 900, 65000 + (random() * 20000)::int,
               r.id, 0, CASE WHEN random() < 0.001 THEN 2 ELSE 0 END, 200
        FROM generate_series(now() - interval '30 days', now(), interval '1 minute') AS at, region r;
";

/// A thousand monitors, three regions, the last two hours.
const MANY: &str = "
    INSERT INTO result (time, batch_id, monitor_id, lag_ms, tcp_us, tls_us, request_us, ttfb_us, body_us, total_us,
                        region_id, position, outcome, http_status)
        SELECT at, 0, m.id, 150, 9000, 21000, 40, 30000, 900, 65000 + (random() * 20000)::int, r.id, 0, 0, 200
        FROM generate_series(now() - interval '2 hours', now(), interval '1 minute') AS at, region r, monitor m
        WHERE m.id > 1;
";

pub async fn measure() {
    let directory = Directory::new();
    let mut aggregator = Aggregator::start_with(directory.path(), &[("EDGEWATCH_LOG", "warn")]).await;
    let api = Api::sign_in(&aggregator).await;
    for number in 1..=1_000 {
        let check = json!({"type": "http", "url": "https://example.org/"});
        let settings = json!({"name": number.to_string(), "tags": ["bench"], "check": check});
        api.create_monitor(&settings).await;
    }
    run(directory.path(), HISTORY).await;
    run(directory.path(), MANY).await;
    run(directory.path(), "VACUUM ANALYZE").await;

    let from = chrono::DateTime::from_timestamp_millis(edgewatch_tests::system::now_ms() - 30 * 86_400_000);
    let from = from
        .expect("a time of our days")
        .to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let series = format!("/api/v1/monitors/1/series?from={from}");
    let pages: [(&str, &[&str]); 3] = [
        ("overview, 1,000 monitors", &["/api/v1/overview"]),
        (
            "monitor page, 30 days (129,600 results)",
            &["/api/v1/monitors/1", &series, "/api/v1/monitors/1/results"],
        ),
        ("  of which the series", &[&series]),
    ];
    let mut times = Vec::new();
    for (_, paths) in pages {
        let mut figures = Vec::new();
        for _ in 0..READS {
            let start = Instant::now();
            for path in paths {
                read(&api, path).await;
            }
            figures.push(start.elapsed().as_secs_f64() * 1000.0);
        }
        times.push(median(figures));
    }

    // Again, and each statement told: that costs time of its own.
    aggregator.stop();
    aggregator
        .start_again_with(&[
            ("EDGEWATCH_LOG", "info,sqlx::query=debug"),
            ("EDGEWATCH_LOG_FORMAT", "json"),
        ])
        .await;
    let api = Api::sign_in(&aggregator).await;
    println!("\nReading over HTTP, median of {READS} (one statement of each request is the session's)");
    println!("{:<44}{:>10}{:>12}{:>12}", "", "ms", "requests", "statements");
    for ((what, paths), ms) in pages.into_iter().zip(times) {
        let mut statements = 0;
        for path in paths {
            let before = told(&aggregator, path);
            read(&api, path).await;
            statements += told(&aggregator, path) - before;
        }
        println!("{what:<44}{ms:>10.1}{:>12}{statements:>12}", paths.len());
    }
}

async fn read(api: &Api, path: &str) {
    let response = api.send(Method::GET, path, None::<&()>).await;
    let status = response.status();
    let body = response.bytes().await.expect("a whole answer");
    assert!(status.is_success() && body.len() > 100, "{path}: {status}");
}

/// How many statements were logged within requests for a path.
fn told(aggregator: &Aggregator, path: &str) -> usize {
    let path = path.split('?').next().unwrap_or_default();
    let within = format!("\"path\":\"{path}\"");
    let output = aggregator.output();
    let lines = output.lines();
    lines
        .filter(|line| line.contains("\"target\":\"sqlx::query\"") && line.contains(&within))
        .count()
}

async fn run(directory: &Path, statements: &'static str) {
    let options = PgConnectOptions::new_without_pgpass()
        .socket(directory.join("data/postgres/run"))
        .port(5432)
        .username("edgewatch")
        .database("edgewatch");
    let mut connection = PgConnection::connect_with(&options)
        .await
        .expect("the aggregator's database");
    connection
        .execute(AssertSqlSafe(statements))
        .await
        .expect("the statements are run");
}
