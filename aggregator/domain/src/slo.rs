//! Service level objectives: budget, burn rate, alerts and forecast, and the mean times of outages.
//!
//! After the SRE Workbook, chapter 5 ("Alerting on SLOs"). Objectives are whole parts per million; budgets are fractions
//! of the measured time, compared exactly and rounded only to be shown.

mod course;

pub use course::{alerting_since_ms, burn_down, counted_strictly};

use crate::{
    calendar::{Unit, period_at},
    incident::outages,
    span::Span,
    state::MonitorState,
    timeline::StateInterval,
    uptime::{Figures, MILLION, Measured},
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Over what an objective is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SloWindow {
    /// So many days until now.
    RollingDays(u16),
    /// The calendar month, in the report's time zone.
    CalendarMonth,
}

impl SloWindow {
    /// The whole window at a moment: up to it, or the month to its end.
    pub fn span_at(self, zone: Tz, now_ms: i64) -> Span {
        match self {
            Self::RollingDays(days) => Span::new(now_ms - i64::from(days.max(1)) * DAY_MS, now_ms),
            Self::CalendarMonth => period_at(zone, Unit::Month, now_ms),
        }
    }
}

/// What share of the measured time is promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "i64", into = "i64")]
pub struct Objective(i64);

impl Objective {
    /// The least that can be promised.
    pub const LEAST: Self = Self(1);

    /// In parts per million: 1 to 999,999, so that there is a budget. 99.95 % is 999,500.
    pub fn from_parts_per_million(parts: i64) -> Option<Self> {
        (1..MILLION).contains(&parts).then_some(Self(parts))
    }

    /// In parts per million.
    pub fn parts_per_million(self) -> i64 {
        self.0
    }

    /// What may be bad, in parts per million.
    fn allowed(self) -> i64 {
        MILLION - self.0
    }
}

impl TryFrom<i64> for Objective {
    type Error = &'static str;

    fn try_from(parts: i64) -> Result<Self, Self::Error> {
        Self::from_parts_per_million(parts).ok_or("an objective is 1 to 999999 parts per million")
    }
}

impl From<Objective> for i64 {
    fn from(objective: Objective) -> Self {
        objective.0
    }
}

/// The error budget: `(1 − objective) × measured`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// What is promised.
    pub objective: Objective,
    /// Milliseconds measured in the window.
    pub measured_ms: i64,
    /// Milliseconds down.
    pub down_ms: i64,
}

impl Budget {
    /// The budget of a measured time.
    pub fn of(objective: Objective, measured: &Measured) -> Self {
        Self {
            objective,
            measured_ms: measured.total_ms(),
            down_ms: measured.down_ms,
        }
    }

    /// As it will be when `rest_ms` more have been measured and nothing more is down: the rest of a calendar month.
    #[must_use]
    pub fn with_rest(self, rest_ms: i64) -> Self {
        Self {
            measured_ms: self.measured_ms + rest_ms.max(0),
            ..self
        }
    }

    /// The whole budget in milliseconds, rounded downwards.
    pub fn total_ms(self) -> i64 {
        self.total_millionths().div_euclid(i128::from(MILLION)) as i64
    }

    /// What is left in milliseconds, rounded downwards; negative when more was spent than there was.
    pub fn remaining_ms(self) -> i64 {
        self.remaining_millionths().div_euclid(i128::from(MILLION)) as i64
    }

    /// What is left of the budget in parts per million of it, rounded downwards; negative when overspent. `None` is "no
    /// data".
    pub fn remaining_parts_per_million(self) -> Option<i64> {
        let total = self.total_millionths();
        (total > 0).then(|| (self.remaining_millionths() * i128::from(MILLION)).div_euclid(total) as i64)
    }

    /// Whether the objective is held: no more was down than the budget. Exact; `None` is "no data".
    pub fn is_held(self) -> Option<bool> {
        (self.measured_ms > 0).then(|| self.remaining_millionths() >= 0)
    }

    fn total_millionths(self) -> i128 {
        i128::from(self.measured_ms) * i128::from(self.objective.allowed())
    }

    fn remaining_millionths(self) -> i128 {
        self.total_millionths() - i128::from(self.down_ms) * i128::from(MILLION)
    }
}

/// How fast a budget is spent: the bad fraction ÷ (1 − objective). At 1, it lasts exactly as long as the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BurnRate {
    bad: i128,
    allowed: i128,
}

impl BurnRate {
    /// Over what was measured; `None` is "no data".
    pub fn of(objective: Objective, measured: &Measured) -> Option<Self> {
        let measured_ms = measured.total_ms();
        (measured_ms > 0).then(|| Self {
            bad: i128::from(measured.down_ms) * i128::from(MILLION),
            allowed: i128::from(measured_ms) * i128::from(objective.allowed()),
        })
    }

    /// In thousandths, rounded downwards.
    pub fn thousandths(self) -> i64 {
        (self.bad * 1_000).div_euclid(self.allowed) as i64
    }

    /// Whether it is at least so many thousandths: exact.
    pub fn reaches(self, thousandths: i64) -> bool {
        self.bad * 1_000 >= self.allowed * i128::from(thousandths)
    }
}

/// Whom an alert is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Somebody has to act now.
    Page,
    /// Somebody has to act within days.
    Ticket,
}

/// A rule of the SRE Workbook, table 5-8: an alert while the budget burns at the factor over both windows. The short one
/// ends the alert soon after the burning does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BurnRule {
    /// Whom it is for.
    pub urgency: Urgency,
    /// The share of the budget that is spent when it alerts, in thousandths.
    pub budget_thousandths: i64,
    /// The long window in milliseconds.
    pub long_ms: i64,
    /// The short window in milliseconds.
    pub short_ms: i64,
}

/// The rules, the most urgent first. Over 30 days their factors are 14.4, 6, 3 and 1.
pub const BURN_RULES: [BurnRule; 4] = [
    BurnRule::new(Urgency::Page, 20, HOUR_MS, 5 * MINUTE_MS),
    BurnRule::new(Urgency::Page, 50, 6 * HOUR_MS, 30 * MINUTE_MS),
    BurnRule::new(Urgency::Ticket, 100, DAY_MS, 2 * HOUR_MS),
    BurnRule::new(Urgency::Ticket, 100, 3 * DAY_MS, 6 * HOUR_MS),
];

impl BurnRule {
    const fn new(urgency: Urgency, budget_thousandths: i64, long_ms: i64, short_ms: i64) -> Self {
        Self {
            urgency,
            budget_thousandths,
            long_ms,
            short_ms,
        }
    }

    /// The burn rate from which on it alerts, in thousandths: the one that spends the rule's share of the budget of a
    /// window of this length within the long window. At least 1, since less never exhausts a budget.
    pub fn factor_thousandths(self, window_ms: i64) -> i64 {
        (self.budget_thousandths * window_ms / self.long_ms).max(1_000)
    }
}

/// How a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BurnAlert {
    /// The rule.
    pub rule: BurnRule,
    /// The burn rate from which on it alerts, in thousandths.
    pub factor_thousandths: i64,
    /// The burn rate over the long window; `None` is "no data".
    pub long: Option<BurnRate>,
    /// The burn rate over the short window; `None` is "no data".
    pub short: Option<BurnRate>,
    /// Whether it alerts.
    pub alerts: bool,
}

/// How the rules stand at a moment for an objective over a window of this length, by the contractual figures.
pub fn burn_alerts(
    objective: Objective,
    window_ms: i64,
    record: &[StateInterval],
    now_ms: i64,
) -> [BurnAlert; 4] {
    BURN_RULES.map(|rule| {
        let burn = |ms| {
            BurnRate::of(
                objective,
                &Figures::of(record, Span::new(now_ms - ms, now_ms)).contractual,
            )
        };
        let (long, short) = (burn(rule.long_ms), burn(rule.short_ms));
        let factor_thousandths = rule.factor_thousandths(window_ms);
        let reaches = |burn: Option<BurnRate>| burn.is_some_and(|burn| burn.reaches(factor_thousandths));
        BurnAlert {
            rule,
            factor_thousandths,
            long,
            short,
            alerts: reaches(long) && reaches(short),
        }
    })
}

/// In how many milliseconds a budget is exhausted if it is spent on as over the `recent` time: 0 where it is by now, `None`
/// where nothing is being spent. For a calendar month, give the budget [with the rest of the month](Budget::with_rest), and
/// take what lies beyond the month for never. For a rolling window this is the soonest: spending that leaves the window
/// comes back.
pub fn exhausted_in_ms(budget: Budget, recent: &Measured) -> Option<i64> {
    let remaining = budget.remaining_millionths();
    if remaining <= 0 {
        return (budget.measured_ms > 0).then_some(0);
    }
    let spent = i128::from(recent.down_ms) * i128::from(MILLION);
    (spent > 0).then(|| {
        let ms = remaining * i128::from(recent.total_ms()) / spent;
        i64::try_from(ms).unwrap_or(i64::MAX)
    })
}

/// Mean times over a window. Milliseconds, rounded downwards; `None` without an outage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MeanTimes {
    /// Outages with time in the window.
    pub outages: i64,
    /// To recovery: downtime ÷ outages.
    pub mttr_ms: Option<i64>,
    /// Between failures: uptime ÷ outages.
    pub mtbf_ms: Option<i64>,
}

impl MeanTimes {
    /// Those of a window over a record, by the contractual figures.
    pub fn of(record: &[StateInterval], window: Span) -> Self {
        let measured = Figures::of(record, window).contractual;
        let down = |span: Span| {
            let within = record.iter().filter(|i| i.state == MonitorState::Down);
            let within = within.map(|i| i.span().intersection(span).intersection(window));
            within.map(Span::length_ms).sum::<i64>()
        };
        let outages = outages(record)
            .into_iter()
            .filter(|outage| !outage.span().intersection(window).is_empty() && down(outage.span()) > 0);
        let outages = outages.count() as i64;
        Self {
            outages,
            mttr_ms: measured.down_ms.checked_div(outages),
            mtbf_ms: (measured.up_ms + measured.degraded_ms).checked_div(outages),
        }
    }
}

/// The mean time to acknowledge, in milliseconds, of incidents given by their start and first acknowledgement, both in
/// milliseconds since the Unix epoch. `None` if none was acknowledged.
pub fn mtta_ms(incidents: impl IntoIterator<Item = (i64, Option<i64>)>) -> Option<i64> {
    let (mut sum_ms, mut count) = (0, 0);
    for (start_ms, acknowledged_ms) in incidents {
        if let Some(acknowledged_ms) = acknowledged_ms {
            sum_ms += (acknowledged_ms - start_ms).max(0);
            count += 1;
        }
    }
    (count > 0).then(|| sum_ms / count)
}

#[cfg(test)]
mod tests;
