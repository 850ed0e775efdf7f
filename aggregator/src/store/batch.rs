//! The chain of a probe and its evidence: `probe`, `batch`.

use super::result_rows::ResultRows;
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

/// A probe whose batch is being taken, locked.
#[derive(Debug)]
pub struct LockedProbe {
    /// The number of the status; see [`super::probe::status_of_code`].
    pub status: i16,
    /// The head of its chain.
    pub last_seq: i64,
    /// The head's digest.
    pub last_digest: Option<Vec<u8>>,
    /// It had been noticed as silent.
    pub silent: bool,
    /// The version of what monitors are judged by; see [`crate::assigned_monitors`].
    pub judging_version: i64,
    /// The region has other probes.
    pub is_shared: bool,
    /// The number of the next batch that is kept.
    pub batch_id: i64,
}

/// Locks a probe, and takes a number for its batch.
pub async fn lock_probe(db: &mut PgConnection, probe_id: i32) -> sqlx::Result<LockedProbe> {
    sqlx::query_as!(
        LockedProbe,
        "SELECT p.status, p.last_seq, p.last_digest, p.silent,
                nextval('batch_id_seq') AS \"batch_id!\",
                (SELECT version FROM judging_version) AS \"judging_version!\",
                EXISTS (SELECT FROM probe o WHERE o.region_id = p.region_id AND o.id <> p.id AND o.status = 1) AS \"is_shared!\"
         FROM probe p WHERE p.id = $1
         FOR NO KEY UPDATE",
        probe_id
    )
    .fetch_one(db)
    .await
}

/// A batch to be kept.
#[derive(Debug)]
pub struct NewBatch<'a> {
    /// Its number; see [`lock_probe`].
    pub id: i64,
    /// The probe that sealed it.
    pub probe_id: i32,
    /// The number of its region.
    pub region_id: i16,
    /// Its number in the chain.
    pub seq: i64,
    /// SHA-256 of its body.
    pub digest: &'a [u8],
    /// What it claims to follow.
    pub prev: Option<&'a [u8]>,
    /// It follows the head.
    pub chain_ok: bool,
    /// The probe had lost its storage.
    pub resumed: bool,
    /// Now.
    pub received_at: DateTime<Utc>,
    /// How many observations it holds.
    pub observations: i32,
    /// The times of its results are from the one to the other.
    pub results_between: (DateTime<Utc>, DateTime<Utc>),
    /// Observations that the probe had to drop before it.
    pub dropped: i64,
    /// A Zstandard frame of its JSON: what was signed, if the signature covers `content-encoding`; else what was signed is
    /// the JSON in it.
    pub body: &'a [u8],
    /// The `Signature-Input` field.
    pub signature_input: &'a str,
    /// The `Signature` field.
    pub signature: &'a str,
    /// What was signed as `@authority`.
    pub authority: &'a str,
    /// Where the probe found itself, as JSON.
    pub place: &'a Value,
    /// The probe's software.
    pub software: &'a str,
    /// The key and the nonce of the request that brought it, and until when the nonce is remembered.
    pub nonce: (&'a str, &'a str, DateTime<Utc>),
}

/// Keeps a batch as evidence with its results, makes it the head of its probe's chain, and queues it for judging and for the
/// rollups. False, and nothing is kept, if the nonce was used before.
pub async fn insert_batch(
    db: &mut PgConnection,
    batch: &NewBatch<'_>,
    results: &ResultRows,
) -> sqlx::Result<bool> {
    let (keyid, nonce, keep_until) = batch.nonce;
    let [dns, tcp, tls, request, ttfb, body] = &results.phases_us;
    let queued = sqlx::query!(
        "WITH counted AS (
             INSERT INTO probe_nonce (keyid, nonce, expires_at) VALUES ($16, $17, $18)
             ON CONFLICT DO NOTHING RETURNING true),
         head AS (
             UPDATE probe SET last_seq = $2, last_digest = $3, last_seen_at = $7, silent = false,
                    chain_breaks = chain_breaks + CASE WHEN $5 THEN 0 ELSE 1 END,
                    dropped = dropped + $9, place = $14, software = $15
             WHERE id = $1 AND EXISTS (SELECT FROM counted)),
         kept AS (
             INSERT INTO batch (id, probe_id, seq, digest, prev, chain_ok, resumed, received_at, observations, body,
                                signature_input, signature, authority, place)
             OVERRIDING SYSTEM VALUE
             SELECT $19, $1, $2, $3, $4, $5, $6, $7, $8, $10, $11, $12, $13, $14 WHERE EXISTS (SELECT FROM counted)
             RETURNING id),
         to_sum_up AS (
             INSERT INTO rollup_queue (batch_id, from_at, to_at) SELECT id, $20, $21 FROM kept),
         stored AS (
             INSERT INTO result (batch_id, region_id, time, monitor_id, lag_ms, dns_us, tcp_us, tls_us, request_us,
                                 ttfb_us, body_us, total_us, position, outcome, reason, http_status, message)
             SELECT $19, $22, * FROM UNNEST(
                 $23::timestamptz[], $24::int4[], $25::int4[], $26::int4[], $27::int4[], $28::int4[], $29::int4[],
                 $30::int4[], $31::int4[], $32::int4[], $33::int2[], $34::int2[], $35::int2[], $36::int2[], $37::text[])
             WHERE EXISTS (SELECT FROM counted))
         INSERT INTO evaluation_queue (batch_id) SELECT id FROM kept",
        batch.probe_id,
        batch.seq,
        batch.digest,
        batch.prev,
        batch.chain_ok,
        batch.resumed,
        batch.received_at,
        batch.observations,
        batch.dropped,
        batch.body,
        batch.signature_input,
        batch.signature,
        batch.authority,
        batch.place,
        batch.software,
        keyid,
        nonce,
        keep_until,
        batch.id,
        batch.results_between.0,
        batch.results_between.1,
        batch.region_id,
        &results.time[..],
        &results.monitor_id[..],
        &results.lag_ms[..],
        &dns[..] as _,
        &tcp[..] as _,
        &tls[..] as _,
        &request[..] as _,
        &ttfb[..] as _,
        &body[..] as _,
        &results.total_us[..],
        &results.position[..],
        &results.outcome[..],
        &results.reason[..] as _,
        &results.http_status[..] as _,
        &results.message[..] as _
    )
    .execute(db)
    .await?;
    Ok(queued.rows_affected() == 1)
}

/// Deletes evidence received before a time that is in the log, a bounded number at once; returns how many.
pub async fn delete_batches_before(
    db: impl sqlx::PgExecutor<'_>,
    before: DateTime<Utc>,
    at_most: i64,
) -> sqlx::Result<u64> {
    let deleted = sqlx::query!(
        "DELETE FROM batch WHERE id IN (
             SELECT b.id FROM batch b JOIN log_probe l ON l.probe_id = b.probe_id AND l.last_seq >= b.seq
             WHERE b.received_at < $1 ORDER BY b.received_at LIMIT $2)",
        before,
        at_most
    )
    .execute(db)
    .await?;
    Ok(deleted.rows_affected())
}
