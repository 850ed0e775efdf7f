//! Which batches belong to a bundle: `probe`, `batch`, `batch_pack`.

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
             coalesce(
                 greatest(
                     (SELECT max(seq) FROM batch WHERE probe_id = $1 AND received_at < $2),
                     (SELECT max(k.first_seq + u.place - 1)
                      FROM (SELECT first_seq, received_at FROM batch_pack
                            WHERE probe_id = $1 AND first_received_at < $2 ORDER BY last_seq DESC LIMIT 1) AS k
                      CROSS JOIN LATERAL UNNEST(k.received_at) WITH ORDINALITY AS u (at, place) WHERE u.at < $2)),
                 least(
                     (SELECT min(seq) FROM batch WHERE probe_id = $1),
                     (SELECT min(first_seq) FROM batch_pack WHERE probe_id = $1))) AS from_seq,
             coalesce(
                 least(
                     (SELECT min(seq) FROM batch WHERE probe_id = $1 AND received_at > $3 AND received_at <= $4),
                     (SELECT min(k.first_seq + u.place - 1)
                      FROM (SELECT first_seq, received_at FROM batch_pack
                            WHERE probe_id = $1 AND last_received_at > $3 AND first_received_at <= $4
                            ORDER BY last_seq LIMIT 1) AS k
                      CROSS JOIN LATERAL UNNEST(k.received_at) WITH ORDINALITY AS u (at, place)
                      WHERE u.at > $3 AND u.at <= $4)),
                 greatest(
                     (SELECT max(seq) FROM batch WHERE probe_id = $1 AND received_at <= $4),
                     (SELECT max(k.first_seq + u.place - 1)
                      FROM (SELECT first_seq, received_at FROM batch_pack
                            WHERE probe_id = $1 AND first_received_at <= $4 ORDER BY last_seq DESC LIMIT 1) AS k
                      CROSS JOIN LATERAL UNNEST(k.received_at) WITH ORDINALITY AS u (at, place)
                      WHERE u.at <= $4))) AS to_seq",
        probe,
        at(span.from_ms) - apart,
        at(span.to_ms) + apart,
        received_to
    )
    .fetch_one(&mut *db)
    .await?;
    let Some((from_seq, to_seq)) = row.from_seq.zip(row.to_seq) else {
        return Ok(None);
    };
    // What came later, and is of that time all the same.
    let late = sqlx::query_scalar!(
        "SELECT max(b.seq) FROM result r JOIN (
             SELECT id, seq FROM batch WHERE probe_id = $1 AND seq > $2 AND received_at <= $3
             UNION ALL
             SELECT u.id, k.first_seq + u.place - 1
             FROM batch_pack k CROSS JOIN LATERAL UNNEST(k.ids, k.received_at) WITH ORDINALITY AS u (id, at, place)
             WHERE k.probe_id = $1 AND k.last_seq > $2 AND k.first_seq + u.place - 1 > $2 AND u.at <= $3) AS b ON b.id = r.batch_id
         WHERE r.monitor_id = ANY($4) AND r.time >= $5 AND r.time < $6",
        probe,
        to_seq,
        received_to,
        monitors,
        at(span.from_ms),
        at(span.to_ms)
    )
    .fetch_one(db)
    .await?;
    let to_seq = late.unwrap_or(to_seq);
    Ok((from_seq <= to_seq).then_some(ChainRange { from_seq, to_seq }))
}
