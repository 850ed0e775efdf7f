//! Taking a batch: one transaction that keeps the evidence, stores the results, and judges.

use crate::{
    announcement::Change,
    http::{
        ApiError,
        error::ApiResult,
        probe::{SignedRequest, replay, require_approved},
    },
    recent_outcomes::RecentOutcomes,
    state::AppState,
    store::{
        batch::{self, LockedProbe, NewBatch},
        evaluation::{self, JudgedMonitor, LatestResult, RegionStateRows},
        probe::status_of_code,
        result_rows::{self, ResultRows},
        signer::Signer,
    },
    untrusted_text::{clean, clean_json},
};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::event::{Event, LiveResult};
use edgewatch_domain::verdict::{Verdict, is_silent};
use edgewatch_protocol::{
    batch::{Batch, BatchReceipt, ChainHead},
    observation::Observation,
    problem::{Problem, ProblemType},
    signature::MAX_SKEW_S,
};
use sqlx::PgConnection;
use std::collections::{BTreeMap, HashMap};

/// Results older than this are not taken: probes keep theirs for a day, and there is no partition for older ones.
const OLDEST: TimeDelta = TimeDelta::days(2);

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
    /// The request that brought it; its nonce is not remembered yet.
    pub request: &'a SignedRequest,
}

/// What a batch has changed.
#[derive(Debug, Default)]
struct Outcome {
    batch_id: i64,
    live: Vec<LiveResult>,
    chain_ok: bool,
    was_silent: bool,
    monitors_changed: Vec<i32>,
    dropped: Dropped,
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
}

/// Stores a batch and judges by it. A repeat is acknowledged and changes nothing.
///
/// # Errors
/// `sequence-reused` with the head of the chain when the number is taken by other bytes; `probe-revoked`.
pub async fn ingest_batch(state: &AppState, signed: &SignedBatch<'_>) -> ApiResult<BatchReceipt> {
    let seq = i64::try_from(signed.batch.seq)
        .ok()
        .filter(|&seq| seq > 0)
        .ok_or_else(|| ApiError::new(ProblemType::Malformed, "`seq` counts from 1"))?;
    let digest = signed.request.body_digest();
    let body = zstd::bulk::compress(&signed.request.body, EVIDENCE_LEVEL).map_err(ApiError::internal)?;

    let mut tries = 1;
    let stored = loop {
        match store(state, signed, seq, &digest, &body).await {
            Err(error) if tries < TRIES && error.cause().is_some_and(is_transient) => tries += 1,
            other => break other,
        }
    };
    if let Some(outcome) = stored? {
        tell(state, signed, &outcome).await;
        return Ok(receipt(signed.batch.seq, false, signed.batch.seq, &digest));
    }
    state.metrics.batch_repeated();
    let head = crate::store::signer::chain_head(&state.pool, signed.probe.id).await?;
    Ok(BatchReceipt {
        seq: signed.batch.seq,
        duplicate: true,
        head,
    })
}

/// A deadlock or a monitor that was deleted meanwhile: the same again will do.
fn is_transient(cause: &(dyn std::error::Error + 'static)) -> bool {
    let code = cause
        .downcast_ref::<sqlx::Error>()
        .and_then(sqlx::Error::as_database_error)
        .and_then(sqlx::error::DatabaseError::code);
    matches!(code.as_deref(), Some("40001" | "40P01" | "23503"))
}

/// `None` for a repeat.
async fn store(
    state: &AppState,
    signed: &SignedBatch<'_>,
    seq: i64,
    digest: &[u8],
    body: &[u8],
) -> ApiResult<Option<Outcome>> {
    let Batch { prev, place, .. } = signed.batch;
    let now = state.clock.now();
    let mut transaction = state.pool.begin().await?;
    let locked = batch::lock_probe(&mut transaction, signed.probe.id, seq).await?;
    require_approved(status_of_code(locked.status))?;
    if seq <= locked.last_seq {
        // The nonce is remembered in either case.
        signed.request.count_once(&mut *transaction, now).await?;
        transaction.commit().await?;
        return if locked.stored_digest.as_deref() == Some(digest) {
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
        chain_ok: seq == locked.last_seq + 1 && prev == locked.last_digest,
        was_silent: locked.silent,
        ..Outcome::default()
    };
    let new = NewBatch {
        probe_id: signed.probe.id,
        seq,
        digest,
        prev: prev.as_deref(),
        chain_ok: outcome.chain_ok,
        resumed: signed.batch.resumed,
        received_at: now,
        observations: signed.batch.observations.len() as i32,
        dropped: i64::try_from(signed.batch.dropped)
            .unwrap_or(i64::MAX)
            .min(i64::from(i32::MAX)),
        body,
        signature_input: &signed.request.headers.signature_input,
        signature: &signed.request.headers.signature,
        authority: &signed.request.authority,
        place: &clean_json(serde_json::to_value(place).unwrap_or_default()),
        software: &clean(&signed.batch.software, 100),
        nonce: signed.request.nonce(now),
    };
    outcome.batch_id = batch::insert_batch(&mut transaction, &new)
        .await?
        .ok_or_else(replay)?;
    store_results(&mut transaction, signed, now, &mut outcome).await?;
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

async fn store_results(
    db: &mut PgConnection,
    signed: &SignedBatch<'_>,
    now: DateTime<Utc>,
    outcome: &mut Outcome,
) -> sqlx::Result<()> {
    let region_id = signed.probe.region_id;
    let observations = &signed.batch.observations;
    let mut ids: Vec<i32> = observations
        .iter()
        .map(|observation| observation.monitor.0)
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let judged = evaluation::list_judged_monitors(db, region_id, &ids).await?;
    let mut judged: HashMap<i32, Judging<'_>> = judged
        .into_iter()
        .map(|monitor| (monitor.id, Judging::new(monitor)))
        .collect();

    let mut rows = ResultRows::default();
    for (position, observation) in observations.iter().enumerate() {
        let Some(started_at) = plausible_time(observation, now, &mut outcome.dropped) else {
            continue;
        };
        let Some(judging) = judged.get_mut(&observation.monitor.0) else {
            outcome.dropped.not_assigned += 1;
            continue;
        };
        judging.add(observation);
        rows.push(position, started_at, observation);
        outcome.live.push(LiveResult {
            monitor: observation.monitor.0,
            region: signed.probe.region.clone(),
            at: started_at,
            outcome: observation.sight.outcome.state(),
            total_us: result_rows::total_us(observation),
        });
    }
    rows.insert(db, outcome.batch_id, region_id).await?;
    judge(db, region_id, judged, now, outcome).await
}

/// When the check began, if that can be.
fn plausible_time(
    observation: &Observation,
    now: DateTime<Utc>,
    dropped: &mut Dropped,
) -> Option<DateTime<Utc>> {
    let latest = now.timestamp_millis() + MAX_SKEW_S * 1000;
    if observation.started_ms > latest || observation.slot_ms > latest {
        dropped.future += 1;
        return None;
    }
    let started_at = DateTime::from_timestamp_millis(observation.started_ms);
    let slot_at = DateTime::from_timestamp_millis(observation.slot_ms);
    let recent = |at: DateTime<Utc>| at > now - OLDEST;
    let plausible = started_at.filter(|&at| recent(at) && slot_at.is_some_and(recent));
    dropped.too_old += u64::from(plausible.is_none());
    plausible
}

/// A monitor while a batch's observations of it are added.
struct Judging<'a> {
    monitor: JudgedMonitor,
    recent: RecentOutcomes,
    latest: Option<&'a Observation>,
}

impl<'a> Judging<'a> {
    fn new(mut monitor: JudgedMonitor) -> Self {
        Self {
            recent: std::mem::take(&mut monitor.recent),
            monitor,
            latest: None,
        }
    }

    fn add(&mut self, observation: &'a Observation) {
        self.recent
            .add(observation.slot_ms, observation.sight.outcome.state());
        if self
            .latest
            .is_none_or(|latest| latest.slot_ms <= observation.slot_ms)
        {
            self.latest = Some(observation);
        }
    }

    fn verdict(&self, now: DateTime<Utc>) -> Verdict {
        let silent = self.recent.last_slot_ms().is_none_or(|slot| {
            is_silent(
                slot,
                now.timestamp_millis(),
                i64::from(self.monitor.interval_s) * 1000,
            )
        });
        if silent {
            // What a probe had kept while it was away says nothing of now.
            Verdict::Unknown
        } else {
            self.recent
                .verdict(self.monitor.confirmations, self.monitor.recoveries)
        }
    }
}

async fn judge(
    db: &mut PgConnection,
    region_id: i16,
    judged: HashMap<i32, Judging<'_>>,
    now: DateTime<Utc>,
    outcome: &mut Outcome,
) -> sqlx::Result<()> {
    let mut rows = RegionStateRows::default();
    let (mut votes_changed, mut began) = (vec![], BTreeMap::new());
    for (id, judging) in judged {
        let Some(latest) = judging.latest else { continue };
        let verdict = judging.verdict(now);
        let at = |ms| DateTime::from_timestamp_millis(ms).unwrap_or(now);
        let latest = LatestResult {
            outcome: latest.sight.outcome.state().code(),
            slot: at(latest.slot_ms),
            checked_at: at(latest.started_ms),
            total_us: result_rows::total_us(latest),
            message: result_rows::message(latest),
        };
        rows.push(id, verdict, &judging.recent, latest);
        if verdict != judging.monitor.verdict {
            votes_changed.push(id);
            if let Some(ms) = judging.recent.run_began_ms() {
                began.insert(id, at(ms));
            }
        }
    }
    rows.store(db, region_id).await?;
    evaluation::decide_monitors(db, &votes_changed, &began, now).await?;
    // A region's new vote is told even if the monitor's state stays.
    outcome.monitors_changed = votes_changed;
    Ok(())
}

/// After the commit: counters, and events for whoever looks on.
async fn tell(state: &AppState, signed: &SignedBatch<'_>, outcome: &Outcome) {
    let region = &signed.probe.region;
    state
        .metrics
        .batch_taken(region, outcome.chain_ok, &outcome.live, outcome.dropped);
    if !outcome.chain_ok && !signed.batch.resumed {
        tracing::warn!(%region, probe = %signed.probe.fingerprint, seq = signed.batch.seq, "a chain of batches has a gap");
    }
    if !outcome.live.is_empty() {
        state.events.publish(Event::Results {
            results: outcome.live.clone(),
        });
        state.announce(Change::Batch(outcome.batch_id)).await;
    }
    if !outcome.monitors_changed.is_empty() {
        state
            .announce(Change::States(outcome.monitors_changed.clone()))
            .await;
    }
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
