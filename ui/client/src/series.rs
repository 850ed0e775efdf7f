//! A monitor's latency over time: `GET /api/v1/monitors/{id}/series`, and by other sides: `…/percentiles` (region by region
//! and phase by phase), `…/heatmap` (time by latency) and `…/matrix` (region by time). One query serves them all, and one
//! window of one query has the same figures in each.

use crate::{address::time_text, json_object};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The query.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct SeriesQuery {
    /// From this time on; default 24 hours before `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Before this time; default now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
    /// Of this region alone; default all together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// At most so many buckets, 10 to 1,000, default 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<u16>,
}

impl SeriesQuery {
    /// Its names and values as they stand in an address.
    pub(crate) fn pairs(&self) -> [(&'static str, Option<String>); 4] {
        [
            ("from", self.from.map(time_text)),
            ("to", self.to.map(time_text)),
            ("region", self.region.clone()),
            ("points", self.points.map(|points| points.to_string())),
        ]
    }
}

/// Buckets of equal length from `from` on. Empty buckets are listed too, with a count of 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Series {
    /// Beginning of the first bucket.
    pub from: DateTime<Utc>,
    /// End of the last bucket.
    pub to: DateTime<Utc>,
    /// Length of a bucket.
    pub bucket_s: i64,
    /// What the figures are summed up from: `raw` (single results), `1m`, `1h` or `1d`.
    pub level: String,
    /// The buckets, oldest first.
    pub buckets: Vec<SeriesBucket>,
    /// The percentiles of the whole window.
    pub window: Percentiles,
}

json_object!(Series {
    from,
    to,
    bucket_s,
    level,
    buckets,
    window
});

/// One bucket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeriesBucket {
    /// Beginning.
    pub at: DateTime<Utc>,
    /// Checks that ended up or degraded.
    pub succeeded: i64,
    /// Checks that ended down.
    pub failed: i64,
    /// Checks that could not be measured.
    pub unmeasured: i64,
    /// Mean time per phase of the successful checks, microseconds; `None` where none was measured.
    pub phases: MeanPhases,
    /// Percentiles of the total of the successful checks.
    #[serde(flatten)]
    pub percentiles: Percentiles,
}

json_object!(SeriesBucket { at, succeeded, failed, unmeasured, phases, percentiles [flat] });

/// Mean time per phase in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MeanPhases {
    /// Name lookup.
    pub dns_us: Option<i32>,
    /// TCP connect.
    pub tcp_us: Option<i32>,
    /// TLS handshake.
    pub tls_us: Option<i32>,
    /// Request sent.
    pub request_us: Option<i32>,
    /// First byte.
    pub ttfb_us: Option<i32>,
    /// Body.
    pub body_us: Option<i32>,
}

json_object!(MeanPhases {
    dns_us,
    tcp_us,
    tls_us,
    request_us,
    ttfb_us,
    body_us
});

/// Percentiles in microseconds, over successful checks, at most 2.2 % off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Percentiles {
    /// Median.
    pub p50_us: Option<i32>,
    /// 75th.
    pub p75_us: Option<i32>,
    /// 90th.
    pub p90_us: Option<i32>,
    /// 95th.
    pub p95_us: Option<i32>,
    /// 99th.
    pub p99_us: Option<i32>,
}

json_object!(Percentiles {
    p50_us,
    p75_us,
    p90_us,
    p95_us,
    p99_us
});

/// The percentiles of a window, region by region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PercentileTable {
    /// Beginning of the window.
    pub from: DateTime<Utc>,
    /// Its end.
    pub to: DateTime<Utc>,
    /// What the figures are summed up from: `raw` (single results), `1m`, `1h` or `1d`.
    pub level: String,
    /// All together first, then each region that has results, by name.
    pub rows: Vec<PercentileRow>,
}

json_object!(PercentileTable {
    from,
    to,
    level,
    rows
});

/// The percentiles of a region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PercentileRow {
    /// The region; `None`: all together.
    pub region: Option<String>,
    /// Checks that ended up or degraded.
    pub succeeded: i64,
    /// Checks that ended down.
    pub failed: i64,
    /// Checks that could not be measured.
    pub unmeasured: i64,
    /// Phase by phase in order: name lookup, TCP connect, TLS handshake, request, first byte, body, and the total.
    pub phases: Vec<Percentiles>,
}

json_object!(PercentileRow {
    region,
    succeeded,
    failed,
    unmeasured,
    phases
});

/// How many successful checks took how long, over time. Buckets of time as those of a [`Series`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeatMap {
    /// Beginning of the first bucket.
    pub from: DateTime<Utc>,
    /// End of the last bucket.
    pub to: DateTime<Utc>,
    /// Length of a bucket.
    pub bucket_s: i64,
    /// What the figures are summed up from: `raw` (single results), `1m`, `1h` or `1d`.
    pub level: String,
    /// Where bands of latency begin, in microseconds, two an octave, and where the last one ends: one more than there are
    /// bands. Empty without a successful check.
    pub bands_us: Vec<i32>,
    /// The buckets, oldest first: how many checks lie in each band, the quickest first.
    pub counts: Vec<Vec<i64>>,
}

json_object!(HeatMap {
    from,
    to,
    bucket_s,
    level,
    bands_us,
    counts
});

/// What each region saw over time. Buckets of time as those of a [`Series`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Matrix {
    /// Beginning of the first bucket.
    pub from: DateTime<Utc>,
    /// End of the last bucket.
    pub to: DateTime<Utc>,
    /// Length of a bucket.
    pub bucket_s: i64,
    /// What the figures are summed up from: `raw` (single results), `1m`, `1h` or `1d`.
    pub level: String,
    /// Each region that has results, by name.
    pub rows: Vec<MatrixRow>,
}

json_object!(Matrix {
    from,
    to,
    bucket_s,
    level,
    rows
});

/// What a region saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MatrixRow {
    /// The region.
    pub region: String,
    /// Its buckets, oldest first, empty ones too.
    pub cells: Vec<MatrixCell>,
}

json_object!(MatrixRow { region, cells });

/// What a region saw in a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MatrixCell {
    /// Checks that ended up.
    pub up: i64,
    /// Checks that ended degraded.
    pub degraded: i64,
    /// Checks that ended down.
    pub down: i64,
    /// Checks that could not be measured.
    pub unmeasured: i64,
    /// Median of the total of the successful ones, microseconds.
    pub p50_us: Option<i32>,
}

json_object!(MatrixCell {
    up,
    degraded,
    down,
    unmeasured,
    p50_us
});
