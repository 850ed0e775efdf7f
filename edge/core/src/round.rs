//! One round: the checks that are due, some at a time.

use crate::{check::Engine, platform::Platform, schedule::Due};
use edgewatch_protocol::observation::{Observation, OutcomeState};
use futures::{StreamExt as _, stream};
use std::time::Duration;

/// How long a further attempt waits after one that ended down.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Makes the checks that are due, at most as many at a time as the platform can. A check's time-out begins when its
/// turn has come.
pub async fn run_round<P: Platform>(engine: &Engine<'_, P>, due: Vec<Due<'_>>) -> Vec<Observation> {
    let at_a_time = engine.platform.max_concurrent().max(1);
    let mut observations: Vec<_> = stream::iter(due)
        .map(|due| observe(engine, due))
        .buffer_unordered(at_a_time)
        .collect()
        .await;
    observations.sort_by_key(|observation| (observation.slot_ms, observation.monitor));
    observations
}

/// Makes one check, again if it ends down and the assignment allows it. The last attempt is what is reported.
async fn observe<P: Platform>(engine: &Engine<'_, P>, due: Due<'_>) -> Observation {
    let assignment = due.assignment;
    let mut attempts = 0;
    loop {
        attempts += 1;
        let started_ms = engine.platform.now_ms();
        let sight = engine.run(&assignment.check, assignment.timeout_ms).await;
        if sight.outcome.state() == OutcomeState::Down && attempts <= assignment.retries {
            engine.platform.sleep(RETRY_PAUSE).await;
            continue;
        }
        return Observation {
            monitor: assignment.monitor,
            revision: assignment.revision,
            slot_ms: due.slot_ms,
            started_ms,
            attempts,
            sight,
        };
    }
}
