//! The latency chart as figures: scales, areas and lines in the chart's own units. Pure.

use crate::format::tenths;
use edgewatch_client::series::{Series, SeriesBucket};
use std::fmt::Write as _;

/// Width of the drawing in its own units.
pub const WIDTH: f64 = 1_000.0;
/// Height of the drawing in its own units.
pub const HEIGHT: f64 = 240.0;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Mean phases, stacked.
    Phases,
    /// Percentiles as lines.
    Percentiles,
}

/// The bands and lines of the chart, by CSS class and name.
pub const PHASES: [(&str, &str); 6] = [
    ("dns", "DNS"),
    ("tcp", "TCP"),
    ("tls", "TLS"),
    ("request", "Request"),
    ("ttfb", "First byte"),
    ("body", "Body"),
];

/// The percentiles, by CSS class and name.
pub const PERCENTILES: [(&str, &str); 3] = [("p99", "p99"), ("p95", "p95"), ("p50", "p50")];

/// The phases of a bucket in order, microseconds.
pub fn phases(bucket: &SeriesBucket) -> [Option<i32>; 6] {
    let mean = &bucket.phases;
    [
        mean.dns_us,
        mean.tcp_us,
        mean.tls_us,
        mean.request_us,
        mean.ttfb_us,
        mean.body_us,
    ]
}

/// The percentiles of a bucket in the order of [`PERCENTILES`].
pub fn percentiles(bucket: &SeriesBucket) -> [Option<i32>; 3] {
    [
        bucket.percentiles.p99_us,
        bucket.percentiles.p95_us,
        bucket.percentiles.p50_us,
    ]
}

/// The greatest value of the scale: a round number above every value that is shown.
pub fn scale_top(series: &Series, mode: Mode) -> i64 {
    let highest = series.buckets.iter().map(|bucket| match mode {
        Mode::Phases => phases(bucket).into_iter().flatten().map(i64::from).sum(),
        Mode::Percentiles => percentiles(bucket)
            .into_iter()
            .flatten()
            .map(i64::from)
            .max()
            .unwrap_or(0),
    });
    round_up(highest.max().unwrap_or(0))
}

/// The next of 1, 2, 3, 4, 6, 8 times a power of ten: each can be divided by the chart's grid. At least 1 ms.
fn round_up(value: i64) -> i64 {
    let mut power = 1_000;
    loop {
        for factor in [1, 2, 3, 4, 6, 8] {
            if factor * power >= value {
                return factor * power;
            }
        }
        power *= 10;
    }
}

/// A value's height in the drawing.
fn y(value: i64, top: i64) -> f64 {
    HEIGHT - value as f64 / top.max(1) as f64 * HEIGHT
}

/// The middle of a bucket.
pub fn x(index: usize, buckets: usize) -> f64 {
    (index as f64 + 0.5) / buckets.max(1) as f64 * WIDTH
}

/// One decimal is a twentieth of a pixel; more only weighs.
fn point(path: &mut String, command: char, x: f64, y: f64) {
    path.push(command);
    path.push_str(&tenths(x));
    path.push(' ');
    path.push_str(&tenths(y));
}

/// Runs of neighbouring buckets that have a value, as ranges.
fn runs(has_value: &[bool]) -> Vec<std::ops::Range<usize>> {
    let mut runs = Vec::new();
    let mut begin = None;
    for (i, &has) in has_value.iter().chain([&false]).enumerate() {
        match (begin, has) {
            (None, true) => begin = Some(i),
            (Some(from), false) => {
                runs.push(from..i);
                begin = None;
            }
            _ => {}
        }
    }
    runs
}

/// The stacked areas of the phases, one path each, lowest first. Buckets without a measured phase leave a hole.
pub fn areas(series: &Series, top: i64) -> [String; 6] {
    let n = series.buckets.len();
    let values: Vec<[Option<i32>; 6]> = series.buckets.iter().map(phases).collect();
    let has_value: Vec<bool> = values
        .iter()
        .map(|phases| phases.iter().any(Option::is_some))
        .collect();
    let below = |i: usize, phase: usize| -> i64 {
        values[i][..phase].iter().flatten().map(|&us| i64::from(us)).sum()
    };
    let mut paths: [String; 6] = Default::default();
    for run in runs(&has_value) {
        for (phase, path) in paths.iter_mut().enumerate() {
            if !values[run.clone()]
                .iter()
                .any(|phases| phases[phase].is_some_and(|us| us > 0))
            {
                continue;
            }
            // A lone bucket is as wide as its slot; a run reaches from slot edge to slot edge.
            let half = WIDTH / n as f64 / 2.0;
            let edge = |i: usize| {
                if i == run.start {
                    x(i, n) - half
                } else if i + 1 == run.end {
                    x(i, n) + half
                } else {
                    x(i, n)
                }
            };
            for (k, i) in run.clone().enumerate() {
                let height = y(below(i, phase + 1), top);
                point(path, if k == 0 { 'M' } else { 'L' }, edge(i), height);
                if run.len() == 1 {
                    point(path, 'L', x(i, n) + half, height);
                }
            }
            for i in run.clone().rev() {
                let height = y(below(i, phase), top);
                if run.len() == 1 {
                    point(path, 'L', x(i, n) + half, height);
                }
                point(path, 'L', edge(i), height);
            }
            path.push('Z');
        }
    }
    paths
}

/// A line through one value of each bucket, with holes where there is none.
pub fn line(series: &Series, top: i64, value: impl Fn(&SeriesBucket) -> Option<i32>) -> String {
    let n = series.buckets.len();
    let values: Vec<Option<i32>> = series.buckets.iter().map(value).collect();
    let has_value: Vec<bool> = values.iter().map(Option::is_some).collect();
    let mut path = String::new();
    for run in runs(&has_value) {
        let lone = run.len() == 1;
        for (k, i) in run.enumerate() {
            let height = y(i64::from(values[i].unwrap_or(0)), top);
            point(&mut path, if k == 0 { 'M' } else { 'L' }, x(i, n), height);
            if lone {
                // A round cap makes a dot of a line without length.
                point(&mut path, 'L', x(i, n) + 0.1, height);
            }
        }
    }
    path
}

/// Marks of the buckets that a condition holds for, as a path of strips of the height of one unit.
pub fn strips(series: &Series, holds: impl Fn(&SeriesBucket) -> bool) -> String {
    let n = series.buckets.len();
    let width = WIDTH / n.max(1) as f64;
    let mut path = String::new();
    for (i, _) in series
        .buckets
        .iter()
        .enumerate()
        .filter(|(_, bucket)| holds(bucket))
    {
        let width_text = tenths(width);
        let _ = write!(
            path,
            "M{} 0h{width_text}v1h-{width_text}z",
            tenths(i as f64 * width)
        );
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;
    use edgewatch_client::series::{MeanPhases, Percentiles};

    fn series(ttfb: &[Option<i32>]) -> Series {
        let at = DateTime::from_timestamp_millis(0).unwrap();
        let buckets = ttfb.iter().map(|&us| SeriesBucket {
            at,
            succeeded: i64::from(us.is_some()),
            failed: i64::from(us.is_none()),
            unmeasured: 0,
            phases: MeanPhases {
                tcp_us: us.map(|us| us / 2),
                ttfb_us: us,
                ..MeanPhases::default()
            },
            percentiles: Percentiles {
                p50_us: us,
                p95_us: us,
                p99_us: us.map(|us| us * 2),
                ..Percentiles::default()
            },
        });
        Series {
            from: at,
            to: at,
            bucket_s: 60,
            level: "raw".to_owned(),
            buckets: buckets.collect(),
            window: Percentiles::default(),
        }
    }

    #[test]
    fn the_scale_is_round_and_above_all() {
        assert_eq!(round_up(0), 1_000);
        assert_eq!(round_up(1_001), 2_000);
        assert_eq!(round_up(45_000), 60_000);
        assert_eq!(round_up(999_999), 1_000_000);
        let series = series(&[Some(10_000), Some(40_000)]);
        assert_eq!(scale_top(&series, Mode::Phases), 60_000);
        assert_eq!(scale_top(&series, Mode::Percentiles), 80_000);
    }

    #[test]
    fn a_hole_parts_an_area_and_a_line() {
        let series = series(&[Some(10), Some(20), None, Some(30)]);
        let areas = areas(&series, 100);
        assert_eq!(areas[4].matches('M').count(), 2);
        assert_eq!(areas[4].matches('Z').count(), 2);
        assert_eq!(areas[0], "", "DNS was not measured");
        assert_eq!(
            line(&series, 100, |bucket| bucket.percentiles.p50_us)
                .matches('M')
                .count(),
            2
        );
    }

    #[test]
    fn areas_stand_on_one_another() {
        let areas = areas(&series(&[Some(100), Some(100)]), 150);
        // TCP from the ground to a third, the first byte from there to the top.
        assert_eq!(areas[1], "M0.0 160.0L1000.0 160.0L1000.0 240.0L0.0 240.0Z");
        assert_eq!(areas[4], "M0.0 0.0L1000.0 0.0L1000.0 160.0L0.0 160.0Z");
    }

    #[test]
    fn strips_mark_the_failed_buckets() {
        let series = series(&[Some(1), None]);
        assert_eq!(
            strips(&series, |bucket| bucket.failed > 0),
            "M500.0 0h500.0v1h-500.0z"
        );
    }
}
