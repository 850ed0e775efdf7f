//! Test runs as users see them: `test_run`.

use super::definition::{Owner, seal_definition};
use crate::secret::Secrets;
use chrono::{DateTime, Utc};
use edgewatch_client::test_run::{TestReport, TestRun};
use edgewatch_protocol::{check::Check, name::Region};
use sqlx::{PgExecutor, types::Json};
use uuid::Uuid;

/// A test run to be kept.
#[derive(Debug)]
pub struct NewTestRun<'a> {
    /// Its id.
    pub id: Uuid,
    /// The region that shall run it; `None`: the aggregator's own engine has.
    pub region: Option<&'a Region>,
    /// What to do, with its secrets.
    pub check: &'a Check,
    /// The time-out.
    pub timeout_ms: u32,
    /// Who asked.
    pub requested_by: i32,
    /// Now.
    pub requested_at: DateTime<Utc>,
    /// What was seen, if it has run.
    pub report: Option<&'a TestReport>,
}

/// Keeps a test run. With a region and without a report it waits for that region's next tick.
pub async fn create_test_run(
    db: impl PgExecutor<'_>,
    secrets: &Secrets,
    run: NewTestRun<'_>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO test_run (id, region_id, definition, timeout_ms, requested_by, requested_at, report, reported_at)
         VALUES ($1, (SELECT id FROM region WHERE name = $2), $3, $4, $5, $6, $7::jsonb,
                 CASE WHEN $7::jsonb IS NOT NULL THEN $6::timestamptz END)",
        run.id,
        run.region.map(Region::as_str),
        seal_definition(secrets, Owner::TestRun(run.id), run.check)?,
        run.timeout_ms.cast_signed(),
        run.requested_by,
        run.requested_at,
        run.report.map(Json) as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A test run.
pub async fn find_test_run(db: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<Option<TestRun>> {
    let row = sqlx::query!(
        r#"SELECT t.requested_at, t.report AS "report: Json<TestReport>", r.name AS "region?"
           FROM test_run t LEFT JOIN region r ON r.id = t.region_id WHERE t.id = $1"#,
        id
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| {
        let region = row.region.map(|name| name.parse()).transpose();
        Ok(TestRun {
            id: id.to_string(),
            region: region.map_err(|error: String| sqlx::Error::Decode(error.into()))?,
            requested_at: row.requested_at,
            report: row.report.map(|report| report.0),
        })
    })
    .transpose()
}
