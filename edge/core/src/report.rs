//! Delivering what waits in the outbox, in order.

use crate::{
    aggregator::{Aggregator, CallError},
    outbox::{Outbox, SealedBatch},
    platform::{Platform, Storage, StorageError, Transport},
};
use edgewatch_protocol::{
    batch::{BatchReceipt, ChainHead},
    path,
    problem::ProblemType,
};

/// The most batches that are sent in one turn, so that a long queue does not eat a platform's sub-requests.
const MAX_BATCHES: usize = 32;

/// How often in one turn the aggregator may name another head of the chain.
const MAX_RESUMPTIONS: usize = 2;

/// What came of a delivery.
#[derive(Debug, Default)]
pub struct Delivery {
    /// Observations that the aggregator confirmed.
    pub sent: usize,
    /// What ended it early: everything not sent stays in the outbox.
    pub stopped: Option<CallError>,
    /// What else is worth telling, in one line each.
    pub problems: Vec<String>,
}

/// Sends what waits, the oldest first, and stops at the first batch that is not taken.
pub async fn deliver<H: Platform + Transport + Storage>(
    aggregator: &Aggregator<'_, H>,
    outbox: &Outbox<'_, H>,
) -> Result<Delivery, StorageError> {
    let mut delivery = Delivery::default();
    let dropped = outbox.sweep().await?;
    if dropped > 0 {
        let problem =
            format!("{dropped} observations were dropped: they waited too long, or too many waited");
        delivery.problems.push(problem);
    }
    let mut resumptions = 0;
    for _ in 0..MAX_BATCHES {
        if !outbox.is_pending().await? {
            break;
        }
        if !outbox.knows_chain().await? {
            match head(aggregator).await {
                Ok(head) => outbox.resume(head).await?,
                Err(error) => {
                    delivery.stopped = Some(error);
                    break;
                }
            }
        }
        let Some(batch) = outbox.next().await? else {
            break;
        };
        match send(aggregator, &batch).await {
            Ok(()) => {
                outbox.delivered(&batch).await?;
                delivery.sent += batch.observations;
            }
            Err(CallError::Refused(problem))
                if problem.kind() == Some(ProblemType::SequenceReused) && resumptions < MAX_RESUMPTIONS =>
            {
                resumptions += 1;
                let head = match problem.head.clone() {
                    Some(head) => Ok(head),
                    None => head(aggregator).await,
                };
                match head {
                    Ok(head) => outbox.resume(head).await?,
                    Err(error) => {
                        delivery.stopped = Some(error);
                        break;
                    }
                }
            }
            Err(error) if is_hopeless(&error) => {
                delivery.problems.push(format!(
                    "{} observations are given up: {error}",
                    batch.observations
                ));
                outbox.give_up(&batch).await?;
            }
            Err(error) => {
                delivery.stopped = Some(error);
                break;
            }
        }
    }
    Ok(delivery)
}

/// The head of this probe's chain as the aggregator has it.
async fn head<H: Platform + Transport>(aggregator: &Aggregator<'_, H>) -> Result<ChainHead, CallError> {
    let response = aggregator.get(path::CHAIN, None).await?;
    serde_json::from_slice(response.body()).map_err(|error| CallError::Unreachable(error.to_string()))
}

async fn send<H: Platform + Transport>(
    aggregator: &Aggregator<'_, H>,
    batch: &SealedBatch,
) -> Result<(), CallError> {
    let response = aggregator.post(path::BATCHES, batch.bytes.clone()).await?;
    // What answers with success but gives no receipt is no aggregator, such as a portal on the way.
    serde_json::from_slice::<BatchReceipt>(response.body())
        .map(|_| ())
        .map_err(|error| CallError::Unreachable(format!("the receipt cannot be read: {error}")))
}

/// Whether a refusal is about the batch itself, so that it would be refused for ever and hold up all that follow.
fn is_hopeless(error: &CallError) -> bool {
    matches!(
        error.kind(),
        Some(ProblemType::Malformed | ProblemType::Validation | ProblemType::TooLarge)
    )
}
