//! What was found in the batches, for the log and for the figures.

use super::{batch::Batch, finding::BatchName};
use crate::{
    bundle::{Bundle, DisqualifiedWindow, ProbeRecord, record::RecordHeader},
    hash::Hash,
    leaf::{LeafData, SignatureFields},
};
use edgewatch_domain::vantage::window_of;
use edgewatch_protocol::{name::Region, observation::OutcomeState};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io::{Read, Seek},
};

/// An observation of one of the report's monitors.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// The place of its probe in the bundle's list.
    pub probe: u32,
    /// The monitor.
    pub monitor: i32,
    /// Unix milliseconds.
    pub slot_ms: i64,
    /// Unix milliseconds.
    pub started_ms: i64,
    /// When its batch was received, Unix milliseconds.
    pub received_ms: i64,
    /// How the check ended.
    pub outcome: OutcomeState,
}

/// What was found in the batches.
#[derive(Debug, Default)]
pub struct Evidence {
    /// The report's monitors.
    monitors: BTreeSet<i32>,
    /// Their observations.
    pub seen: Vec<Seen>,
    /// The leaves of the log that are known, with when what they are about was received.
    pub leaves: Vec<(u64, Hash, i64)>,
    /// Batches that have no leaf: how many, and the first.
    pub not_in_log: Option<(u64, BatchName)>,
    /// Of the windows in which a region did not count: whether each monitor that it checked failed.
    pub windows: HashMap<(Region, i64), BTreeMap<i32, bool>>,
}

impl Evidence {
    pub fn of<R: Read + Seek>(bundle: &Bundle<R>) -> Self {
        let statements = &bundle.statements;
        let window = |window: &DisqualifiedWindow| {
            let region = statements
                .regions
                .iter()
                .find(|region| region.id == window.region)?;
            Some(((region.name.clone(), window.from_ms), BTreeMap::new()))
        };
        Self {
            monitors: bundle.policy.monitors.iter().copied().collect(),
            windows: statements.disqualified.iter().filter_map(window).collect(),
            ..Self::default()
        }
    }

    /// Keeps what is needed of a batch. `place` is that of its probe in the bundle's list.
    pub fn note(
        &mut self,
        (place, probe): (u32, &ProbeRecord),
        batch: &Batch<'_>,
        header: &RecordHeader,
        digest: &[u8; 32],
        name: &BatchName,
    ) {
        match header.leaf {
            Some(leaf) => {
                let data = LeafData::Batch {
                    probe: &probe.fingerprint.0,
                    seq: batch.seq,
                    body_sha256: digest,
                    fields: SignatureFields {
                        signature_input: &header.signature_input,
                        signature: &header.signature,
                        authority: &header.authority,
                    },
                };
                self.leaves.push((leaf, data.hash(), header.received_ms));
            }
            None => self.not_in_log.get_or_insert_with(|| (0, name.clone())).0 += 1,
        }
        for observation in &batch.observations {
            if self.monitors.contains(&observation.monitor) {
                self.seen.push(Seen {
                    probe: place,
                    monitor: observation.monitor,
                    slot_ms: observation.slot_ms,
                    started_ms: observation.started_ms,
                    received_ms: header.received_ms,
                    outcome: observation.outcome.state,
                });
            }
            if self.windows.is_empty() || observation.outcome.state == OutcomeState::Unmeasured {
                continue;
            }
            let window = (probe.region.clone(), window_of(observation.slot_ms).from_ms);
            if let Some(checked) = self.windows.get_mut(&window) {
                *checked.entry(observation.monitor).or_default() |=
                    observation.outcome.state == OutcomeState::Down;
            }
        }
    }
}
