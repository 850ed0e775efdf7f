//! Time that is left out of an agreement by hand.

use crate::span::{Span, SpanSet};
use serde::{Deserialize, Serialize};

/// A stretch of time that does not count for the contractual figure: who said so, when, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// Its number.
    pub id: i32,
    /// The first millisecond left out, since the Unix epoch.
    pub from_ms: i64,
    /// The first millisecond after it, since the Unix epoch.
    pub to_ms: i64,
    /// The monitors that it is for, by number; empty: all of the agreement.
    #[serde(default)]
    pub monitors: Vec<i32>,
    /// Why.
    pub reason: String,
    /// Who entered it.
    pub author: String,
    /// When it was entered, in milliseconds since the Unix epoch.
    pub entered_ms: i64,
}

impl Exclusion {
    /// The time it takes.
    pub fn span(&self) -> Span {
        Span::new(self.from_ms, self.to_ms)
    }

    /// Whether it is for a monitor.
    pub fn concerns(&self, monitor: i32) -> bool {
        self.monitors.is_empty() || self.monitors.contains(&monitor)
    }
}

/// What is left out of a monitor's time.
pub(super) fn excluded(exclusions: &[Exclusion], monitor: i32) -> SpanSet {
    let concerning = exclusions.iter().filter(|exclusion| exclusion.concerns(monitor));
    concerning.map(Exclusion::span).collect()
}
