use super::*;
use crate::{clock::Clock, http::test_server::now, secret::Secrets};
use chrono::TimeDelta;
use sqlx::PgPool;

fn state(pool: PgPool) -> AppState {
    AppState::new(
        pool,
        Clock::at(now()),
        Secrets::from_text(&"test".repeat(8)).unwrap(),
    )
}

async fn partitions(pool: &PgPool) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM pg_inherits WHERE inhparent = 'result'::regclass")
        .fetch_one(pool)
        .await
        .unwrap()
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn partitions_are_made_ahead_and_dropped_by_the_setting(pool: PgPool) {
    let state = state(pool.clone());
    run_all(&state).await.unwrap();
    assert_eq!(partitions(&pool).await, 10);
    state.clock.advance(TimeDelta::days(3));
    run_all(&state).await.unwrap();
    assert_eq!(partitions(&pool).await, 13);
    state.settings.send_modify(|settings| {
        let mut changed = (**settings).clone();
        changed.result_retention_days = 1;
        *settings = changed.into();
    });
    run_all(&state).await.unwrap();
    // Yesterday, today, and a week ahead.
    assert_eq!(partitions(&pool).await, 9);
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn what_has_ended_is_forgotten(pool: PgPool) {
    let state = state(pool.clone());
    let until = state.clock.now() + TimeDelta::minutes(10);
    assert!(
        crate::store::nonce::remember_nonce(&pool, "k", "n", until)
            .await
            .unwrap()
    );
    run_all(&state).await.unwrap();
    assert!(
        !crate::store::nonce::remember_nonce(&pool, "k", "n", until)
            .await
            .unwrap()
    );
    state.clock.advance(TimeDelta::minutes(11));
    run_all(&state).await.unwrap();
    assert!(
        crate::store::nonce::remember_nonce(&pool, "k", "n", until)
            .await
            .unwrap()
    );
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn only_one_replica_does_a_job_at_a_time(pool: PgPool) {
    let state = state(pool.clone());
    let mut other = pool.begin().await.unwrap();
    let job = JOBS
        .into_iter()
        .find(|job| job.name == "result_partitions")
        .unwrap();
    sqlx::query("SELECT pg_advisory_xact_lock($1, $2)")
        .bind(LOCK_CLASS)
        .bind(job.number)
        .execute(&mut *other)
        .await
        .unwrap();
    state.clock.advance(TimeDelta::days(3));
    run_once(&state, job).await.unwrap();
    assert_eq!(partitions(&pool).await, 10);
    other.rollback().await.unwrap();
    run_once(&state, job).await.unwrap();
    assert_eq!(partitions(&pool).await, 13);
}
