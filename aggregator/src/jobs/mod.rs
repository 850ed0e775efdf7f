//! Background work. Each job is done by one replica at a time: a transaction-level advisory lock is its lease, so that a
//! replica that dies loses it at once.

pub mod deliveries;
mod heartbeats;
mod load;
mod log;
mod notices;
mod packs;
mod retention;
mod rollups;
mod silence;

use crate::{evidence_log::publication::run_publication, state::AppState};
use futures::future::BoxFuture;
use sqlx::{Postgres, Transaction};
use std::time::Duration;
use tokio::task::JoinSet;

/// Apart from every other use of advisory locks.
const LOCK_CLASS: i32 = 726_873;

/// Work that is done again and again.
#[derive(Clone, Copy)]
struct Job {
    /// In logs and metrics.
    name: &'static str,
    /// Names the lease.
    number: i32,
    every: Duration,
    run: Run,
}

/// What a job does in its transaction.
type Run = for<'a> fn(
    &'a AppState,
    &'a mut Transaction<'static, Postgres>,
) -> BoxFuture<'a, sqlx::Result<AfterCommit>>;

impl Job {
    const fn new(number: i32, name: &'static str, every: Duration, run: Run) -> Self {
        Self {
            name,
            number,
            every,
            run,
        }
    }
}

/// What to tell once a job's work is committed.
type AfterCommit = Vec<crate::announcement::Change>;

const JOBS: [Job; 13] = [
    Job::new(2, "silent_probes", Duration::from_secs(20), |state, db| {
        Box::pin(silence::silence_probes(state, db))
    }),
    Job::new(3, "result_partitions", Duration::from_hours(1), |state, db| {
        Box::pin(retention::ensure_partitions(state, db))
    }),
    Job::new(4, "result_retention", Duration::from_hours(1), |state, db| {
        Box::pin(retention::drop_results(state, db))
    }),
    Job::new(5, "evidence_retention", Duration::from_mins(5), |state, db| {
        Box::pin(retention::delete_evidence(state, db))
    }),
    Job::new(6, "expiry", Duration::from_mins(1), |state, db| {
        Box::pin(retention::forget_expired(state, db))
    }),
    Job::new(7, "heartbeats", Duration::from_secs(5), |state, db| {
        Box::pin(heartbeats::look_at_heartbeats(state, db))
    }),
    Job::new(8, "heartbeat_delivery", Duration::from_secs(2), |state, db| {
        Box::pin(heartbeats::deliver_heartbeats(state, db))
    }),
    Job::new(9, "region_load", Duration::from_secs(10), |state, db| {
        Box::pin(load::write_loads(state, db))
    }),
    Job::new(20, "notices", Duration::from_secs(2), |state, db| {
        Box::pin(notices::make_notices(state, db))
    }),
    Job::new(23, "report_schedules", Duration::from_secs(30), |state, db| {
        Box::pin(crate::report::schedule::ask_for_reports(state, db))
    }),
    Job::new(15, "rollups", Duration::from_secs(30), |state, db| {
        Box::pin(rollups::refresh_rollups(state, db))
    }),
    Job::new(21, "log", Duration::from_secs(10), |state, db| {
        Box::pin(log::grow_log(state, db))
    }),
    Job::new(24, "evidence_packs", Duration::from_secs(20), |state, db| {
        Box::pin(packs::pack_evidence(state, db))
    }),
];

/// Does all jobs until the process is asked to stop; what has begun is finished.
pub async fn run_jobs(state: AppState) {
    let mut jobs = JoinSet::new();
    for job in JOBS {
        jobs.spawn(repeat(state.clone(), job));
    }
    jobs.spawn(run_publication(state.clone()));
    jobs.spawn(crate::report::make::run_reports(state.clone()));
    jobs.spawn(crate::report::mails::run_report_mails(state.clone()));
    jobs.spawn(deliveries::run_deliveries(state));
    while jobs.join_next().await.is_some() {}
}

async fn repeat(state: AppState, job: Job) {
    let mut stopping = state.stopping.subscribe();
    loop {
        let outcome = run_once(&state, job).await;
        state.metrics.job_ran(job.name, outcome.is_ok());
        if let Err(error) = outcome {
            tracing::error!(job = job.name, %error, "background work failed; it is tried again");
        }
        tokio::select! {
            () = tokio::time::sleep(job.every) => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
}

async fn run_once(state: &AppState, job: Job) -> sqlx::Result<()> {
    let mut transaction = state.pool.begin().await?;
    let leased: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1, $2)")
        .bind(LOCK_CLASS)
        .bind(job.number)
        .fetch_one(&mut *transaction)
        .await?;
    if !leased {
        return Ok(());
    }
    let after_commit = (job.run)(state, &mut transaction).await?;
    transaction.commit().await?;
    for change in after_commit {
        state.announce(change).await;
    }
    Ok(())
}

/// Every job once, and the judging of what they bring, for tests.
#[cfg(test)]
pub async fn run_all(state: &AppState) -> sqlx::Result<()> {
    for job in JOBS {
        run_once(state, job).await?;
    }
    crate::evaluation::evaluate(state, true).await
}

#[cfg(test)]
mod tests;
