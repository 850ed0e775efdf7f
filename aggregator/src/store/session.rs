//! Sessions and their refresh tokens: `session`, `refresh_token`. Only SHA-256 hashes of tokens are stored.

use super::user::role_of_code;
use chrono::{DateTime, Utc};
use edgewatch_client::session::Role;
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

/// The user of a session that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionUser {
    /// The session.
    pub session_id: Uuid,
    /// The user's number.
    pub user_id: i32,
    /// E-mail address.
    pub email: String,
    /// What the user may do, as of now.
    pub role: Role,
}

/// A session to be opened.
#[derive(Clone, Copy, Debug)]
pub struct NewSession<'a> {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: i32,
    /// The SHA-256 of its first refresh token.
    pub token_hash: &'a [u8],
    /// The browser, as it calls itself.
    pub user_agent: &'a str,
    /// Now.
    pub now: DateTime<Utc>,
    /// When the session ends unless it is renewed.
    pub expires_at: DateTime<Utc>,
}

/// What became of a refresh token that was presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It was good; the new one is in force.
    Rotated(SessionUser),
    /// It had been used before: it was stolen, now or then, and its session is revoked.
    Reused(Uuid),
    /// It is unknown, over, or its session is.
    Refused,
}

/// Opens a session with its first refresh token.
pub async fn open_session(db: impl PgExecutor<'_>, session: NewSession<'_>) -> sqlx::Result<()> {
    sqlx::query!(
        "WITH opened AS (
             INSERT INTO session (id, user_id, created_at, expires_at, user_agent) VALUES ($1, $2, $3, $4, $5)
             RETURNING id
         )
         INSERT INTO refresh_token (token_hash, session_id, issued_at, expires_at)
         SELECT $6, id, $3, $4 FROM opened",
        session.id,
        session.user_id,
        session.now,
        session.expires_at,
        session.user_agent,
        session.token_hash
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The user of a session, if the session stands and the user is not disabled.
pub async fn find_session(
    db: impl PgExecutor<'_>,
    session_id: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<SessionUser>> {
    let row = sqlx::query!(
        "SELECT u.id, u.email, u.role
         FROM session s JOIN app_user u ON u.id = s.user_id
         WHERE s.id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 AND u.disabled_at IS NULL",
        session_id,
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| SessionUser {
        session_id,
        user_id: row.id,
        email: row.email,
        role: role_of_code(row.role),
    }))
}

/// Exchanges a refresh token for the next one and prolongs the session to `expires_at`. A token that comes a second time
/// revokes the session.
pub async fn rotate_refresh_token(
    db: &PgPool,
    token_hash: &[u8],
    next_hash: &[u8],
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<Rotation> {
    let mut tx = db.begin().await?;
    // The lock makes one of two requests with the same token the second one.
    let row = sqlx::query!(
        r#"SELECT t.session_id, t.used_at, t.expires_at, s.revoked_at, u.id AS user_id, u.email, u.role,
                  u.disabled_at IS NOT NULL AS "disabled!"
           FROM refresh_token t JOIN session s ON s.id = t.session_id JOIN app_user u ON u.id = s.user_id
           WHERE t.token_hash = $1 FOR UPDATE OF t, s"#,
        token_hash
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else {
        return Ok(Rotation::Refused);
    };
    if row.used_at.is_some() {
        revoke_session(&mut *tx, row.session_id, now).await?;
        tx.commit().await?;
        return Ok(Rotation::Reused(row.session_id));
    }
    if row.revoked_at.is_some() || row.expires_at <= now || row.disabled {
        return Ok(Rotation::Refused);
    }
    sqlx::query!(
        "WITH used AS (
             UPDATE refresh_token SET used_at = $3 WHERE token_hash = $1
         ), prolonged AS (
             UPDATE session SET expires_at = $4 WHERE id = $5
         )
         INSERT INTO refresh_token (token_hash, session_id, issued_at, expires_at) VALUES ($2, $5, $3, $4)",
        token_hash,
        next_hash,
        now,
        expires_at,
        row.session_id
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(Rotation::Rotated(SessionUser {
        session_id: row.session_id,
        user_id: row.user_id,
        email: row.email,
        role: role_of_code(row.role),
    }))
}

/// Ends a session: its access tokens and refresh tokens are refused from now on.
pub async fn revoke_session(
    db: impl PgExecutor<'_>,
    session_id: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE session SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL",
        session_id,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends the session of a refresh token, whether the token was used or not.
pub async fn revoke_session_of_token(
    db: impl PgExecutor<'_>,
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE session SET revoked_at = $2
         WHERE id = (SELECT session_id FROM refresh_token WHERE token_hash = $1) AND revoked_at IS NULL",
        token_hash,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Removes the sessions that ended before a moment, with their tokens; returns how many there were.
pub async fn purge_sessions(db: impl PgExecutor<'_>, before: DateTime<Utc>) -> sqlx::Result<u64> {
    let purged = sqlx::query!("DELETE FROM session WHERE expires_at < $1", before)
        .execute(db)
        .await?;
    Ok(purged.rows_affected())
}
