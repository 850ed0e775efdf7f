//! Records and the chain as they stand in the platform's storage.

use crate::platform::{Storage, StorageError};
use serde::{Deserialize, Serialize};

const CHAIN_KEY: &str = "chain";
const RECORD_PREFIX: &str = "outbox/";

/// Where the probe stands in its chain of batches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Chain {
    /// The last batch that is done with, which the next one follows.
    pub(super) seq: u64,
    pub(super) digest: Option<String>,
    /// Records up to this id are done with.
    pub(super) done_id: u64,
    /// Observations dropped, ever; and how many of them a delivered batch has told of.
    pub(super) dropped: u64,
    pub(super) told: u64,
    /// Slots that could not be begun in time, ever; and how many of them a delivered batch has told of.
    #[serde(default)]
    pub(super) overruns: u64,
    #[serde(default)]
    pub(super) told_overruns: u64,
    /// The next batch continues from the aggregator's head instead of the probe's own memory.
    pub(super) resumed: bool,
}

/// The first line of a record; what follows it is a JSON array of observations, or a batch's bytes.
#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) observations: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sealed: Option<Sealed>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Sealed {
    pub(super) seq: u64,
    pub(super) prev: Option<String>,
    /// [`Chain::dropped`] when it was sealed.
    pub(super) dropped: u64,
    /// [`Chain::overruns`] when it was sealed.
    #[serde(default)]
    pub(super) overruns: u64,
}

impl Sealed {
    pub(super) fn follows(&self, chain: &Chain) -> bool {
        self.seq == chain.seq + 1 && self.prev == chain.digest
    }
}

/// Where a record is, and which.
pub(super) struct RecordKey {
    pub(super) id: u64,
    pub(super) created_ms: i64,
    pub(super) key: String,
}

impl RecordKey {
    /// That of a new record.
    pub(super) fn name(id: u64, created_ms: i64) -> String {
        format!("{RECORD_PREFIX}{id:012}/{:013}", created_ms.max(0))
    }
}

/// What is kept.
pub(super) struct Stored<'a, H>(pub(super) &'a H);

impl<H: Storage> Stored<'_, H> {
    pub(super) async fn chain(&self) -> Result<Option<Chain>, StorageError> {
        match self.0.get(CHAIN_KEY).await? {
            Some(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            None => Ok(None),
        }
    }

    pub(super) async fn put_chain(&self, chain: &Chain) -> Result<(), StorageError> {
        let bytes = serde_json::to_vec(chain).map_err(unreadable)?;
        self.0.put(CHAIN_KEY, &bytes).await
    }

    /// The records in the order of their ids.
    pub(super) async fn records(&self) -> Result<Vec<RecordKey>, StorageError> {
        let mut records: Vec<_> = self
            .0
            .list(RECORD_PREFIX)
            .await?
            .into_iter()
            .filter_map(|key| {
                let (id, created_ms) = key.strip_prefix(RECORD_PREFIX)?.split_once('/')?;
                Some(RecordKey {
                    id: id.parse().ok()?,
                    created_ms: created_ms.parse().ok()?,
                    key,
                })
            })
            .collect();
        records.sort_by_key(|record| record.id);
        Ok(records)
    }

    pub(super) async fn read(&self, key: &str) -> Result<Option<(Header, Vec<u8>)>, StorageError> {
        let Some(mut value) = self.0.get(key).await? else {
            return Ok(None);
        };
        let end = value
            .iter()
            .position(|&byte| byte == b'\n')
            .ok_or_else(|| StorageError(format!("{key} is not a record")))?;
        let header = serde_json::from_slice(&value[..end]).map_err(unreadable)?;
        value.drain(..=end);
        Ok(Some((header, value)))
    }

    pub(super) async fn write(&self, key: &str, header: &Header, body: &[u8]) -> Result<(), StorageError> {
        let mut value = serde_json::to_vec(header).map_err(unreadable)?;
        value.push(b'\n');
        value.extend_from_slice(body);
        self.0.put(key, &value).await
    }
}

pub(super) fn unreadable(error: impl std::fmt::Display) -> StorageError {
    StorageError(error.to_string())
}
