//! Service level objectives: `/api/v1/slos`.

use crate::{json_object, monitor::MonitorState, timeline::UptimeShare};
use chrono::{DateTime, Utc};
pub use edgewatch_domain::{group::GroupRule, slo::Urgency};
use serde::{Deserialize, Serialize};

/// What a user writes: `POST /api/v1/slos`, `PUT /api/v1/slos/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SloSettings {
    /// Shown everywhere; unique, 1 to 100 characters.
    pub name: String,
    /// The monitors whose time is promised, 1 to 50, by number. None may be left only where they were deleted.
    pub monitors: Vec<i32>,
    /// Of several monitors: whether all have to be up, or any of them will do.
    #[serde(default)]
    pub rule: GroupRule,
    /// The promised share of the measured time in parts per million, 1 to 999,999: 99.95 % is 999500.
    pub objective_ppm: i64,
    /// Rolling days until now, 1 to 365; without it, the calendar month.
    #[serde(default)]
    pub window_days: Option<u16>,
    /// The zone in which months begin and end, by its IANA name.
    #[serde(default = "default_zone")]
    pub zone: String,
    /// Whether maintenance counts by what was measured beneath it.
    #[serde(default)]
    pub strict: bool,
}

json_object!(SloSettings {
    name,
    monitors,
    rule [or GroupRule::All],
    objective_ppm,
    window_days [or None],
    zone [or default_zone()],
    strict [or false],
});

/// See [`SloSettings::zone`].
pub fn default_zone() -> String {
    "UTC".to_owned()
}

/// An objective, and how it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Slo {
    /// Its number.
    pub id: i32,
    /// Its settings.
    #[serde(flatten)]
    pub settings: SloSettings,
    /// Its monitors by name and state.
    pub members: Vec<SloMember>,
    /// Beginning of the window.
    pub from: DateTime<Utc>,
    /// End of the window: now, or the end of the month.
    pub to: DateTime<Utc>,
    /// The uptime so far, contractual or strict as the objective is; `None` where nothing was measured: no data.
    pub uptime: Option<UptimeShare>,
    /// The measured share of the window so far in percent.
    pub coverage: Option<String>,
    /// Whether no more was down than the window's budget; `None` is no data.
    pub is_held: Option<bool>,
    /// The error budget.
    pub budget: SloBudget,
    /// How fast the budget was spent over the last 24 hours, in thousandths: at 1000 it lasts exactly as long as the
    /// window. `None` is no data.
    pub burn_rate_thousandths: Option<i64>,
    /// In how many milliseconds the budget is exhausted if it is spent on as over the last 24 hours; 0 where it is by now.
    /// `None` where it is not: nothing is being spent, or the month ends before.
    pub exhausted_in_ms: Option<i64>,
    /// The burn-rate rules, the most urgent first.
    pub alerts: Vec<BurnAlert>,
}

json_object!(Slo {
    id,
    settings [flat],
    members,
    from,
    to,
    uptime,
    coverage,
    is_held,
    budget,
    burn_rate_thousandths,
    exhausted_in_ms,
    alerts,
});

/// A monitor of an objective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SloMember {
    /// The monitor's number.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// Its state now.
    pub state: MonitorState,
}

json_object!(SloMember { id, name, state });

/// The error budget: `(1 − objective) × measured time`, for a calendar month with the days to come taken for measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SloBudget {
    /// The whole of it, milliseconds.
    pub total_ms: i64,
    /// What was down, milliseconds.
    pub spent_ms: i64,
    /// What is left, milliseconds; negative when overspent.
    pub remaining_ms: i64,
    /// What is left in parts per million of the whole; negative when overspent. `None` is no data.
    pub remaining_ppm: Option<i64>,
}

json_object!(SloBudget {
    total_ms,
    spent_ms,
    remaining_ms,
    remaining_ppm
});

/// How a burn-rate rule stands: it alerts while the budget is spent at `threshold_thousandths` or faster over both windows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BurnAlert {
    /// Whom it is for.
    pub urgency: Urgency,
    /// The long window, milliseconds.
    pub long_ms: i64,
    /// The short window, milliseconds: it ends the alert soon after the burning does.
    pub short_ms: i64,
    /// The burn rate from which on it alerts, thousandths.
    pub threshold_thousandths: i64,
    /// The burn rate over the long window, thousandths; `None` is no data.
    pub long_thousandths: Option<i64>,
    /// The burn rate over the short window, thousandths; `None` is no data.
    pub short_thousandths: Option<i64>,
    /// Since when it has alerted, if it does; the beginning of the window, if it did so before.
    pub since: Option<DateTime<Utc>>,
}

json_object!(BurnAlert {
    urgency,
    long_ms,
    short_ms,
    threshold_thousandths,
    long_thousandths,
    short_thousandths,
    since,
});

/// An objective in full.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SloDetail {
    /// The objective, and how it stands.
    #[serde(flatten)]
    pub slo: Slo,
    /// What was left of the budget over the window, oldest first.
    pub burn_down: Vec<BurnDownPoint>,
    /// Outages with time in the window.
    pub outages: i64,
    /// Mean time to recovery, milliseconds: downtime ÷ outages; `None` without an outage.
    pub mttr_ms: Option<i64>,
    /// Mean time between failures, milliseconds: uptime ÷ outages; `None` without an outage.
    pub mtbf_ms: Option<i64>,
    /// Mean time to acknowledge, milliseconds: from the beginning of the incidents of its monitors that began in the
    /// window to their first acknowledgement; `None` if none was acknowledged.
    pub mtta_ms: Option<i64>,
}

json_object!(SloDetail {
    slo [flat],
    burn_down,
    outages,
    mttr_ms,
    mtbf_ms,
    mtta_ms,
});

/// What was left of a budget at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BurnDownPoint {
    /// The moment.
    pub at: DateTime<Utc>,
    /// Milliseconds; negative when overspent.
    pub remaining_ms: i64,
}

json_object!(BurnDownPoint { at, remaining_ms });
