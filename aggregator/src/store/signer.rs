//! Probes as the probe endpoints see them: keys, their regions, and whether they may speak.

use super::probe::status_of_code;
use chrono::{DateTime, Utc};
use ed25519_dalek::VerifyingKey;
use edgewatch_protocol::{batch::ChainHead, enrolment::ProbeStatus, identity::Fingerprint, name::Region};
use sqlx::PgExecutor;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A probe that has signed a request.
#[derive(Clone, Debug)]
pub struct Signer {
    /// Its number.
    pub id: i32,
    /// The fingerprint of its key.
    pub fingerprint: Fingerprint,
    /// Its key.
    pub key: VerifyingKey,
    /// The number of its region.
    pub region_id: i16,
    /// Its region.
    pub region: Region,
    /// Whether it may speak.
    pub status: ProbeStatus,
    /// What hosts it, as it says.
    pub host: String,
}

/// The approved probes that have sent batches: what never changes of them is not read again for each. Whether one may
/// still speak is not remembered: see [`super::batch::lock_probe`].
#[derive(Debug, Default)]
pub struct KnownSigners(Mutex<HashMap<Fingerprint, Signer>>);

impl KnownSigners {
    /// The probe of a fingerprint, which may have been revoked meanwhile.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn find(
        &self,
        db: impl PgExecutor<'_>,
        fingerprint: &Fingerprint,
    ) -> sqlx::Result<Option<Signer>> {
        if let Some(known) = self.lock().get(fingerprint) {
            return Ok(Some(known.clone()));
        }
        let found = find_signer(db, fingerprint).await?;
        if let Some(signer) = &found
            && signer.status == ProbeStatus::Approved
        {
            self.lock().insert(fingerprint.clone(), signer.clone());
        }
        Ok(found)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Fingerprint, Signer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The probe of a fingerprint.
pub async fn find_signer(db: impl PgExecutor<'_>, fingerprint: &Fingerprint) -> sqlx::Result<Option<Signer>> {
    let row = sqlx::query!(
        "SELECT p.id, p.public_key, p.region_id, r.name AS region, p.status, p.host
         FROM probe p JOIN region r ON r.id = p.region_id WHERE p.fingerprint = $1",
        fingerprint.0
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        let corrupt = |what: &str| sqlx::Error::Decode(format!("probe {}: {what}", row.id).into());
        let key = <[u8; 32]>::try_from(row.public_key.as_slice())
            .ok()
            .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok())
            .ok_or_else(|| corrupt("its key is none"))?;
        Ok(Signer {
            id: row.id,
            fingerprint: fingerprint.clone(),
            key,
            region_id: row.region_id,
            region: row
                .region
                .parse()
                .map_err(|_| corrupt("its region's name is none"))?,
            status: status_of_code(row.status),
            host: row.host,
        })
    })
    .transpose()
}

/// The head of a probe's chain.
pub async fn chain_head(db: impl PgExecutor<'_>, id: i32) -> sqlx::Result<ChainHead> {
    let row = sqlx::query!("SELECT last_seq, last_digest FROM probe WHERE id = $1", id)
        .fetch_one(db)
        .await?;
    Ok(ChainHead {
        seq: row.last_seq.unsigned_abs(),
        digest: row.last_digest.map(hex::encode),
    })
}

/// A probe that has fallen silent.
#[derive(Debug)]
pub struct SilentProbe {
    /// The fingerprint of its key.
    pub fingerprint: String,
    /// Its region.
    pub region: String,
}

/// Marks the approved probes that were not heard of since a time; those that were not marked before.
pub async fn mark_silent_probes(
    db: impl PgExecutor<'_>,
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<SilentProbe>> {
    sqlx::query_as!(
        SilentProbe,
        "UPDATE probe p SET silent = true FROM region r
         WHERE r.id = p.region_id AND p.status = 1 AND NOT p.silent
           AND coalesce(greatest(p.last_seen_at, p.approved_at), p.enrolled_at) < $1
         RETURNING p.fingerprint, r.name AS region",
        since
    )
    .fetch_all(db)
    .await
}
