//! The log that all signed batches go into.

use super::AfterCommit;
use crate::{
    evidence_log::{close_day, take_in},
    state::AppState,
};
use sqlx::PgConnection;

/// Takes in what waits, and signs the checkpoint of a day that has ended.
pub(super) async fn grow_log(state: &AppState, db: &mut PgConnection) -> sqlx::Result<AfterCommit> {
    let taken = take_in(db).await?;
    if !taken.is_all {
        tracing::info!(
            added = taken.added,
            "more waits for the log than is taken in at once"
        );
    }
    if let Some(day) = close_day(&state.secrets, db, &taken, state.clock.now()).await? {
        tracing::info!(%day, size = taken.log.size, "the log's checkpoint of the day is signed");
    }
    Ok(Vec::new())
}
