//! Who is told of what happens on a status page: `subscriber`.

use chrono::{DateTime, Utc};
use edgewatch_client::{status_page::PageLanguage, subscriber::Channel};
use sqlx::{PgConnection, PgExecutor};

/// A subscription as it is stored.
#[derive(Clone, Debug)]
pub struct StoredSubscriber {
    /// Its number.
    pub id: i32,
    /// The page.
    pub page: i32,
    /// How it is told.
    pub channel: Channel,
    /// The sealed address or URL.
    pub target: Vec<u8>,
    /// Components and groups; none: the whole page.
    pub components: Vec<i32>,
    /// Its language.
    pub language: PageLanguage,
    /// The sealed key of its signatures.
    pub secret: Option<Vec<u8>>,
    /// When it began.
    pub confirmed_at: DateTime<Utc>,
    /// Refusals for good, in a row.
    pub failures: i16,
    /// Since when nothing is sent.
    pub suspended_at: Option<DateTime<Utc>>,
}

/// A subscription to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewSubscriber<'a> {
    /// The page.
    pub page: i32,
    /// How it is told.
    pub channel: Channel,
    /// The sealed address or URL.
    pub target: &'a [u8],
    /// What it is found by.
    pub target_hash: &'a [u8],
    /// Components and groups; none: the whole page.
    pub components: &'a [i32],
    /// Its language.
    pub language: PageLanguage,
    /// The sealed key of its signatures.
    pub secret: Option<&'a [u8]>,
}

/// The number of a channel in storage.
pub fn channel_code(channel: Channel) -> i16 {
    match channel {
        Channel::Email => 0,
        Channel::Webhook => 1,
        Channel::Slack => 2,
    }
}

/// The channel of a number in storage.
pub fn channel_of(code: i16) -> Channel {
    match code {
        1 => Channel::Webhook,
        2 => Channel::Slack,
        _ => Channel::Email,
    }
}

struct Row {
    id: i32,
    page_id: i32,
    channel: i16,
    target: Vec<u8>,
    components: Vec<i32>,
    language: String,
    secret: Option<Vec<u8>>,
    confirmed_at: DateTime<Utc>,
    failures: i16,
    suspended_at: Option<DateTime<Utc>>,
}

impl From<Row> for StoredSubscriber {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            page: row.page_id,
            channel: channel_of(row.channel),
            target: row.target,
            components: row.components,
            language: PageLanguage::from_tag(&row.language).unwrap_or_default(),
            secret: row.secret,
            confirmed_at: row.confirmed_at,
            failures: row.failures,
            suspended_at: row.suspended_at,
        }
    }
}

/// Stores a subscription that was confirmed; its number. One of the same target is changed, and goes on if it was
/// suspended; unless it is a webhook, whose key is its subscriber's alone: then `None`.
pub async fn put_subscriber(
    db: impl PgExecutor<'_>,
    new: NewSubscriber<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!(
        "INSERT INTO subscriber (page_id, channel, target, target_hash, components, language, secret, confirmed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT ON CONSTRAINT subscriber_target_key
         DO UPDATE SET components = $5, language = $6, failures = 0, suspended_at = NULL
         WHERE subscriber.secret IS NULL
         RETURNING id",
        new.page,
        channel_code(new.channel),
        new.target,
        new.target_hash,
        new.components,
        new.language.as_str(),
        new.secret,
        now
    )
    .fetch_optional(db)
    .await
}

/// The subscription of a target.
pub async fn find_by_target(
    db: impl PgExecutor<'_>,
    page: i32,
    channel: Channel,
    target_hash: &[u8],
) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!(
        "SELECT id FROM subscriber WHERE page_id = $1 AND channel = $2 AND target_hash = $3",
        page,
        channel_code(channel),
        target_hash
    )
    .fetch_optional(db)
    .await
}

/// A subscription of a page.
pub async fn find_subscriber(
    db: impl PgExecutor<'_>,
    page: i32,
    id: i32,
) -> sqlx::Result<Option<StoredSubscriber>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, page_id, channel, target, components, language, secret, confirmed_at, failures, suspended_at
         FROM subscriber WHERE page_id = $1 AND id = $2",
        page,
        id
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(Into::into))
}

/// The subscriptions of a page after the one of this number, the oldest first.
pub async fn list_subscribers(
    db: impl PgExecutor<'_>,
    page: i32,
    after: i32,
    limit: i64,
) -> sqlx::Result<Vec<StoredSubscriber>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, page_id, channel, target, components, language, secret, confirmed_at, failures, suspended_at
         FROM subscriber WHERE page_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        page,
        after,
        limit
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// How many subscriptions a page has.
pub async fn count_subscribers(db: impl PgExecutor<'_>, page: i32) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "SELECT count(*) AS \"count!\" FROM subscriber WHERE page_id = $1",
        page
    )
    .fetch_one(db)
    .await
}

/// Whether there is such a page.
pub async fn page_exists(db: impl PgExecutor<'_>, page: i32) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        "SELECT EXISTS (SELECT FROM status_page WHERE id = $1 AND deleted_at IS NULL) AS \"exists!\"",
        page
    )
    .fetch_one(db)
    .await
}

/// Changes what a subscription is for.
pub async fn change_subscriber(
    db: impl PgExecutor<'_>,
    page: i32,
    id: i32,
    components: &[i32],
    language: PageLanguage,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "UPDATE subscriber SET components = $3, language = $4 WHERE page_id = $1 AND id = $2",
        page,
        id,
        components,
        language.as_str()
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends a subscription, with what was still to be sent.
pub async fn delete_subscriber(db: impl PgExecutor<'_>, page: i32, id: i32) -> sqlx::Result<bool> {
    let done = sqlx::query!("DELETE FROM subscriber WHERE page_id = $1 AND id = $2", page, id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes that something came through.
pub async fn note_success(db: impl PgExecutor<'_>, id: i32) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE subscriber SET failures = 0 WHERE id = $1 AND failures > 0",
        id
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that something was refused for good, and suspends who has refused so often in a row; whether it is suspended now.
pub async fn note_failure(
    db: &mut PgConnection,
    id: i32,
    most: i16,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let suspended = sqlx::query_scalar!(
        "UPDATE subscriber SET failures = failures + 1,
             suspended_at = CASE WHEN failures + 1 >= $2::smallint THEN coalesce(suspended_at, $3) END
         WHERE id = $1 RETURNING suspended_at IS NOT NULL AS \"suspended!\"",
        id,
        most,
        now
    )
    .fetch_optional(&mut *db)
    .await?
    .unwrap_or(false);
    if suspended {
        sqlx::query!("DELETE FROM delivery WHERE subscriber_id = $1", id)
            .execute(db)
            .await?;
    }
    Ok(suspended)
}
