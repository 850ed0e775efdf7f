//! Judging: from stored results to what regions say of monitors, and from that to states. It runs just behind the batches,
//! in one process at a time, and takes together what has come together: a busy moment costs little more than a quiet one.
//!
//! A batch leaves a line in `evaluation_queue` with its results; the transaction that writes what was judged deletes it.
//! So every batch is judged once, whoever is killed when. What was just taken is passed on in memory; what another
//! process took, or this one before it died, is read from the evidence.

mod evidence;
mod flapping;
mod incidents;
mod judge;
#[cfg(test)]
mod maintenance_tests;
mod memory;
mod record;
mod taken;
#[cfg(test)]
mod tests;
mod vantage;

pub use memory::Memory;
pub use record::{maintenance_of, votes_of};
pub use taken::{Dropped, TakenBatch, TakenResult, plausible_span, plausible_time};
pub use vantage::KNOWN_FOR as VANTAGE_KNOWN_FOR;

use crate::{
    announcement::Change,
    state::AppState,
    store::{
        evaluation_queue::{self as queue, Versions, begin_evaluation, hand_over_evaluation},
        flapping::settle_flapping,
        maintenance::judge_passed_edges,
        policy::take_to_judge,
        stored_batch::find_stored_batches,
        vote::list_quiet_pairs,
    },
};
use edgewatch_client::event::Event;
use judge::{Judgement, judge};
use record::record;
use sqlx::PgConnection;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// Batches judged in one transaction.
const AT_ONCE: usize = 256;

/// Batches kept for judging; those beyond are read from the evidence.
const KEPT: usize = 512;

/// Batches whose numbers are so far behind those that were judged are not on their way any more.
const LATEST_BEHIND: i64 = 1024;

/// How long what comes is gathered after a judgement, at least and at most: the first batch after a quiet moment is judged
/// at once, and of a stream of them so many together.
const GATHER_FOR: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// How many times as long as it took to judge what had come.
const GATHER_FACTOR: u32 = 4;

/// Monitors that are judged again, or have fallen silent, taken in one transaction.
const MONITORS_AT_ONCE: i64 = 5_000;

/// How often the process looks by itself: which regions have fallen silent, which maintenance windows have begun or ended, whether another process took batches, or judges
/// no more.
const SILENCE_EVERY: Duration = Duration::from_secs(2);

/// How long to wait after a failure.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(500);

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

    /// Whatever was passed on is another process's to judge; whether there was anything.
    fn leave_to_others(&self) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let any = !taken.is_empty();
        taken.clear();
        any
    }

    /// Forgets what was passed on too late to be judged from here: its evidence was read instead. Batches are not stored
    /// in the order of their numbers: some before the last judged one may come yet.
    fn forget_long_before(&self, last: i64) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.retain(|&kept, _| kept > last - LATEST_BEHIND);
    }

    fn take(&self, id: i64) -> Option<TakenBatch> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.remove(&id)
    }
}

/// Judges whatever comes until the process is asked to stop, and what was accepted until then.
pub async fn run_evaluation(state: AppState) {
    let mut stopping = state.stopping.subscribe();
    let mut look_for_silence = tokio::time::interval(SILENCE_EVERY);
    let mut silence_is_due = true;
    loop {
        let stops = *stopping.borrow();
        let began = Instant::now();
        match evaluate(&state, silence_is_due).await {
            Ok(()) => silence_is_due = false,
            Err(error) => {
                tracing::error!(%error, "results could not be judged; it is tried again");
                tokio::time::sleep(TRY_AGAIN_AFTER).await;
            }
        }
        if stops {
            break;
        }
        tokio::select! {
            () = tokio::time::sleep(gather_for(began.elapsed())) => {}
            _ = stopping.wait_for(|stopping| *stopping) => continue,
        }
        tokio::select! {
            () = state.evaluation.came.notified() => {}
            _ = look_for_silence.tick() => silence_is_due = true,
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    }
    if let Err(error) = hand_over_evaluation(&state.pool, state.events.instance()).await {
        tracing::warn!(%error, "the judging could not be handed over; another process takes it over in some seconds");
    }
}

/// How long to gather after a judgement that took so long.
fn gather_for(took: Duration) -> Duration {
    let [at_least, at_most] = GATHER_FOR;
    (took * GATHER_FACTOR).clamp(at_least, at_most)
}

/// Judges all that waits, and what has fallen silent if that is asked for, and reads the evidence of the outages that were
/// found, if this process is the one that judges.
///
/// # Errors
/// Those of the database. Nothing is lost by them: what was not judged waits on.
pub async fn evaluate(state: &AppState, mut look_for_silence: bool) -> sqlx::Result<()> {
    let mut memory = state.evaluation.memory.lock().await;
    loop {
        while evaluate_some(state, &mut memory, look_for_silence).await? {
            look_for_silence = false;
        }
        look_for_silence = false;
        if !evidence::read_some(state).await? {
            return Ok(());
        }
    }
}

/// Whether there may be more.
async fn evaluate_some(state: &AppState, memory: &mut Memory, look_for_silence: bool) -> sqlx::Result<bool> {
    let mut transaction = state.pool.begin().await?;
    let Some(judged) = begin_evaluation(&mut transaction, state.events.instance()).await? else {
        transaction.rollback().await?;
        *memory = Memory::default();
        if state.evaluation.leave_to_others() {
            state.announce(Change::ToJudge).await;
        }
        return Ok(false);
    };
    let now = state.clock.now();
    if look_for_silence {
        judge_passed_edges(&mut transaction, now).await?;
    }
    let ids = queue::take_queued(&mut transaction, AT_ONCE as i64).await?;
    let to_judge = take_to_judge(&mut transaction, MONITORS_AT_ONCE).await?;
    let quiet = if look_for_silence {
        list_quiet_pairs(&mut transaction, now, MONITORS_AT_ONCE).await?
    } else {
        Vec::new()
    };
    // Read last: whatever was taken was written with the definitions of this version, or earlier ones.
    let versions = Versions {
        judged,
        definitions: queue::judging_version(&mut transaction).await?,
    };
    // Taken out and put back: should this fail, nothing is remembered of what was never written.
    let mut learned = std::mem::take(memory).still_at(versions);
    let batches = collect(state, &mut transaction, &ids).await?;
    let reported = batches
        .iter()
        .flat_map(TakenBatch::pairs)
        .chain(quiet.iter().copied());
    learned
        .learn(&mut transaction, reported, to_judge.iter().map(|&(id, _)| id))
        .await?;
    let mut judgement = judge(
        &mut transaction,
        &mut learned,
        &batches,
        &quiet,
        (state.settings().vantage, now),
    )
    .await?;
    for (id, from_ms) in to_judge {
        let earliest = judgement.changed.entry(id).or_insert(from_ms);
        *earliest = from_ms.min(*earliest);
    }
    if !judgement.changed.is_empty() {
        learned.learn_maintenance(&mut transaction).await?;
    }
    let incidents = record(&mut transaction, &learned, &judgement.changed, now).await?;
    if look_for_silence {
        for id in settle_flapping(&mut transaction, now).await? {
            judgement.changed.entry(id).or_insert(now.timestamp_millis());
        }
    }
    transaction.commit().await?;
    *memory = learned.now_at(versions.next());
    if let Some(&last) = ids.iter().max() {
        state.evaluation.forget_long_before(last);
    }
    let there_may_be_more = ids.len() == AT_ONCE || judgement.changed.len() >= MONITORS_AT_ONCE as usize;
    tell(state, ids, judgement, incidents).await;
    Ok(there_may_be_more)
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
        for queued in find_stored_batches(db, &elsewhere).await? {
            let id = queued.id;
            match TakenBatch::read(&queued) {
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

/// After the commit, for whoever looks on.
async fn tell(state: &AppState, batches: Vec<i64>, judgement: Judgement, incidents: Vec<i32>) {
    state.recent_results.note(judgement.recent);
    if !judgement.live.is_empty() {
        state.events.publish(Event::Results {
            results: judgement.live,
        });
        state.announce(Change::Batches(batches)).await;
    }
    if !judgement.changed.is_empty() {
        let monitors = judgement.changed.into_keys().collect();
        state.announce(Change::States(monitors)).await;
    }
    if !incidents.is_empty() {
        state.announce(Change::Incidents(incidents)).await;
    }
}
