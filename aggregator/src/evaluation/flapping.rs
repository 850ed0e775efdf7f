//! Which monitors change their state too often to be told of each time.

use super::memory::Memory;
use crate::store::{
    flapping::{FlappingRows, list_unsteady},
    timeline::list_tails,
};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_domain::flapping::tell;
use sqlx::PgConnection;

/// How far back a record is read to tell: a monitor that has flapped for longer has changed often enough since.
const READ_BACK: TimeDelta = TimeDelta::hours(24);

/// Marks those of these monitors that flap, by their record as it is stored now.
pub async fn mark_flapping(
    db: &mut PgConnection,
    memory: &Memory,
    monitors: &[i32],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let now_ms = now.timestamp_millis();
    let policies: Vec<_> = monitors
        .iter()
        .filter_map(|&id| Some((id, memory.rules(id)?.history.at(now_ms).flapping)))
        .collect();
    // Most have changed less often than it takes: their records need not be read.
    let unsteady = list_unsteady(&mut *db, &policies, now).await?;
    if unsteady.is_empty() {
        return Ok(());
    }
    let since: Vec<_> = unsteady
        .iter()
        .map(|&id| (id, (now - READ_BACK).timestamp_millis()))
        .collect();
    let tails = list_tails(&mut *db, &since, now_ms).await?;
    let mut rows = FlappingRows::default();
    for (id, record) in tails {
        let Some(rules) = memory.rules(id) else { continue };
        let told = tell(&record, &rules.history, now_ms);
        let last = told.flapping.as_slice().last();
        rows.push(
            id,
            last.zip(told.settles_ms)
                .map(|(span, settles_ms)| (span.from_ms, settles_ms)),
        );
    }
    rows.store(db).await
}

#[cfg(test)]
mod tests;
