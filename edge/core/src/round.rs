//! A round: the checks that are due, some at a time.

use crate::{
    engine::Engine,
    platform::{Platform, Storage, StorageError},
    schedule::{self, Due},
};
use edgewatch_protocol::{
    assignment::Assignment,
    digest::sha256_hex,
    name::Region,
    observation::{Observation, OutcomeState},
};
use futures::{
    StreamExt as _,
    future::{Either, select},
    stream::FuturesUnordered,
};
use std::{
    collections::{HashSet, VecDeque},
    fmt,
    pin::pin,
    time::Duration,
};

const LAST_KEY: &str = "round";

/// How long a further attempt waits after one that ended down.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// How long after its beginning a round still takes in what becomes due meanwhile; then it ends with what it has, so that
/// the host's next turn is not kept waiting.
const ADMISSION_MS: i64 = 45_000;

/// What came of a round.
#[derive(Debug, Default)]
pub struct RoundEnd {
    /// Observations made.
    pub ran: usize,
    /// Slots that were begun when half their interval had passed, or not at all: there is more to do than can be done, or
    /// the host runs its turns too late.
    pub overruns: u64,
    /// What kept the round from beginning further checks.
    pub failure: Option<StorageError>,
}

/// Makes the checks that are due, at most as many at a time as the platform can, and hands each observation over as it
/// comes. A check's time-out begins when its turn has come.
///
/// While a slow check holds the round open, others that become due are begun, so that one target that hangs does not
/// silence the rest. A monitor whose check is still under way is passed over.
///
/// What is begun is noted before: a probe that dies in the middle leaves a gap, and no slot is made twice.
pub async fn run_round<H: Platform + Storage>(
    engine: &Engine<'_, H>,
    region: &Region,
    assignments: &[Assignment],
    mut seen: impl FnMut(Observation),
) -> RoundEnd {
    let host = engine.platform;
    let began_ms = host.now_ms();
    let mut end = RoundEnd::default();
    let schedule_id = schedule_id(assignments);
    let mut last = match last_round(host, began_ms).await {
        Ok(last) => last,
        Err(error) => {
            end.failure = Some(error);
            return end;
        }
    };
    let at_a_time = host.max_concurrent().max(1);
    let mut busy = HashSet::new();
    let mut waiting = VecDeque::new();
    let mut under_way = FuturesUnordered::new();
    loop {
        let now_ms = host.now_ms();
        let admits = end.failure.is_none() && now_ms <= began_ms + ADMISSION_MS;
        if admits {
            let last_ms = last.as_ref().map(|last| last.at_ms);
            let (passed_over, due): (Vec<_>, Vec<_>) = schedule::due(assignments, region, last_ms, now_ms)
                .into_iter()
                .partition(|due| busy.contains(&due.assignment.monitor));
            if !due.is_empty() {
                let this = LastRound {
                    at_ms: now_ms,
                    schedule_id: schedule_id.clone(),
                };
                match host.put(LAST_KEY, this.to_string().as_bytes()).await {
                    Ok(()) => {
                        // Of a schedule that was another one nobody knows what was left out.
                        if let Some(last) = last.filter(|last| last.schedule_id == schedule_id) {
                            end.overruns += schedule::missed(assignments, region, last.at_ms, now_ms);
                        }
                        last = Some(this);
                        end.overruns += passed_over.len() as u64;
                        busy.extend(due.iter().map(|due| due.assignment.monitor));
                        waiting.extend(due);
                    }
                    Err(error) => end.failure = Some(error),
                }
            }
        }
        while under_way.len() < at_a_time
            && let Some(due) = waiting.pop_front()
        {
            end.overruns += u64::from(schedule::is_overrun(&due, host.now_ms()));
            under_way.push(observe(engine, due));
        }
        let next_due_ms = schedule::next_due_ms(assignments, region, now_ms)
            .filter(|&due_ms| admits && due_ms <= began_ms + ADMISSION_MS);
        let observation = match next_due_ms {
            Some(due_ms) if !under_way.is_empty() => {
                let pause = Duration::from_millis((due_ms - now_ms).unsigned_abs());
                match select(under_way.next(), pin!(host.sleep(pause))).await {
                    Either::Left((observation, _)) => observation,
                    Either::Right(((), _)) => continue,
                }
            }
            _ => under_way.next().await,
        };
        let Some(observation) = observation else {
            return end;
        };
        busy.remove(&observation.monitor);
        end.ran += 1;
        seen(observation);
    }
}

/// What is noted of a round: when it took in what was due, and of which schedule.
struct LastRound {
    at_ms: i64,
    schedule_id: String,
}

impl fmt::Display for LastRound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at_ms, self.schedule_id)
    }
}

impl LastRound {
    fn parse(noted: &str) -> Option<Self> {
        let (at_ms, schedule_id) = noted.split_once(' ').unwrap_or((noted, ""));
        Some(Self {
            at_ms: at_ms.parse().ok()?,
            schedule_id: schedule_id.to_owned(),
        })
    }
}

async fn last_round(
    host: &(impl Platform + Storage),
    now_ms: i64,
) -> Result<Option<LastRound>, StorageError> {
    let noted = host.get(LAST_KEY).await?;
    let noted = noted.and_then(|bytes| LastRound::parse(std::str::from_utf8(&bytes).ok()?));
    // A clock that was ahead and is right again must not silence the probe until it catches up.
    Ok(noted.filter(|last| last.at_ms <= now_ms + schedule::FIRST_ROUND_MS))
}

/// Tells which monitors are checked how often.
fn schedule_id(assignments: &[Assignment]) -> String {
    let of_assignment =
        |assignment: &Assignment| [assignment.monitor.0.cast_unsigned(), assignment.interval_s];
    let numbers = assignments.iter().flat_map(of_assignment);
    sha256_hex(&numbers.flat_map(u32::to_le_bytes).collect::<Vec<_>>())
}

/// Makes one check, again if it ends down and the assignment allows it. The last attempt is what is reported.
pub async fn observe<P: Platform>(engine: &Engine<'_, P>, due: Due<'_>) -> Observation {
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
