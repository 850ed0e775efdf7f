//! How long checks took over a period, from the rollups, monitor by monitor.

use crate::{
    report::at,
    rollup_level::{Level, Window},
    state::AppState,
    store::series::{list_buckets, list_region_sums},
};
use chrono::TimeDelta;
use edgewatch_domain::{latency::Histogram, sla::SlaFigures, span::Span};
use edgewatch_protocol::phase::Phase;
use edgewatch_report::document::{LatencyPercentiles, LatencyRow, ReportLatency};
use sqlx::PgConnection;
use std::collections::BTreeMap;

/// Hours tell the days of any zone; of longer periods, and once they are not kept, days of UTC have to do.
const BY_HOUR: TimeDelta = TimeDelta::days(100);

/// What the histograms of a region are of: the phases, and the whole check.
const PARTS: usize = Phase::ALL.len() + 1;

/// What was read so far.
#[derive(Debug)]
pub struct Latencies {
    /// `None` where the period is shorter than what is summed up.
    window: Option<Window>,
    days: Vec<Span>,
    by_day: Vec<Histogram>,
    by_region: BTreeMap<String, [Histogram; PARTS]>,
    by_monitor: Vec<(i32, Histogram)>,
}

impl Latencies {
    /// Nothing yet, over the period of these figures.
    pub fn over(figures: &SlaFigures, state: &AppState) -> Self {
        let (span, now) = (figures.period.span(), state.clock.now());
        let kept = TimeDelta::days(state.settings().hour_rollup_retention_days.into());
        let by_hour = TimeDelta::milliseconds(span.length_ms()) <= BY_HOUR && now - at(span.from_ms) <= kept;
        let (level, bucket_s) = if by_hour {
            (Level::Hour, 3_600)
        } else {
            (Level::Day, 86_400)
        };
        // Whole buckets: those of which the greater part lies within.
        let bucket_ms = bucket_s * 1_000;
        let [from, to] =
            [span.from_ms, span.to_ms].map(|ms| at((ms + bucket_ms / 2).div_euclid(bucket_ms) * bucket_ms));
        let window = Window {
            from,
            to,
            bucket_s,
            level,
            now,
        };
        let days: Vec<_> = figures
            .days
            .iter()
            .map(|day| Span::new(day.from_ms, day.to_ms))
            .collect();
        Self {
            window: (from < to).then_some(window),
            by_day: vec![Histogram::default(); days.len()],
            days,
            by_region: BTreeMap::new(),
            by_monitor: Vec::new(),
        }
    }

    /// Reads those of a monitor.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn read(&mut self, db: &mut PgConnection, monitor: i32) -> sqlx::Result<()> {
        let Some(window) = &self.window else {
            return Ok(());
        };
        let mut whole = Histogram::default();
        for sum in list_region_sums(&mut *db, monitor, window, None).await? {
            whole += &sum.phases[PARTS - 1];
            let of_region = self.by_region.entry(sum.region).or_default();
            for (all, own) in of_region.iter_mut().zip(&sum.phases) {
                *all += own;
            }
        }
        self.by_monitor.push((monitor, whole));
        for bucket in list_buckets(db, monitor, window, None).await? {
            let begin_ms = window.from.timestamp_millis() + bucket.index as i64 * window.bucket_s * 1_000;
            let middle_ms = begin_ms + window.bucket_s * 500;
            let day = self.days.partition_point(|day| day.to_ms <= middle_ms);
            if let Some(of_day) = self.by_day.get_mut(day) {
                *of_day += &bucket.totals;
            }
        }
        Ok(())
    }

    /// As a report tells it.
    pub fn told(&self) -> ReportLatency {
        let measured = self.by_monitor.iter().any(|(_, whole)| whole.total() > 0);
        let phases = Phase::ALL.iter().map(|phase| phase.as_str()).chain(["total"]);
        let regions = self.by_region.iter().flat_map(|(region, parts)| {
            phases.clone().zip(parts).map(|(phase, histogram)| LatencyRow {
                monitor: None,
                region: Some(region.clone()),
                phase: phase.to_owned(),
                percentiles: percentiles(histogram),
            })
        });
        let monitors = self.by_monitor.iter().map(|(monitor, whole)| LatencyRow {
            monitor: Some(*monitor),
            region: None,
            phase: "total".to_owned(),
            percentiles: percentiles(whole),
        });
        ReportLatency {
            days: if measured {
                self.by_day.iter().map(percentiles).collect()
            } else {
                Vec::new()
            },
            regions: regions.collect(),
            monitors: monitors.collect(),
        }
    }
}

fn percentiles(histogram: &Histogram) -> LatencyPercentiles {
    LatencyPercentiles {
        checks: histogram.total() as i64,
        p50_us: histogram.percentile_us(50),
        p95_us: histogram.percentile_us(95),
        p99_us: histogram.percentile_us(99),
    }
}
