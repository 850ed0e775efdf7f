//! Service level agreements: what was agreed, what is left out of it, and the figures that a report states.
//!
//! [`figures`] is the one place of a report's figures: the aggregator calls it with the stored records, a verifier with
//! records that it has made anew from signed observations, and both get the same [`SlaFigures`] or the report is wrong.
//! So that they do, nothing before the period and nothing after [`SlaPeriod::as_of_ms`] has an influence.
//!
//! How it is counted: first it is said of each monitor what its time counts as ([`SlaPolicy`]'s rules for maintenance,
//! unknown and degraded time, exclusions as maintenance), then the monitors are combined by the group rule, then the
//! time is summed up ([`crate::uptime`]). The strict figure leaves nothing out but what was not measured: neither
//! maintenance nor exclusions. When somebody acknowledged an incident is no observation, and so no part of this.

mod exclusion;
mod figures;
mod judged;
mod outage;
mod policy;

pub use exclusion::Exclusion;
pub use figures::{
    RecordedTime, SlaBudget, SlaDay, SlaFigures, SlaMember, SlaMonitor, SlaPeriod, SlaRegion, SlaTime,
    SlaWindowFigures, figures,
};
pub use judged::{RegionRecord, region_record};
pub use outage::SlaOutage;
pub use policy::{CreditTier, DegradedRule, MaintenanceRule, PolicyFault, SlaPolicy, SlaWindow, UnknownRule};

#[cfg(test)]
mod tests;
