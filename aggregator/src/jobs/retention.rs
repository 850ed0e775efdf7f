//! Room for what comes, and an end for what has been kept long enough.

use super::AfterCommit;
use crate::{
    evaluation::VANTAGE_KNOWN_FOR,
    state::AppState,
    store::{
        batch::delete_batches_before, batch_pack::delete_packs_before, nonce::forget_nonces, result_rows,
        rollup, session::purge_sessions, status_page::purge_pages, test_report,
        vantage::delete_windows_before,
    },
};
use chrono::TimeDelta;
use sqlx::PgConnection;

/// Evidence deleted at once, batches and packs: enough to keep up, too little to be in anybody's way.
const EVIDENCE_AT_ONCE: i64 = 5_000;
const PACKS_AT_ONCE: i64 = 500;

/// How long test runs can be read after they were asked for.
const TEST_RUN_RETENTION: TimeDelta = TimeDelta::days(7);

/// How long a status page can be restored after it was removed.
const STATUS_PAGE_RETENTION: TimeDelta = TimeDelta::days(30);

/// Makes the partitions of the days around now.
pub(super) async fn ensure_partitions(state: &AppState, db: &mut PgConnection) -> sqlx::Result<AfterCommit> {
    let made = result_rows::ensure_partitions(&mut *db, state.clock.now()).await?;
    let made = made + rollup::ensure_partitions(db, state.clock.now()).await?;
    if made > 0 {
        tracing::info!(made, "partitions made ahead");
    }
    Ok(Vec::new())
}

/// Drops results, and what they were summed up to, by the settings.
pub(super) async fn drop_results(state: &AppState, db: &mut PgConnection) -> sqlx::Result<AfterCommit> {
    let settings = state.settings();
    let before = |days: u16| state.clock.now() - TimeDelta::days(days.into());
    let results_before = before(settings.result_retention_days);
    let dropped = result_rows::drop_results_before(&mut *db, results_before).await?;
    if dropped > 0 {
        tracing::info!(dropped, before = %results_before, "partitions of old results dropped");
    }
    let minutes_before = before(settings.minute_rollup_retention_days);
    let hours_before = before(settings.hour_rollup_retention_days);
    let dropped = rollup::drop_rollups_before(db, minutes_before, hours_before).await?;
    if dropped > 0 {
        tracing::info!(dropped, %minutes_before, %hours_before, "partitions of old rollups dropped");
    }
    Ok(Vec::new())
}

/// Deletes signed batches by the setting.
pub(super) async fn delete_evidence(state: &AppState, db: &mut PgConnection) -> sqlx::Result<AfterCommit> {
    let days = state.settings().evidence_retention_days;
    let before = state.clock.now() - TimeDelta::days(days.into());
    let batches = delete_batches_before(&mut *db, before, EVIDENCE_AT_ONCE).await?;
    let packs = delete_packs_before(db, before, PACKS_AT_ONCE).await?;
    if batches + packs > 0 {
        tracing::info!(batches, packs, %before, "old evidence deleted");
    }
    Ok(Vec::new())
}

/// Forgets what has ended: nonces, sessions, test runs, status pages that were removed, windows of slots in which regions failed.
pub(super) async fn forget_expired(state: &AppState, db: &mut PgConnection) -> sqlx::Result<AfterCommit> {
    let now = state.clock.now();
    forget_nonces(&mut *db, now).await?;
    purge_sessions(&mut *db, now).await?;
    delete_windows_before(&mut *db, now - VANTAGE_KNOWN_FOR).await?;
    test_report::delete_test_runs_before(&mut *db, now - TEST_RUN_RETENTION).await?;
    purge_pages(db, now - STATUS_PAGE_RETENTION).await?;
    Ok(Vec::new())
}
