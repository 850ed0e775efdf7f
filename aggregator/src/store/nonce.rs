//! Nonces of signed requests: `probe_nonce`.

use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_protocol::signature::NONCE_MEMORY_S;
use sqlx::PgExecutor;

/// Until when the nonce of a request that comes now is remembered.
pub fn remembered_until(now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::seconds(NONCE_MEMORY_S)
}

/// Remembers a nonce of a key; false if it was used before.
pub async fn remember_nonce(
    db: impl PgExecutor<'_>,
    keyid: &str,
    nonce: &str,
    keep_until: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let inserted = sqlx::query!(
        "INSERT INTO probe_nonce (keyid, nonce, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        keyid,
        nonce,
        keep_until
    )
    .execute(db)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Forgets nonces whose signatures are over; returns how many.
pub async fn forget_nonces(db: impl PgExecutor<'_>, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let deleted = sqlx::query!("DELETE FROM probe_nonce WHERE expires_at < $1", now)
        .execute(db)
        .await?;
    Ok(deleted.rows_affected())
}
