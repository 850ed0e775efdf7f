//! The resident probe: what it has to do is pulled, what is due is begun, what was seen is kept, what is kept is sent.
//! Four loops, none of which waits for another, so that neither a slow target nor an aggregator that is away delays a
//! check.
//!
//! The loops write different keys of the storage; only the outbox has two that work on it, and it is made for that.

mod deliver;
mod schedule;

use crate::{
    NativePlatform, echo::check_permission, host::AgentHost, storage::DirectoryStorage,
    transport::HttpTransport,
};
use deliver::{keep_observations, note_overruns, ship_batches};
use edgewatch_core::{
    aggregator::Aggregator,
    assignments,
    config::ProbeConfig,
    engine::Engine,
    outbox::{Outbox, OutboxLimits},
    platform::Platform as _,
    test_run::run_tests,
    tick::{TickReport, pull_or_enrol},
    tls::TlsClient,
};
use edgewatch_protocol::{
    assignment::{Assignment, Assignments},
    identity::Fingerprint,
};
use schedule::run_schedule;
use std::{
    future::Future,
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{sleep, timeout},
};

/// How often the assignments are asked for: a user who waits for a test run waits so long.
const PULL_PERIOD: Duration = Duration::from_secs(15);

/// How soon they are asked for again when that failed: twice as long each time, up to the second.
const PULL_AGAIN: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(30));

/// How long the last delivery may take once the agent is to stop; what is not sent by then is sent after the next start.
const LAST_DELIVERY: Duration = Duration::from_secs(5);

/// How often a problem that goes on is told.
const TELL_AGAIN: Duration = Duration::from_mins(5);

/// What an agent is made of.
pub struct AgentOptions {
    /// Whose probe it is.
    pub probe: ProbeConfig,
    /// The machine as the checks see it, with further roots to trust, which hold for the aggregator too.
    pub platform: NativePlatform,
    /// Where it keeps what must outlive it; no other agent may have the directory.
    pub state_dir: PathBuf,
    /// How many checks may run at a time.
    pub max_concurrent: usize,
    /// How much may wait in the state directory to be sent, MiB.
    pub outbox_mib: usize,
}

/// An agent that is ready to run.
pub struct Agent {
    inner: Arc<Inner>,
}

/// What the loops and the checks share.
struct Inner {
    probe: ProbeConfig,
    host: AgentHost,
    tls: TlsClient,
    outbox_limits: OutboxLimits,
    /// Slots that could not be begun in time, and that the outbox does not know of yet.
    overruns: AtomicU64,
}

impl Inner {
    /// The outbox in the state directory; of one agent only one works at a time.
    fn outbox(&self) -> Outbox<'_, AgentHost> {
        Outbox::new(&self.probe, &self.host, self.outbox_limits)
    }
}

/// The monitors that the probe has to check, as they are now.
type Monitors = Arc<Vec<Assignment>>;

impl Agent {
    /// Makes an agent and takes its state directory.
    ///
    /// # Errors
    /// What is wrong with the directory or the roots, in one line.
    pub fn new(options: AgentOptions) -> Result<Self, String> {
        let roots = options.platform.extra_roots();
        let inner = Inner {
            tls: TlsClient::new(&roots)?,
            host: AgentHost {
                transport: HttpTransport::new(&roots)?,
                storage: DirectoryStorage::open(&options.state_dir)?,
                platform: options.platform,
                max_concurrent: options.max_concurrent.max(1),
            },
            probe: options.probe,
            outbox_limits: OutboxLimits::of_mib(options.outbox_mib),
            overruns: AtomicU64::new(0),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Runs until `stop` completes. Then no check is begun any more, those under way end within ten seconds or are
    /// given up, and what was seen is sent, or kept for the next start.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let inner = &self.inner;
        let fingerprint = Fingerprint::of(&inner.probe.key.verifying_key());
        tracing::info!(
            region = %inner.probe.region,
            aggregator = %inner.probe.aggregator_url,
            %fingerprint,
            "the agent has started"
        );
        if let Err(why) = check_permission() {
            tracing::warn!("ping checks are not offered: {why}");
        }
        let outbox = inner.outbox();
        let (set_monitors, monitors) = watch::channel(Monitors::default());
        let (observed, observations) = mpsc::unbounded_channel();
        let (set_stopping, stopping) = watch::channel(false);
        let kept = Notify::new();

        let pull = async {
            tokio::select! {
                () = pull_assignments(inner, &set_monitors) => {}
                () = stop => {}
            }
            set_stopping.send_replace(true);
        };
        // The schedule's end drops the last sender, which ends the keeping, which ends the shipping.
        let schedule = run_schedule(inner, monitors, observed, stopping);
        let (set_complete, complete) = watch::channel(false);
        let keep = async {
            keep_observations(&outbox, observations, &kept).await;
            set_complete.send_replace(true);
        };
        let ship = async {
            ship_batches(inner, &outbox, &kept, complete).await;
            if let Err(error) = note_overruns(inner, &outbox).await {
                tracing::error!("{error}");
            }
            let aggregator = Aggregator::new(&inner.probe, &inner.host);
            let last = edgewatch_core::report::deliver(&aggregator, &outbox);
            if !matches!(timeout(LAST_DELIVERY, last).await, Ok(Ok(delivery)) if delivery.stopped.is_none()) {
                tracing::warn!("what was seen last is not sent yet; it is kept for the next start");
            }
        };
        tokio::join!(pull, schedule, keep, ship);
        tracing::info!("the agent has stopped");
    }
}

/// Asks for the assignments again and again, and makes the test runs among them. Until the first answer what is kept of
/// an earlier run holds.
async fn pull_assignments(inner: &Inner, monitors: &watch::Sender<Monitors>) {
    let mut problems = ProblemLog::default();
    match assignments::kept(&inner.host).await {
        Ok(kept) => take(monitors, kept.filter(|kept| kept.region == inner.probe.region)),
        Err(error) => problems.tell(&error.to_string()),
    }
    let mut enrolment = None;
    let mut again = PULL_AGAIN.0;
    loop {
        let mut report = TickReport::default();
        let pulled = pull_or_enrol(&inner.probe, &inner.host, &mut report).await;
        match pulled {
            Ok(mut assignments) => {
                let tests = assignments
                    .as_mut()
                    .map(|assignments| std::mem::take(&mut assignments.tests));
                take(monitors, assignments);
                let engine = Engine {
                    platform: &inner.host,
                    tls: inner.tls.clone(),
                };
                let aggregator = Aggregator::new(&inner.probe, &inner.host);
                match run_tests(&engine, &inner.probe, &aggregator, &tests.unwrap_or_default()).await {
                    Ok(tests) => report.problems.extend(tests.problems),
                    Err(error) => report.problems.push(error.to_string()),
                }
            }
            Err(error) => report.problems.push(error.to_string()),
        }
        if let Some(status) = report.enrolment.filter(|status| Some(*status) != enrolment) {
            tracing::info!(?status, "the aggregator says where the enrolment stands");
            enrolment = Some(status);
        }
        if report.problems.is_empty() {
            problems.is_over();
            again = PULL_AGAIN.0;
            sleep(PULL_PERIOD).await;
        } else {
            problems.tell(&report.problems.join("; "));
            sleep(again).await;
            again = (again * 2).min(PULL_AGAIN.1);
        }
    }
}

/// Hands the monitors on, if they are others than before.
fn take(monitors: &watch::Sender<Monitors>, assignments: Option<Assignments>) {
    let new = assignments.map_or_else(Vec::new, |assignments| assignments.monitors);
    monitors.send_if_modified(|known| {
        let is_other = **known != new;
        if is_other {
            tracing::info!(monitors = new.len(), "there is something else to check");
            *known = Arc::new(new);
        }
        is_other
    });
}

/// Tells a problem when it begins, now and then while it goes on, and when it is over.
#[derive(Default)]
struct ProblemLog(Option<(String, Instant)>);

impl ProblemLog {
    fn tell(&mut self, problem: &str) {
        let is_told = self
            .0
            .as_ref()
            .is_some_and(|(known, at)| known == problem && at.elapsed() < TELL_AGAIN);
        if !is_told {
            tracing::warn!("{problem}");
            self.0 = Some((problem.to_owned(), Instant::now()));
        }
    }

    fn is_over(&mut self) {
        if let Some((problem, _)) = self.0.take() {
            tracing::info!("no longer: {problem}");
        }
    }
}

#[cfg(test)]
mod tests;
