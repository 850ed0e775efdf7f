use super::*;
use crate::{
    http::test_server::TestServer,
    store::{migrate::TIMESCALE, result_rows::drop_results_before},
};
use chrono::{DateTime, Utc};
use edgewatch_client::session::Role;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool, postgres::PgPoolOptions};

const MONITOR: &str = "/api/v1/monitors/1";

/// Two regions and a monitor.
async fn set_up(server: &TestServer) -> crate::http::test_server::Client<'_> {
    let admin = server.client(Role::Admin).await;
    for region in ["weur", "enam"] {
        admin.post("/api/v1/regions", json!({"name": region})).await;
    }
    let monitor = json!({"name": "a", "check": {"type": "http", "url": "https://example.org/"}});
    assert_eq!(admin.post("/api/v1/monitors", monitor).await.status, 201);
    admin
}

/// Sums up what was put into `result` by hand.
async fn sum_up(pool: &PgPool, now: DateTime<Utc>) {
    pool.execute("TRUNCATE rollup_1m, rollup_1h, rollup_1d")
        .await
        .unwrap();
    sqlx::query("SELECT fill_rollups($1, ($1 - interval '14 days')::date)")
        .bind(now)
        .execute(pool)
        .await
        .unwrap();
}

fn text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// At most as far off as a histogram makes it.
fn is_about(found: Option<i32>, exact: i32) -> bool {
    found.is_some_and(|found| (found - exact).abs() * 45 <= exact)
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn means_and_percentiles_are_of_the_successful_checks(pool: PgPool) {
    let server = TestServer::new(pool);
    let admin = set_up(&server).await;
    let hour =
        DateTime::from_timestamp(server.state.clock.now().timestamp() / 3600 * 3600 - 7200, 0).unwrap();
    // Minutes 0 to 9 of an hour: 1 ms to 10 ms, the last one down; lookups could be measured in even ones alone.
    sqlx::query(
        "INSERT INTO result (time, batch_id, monitor_id, lag_ms, dns_us, tcp_us, total_us, region_id, position, outcome)
         SELECT $1::timestamptz + make_interval(mins => n), 1, 1, 0, CASE WHEN n % 2 = 0 THEN 100 * n ELSE -2 END, 500,
                1000 * (n + 1), 1, n, CASE n WHEN 9 THEN 2 WHEN 8 THEN 3 WHEN 7 THEN 1 ELSE 0 END
         FROM generate_series(0, 9) n",
    )
    .bind(hour)
    .execute(&server.state.pool)
    .await
    .unwrap();
    let query = format!(
        "from={}&to={}&points=12",
        text(hour),
        text(hour + TimeDelta::hours(1))
    );
    let of = async |what: &str, query: &str| admin.get(&format!("{MONITOR}/{what}?{query}")).await;
    let series: Series = serde_json::from_str(&of("series", &query).await.text).unwrap();
    assert_eq!(
        (
            series.from,
            series.to,
            series.bucket_s,
            series.buckets.len(),
            series.level.as_str()
        ),
        (hour, hour + TimeDelta::hours(1), 300, 12, "raw")
    );
    let [first, second, third, ..] = series.buckets.as_slice() else {
        panic!()
    };
    assert_eq!((first.succeeded, first.failed, first.unmeasured), (5, 0, 0));
    assert_eq!(
        (first.phases.dns_us, first.phases.tcp_us, first.phases.tls_us),
        (Some(200), Some(500), None)
    );
    assert!(is_about(first.percentiles.p50_us, 3000) && is_about(first.percentiles.p95_us, 5000));
    assert_eq!((second.succeeded, second.failed, second.unmeasured), (3, 1, 1));
    assert!(is_about(second.percentiles.p99_us, 8000));
    assert_eq!((third.succeeded, third.percentiles), (0, Percentiles::default()));
    assert!(is_about(series.window.p50_us, 4000) && is_about(series.window.p90_us, 8000));

    let table: PercentileTable = serde_json::from_str(&of("percentiles", &query).await.text).unwrap();
    assert_eq!(table.rows.len(), 2);
    assert_eq!(table.rows[1].region.as_deref(), Some("weur"));
    for row in &table.rows {
        assert_eq!((row.succeeded, row.failed, row.unmeasured), (8, 1, 1));
        assert_eq!(row.phases[6], series.window);
        // 0 to 600 µs, every other minute.
        assert!(is_about(row.phases[0].p75_us, 400));
        assert_eq!(row.phases[2], Percentiles::default());
    }

    let map: HeatMap = serde_json::from_str(&of("heatmap", &query).await.text).unwrap();
    assert_eq!(
        (map.counts.len(), map.bands_us.len()),
        (12, map.counts[0].len() + 1)
    );
    assert_eq!(map.counts[0].iter().sum::<i64>(), 5);
    assert!(map.bands_us[0] <= 1000 && 8000 < map.bands_us[map.bands_us.len() - 1]);
    assert!(map.bands_us[1] > 1000 && map.bands_us[map.bands_us.len() - 2] <= 8000);
    // 1 ms is alone in its half octave, and so are the two below 3 ms; 4 and 5 ms are in one.
    assert_eq!(map.counts[0][..2], [1, 0], "{map:?}");

    let matrix: Matrix = serde_json::from_str(&of("matrix", &query).await.text).unwrap();
    assert_eq!(matrix.rows.len(), 1);
    let cell = matrix.rows[0].cells[1];
    assert_eq!((cell.up, cell.degraded, cell.down, cell.unmeasured), (2, 1, 1, 1));
    assert_eq!(matrix.rows[0].cells[2], MatrixCell::default());

    assert_eq!(
        of("series", &format!("{query}&region=weur")).await.json()["buckets"][0]["succeeded"],
        5
    );
    assert_eq!(
        of("series", &format!("{query}&region=enam")).await.json()["buckets"][0]["succeeded"],
        0
    );
    for what in ["series", "percentiles", "heatmap", "matrix"] {
        for bad in [
            "points=9",
            "points=1001",
            "from=2020-01-01T00:00:00Z",
            "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
        ] {
            assert_eq!(of(what, bad).await.problem(), "validation", "{what} {bad}");
        }
        let nobody = admin.get(&format!("/api/v1/monitors/999/{what}")).await;
        assert_eq!(nobody.problem(), "not-found");
    }
}

/// A hundred days of two regions, a check each 17 minutes, up to ten minutes ago.
const HISTORY: &str = "
    INSERT INTO result (time, batch_id, monitor_id, lag_ms, dns_us, tcp_us, tls_us, request_us, ttfb_us, body_us, total_us, region_id,
                        position, outcome)
    SELECT $1::timestamptz - make_interval(mins => 10 + 17 * n), 1, 1, 0, CASE WHEN n % 5 = 0 THEN -4 ELSE 900 + n % 700 END,
           9000 + n * 13 % 4000, 21000 + n * 7 % 9000, 40 + n % 9, 30000 + n * 31 % 50000, CASE WHEN n % 31 = 0 THEN NULL ELSE 800 END,
           65000 + r * 30000 + n * 7919 % 90000, r, 0, CASE WHEN n % 97 = 0 THEN 2 WHEN n % 89 = 0 THEN 3 WHEN n % 41 = 0 THEN 1 ELSE 0 END
    FROM generate_series(0, 8400) n, generate_series(1, 2) r";

const DAYS_BACK: [i64; 5] = [1, 7, 30, 90, 365];

/// Everything there is to ask, over windows of all lengths.
async fn answers(client: &crate::http::test_server::Client<'_>, now: DateTime<Utc>) -> Vec<String> {
    let mut answers = Vec::new();
    for back in DAYS_BACK {
        for what in ["series", "percentiles", "heatmap", "matrix"] {
            let from = text(now - TimeDelta::days(back));
            let answer = client.get(&format!("{MONITOR}/{what}?from={from}")).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            answers.push(answer.text);
        }
    }
    answers
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn deleting_results_changes_no_figure(pool: PgPool) {
    let server = TestServer::new(pool.clone());
    let admin = set_up(&server).await;
    let now = server.state.clock.now();
    pool.execute("SELECT ensure_result_partitions((now() - interval '102 days')::date, now()::date)")
        .await
        .unwrap();
    sqlx::query(HISTORY).bind(now).execute(&pool).await.unwrap();
    sum_up(&pool, now).await;
    // A day of what came since waits to be summed up.
    sqlx::query("INSERT INTO rollup_queue VALUES (2, $1::timestamptz - interval '1 day', $1)")
        .bind(now)
        .execute(&pool)
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO result (time, batch_id, monitor_id, lag_ms, total_us, region_id, position, outcome)
         SELECT $1::timestamptz - make_interval(mins => n), 2, 1, 0, 1000, 2, 0, 2 FROM generate_series(0, 1439) n",
    )
    .bind(now)
    .execute(&pool)
    .await
    .unwrap();
    let before = answers(&admin, now).await;
    let total = |text: &str| -> i64 {
        let series: Value = serde_json::from_str(text).unwrap();
        let buckets = series["buckets"].as_array().unwrap();
        buckets
            .iter()
            .map(|bucket| {
                ["succeeded", "failed", "unmeasured"]
                    .map(|name| bucket[name].as_i64().unwrap())
                    .iter()
                    .sum::<i64>()
            })
            .sum()
    };
    // All that there is is in the longest window, what waits included.
    assert_eq!(total(&before[4 * 4]), 2 * 8401 + 1440);
    let levels: Vec<_> = before
        .iter()
        .step_by(4)
        .map(|text| serde_json::from_str::<Value>(text).unwrap()["level"].clone())
        .collect();
    assert_eq!(levels, ["1m", "1h", "1h", "1d", "1d"]);

    let dropped = drop_results_before(&pool, now - TimeDelta::hours(12))
        .await
        .unwrap();
    assert!(dropped > 95, "{dropped}");
    assert_eq!(answers(&admin, now).await, before);
    // Nor does it matter by what steps it was summed up.
    crate::jobs::run_all(&server.state).await.unwrap();
    assert_eq!(answers(&admin, now).await, before);
}

/// A window from each level that can tell of it has the same figures.
#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn every_level_tells_the_same(pool: PgPool) {
    let server = TestServer::new(pool.clone());
    set_up(&server).await;
    let now = server.state.clock.now();
    pool.execute("SELECT ensure_result_partitions((now() - interval '102 days')::date, now()::date)")
        .await
        .unwrap();
    sqlx::query(HISTORY).bind(now).execute(&pool).await.unwrap();
    sum_up(&pool, now).await;
    let midnight = DateTime::from_timestamp(now.timestamp() / 86_400 * 86_400, 0).unwrap();
    let mut known = None;
    for level in [
        crate::rollup_level::Level::Raw,
        crate::rollup_level::Level::Minute,
        crate::rollup_level::Level::Hour,
        crate::rollup_level::Level::Day,
    ] {
        let window = Window {
            from: midnight - TimeDelta::days(10),
            // Days that are over: of this one there may be nothing yet.
            to: midnight,
            bucket_s: 86_400,
            level,
            now,
        };
        let told = (
            list_buckets(&pool, 1, &window, None).await.unwrap(),
            list_buckets(&pool, 1, &window, Some("enam")).await.unwrap(),
            list_region_sums(&pool, 1, &window, None).await.unwrap(),
            list_cells(&pool, 1, &window, None).await.unwrap(),
        );
        assert_eq!((told.0.len(), told.3.len()), (10, 20));
        assert_eq!(*known.get_or_insert_with(|| told.clone()), told, "{level:?}");
    }
}

/// The same results on TimescaleDB, where `TEST_TIMESCALE_URL` names one.
#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn timescale_answers_as_plain_postgresql_does(pool: PgPool) {
    let Ok(url) = std::env::var("TEST_TIMESCALE_URL") else {
        eprintln!("SKIPPED: rollups on TimescaleDB were not tested: TEST_TIMESCALE_URL is not set");
        return;
    };
    let server = TestServer::new(pool.clone());
    let now = server.state.clock.now();
    let admin = set_up(&server).await;
    pool.execute("SELECT ensure_result_partitions((now() - interval '102 days')::date, now()::date)")
        .await
        .unwrap();
    sqlx::query(HISTORY).bind(now).execute(&pool).await.unwrap();
    sum_up(&pool, now).await;
    let plain = answers(&admin, now).await;

    let name = format!("edgewatch_rollup_{}", std::process::id());
    let mut root = PgConnection::connect(&url).await.unwrap();
    root.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .await
        .unwrap();
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    let timescale = PgPoolOptions::new()
        .connect_with(options.database(&name))
        .await
        .unwrap();
    TIMESCALE.run(&timescale).await.unwrap();
    let mut other = TestServer::new(timescale.clone());
    other.state.clock = server.state.clock.clone();
    let client = set_up(&other).await;
    sqlx::query(HISTORY).bind(now).execute(&timescale).await.unwrap();
    for level in ["rollup_1m", "rollup_1h", "rollup_1d"] {
        let call = format!("CALL refresh_continuous_aggregate('{level}', NULL, NULL)");
        timescale.execute(sqlx::AssertSqlSafe(call)).await.unwrap();
    }
    let found = answers(&client, now).await;
    drop_results_before(&timescale, now - TimeDelta::days(20))
        .await
        .unwrap();
    let after = answers(&client, now).await;
    timescale.close().await;
    root.execute(sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)")))
        .await
        .unwrap();
    assert_eq!(found, plain);
    assert_eq!(after, plain);
}
