//! Monitors: `monitor`, `monitor_region`, and what regions say of them in `region_state`.

use super::{
    definition::{Owner, open_definition, seal_definition},
    evaluation_queue::void_evaluation,
    policy::note_policies,
};
use crate::{
    heartbeat::{self, push_probe::PushProbe, token},
    monitor_secrets::redact,
    secret::Secrets,
    store,
};
use chrono::{DateTime, Utc};
use edgewatch_client::monitor::{
    FlappingSettings, Monitor, MonitorSettings, MonitorState, RegionState, Verdict,
};
use edgewatch_protocol::{check::Check, name::Region, observation::OutcomeState};
use sqlx::{PgConnection, PgExecutor};
use std::{
    collections::{HashMap, HashSet},
    fmt::Display,
    str::FromStr,
};

/// A monitor as stored, with the secrets of its check in clear. It is shown by [`StoredMonitor::redacted`].
pub struct StoredMonitor(Monitor);

impl StoredMonitor {
    /// The monitor as it may be shown.
    pub fn redacted(self) -> Monitor {
        let mut monitor = self.0;
        monitor.settings.check = redact(&monitor.settings.check);
        monitor
    }

    /// The check with its secrets.
    pub fn check(&self) -> &Check {
        &self.0.settings.check
    }

    /// Its number.
    pub fn id(&self) -> i32 {
        self.0.id
    }

    /// The settings, with the secrets of the check.
    pub fn settings(&self) -> &MonitorSettings {
        &self.0.settings
    }

    /// Grows with each change of the settings.
    pub fn revision(&self) -> i32 {
        self.0.revision
    }

    /// It comes from the configuration file.
    pub fn from_config(&self) -> bool {
        self.0.from_config
    }
}

/// All monitors by name, or the one of this number. Two statements, however many there are.
pub async fn list_monitors(
    db: &mut PgConnection,
    secrets: &Secrets,
    id: Option<i32>,
) -> sqlx::Result<Vec<StoredMonitor>> {
    let mut region_states = list_region_states(db, id).await?;
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT m.id, m.name, m.definition, m.revision, m.interval_s, m.timeout_ms, m.retries, m.quorum, m.confirmations,
                  m.recoveries, m.tags, m.paused, m.from_config, m.state, m.state_since, m.advisory, m.created_at,
                  m.flapping_since, m.flapping_changes, m.flapping_within_s, m.flapping_holds_s,
                  ARRAY(SELECT r.name FROM monitor_region mr JOIN region r ON r.id = mr.region_id
                        WHERE mr.monitor_id = m.id AND NOT m.all_regions ORDER BY r.name) AS "regions!"
           FROM monitor m WHERE $1::integer IS NULL OR m.id = $1 ORDER BY lower(m.name), m.id"#,
        id
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let states = region_states.remove(&row.id).unwrap_or_default();
            row.into_monitor(secrets, states)
        })
        .collect()
}

struct Row {
    id: i32,
    name: String,
    definition: Vec<u8>,
    revision: i32,
    interval_s: i32,
    timeout_ms: i32,
    retries: i16,
    quorum: String,
    confirmations: i16,
    recoveries: i16,
    tags: Vec<String>,
    paused: bool,
    from_config: bool,
    state: i16,
    state_since: DateTime<Utc>,
    advisory: bool,
    flapping_since: Option<DateTime<Utc>>,
    flapping_changes: i16,
    flapping_within_s: i32,
    flapping_holds_s: i32,
    created_at: DateTime<Utc>,
    regions: Vec<String>,
}

impl Row {
    fn into_monitor(self, secrets: &Secrets, region_states: Vec<RegionState>) -> sqlx::Result<StoredMonitor> {
        let settings = MonitorSettings {
            name: self.name,
            check: open_definition(secrets, Owner::Monitor(self.id), &self.definition)?,
            interval_s: self.interval_s.unsigned_abs(),
            timeout_ms: self.timeout_ms.unsigned_abs(),
            retries: self.retries as u8,
            regions: self
                .regions
                .iter()
                .map(|name| parse(name))
                .collect::<sqlx::Result<_>>()?,
            quorum: parse(&self.quorum)?,
            confirmations: self.confirmations as u8,
            recoveries: self.recoveries as u8,
            flapping: FlappingSettings {
                changes: self.flapping_changes.unsigned_abs(),
                within_s: self.flapping_within_s.unsigned_abs(),
                holds_s: self.flapping_holds_s.unsigned_abs(),
            },
            tags: self.tags,
            paused: self.paused,
        };
        Ok(StoredMonitor(Monitor {
            id: self.id,
            revision: self.revision,
            target: edgewatch_core::check::target(&settings.check),
            settings,
            state: MonitorState::from_code(self.state).unwrap_or(MonitorState::Unknown),
            state_since: self.state_since,
            region_states,
            advisory: self.advisory,
            flapping_since: self.flapping_since,
            from_config: self.from_config,
            created_at: self.created_at,
        }))
    }
}

/// What each region says of the monitors that it checks, by monitor; of a region that has said nothing yet, that.
async fn list_region_states(
    db: &mut PgConnection,
    id: Option<i32>,
) -> sqlx::Result<HashMap<i32, Vec<RegionState>>> {
    let rows = sqlx::query!(
        r#"SELECT m.id, r.name AS region, s.verdict AS "verdict?", s.outcome, s.checked_at, s.total_us, s.message
           FROM monitor m
           JOIN region r ON m.all_regions AND EXISTS (SELECT FROM region_capability c
                    WHERE c.region_id = r.id AND (c.capabilities IS NULL OR c.capabilities @> m.capabilities))
                OR EXISTS (SELECT FROM monitor_region mr WHERE mr.monitor_id = m.id AND mr.region_id = r.id)
           LEFT JOIN region_state s ON s.monitor_id = m.id AND s.region_id = r.id
           WHERE $1::integer IS NULL OR m.id = $1
           ORDER BY m.id, r.name"#,
        id
    )
    .fetch_all(db)
    .await?;
    let mut states: HashMap<i32, Vec<RegionState>> = HashMap::new();
    for row in rows {
        states.entry(row.id).or_default().push(RegionState {
            region: parse(&row.region)?,
            verdict: row
                .verdict
                .and_then(Verdict::from_code)
                .unwrap_or(Verdict::Unknown),
            last_outcome: row.outcome.and_then(OutcomeState::from_code),
            last_checked_at: row.checked_at,
            last_total_us: row.total_us,
            last_message: row.message,
        });
    }
    Ok(states)
}

/// The number of the monitor of this name.
pub async fn find_monitor_by_name(db: &mut PgConnection, name: &str) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!("SELECT id FROM monitor WHERE name = $1", name)
        .fetch_optional(db)
        .await
}

/// All monitors by number and name.
pub async fn list_names(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<(i32, String)>> {
    let rows = sqlx::query!("SELECT id, name FROM monitor ORDER BY id")
        .fetch_all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Whether there is a monitor of this number.
pub async fn monitor_exists(db: impl PgExecutor<'_>, id: i32) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM monitor WHERE id = $1) AS "exists!""#,
        id
    )
    .fetch_one(db)
    .await
}

/// Which of these monitors there are.
pub async fn list_monitor_ids(db: impl PgExecutor<'_>, ids: &[i32]) -> sqlx::Result<HashSet<i32>> {
    let found = sqlx::query_scalar!("SELECT id FROM monitor WHERE id = ANY($1)", ids)
        .fetch_all(db)
        .await?;
    Ok(found.into_iter().collect())
}

/// Locks a monitor until the end of the transaction; `false` if there is none. Nothing is judged meanwhile: that would write
/// the same rows, from what they were before.
pub async fn lock_monitor(db: &mut PgConnection, id: i32) -> sqlx::Result<bool> {
    void_evaluation(&mut *db).await?;
    let found = sqlx::query_scalar!("SELECT id FROM monitor WHERE id = $1 FOR UPDATE", id)
        .fetch_optional(db)
        .await?;
    Ok(found.is_some())
}

/// Makes a monitor and returns its number. A name that is taken violates `monitor_name_key`.
pub async fn create_monitor(
    db: &mut PgConnection,
    secrets: &Secrets,
    settings: &MonitorSettings,
    from_config: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<i32> {
    // The definition is sealed for its row, so the number must be known first.
    let id =
        sqlx::query_scalar!(r#"SELECT nextval(pg_get_serial_sequence('monitor', 'id'))::integer AS "id!""#)
            .fetch_one(&mut *db)
            .await?;
    write_monitor(db, secrets, id, settings, from_config, now).await?;
    Ok(id)
}

/// Writes a monitor's settings and makes a new revision of it. What regions that do not check it any more had said does not
/// count from now on. Pausing makes its state `paused`, resuming `unknown` until a region votes.
pub async fn update_monitor(
    db: &mut PgConnection,
    secrets: &Secrets,
    id: i32,
    settings: &MonitorSettings,
    from_config: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    write_monitor(db, secrets, id, settings, from_config, now).await
}

/// Makes the row of a new monitor, or a new revision of one that is there.
async fn write_monitor(
    db: &mut PgConnection,
    secrets: &Secrets,
    id: i32,
    settings: &MonitorSettings,
    from_config: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO monitor AS m (id, name, definition, kind, target, interval_s, timeout_ms, retries, quorum, confirmations,
                                   recoveries, tags, paused, all_regions, from_config, state, state_since, created_at,
                                   updated_at, capabilities, flapping_changes, flapping_within_s, flapping_holds_s)
         OVERRIDING SYSTEM VALUE
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, $17, $18, $19, $20, $21)
         ON CONFLICT (id) DO UPDATE SET
             name = excluded.name, definition = excluded.definition, kind = excluded.kind, target = excluded.target,
             interval_s = excluded.interval_s, timeout_ms = excluded.timeout_ms, retries = excluded.retries,
             quorum = excluded.quorum, confirmations = excluded.confirmations, recoveries = excluded.recoveries,
             capabilities = excluded.capabilities, tags = excluded.tags, paused = excluded.paused, all_regions = excluded.all_regions,
             flapping_changes = excluded.flapping_changes, flapping_within_s = excluded.flapping_within_s,
             flapping_holds_s = excluded.flapping_holds_s,
             from_config = excluded.from_config, revision = m.revision + 1, updated_at = excluded.updated_at,
             state = CASE WHEN m.paused = excluded.paused THEN m.state ELSE excluded.state END,
             state_since = CASE WHEN m.paused = excluded.paused THEN m.state_since ELSE excluded.state_since END,
             advisory = m.advisory AND NOT excluded.paused",
        id,
        settings.name,
        seal_definition(secrets, Owner::Monitor(id), &settings.check)?,
        settings.check.type_name(),
        edgewatch_core::check::target(&settings.check),
        settings.interval_s.cast_signed(),
        settings.timeout_ms.cast_signed(),
        i16::from(settings.retries),
        settings.quorum.to_string(),
        i16::from(settings.confirmations),
        i16::from(settings.recoveries),
        &settings.tags,
        settings.paused,
        settings.regions.is_empty(),
        from_config,
        (if settings.paused { MonitorState::Paused } else { MonitorState::Unknown }).code(),
        now,
        &edgewatch_core::check::capabilities(&settings.check)
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>(),
        settings.flapping.changes.cast_signed(),
        settings.flapping.within_s.cast_signed(),
        settings.flapping.holds_s.cast_signed()
    )
    .execute(&mut *db)
    .await?;
    match heartbeat::settings_of(&settings.check) {
        Some(check) => {
            let probe = PushProbe::new(secrets).map_err(|error| sqlx::Error::Configuration(error.into()))?;
            probe.ensure(&mut *db, now).await?;
            store::heartbeat::write_heartbeat(&mut *db, id, check, &token::make(secrets, id), now).await?;
        }
        None => store::heartbeat::delete_heartbeat(&mut *db, id).await?,
    }
    set_regions(&mut *db, id, &settings.regions).await?;
    note_policies(db, &[id], now).await
}

async fn set_regions(db: &mut PgConnection, id: i32, regions: &[Region]) -> sqlx::Result<()> {
    let names: Vec<String> = regions.iter().map(ToString::to_string).collect();
    sqlx::query!(
        "WITH wanted AS (SELECT id FROM region WHERE name = ANY ($2)),
              gone AS (DELETE FROM monitor_region WHERE monitor_id = $1 AND region_id NOT IN (SELECT id FROM wanted))
         INSERT INTO monitor_region (monitor_id, region_id) SELECT $1, id FROM wanted ON CONFLICT DO NOTHING",
        id,
        &names
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Removes a monitor with everything but its results; see [`super::result::delete_results`].
pub async fn delete_monitor(db: &mut PgConnection, id: i32) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM monitor WHERE id = $1", id)
        .execute(db)
        .await?;
    Ok(())
}

/// A name that the database only holds after it was checked.
fn parse<T: FromStr<Err: Display>>(text: &str) -> sqlx::Result<T> {
    text.parse()
        .map_err(|error: T::Err| sqlx::Error::Decode(error.to_string().into()))
}
