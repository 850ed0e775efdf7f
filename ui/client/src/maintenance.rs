//! Maintenance windows: `/api/v1/maintenance`.

use crate::{address::time_text, json_by_serde, json_object};
use chrono::{DateTime, Utc};
use edgewatch_domain::maintenance::Schedule;
use serde::{Deserialize, Serialize};

/// What a user writes: `POST /api/v1/maintenance`, `PUT /api/v1/maintenance/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MaintenanceSettings {
    /// Shown everywhere, 1 to 100 characters.
    pub name: String,
    /// What is done, at most 1,000 characters.
    #[serde(default)]
    pub note: String,
    /// When it takes place.
    pub schedule: MaintenanceSchedule,
    /// What it is for.
    pub scope: MaintenanceScope,
}

json_object!(MaintenanceSettings { name, note [or String::new()], schedule, scope });

/// When a maintenance takes place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum MaintenanceSchedule {
    /// Once.
    Once {
        /// The first moment within, at most a day ago.
        from: DateTime<Utc>,
        /// The first moment after it, in the future.
        to: DateTime<Utc>,
    },
    /// Again and again.
    Recurring {
        /// The IANA name of the time zone, such as `Europe/Berlin`.
        zone: String,
        /// The local date and time of the first, such as `2026-11-01T02:30`: the rule counts from it.
        start: String,
        /// Minutes, 1 to 10,080.
        duration_min: u32,
        /// A recurrence rule (RFC 5545), such as `FREQ=WEEKLY;BYDAY=SU`: `FREQ` `DAILY`, `WEEKLY` or `MONTHLY`,
        /// `INTERVAL`, `BYDAY`, `BYMONTHDAY`, `UNTIL` (a date) or `COUNT`.
        rule: String,
    },
}

json_by_serde!(MaintenanceSchedule);

impl From<&MaintenanceSchedule> for Schedule {
    fn from(schedule: &MaintenanceSchedule) -> Self {
        match schedule {
            MaintenanceSchedule::Once { from, to } => Self::Once {
                from_ms: from.timestamp_millis(),
                to_ms: to.timestamp_millis(),
            },
            MaintenanceSchedule::Recurring {
                zone,
                start,
                duration_min,
                rule,
            } => Self::Recurring {
                zone: zone.clone(),
                start: start.clone(),
                duration_min: *duration_min,
                rule: rule.clone(),
            },
        }
    }
}

impl From<&Schedule> for MaintenanceSchedule {
    fn from(schedule: &Schedule) -> Self {
        let at = |ms| DateTime::from_timestamp_millis(ms).unwrap_or_default();
        match schedule {
            &Schedule::Once { from_ms, to_ms } => Self::Once {
                from: at(from_ms),
                to: at(to_ms),
            },
            Schedule::Recurring {
                zone,
                start,
                duration_min,
                rule,
            } => Self::Recurring {
                zone: zone.clone(),
                start: start.clone(),
                duration_min: *duration_min,
                rule: rule.clone(),
            },
        }
    }
}

/// What a maintenance is for; one of these at least.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub struct MaintenanceScope {
    /// All monitors.
    pub everything: bool,
    /// Monitors, by number.
    pub monitors: Vec<i32>,
    /// Monitors that carry one of these tags, while they carry it.
    pub tags: Vec<String>,
    /// Components and groups of status pages, by number: monitors that are in one of them, while they are.
    pub groups: Vec<i32>,
    /// Status pages, by number: monitors that one of them shows, while it does.
    pub pages: Vec<i32>,
}

json_object!(MaintenanceScope {
    everything [or false],
    monitors [or Vec::new()],
    tags [or Vec::new()],
    groups [or Vec::new()],
    pages [or Vec::new()],
});

/// A maintenance as answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Maintenance {
    /// Number.
    pub id: i32,
    /// Grows with each change.
    pub revision: i32,
    /// The settings; of one that was removed, those that it had.
    #[serde(flatten)]
    pub settings: MaintenanceSettings,
    /// Whether it can still be changed: it is open, or will be.
    pub status: MaintenanceStatus,
    /// The window that is open now, or else the next one, if there is one.
    pub next: Option<MaintenanceWindow>,
    /// The windows within the range that was asked for, as they take place or took place.
    pub windows: Vec<MaintenanceWindow>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// How it was changed, oldest first. In the answer about this one alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<MaintenanceChange>,
}

json_object!(Maintenance {
    id,
    revision,
    settings [flat],
    status,
    next,
    windows,
    created_at,
    history [or Vec::new()],
});

/// Where a maintenance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MaintenanceStatus {
    /// A window is open.
    Open,
    /// A window is to come.
    Planned,
    /// None is to come.
    Over,
}

json_by_serde!(MaintenanceStatus);

/// A window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MaintenanceWindow {
    /// The first moment within.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub to: DateTime<Utc>,
}

json_object!(MaintenanceWindow { from, to });

/// A change of a maintenance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MaintenanceChange {
    /// When.
    pub at: DateTime<Utc>,
    /// The address of who did it, if that user is still there.
    pub by: Option<String>,
    /// What was done.
    pub kind: MaintenanceChangeKind,
    /// The settings from then on.
    pub settings: MaintenanceSettings,
}

json_object!(MaintenanceChange {
    at,
    by,
    kind,
    settings
});

/// What was done to a maintenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MaintenanceChangeKind {
    /// It was made.
    Created,
    /// Its settings were changed.
    Changed,
    /// The open window was ended.
    Ended,
    /// It was removed.
    Removed,
}

json_by_serde!(MaintenanceChangeKind);

/// The query of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct MaintenanceQuery {
    /// Windows that end after this time; default now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Windows that begin before this time; default 31 days after `from`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
}

impl MaintenanceQuery {
    /// Its names and values as they stand in an address.
    pub(crate) fn pairs(self) -> [(&'static str, Option<String>); 2] {
        [("from", self.from.map(time_text)), ("to", self.to.map(time_text))]
    }
}
