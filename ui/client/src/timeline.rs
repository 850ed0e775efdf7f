//! The record of a monitor's state and the figures that follow from it: `GET /api/v1/monitors/{id}/timeline` and
//! `GET /api/v1/monitors/{id}/uptime`.

use crate::{address::time_text, json_object, monitor::MonitorState};
use chrono::{DateTime, Utc};
use edgewatch_domain::uptime::{Figures, Measured, Share};
use edgewatch_protocol::name::Region;
use serde::{Deserialize, Serialize};

/// The query of a timeline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct TimelineQuery {
    /// From this time on; default 24 hours before `to`. What was before the monitor's creation is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Before this time; default now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
}

impl TimelineQuery {
    /// Its names and values as they stand in an address.
    pub(crate) fn pairs(&self) -> [(&'static str, Option<String>); 2] {
        [("from", self.from.map(time_text)), ("to", self.to.map(time_text))]
    }
}

/// A stretch of the record, without overlap and without hole, and its figures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Timeline {
    /// Oldest first.
    pub intervals: Vec<TimelineInterval>,
    /// What they come to.
    pub figures: UptimeFigures,
}

json_object!(Timeline { intervals, figures });

/// A stretch of time in one state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TimelineInterval {
    /// The first moment within.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub to: DateTime<Utc>,
    /// The state.
    pub state: MonitorState,
    /// The state beneath maintenance; else the state itself.
    pub measured: MonitorState,
    /// Regions that see it down while the monitor is not.
    pub advisory: Vec<Region>,
    /// The state is known only to have begun after this moment, and at `from` at the latest: between two checks.
    pub earliest: DateTime<Utc>,
}

json_object!(TimelineInterval {
    from,
    to,
    state,
    measured,
    advisory,
    earliest
});

/// The query of the uptime.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
pub struct UptimeQuery {
    /// When the windows end; default, and at the latest, now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
    /// Also period by period: `hour` (the last 48), `day` (90), `week` (53) or `month` (13).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The time zone of periods and of the calendar month, such as `Europe/Berlin`; default `UTC`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

impl UptimeQuery {
    /// Its names and values as they stand in an address.
    pub(crate) fn pairs(&self) -> [(&'static str, Option<String>); 3] {
        [
            ("to", self.to.map(time_text)),
            ("by", self.by.clone()),
            ("zone", self.zone.clone()),
        ]
    }
}

/// The uptime of a monitor over several windows that end at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Uptime {
    /// The shortest first.
    pub windows: Vec<UptimeWindow>,
    /// Period by period, if that is asked for: the earliest first, the last one as far as it is over.
    pub periods: Vec<UptimePeriod>,
}

json_object!(Uptime { windows, periods });

/// An hour, a day, a week or a month.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UptimePeriod {
    /// Its beginning, whether or not the monitor was there.
    pub at: DateTime<Utc>,
    /// Its figures.
    pub figures: UptimeFigures,
}

json_object!(UptimePeriod { at, figures });

/// One window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UptimeWindow {
    /// `24h`, `7d`, `30d`, `90d`, `365d`, or `month`: the calendar month so far.
    pub name: String,
    /// Its figures.
    pub figures: UptimeFigures,
}

json_object!(UptimeWindow { name, figures });

/// What a window of the record comes to. Uptime is time-weighted: `(up + degraded) / (up + degraded + down)`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UptimeFigures {
    /// Beginning of the window, the monitor's creation at the earliest.
    pub from: DateTime<Utc>,
    /// End of the window.
    pub to: DateTime<Utc>,
    /// Maintenance excluded; `None` where nothing was measured: no data.
    pub contractual: Option<UptimeShare>,
    /// Maintenance counted by the state that was measured beneath it.
    pub strict: Option<UptimeShare>,
    /// The measured share of the window in percent; `None` for an empty window.
    pub coverage: Option<String>,
    /// Milliseconds of each state.
    pub up_ms: i64,
    /// Counts as up.
    pub degraded_ms: i64,
    /// Down.
    pub down_ms: i64,
    /// Within maintenance windows.
    pub maintenance_ms: i64,
    /// Nothing could be said.
    pub unknown_ms: i64,
    /// Not checked.
    pub paused_ms: i64,
}

json_object!(UptimeFigures {
    from,
    to,
    contractual,
    strict,
    coverage,
    up_ms,
    degraded_ms,
    down_ms,
    maintenance_ms,
    unknown_ms,
    paused_ms
});

/// An uptime in percent with three decimals, rounded downwards, with its bounds: each edge of an outage is known only to lie
/// between two checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UptimeShare {
    /// As recorded.
    pub percent: String,
    /// The least that it may truly be.
    pub lowest: String,
    /// The most that it may truly be.
    pub highest: String,
}

json_object!(UptimeShare {
    percent,
    lowest,
    highest
});

impl UptimeShare {
    /// `None` where nothing was measured.
    pub fn of(measured: &Measured) -> Option<Self> {
        Some(Self {
            percent: measured.uptime()?.percent(),
            lowest: measured.lowest()?.percent(),
            highest: measured.highest()?.percent(),
        })
    }
}

impl UptimeFigures {
    /// The figures of a window as they are sent and shown.
    pub fn new(from: DateTime<Utc>, to: DateTime<Utc>, figures: &Figures) -> Self {
        Self {
            from,
            to,
            contractual: UptimeShare::of(&figures.contractual),
            strict: UptimeShare::of(&figures.strict),
            coverage: figures.coverage().map(Share::percent),
            up_ms: figures.contractual.up_ms,
            degraded_ms: figures.contractual.degraded_ms,
            down_ms: figures.contractual.down_ms,
            maintenance_ms: figures.maintenance_ms,
            unknown_ms: figures.unknown_ms,
            paused_ms: figures.paused_ms,
        }
    }
}
