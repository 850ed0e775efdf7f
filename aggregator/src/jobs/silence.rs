//! What is not heard of any more: probes that do not tick. Regions that bring no results are the evaluation's.

use super::AfterCommit;
use crate::{
    announcement::Change,
    state::AppState,
    store::{probe::SILENT_AFTER, signer::mark_silent_probes},
};
use sqlx::PgConnection;

/// Probes that were not heard of for too long are told once, in the log and to whoever looks on.
pub(super) async fn silence_probes(state: &AppState, db: &mut PgConnection) -> sqlx::Result<AfterCommit> {
    let silent = mark_silent_probes(db, state.clock.now() - SILENT_AFTER).await?;
    for probe in &silent {
        tracing::warn!(
            region = probe.region,
            fingerprint = probe.fingerprint,
            "a probe has fallen silent"
        );
    }
    Ok(if silent.is_empty() {
        Vec::new()
    } else {
        vec![Change::Probes]
    })
}
