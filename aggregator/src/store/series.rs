//! A monitor's results in buckets of time: one statement, whatever the window.

use chrono::{DateTime, Utc};
use edgewatch_client::series::MeanPhases;
use sqlx::{PgExecutor, postgres::types::PgInterval};

/// The results of one bucket that has any.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// Its beginning.
    pub at: DateTime<Utc>,
    /// Checks that ended up or degraded.
    pub succeeded: i64,
    /// Checks that ended down.
    pub failed: i64,
    /// Checks that could not be measured.
    pub unmeasured: i64,
    /// Mean times of the successful ones.
    pub phases: MeanPhases,
    /// The totals of the successful ones, microseconds, in no particular order.
    pub totals_us: Vec<i32>,
}

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// The monitor.
    pub monitor_id: i32,
    /// Beginning of the first bucket.
    pub from: DateTime<Utc>,
    /// End of the last bucket.
    pub to: DateTime<Utc>,
    /// Length of a bucket.
    pub bucket_s: i64,
    /// Of this region alone.
    pub region: Option<&'a str>,
}

/// The buckets that have results, oldest first.
pub async fn list_buckets(db: impl PgExecutor<'_>, window: Window<'_>) -> sqlx::Result<Vec<Bucket>> {
    let length = PgInterval {
        months: 0,
        days: 0,
        microseconds: window.bucket_s * 1_000_000,
    };
    let rows = sqlx::query!(
        // Below zero stands why a phase could not be measured. Percentiles are taken from the totals here: sorting them
        // in SQL takes twice as long, and the whole window's would take another statement.
        r#"SELECT date_bin($4, time, $2) AS "at!",
                  count(*) FILTER (WHERE outcome < 2) AS "succeeded!",
                  count(*) FILTER (WHERE outcome = 2) AS "failed!",
                  count(*) FILTER (WHERE outcome = 3) AS "unmeasured!",
                  (avg(dns_us) FILTER (WHERE outcome < 2 AND dns_us >= 0))::integer AS dns_us,
                  (avg(tcp_us) FILTER (WHERE outcome < 2 AND tcp_us >= 0))::integer AS tcp_us,
                  (avg(tls_us) FILTER (WHERE outcome < 2 AND tls_us >= 0))::integer AS tls_us,
                  (avg(request_us) FILTER (WHERE outcome < 2 AND request_us >= 0))::integer AS request_us,
                  (avg(ttfb_us) FILTER (WHERE outcome < 2 AND ttfb_us >= 0))::integer AS ttfb_us,
                  (avg(body_us) FILTER (WHERE outcome < 2 AND body_us >= 0))::integer AS body_us,
                  array_agg(total_us) FILTER (WHERE outcome < 2) AS totals_us
           FROM result
           WHERE monitor_id = $1 AND time >= $2 AND time < $3
             AND ($5::text IS NULL OR region_id = (SELECT id FROM region WHERE name = $5))
           GROUP BY 1 ORDER BY 1"#,
        window.monitor_id,
        window.from,
        window.to,
        length,
        window.region
    )
    .fetch_all(db)
    .await?;
    let buckets = rows.into_iter().map(|row| Bucket {
        at: row.at,
        succeeded: row.succeeded,
        failed: row.failed,
        unmeasured: row.unmeasured,
        phases: MeanPhases {
            dns_us: row.dns_us,
            tcp_us: row.tcp_us,
            tls_us: row.tls_us,
            request_us: row.request_us,
            ttfb_us: row.ttfb_us,
            body_us: row.body_us,
        },
        totals_us: row.totals_us.unwrap_or_default(),
    });
    Ok(buckets.collect())
}
