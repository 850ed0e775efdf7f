//! How well regions keep up: `region_load`.

use crate::region_load::Load;
use chrono::{DateTime, Utc};
use sqlx::PgExecutor;

/// Adds what a region did in a minute to what is known of it. A region that is gone is left out.
pub async fn add_load(
    db: impl PgExecutor<'_>,
    region_id: i16,
    minute: DateTime<Utc>,
    load: &Load,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO region_load AS l (region_id, minute, overruns, late)
         SELECT $1, $2, $3, $4 WHERE EXISTS (SELECT FROM region WHERE id = $1)
         ON CONFLICT (region_id, minute) DO UPDATE SET overruns = l.overruns + excluded.overruns,
             late = ARRAY(SELECT coalesce(a, 0) + coalesce(b, 0)
                          FROM unnest(l.late, excluded.late) WITH ORDINALITY AS t (a, b, n) ORDER BY n)",
        region_id,
        minute,
        load.overruns,
        &load.late
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What each region did since a time: its name, overruns, and checks by class of lateness.
pub async fn list_loads(db: impl PgExecutor<'_>, since: DateTime<Utc>) -> sqlx::Result<Vec<(String, Load)>> {
    let rows = sqlx::query!(
        r#"SELECT r.name, sum(l.overruns)::bigint AS "overruns!", array_agg(l.late_sum ORDER BY l.class) AS "late!"
           FROM (SELECT s.region_id, c.class, sum(c.late)::bigint AS late_sum,
                        CASE WHEN c.class = 1 THEN sum(s.overruns)::bigint ELSE 0 END AS overruns
                 FROM region_load s CROSS JOIN LATERAL unnest(s.late) WITH ORDINALITY AS c (late, class)
                 WHERE s.minute >= $1 GROUP BY s.region_id, c.class) l
           JOIN region r ON r.id = l.region_id GROUP BY r.name"#,
        since
    )
    .fetch_all(db)
    .await?;
    let loads = rows.into_iter().map(|row| {
        let load = Load {
            overruns: row.overruns,
            late: row.late,
        };
        (row.name, load)
    });
    Ok(loads.collect())
}

/// Forgets minutes before a time.
pub async fn delete_loads_before(db: impl PgExecutor<'_>, before: DateTime<Utc>) -> sqlx::Result<u64> {
    let deleted = sqlx::query!("DELETE FROM region_load WHERE minute < $1", before)
        .execute(db)
        .await?;
    Ok(deleted.rows_affected())
}
