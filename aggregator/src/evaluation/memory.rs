//! What results are judged by, remembered from batch to batch, so that it is not read again for each.

use super::TakenBatch;
use crate::store::{evaluation::JudgedMonitor, evaluation_queue::Versions};
use std::collections::{HashMap, HashSet};

/// What is known of monitors and regions, of one state of the database.
#[derive(Debug, Default)]
pub struct Memory {
    versions: Versions,
    regions: HashMap<i16, HashMap<i32, Option<JudgedMonitor>>>,
}

impl Memory {
    /// This memory if it is of this state of the database; an empty one otherwise.
    pub fn still_at(self, versions: Versions) -> Self {
        if self.versions == versions {
            self
        } else {
            Self::default()
        }
    }

    /// The same, of this state of the database from now on.
    pub fn now_at(self, versions: Versions) -> Self {
        Self { versions, ..self }
    }

    /// Regions and monitors, pair by pair, of which these batches tell and nothing is known.
    pub fn missing(&self, batches: &[TakenBatch]) -> (Vec<i16>, Vec<i32>) {
        let mut missing = HashSet::new();
        for batch in batches {
            let known = self.regions.get(&batch.region_id);
            let unknown = |monitor: &i32| known.is_none_or(|known| !known.contains_key(monitor));
            let monitors = batch.results.iter().map(|result| result.monitor);
            missing.extend(monitors.filter(unknown).map(|monitor| (batch.region_id, monitor)));
        }
        missing.into_iter().unzip()
    }

    /// Notes what was read; pairs that were asked for and not found are not checked.
    pub fn learn(&mut self, regions: &[i16], monitors: &[i32], found: Vec<JudgedMonitor>) {
        for (&region, &monitor) in regions.iter().zip(monitors) {
            self.regions.entry(region).or_default().insert(monitor, None);
        }
        for monitor in found {
            let known = self.regions.entry(monitor.region_id).or_default();
            known.insert(monitor.id, Some(monitor));
        }
    }

    /// What is known of the monitors of a region.
    pub fn of_region(&mut self, region: i16) -> &mut HashMap<i32, Option<JudgedMonitor>> {
        self.regions.entry(region).or_default()
    }
}
