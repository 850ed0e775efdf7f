//! Service level objectives: `slo`, `slo_monitor`.

use chrono::{DateTime, Utc};
use edgewatch_client::{
    monitor::MonitorState,
    slo::{GroupRule, SloMember, SloSettings},
};
use sqlx::{PgConnection, PgExecutor};

/// An objective as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSlo {
    /// Its number.
    pub id: i32,
    /// Its settings.
    pub settings: SloSettings,
    /// Its monitors, by name.
    pub members: Vec<SloMember>,
}

fn rule_name(rule: GroupRule) -> &'static str {
    match rule {
        GroupRule::All => "all",
        GroupRule::Any => "any",
    }
}

/// All objectives by name, or the one of this number.
pub async fn list_slos(db: impl PgExecutor<'_>, id: Option<i32>) -> sqlx::Result<Vec<StoredSlo>> {
    let rows = sqlx::query!(
        r#"SELECT s.id, s.name, s.rule, s.objective_ppm, s.window_days, s.zone, s.strict,
                  coalesce(m.ids, '{}') AS "ids!", coalesce(m.names, '{}') AS "names!", coalesce(m.states, '{}') AS "states!"
           FROM slo s LEFT JOIN LATERAL (
               SELECT array_agg(m.id ORDER BY m.name) AS ids, array_agg(m.name ORDER BY m.name) AS names,
                      array_agg(m.state ORDER BY m.name) AS states
               FROM slo_monitor sm JOIN monitor m ON m.id = sm.monitor_id WHERE sm.slo_id = s.id) m ON true
           WHERE $1::int4 IS NULL OR s.id = $1 ORDER BY s.name"#,
        id
    )
    .fetch_all(db)
    .await?;
    let slos = rows.into_iter().map(|row| {
        let named = row.ids.iter().zip(row.names).zip(row.states);
        let members = named.map(|((&id, name), state)| SloMember {
            id,
            name,
            state: MonitorState::from_code(state).unwrap_or(MonitorState::Unknown),
        });
        StoredSlo {
            id: row.id,
            members: members.collect(),
            settings: SloSettings {
                name: row.name,
                monitors: row.ids,
                rule: if row.rule == rule_name(GroupRule::Any) {
                    GroupRule::Any
                } else {
                    GroupRule::All
                },
                objective_ppm: row.objective_ppm.into(),
                window_days: row.window_days.map(i16::cast_unsigned),
                zone: row.zone,
                strict: row.strict,
            },
        }
    });
    Ok(slos.collect())
}

/// Of these numbers, those that are no monitor's.
pub async fn list_unknown_monitors(db: impl PgExecutor<'_>, monitors: &[i32]) -> sqlx::Result<Vec<i32>> {
    sqlx::query_scalar!(
        r#"SELECT w.id AS "id!" FROM UNNEST($1::int4[]) AS w (id)
           WHERE NOT EXISTS (SELECT FROM monitor m WHERE m.id = w.id)"#,
        monitors
    )
    .fetch_all(db)
    .await
}

/// Makes an objective; its number. A name that is taken violates `slo_name_key`.
pub async fn create_slo(
    db: &mut PgConnection,
    settings: &SloSettings,
    now: DateTime<Utc>,
) -> sqlx::Result<i32> {
    sqlx::query_scalar!(
        "WITH made AS (
             INSERT INTO slo (name, rule, objective_ppm, window_days, zone, strict, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING id),
         linked AS (INSERT INTO slo_monitor (slo_id, monitor_id) SELECT made.id, UNNEST($8::int4[]) FROM made)
         SELECT id FROM made",
        settings.name,
        rule_name(settings.rule),
        i32::try_from(settings.objective_ppm).unwrap_or(0),
        settings.window_days.map(u16::cast_signed),
        settings.zone,
        settings.strict,
        now,
        &settings.monitors
    )
    .fetch_one(db)
    .await
}

/// Changes an objective; `false` if there is none. A name that is taken violates `slo_name_key`.
pub async fn update_slo(
    db: &mut PgConnection,
    id: i32,
    settings: &SloSettings,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let changed = sqlx::query!(
        "UPDATE slo SET name = $2, rule = $3, objective_ppm = $4, window_days = $5, zone = $6, strict = $7, updated_at = $8
         WHERE id = $1",
        id,
        settings.name,
        rule_name(settings.rule),
        i32::try_from(settings.objective_ppm).unwrap_or(0),
        settings.window_days.map(u16::cast_signed),
        settings.zone,
        settings.strict,
        now
    )
    .execute(&mut *db)
    .await?;
    if changed.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "WITH gone AS (DELETE FROM slo_monitor WHERE slo_id = $1 AND monitor_id <> ALL ($2::int4[]))
         INSERT INTO slo_monitor (slo_id, monitor_id) SELECT $1, UNNEST($2::int4[]) ON CONFLICT DO NOTHING",
        id,
        &settings.monitors
    )
    .execute(db)
    .await?;
    Ok(true)
}

/// The incidents of monitors since a moment: when each began, and when it was acknowledged first, Unix milliseconds.
pub async fn list_acknowledgements(
    db: impl PgExecutor<'_>,
    monitors: &[i32],
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<(i64, Option<i64>)>> {
    let rows = sqlx::query!(
        "SELECT i.opened_at, i.acknowledged_at FROM incident i
         WHERE i.opened_at >= $2 AND i.withdrawn_at IS NULL AND i.merged_into IS NULL AND EXISTS (
             SELECT FROM incident_monitor im
             WHERE im.incident_id = i.id AND im.monitor_id = ANY($1) AND im.withdrawn_at IS NULL)",
        monitors,
        since
    )
    .fetch_all(db)
    .await?;
    let ms = |at: DateTime<Utc>| at.timestamp_millis();
    Ok(rows
        .into_iter()
        .map(|row| (ms(row.opened_at), row.acknowledged_at.map(ms)))
        .collect())
}

/// Removes an objective; `false` if there is none.
pub async fn delete_slo(db: impl PgExecutor<'_>, id: i32) -> sqlx::Result<bool> {
    let done = sqlx::query!("DELETE FROM slo WHERE id = $1", id)
        .execute(db)
        .await?;
    Ok(done.rows_affected() > 0)
}
