//! Observations that are not delivered yet, kept in the platform's storage.
//!
//! # What is kept
//! - Records, `outbox/<id>/<created>`, in the order of their ids. The first may be *sealed*: it holds the bytes of a
//!   batch that is on its way. The others are *open* and take observations until they are full.
//! - The chain, `chain`: the last batch before the first record, and up to which id records are done with.
//!
//! # Why nothing is lost or sent twice
//! Every step is one write of one key, and each later step is derived from what the earlier ones left. A batch is sealed
//! by overwriting its open record, so the same observations are never in two places. A delivered record is first
//! declared done in the chain, then deleted: found again, it is only deleted. A sealed record that does not follow the
//! chain (the aggregator had another head) was never taken and is sealed anew.

mod open_record;
mod stored;

use crate::{
    config::ProbeConfig,
    platform::{Platform, Storage, StorageError},
};
use edgewatch_protocol::{
    batch::{Batch, ChainHead},
    content_coding::content_coding,
    digest::sha256_hex,
    identity::Fingerprint,
    observation::Observation,
    version::Version,
};
use futures::lock::Mutex;
use open_record::{OPEN_RECORD_BYTES, OpenRecord, Slot};
use serde::Deserialize;
use serde_json::value::RawValue;
use stored::{Chain, Header, RecordKey, Sealed, Stored, unreadable};

/// The largest value that the core puts into [`Storage`], in bytes.
pub const RECORD_BYTES: usize = 1 << 20;

/// An open record takes no more observations beyond this age, milliseconds: what is dropped for its age is dropped by records.
const OPEN_RECORD_MS: i64 = 3_600_000;

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub struct OutboxLimits {
    /// The longest that an observation waits, milliseconds.
    pub max_age_ms: i64,
    /// The most records; each has at most 500 observations and 256 KiB.
    pub max_records: usize,
}

impl OutboxLimits {
    /// 24 hours, and as many records as take up so many MiB of storage when they are as large as they get.
    pub const fn of_mib(mib: usize) -> Self {
        Self {
            max_age_ms: 24 * 3_600_000,
            max_records: mib.saturating_mul((1 << 20) / OPEN_RECORD_BYTES),
        }
    }
}

impl Default for OutboxLimits {
    /// 24 hours; 128 MiB, which is 512 records with at most 256,000 observations.
    fn default() -> Self {
        Self::of_mib(128)
    }
}

/// The outbox of one probe. Only one may work on a storage at a time; this one may be worked on from several places at
/// once, so that keeping goes on while a delivery waits for its receipt.
pub struct Outbox<'a, H> {
    config: &'a ProbeConfig,
    host: &'a H,
    stored: Stored<'a, H>,
    limits: OutboxLimits,
    /// Held by each step.
    step: Mutex<()>,
}

/// A batch to send.
pub struct SealedBatch {
    id: u64,
    key: String,
    header: Sealed,
    /// The batch's JSON, or a compressed frame of it: what is signed, sent and kept as evidence.
    pub bytes: Vec<u8>,
    /// How many observations it holds.
    pub observations: usize,
}

/// Observations that could not be kept, and why.
#[derive(Debug)]
pub struct NotKept {
    /// What is still in memory only.
    pub observations: Vec<Observation>,
    /// Why.
    pub error: StorageError,
}

/// A sealed batch, as far as it is read again.
#[derive(Deserialize)]
struct OfSealed {
    observations: Box<RawValue>,
}

impl<'a, H: Platform + Storage> Outbox<'a, H> {
    /// The outbox of a host's storage.
    pub fn new(config: &'a ProbeConfig, host: &'a H, limits: OutboxLimits) -> Self {
        Self {
            config,
            host,
            stored: Stored(host),
            limits,
            step: Mutex::new(()),
        }
    }

    /// Keeps observations. May be called again with what it could not keep.
    ///
    /// # Errors
    /// With the observations that are not kept; of those that were being written when it failed, a further call leaves
    /// one copy.
    pub async fn push(&self, observations: Vec<Observation>) -> Result<(), NotKept> {
        let mut left = observations;
        while !left.is_empty() {
            let step = self.step.lock().await;
            let pushed = self.push_some(&mut left).await;
            drop(step);
            if let Err(error) = pushed {
                return Err(NotKept {
                    observations: left,
                    error,
                });
            }
        }
        Ok(())
    }

    /// Keeps as many observations, from the first, as one record takes.
    async fn push_some(&self, left: &mut Vec<Observation>) -> Result<(), StorageError> {
        let (records, chain) = (
            self.stored.records().await?,
            self.stored.chain().await?.unwrap_or_default(),
        );
        let mut kept = OpenRecord::default();
        let mut target = None;
        if let Some(last) = records.last().filter(|last| last.id > chain.done_id)
            && let Some((header, body)) = self.stored.read(&last.key).await?
            && header.sealed.is_none()
            && let Ok(already) = serde_json::from_slice::<Vec<Slot>>(&body)
        {
            left.retain(|new| !already.contains(&Slot::of(new)));
            let open = OpenRecord {
                observations: already.len(),
                json: body,
            };
            let is_young = self.host.now_ms() < last.created_ms + OPEN_RECORD_MS;
            if is_young && !open.is_full() {
                kept = open;
                target = Some(last.key.clone());
            }
        }
        if left.is_empty() {
            return Ok(());
        }
        let key = target.unwrap_or_else(|| {
            let last_id = records.last().map_or(0, |record| record.id).max(chain.done_id);
            RecordKey::name(last_id + 1, self.host.now_ms())
        });
        let mut taken = 0;
        for observation in left.iter() {
            if kept.is_full() {
                break;
            }
            kept.push(observation)?;
            taken += 1;
        }
        let header = Header {
            observations: kept.observations,
            sealed: None,
        };
        self.stored.write(&key, &header, &kept.json).await?;
        left.drain(..taken);
        Ok(())
    }

    /// Whether the probe knows its place in the chain. If not, [`Outbox::resume`] comes before anything is sent.
    pub async fn knows_chain(&self) -> Result<bool, StorageError> {
        Ok(self.stored.chain().await?.is_some())
    }

    /// Continues after a head that the aggregator told: because nothing was kept here, or because it has other batches
    /// than this probe remembers.
    pub async fn resume(&self, head: ChainHead) -> Result<(), StorageError> {
        let _step = self.step.lock().await;
        let chain = self.stored.chain().await?.unwrap_or_default();
        self.stored
            .put_chain(&Chain {
                resumed: head.seq > 0,
                seq: head.seq,
                digest: head.digest,
                ..chain
            })
            .await
    }

    /// Counts slots that could not be begun in time; the next batch that is sealed tells of them.
    pub async fn note_overruns(&self, overruns: u64) -> Result<(), StorageError> {
        if overruns == 0 {
            return Ok(());
        }
        let _step = self.step.lock().await;
        // A probe that does not know its place in the chain yet begins with asking for it.
        let Some(chain) = self.stored.chain().await? else {
            return Ok(());
        };
        let overruns = chain.overruns + overruns;
        self.stored.put_chain(&Chain { overruns, ..chain }).await
    }

    /// The batch to send next, sealed now unless it was before; `None` when all is delivered.
    pub async fn next(&self) -> Result<Option<SealedBatch>, StorageError> {
        let _step = self.step.lock().await;
        let mut chain = self.stored.chain().await?.unwrap_or_default();
        for record in self.stored.records().await? {
            if record.id <= chain.done_id {
                self.host.delete(&record.key).await?;
                continue;
            }
            let Some((header, body)) = self.stored.read(&record.key).await? else {
                continue;
            };
            let observations = match &header.sealed {
                Some(sealed) if sealed.follows(&chain) => {
                    return Ok(Some(SealedBatch {
                        id: record.id,
                        key: record.key,
                        header: sealed.clone(),
                        bytes: body,
                        observations: header.observations,
                    }));
                }
                Some(_) => {
                    let json = self.json_of(body);
                    serde_json::from_slice::<OfSealed>(&json).map(|batch| batch.observations)
                }
                None => serde_json::from_slice(&body),
            };
            let observations = observations.and_then(|json| {
                let slots: Vec<Slot> = serde_json::from_str(json.get())?;
                Ok((json, slots.len()))
            });
            match observations {
                Ok((json, count)) => return self.seal(&chain, record, json.get(), count).await.map(Some),
                // Written by a build that this one does not understand. It must not hold up what follows.
                Err(_) => chain = self.drop_record(&chain, &record, header.observations).await?,
            }
        }
        Ok(None)
    }

    /// The JSON of a sealed batch; what cannot be decompressed is no JSON.
    fn json_of(&self, bytes: Vec<u8>) -> Vec<u8> {
        match content_coding(&bytes) {
            Some(_) => self.host.decompress(&bytes).unwrap_or_default(),
            None => bytes,
        }
    }

    async fn seal(
        &self,
        chain: &Chain,
        record: RecordKey,
        observations_json: &str,
        observations: usize,
    ) -> Result<SealedBatch, StorageError> {
        let header = Sealed {
            seq: chain.seq + 1,
            prev: chain.digest.clone(),
            dropped: chain.dropped,
            overruns: chain.overruns,
        };
        let batch = Batch {
            version: Version::CURRENT,
            probe: Fingerprint::of(&self.config.key.verifying_key()),
            region: self.config.region.clone(),
            place: self.host.place(),
            software: self.host.software(),
            seq: header.seq,
            prev: header.prev.clone(),
            sealed_at_ms: self.host.now_ms(),
            resumed: chain.resumed,
            dropped: chain.dropped - chain.told,
            overruns: chain.overruns.saturating_sub(chain.told_overruns),
            observations: Vec::new(),
        };
        let json = batch.to_json_with(observations_json).map_err(unreadable)?;
        let bytes = self.host.compress(&json).unwrap_or(json);
        let sealed = Some(header.clone());
        self.stored
            .write(&record.key, &Header { observations, sealed }, &bytes)
            .await?;
        Ok(SealedBatch {
            id: record.id,
            key: record.key,
            header,
            bytes,
            observations,
        })
    }

    /// Says that a batch was delivered.
    pub async fn delivered(&self, batch: &SealedBatch) -> Result<(), StorageError> {
        let _step = self.step.lock().await;
        let chain = self.stored.chain().await?.unwrap_or_default();
        self.stored
            .put_chain(&Chain {
                told: batch.header.dropped,
                told_overruns: batch.header.overruns,
                resumed: false,
                ..after(&chain, batch)
            })
            .await?;
        self.host.delete(&batch.key).await
    }

    /// Gives a batch up that the aggregator will never take. Its observations count as dropped; its number was not
    /// used, so the next batch has it.
    pub async fn give_up(&self, batch: &SealedBatch) -> Result<(), StorageError> {
        let _step = self.step.lock().await;
        let chain = self.stored.chain().await?.unwrap_or_default();
        let record = RecordKey {
            id: batch.id,
            created_ms: 0,
            key: batch.key.clone(),
        };
        self.drop_record(&chain, &record, batch.observations).await?;
        Ok(())
    }

    async fn drop_record(
        &self,
        chain: &Chain,
        record: &RecordKey,
        observations: usize,
    ) -> Result<Chain, StorageError> {
        let chain = Chain {
            done_id: record.id,
            dropped: chain.dropped + observations as u64,
            ..chain.clone()
        };
        self.stored.put_chain(&chain).await?;
        self.host.delete(&record.key).await?;
        Ok(chain)
    }

    /// Deletes what is done with, and drops what is too old or too much, the oldest first. The number of observations
    /// dropped now.
    pub async fn sweep(&self) -> Result<usize, StorageError> {
        let _step = self.step.lock().await;
        let mut chain = self.stored.chain().await?.unwrap_or_default();
        let (done, waiting): (Vec<_>, Vec<_>) = self
            .stored
            .records()
            .await?
            .into_iter()
            .partition(|record| record.id <= chain.done_id);
        for record in done {
            self.host.delete(&record.key).await?;
        }
        let oldest_ms = self.host.now_ms() - self.limits.max_age_ms;
        let excess = waiting.len().saturating_sub(self.limits.max_records);
        let mut dropped = 0;
        for (index, record) in waiting.iter().enumerate() {
            if index >= excess && record.created_ms >= oldest_ms {
                break;
            }
            let Some((header, body)) = self.stored.read(&record.key).await? else {
                continue;
            };
            // A sealed batch may have been taken although no receipt came: the chain goes on after it, and if it was
            // not taken, the gap shows.
            if let Some(sealed) = header.sealed.as_ref().filter(|sealed| sealed.follows(&chain)) {
                (chain.seq, chain.digest) = (sealed.seq, Some(sha256_hex(&body)));
            }
            chain = self.drop_record(&chain, record, header.observations).await?;
            dropped += header.observations;
        }
        Ok(dropped)
    }

    /// Whether anything waits.
    pub async fn is_pending(&self) -> Result<bool, StorageError> {
        let _step = self.step.lock().await;
        let chain = self.stored.chain().await?.unwrap_or_default();
        Ok(self
            .stored
            .records()
            .await?
            .iter()
            .any(|record| record.id > chain.done_id))
    }
}

/// The chain after a batch.
fn after(chain: &Chain, batch: &SealedBatch) -> Chain {
    Chain {
        seq: batch.header.seq,
        digest: Some(sha256_hex(&batch.bytes)),
        done_id: batch.id,
        ..chain.clone()
    }
}
