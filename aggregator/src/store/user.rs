//! People: `app_user`.

use chrono::{DateTime, Utc};
use edgewatch_client::session::Role;
use sqlx::{PgExecutor, PgPool};

/// What is needed to judge a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user's number.
    pub user_id: i32,
    /// As it was typed when the user was made.
    pub email: String,
    /// What the user may do.
    pub role: Role,
    /// PHC string.
    pub password_hash: String,
}

/// A user to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewUser<'a> {
    /// Unique without regard to case.
    pub email: &'a str,
    /// What the user may do.
    pub role: Role,
    /// PHC string.
    pub password_hash: &'a str,
}

/// The number of a role in storage.
pub fn role_code(role: Role) -> i16 {
    match role {
        Role::Viewer => 0,
        Role::Editor => 1,
        Role::Admin => 2,
    }
}

/// The role of a stored number; a number of a newer version counts as the least.
pub fn role_of_code(code: i16) -> Role {
    match code {
        2 => Role::Admin,
        1 => Role::Editor,
        _ => Role::Viewer,
    }
}

/// The number of the user of an e-mail address, unless disabled.
pub async fn find_user_id(db: impl PgExecutor<'_>, email: &str) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!(
        "SELECT id FROM app_user WHERE lower(email) = lower($1) AND disabled_at IS NULL",
        email
    )
    .fetch_optional(db)
    .await
}

/// The user of an e-mail address, unless disabled.
pub async fn find_credentials(db: impl PgExecutor<'_>, email: &str) -> sqlx::Result<Option<Credentials>> {
    let row = sqlx::query!(
        "SELECT id, email, role, password_hash FROM app_user WHERE lower(email) = lower($1) AND disabled_at IS NULL",
        email
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Credentials {
        user_id: row.id,
        email: row.email,
        role: role_of_code(row.role),
        password_hash: row.password_hash,
    }))
}

/// Whether there is any user.
pub async fn any_user(db: impl PgExecutor<'_>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM app_user) AS "exists!""#)
        .fetch_one(db)
        .await
}

/// Makes a user and returns its number. An e-mail address that is taken violates `app_user_email_key`.
pub async fn create_user(
    db: impl PgExecutor<'_>,
    user: NewUser<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "INSERT INTO app_user (email, role, password_hash, created_at) VALUES ($1, $2, $3, $4) RETURNING id",
        user.email,
        role_code(user.role),
        user.password_hash,
        now
    )
    .fetch_one(db)
    .await
}

/// Makes the first user, or returns `None` if there is one already. Two requests at once make one user.
pub async fn create_first_user(
    db: &PgPool,
    user: NewUser<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<i32>> {
    let mut tx = db.begin().await?;
    sqlx::query!("LOCK TABLE app_user IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *tx)
        .await?;
    if any_user(&mut *tx).await? {
        return Ok(None);
    }
    let id = create_user(&mut *tx, user, now).await?;
    tx.commit().await?;
    Ok(Some(id))
}

/// Changes a user's password and ends all of the user's sessions; `false` if there is no such user.
pub async fn set_password(
    db: impl PgExecutor<'_>,
    email: &str,
    password_hash: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let id = sqlx::query_scalar!(
        "WITH changed AS (
             UPDATE app_user SET password_hash = $2 WHERE lower(email) = lower($1) RETURNING id
         ), ended AS (
             UPDATE session SET revoked_at = $3
             WHERE user_id IN (SELECT id FROM changed) AND revoked_at IS NULL
         )
         SELECT id FROM changed",
        email,
        password_hash,
        now
    )
    .fetch_optional(db)
    .await?;
    Ok(id.is_some())
}
