//! What is still to be sent: `delivery`. Whoever takes some moves their moment ahead, so that nobody else takes them
//! meanwhile, and who dies in the middle leaves them to the others.

use super::{
    notice::kind_of,
    subscriber::{StoredSubscriber, channel_of},
};
use chrono::{DateTime, Utc};
use edgewatch_client::{notice::NoticeKind, status_page::PageLanguage};
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

/// Something to send.
#[derive(Clone, Debug)]
pub struct TakenDelivery {
    /// Its number.
    pub id: i64,
    /// The message's name, the same at every attempt.
    pub message_id: Uuid,
    /// Since when it is to be sent.
    pub created_at: DateTime<Utc>,
    /// The attempts, with this one.
    pub attempts: i16,
    /// What.
    pub what: What,
}

/// What is to be sent.
#[derive(Clone, Debug)]
pub enum What {
    /// A request for confirmation, sealed.
    Confirmation(Vec<u8>),
    /// What happened on a page, for one of its subscribers.
    Notice {
        /// What happened.
        kind: NoticeKind,
        /// When.
        at: DateTime<Utc>,
        /// The public update that it is about.
        update: Option<i64>,
        /// As the page told it.
        content: serde_json::Value,
        /// Whom to tell.
        subscriber: StoredSubscriber,
    },
}

/// Takes deliveries that are due, until the moment at which others may take them.
pub async fn take_due(
    pool: &PgPool,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<TakenDelivery>> {
    let rows = sqlx::query!(
        r#"WITH taken AS (
               UPDATE delivery SET due_at = $2, attempts = least(attempts, 32000) + 1
               WHERE id IN (SELECT id FROM delivery WHERE due_at <= $1 ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
               RETURNING *)
           SELECT d.id AS "id!", d.message_id AS "message_id!", d.created_at AS "created_at!", d.attempts AS "attempts!",
                  d.confirmation, n.kind AS "kind?", n.at AS "at?", n.update_id, n.content,
                  s.id AS "subscriber_id?", s.page_id AS "page_id?", s.channel AS "channel?", s.target AS "target?",
                  s.components AS "components?", s.language AS "language?", s.secret, s.confirmed_at AS "confirmed_at?",
                  s.failures AS "failures?", s.suspended_at
           FROM taken d LEFT JOIN notice n ON n.id = d.notice_id LEFT JOIN subscriber s ON s.id = d.subscriber_id
           ORDER BY d.id"#,
        now,
        until,
        limit
    )
    .fetch_all(pool)
    .await?;
    let taken = rows.into_iter().filter_map(|row| {
        let what = match row.confirmation {
            Some(sealed) => What::Confirmation(sealed),
            None => What::Notice {
                kind: kind_of(row.kind?)?,
                at: row.at?,
                update: row.update_id,
                content: row.content?,
                subscriber: StoredSubscriber {
                    id: row.subscriber_id?,
                    page: row.page_id?,
                    channel: channel_of(row.channel?),
                    target: row.target?,
                    components: row.components?,
                    language: PageLanguage::from_tag(&row.language?).unwrap_or_default(),
                    secret: row.secret,
                    confirmed_at: row.confirmed_at?,
                    failures: row.failures?,
                    suspended_at: row.suspended_at,
                },
            },
        };
        Some(TakenDelivery {
            id: row.id,
            message_id: row.message_id,
            created_at: row.created_at,
            attempts: row.attempts,
            what,
        })
    });
    Ok(taken.collect())
}

/// Removes a delivery that was sent or given up.
pub async fn delete_delivery(db: impl PgExecutor<'_>, id: i64) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM delivery WHERE id = $1", id)
        .execute(db)
        .await?;
    Ok(())
}

/// Has a delivery tried again at a moment.
pub async fn postpone_delivery(db: impl PgExecutor<'_>, id: i64, due_at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("UPDATE delivery SET due_at = $2 WHERE id = $1", id, due_at)
        .execute(db)
        .await?;
    Ok(())
}

/// Has somebody asked to confirm a subscription.
pub async fn insert_confirmation(
    db: impl PgExecutor<'_>,
    sealed: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO delivery (confirmation, created_at, due_at) VALUES ($1, $2, $2)",
        sealed,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}
