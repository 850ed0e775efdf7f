//! Packing batches that have settled: from `batch` to `batch_pack`.

use super::stored_batch::{BatchRow, StoredBatch};
use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

/// The most that goes into a pack.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Batches.
    pub batches: i64,
    /// Observations, those of its last batch apart.
    pub observations: i64,
    /// Bytes as they are kept in `batch`, those of its last batch apart.
    pub bytes: i64,
}

/// Probes with batches in the log that were received before `settled`: enough for a pack, or some that wait since before
/// `overdue`. Those that wait longest first, at most so many.
pub async fn list_packable_probes(
    db: impl PgExecutor<'_>,
    settled: DateTime<Utc>,
    overdue: DateTime<Utc>,
    bounds: Bounds,
    at_most: i64,
) -> sqlx::Result<Vec<i32>> {
    sqlx::query_scalar!(
        "SELECT l.probe_id FROM log_probe l CROSS JOIN LATERAL (
             SELECT count(*) AS batches, sum(observations) AS observations, sum(bytes) AS bytes, min(received_at) AS since
             FROM (SELECT observations, octet_length(body) AS bytes, received_at FROM batch
                   WHERE probe_id = l.probe_id AND seq <= l.last_seq AND received_at < $1
                   ORDER BY seq LIMIT $3) AS b) AS w
         WHERE w.batches >= $3 OR w.observations >= $4 OR w.bytes >= $5 OR w.since < $2
         ORDER BY w.since LIMIT $6",
        settled,
        overdue,
        bounds.batches,
        bounds.observations,
        bounds.bytes,
        at_most
    )
    .fetch_all(db)
    .await
}

/// The next batches of a probe that may be packed, in the order of its chain; there may be gaps.
pub async fn list_packable_batches(
    db: impl PgExecutor<'_>,
    probe: i32,
    settled: DateTime<Utc>,
    bounds: Bounds,
) -> sqlx::Result<Vec<impl Into<StoredBatch> + Send + 'static>> {
    sqlx::query_as!(
        BatchRow,
        r#"SELECT b.id AS "id!", p.fingerprint, p.region_id, r.name AS region, b.seq AS "seq!", b.received_at AS "received_at!",
                  b.digest AS "digest!", b.body AS "body!", b.signature_input AS "signature_input!",
                  b.signature AS "signature!", b.authority AS "authority!"
           FROM (SELECT k.*, sum(observations) OVER chain - observations AS observations_before,
                        sum(octet_length(body)) OVER chain - octet_length(body) AS bytes_before
                 FROM (SELECT w.* FROM batch w JOIN log_probe l ON l.probe_id = w.probe_id AND l.last_seq >= w.seq
                       WHERE w.probe_id = $1 AND w.received_at < $2 ORDER BY w.seq LIMIT $3) AS k
                 WINDOW chain AS (ORDER BY seq)) AS b
           JOIN probe p ON p.id = b.probe_id JOIN region r ON r.id = p.region_id
           WHERE b.observations_before < $4 AND b.bytes_before < $5
           ORDER BY b.seq"#,
        probe,
        settled,
        bounds.batches,
        bounds.observations,
        bounds.bytes
    )
    .fetch_all(db)
    .await
}

/// Batches that follow one another, packed.
#[derive(Debug)]
pub struct NewPack<'a> {
    /// The probe that sealed them.
    pub probe_id: i32,
    /// The first one's number in the chain.
    pub first_seq: i64,
    /// Their numbers.
    pub ids: &'a [i64],
    /// When they came.
    pub received_at: &'a [DateTime<Utc>],
    /// Their pack.
    pub pack: &'a [u8],
}

/// Puts a pack in the place of its batches.
///
/// # Errors
/// Also when one of its batches was not there any more: then the transaction is not to be committed.
pub async fn replace_by_pack(db: &mut PgConnection, pack: &NewPack<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO batch_pack (probe_id, first_seq, last_seq, ids, received_at, id_range, first_received_at, last_received_at, pack)
         SELECT $1, $2, $2 + count(*) - 1, $3, $4, int8range(min(u.id), max(u.id), '[]'), min(u.at), max(u.at), $5
         FROM UNNEST($3::int8[], $4::timestamptz[]) AS u (id, at)",
        pack.probe_id,
        pack.first_seq,
        pack.ids,
        pack.received_at,
        pack.pack
    )
    .execute(&mut *db)
    .await?;
    let deleted = sqlx::query!("DELETE FROM batch WHERE id = ANY($1)", pack.ids)
        .execute(db)
        .await?;
    if deleted.rows_affected() == pack.ids.len() as u64 {
        Ok(())
    } else {
        Err(sqlx::Error::RowNotFound)
    }
}

/// Deletes packs of which every batch was received before a time, at most so many; returns how many.
pub async fn delete_packs_before(
    db: impl PgExecutor<'_>,
    before: DateTime<Utc>,
    at_most: i64,
) -> sqlx::Result<u64> {
    let deleted = sqlx::query!(
        "DELETE FROM batch_pack WHERE (probe_id, last_seq) IN (
             SELECT probe_id, last_seq FROM batch_pack WHERE last_received_at < $1 ORDER BY last_received_at LIMIT $2)",
        before,
        at_most
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected())
}
