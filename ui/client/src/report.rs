//! Reports: `/api/v1/reports`.

use crate::json_by_serde;
use chrono::{DateTime, Utc};
use edgewatch_domain::{
    sla::{SlaFigures, SlaTime},
    slo::MeanTimes,
};
use serde::{Deserialize, Serialize};

/// What a user asks for: `POST /api/v1/reports`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    /// The number of the agreement that it is made under.
    pub sla: i32,
    /// The version of the agreement; without it, the last one that was written before the period's end.
    #[serde(default)]
    pub version: Option<i32>,
    /// From when on: a date, from its beginning in the agreement's zone, or a moment (RFC 3339).
    pub from: String,
    /// Until when, up to 400 days later: a date, to its end in the agreement's zone, or a moment (RFC 3339).
    pub to: String,
    /// Its title, up to 200 characters; without it, the agreement's name and the period.
    #[serde(default)]
    pub title: String,
}

/// What a report would say: `GET /api/v1/reports/preview`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportPreview {
    /// The title that it would have.
    pub title: String,
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when.
    pub to: DateTime<Utc>,
    /// The version of the agreement that it would be made under.
    pub version: i32,
    /// Its figures; times in milliseconds since the Unix epoch.
    pub figures: SlaFigures,
}

/// How far a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReportState {
    /// It is to be made.
    Waiting,
    /// It is being made.
    Running,
    /// It is there.
    Ready,
    /// It could not be made.
    Failed,
}

/// A report, without what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Report {
    /// Its number.
    pub id: i32,
    /// Its title.
    pub title: String,
    /// The number of the agreement that it is made under.
    pub sla: i32,
    /// The agreement's name.
    pub sla_name: String,
    /// The agreement's version.
    pub version: i32,
    /// The hash of that version's policy.
    pub hash: String,
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when.
    pub to: DateTime<Utc>,
    /// The agreement's zone.
    pub zone: String,
    /// Who asked for it, by address.
    pub author: String,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// How far it is.
    pub state: ReportState,
    /// How far it is, in thousandths.
    pub progress: i16,
    /// Why it could not be made.
    pub failure: Option<String>,
    /// When it was there, or had failed.
    pub finished_at: Option<DateTime<Utc>>,
    /// What it says in short, once it is there.
    pub summary: Option<ReportSummary>,
}

/// What a report says in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportSummary {
    /// The period's time.
    pub time: SlaTime,
    /// The objective in parts per million.
    pub objective_ppm: i64,
    /// Whether it was held; `null` is no data.
    pub is_held: Option<bool>,
    /// The outages, and their mean times.
    pub mean_times: MeanTimes,
    /// The credits that are due, in percent, window by window; none where none is.
    pub credits_percent: Vec<u8>,
}

impl ReportSummary {
    /// Of figures.
    pub fn of(figures: &SlaFigures, objective_ppm: i64) -> Self {
        let due = figures.windows.iter().filter(|window| window.credit_is_due);
        Self {
            time: figures.time,
            objective_ppm,
            is_held: figures.is_held,
            mean_times: figures.mean_times,
            credits_percent: due.filter_map(|window| window.credit_percent).collect(),
        }
    }
}

json_by_serde!(Report, ReportPreview);
