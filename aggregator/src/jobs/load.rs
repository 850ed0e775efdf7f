//! Writing what is summed up of the regions' load.

use super::AfterCommit;
use crate::{
    state::AppState,
    store::region_load::{add_load, delete_loads_before},
};
use chrono::TimeDelta;
use sqlx::PgConnection;

/// How long minutes are kept: what is shown is the last hour.
const KEPT_FOR: TimeDelta = TimeDelta::hours(26);

/// Writes this process's sums. One that is not leased writes its own at its next turn.
pub(super) async fn write_loads(state: &AppState, db: &mut PgConnection) -> sqlx::Result<AfterCommit> {
    let mut loads: Vec<_> = state.region_load.take().into_iter().collect();
    loads.sort_by_key(|(key, _)| *key);
    for ((region_id, minute), load) in loads {
        add_load(&mut *db, region_id, minute, &load).await?;
    }
    delete_loads_before(db, state.clock.now() - KEPT_FOR).await?;
    Ok(Vec::new())
}
