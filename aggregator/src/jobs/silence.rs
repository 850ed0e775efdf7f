//! What is not heard of any more: regions that bring no results, probes that do not tick.

use super::AfterCommit;
use crate::{
    announcement::Change,
    state::AppState,
    store::{
        evaluation::{decide_monitors, list_stale_monitors, silence_regions as let_vote_unknown},
        probe::SILENT_AFTER,
        signer::mark_silent_probes,
    },
};
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// Regions that are silent for three of a monitor's slots vote `unknown` on it; those that were removed vote no more.
pub(super) async fn silence_regions(state: &AppState, db: &mut PgConnection) -> sqlx::Result<AfterCommit> {
    let now = state.clock.now();
    let mut monitors = let_vote_unknown(&mut *db, now).await?;
    monitors.extend(list_stale_monitors(&mut *db).await?);
    if monitors.is_empty() {
        return Ok(Vec::new());
    }
    monitors.sort_unstable();
    monitors.dedup();
    decide_monitors(db, &monitors, &BTreeMap::new(), now).await?;
    Ok(vec![Change::States(monitors)])
}

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
