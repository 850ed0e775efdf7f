//! The log that everything goes into that probes have signed: what is taken in, in which order, and the checkpoints that are
//! signed of it. What a log is and what it proves is [`edgewatch_proof`]'s.
//!
//! Taking in is a job of its own, behind the batches' own transactions, so that no batch waits for it. One transaction at a time
//! writes to the log: it holds the log's row. What it does is done as a whole or not at all, so a process that dies leaves a log
//! as it was before or as it is after.

pub mod proofs;
pub mod publication;
pub mod witness;

use crate::{
    secret::{Purpose, Secrets},
    state::AppState,
    store::{
        enrolment::list_waiting_enrolments,
        log::{Appended, NewTile, StoredEdge, StoredLog, append, list_waiting_batches, lock_log, read_edge},
        log_checkpoint::{
            NewCheckpoint, StoredCheckpoint, find_latest, has_checkpoint_of, insert_checkpoint,
        },
    },
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use ed25519_dalek::SigningKey;
use edgewatch_proof::{
    checkpoint::{Checkpoint, SignedCheckpoint},
    leaf::{LeafData, SignatureFields},
    note::{SignatureKind, VerifierKey},
};
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// Leaves taken in at once.
pub const AT_ONCE: i64 = 10_000;

/// A day's checkpoint is signed so long after its end: what came in its last moments is stored by then.
const DAY_CLOSES_AFTER: TimeDelta = TimeDelta::minutes(2);

/// The key that signs checkpoints.
pub fn signing_key(secrets: &Secrets) -> SigningKey {
    SigningKey::from_bytes(&secrets.key(Purpose::Log))
}

/// The key by which the log's checkpoints are verified.
///
/// # Errors
/// When the log's origin is no name for a key.
pub fn verifier_key(origin: &str, secrets: &Secrets) -> sqlx::Result<VerifierKey> {
    VerifierKey::new(origin, SignatureKind::Plain, signing_key(secrets).verifying_key()).map_err(unusable)
}

fn unusable(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

/// A log that something was taken in to, still locked.
#[derive(Debug)]
pub struct Taken {
    /// The log.
    pub log: StoredLog,
    /// Its edge.
    edge: StoredEdge,
    /// Leaves that were added.
    pub added: usize,
    /// Nothing waits any more.
    pub is_all: bool,
}

/// Takes into the log what waits, at most [`AT_ONCE`] leaves; nobody else writes to the log until the transaction ends.
pub async fn take_in(db: &mut PgConnection) -> sqlx::Result<Taken> {
    let mut log = lock_log(db).await?;
    let mut appended = Appended {
        tiles: Vec::new(),
        edge: read_edge(&mut *db, log.size).await?,
        heads: BTreeMap::new(),
        enrolments: BTreeMap::new(),
    };
    let enrolments = list_waiting_enrolments(&mut *db, AT_ONCE).await?;
    for enrolment in &enrolments {
        let leaf = LeafData::Enrolment {
            probe: &enrolment.fingerprint,
            region: &enrolment.region,
            public_key: &enrolment.public_key,
            body_sha256: &enrolment.body_sha256,
            fields: SignatureFields {
                signature_input: &enrolment.signature_input,
                signature: &enrolment.signature,
                authority: &enrolment.authority,
            },
        };
        let index = appended.edge.edge.size() as i64;
        appended.enrolments.insert(enrolment.probe_id, index);
        push(&mut appended, &leaf, None);
    }
    let batches = list_waiting_batches(&mut *db, AT_ONCE).await?;
    for batch in &batches {
        let leaf = LeafData::Batch {
            probe: &batch.fingerprint,
            seq: batch.seq.unsigned_abs(),
            body_sha256: &batch.digest,
            fields: SignatureFields {
                signature_input: &batch.signature_input,
                signature: &batch.signature,
                authority: &batch.authority,
            },
        };
        appended.heads.insert(batch.probe_id, batch.seq);
        push(&mut appended, &leaf, Some(batch.id));
    }
    let added = enrolments.len() + batches.len();
    if added > 0 {
        append(db, &appended).await?;
    }
    log.size = appended.edge.edge.size() as i64;
    Ok(Taken {
        log,
        edge: appended.edge,
        added,
        is_all: enrolments.len() < AT_ONCE as usize && batches.len() < AT_ONCE as usize,
    })
}

fn push(appended: &mut Appended, leaf: &LeafData<'_>, batch: Option<i64>) {
    let StoredEdge { edge, batches } = &mut appended.edge;
    batches.push(batch);
    for tile in edge.push(leaf.hash()) {
        let batches = if tile.id.level == 0 {
            std::mem::take(batches)
        } else {
            Vec::new()
        };
        appended.tiles.push(NewTile { tile, batches });
    }
}

/// Signs how the log is now, as the checkpoint of a day or as one that was asked for.
async fn sign(
    secrets: &Secrets,
    db: &mut PgConnection,
    taken: &Taken,
    day: Option<NaiveDate>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let key = signing_key(secrets);
    let checkpoint = Checkpoint {
        origin: taken.log.origin.clone(),
        size: taken.edge.edge.size(),
        root: taken.edge.edge.root(),
        extensions: Vec::new(),
    };
    let (root, public) = (checkpoint.root, key.verifying_key());
    let signed = SignedCheckpoint::sign(checkpoint, &key, now.timestamp()).map_err(unusable)?;
    let new = NewCheckpoint {
        size: taken.log.size,
        root: &root.0,
        signed_at: now,
        day,
        note: &signed.to_string(),
        key: public.as_bytes(),
    };
    insert_checkpoint(db, &new).await
}

/// Signs the checkpoint of the day before if it is time to and there is none. A day that no process lived to see the end of has
/// none: the log does not say what it did not see.
pub async fn close_day(
    secrets: &Secrets,
    db: &mut PgConnection,
    taken: &Taken,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<NaiveDate>> {
    let today = now.date_naive();
    let (Some(day), Some(midnight)) = (today.pred_opt(), today.and_hms_opt(0, 0, 0)) else {
        return Ok(None);
    };
    let midnight = midnight.and_utc();
    let is_time = now - midnight >= DAY_CLOSES_AFTER && taken.log.created_at < midnight;
    if !is_time || !taken.is_all || taken.log.size == 0 || has_checkpoint_of(&mut *db, day).await? {
        return Ok(None);
    }
    sign(secrets, db, taken, Some(day), now).await?;
    Ok(Some(day))
}

/// A checkpoint of everything that is there now: the newest one if it is that, else one that is signed for it. `None` while there
/// is nothing.
pub async fn checkpoint_now(state: &AppState) -> sqlx::Result<Option<StoredCheckpoint>> {
    loop {
        let mut transaction = state.pool.begin().await?;
        let taken = take_in(&mut transaction).await?;
        if !taken.is_all {
            transaction.commit().await?;
            continue;
        }
        let latest = find_latest(&mut *transaction).await?;
        let is_of_now = latest
            .as_ref()
            .is_some_and(|latest| latest.size == taken.log.size);
        if is_of_now || taken.log.size == 0 {
            transaction.commit().await?;
            return Ok(latest);
        }
        sign(&state.secrets, &mut transaction, &taken, None, state.clock.now()).await?;
        let signed = find_latest(&mut *transaction).await?;
        transaction.commit().await?;
        return Ok(signed);
    }
}

#[cfg(test)]
mod tests;
