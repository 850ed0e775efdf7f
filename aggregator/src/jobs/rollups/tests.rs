//! Each test runs on plain PostgreSQL. What holds of rollups whoever keeps them is asserted on TimescaleDB too, where
//! `TEST_TIMESCALE_URL` names one: see `http/series/tests.rs`.

use super::refresh_rollups;
use crate::{
    clock::Clock,
    http::{
        probe::test_probe::{DOWN, TestProbe, observation},
        test_server::TestServer,
    },
    secret::Secrets,
    state::AppState,
    store::rollup,
};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::session::Role;
use edgewatch_protocol::observation::Outcome;
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngSeed, TestRunner},
};
use serde_json::json;
use sqlx::PgPool;

/// A batch of results, each so many minutes before the batch comes.
#[derive(Clone, Debug)]
struct Batch {
    comes_after: TimeDelta,
    results: Vec<(i64, i32, i16, i16, i32)>,
}

fn batches() -> impl Strategy<Value = Vec<Batch>> {
    // Most in time, some hours late, a few a day and more.
    let age_s = prop_oneof![6 => 0..90_i64, 2 => 0..20_000_i64, 1 => 0..170_000_i64];
    let result = (age_s, 1..4_i32, 1..3_i16, 0..4_i16, 0..200_000_000_i32);
    let batch =
        (0..30_000_i64, proptest::collection::vec(result, 0..12)).prop_map(|(after_s, results)| Batch {
            comes_after: TimeDelta::seconds(after_s),
            results,
        });
    proptest::collection::vec(batch, 1..25)
}

async fn store(pool: &PgPool, id: i64, now: DateTime<Utc>, batch: &Batch) {
    let mut transaction = pool.begin().await.unwrap();
    for (position, &(age_s, monitor, region, outcome, total_us)) in batch.results.iter().enumerate() {
        sqlx::query(
            "INSERT INTO result (time, batch_id, monitor_id, lag_ms, dns_us, tcp_us, total_us, region_id, position, outcome)
             VALUES ($1, $2, $3, 0, -2, $4 / 3, $4, $5, $6, $7)",
        )
        .bind(now - TimeDelta::seconds(age_s))
        .bind(id)
        .bind(monitor)
        .bind(total_us)
        .bind(region)
        .bind(position as i16)
        .bind(outcome)
        .execute(&mut *transaction)
        .await
        .unwrap();
    }
    sqlx::query("INSERT INTO rollup_queue (batch_id, from_at, to_at) VALUES ($1, $2, $3)")
        .bind(id)
        .bind(now - TimeDelta::days(2))
        .bind(now)
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
}

/// How many rows of a rollup differ from what the results come to, up to where it is summed up and nothing waits.
async fn differences(pool: &PgPool, rollup: &str, unit: &str, until: &str) -> i64 {
    let sql = format!(
        "WITH expected AS (
             SELECT date_bin('{unit}', bucket, '2000-01-01 00:00Z') AS bucket, monitor_id, region_id,
                    sum(up)::int4 AS up, sum(degraded)::int4 AS degraded, sum(down)::int4 AS down, sum(unmeasured)::int4 AS unmeasured,
                    sum(dns_n)::int4 AS dns_n, sum(dns_sum_us)::int8 AS dns_sum_us, sum(dns_hist) AS dns_hist,
                    sum(tcp_n)::int4 AS tcp_n, sum(tcp_sum_us)::int8 AS tcp_sum_us, sum(tcp_hist) AS tcp_hist,
                    sum(total_n)::int4 AS total_n, sum(total_sum_us)::int8 AS total_sum_us, sum(total_hist) AS total_hist
             FROM result_rollup WHERE batch_id NOT IN (SELECT batch_id FROM rollup_queue)
             GROUP BY 1, 2, 3),
         expected_now AS (SELECT * FROM expected WHERE bucket < {until}),
         found AS (
             SELECT bucket, monitor_id, region_id, up, degraded, down, unmeasured, dns_n, dns_sum_us, dns_hist, tcp_n,
                    tcp_sum_us, tcp_hist, total_n, total_sum_us, total_hist FROM {rollup})
         SELECT count(*) FROM (
             (SELECT * FROM expected_now EXCEPT ALL SELECT * FROM found)
             UNION ALL (SELECT * FROM found EXCEPT ALL SELECT * FROM expected_now)) d"
    );
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_one(pool)
        .await
        .unwrap()
}

/// What is known of a monitor at a level, all in all.
async fn known(pool: &PgPool, level: i16, now: DateTime<Utc>) -> (Option<i64>, Option<i64>, Option<String>) {
    sqlx::query_as(
        "SELECT sum(up + degraded + down + unmeasured)::bigint, sum(total_sum_us)::bigint, sum(total_hist)::text
         FROM monitor_rollup(2, $1, '-infinity', 'infinity', $2)",
    )
    .bind(level)
    .bind(now - TimeDelta::days(3))
    .fetch_one(pool)
    .await
    .unwrap()
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn rollups_are_what_the_results_come_to_however_late_they_come(pool: PgPool) {
    let config = Config {
        rng_seed: RngSeed::Fixed(15),
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let mut now = crate::http::test_server::now();
    let mut id = 0;
    for case in 0..6 {
        for batch in batches().new_tree(&mut runner).unwrap().current() {
            now += batch.comes_after;
            id += 1;
            crate::store::result_rows::ensure_partitions(&pool, now)
                .await
                .unwrap();
            store(&pool, id, now, &batch).await;
            // Whatever waits, and wherever the levels are, nothing is missing and nothing counts twice.
            let exact = known(&pool, 0, now).await;
            for level in 1..=3 {
                assert!(
                    known(&pool, level, now).await == exact,
                    "level {level}, batch {id}"
                );
            }
            if id % 2 == 0 {
                rollup::refresh_rollups(&pool, now, 3).await.unwrap();
            }
        }
        for (rollup, unit, until) in [
            ("rollup_1m", "1 minute", "'infinity'"),
            ("rollup_1h", "1 hour", "(SELECT hours_until FROM rollup_state)"),
            ("rollup_1d", "1 day", "(SELECT days_until FROM rollup_state)"),
        ] {
            assert_eq!(
                differences(&pool, rollup, unit, until).await,
                0,
                "{rollup}, case {case}"
            );
        }
    }
    assert!(id > 25, "{id}");
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_refresh_that_fails_changes_nothing_and_is_made_up_for(pool: PgPool) {
    let mut server = TestServer::new(pool.clone());
    let mut probe = TestProbe::enrolled(&mut server, "weur").await;
    let client = server.client(Role::Editor).await;
    let settings = json!({"name": "shop", "check": {"type": "http", "url": "https://shop.example/"}});
    client.post("/api/v1/monitors", settings).await;
    let seen =
        (0..10).map(|minute| observation(&server, 1, minute, if minute == 3 { DOWN } else { Outcome::Up }));
    probe.deliver(&server, seen.collect()).await;
    let rows = async || -> (i64, i64) {
        sqlx::query_as("SELECT coalesce(sum(up), 0), coalesce(sum(down), 0) FROM rollup_1m")
            .fetch_one(&pool)
            .await
            .unwrap()
    };
    let mut transaction = pool.begin().await.unwrap();
    refresh_rollups(&server.state, &mut transaction).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(rows().await, (0, 0));
    for _ in 0..2 {
        let mut transaction = pool.begin().await.unwrap();
        refresh_rollups(&server.state, &mut transaction).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(rows().await, (9, 1));
    }
    // What is known of a monitor goes with it.
    assert!(client.delete("/api/v1/monitors/1").await.status.is_success());
    assert_eq!(rows().await, (0, 0));
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn partitions_are_dropped_by_the_settings_once_they_are_summed_up(pool: PgPool) {
    let secrets = Secrets::from_text(&"test".repeat(8)).unwrap();
    let state = AppState::new(pool.clone(), Clock::at(crate::http::test_server::now()), secrets);
    let begin = state.clock.now();
    let parts = async |table: &str| -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM pg_inherits WHERE inhparent = $1::text::regclass")
            .bind(table)
            .fetch_one(&pool)
            .await
            .unwrap()
    };
    let batch = Batch {
        comes_after: TimeDelta::zero(),
        results: vec![(0, 1, 1, 0, 1000)],
    };
    store(&pool, 1, begin, &batch).await;
    let minutes = parts("rollup_1m").await;
    state.clock.advance(TimeDelta::days(70));
    state.settings.send_modify(|settings| {
        let mut changed = (**settings).clone();
        changed.result_retention_days = 10;
        changed.minute_rollup_retention_days = 10;
        changed.hour_rollup_retention_days = 10;
        *settings = changed.into();
    });
    let drop_old = async || {
        let now = state.clock.now();
        rollup::drop_rollups_before(&pool, now - TimeDelta::days(10), now - TimeDelta::days(10))
            .await
            .unwrap();
        crate::store::result_rows::drop_results_before(&pool, now - TimeDelta::days(10))
            .await
            .unwrap();
    };
    // The fourteen days before the database was made go; the results that wait, and the minutes that they go into, do not.
    drop_old().await;
    assert_eq!(
        (parts("rollup_1m").await, parts("result").await),
        (minutes - 14, 10)
    );
    crate::jobs::run_all(&state).await.unwrap();
    drop_old().await;
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM result")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(kept, 0);
    assert_eq!(known_up(&pool).await, (0, 0, 1));
}

async fn known_up(pool: &PgPool) -> (i64, i64, i64) {
    sqlx::query_as(
        "SELECT (SELECT count(*) FROM rollup_1m), (SELECT count(*) FROM rollup_1h), (SELECT count(*) FROM rollup_1d)",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}
