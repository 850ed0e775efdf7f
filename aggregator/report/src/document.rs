//! What a report says, as data: the figures of [`edgewatch_domain::sla`], with the names, causes and links that make them
//! readable.
//!
//! This is also the JSON form of a report. Its schema is described in `docs/reports.md`; [`SCHEMA`] changes with it. Times
//! of figures are milliseconds since the Unix epoch, other moments RFC 3339.

use chrono::{DateTime, Utc};
use edgewatch_domain::sla::{Exclusion, SlaFigures, SlaPolicy};
use serde::{Deserialize, Serialize};

/// The name of the schema that documents are of.
pub const SCHEMA: &str = "edgewatch-report/1";

/// A report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportDocument {
    /// [`SCHEMA`].
    pub schema: String,
    /// The number of the report.
    pub id: i32,
    /// Its title.
    pub title: String,
    /// When the figures were made.
    pub generated_at: DateTime<Utc>,
    /// The version of Edgewatch that made them.
    pub software: String,
    /// The agreement that it is made under.
    pub contract: ReportContract,
    /// The figures; their monitors and outages are named below.
    pub figures: SlaFigures,
    /// What was left out by hand, in order.
    pub exclusions: Vec<Exclusion>,
    /// The monitors, in the order of the figures'.
    pub monitors: Vec<ReportMonitor>,
    /// What the outages were, in the order of the figures'.
    pub outages: Vec<ReportOutage>,
    /// The incidents with time in the period, in order.
    pub incidents: Vec<ReportIncident>,
    /// The mean time from the beginning of incidents to their first acknowledgement, in milliseconds; `null` where none was
    /// acknowledged. Unlike the figures, it cannot be recomputed from observations.
    pub mtta_ms: Option<i64>,
    /// How long checks took.
    pub latency: ReportLatency,
    /// Where more is to be found.
    pub links: ReportLinks,
}

/// An agreement as it was when the report was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportContract {
    /// Its number.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// What it says of itself, if anything.
    pub description: Option<String>,
    /// The version of its policy, from 1.
    pub version: i32,
    /// Its policy; the figures name its hash.
    pub policy: SlaPolicy,
}

/// A monitor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportMonitor {
    /// Its number.
    pub id: i32,
    /// Its name.
    pub name: String,
}

/// What there is to say of an outage beside its times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportOutage {
    /// What was wrong, in a sentence, if it is known.
    pub cause: Option<String>,
    /// Where the evidence is shown.
    pub evidence_url: Option<String>,
}

/// An incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportIncident {
    /// Its number.
    pub id: i64,
    /// What it is about.
    pub title: String,
    /// How grave it was, in the word that incidents have for it.
    pub severity: String,
    /// When it began.
    pub opened_at: DateTime<Utc>,
    /// When somebody took it on first.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// When it was over.
    pub resolved_at: Option<DateTime<Utc>>,
    /// The monitors of the agreement that it was about, by number.
    pub monitors: Vec<i32>,
    /// Where it is shown.
    pub url: Option<String>,
}

/// How long checks took over the period.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportLatency {
    /// The whole check, of all monitors and regions, for each of the figures' days; empty where nothing was kept of it.
    pub days: Vec<LatencyPercentiles>,
    /// By region and phase.
    pub regions: Vec<LatencyRow>,
    /// By monitor, the whole check.
    pub monitors: Vec<LatencyRow>,
}

/// Percentiles of a monitor, a region or a phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LatencyRow {
    /// The monitor, by number; all, if none is named.
    pub monitor: Option<i32>,
    /// The region; all, if none is named.
    pub region: Option<String>,
    /// The phase (`dns`, `tcp`, `tls`, `request`, `ttfb`, `body`) or `total`.
    pub phase: String,
    /// The percentiles.
    pub percentiles: LatencyPercentiles,
}

/// Percentiles of measured times in µs, at most 2.2 % off; `null` where nothing was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LatencyPercentiles {
    /// How many checks were measured.
    pub checks: i64,
    /// The median.
    pub p50_us: Option<i32>,
    /// Of twenty checks, nineteen took no longer.
    pub p95_us: Option<i32>,
    /// Of a hundred checks, ninety-nine took no longer.
    pub p99_us: Option<i32>,
}

/// Where more is to be found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportLinks {
    /// The report itself.
    pub report: Option<String>,
    /// The page on which a bundle is verified in a browser.
    pub verify: Option<String>,
}

impl ReportDocument {
    /// The name of a monitor; its number, if it has none here.
    pub fn monitor_name(&self, id: i32) -> String {
        let named = self.monitors.iter().find(|monitor| monitor.id == id);
        named.map_or_else(|| format!("monitor {id}"), |monitor| monitor.name.clone())
    }
}
