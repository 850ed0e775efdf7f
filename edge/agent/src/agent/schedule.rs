//! Beginning checks when they are due, each in a task of its own, so that all cores work.

use super::{Inner, Monitors};
use crate::timetable::{Start, Timetable};
use edgewatch_core::{
    engine::Engine,
    platform::{Platform as _, StorageError},
    round::observe,
    schedule::{Due, FIRST_ROUND_MS, is_overrun},
};
use edgewatch_protocol::{name::MonitorId, observation::Observation};
use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

/// What the core's rounds keep under this key, too: up to when everything due was begun, Unix milliseconds.
const BEGUN_KEY: &str = "round";

/// How far ahead it is noted that what is due has been begun. The note comes before the checks, so that none is made
/// twice; a process that dies leaves out what was due in the rest of this time.
const NOTED_AHEAD_MS: i64 = 250;

/// The longest sleep: a wall clock that was set is noticed so soon.
const LONGEST_SLEEP_MS: i64 = 1_000;

/// The shortest sleep: checks that are due closer together are begun together.
const SHORTEST_SLEEP_MS: i64 = 5;

/// A clock that goes back by more was set.
const CLOCK_WAS_SET_MS: i64 = 1_000;

/// How long checks that are under way may take once the agent is to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// How often it is told how the schedule goes.
const SUMMARY_PERIOD: Duration = Duration::from_mins(1);

/// Begins what is due until told to stop, and waits for what is under way.
pub(super) async fn run_schedule(
    inner: &Arc<Inner>,
    mut monitors: watch::Receiver<Monitors>,
    observed: mpsc::UnboundedSender<Observation>,
    mut stopping: watch::Receiver<bool>,
) {
    let host = &inner.host;
    let region = &inner.probe.region;
    let limit = Arc::new(Semaphore::new(host.max_concurrent));
    let shared = Arc::new(Shared::default());
    let mut checks = JoinSet::new();
    let mut begun = Begun::read(inner).await;
    let mut current = monitors.borrow_and_update().clone();
    let mut timetable = Timetable::new(&current, region, begun.up_to_ms, host.now_ms());
    let mut looked_ms = host.now_ms();
    let mut summary_at = Instant::now() + SUMMARY_PERIOD;
    loop {
        let now_ms = host.now_ms();
        if now_ms < looked_ms - CLOCK_WAS_SET_MS {
            tracing::warn!("the machine's clock was set back: the schedule begins anew");
            begun = Begun::default();
            timetable = Timetable::new(&current, region, None, now_ms);
        }
        looked_ms = now_ms;
        let mut may_begin = true;
        while let Some(start) = timetable.take(now_ms) {
            let assignment = &current[start.index];
            if !assignment.holds(start.slot_ms) {
                continue;
            }
            if may_begin && let Err(error) = begun.note(inner, now_ms).await {
                tracing::error!("checks are left out: {error}");
                may_begin = false;
            }
            if !may_begin {
                continue;
            }
            let Some(busy) = Busy::claim(&shared, assignment.monitor) else {
                shared.summary().passed_over += 1;
                inner.overruns.fetch_add(1, Relaxed);
                continue;
            };
            let check = run_check(
                Arc::clone(inner),
                Arc::clone(&current),
                start,
                Arc::clone(&limit),
                busy,
                observed.clone(),
            );
            checks.spawn(check);
        }
        while let Some(ended) = checks.try_join_next() {
            if let Err(error) = ended {
                tracing::error!("a check ended without a result: {error}");
            }
        }
        if Instant::now() >= summary_at {
            summary_at += SUMMARY_PERIOD;
            std::mem::take(&mut *shared.summary()).tell(current.len());
        }
        let next_ms = timetable.next_ms().unwrap_or(i64::MAX);
        let pause_ms = next_ms
            .saturating_sub(host.now_ms())
            .clamp(SHORTEST_SLEEP_MS, LONGEST_SLEEP_MS);
        tokio::select! {
            () = sleep(Duration::from_millis(pause_ms.unsigned_abs())) => {}
            Ok(()) = monitors.changed() => {
                current = monitors.borrow_and_update().clone();
                timetable = Timetable::new(&current, region, begun.up_to_ms, host.now_ms());
            }
            _ = stopping.wait_for(|stopping| *stopping) => break,
        }
    }
    drop(observed);
    shared.stopping.store(true, Relaxed);
    let all_ended = async { while checks.join_next().await.is_some() {} };
    if timeout(STOP_TIMEOUT, all_ended).await.is_err() {
        tracing::warn!(
            checks = checks.len(),
            "checks that did not end in time are given up"
        );
        checks.shutdown().await;
    }
}

/// Makes one check when there is room for it.
async fn run_check(
    inner: Arc<Inner>,
    monitors: Monitors,
    start: Start,
    limit: Arc<Semaphore>,
    busy: Busy,
    observed: mpsc::UnboundedSender<Observation>,
) {
    let Ok(_room) = limit.acquire().await else {
        return;
    };
    if busy.shared.stopping.load(Relaxed) {
        return;
    }
    let due = Due {
        assignment: &monitors[start.index],
        slot_ms: start.slot_ms,
    };
    let now_ms = inner.host.now_ms();
    // Its place within the slot is no lateness.
    let spread_ms = start.at_ms - start.slot_ms;
    let overruns = is_overrun(&due, now_ms - spread_ms);
    inner.overruns.fetch_add(u64::from(overruns), Relaxed);
    busy.shared.summary().add(now_ms - start.at_ms, overruns);
    let engine = Engine {
        platform: &inner.host.platform,
        tls: inner.tls.clone(),
    };
    let observation = observe(&engine, due).await;
    // Nobody listens any more only when the agent has stopped.
    let _ = observed.send(observation);
}

/// What the schedule and its checks share.
#[derive(Default)]
struct Shared {
    /// Monitors whose check waits or is under way.
    busy: Mutex<HashSet<MonitorId>>,
    summary: Mutex<Summary>,
    /// No check is begun any more.
    stopping: AtomicBool,
}

impl Shared {
    fn summary(&self) -> std::sync::MutexGuard<'_, Summary> {
        self.summary.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A monitor's check from its start to its end, however it ends: there is only one at a time.
struct Busy {
    shared: Arc<Shared>,
    monitor: MonitorId,
}

impl Busy {
    fn claim(shared: &Arc<Shared>, monitor: MonitorId) -> Option<Self> {
        let mut busy = shared.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.insert(monitor).then(|| Self {
            shared: Arc::clone(shared),
            monitor,
        })
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut busy = self.shared.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.remove(&self.monitor);
    }
}

/// How the schedule went since it was last told.
#[derive(Default)]
struct Summary {
    /// How late each check was begun.
    late_ms: Vec<u32>,
    /// Checks that were begun when half their interval had passed.
    overruns: usize,
    /// Checks that were left out because the one before had not ended.
    passed_over: usize,
}

impl Summary {
    fn add(&mut self, late_ms: i64, overruns: bool) {
        self.late_ms.push(late_ms.clamp(0, i64::from(u32::MAX)) as u32);
        self.overruns += usize::from(overruns);
    }

    fn tell(mut self, monitors: usize) {
        self.late_ms.sort_unstable();
        let checks = self.late_ms.len();
        let late_ms = |share: usize| self.late_ms.get(checks * share / 100).or(self.late_ms.last());
        let (p50, p99) = (late_ms(50).copied(), late_ms(99).copied());
        let max = self.late_ms.last().copied();
        tracing::info!(
            monitors,
            checks,
            overruns = self.overruns,
            passed_over = self.passed_over,
            late_p50_ms = p50.unwrap_or(0),
            late_p99_ms = p99.unwrap_or(0),
            late_max_ms = max.unwrap_or(0),
            "checks of the last minute"
        );
    }
}

/// Up to when everything that was due has been begun.
#[derive(Default)]
struct Begun {
    up_to_ms: Option<i64>,
}

impl Begun {
    async fn read(inner: &Inner) -> Self {
        let now_ms = inner.host.now_ms();
        let noted = match inner.host.storage.get(BEGUN_KEY).await {
            Ok(noted) => noted.and_then(|bytes| String::from_utf8(bytes).ok()?.parse::<i64>().ok()),
            Err(error) => {
                tracing::error!("{error}");
                None
            }
        };
        // A clock that was ahead and is right again must not silence the probe until it catches up.
        let up_to_ms = noted.filter(|&noted_ms| noted_ms <= now_ms + FIRST_ROUND_MS);
        Self { up_to_ms }
    }

    /// Makes sure that the note reaches as far as now, before anything of it is begun.
    async fn note(&mut self, inner: &Inner, now_ms: i64) -> Result<(), StorageError> {
        if self.up_to_ms.is_some_and(|up_to_ms| up_to_ms >= now_ms) {
            return Ok(());
        }
        let up_to_ms = now_ms + NOTED_AHEAD_MS;
        inner
            .host
            .storage
            .note(BEGUN_KEY, up_to_ms.to_string().as_bytes())
            .await?;
        self.up_to_ms = Some(up_to_ms);
        Ok(())
    }
}
