//! What is known of a monitor over time, from the rollups or result by result: one statement each, whatever the window.
//!
//! Histograms are summed up within one region or within one bucket of time, never over both: that cannot overflow (see
//! [`edgewatch_domain::latency`]).

use super::stored_histogram::StoredHistogram;
use crate::rollup_level::Window;
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_domain::latency::Histogram;
use sqlx::{PgExecutor, postgres::types::PgInterval};

/// Checks by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Up.
    pub up: i64,
    /// Degraded.
    pub degraded: i64,
    /// Down.
    pub down: i64,
    /// Could not be measured.
    pub unmeasured: i64,
}

/// The results of one bucket that has any.
#[derive(Clone, Debug, PartialEq)]
pub struct Bucket {
    /// Its place in the window.
    pub index: usize,
    /// How they ended.
    pub counts: Counts,
    /// Mean times of the successful ones in the phases before the total, microseconds.
    pub means_us: [Option<i32>; 6],
    /// The totals of the successful ones.
    pub totals: Histogram,
}

/// The results of one region.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionSum {
    /// Its name.
    pub region: String,
    /// How they ended.
    pub counts: Counts,
    /// How long the successful ones took: the phases in order, and the total.
    pub phases: [Histogram; 7],
}

/// The results of one region in one bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The region's name.
    pub region: String,
    /// The bucket's place in the window.
    pub index: usize,
    /// How they ended.
    pub counts: Counts,
    /// The totals of the successful ones.
    pub totals: Histogram,
}

/// No result waits longer to be summed up: older ones are not taken.
const WAITING_FOR: TimeDelta = TimeDelta::days(3);

impl Window {
    fn bucket(&self) -> PgInterval {
        PgInterval {
            months: 0,
            days: 0,
            microseconds: self.bucket_s * 1_000_000,
        }
    }

    fn index(&self, at: DateTime<Utc>) -> usize {
        usize::try_from((at - self.from).num_seconds() / self.bucket_s).unwrap_or_default()
    }
}

/// The buckets that have results, oldest first; of one region alone, or of all together.
pub async fn list_buckets(
    db: impl PgExecutor<'_>,
    monitor: i32,
    window: &Window,
    region: Option<&str>,
) -> sqlx::Result<Vec<Bucket>> {
    let rows = sqlx::query!(
        r#"SELECT date_bin($6, bucket, $3) AS "at!", sum(up) AS "up!", sum(degraded) AS "degraded!", sum(down) AS "down!",
                  sum(unmeasured) AS "unmeasured!",
                  ARRAY[sum(dns_n), sum(tcp_n), sum(tls_n), sum(request_n), sum(ttfb_n), sum(body_n)] AS "ns!",
                  ARRAY[sum(dns_sum_us), sum(tcp_sum_us), sum(tls_sum_us), sum(request_sum_us), sum(ttfb_sum_us),
                        sum(body_sum_us)]::bigint[] AS "sums_us!: Vec<Option<i64>>",
                  sum(total_hist) AS "totals: StoredHistogram"
           FROM monitor_rollup($1, $2, $3, $4, $5)
           WHERE $7::text IS NULL OR region_id = (SELECT id FROM region WHERE name = $7)
           GROUP BY 1 ORDER BY 1"#,
        monitor,
        window.level.code(),
        window.from,
        window.to,
        window.now - WAITING_FOR,
        window.bucket(),
        region
    )
    .fetch_all(db)
    .await?;
    let buckets = rows.into_iter().map(|row| {
        let means = row.sums_us.iter().zip(&row.ns).map(|(sum, &n)| mean(*sum, n));
        let mut means_us = [None; 6];
        for (slot, mean) in means_us.iter_mut().zip(means) {
            *slot = mean;
        }
        Bucket {
            index: window.index(row.at),
            counts: Counts {
                up: row.up,
                degraded: row.degraded,
                down: row.down,
                unmeasured: row.unmeasured,
            },
            means_us,
            totals: StoredHistogram::or_empty(row.totals),
        }
    });
    Ok(buckets.collect())
}

/// The regions that have results, by name; or one alone.
pub async fn list_region_sums(
    db: impl PgExecutor<'_>,
    monitor: i32,
    window: &Window,
    region: Option<&str>,
) -> sqlx::Result<Vec<RegionSum>> {
    let rows = sqlx::query!(
        r#"SELECT r.name, s.up AS "up!", s.degraded AS "degraded!", s.down AS "down!", s.unmeasured AS "unmeasured!",
                  s.phases AS "phases!: Vec<Option<StoredHistogram>>"
           FROM (
               SELECT region_id, sum(up) AS up, sum(degraded) AS degraded, sum(down) AS down, sum(unmeasured) AS unmeasured,
                      ARRAY[sum(dns_hist), sum(tcp_hist), sum(tls_hist), sum(request_hist), sum(ttfb_hist), sum(body_hist),
                            sum(total_hist)] AS phases
               FROM monitor_rollup($1, $2, $3, $4, $5) GROUP BY 1) s
           JOIN region r ON r.id = s.region_id
           WHERE $6::text IS NULL OR r.name = $6
           ORDER BY r.name"#,
        monitor,
        window.level.code(),
        window.from,
        window.to,
        window.now - WAITING_FOR,
        region
    )
    .fetch_all(db)
    .await?;
    let sums = rows.into_iter().map(|row| {
        let mut phases: [Histogram; 7] = Default::default();
        for (phase, packed) in phases.iter_mut().zip(row.phases) {
            *phase = StoredHistogram::or_empty(packed);
        }
        RegionSum {
            region: row.name,
            counts: Counts {
                up: row.up,
                degraded: row.degraded,
                down: row.down,
                unmeasured: row.unmeasured,
            },
            phases,
        }
    });
    Ok(sums.collect())
}

/// What each region saw in each bucket, by its name and by time; or one region alone.
pub async fn list_cells(
    db: impl PgExecutor<'_>,
    monitor: i32,
    window: &Window,
    region: Option<&str>,
) -> sqlx::Result<Vec<Cell>> {
    let rows = sqlx::query!(
        r#"SELECT r.name, s.at AS "at!", s.up AS "up!", s.degraded AS "degraded!", s.down AS "down!",
                  s.unmeasured AS "unmeasured!", s.totals AS "totals: StoredHistogram"
           FROM (
               SELECT region_id, date_bin($6, bucket, $3) AS at, sum(up) AS up, sum(degraded) AS degraded, sum(down) AS down,
                      sum(unmeasured) AS unmeasured, sum(total_hist) AS totals
               FROM monitor_rollup($1, $2, $3, $4, $5) GROUP BY 1, 2) s
           JOIN region r ON r.id = s.region_id
           WHERE $7::text IS NULL OR r.name = $7
           ORDER BY r.name, s.at"#,
        monitor,
        window.level.code(),
        window.from,
        window.to,
        window.now - WAITING_FOR,
        window.bucket(),
        region
    )
    .fetch_all(db)
    .await?;
    let cells = rows.into_iter().map(|row| Cell {
        region: row.name,
        index: window.index(row.at),
        counts: Counts {
            up: row.up,
            degraded: row.degraded,
            down: row.down,
            unmeasured: row.unmeasured,
        },
        totals: StoredHistogram::or_empty(row.totals),
    });
    Ok(cells.collect())
}

/// Rounded to whole microseconds.
fn mean(sum: Option<i64>, n: i64) -> Option<i32> {
    let (sum, n) = (sum?, n.max(1));
    i32::try_from((sum + n / 2) / n).ok()
}
