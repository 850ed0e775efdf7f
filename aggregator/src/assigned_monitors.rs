//! Which monitors are checked from a region, remembered from batch to batch: what a probe says of any other is evidence, and
//! no result.

use crate::store::assignment::list_assigned_ids;
use sqlx::PgConnection;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

/// The monitors of each region, as of a version of the definitions (`judging_version`).
#[derive(Debug, Default)]
pub struct AssignedMonitors(Mutex<HashMap<i16, (i64, Arc<HashSet<i32>>)>>);

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
        if let Some((known, monitors)) = self.lock().get(&region_id)
            && *known == version
        {
            return Ok(monitors.clone());
        }
        let monitors: Arc<HashSet<i32>> =
            Arc::new(list_assigned_ids(db, region_id).await?.into_iter().collect());
        self.lock().insert(region_id, (version, monitors.clone()));
        Ok(monitors)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i16, (i64, Arc<HashSet<i32>>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
