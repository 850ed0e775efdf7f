//! A batch as it is judged: what of it became results.

use crate::store::{overview::RecentResult, result_rows, stored_batch::StoredBatch, vote::Pair};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::event::LiveResult;
use edgewatch_domain::admission::{AHEAD_MS, Implausible, OLDEST_MS, plausible};
use edgewatch_protocol::{
    name::Region,
    observation::{Observation, OutcomeState},
};

/// A stored batch.
#[derive(Debug)]
pub struct TakenBatch {
    /// Its number.
    pub id: i64,
    /// The number of its region.
    pub region_id: i16,
    /// Its region.
    pub region: Region,
    /// Its results.
    pub results: Vec<TakenResult>,
}

/// What a result is judged by, and what lists show of it.
#[derive(Debug)]
pub struct TakenResult {
    /// The monitor.
    pub monitor: i32,
    /// Unix milliseconds.
    pub slot_ms: i64,
    /// When the check began.
    pub started_at: DateTime<Utc>,
    /// The outcome.
    pub outcome: OutcomeState,
    /// How long it took, microseconds.
    pub total_us: i32,
    /// What went wrong.
    pub message: Option<String>,
}

/// Observations that the evidence holds but no result was made of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dropped {
    /// Their monitor was deleted, or is not checked from this region any more.
    pub not_assigned: u64,
    /// They claim to come from the future.
    pub future: u64,
    /// They are older than any probe keeps them.
    pub too_old: u64,
    /// Another probe of the region has checked the slot, and what it saw counts (see [`edgewatch_domain::vote::Check::outranks`]).
    pub known: u64,
}

impl TakenBatch {
    /// From the evidence.
    ///
    /// # Errors
    /// What is wrong with it: it was stored by something else.
    pub fn read(queued: &StoredBatch) -> Result<Self, String> {
        let batch = queued.read()?;
        let mut dropped = Dropped::default();
        let results = batch.observations.iter().filter_map(|observation| {
            let started_at = plausible_time(observation, queued.received_at, &mut dropped)?;
            Some(TakenResult::new(observation, started_at))
        });
        Ok(Self {
            results: results.collect(),
            id: queued.id,
            region_id: queued.region_id,
            region: queued.region.parse()?,
        })
    }
}

impl TakenBatch {
    /// The monitors that it tells of, with the region.
    pub fn pairs(&self) -> impl Iterator<Item = Pair> {
        self.results.iter().map(|result| (result.monitor, self.region_id))
    }

    /// Its results as they are remembered.
    pub fn recent_results(&self) -> impl Iterator<Item = (i32, RecentResult)> {
        self.results
            .iter()
            .map(|result| (result.monitor, result.recent(self.region_id)))
    }

    /// Its results for live views.
    pub fn live_results(&self) -> impl Iterator<Item = LiveResult> {
        self.results.iter().map(|result| result.live(&self.region))
    }
}

impl TakenResult {
    /// Of an observation, whose check began then.
    pub fn new(observation: &Observation, started_at: DateTime<Utc>) -> Self {
        Self {
            monitor: observation.monitor.0,
            slot_ms: observation.slot_ms,
            started_at,
            outcome: observation.sight.outcome.state(),
            total_us: result_rows::total_us(observation),
            message: result_rows::message(observation),
        }
    }

    /// As it is remembered.
    pub fn recent(&self, region_id: i16) -> RecentResult {
        RecentResult {
            slot_ms: self.slot_ms,
            total_us: self.total_us,
            region_id,
            outcome: self.outcome,
        }
    }

    /// For live views.
    pub fn live(&self, region: &Region) -> LiveResult {
        LiveResult {
            monitor: self.monitor,
            region: region.clone(),
            at: self.started_at,
            outcome: self.outcome,
            total_us: self.total_us,
        }
    }
}

/// When the check began, if that can be of a batch received then.
pub fn plausible_time(
    observation: &Observation,
    received_at: DateTime<Utc>,
    dropped: &mut Dropped,
) -> Option<DateTime<Utc>> {
    let received_ms = received_at.timestamp_millis();
    match plausible(observation.slot_ms, observation.started_ms, received_ms) {
        Ok(()) => DateTime::from_timestamp_millis(observation.started_ms),
        Err(Implausible::Future) => {
            dropped.future += 1;
            None
        }
        Err(Implausible::TooOld) => {
            dropped.too_old += 1;
            None
        }
    }
}

/// From when to when the plausible ones of these checks began.
pub fn plausible_span(
    observations: &[Observation],
    received_at: DateTime<Utc>,
) -> (DateTime<Utc>, DateTime<Utc>) {
    let oldest = received_at - TimeDelta::milliseconds(OLDEST_MS);
    let latest = received_at + TimeDelta::milliseconds(AHEAD_MS);
    let begun = |observation: &Observation| {
        let at = DateTime::from_timestamp_millis(observation.started_ms)?;
        (oldest..=latest).contains(&at).then_some(at)
    };
    let from = observations.iter().filter_map(begun).min();
    let to = observations.iter().filter_map(begun).max();
    (from.unwrap_or(received_at), to.unwrap_or(received_at))
}
