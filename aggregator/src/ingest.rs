//! Taking a batch: one transaction that keeps the evidence, stores the results, and queues them for judging.

use crate::{
    admission::{replayed, require_approved},
    announcement::Change,
    evaluation::{Dropped, TakenBatch, TakenResult, plausible_span, plausible_time},
    state::AppState,
    store::{
        batch::{self, LockedProbe, NewBatch},
        nonce::remember_nonce,
        probe::status_of_code,
        result_rows::{self, ResultRows},
        signer::Signer,
        stored_batch::find_digest,
    },
    untrusted_text::{clean, clean_json},
};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_domain::{admission::KnownSlots, vote::Check};
use edgewatch_protocol::{
    batch::{Batch, BatchReceipt, ChainHead},
    problem::{Problem, ProblemType},
    signature::SignatureHeaders,
};
use futures::future::{FutureExt as _, Shared};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use std::{collections::BTreeSet, error::Error, sync::Arc};
use tokio::{
    sync::oneshot,
    task::{JoinHandle, spawn_blocking},
};

/// How long after its slot a check is begun at most where another probe may have made it too.
const LATEST_BEGIN: TimeDelta = TimeDelta::minutes(1);

/// How often a transaction that got in the way of another one is tried.
const TRIES: usize = 3;

/// How hard evidence is compressed. Batches repeat themselves so much that more effort does not make them smaller.
const EVIDENCE_LEVEL: i32 = 1;

/// A batch as it came, verified and decoded.
#[derive(Debug)]
pub struct SignedBatch<'a> {
    /// The probe that signed it.
    pub probe: &'a Signer,
    /// The batch.
    pub batch: &'a Batch,
    /// SHA-256 of the body that was signed.
    pub digest: [u8; 32],
    /// The signature's fields as they came.
    pub headers: &'a SignatureHeaders,
    /// What was signed as `@authority`.
    pub authority: &'a str,
    /// The key and the nonce, which is not remembered yet, and until when it is to be.
    pub nonce: (&'a str, &'a str, DateTime<Utc>),
    /// Its body as it is kept.
    pub evidence: &'a Evidence,
}

/// Why a batch is not taken.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// It is at fault, or its probe.
    #[error("{0}")]
    Refused(Problem),
    /// The database is.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// This process is.
    #[error(transparent)]
    Internal(Box<dyn Error + Send + Sync>),
}

impl From<Problem> for IngestError {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

fn internal(error: impl Into<Box<dyn Error + Send + Sync>>) -> IngestError {
    IngestError::Internal(error.into())
}

type IngestResult<T> = Result<T, IngestError>;

/// A body as it is kept: a Zstandard frame of JSON. Made on a thread of its own, while other things are done, unless it
/// came as one.
#[derive(Debug)]
pub struct Evidence(Shared<oneshot::Receiver<Arc<[u8]>>>);

impl Evidence {
    /// Begins to compress a body.
    pub fn compressing(body: Bytes) -> Self {
        let (compressed, evidence) = oneshot::channel();
        spawn_blocking(move || match zstd::bulk::compress(&body, EVIDENCE_LEVEL) {
            // Nobody waits for it if the batch was refused.
            Ok(body) => drop(compressed.send(body.into())),
            Err(error) => tracing::error!(%error, "a batch cannot be compressed"),
        });
        Self(evidence.shared())
    }

    /// A body that is compressed already: it is kept as it was signed.
    pub fn as_signed(body: &Bytes) -> Self {
        let (known, evidence) = oneshot::channel();
        // The receiver is there.
        drop(known.send(Arc::from(&body[..])));
        Self(evidence.shared())
    }

    async fn compressed(&self) -> IngestResult<Arc<[u8]>> {
        self.0.clone().await.map_err(internal)
    }
}

/// A transaction that holds the lock of a probe.
#[derive(Debug)]
struct Locked {
    transaction: Transaction<'static, Postgres>,
    probe: LockedProbe,
}

impl Locked {
    async fn begin(pool: &PgPool, probe_id: i32) -> sqlx::Result<Self> {
        let mut transaction = pool.begin().await?;
        let probe = batch::lock_probe(&mut transaction, probe_id).await?;
        Ok(Self { transaction, probe })
    }
}

/// The transaction that is to take a batch, begun while other things are done.
#[derive(Debug)]
pub struct Begun(Option<JoinHandle<sqlx::Result<Locked>>>);

impl Begun {
    /// Begins, for a batch of this probe.
    pub fn beginning(state: &AppState, probe_id: i32) -> Self {
        let pool = state.pool.clone();
        Self(Some(tokio::spawn(
            async move { Locked::begin(&pool, probe_id).await },
        )))
    }

    /// The transaction; a new one when it was taken before.
    async fn take(&mut self, pool: &PgPool, probe_id: i32) -> IngestResult<Locked> {
        match self.0.take() {
            Some(begun) => Ok(begun.await.map_err(internal)??),
            None => Ok(Locked::begin(pool, probe_id).await?),
        }
    }
}

/// What a batch has changed.
#[derive(Debug, Default)]
struct Outcome {
    batch_id: i64,
    results: Vec<TakenResult>,
    chain_ok: bool,
    was_silent: bool,
    dropped: Dropped,
}

/// When a batch came, and what monitors are judged by then.
struct Received {
    at: DateTime<Utc>,
    judging_version: i64,
}

/// Stores a batch, to be judged just behind. A repeat is acknowledged and changes nothing.
///
/// # Errors
/// Refused: `sequence-reused` with the head of the chain when the number is taken by other bytes; `probe-revoked`; `replay`.
pub async fn ingest_batch(
    state: &AppState,
    signed: &SignedBatch<'_>,
    begun: &mut Begun,
) -> IngestResult<BatchReceipt> {
    let seq = i64::try_from(signed.batch.seq)
        .ok()
        .filter(|&seq| seq > 0)
        .ok_or_else(|| Problem::new(ProblemType::Malformed).detail("`seq` counts from 1"))?;

    let mut tries = 1;
    let stored = loop {
        match store(state, signed, seq, begun).await {
            Err(IngestError::Database(error)) if tries < TRIES && is_transient(&error) => tries += 1,
            other => break other,
        }
    };
    if let Some(outcome) = stored? {
        tell(state, signed, outcome).await;
        return Ok(receipt(signed.batch.seq, false, signed.batch.seq, &signed.digest));
    }
    state.metrics.batch_repeated();
    let head = crate::store::signer::chain_head(&state.pool, signed.probe.id).await?;
    Ok(BatchReceipt {
        seq: signed.batch.seq,
        duplicate: true,
        head,
    })
}

/// A deadlock: the same again will do.
fn is_transient(error: &sqlx::Error) -> bool {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("40001" | "40P01"))
}

/// `None` for a repeat.
async fn store(
    state: &AppState,
    signed: &SignedBatch<'_>,
    seq: i64,
    begun: &mut Begun,
) -> IngestResult<Option<Outcome>> {
    let Batch { prev, place, .. } = signed.batch;
    let digest = &signed.digest[..];
    let now = state.clock.now();
    let Locked {
        mut transaction,
        probe: locked,
    } = begun.take(&state.pool, signed.probe.id).await?;
    require_approved(status_of_code(locked.status))?;
    if seq <= locked.last_seq {
        // The nonce is remembered in either case.
        let (keyid, nonce, keep_until) = signed.nonce;
        if !remember_nonce(&mut *transaction, keyid, nonce, keep_until).await? {
            return Err(replayed().into());
        }
        let stored = find_digest(&mut transaction, signed.probe.id, seq).await?;
        transaction.commit().await?;
        return if stored.as_deref() == Some(digest) {
            Ok(None)
        } else {
            Err(sequence_reused(&locked).into())
        };
    }
    let Ok(prev) = prev.as_deref().map(hex::decode).transpose() else {
        return Err(Problem::new(ProblemType::Malformed)
            .detail("`prev` is not hex")
            .into());
    };
    let mut outcome = Outcome {
        batch_id: locked.batch_id,
        chain_ok: seq == locked.last_seq + 1 && prev == locked.last_digest,
        was_silent: locked.silent,
        ..Outcome::default()
    };
    let received = Received {
        at: now,
        judging_version: locked.judging_version,
    };
    let known = if locked.is_shared {
        read_known_slots(&mut transaction, signed).await?
    } else {
        KnownSlots::default()
    };
    let results = admit(state, &mut transaction, signed, &received, &known, &mut outcome).await?;
    let evidence = signed.evidence.compressed().await?;
    let new = NewBatch {
        id: locked.batch_id,
        probe_id: signed.probe.id,
        region_id: signed.probe.region_id,
        seq,
        digest,
        prev: prev.as_deref(),
        chain_ok: outcome.chain_ok,
        resumed: signed.batch.resumed,
        received_at: now,
        observations: signed.batch.observations.len() as i32,
        results_between: plausible_span(&signed.batch.observations, now),
        dropped: i64::try_from(signed.batch.dropped)
            .unwrap_or(i64::MAX)
            .min(i64::from(i32::MAX)),
        body: &evidence,
        signature_input: &signed.headers.signature_input,
        signature: &signed.headers.signature,
        authority: signed.authority,
        place: &clean_json(serde_json::to_value(place).unwrap_or_default()),
        software: &clean(&signed.batch.software, 100),
        nonce: signed.nonce,
    };
    if !batch::insert_batch(&mut transaction, &new, &results).await? {
        return Err(replayed().into());
    }
    transaction.commit().await?;
    Ok(Some(outcome))
}

fn sequence_reused(locked: &LockedProbe) -> Problem {
    let mut problem = Problem::new(ProblemType::SequenceReused)
        .detail("seal what is pending again, after the head of the chain, with `resumed`");
    problem.head = Some(ChainHead {
        seq: locked.last_seq.unsigned_abs(),
        digest: locked.last_digest.as_ref().map(hex::encode),
    });
    problem
}

/// What other probes of the region have said of the batch's slots. A probe that is cut off goes on with what it held, for
/// nobody can tell it that others have taken over; of what both have checked then, what does not count is not stored.
async fn read_known_slots(db: &mut PgConnection, signed: &SignedBatch<'_>) -> sqlx::Result<KnownSlots> {
    let observations = &signed.batch.observations;
    let slots = || observations.iter().map(|observation| observation.slot_ms);
    let at = DateTime::from_timestamp_millis;
    let Some((from, to)) = slots().min().and_then(at).zip(slots().max().and_then(at)) else {
        return Ok(KnownSlots::default());
    };
    let monitors: BTreeSet<i32> = observations
        .iter()
        .map(|observation| observation.monitor.0)
        .collect();
    let monitors: Vec<_> = monitors.into_iter().collect();
    result_rows::read_known_slots(db, signed.probe.region_id, &monitors, from, to + LATEST_BEGIN).await
}

/// Which observations become results.
async fn admit(
    state: &AppState,
    db: &mut PgConnection,
    signed: &SignedBatch<'_>,
    received: &Received,
    known: &KnownSlots,
    outcome: &mut Outcome,
) -> sqlx::Result<ResultRows> {
    let region_id = signed.probe.region_id;
    let assigned = state
        .assigned_monitors
        .of_region(db, region_id, received.judging_version)
        .await?;
    let mut rows = ResultRows::default();
    for (position, observation) in signed.batch.observations.iter().enumerate() {
        let Some(started_at) = plausible_time(observation, received.at, &mut outcome.dropped) else {
            continue;
        };
        if !assigned.contains(&observation.monitor.0) {
            outcome.dropped.not_assigned += 1;
            continue;
        }
        let check = Check {
            slot_ms: observation.slot_ms,
            at_ms: started_at.timestamp_millis(),
            outcome: observation.sight.outcome.state(),
            disqualified: false,
        };
        outcome.results.push(TakenResult::new(observation, started_at));
        if known.has(observation.monitor.0, check) {
            outcome.dropped.known += 1;
        } else {
            rows.push(position, started_at, observation);
        }
    }
    Ok(rows)
}

/// After the commit: the judging, counters, and whoever looks on.
async fn tell(state: &AppState, signed: &SignedBatch<'_>, outcome: Outcome) {
    let region = &signed.probe.region;
    state
        .metrics
        .batch_taken(region, outcome.chain_ok, &outcome.results, outcome.dropped);
    if !outcome.chain_ok && !signed.batch.resumed {
        tracing::warn!(%region, probe = %signed.probe.fingerprint, seq = signed.batch.seq, "a chain of batches has a gap");
    }
    state.evaluation.pass_on(TakenBatch {
        id: outcome.batch_id,
        region_id: signed.probe.region_id,
        region: region.clone(),
        results: outcome.results,
    });
    if outcome.was_silent {
        tracing::info!(%region, probe = %signed.probe.fingerprint, "a probe is back");
        state.announce(Change::Probes).await;
    }
}

fn receipt(seq: u64, duplicate: bool, head: u64, digest: &[u8]) -> BatchReceipt {
    BatchReceipt {
        seq,
        duplicate,
        head: ChainHead {
            seq: head,
            digest: Some(hex::encode(digest)),
        },
    }
}
