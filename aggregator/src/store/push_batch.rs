//! The outbox of the aggregator's own probe: `push_batch`, and its place in the chain.

use chrono::{DateTime, Utc};
use edgewatch_protocol::digest::sha256_hex;
use sqlx::{PgConnection, PgExecutor};

/// A batch that waits for its delivery.
#[derive(Debug)]
pub struct WaitingBatch {
    /// Its number in the chain.
    pub seq: i64,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// The last batch of a probe's chain, delivered or not: its number, and the digest of its bytes in hex.
pub async fn find_head(
    db: &mut PgConnection,
    fingerprint: &str,
) -> sqlx::Result<Option<(i64, Option<String>)>> {
    // In this order: a batch leaves the outbox only once it is the head of the stored chain.
    let waiting = sqlx::query!("SELECT seq, body FROM push_batch ORDER BY seq DESC LIMIT 1")
        .fetch_optional(&mut *db)
        .await?;
    if let Some(waiting) = waiting {
        return Ok(Some((waiting.seq, Some(sha256_hex(&waiting.body)))));
    }
    let row = sqlx::query!(
        "SELECT last_seq, last_digest FROM probe WHERE fingerprint = $1",
        fingerprint
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.last_seq, row.last_digest.map(hex::encode))))
}

/// Keeps a sealed batch until it is delivered.
pub async fn insert_batch(
    db: impl PgExecutor<'_>,
    seq: i64,
    body: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO push_batch (seq, body, sealed_at) VALUES ($1, $2, $3)",
        seq,
        body,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The batches that wait, in order, at most so many.
pub async fn list_waiting(db: impl PgExecutor<'_>, at_most: i64) -> sqlx::Result<Vec<WaitingBatch>> {
    sqlx::query_as!(
        WaitingBatch,
        "SELECT seq, body FROM push_batch ORDER BY seq LIMIT $1",
        at_most
    )
    .fetch_all(db)
    .await
}

/// Forgets a batch that was delivered.
pub async fn delete_batch(db: impl PgExecutor<'_>, seq: i64) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM push_batch WHERE seq = $1", seq)
        .execute(db)
        .await?;
    Ok(())
}

/// Forgets everything that waits.
pub async fn delete_all(db: impl PgExecutor<'_>) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM push_batch").execute(db).await?;
    Ok(())
}
