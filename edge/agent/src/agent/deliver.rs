//! Keeping what the checks saw, and sending what is kept.

use super::{Inner, ProblemLog};
use crate::host::AgentHost;
use edgewatch_core::{aggregator::Aggregator, outbox::Outbox, platform::StorageError, report::deliver};
use edgewatch_protocol::{batch::MAX_OBSERVATIONS, observation::Observation};
use std::{sync::atomic::Ordering::Relaxed, time::Duration};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{Instant, sleep},
};

/// How long observations are gathered for one write when they come thick and fast.
const GATHERING: Duration = Duration::from_secs(1);

/// More than so many a second are thick and fast; of fewer each is written as soon as the disk has the one before.
const THICK_PER_SECOND: f64 = 50.0;

/// How often what is kept is sent.
const SHIPPING_PERIOD: Duration = Duration::from_secs(5);

/// How long the next delivery waits after one that failed: twice as long each time, up to the second.
const SHIP_AGAIN: (Duration, Duration) = (Duration::from_secs(5), Duration::from_mins(1));

/// How long what the storage did not take waits for the next try.
const KEEP_AGAIN: Duration = Duration::from_secs(1);

/// The most observations that wait in memory for a storage that fails; what comes beyond is lost.
const MAX_IN_MEMORY: usize = 20 * MAX_OBSERVATIONS;

/// Puts what comes into the outbox until nobody sends any more.
pub(super) async fn keep_observations(
    outbox: &Outbox<'_, AgentHost>,
    mut observations: mpsc::UnboundedReceiver<Observation>,
    kept: &Notify,
) {
    let mut problems = ProblemLog::default();
    let mut gathered = Vec::new();
    let (mut rate, mut written) = (0.0, Instant::now());
    loop {
        let is_open = observations.recv_many(&mut gathered, MAX_IN_MEMORY).await > 0;
        if gathered.is_empty() {
            return;
        }
        // What came within the last second fades away over the next one.
        let faded = (1.0 - written.elapsed().as_secs_f64()).max(0.0);
        rate = gathered.len() as f64 + rate * faded;
        if is_open && rate > THICK_PER_SECOND {
            sleep(GATHERING).await;
            while gathered.len() < MAX_IN_MEMORY
                && let Ok(observation) = observations.try_recv()
            {
                gathered.push(observation);
            }
            rate = gathered.len() as f64;
        }
        written = Instant::now();
        match outbox.push(std::mem::take(&mut gathered)).await {
            Ok(()) => {
                problems.is_over();
                kept.notify_one();
            }
            Err(not_kept) => {
                problems.tell(&format!("what was seen cannot be kept: {}", not_kept.error));
                gathered = not_kept.observations;
                let excess = gathered.len().saturating_sub(MAX_IN_MEMORY);
                if excess > 0 || !is_open {
                    let lost = if is_open { excess } else { gathered.len() };
                    tracing::error!(observations = lost, "observations are lost");
                    gathered.drain(..lost);
                }
                sleep(KEEP_AGAIN).await;
            }
        }
    }
}

/// Sends what is kept, some seconds' worth at a time, until no more comes.
pub(super) async fn ship_batches(
    inner: &Inner,
    outbox: &Outbox<'_, AgentHost>,
    kept: &Notify,
    mut complete: watch::Receiver<bool>,
) {
    let aggregator = Aggregator::new(&inner.probe, &inner.host);
    let mut problems = ProblemLog::default();
    let mut pause = SHIPPING_PERIOD;
    let mut again = SHIP_AGAIN.0;
    loop {
        let next = async {
            // What an earlier run left behind is sent without something new.
            if !outbox.is_pending().await.unwrap_or(true) {
                kept.notified().await;
            }
            sleep(pause).await;
        };
        tokio::select! {
            () = next => {}
            _ = complete.wait_for(|complete| *complete) => return,
        }
        if let Err(error) = note_overruns(inner, outbox).await {
            tracing::error!("{error}");
        }
        let delivered = tokio::select! {
            delivered = deliver(&aggregator, outbox) => delivered,
            // What is under way is sent again with the rest; the aggregator takes it once.
            _ = complete.wait_for(|complete| *complete) => return,
        };
        let failure = match delivered {
            Ok(delivery) => {
                for problem in delivery.problems {
                    tracing::error!("{problem}");
                }
                tracing::debug!(observations = delivery.sent, "batches were delivered");
                delivery.stopped.map(|error| error.to_string())
            }
            Err(error) => Some(error.to_string()),
        };
        pause = SHIPPING_PERIOD;
        match failure {
            None => {
                problems.is_over();
                again = SHIP_AGAIN.0;
            }
            Some(failure) => {
                problems.tell(&format!("what was seen waits to be sent: {failure}"));
                pause = again;
                again = (again * 2).min(SHIP_AGAIN.1);
            }
        }
    }
}

/// Hands the slots that could not be begun in time to the outbox, whose next batch tells of them. One that does not know
/// its place in the chain yet is told later.
pub(super) async fn note_overruns(inner: &Inner, outbox: &Outbox<'_, AgentHost>) -> Result<(), StorageError> {
    if !outbox.knows_chain().await? {
        return Ok(());
    }
    let overruns = inner.overruns.swap(0, Relaxed);
    let noted = outbox.note_overruns(overruns).await;
    if noted.is_err() {
        inner.overruns.fetch_add(overruns, Relaxed);
    }
    noted
}
