//! The witnesses that the log asks to cosign: `log_witness`.

use chrono::{DateTime, Utc};
use sqlx::{PgConnection, PgExecutor};

/// A witness that is to be asked.
#[derive(Clone, Debug)]
pub struct DueWitness {
    /// Its verifier key.
    pub witness: String,
    /// The size of the last checkpoint that it cosigned when asked; 0 for none.
    pub size: i64,
    /// How often asking has failed since.
    pub attempts: i16,
}

/// Takes those of these witnesses that have not cosigned the newest checkpoint and are to be asked now. Nobody else takes them until
/// a time.
pub async fn take_to_ask(
    db: &mut PgConnection,
    witnesses: &[String],
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> sqlx::Result<Vec<DueWitness>> {
    sqlx::query!(
        "INSERT INTO log_witness (witness) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING",
        witnesses
    )
    .execute(&mut *db)
    .await?;
    sqlx::query_as!(
        DueWitness,
        "UPDATE log_witness SET ask_after = $3
         WHERE witness IN (
             SELECT w.witness
             FROM log_witness w, (SELECT size FROM log_checkpoint ORDER BY id DESC LIMIT 1) AS c
             WHERE w.witness = ANY($1) AND (w.ask_after IS NULL OR w.ask_after <= $2)
               AND NOT EXISTS (SELECT FROM log_cosignature s WHERE s.size = c.size AND s.witness = w.witness)
             FOR UPDATE OF w SKIP LOCKED)
         RETURNING witness, size, attempts",
        witnesses,
        now,
        until
    )
    .fetch_all(db)
    .await
}

/// Notes that a witness has cosigned the log at a size.
pub async fn note_signed(
    db: impl PgExecutor<'_>,
    witness: &str,
    size: i64,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE log_witness SET size = $2, asked_at = $3, attempts = 0, error = NULL, ask_after = NULL WHERE witness = $1",
        witness,
        size,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes why a witness has not cosigned, and when it is asked again.
pub async fn note_refused(
    db: impl PgExecutor<'_>,
    witness: &str,
    error: &str,
    now: DateTime<Utc>,
    again: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE log_witness SET asked_at = $3, attempts = least(attempts + 1, 1000), error = $2, ask_after = $4
         WHERE witness = $1",
        witness,
        error,
        now,
        again
    )
    .execute(db)
    .await?;
    Ok(())
}

/// How asking a witness went.
#[derive(Clone, Debug)]
pub struct AskedWitness {
    /// Its verifier key.
    pub witness: String,
    /// When it was asked last.
    pub asked_at: Option<DateTime<Utc>>,
    /// Why it has not cosigned, if it has not.
    pub error: Option<String>,
}

/// All witnesses that were ever asked.
pub async fn list_asked(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<AskedWitness>> {
    sqlx::query_as!(
        AskedWitness,
        "SELECT witness, asked_at, error FROM log_witness ORDER BY witness"
    )
    .fetch_all(db)
    .await
}
