//! Summing up results by minute, hour and day. On TimescaleDB the database does that by itself.

use super::AfterCommit;
use crate::{state::AppState, store::rollup};
use sqlx::PgConnection;

/// Batches added at once: three times as many as come in a turn where five thousand results come a second.
const AT_ONCE: i32 = 1_000;

/// Adds to the rollups what has come since.
pub(super) async fn refresh_rollups(state: &AppState, db: &mut PgConnection) -> sqlx::Result<AfterCommit> {
    let added = rollup::refresh_rollups(db, state.clock.now(), AT_ONCE).await?;
    if added == AT_ONCE {
        tracing::info!(added, "more batches wait to be summed up than at once");
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests;
