//! What was agreed, and by which rules it is counted.

use crate::{
    calendar::{Unit, period_at, periods, zone},
    canonical::canonical_hash,
    group::GroupRule,
    policy::{Policy, PolicyHistory},
    quorum::Quorum,
    slo::Objective,
    span::Span,
    uptime::{MILLION, Share},
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

const DAY_MS: i64 = 86_400_000;

/// Monitors of one agreement at most.
pub const MONITORS_AT_MOST: usize = 200;

/// Credit tiers of one agreement at most.
pub const CREDITS_AT_MOST: usize = 20;

/// Days of a rolling window.
pub const ROLLING_DAYS: std::ops::RangeInclusive<u16> = 1..=400;

/// What was agreed. All of it is in its [hash](SlaPolicy::hash).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SlaPolicy {
    /// The monitors whose time is promised, by number: 1 to 200, each once, in order.
    pub monitors: Vec<i32>,
    /// Of several monitors: whether all have to be up, or any of them will do.
    #[serde(default)]
    pub rule: GroupRule,
    /// The promised share of the counted time in parts per million, 1 to 999,999: 99.95 % is 999500.
    pub objective_ppm: Objective,
    /// Over what it is judged.
    pub window: SlaWindow,
    /// The zone in which days, months, quarters and years begin and end, by its IANA name.
    pub zone: String,
    /// How time in maintenance counts.
    #[serde(default)]
    pub maintenance: MaintenanceRule,
    /// How time counts of which nothing can be said.
    #[serde(default)]
    pub unknown: UnknownRule,
    /// How time counts in which a monitor was degraded.
    #[serde(default)]
    pub degraded: DegradedRule,
    /// How many of the regions that vote have to see a monitor down; without it, as each monitor is judged otherwise.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub quorum: Option<Quorum>,
    /// What is credited when the promise is not kept: of the tiers under which the share lies, the highest.
    #[serde(default)]
    pub credits: Vec<CreditTier>,
}

/// Over what an agreement is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SlaWindow {
    /// Each calendar month.
    CalendarMonth,
    /// Each three months from January, April, July or October.
    CalendarQuarter,
    /// Each calendar year.
    CalendarYear,
    /// The last so many days, 1 to 400.
    RollingDays(u16),
}

/// How time in maintenance counts in the contractual figure. The strict one counts it by what was measured beneath.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MaintenanceRule {
    /// Not at all.
    #[default]
    Excluded,
    /// By what was measured beneath it.
    Counted,
}

/// How time counts of which nothing can be said, since no region could look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum UnknownRule {
    /// Not at all.
    #[default]
    Excluded,
    /// As if it had been up.
    Available,
    /// As if it had been down.
    Unavailable,
}

/// How time counts in which a monitor was degraded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DegradedRule {
    /// As up.
    #[default]
    Available,
    /// As down.
    Unavailable,
}

/// What is credited when the share lies under a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreditTier {
    /// The bound in parts per million: the credit is due under it, not at it.
    pub below_ppm: i64,
    /// What is credited, in percent of what the window costs: 1 to 100.
    pub percent: u8,
}

/// What is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFault {
    /// Where, as a JSON pointer into the policy.
    pub pointer: String,
    /// A sentence for who wrote it.
    pub detail: String,
}

impl SlaWindow {
    /// The window that a moment lies in, whole; of rolling days, the one that ends then.
    pub fn span_at(self, zone: Tz, at_ms: i64) -> Span {
        match self.unit() {
            Ok(unit) => period_at(zone, unit, at_ms),
            Err(days) => Span::new(at_ms - days * DAY_MS, at_ms),
        }
    }

    /// The windows that have time in common with a period, whole ones, in order; of rolling days, the one that ends with
    /// the period.
    pub fn spans_of(self, zone: Tz, period: Span) -> Vec<Span> {
        match self.unit() {
            Ok(unit) => periods(zone, unit, period).collect(),
            Err(days) => vec![Span::new(period.to_ms - days * DAY_MS, period.to_ms)],
        }
    }

    fn unit(self) -> Result<Unit, i64> {
        match self {
            Self::CalendarMonth => Ok(Unit::Month),
            Self::CalendarQuarter => Ok(Unit::Quarter),
            Self::CalendarYear => Ok(Unit::Year),
            Self::RollingDays(days) => Err(i64::from(days.max(1))),
        }
    }
}

impl SlaPolicy {
    /// The SHA-256 of its canonical JSON (RFC 8785), in lower-case hexadecimal: what a report names it by.
    pub fn hash(&self) -> String {
        // Of whole numbers, names and lists nothing is without a canonical form.
        canonical_hash(self).unwrap_or_default()
    }

    /// Its time zone; UTC where the name is none, which [`SlaPolicy::faults`] tells.
    pub fn zone(&self) -> Tz {
        zone(&self.zone).unwrap_or(Tz::UTC)
    }

    /// By what monitors are judged for it: as always, or by its own quorum.
    pub fn judging(&self, history: &PolicyHistory) -> PolicyHistory {
        let Some(quorum) = self.quorum else {
            return history.clone();
        };
        let entries = history.entries().iter().map(|(from_ms, policy)| {
            let policy = Policy {
                quorum,
                ..policy.clone()
            };
            (*from_ms, policy)
        });
        PolicyHistory::from_entries(entries).unwrap_or_else(|| history.clone())
    }

    /// The credit that is due for a share, in percent: 0 where the promise was kept.
    pub fn credit_percent(&self, share: Share) -> u8 {
        let due = self.credits.iter().filter(|tier| !share.reaches(tier.below_ppm));
        due.map(|tier| tier.percent).max().unwrap_or(0)
    }

    /// All that is wrong with it.
    pub fn faults(&self) -> Vec<PolicyFault> {
        let mut faults = Vec::new();
        let mut fault = |pointer: String, detail: String| faults.push(PolicyFault { pointer, detail });
        let monitors = &self.monitors;
        if monitors.is_empty() || monitors.len() > MONITORS_AT_MOST {
            let detail = format!("has {}, use 1 to {MONITORS_AT_MOST}", monitors.len());
            fault("/monitors".to_owned(), detail);
        }
        for (index, id) in monitors.iter().enumerate() {
            if monitors[..index].contains(id) {
                fault(format!("/monitors/{index}"), format!("names {id} a second time"));
            }
        }
        if let SlaWindow::RollingDays(days) = self.window
            && !ROLLING_DAYS.contains(&days)
        {
            let (low, high) = (ROLLING_DAYS.start(), ROLLING_DAYS.end());
            fault(
                "/window".to_owned(),
                format!("is {days} days, use {low} to {high}"),
            );
        }
        if zone(&self.zone).is_none() {
            let detail = format!("`{}` is no zone: use a name such as Europe/Berlin", self.zone);
            fault("/zone".to_owned(), detail);
        }
        if self.credits.len() > CREDITS_AT_MOST {
            let detail = format!("has {}, use at most {CREDITS_AT_MOST}", self.credits.len());
            fault("/credits".to_owned(), detail);
        }
        for (index, tier) in self.credits.iter().enumerate() {
            if !(1..=MILLION).contains(&tier.below_ppm) {
                let detail = format!("is {}, use 1 to 1000000 parts per million", tier.below_ppm);
                fault(format!("/credits/{index}/below_ppm"), detail);
            }
            if !(1..=100).contains(&tier.percent) {
                let detail = format!("is {}, use 1 to 100", tier.percent);
                fault(format!("/credits/{index}/percent"), detail);
            }
            let same = |other: &CreditTier| other.below_ppm == tier.below_ppm;
            if self.credits[..index].iter().any(same) {
                let detail = format!("says a second time what is due below {}", tier.below_ppm);
                fault(format!("/credits/{index}/below_ppm"), detail);
            }
        }
        faults
    }

    /// The same with monitors and tiers in order, so that what says the same has the same hash.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.monitors.sort_unstable();
        self.credits
            .sort_unstable_by_key(|tier| std::cmp::Reverse(tier.below_ppm));
        self
    }
}
