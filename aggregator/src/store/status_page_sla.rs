//! The agreements that status pages show: `status_page_sla`. Those that have ended are shown no more.

use chrono::{DateTime, Utc};
use edgewatch_client::public_sla::{PageReports, PageSla, PublicReport};
use sqlx::{PgConnection, PgExecutor};
use std::collections::{BTreeMap, HashSet};

/// The agreements of these pages in their order, by the pages' numbers.
pub async fn list_page_slas(
    db: impl PgExecutor<'_>,
    pages: &[i32],
) -> sqlx::Result<BTreeMap<i32, Vec<PageSla>>> {
    let rows = sqlx::query!(
        "SELECT p.page_id, p.sla_id, p.history, p.exclusions, p.reports
         FROM status_page_sla p JOIN sla s ON s.id = p.sla_id AND s.removed_at IS NULL
         WHERE p.page_id = ANY($1) ORDER BY p.page_id, p.position",
        pages
    )
    .fetch_all(db)
    .await?;
    let mut slas: BTreeMap<i32, Vec<PageSla>> = BTreeMap::new();
    for row in rows {
        slas.entry(row.page_id).or_default().push(PageSla {
            sla: row.sla_id,
            history: row.history,
            exclusions: row.exclusions,
            reports: PageReports::from_name(&row.reports),
        });
    }
    Ok(slas)
}

/// Makes a page's agreements these, each of which is named once.
pub async fn replace_page_slas(db: &mut PgConnection, page: i32, slas: &[PageSla]) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM status_page_sla WHERE page_id = $1", page)
        .execute(&mut *db)
        .await?;
    let ids: Vec<_> = slas.iter().map(|shown| shown.sla).collect();
    let history: Vec<_> = slas.iter().map(|shown| shown.history).collect();
    let exclusions: Vec<_> = slas.iter().map(|shown| shown.exclusions).collect();
    let reports: Vec<_> = slas
        .iter()
        .map(|shown| shown.reports.as_str().to_owned())
        .collect();
    sqlx::query!(
        "INSERT INTO status_page_sla (page_id, sla_id, history, exclusions, reports, position)
         SELECT $1, * FROM UNNEST($2::int4[], $3::bool[], $4::bool[], $5::text[]) WITH ORDINALITY",
        page,
        &ids,
        &history,
        &exclusions,
        &reports
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Which of these agreements there are not, or not any more.
pub async fn list_unknown_slas(db: impl PgExecutor<'_>, ids: &[i32]) -> sqlx::Result<HashSet<i32>> {
    let unknown = sqlx::query_scalar!(
        r#"SELECT w.id AS "id!" FROM UNNEST($1::int4[]) AS w (id)
           WHERE NOT EXISTS (SELECT FROM sla s WHERE s.id = w.id AND s.removed_at IS NULL)"#,
        ids
    )
    .fetch_all(db)
    .await?;
    Ok(unknown.into_iter().collect())
}

/// The reports of these agreements that are there and whose time is over, newest first: the last one of each period.
pub async fn list_past_reports(
    db: impl PgExecutor<'_>,
    slas: &[i32],
    now: DateTime<Utc>,
) -> sqlx::Result<BTreeMap<i32, Vec<PublicReport>>> {
    let rows = sqlx::query!(
        "SELECT DISTINCT ON (sla_id, from_at, to_at) id, sla_id, from_at, to_at FROM report
         WHERE sla_id = ANY($1) AND state = 2 AND to_at <= $2 ORDER BY sla_id, from_at DESC, to_at DESC, id DESC",
        slas,
        now
    )
    .fetch_all(db)
    .await?;
    let mut reports: BTreeMap<i32, Vec<PublicReport>> = BTreeMap::new();
    for row in rows {
        reports.entry(row.sla_id).or_default().push(PublicReport {
            id: row.id,
            from: row.from_at,
            to: row.to_at,
        });
    }
    Ok(reports)
}
