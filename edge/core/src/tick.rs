//! One turn of a probe, from pulling its assignments to delivering what it saw.
//!
//! A host calls [`tick`] by its coarse trigger (a cron job each minute) and [`round`] in between, at
//! [`TickReport::next_due_ms`]. Two turns of one region must not overlap: they share the storage.

use crate::{
    aggregator::{Aggregator, CallError},
    assignments,
    check::Engine,
    config::ProbeConfig,
    enrol::enrol,
    outbox::{Outbox, OutboxLimits},
    platform::{Platform, Storage, StorageError, Transport},
    report::deliver,
    round::run_round,
    schedule,
    test_run::run_tests,
};
use edgewatch_protocol::{
    assignment::Assignments, enrolment::ProbeStatus, problem::ProblemType, test_run::TestRun,
};
use futures::join;

const LAST_ROUND_KEY: &str = "round";

/// How often a write is tried again within a turn when observations hang on it.
const KEEP_ATTEMPTS: usize = 3;

/// What a turn did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TickReport {
    /// When the next slot of any assignment is due, Unix milliseconds; `None` without assignments. The host calls
    /// [`round`] then, or leaves it to its next tick if that comes first.
    pub next_due_ms: Option<i64>,
    /// Observations made.
    pub ran: usize,
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

async fn pull_or_enrol<H: Platform + Transport + Storage>(
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
    if let Some(assignments) = assignments {
        match Engine::new(host) {
            Ok(engine) => {
                let (ran, tested) = join!(
                    run_due(config, &engine, &outbox, assignments),
                    run_tests(&engine, config, &aggregator, tests),
                );
                match ran {
                    Ok((ran, problem)) => {
                        report.ran = ran;
                        report.problems.extend(problem);
                    }
                    Err(error) => report.problems.push(error.to_string()),
                }
                match tested {
                    Ok((tested, problems)) => {
                        report.tested = tested;
                        report.problems.extend(problems);
                    }
                    Err(error) => report.problems.push(error.to_string()),
                }
            }
            Err(message) => report.problems.push(message),
        }
    }
    match deliver(&aggregator, &outbox).await {
        Ok(delivery) => {
            report.sent = delivery.sent;
            report.problems.extend(delivery.problems);
            report
                .problems
                .extend(delivery.stopped.map(|error| error.to_string()));
        }
        Err(error) => report.problems.push(error.to_string()),
    }
    report.pending = outbox.is_pending().await.unwrap_or(true);
    report.next_due_ms = assignments
        .and_then(|assignments| schedule::next_due_ms(&assignments.monitors, &config.region, host.now_ms()));
}

/// Makes what is due and keeps what was seen.
///
/// The round is noted before it begins: a probe that dies in the middle leaves a gap, and no slot is made twice.
async fn run_due<H: Platform + Storage>(
    config: &ProbeConfig,
    engine: &Engine<'_, H>,
    outbox: &Outbox<'_, H>,
    assignments: &Assignments,
) -> Result<(usize, Option<String>), StorageError> {
    let host = engine.platform;
    let now_ms = host.now_ms();
    let last_ms = host
        .get(LAST_ROUND_KEY)
        .await?
        .and_then(|bytes| String::from_utf8(bytes).ok()?.parse::<i64>().ok())
        // A clock that was ahead and is right again must not silence the probe until it catches up.
        .filter(|&last_ms| last_ms <= now_ms + schedule::FIRST_ROUND_MS);
    let due = schedule::due(&assignments.monitors, &config.region, last_ms, now_ms);
    if due.is_empty() {
        return Ok((0, None));
    }
    host.put(LAST_ROUND_KEY, now_ms.to_string().as_bytes()).await?;
    let observations = run_round(engine, due).await;
    let ran = observations.len();
    let mut left = observations;
    for attempt in 1.. {
        match outbox.push(left).await {
            Ok(()) => break,
            Err(not_kept) if attempt < KEEP_ATTEMPTS => left = not_kept.observations,
            Err(not_kept) => {
                let lost = not_kept.observations.len();
                let problem = format!("{lost} observations are lost: {}", not_kept.error);
                return Ok((ran - lost, Some(problem)));
            }
        }
    }
    Ok((ran, None))
}
