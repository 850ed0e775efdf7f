//! Reports that are made and mailed regularly: `/api/v1/report-schedules`; and links by which a report is shared.

use crate::json_by_serde;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A form of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    /// One HTML file.
    Html,
    /// To be read and archived.
    #[default]
    Pdf,
    /// One table.
    Csv,
    /// A spreadsheet with several sheets and charts.
    Xlsx,
    /// The document itself.
    Json,
}

impl ReportFormat {
    /// All of them, by their number in storage.
    pub const ALL: [Self; 5] = [Self::Html, Self::Pdf, Self::Csv, Self::Xlsx, Self::Json];

    /// The name on the wire, which is also the ending of a file's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Json => "json",
        }
    }

    /// The format of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// The media type of its files.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Pdf => "application/pdf",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Json => "application/json",
        }
    }
}

/// How often a report is made, each of the period that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReportRhythm {
    /// Each day.
    Daily,
    /// Each week, from Monday.
    Weekly,
    /// Each month.
    Monthly,
    /// Each three months from January, April, July and October.
    Quarterly,
}

impl ReportRhythm {
    /// All of them, by their number in storage.
    pub const ALL: [Self; 4] = [Self::Daily, Self::Weekly, Self::Monthly, Self::Quarterly];
}

/// What a user writes: `POST /api/v1/report-schedules`, `PUT /api/v1/report-schedules/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReportScheduleSettings {
    /// The number of the agreement.
    pub sla: i32,
    /// How often.
    pub rhythm: ReportRhythm,
    /// In which form.
    #[serde(default)]
    pub format: ReportFormat,
    /// Whether the file is attached to the mail; else there is a link in it that is good for 30 days.
    #[serde(default = "attached")]
    pub attached: bool,
    /// Whether there is a link to the bundle in the mail that the report is verified by, good for 30 days. Whole batches are
    /// in it, with what the same probes saw of other monitors.
    #[serde(default)]
    pub bundle: bool,
    /// Whom it is mailed to: 1 to 20 addresses.
    pub recipients: Vec<String>,
}

fn attached() -> bool {
    true
}

/// A schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportSchedule {
    /// Its number.
    pub id: i32,
    /// Its settings.
    #[serde(flatten)]
    pub settings: ReportScheduleSettings,
    /// The agreement's name.
    pub sla_name: String,
    /// Who wrote it last, by address.
    pub author: String,
    /// When the next report is made.
    pub next_at: DateTime<Utc>,
    /// What became of its last report; none before the first.
    pub last: Option<ScheduledReport>,
}

/// A report that a schedule had made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ScheduledReport {
    /// The report's number.
    pub report: i32,
    /// To how many it was sent.
    pub sent: i64,
    /// To how many it is still to be sent.
    pub waiting: i64,
    /// To how many it could not be sent.
    pub refused: i64,
    /// Why somebody did not get it, or has not yet.
    pub failure: Option<String>,
}

/// For how long a link is to be good: `POST /api/v1/reports/{id}/links`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReportLinkRequest {
    /// Days, 1 to 365; 30 unless given.
    #[serde(default = "link_days")]
    pub days: u16,
    /// Whether the link gives the bundle, too, that the report is verified by. Whole batches are in it, with what the same
    /// probes saw of other monitors.
    #[serde(default)]
    pub bundle: bool,
}

fn link_days() -> u16 {
    30
}

/// A link by which whoever has it reads a report, without an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportLink {
    /// The report as a page; `/pdf`, `/xlsx`, `/csv` or `/json` at its end gives it as a file, `/bundle` the bundle where
    /// the link gives it.
    pub url: String,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

json_by_serde!(ReportSchedule);
