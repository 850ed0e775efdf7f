//! Judging: from stored results to what regions say of monitors, and from that to states. It runs just behind the batches,
//! in one process at a time, and takes together what has come together: a busy moment costs little more than a quiet one.
//!
//! A batch leaves a line in `evaluation_queue` with its results; the transaction that writes what was judged deletes it.
//! So every batch is judged once, whoever is killed when. What was just taken is passed on in memory; what another
//! process took, or this one before it died, is read from the evidence.

mod judge;
mod memory;
mod taken;
#[cfg(test)]
mod tests;

pub use memory::Memory;
pub use taken::{Dropped, TakenBatch, TakenResult, plausible_time};

use crate::{
    announcement::Change,
    state::AppState,
    store::{
        evaluation::{decide_monitors, list_judged_monitors},
        evaluation_queue::{self as queue, begin_evaluation, hand_over_evaluation},
    },
};
use chrono::{DateTime, Utc};
use edgewatch_client::event::{Event, LiveResult};
use sqlx::PgConnection;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

/// Batches judged in one transaction.
const AT_ONCE: usize = 64;

/// Batches kept for judging; those beyond are read from the evidence.
const KEPT: usize = 256;

/// How long what comes is gathered after a judgement: the first batch after a quiet moment is judged at once, and of a
/// stream of them so many together.
const GATHER_FOR: Duration = Duration::from_millis(200);

/// How long nothing may come until the process looks by itself: whether another one took batches, or judges no more.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What is taken and not judged yet, and what is remembered of what was.
#[derive(Debug, Default)]
pub struct Evaluation {
    taken: Mutex<HashMap<i64, TakenBatch>>,
    came: Notify,
    memory: tokio::sync::Mutex<Memory>,
}

impl Evaluation {
    /// Passes on a batch that was stored.
    pub fn pass_on(&self, batch: TakenBatch) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() < KEPT {
            taken.insert(batch.id, batch);
        }
        drop(taken);
        self.came.notify_one();
    }

    /// Batches have come, to this process or another one.
    pub fn wake(&self) {
        self.came.notify_one();
    }

    fn take(&self, id: i64) -> Option<TakenBatch> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.remove(&id)
    }
}

/// Judges whatever comes until the process is asked to stop, and what was accepted until then.
pub async fn run_evaluation(state: AppState) {
    let mut stopping = state.stopping.subscribe();
    loop {
        let stops = *stopping.borrow();
        if let Err(error) = evaluate(&state).await {
            tracing::error!(%error, "results could not be judged; it is tried again");
            tokio::time::sleep(LOOK_EVERY / 4).await;
        }
        if stops {
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(GATHER_FOR) => {}
            _ = stopping.wait_for(|stopping| *stopping) => continue,
        }
        tokio::select! {
            () = state.evaluation.came.notified() => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }
    if let Err(error) = hand_over_evaluation(&state.pool, state.events.instance()).await {
        tracing::warn!(%error, "the judging could not be handed over; another process takes it over in some seconds");
    }
}

/// Judges all that waits, if this process is the one that judges.
///
/// # Errors
/// Those of the database. Nothing is lost by them: what was not judged waits on.
pub async fn evaluate(state: &AppState) -> sqlx::Result<()> {
    let mut memory = state.evaluation.memory.lock().await;
    while evaluate_some(state, &mut memory).await? == AT_ONCE {}
    Ok(())
}

/// How many batches that were.
async fn evaluate_some(state: &AppState, memory: &mut Memory) -> sqlx::Result<usize> {
    let mut transaction = state.pool.begin().await?;
    let Some(versions) = begin_evaluation(&mut transaction, state.events.instance()).await? else {
        transaction.rollback().await?;
        *memory = Memory::default();
        return Ok(0);
    };
    // Taken out and put back: should this fail, nothing is remembered of what was never written.
    let mut learned = std::mem::take(memory).still_at(versions);
    let ids = queue::take_queued(&mut transaction, AT_ONCE as i64).await?;
    let judged = if ids.is_empty() {
        None
    } else {
        let batches = collect(state, &mut transaction, &ids).await?;
        Some(judge_batches(&mut transaction, &mut learned, &batches, state.clock.now()).await?)
    };
    transaction.commit().await?;
    *memory = learned.now_at(versions.next());
    let taken = ids.len();
    if let Some(judged) = judged {
        tell(state, ids, judged).await;
    }
    Ok(taken)
}

/// The batches of these numbers, in their order.
async fn collect(state: &AppState, db: &mut PgConnection, ids: &[i64]) -> sqlx::Result<Vec<TakenBatch>> {
    let (mut batches, mut elsewhere) = (Vec::new(), Vec::new());
    for &id in ids {
        match state.evaluation.take(id) {
            Some(batch) => batches.push(batch),
            None => elsewhere.push(id),
        }
    }
    if !elsewhere.is_empty() {
        for queued in queue::list_queued(db, &elsewhere).await? {
            let id = queued.id;
            match TakenBatch::read(queued) {
                Ok(batch) => batches.push(batch),
                Err(fault) => tracing::error!(
                    batch = id,
                    fault,
                    "the evidence of a batch cannot be read; it is not judged"
                ),
            }
        }
    }
    batches.sort_unstable_by_key(|batch| batch.id);
    Ok(batches)
}

/// What came of a judgement.
struct Judged {
    live: Vec<LiveResult>,
    monitors_changed: Vec<i32>,
}

async fn judge_batches(
    db: &mut PgConnection,
    memory: &mut Memory,
    batches: &[TakenBatch],
    now: DateTime<Utc>,
) -> sqlx::Result<Judged> {
    let (regions, monitors) = memory.missing(batches);
    if !monitors.is_empty() {
        let found = list_judged_monitors(db, &regions, &monitors).await?;
        memory.learn(&regions, &monitors, found);
    }
    let judgement = judge::judge(memory, batches, now);
    judgement.rows.store(db).await?;
    decide_monitors(db, &judgement.votes_changed, &judgement.began, now).await?;
    Ok(Judged {
        live: judgement.live,
        // A region's new vote is told even if the monitor's state stays.
        monitors_changed: judgement.votes_changed,
    })
}

/// After the commit, for whoever looks on.
async fn tell(state: &AppState, batches: Vec<i64>, judged: Judged) {
    if !judged.live.is_empty() {
        state.events.publish(Event::Results { results: judged.live });
        state.announce(Change::Batches(batches)).await;
    }
    if !judged.monitors_changed.is_empty() {
        state.announce(Change::States(judged.monitors_changed)).await;
    }
}
