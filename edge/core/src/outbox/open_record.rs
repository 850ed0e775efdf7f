//! A record that takes observations still.

use super::stored::unreadable;
use crate::platform::StorageError;
use edgewatch_protocol::{batch::MAX_OBSERVATIONS, name::MonitorId, observation::Observation};
use serde::Deserialize;

/// An open record takes no more observations beyond this size, in bytes.
pub(super) const OPEN_RECORD_BYTES: usize = 256 << 10;

/// What tells one kept observation from another. The rest of it is not read again: what was written is what is sent.
#[derive(PartialEq, Deserialize)]
pub(super) struct Slot {
    pub(super) monitor: MonitorId,
    pub(super) slot_ms: i64,
}

impl Slot {
    pub(super) fn of(observation: &Observation) -> Self {
        Self {
            monitor: observation.monitor,
            slot_ms: observation.slot_ms,
        }
    }
}

/// The body of an open record.
#[derive(Default)]
pub(super) struct OpenRecord {
    pub(super) observations: usize,
    /// A JSON array of them; nothing yet without any.
    pub(super) json: Vec<u8>,
}

impl OpenRecord {
    pub(super) fn is_full(&self) -> bool {
        self.observations >= MAX_OBSERVATIONS || self.json.len() >= OPEN_RECORD_BYTES
    }

    pub(super) fn push(&mut self, observation: &Observation) -> Result<(), StorageError> {
        let more = serde_json::to_vec(observation).map_err(unreadable)?;
        match self.json.last_mut() {
            Some(end) if self.observations > 0 => *end = b',',
            _ => self.json = vec![b'['],
        }
        self.json.extend_from_slice(&more);
        self.json.push(b']');
        self.observations += 1;
        Ok(())
    }
}
