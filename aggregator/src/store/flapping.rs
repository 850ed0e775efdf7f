//! Monitors that change their state too often: `monitor.flapping_since`, `monitor.flapping_until`.

use super::vote::at;
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_domain::policy::FlappingPolicy;
use sqlx::PgConnection;

/// Those of these monitors that are marked, or whose record has enough changes for it.
pub async fn list_unsteady(
    db: &mut PgConnection,
    monitors: &[(i32, FlappingPolicy)],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<i32>> {
    let ids: Vec<_> = monitors.iter().map(|monitor| monitor.0).collect();
    let changes: Vec<_> = monitors
        .iter()
        .map(|monitor| i32::from(monitor.1.changes))
        .collect();
    let since: Vec<_> = monitors
        .iter()
        .map(|monitor| now - TimeDelta::milliseconds(monitor.1.within_ms))
        .collect();
    sqlx::query_scalar!(
        r#"SELECT m.id FROM UNNEST($1::int4[], $2::int4[], $3::timestamptz[]) AS w (id, changes, since)
           JOIN monitor m USING (id)
           WHERE m.flapping_since IS NOT NULL OR w.changes < (
               SELECT count(*) FROM state_interval s WHERE s.monitor_id = w.id AND s.from_at > w.since)"#,
        &ids,
        &changes,
        &since
    )
    .fetch_all(db)
    .await
}

/// Marks to be written, as columns for `UNNEST`.
#[derive(Debug, Default)]
pub struct FlappingRows {
    id: Vec<i32>,
    since: Vec<Option<DateTime<Utc>>>,
    until: Vec<Option<DateTime<Utc>>>,
}

impl FlappingRows {
    /// Since when a monitor flaps, and when it will have held its state for long enough, Unix milliseconds.
    pub fn push(&mut self, id: i32, flaps: Option<(i64, i64)>) {
        self.id.push(id);
        self.since.push(flaps.map(|flaps| at(flaps.0)));
        self.until.push(flaps.map(|flaps| at(flaps.1)));
    }

    /// Stores them.
    pub async fn store(&self, db: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query!(
            "UPDATE monitor m SET flapping_since = n.since, flapping_until = n.until
             FROM UNNEST($1::int4[], $2::timestamptz[], $3::timestamptz[]) AS n (id, since, until)
             WHERE m.id = n.id AND (m.flapping_since, m.flapping_until) IS DISTINCT FROM (n.since, n.until)",
            &self.id,
            &self.since as _,
            &self.until as _
        )
        .execute(db)
        .await?;
        Ok(())
    }
}

/// Takes the mark from those that have held their state for long enough; which ones.
pub async fn settle_flapping(db: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Vec<i32>> {
    sqlx::query_scalar!(
        "UPDATE monitor SET flapping_since = NULL, flapping_until = NULL WHERE flapping_until <= $1 RETURNING id",
        now
    )
    .fetch_all(db)
    .await
}
