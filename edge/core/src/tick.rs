//! One turn of a probe, from pulling its assignments to delivering what it saw.
//!
//! A host calls [`tick`] by its coarse trigger (a cron job each minute) and [`round`] in between, at
//! [`TickReport::next_due_ms`]. Two turns of one region must not overlap: they share the storage.

use crate::{
    aggregator::{Aggregator, CallError},
    assignments,
    config::ProbeConfig,
    engine::Engine,
    enrol::{enrol, tell_changes},
    outbox::{Outbox, OutboxLimits},
    platform::{Platform, Storage, StorageError, Transport},
    report::deliver,
    round::{RoundEnd, run_round},
    schedule,
    test_run::{TestsEnd, run_tests},
};
use edgewatch_protocol::{
    assignment::Assignments, enrolment::ProbeStatus, observation::Observation, problem::ProblemType,
    test_run::TestRun,
};
use futures::{
    StreamExt as _,
    channel::mpsc,
    future::{Either, select},
    join,
};
use std::{pin::pin, time::Duration};

/// How often a write is tried when observations hang on it.
const KEEP_ATTEMPTS: usize = 3;

/// How long observations are gathered for one delivery while the round goes on.
const GATHERING: Duration = Duration::from_secs(3);

/// What a turn did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TickReport {
    /// When the next slot of any assignment is due, Unix milliseconds; `None` without assignments. The host calls
    /// [`round`] then, or leaves it to its next tick if that comes first.
    pub next_due_ms: Option<i64>,
    /// Observations made.
    pub ran: usize,
    /// Slots that could not be begun in time.
    pub overruns: u64,
    /// Test runs made.
    pub tested: usize,
    /// Observations that the aggregator confirmed.
    pub sent: usize,
    /// Whether some observations wait for a further turn.
    pub pending: bool,
    /// Where the enrolment stands, if this turn learnt it.
    pub enrolment: Option<ProbeStatus>,
    /// What went wrong, each in one line without secrets, for the host's log.
    pub problems: Vec<String>,
}

/// A whole turn: enrols if need be, pulls the assignments, makes test runs and what is due, delivers what waits.
pub async fn tick<H: Platform + Transport + Storage>(config: &ProbeConfig, host: &H) -> TickReport {
    let mut report = TickReport::default();
    let assignments = match pull_or_enrol(config, host, &mut report).await {
        Ok(assignments) => assignments,
        Err(error) => {
            report.problems.push(error.to_string());
            None
        }
    };
    let tests = assignments
        .as_ref()
        .map_or(&[][..], |assignments| &assignments.tests);
    turn(config, host, assignments.as_ref(), tests, &mut report).await;
    report
}

/// A turn without asking for assignments: makes what is due of those that are kept, and delivers what waits.
pub async fn round<H: Platform + Transport + Storage>(config: &ProbeConfig, host: &H) -> TickReport {
    let mut report = TickReport::default();
    let assignments = match assignments::kept(host).await {
        Ok(assignments) => assignments,
        Err(error) => {
            report.problems.push(error.to_string());
            None
        }
    };
    turn(config, host, assignments.as_ref(), &[], &mut report).await;
    report
}

/// What this probe has to do, pulled anew: enrols if need be. `None` when it has nothing to do, because it is not (or no
/// more) a probe of this aggregator; what is kept when the aggregator cannot be reached.
///
/// # Errors
/// When the storage fails. What the aggregator says against it goes into the report.
pub async fn pull_or_enrol<H: Platform + Transport + Storage>(
    config: &ProbeConfig,
    host: &H,
    report: &mut TickReport,
) -> Result<Option<Assignments>, StorageError> {
    let aggregator = Aggregator::new(config, host);
    let (mut assignments, mut error) = assignments::pull(&aggregator, host).await?;
    if error.as_ref().and_then(CallError::kind) == Some(ProblemType::UnknownKey) {
        assignments = None;
        error = None;
        match enrol(config, host).await {
            Ok(status) => {
                report.enrolment = Some(status);
                if status == ProbeStatus::Approved {
                    (assignments, error) = assignments::pull(&aggregator, host).await?;
                }
            }
            Err(problem) => report.problems.push(problem),
        }
        if assignments.is_none() {
            assignments::forget(host).await?;
        }
    }
    if error.is_none() && assignments.is_some() {
        report.problems.extend(tell_changes(config, host).await.err());
    }
    if let Some(error) = error {
        report.problems.push(error.to_string());
        let refused = match error.kind() {
            Some(ProblemType::ProbePending) => Some(ProbeStatus::Pending),
            Some(ProblemType::ProbeRevoked) => Some(ProbeStatus::Revoked),
            _ => None,
        };
        // Whoever is not, or no more, a probe of this aggregator stops looking; what he saw before stays until it is
        // too old.
        if refused.is_some() {
            report.enrolment = refused;
            assignments = None;
            assignments::forget(host).await?;
        }
    }
    Ok(assignments.filter(|assignments| assignments.region == config.region))
}

async fn turn<H: Platform + Transport + Storage>(
    config: &ProbeConfig,
    host: &H,
    assignments: Option<&Assignments>,
    tests: &[TestRun],
    report: &mut TickReport,
) {
    let aggregator = Aggregator::new(config, host);
    let outbox = Outbox::new(config, host, OutboxLimits::default());
    let (sender, receiver) = mpsc::unbounded();
    let look = async {
        // The sender goes with this block: its end tells the delivery that no more will come.
        let sender = sender;
        let Some(assignments) = assignments else {
            return Ok((RoundEnd::default(), Ok(TestsEnd::default())));
        };
        let engine = Engine::new(host)?;
        let monitors = &assignments.monitors;
        let round = async {
            let sender = sender;
            run_round(&engine, &config.region, monitors, |observation| {
                // The receiver is there until the sender is gone.
                let _ = sender.unbounded_send(observation);
            })
            .await
        };
        Ok::<_, String>(join!(round, run_tests(&engine, config, &aggregator, tests)))
    };
    let (looked, delivery) = join!(look, deliver_as_they_come(host, &aggregator, &outbox, receiver));
    match looked {
        Ok((round, tests)) => {
            report.ran = round.ran;
            report.overruns = round.overruns;
            if let Err(error) = outbox.note_overruns(round.overruns).await {
                report.problems.push(error.to_string());
            }
            report
                .problems
                .extend(round.failure.map(|error| error.to_string()));
            match tests {
                Ok(tests) => {
                    report.tested = tests.made;
                    report.problems.extend(tests.problems);
                }
                Err(error) => report.problems.push(error.to_string()),
            }
        }
        Err(message) => report.problems.push(message),
    }
    report.sent = delivery.sent;
    report.problems.extend(delivery.problems);
    report.pending = outbox.is_pending().await.unwrap_or(true);
    report.next_due_ms = assignments
        .and_then(|assignments| schedule::next_due_ms(&assignments.monitors, &config.region, host.now_ms()));
}

/// Keeps what comes and delivers it: at the end of the round, and in between when a slow check holds the round open.
/// After a delivery that failed the rest of the turn only keeps.
async fn deliver_as_they_come<H: Platform + Transport + Storage>(
    host: &H,
    aggregator: &Aggregator<'_, H>,
    outbox: &Outbox<'_, H>,
    mut observations: mpsc::UnboundedReceiver<Observation>,
) -> Delivered {
    let mut delivered = Delivered::default();
    let mut is_first = true;
    loop {
        let (gathered, is_last) = gather(host, &mut observations).await;
        let is_empty = gathered.is_empty();
        delivered.problems.extend(keep(outbox, gathered).await);
        // Once in any turn, for what an earlier one left.
        if !delivered.stopped && (is_first || !is_empty) {
            is_first = false;
            match deliver(aggregator, outbox).await {
                Ok(delivery) => {
                    delivered.sent += delivery.sent;
                    delivered.problems.extend(delivery.problems);
                    delivered.stopped = delivery.stopped.is_some();
                    delivered
                        .problems
                        .extend(delivery.stopped.map(|error| error.to_string()));
                }
                Err(error) => {
                    delivered.stopped = true;
                    delivered.problems.push(error.to_string());
                }
            }
        }
        if is_last {
            return delivered;
        }
    }
}

#[derive(Default)]
struct Delivered {
    sent: usize,
    problems: Vec<String>,
    stopped: bool,
}

/// What comes within [`GATHERING`] of the first, or until the end of the round; and whether that was the end.
async fn gather<H: Platform>(
    host: &H,
    observations: &mut mpsc::UnboundedReceiver<Observation>,
) -> (Vec<Observation>, bool) {
    let Some(first) = observations.next().await else {
        return (Vec::new(), true);
    };
    let mut gathered = vec![first];
    let mut pause = pin!(host.sleep(GATHERING));
    loop {
        match select(observations.next(), pause.as_mut()).await {
            Either::Left((Some(observation), _)) => gathered.push(observation),
            Either::Left((None, _)) => return (gathered, true),
            Either::Right(((), _)) => return (gathered, false),
        }
    }
}

/// Puts observations into the outbox; what could not be kept, as a line for the log.
async fn keep<H: Platform + Storage>(
    outbox: &Outbox<'_, H>,
    observations: Vec<Observation>,
) -> Option<String> {
    let mut left = observations;
    let mut failure = None;
    for _ in 0..KEEP_ATTEMPTS {
        let not_kept = outbox.push(left).await.err()?;
        left = not_kept.observations;
        failure = Some(not_kept.error);
    }
    failure.map(|error| format!("{} observations are lost: {error}", left.len()))
}
