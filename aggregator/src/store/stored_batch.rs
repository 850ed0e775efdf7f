//! Batches as they were signed, wherever they are kept: in `batch` since they came, or in `batch_pack` once they have settled.
//!
//! A batch only goes from the one to the other. So whoever looks in `batch` first, and then in `batch_pack` for what was not
//! there, misses none.

use chrono::{DateTime, Utc};
use edgewatch_client::result::Evidence;
use edgewatch_pack::{Signed, unpack};
use edgewatch_protocol::{
    batch::{Batch, MAX_BODY_BYTES},
    content_coding::content_coding,
};
use sqlx::{PgConnection, PgExecutor};
use std::collections::BTreeSet;
use tokio::task::spawn_blocking;

/// A batch as it is kept.
#[derive(Clone, Debug)]
pub struct StoredBatch {
    /// Its number.
    pub id: i64,
    /// The fingerprint of its probe's key.
    pub fingerprint: String,
    /// The number of its region.
    pub region_id: i16,
    /// The name of its region.
    pub region: String,
    /// Its number in the chain.
    pub seq: i64,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// What was signed, and how.
    pub signed: Signed,
}

impl StoredBatch {
    /// What it says.
    ///
    /// # Errors
    /// What is wrong with it: it was stored by something else.
    pub fn read(&self) -> Result<Batch, String> {
        let bytes = &self.signed.bytes[..];
        let read = if content_coding(bytes).is_some() {
            let json = zstd::bulk::decompress(bytes, MAX_BODY_BYTES).map_err(|error| error.to_string())?;
            serde_json::from_slice(&json)
        } else {
            serde_json::from_slice(bytes)
        };
        read.map_err(|error| error.to_string())
    }

    /// How it is named to others, with what it says if that can be read.
    pub fn evidence(&self, batch: Option<&Batch>) -> Evidence {
        Evidence {
            probe: self.fingerprint.clone(),
            seq: self.seq,
            digest: hex::encode(&self.signed.digest),
            received_at: self.received_at,
            place: batch.map(|batch| batch.place.clone()).unwrap_or_default(),
        }
    }
}

/// A row of `batch`.
#[derive(Debug)]
pub(super) struct BatchRow {
    pub(super) id: i64,
    pub(super) fingerprint: String,
    pub(super) region_id: i16,
    pub(super) region: String,
    pub(super) seq: i64,
    pub(super) received_at: DateTime<Utc>,
    pub(super) digest: Vec<u8>,
    /// See [`super::batch::NewBatch::body`].
    pub(super) body: Vec<u8>,
    pub(super) signature_input: String,
    pub(super) signature: String,
    pub(super) authority: String,
}

impl From<BatchRow> for StoredBatch {
    fn from(row: BatchRow) -> Self {
        // What came compressed was signed so.
        let is_as_signed = row.signature_input.contains("\"content-encoding\"");
        let bytes = if is_as_signed {
            row.body
        } else {
            // What is broken stays so: whoever reads it finds out.
            zstd::stream::decode_all(&*row.body).unwrap_or(row.body)
        };
        Self {
            id: row.id,
            fingerprint: row.fingerprint,
            region_id: row.region_id,
            region: row.region,
            seq: row.seq,
            received_at: row.received_at,
            signed: Signed {
                bytes,
                digest: row.digest,
                signature_input: row.signature_input,
                signature: row.signature,
                authority: row.authority,
            },
        }
    }
}

/// A row of `batch_pack`.
#[derive(Debug)]
struct PackRow {
    fingerprint: String,
    region_id: i16,
    region: String,
    first_seq: i64,
    ids: Vec<i64>,
    received_at: Vec<DateTime<Utc>>,
    pack: Vec<u8>,
}

impl PackRow {
    fn batches(self) -> sqlx::Result<Vec<StoredBatch>> {
        let signed = unpack(&self.pack).map_err(undecodable)?;
        let told = std::iter::zip(self.ids, self.received_at);
        let batches = std::iter::zip(told, signed).zip(self.first_seq..);
        let batch = |(((id, received_at), signed), seq)| StoredBatch {
            id,
            fingerprint: self.fingerprint.clone(),
            region_id: self.region_id,
            region: self.region.clone(),
            seq,
            received_at,
            signed,
        };
        Ok(batches.map(batch).collect())
    }
}

fn undecodable(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}

/// Unpacking takes a while: not on a thread that answers others.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> sqlx::Result<T> {
    spawn_blocking(work).await.map_err(undecodable)
}

async fn unpacked(rows: Vec<BatchRow>) -> sqlx::Result<Vec<StoredBatch>> {
    blocking(move || rows.into_iter().map(StoredBatch::from).collect()).await
}

/// Batches by number, in the order of their numbers; those whose retention is over are left out.
pub async fn find_stored_batches(db: &mut PgConnection, ids: &[i64]) -> sqlx::Result<Vec<StoredBatch>> {
    let rows = sqlx::query_as!(
        BatchRow,
        "SELECT b.id, p.fingerprint, p.region_id, r.name AS region, b.seq, b.received_at, b.digest, b.body,
                b.signature_input, b.signature, b.authority
         FROM batch b JOIN probe p ON p.id = b.probe_id JOIN region r ON r.id = p.region_id
         WHERE b.id = ANY($1)",
        ids
    )
    .fetch_all(&mut *db)
    .await?;
    let mut found = unpacked(rows).await?;
    let mut missing: BTreeSet<i64> = ids.iter().copied().collect();
    for batch in &found {
        missing.remove(&batch.id);
    }
    if !missing.is_empty() {
        let asked: Vec<_> = missing.iter().copied().collect();
        let packs = sqlx::query_as!(
            PackRow,
            "SELECT p.fingerprint, p.region_id, r.name AS region, k.first_seq, k.ids, k.received_at, k.pack
             FROM batch_pack k JOIN probe p ON p.id = k.probe_id JOIN region r ON r.id = p.region_id
             WHERE (k.probe_id, k.last_seq) IN (
                 SELECT f.probe_id, f.last_seq FROM UNNEST($1::int8[]) AS w (id)
                 JOIN batch_pack f ON f.id_range @> w.id AND w.id = ANY(f.ids))",
            &asked
        )
        .fetch_all(db)
        .await?;
        let packed = blocking(move || {
            let mut packed = Vec::new();
            for pack in packs {
                packed.extend(
                    pack.batches()?
                        .into_iter()
                        .filter(|batch| missing.contains(&batch.id)),
                );
            }
            Ok::<_, sqlx::Error>(packed)
        });
        found.extend(packed.await??);
    }
    found.sort_by_key(|batch| batch.id);
    Ok(found)
}

/// The first batches of a stretch of a probe's chain, in its order: about so many, and none only where there are none.
pub async fn list_stored_batches(
    db: &mut PgConnection,
    probe: i32,
    from_seq: i64,
    to_seq: i64,
    about: i64,
) -> sqlx::Result<Vec<StoredBatch>> {
    let mut rows = sqlx::query_as!(
        BatchRow,
        "SELECT b.id, p.fingerprint, p.region_id, r.name AS region, b.seq, b.received_at, b.digest, b.body,
                b.signature_input, b.signature, b.authority
         FROM batch b JOIN probe p ON p.id = b.probe_id JOIN region r ON r.id = p.region_id
         WHERE b.probe_id = $1 AND b.seq BETWEEN $2 AND $3 ORDER BY b.seq LIMIT $4",
        probe,
        from_seq,
        to_seq,
        about
    )
    .fetch_all(&mut *db)
    .await?;
    if let Some(pack) = find_pack(db, probe, from_seq).await? {
        // Those of a pack are given out together: nobody has to unpack it twice.
        if rows.first().is_none_or(|row| pack.first_seq <= row.seq) {
            let mut batches = blocking(move || pack.batches()).await??;
            batches.retain(|batch| (from_seq..=to_seq).contains(&batch.seq));
            return Ok(batches);
        }
        rows.retain(|row| row.seq < pack.first_seq);
    }
    unpacked(rows).await
}

/// The pack that has a number of a probe's chain, or else the next one.
async fn find_pack(db: impl PgExecutor<'_>, probe: i32, seq: i64) -> sqlx::Result<Option<PackRow>> {
    sqlx::query_as!(
        PackRow,
        "SELECT p.fingerprint, p.region_id, r.name AS region, k.first_seq, k.ids, k.received_at, k.pack
         FROM batch_pack k JOIN probe p ON p.id = k.probe_id JOIN region r ON r.id = p.region_id
         WHERE k.probe_id = $1 AND k.last_seq >= $2 ORDER BY k.last_seq LIMIT 1",
        probe,
        seq
    )
    .fetch_optional(db)
    .await
}

/// The digest of what is stored under a number of a probe's chain.
pub async fn find_digest(db: &mut PgConnection, probe: i32, seq: i64) -> sqlx::Result<Option<Vec<u8>>> {
    let digest = sqlx::query_scalar!(
        "SELECT digest FROM batch WHERE probe_id = $1 AND seq = $2",
        probe,
        seq
    )
    .fetch_optional(&mut *db)
    .await?;
    if digest.is_some() {
        return Ok(digest);
    }
    let Some(pack) = find_pack(db, probe, seq).await? else {
        return Ok(None);
    };
    let batches = blocking(move || pack.batches()).await??;
    let found = batches.into_iter().find(|batch| batch.seq == seq);
    Ok(found.map(|batch| batch.signed.digest))
}

/// The number of a batch that a probe has sealed, while it is kept.
pub async fn find_number(db: impl PgExecutor<'_>, fingerprint: &str, seq: i64) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        r#"SELECT b.id AS "id!" FROM batch b JOIN probe p ON p.id = b.probe_id WHERE p.fingerprint = $1 AND b.seq = $2
           UNION ALL
           SELECT k.ids[$2 - k.first_seq + 1] FROM batch_pack k JOIN probe p ON p.id = k.probe_id
           WHERE p.fingerprint = $1 AND $2 BETWEEN k.first_seq AND k.last_seq"#,
        fingerprint,
        seq
    )
    .fetch_optional(db)
    .await
}
