//! Agreements on status pages: which of them editors show and how much, and what the public sees of them.

use crate::{
    json::{FromJson, Json, Unreadable},
    json_object,
    sla::SlaPast,
};
use chrono::{DateTime, Utc};
use edgewatch_domain::sla::{
    DegradedRule, MaintenanceRule, SlaBudget, SlaWindow, SlaWindowFigures, UnknownRule,
};
use serde::{Deserialize, Serialize};

/// An agreement that a status page shows, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PageSla {
    /// The agreement's number. Its name becomes public, with the figures of the window in which we are; one that ends is
    /// shown no more.
    pub sla: i32,
    /// Whether the windows before the current one are shown.
    #[serde(default = "with_history")]
    pub history: bool,
    /// Whether time that was left out by hand is shown, with the reasons, but not with who entered it.
    #[serde(default)]
    pub exclusions: bool,
    /// Whether reports of whole windows that are over can be had.
    #[serde(default)]
    pub reports: PageReports,
}

fn with_history() -> bool {
    true
}

json_object!(PageSla {
    sla,
    history [or with_history()],
    exclusions [or false],
    reports [or PageReports::default()],
});

/// Whether a status page hands out an agreement's reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PageReports {
    /// It does not.
    #[default]
    None,
    /// As files. They name monitors, and say what failed.
    Files,
    /// As files, and with the bundles that they are verified by. Those hold whole batches, with what the same probes saw of
    /// other monitors.
    Bundles,
}

impl PageReports {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::None, Self::Files, Self::Bundles];

    /// The name on the wire and in storage.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Files => "files",
            Self::Bundles => "bundles",
        }
    }

    /// What is not known is not for everybody.
    pub fn from_name(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|reports| reports.as_str() == name);
        found.unwrap_or_default()
    }
}

impl FromJson for PageReports {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        let name = json.text()?;
        let found = Self::ALL.into_iter().find(|reports| reports.as_str() == name);
        found.ok_or(Unreadable::Mismatch)
    }
}

/// An agreement as the public sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicSla {
    /// Its number.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// The newest version, from 1.
    pub version: i32,
    /// The SHA-256 of that version's policy.
    pub hash: String,
    /// The promised share in parts per million.
    pub objective_ppm: i64,
    /// Over what it is judged.
    pub window: SlaWindow,
    /// The zone in which windows begin and end, by its IANA name.
    pub zone: String,
    /// How time in maintenance counts.
    pub maintenance: MaintenanceRule,
    /// How time counts of which nothing can be said.
    pub unknown: UnknownRule,
    /// How degraded time counts.
    pub degraded: DegradedRule,
    /// The figures of the window in which we are; times in milliseconds since the Unix epoch.
    pub figures: SlaWindowFigures,
    /// The share at the window's end in parts per million if nothing more is down; `None` is no data.
    pub best_ppm: Option<i64>,
    /// The last windows, newest first, as far as the page shows them: the current one where windows are those of the
    /// calendar; of rolling days, calendar months that are over.
    pub history: Vec<SlaPast>,
    /// Time that was left out by hand, newest first; `None` where the page does not show it.
    pub exclusions: Option<Vec<PublicExclusion>>,
    /// Reports of whole windows, newest first.
    pub reports: Vec<PublicReport>,
    /// Whether bundles can be had of these.
    pub has_bundles: bool,
}

/// Time that was left out of an agreement by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicExclusion {
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when.
    pub to: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

/// A report that can be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicReport {
    /// Its number.
    pub id: i32,
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when.
    pub to: DateTime<Utc>,
}

/// How a promise stands; everywhere by the same rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromiseState {
    /// Nothing was measured.
    NoData,
    /// It cannot be kept any more.
    Broken,
    /// The share is less than was promised, and may come up to it yet.
    Below,
    /// It is kept, with less than a quarter of the budget left.
    AtRisk,
    /// It is kept.
    Kept,
}

impl PromiseState {
    /// By whether it is held so far, and what is left of its budget.
    pub fn of(is_held: Option<bool>, budget: &SlaBudget) -> Self {
        match (is_held, budget.remaining_ppm) {
            (None, _) => Self::NoData,
            (Some(_), Some(..0)) => Self::Broken,
            (Some(false), _) => Self::Below,
            (Some(true), Some(0..250_000)) => Self::AtRisk,
            (Some(true), _) => Self::Kept,
        }
    }
}
