//! Making the database say what a file says, in one transaction.

use super::{ConfigFile, monitor_errors};
use crate::{
    announcement::Change,
    heartbeat::settle_regions,
    state::AppState,
    store::{config_region, evaluation_queue::void_evaluation, monitor, region::list_known_regions},
    validation::KnownRegion,
};
use edgewatch_client::monitor::MonitorSettings;
use edgewatch_protocol::problem::FieldError;
use sqlx::PgConnection;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// What has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Monitors made.
    pub created: usize,
    /// Monitors changed, or taken over from users.
    pub updated: usize,
    /// Monitors removed, because the file does not name them any more.
    pub removed: usize,
    /// Regions made, changed or removed.
    pub regions: usize,
}

/// Why a file was not applied.
#[derive(Debug)]
pub enum NotApplied {
    /// It asks for what the regions cannot do; at least one error.
    Refused(Vec<FieldError>),
    /// The database failed.
    Database(sqlx::Error),
}

impl From<sqlx::Error> for NotApplied {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// Applies a file: regions and monitors by name, then the settings. What users made stays, unless the file names it.
///
/// # Errors
/// When the database fails, or no probe of a region can make a check that is new or has changed; nothing has changed then.
pub async fn apply(state: &AppState, file: &ConfigFile) -> Result<Applied, NotApplied> {
    let mut transaction = state.pool.begin().await?;
    // Replicas read the same file at the same moment.
    sqlx::query("SELECT pg_advisory_xact_lock(7268734502)")
        .execute(&mut *transaction)
        .await?;
    let now = state.clock.now();
    let mut applied = Applied::default();
    for region in &file.regions {
        let changed = config_region::declare_region(&mut transaction, region, now).await?;
        applied.regions += usize::from(changed);
    }
    apply_monitors(&mut transaction, state, file, &mut applied).await?;
    // After the monitors: those that are removed may have held a region.
    let names: Vec<_> = file
        .regions
        .iter()
        .map(|region| region.name.to_string())
        .collect();
    applied.regions += config_region::release_regions(&mut transaction, &names).await?;
    transaction.commit().await?;

    state.settings.send_if_modified(|settings| {
        let changed = **settings != file.settings;
        if changed {
            *settings = Arc::new(file.settings.clone());
        }
        changed
    });
    if applied != Applied::default() {
        state.announce(Change::Monitors).await;
    }
    if applied.regions > 0 {
        state.announce(Change::Probes).await;
    }
    Ok(applied)
}

async fn apply_monitors(
    db: &mut PgConnection,
    state: &AppState,
    file: &ConfigFile,
    applied: &mut Applied,
) -> Result<(), NotApplied> {
    let now = state.clock.now();
    // Nothing is judged meanwhile: it would write the same rows, from what they were before.
    void_evaluation(&mut *db).await?;
    let stored = monitor::list_monitors(&mut *db, &state.secrets, None).await?;
    let stored: HashMap<_, _> = stored
        .into_iter()
        .map(|monitor| (monitor.settings().name.clone(), monitor))
        .collect();
    let regions = Regions::list(&mut *db, file).await?;
    let mut refused = Vec::new();
    for (index, given) in file.monitors.iter().enumerate() {
        let mut wanted = given.clone();
        settle_regions(&mut wanted);
        // As the database gives them back.
        wanted.regions.sort();
        let found = stored.get(&wanted.name);
        // What stands already goes on, whatever its regions have become: the file that was good yesterday still is.
        if found.is_some_and(|found| found.from_config() && *found.settings() == wanted) {
            continue;
        }
        let errors = refused.len();
        refused.extend(monitor_errors(index, given, regions.open_to(given)));
        if refused.len() > errors {
            continue;
        }
        match found {
            None => {
                monitor::create_monitor(&mut *db, &state.secrets, &wanted, true, now).await?;
                applied.created += 1;
            }
            Some(found) => {
                monitor::update_monitor(&mut *db, &state.secrets, found.id(), &wanted, true, now).await?;
                applied.updated += 1;
            }
        }
    }
    if !refused.is_empty() {
        return Err(NotApplied::Refused(refused));
    }
    let wanted: HashSet<_> = file
        .monitors
        .iter()
        .map(|monitor| monitor.name.as_str())
        .collect();
    for (name, found) in &stored {
        if found.from_config() && !wanted.contains(name.as_str()) {
            monitor::delete_monitor(&mut *db, found.id()).await?;
            applied.removed += 1;
        }
    }
    Ok(())
}

/// The regions, with what their probes can do.
struct Regions {
    /// Those that the file declares; a monitor of the file names no others.
    declared: Vec<KnownRegion>,
    all: Vec<KnownRegion>,
}

impl Regions {
    /// Those of the database, where the file's are already.
    async fn list(db: &mut PgConnection, file: &ConfigFile) -> sqlx::Result<Self> {
        let all = list_known_regions(db).await?;
        let is_declared = |known: &&KnownRegion| {
            file.regions
                .iter()
                .any(|region| region.name.as_str() == known.name)
        };
        Ok(Self {
            declared: all.iter().filter(is_declared).cloned().collect(),
            all,
        })
    }

    /// Those that a monitor may be checked from.
    fn open_to(&self, monitor: &MonitorSettings) -> &[KnownRegion] {
        if monitor.regions.is_empty() {
            &self.all
        } else {
            &self.declared
        }
    }
}
