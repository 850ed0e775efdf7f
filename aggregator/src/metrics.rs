//! What the aggregator tells of itself at `/metrics`: a registry of its own, no names of monitors.

use crate::evaluation::{Dropped, TakenResult};
use edgewatch_client::subscriber::Channel;
use edgewatch_protocol::{name::Region, observation::OutcomeState, problem::Problem};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};
use std::{
    sync::{Arc, Mutex, PoisonError, atomic::AtomicU64},
    time::Duration,
};

/// The process's metrics; clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    results: Family<ResultLabels, Counter>,
    batches: Family<KindLabels, Counter>,
    chain_breaks: Family<RegionLabels, Counter>,
    refusals: Family<ReasonLabels, Counter>,
    dropped: Family<ReasonLabels, Counter>,
    overruns: Family<RegionLabels, Counter>,
    ingest_seconds: Histogram,
    job_runs: Family<JobLabels, Counter>,
    config_reloads: Family<KindLabels, Counter>,
    probe_age_seconds: Family<RegionLabels, Gauge<f64, AtomicU64>>,
    probes: Family<StatusLabels, Gauge>,
    monitors: Family<StateLabels, Gauge>,
    test_runs_waiting: Gauge,
    connections: Family<StateLabels, Gauge>,
    listeners: Gauge,
    deliveries: Family<DeliveryLabels, Counter>,
    deliveries_waiting: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    region: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RegionLabels {
    region: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabels {
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct JobLabels {
    job: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    channel: &'static str,
    outcome: &'static str,
}

/// What is read when the metrics are asked for.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Seconds since each region was last heard of.
    pub probe_ages: Vec<(String, f64)>,
    /// Probes by status.
    pub probes: Vec<(&'static str, i64)>,
    /// Monitors by state.
    pub monitors: Vec<(&'static str, i64)>,
    /// Test runs that wait for a probe.
    pub test_runs_waiting: i64,
    /// Connections to the database in use, and idle.
    pub connections: (i64, i64),
    /// Listeners to live events.
    pub listeners: i64,
    /// Messages to subscribers that are still to be sent.
    pub deliveries_waiting: i64,
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Arc::default(),
            results: Family::default(),
            batches: Family::default(),
            chain_breaks: Family::default(),
            refusals: Family::default(),
            dropped: Family::default(),
            overruns: Family::default(),
            ingest_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 14)),
            job_runs: Family::default(),
            config_reloads: Family::default(),
            probe_age_seconds: Family::default(),
            probes: Family::default(),
            monitors: Family::default(),
            test_runs_waiting: Gauge::default(),
            connections: Family::default(),
            listeners: Gauge::default(),
            deliveries: Family::default(),
            deliveries_waiting: Gauge::default(),
        };
        *metrics.registry() = metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&self) -> Registry {
        let mut registry = Registry::with_prefix("edgewatch");
        registry.register("results", "Results stored", self.results.clone());
        registry.register("batches", "Batches taken: new, or repeated", self.batches.clone());
        registry.register(
            "chain_breaks",
            "Batches that do not follow their chain's head",
            self.chain_breaks.clone(),
        );
        registry.register(
            "probe_requests_refused",
            "Requests of probes refused, by problem",
            self.refusals.clone(),
        );
        registry.register(
            "observations_dropped",
            "Observations that no result was made of",
            self.dropped.clone(),
        );
        registry.register(
            "region_overrun",
            "Slots that a region could not begin in time",
            self.overruns.clone(),
        );
        registry.register_with_unit(
            "ingest",
            "From a batch read to a batch committed",
            Unit::Seconds,
            self.ingest_seconds.clone(),
        );
        registry.register("job_runs", "Runs of background work", self.job_runs.clone());
        registry.register(
            "config_reloads",
            "Configuration files read",
            self.config_reloads.clone(),
        );
        registry.register_with_unit(
            "region_last_seen",
            "Since a probe of the region was last heard of",
            Unit::Seconds,
            self.probe_age_seconds.clone(),
        );
        registry.register("probes", "Probes", self.probes.clone());
        registry.register("monitors", "Monitors", self.monitors.clone());
        registry.register(
            "test_runs_waiting",
            "Test runs that wait for a probe",
            self.test_runs_waiting.clone(),
        );
        registry.register(
            "database_connections",
            "Connections to the database",
            self.connections.clone(),
        );
        registry.register(
            "event_listeners",
            "Listeners to live events",
            self.listeners.clone(),
        );
        registry.register(
            "deliveries",
            "Attempts to send messages to subscribers",
            self.deliveries.clone(),
        );
        registry.register(
            "deliveries_waiting",
            "Messages to subscribers that are still to be sent",
            self.deliveries_waiting.clone(),
        );
        registry
    }

    fn registry(&self) -> std::sync::MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A batch was stored.
    pub fn batch_taken(&self, region: &Region, chain_ok: bool, results: &[TakenResult], dropped: Dropped) {
        self.batches.get_or_create(&KindLabels { kind: "new" }).inc();
        if !chain_ok {
            let region = region.to_string();
            self.chain_breaks.get_or_create(&RegionLabels { region }).inc();
        }
        for outcome in OutcomeState::ALL {
            let count = results.iter().filter(|result| result.outcome == outcome).count() as u64;
            if count > 0 {
                let labels = ResultLabels {
                    region: region.to_string(),
                    outcome: outcome.as_str(),
                };
                self.results.get_or_create(&labels).inc_by(count);
            }
        }
        for (reason, count) in [
            ("not_assigned", dropped.not_assigned),
            ("future", dropped.future),
            ("too_old", dropped.too_old),
            ("known", dropped.known),
        ] {
            let labels = ReasonLabels {
                reason: reason.to_owned(),
            };
            self.dropped.get_or_create(&labels).inc_by(count);
        }
    }

    /// A region could not begin so many slots in time.
    pub fn slots_overrun(&self, region: &Region, overruns: u64) {
        if overruns > 0 {
            let region = region.to_string();
            self.overruns
                .get_or_create(&RegionLabels { region })
                .inc_by(overruns);
        }
    }

    /// A batch came that was stored before.
    pub fn batch_repeated(&self) {
        self.batches.get_or_create(&KindLabels { kind: "repeated" }).inc();
    }

    /// How long it took to take a batch.
    pub fn ingest_took(&self, time: Duration) {
        self.ingest_seconds.observe(time.as_secs_f64());
    }

    /// A probe's request was refused.
    pub fn request_refused(&self, problem: &Problem) {
        let reason = problem.type_uri.rsplit('/').next().unwrap_or_default().to_owned();
        self.refusals.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// A job has run.
    pub fn job_ran(&self, job: &'static str, succeeded: bool) {
        let outcome = if succeeded { "done" } else { "failed" };
        self.job_runs.get_or_create(&JobLabels { job, outcome }).inc();
    }

    /// A configuration file was read: applied, or refused.
    pub fn config_read(&self, applied: bool) {
        let kind = if applied { "applied" } else { "refused" };
        self.config_reloads.get_or_create(&KindLabels { kind }).inc();
    }

    /// A message to a subscriber was tried to be sent.
    pub fn delivery_tried(&self, channel: Channel, outcome: &'static str) {
        let channel = channel.as_str();
        self.deliveries
            .get_or_create(&DeliveryLabels { channel, outcome })
            .inc();
    }

    /// Sets what is read when the metrics are asked for.
    pub fn set_snapshot(&self, snapshot: &Snapshot) {
        // Regions come and go.
        self.probe_age_seconds.clear();
        for (region, age) in &snapshot.probe_ages {
            let labels = RegionLabels {
                region: region.clone(),
            };
            self.probe_age_seconds.get_or_create(&labels).set(*age);
        }
        for &(status, count) in &snapshot.probes {
            self.probes.get_or_create(&StatusLabels { status }).set(count);
        }
        for &(state, count) in &snapshot.monitors {
            self.monitors.get_or_create(&StateLabels { state }).set(count);
        }
        self.test_runs_waiting.set(snapshot.test_runs_waiting);
        for (state, count) in [("used", snapshot.connections.0), ("idle", snapshot.connections.1)] {
            self.connections.get_or_create(&StateLabels { state }).set(count);
        }
        self.listeners.set(snapshot.listeners);
        self.deliveries_waiting.set(snapshot.deliveries_waiting);
    }

    /// The metrics in the `OpenMetrics` text format.
    ///
    /// # Errors
    /// When a metric cannot be written as text, which would be a fault of its type.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry())?;
        Ok(text)
    }
}
