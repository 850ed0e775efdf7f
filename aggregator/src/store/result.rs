//! Reading results: `result`, `batch`.

use super::phase_column;
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::result::ResultSummary;
use edgewatch_protocol::{observation::OutcomeState, phase::PhaseTimes, reason::Reason};
use sqlx::{PgExecutor, PgPool};

/// Results are mostly asked for from the latest on: they are looked for in so long first, where the planner need not look
/// at every day that there is.
const NEAR: TimeDelta = TimeDelta::days(2);

/// Names a result within its monitor: when it began, the batch that brought it, and its position there. Their order is
/// the order of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResultKey {
    /// When the check began.
    pub time: DateTime<Utc>,
    /// The batch.
    pub batch_id: i64,
    /// The position in the batch.
    pub position: i16,
}

/// Which results are wanted, newest first.
#[derive(Clone, Debug, Default)]
pub struct ResultFilter {
    /// The monitor.
    pub monitor_id: i32,
    /// From this time on.
    pub from: Option<DateTime<Utc>>,
    /// Before this time.
    pub to: Option<DateTime<Utc>>,
    /// Of this region alone.
    pub region: Option<String>,
    /// With this outcome alone.
    pub outcome: Option<OutcomeState>,
    /// Those that come after this one in the list.
    pub after: Option<ResultKey>,
    /// At most so many.
    pub limit: i64,
}

/// A result with its key.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredResult {
    /// Its name.
    pub key: ResultKey,
    /// As it is listed; the id is empty.
    pub summary: ResultSummary,
}

struct Row {
    time: DateTime<Utc>,
    batch_id: i64,
    position: i16,
    lag_ms: i32,
    region: String,
    dns_us: Option<i32>,
    tcp_us: Option<i32>,
    tls_us: Option<i32>,
    request_us: Option<i32>,
    ttfb_us: Option<i32>,
    body_us: Option<i32>,
    total_us: i32,
    outcome: i16,
    reason: Option<i16>,
    http_status: Option<i16>,
    message: Option<String>,
}

impl TryFrom<Row> for StoredResult {
    type Error = sqlx::Error;
    fn try_from(row: Row) -> sqlx::Result<Self> {
        let decode = |error: String| sqlx::Error::Decode(error.into());
        let phases = PhaseTimes {
            dns: phase_column::decode(row.dns_us),
            tcp: phase_column::decode(row.tcp_us),
            tls: phase_column::decode(row.tls_us),
            request: phase_column::decode(row.request_us),
            ttfb: phase_column::decode(row.ttfb_us),
            body: phase_column::decode(row.body_us),
        };
        Ok(Self {
            key: ResultKey {
                time: row.time,
                batch_id: row.batch_id,
                position: row.position,
            },
            summary: ResultSummary {
                id: String::new(),
                at: row.time,
                slot: row.time - TimeDelta::milliseconds(row.lag_ms.into()),
                region: row.region.parse().map_err(decode)?,
                outcome: OutcomeState::from_code(row.outcome)
                    .ok_or_else(|| decode(format!("unknown outcome {}", row.outcome)))?,
                reason: row.reason.map(Reason::from_code),
                phases,
                total_us: row.total_us,
                http_status: row.http_status.map(i16::cast_unsigned),
                message: row.message,
            },
        })
    }
}

/// A page of results, the latest first.
pub async fn list_results(
    pool: &PgPool,
    filter: &ResultFilter,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<StoredResult>> {
    let latest = [filter.after.map(|key| key.time), filter.to]
        .into_iter()
        .flatten()
        .fold(now, DateTime::min);
    let near = latest - NEAR;
    if filter.from.is_none_or(|from| from < near) {
        let found = list_results_from(pool, filter, Some(near)).await?;
        if i64::try_from(found.len()).is_ok_and(|found| found >= filter.limit) {
            return Ok(found);
        }
    }
    list_results_from(pool, filter, filter.from).await
}

async fn list_results_from(
    db: impl PgExecutor<'_>,
    filter: &ResultFilter,
    from: Option<DateTime<Utc>>,
) -> sqlx::Result<Vec<StoredResult>> {
    let after = filter.after;
    let rows = sqlx::query_as!(
        Row,
        // The first bound on the time lets the index begin at the cursor; the row comparison after it is exact.
        "SELECT p.time, p.batch_id, p.position, p.lag_ms, r.name AS region, p.dns_us, p.tcp_us, p.tls_us, p.request_us,
                p.ttfb_us, p.body_us, p.total_us, p.outcome, p.reason, p.http_status, p.message
         FROM result p JOIN region r ON r.id = p.region_id
         WHERE p.monitor_id = $1
           AND p.time >= coalesce($2, '-infinity'::timestamptz) AND p.time < coalesce($3, 'infinity'::timestamptz)
           AND p.time <= coalesce($4, 'infinity'::timestamptz)
           AND ($4::timestamptz IS NULL OR (p.time, p.batch_id, p.position) < ($4, $5::bigint, $6::smallint))
           AND ($7::text IS NULL OR r.name = $7) AND ($8::smallint IS NULL OR p.outcome = $8)
         ORDER BY p.time DESC, p.batch_id DESC, p.position DESC LIMIT $9",
        filter.monitor_id,
        from,
        filter.to,
        after.map(|key| key.time),
        after.map(|key| key.batch_id),
        after.map(|key| key.position),
        filter.region,
        filter.outcome.map(OutcomeState::code),
        filter.limit
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(StoredResult::try_from).collect()
}

/// One result.
pub async fn find_result(
    db: impl PgExecutor<'_>,
    monitor_id: i32,
    key: ResultKey,
) -> sqlx::Result<Option<StoredResult>> {
    let row = sqlx::query_as!(
        Row,
        "SELECT p.time, p.batch_id, p.position, p.lag_ms, r.name AS region, p.dns_us, p.tcp_us, p.tls_us, p.request_us,
                p.ttfb_us, p.body_us, p.total_us, p.outcome, p.reason, p.http_status, p.message
         FROM result p JOIN region r ON r.id = p.region_id
         WHERE p.monitor_id = $1 AND p.time = $2 AND p.batch_id = $3 AND p.position = $4",
        monitor_id,
        key.time,
        key.batch_id,
        key.position
    )
    .fetch_optional(db)
    .await?;
    row.map(StoredResult::try_from).transpose()
}

/// Removes the results of a monitor. The signed batches that brought them stay as evidence until their own retention.
pub async fn delete_results(db: impl PgExecutor<'_>, monitor_id: i32) -> sqlx::Result<()> {
    sqlx::query!("DELETE FROM result WHERE monitor_id = $1", monitor_id)
        .execute(db)
        .await?;
    Ok(())
}
