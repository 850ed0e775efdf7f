//! Batches as they were signed, for bundles: `batch`, `probe`.

use super::vote::at;
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_domain::{admission::AHEAD_MS, span::Span};
use sqlx::{PgConnection, PgExecutor};

/// A probe that has served a region.
#[derive(Debug)]
pub struct EvidenceProbe {
    /// Its number.
    pub id: i32,
    /// The fingerprint of its key.
    pub fingerprint: String,
    /// Its key.
    pub public_key: Vec<u8>,
    /// Its region.
    pub region: String,
    /// What hosts it, as it says.
    pub host: String,
    /// When it enrolled.
    pub enrolled_at: DateTime<Utc>,
}

/// The probes of these regions that have ever sent a batch, also those that were revoked.
pub async fn list_evidence_probes(
    db: impl PgExecutor<'_>,
    regions: &[i16],
) -> sqlx::Result<Vec<EvidenceProbe>> {
    sqlx::query_as!(
        EvidenceProbe,
        "SELECT p.id, p.fingerprint, p.public_key, r.name AS region, p.host, p.enrolled_at
         FROM probe p JOIN region r ON r.id = p.region_id
         WHERE p.region_id = ANY($1) AND p.last_seq > 0 ORDER BY r.name, p.id",
        regions
    )
    .fetch_all(db)
    .await
}

/// A stretch of a probe's chain, both ends included.
#[derive(Clone, Copy, Debug)]
pub struct ChainRange {
    /// The first number.
    pub from_seq: i64,
    /// The last number.
    pub to_seq: i64,
}

/// The stretch of a probe's chain that holds all that it saw in a time, and was received by a moment: with a batch before it
/// and one behind it where there are, so that it shows that nothing was left away at its ends. `None` if there is nothing.
pub async fn find_range(
    db: &mut PgConnection,
    probe: i32,
    monitors: &[i32],
    span: Span,
    received_to: DateTime<Utc>,
) -> sqlx::Result<Option<ChainRange>> {
    // A probe's clock may be ahead, or behind.
    let apart = TimeDelta::milliseconds(AHEAD_MS + 60_000);
    let row = sqlx::query!(
        "SELECT
             coalesce((SELECT max(seq) FROM batch WHERE probe_id = $1 AND received_at < $2),
                      (SELECT min(seq) FROM batch WHERE probe_id = $1)) AS from_seq,
             greatest(
                 coalesce((SELECT min(seq) FROM batch WHERE probe_id = $1 AND received_at > $3 AND received_at <= $4),
                          (SELECT max(seq) FROM batch WHERE probe_id = $1 AND received_at <= $4)),
                 (SELECT max(b.seq) FROM result r JOIN batch b ON b.id = r.batch_id
                  WHERE r.monitor_id = ANY($5) AND r.time >= $6 AND r.time < $7
                    AND b.probe_id = $1 AND b.received_at <= $4)) AS to_seq",
        probe,
        at(span.from_ms) - apart,
        at(span.to_ms) + apart,
        received_to,
        monitors,
        at(span.from_ms),
        at(span.to_ms)
    )
    .fetch_one(db)
    .await?;
    Ok(row
        .from_seq
        .zip(row.to_seq)
        .filter(|(from_seq, to_seq)| from_seq <= to_seq)
        .map(|(from_seq, to_seq)| ChainRange { from_seq, to_seq }))
}

/// A batch as it is kept.
#[derive(Debug)]
pub struct StoredEvidence {
    /// Its number.
    pub id: i64,
    /// Its number in the chain.
    pub seq: i64,
    /// When it came.
    pub received_at: DateTime<Utc>,
    /// See [`super::batch::NewBatch::body`].
    pub body: Vec<u8>,
    /// The `Signature-Input` field.
    pub signature_input: String,
    /// The `Signature` field.
    pub signature: String,
    /// What was signed as `@authority`.
    pub authority: String,
}

/// Batches of a probe's chain from the one number to the other, in order, at most so many.
pub async fn list_evidence(
    db: impl PgExecutor<'_>,
    probe: i32,
    from_seq: i64,
    to_seq: i64,
    at_most: i64,
) -> sqlx::Result<Vec<StoredEvidence>> {
    sqlx::query_as!(
        StoredEvidence,
        "SELECT id, seq, received_at, body, signature_input, signature, authority FROM batch
         WHERE probe_id = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq LIMIT $4",
        probe,
        from_seq,
        to_seq,
        at_most
    )
    .fetch_all(db)
    .await
}
