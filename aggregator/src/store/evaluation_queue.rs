//! What is to be judged, and who does it: `evaluation_queue`, `evaluator`.

use sqlx::{PgConnection, PgExecutor};
use std::time::Duration;
use uuid::Uuid;

/// How long the process that judges may be away until another one takes over.
pub const TAKE_OVER_AFTER: Duration = Duration::from_secs(5);

/// The state of the database that something was read of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// Of what was judged: `evaluator.version`.
    pub judged: i64,
    /// Of what is judged by: `judging_version.version`.
    pub definitions: i64,
}

impl Versions {
    /// As it is once a transaction that began at this state has judged.
    #[must_use]
    pub fn next(self) -> Self {
        Self {
            judged: self.judged + 1,
            ..self
        }
    }
}

/// Lets this process judge until the transaction ends, if it did so until now or nobody does; how often something was
/// judged before.
pub async fn begin_evaluation(db: &mut PgConnection, instance: Uuid) -> sqlx::Result<Option<i64>> {
    // What is judged is judged again from the same rows if a crash loses it: nobody has to wait for the disk.
    sqlx::query!("SET LOCAL synchronous_commit = off")
        .execute(&mut *db)
        .await?;
    sqlx::query_scalar!(
        "UPDATE evaluator SET instance = $1, active_at = now(), version = version + 1
         WHERE instance = $1 OR active_at < now() - make_interval(secs => $2)
         RETURNING version - 1 AS \"judged!\"",
        instance,
        TAKE_OVER_AFTER.as_secs_f64()
    )
    .fetch_optional(db)
    .await
}

/// Whether this process judges; then no other one does until the transaction ends.
pub async fn holds_evaluation(db: &mut PgConnection, instance: Uuid) -> sqlx::Result<bool> {
    let held = sqlx::query!(
        "SELECT version FROM evaluator WHERE instance = $1 FOR UPDATE",
        instance
    )
    .fetch_optional(db)
    .await?;
    Ok(held.is_some())
}

/// The version of what is judged by.
pub async fn judging_version(db: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar!("SELECT version FROM judging_version")
        .fetch_one(db)
        .await
}

/// Nobody judges until the transaction ends, and what anybody remembers is void after it.
pub async fn void_evaluation(db: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("UPDATE evaluator SET version = version + 1")
        .execute(db)
        .await?;
    Ok(())
}

/// Leaves the judging to the others, at once.
pub async fn hand_over_evaluation(db: impl PgExecutor<'_>, instance: Uuid) -> sqlx::Result<()> {
    sqlx::query!(
        "UPDATE evaluator SET active_at = '-infinity' WHERE instance = $1",
        instance
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes the oldest batches out of the queue, at most so many; their numbers.
pub async fn take_queued(db: &mut PgConnection, at_most: i64) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        "DELETE FROM evaluation_queue WHERE batch_id IN (
             SELECT batch_id FROM evaluation_queue ORDER BY batch_id LIMIT $1)
         RETURNING batch_id",
        at_most
    )
    .fetch_all(db)
    .await
}
