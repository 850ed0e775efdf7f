//! Which monitors are checked from a region, remembered from batch to batch: what a probe says of any other is evidence, and
//! no result.

use crate::store::assignment::list_assigned_ids;
use sqlx::PgConnection;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The monitors of each region.
#[derive(Debug, Default)]
pub struct AssignedMonitors(Mutex<HashMap<i16, Known>>);

/// Those of one region, as of a version of the definitions (`judging_version`).
#[derive(Debug)]
struct Known {
    version: i64,
    monitors: Arc<HashSet<i32>>,
}

impl AssignedMonitors {
    /// Those of a region, read again when the definitions have changed since.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn of_region(
        &self,
        db: &mut PgConnection,
        region_id: i16,
        version: i64,
    ) -> sqlx::Result<Arc<HashSet<i32>>> {
        if let Some(known) = self.lock().get(&region_id)
            && known.version == version
        {
            return Ok(known.monitors.clone());
        }
        let monitors: Arc<HashSet<i32>> =
            Arc::new(list_assigned_ids(db, region_id).await?.into_iter().collect());
        let known = Known {
            version,
            monitors: monitors.clone(),
        };
        self.lock().insert(region_id, known);
        Ok(monitors)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i16, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
