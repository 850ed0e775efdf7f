//! A monitor's latency over time: `GET /api/v1/monitors/{id}/series`.

use crate::{client::time_text, json_object};
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
    /// The buckets, oldest first.
    pub buckets: Vec<SeriesBucket>,
    /// The percentiles of the whole window.
    pub window: Percentiles,
}

json_object!(Series {
    from,
    to,
    bucket_s,
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

/// Percentiles of the total in microseconds, over successful checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Percentiles {
    /// Median.
    pub p50_us: Option<i32>,
    /// 95th.
    pub p95_us: Option<i32>,
    /// 99th.
    pub p99_us: Option<i32>,
}

json_object!(Percentiles {
    p50_us,
    p95_us,
    p99_us
});
