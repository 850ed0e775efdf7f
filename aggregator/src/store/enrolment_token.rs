//! Enrolment tokens as administrators see them: `enrolment_token`, `enrolment_token_use`.

use chrono::{DateTime, Utc};
use edgewatch_client::enrolment_token::EnrolmentToken;
use sqlx::PgExecutor;

/// A token to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewEnrolmentToken<'a> {
    /// For people.
    pub label: &'a str,
    /// SHA-256 of the secret.
    pub token_hash: &'a [u8],
    /// Names of the regions that may use it; empty means any.
    pub regions: &'a [String],
    /// Probes of each region that may use it.
    pub probes_per_region: u8,
    /// Probes that use it need no approval.
    pub self_approving: bool,
    /// Now.
    pub now: DateTime<Utc>,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Makes a token and returns its number.
pub async fn create_enrolment_token(
    db: impl PgExecutor<'_>,
    token: NewEnrolmentToken<'_>,
) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "INSERT INTO enrolment_token (label, token_hash, regions, self_approving, created_at, expires_at, probes_per_region)
         VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        token.label,
        token.token_hash,
        token.regions,
        token.self_approving,
        token.now,
        token.expires_at,
        i16::from(token.probes_per_region)
    )
    .fetch_one(db)
    .await
}

/// The tokens that still hold, newest first.
pub async fn list_enrolment_tokens(
    db: impl PgExecutor<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<EnrolmentToken>> {
    let rows = sqlx::query!(
        r#"SELECT t.id, t.label, t.regions, t.self_approving, t.expires_at,
                  ARRAY(SELECT DISTINCT r.name FROM enrolment_token_use u JOIN region r ON r.id = u.region_id
                        WHERE u.token_id = t.id ORDER BY r.name) AS "used_by!"
           FROM enrolment_token t WHERE t.expires_at > $1 ORDER BY t.id DESC"#,
        now
    )
    .fetch_all(db)
    .await?;
    let tokens = rows.into_iter().map(|row| EnrolmentToken {
        id: row.id,
        label: row.label,
        regions: row.regions,
        used_by: row.used_by,
        self_approving: row.self_approving,
        expires_at: row.expires_at,
        token: None,
    });
    Ok(tokens.collect())
}

/// Ends a token; `false` if there is none.
pub async fn delete_enrolment_token(db: impl PgExecutor<'_>, id: i32) -> sqlx::Result<bool> {
    let done = sqlx::query!("DELETE FROM enrolment_token WHERE id = $1", id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}
