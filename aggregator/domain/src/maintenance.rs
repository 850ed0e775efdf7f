//! Maintenance windows: once, or recurring by the calendar of a time zone, and the spans of time that they cover.
//!
//! A recurrence is a subset of RFC 5545's recurrence rules, in their own words:
//! `FREQ=DAILY|WEEKLY|MONTHLY`, `INTERVAL`, `BYDAY` (`MO`, monthly also `1SU` or `-1FR`), `BYMONTHDAY` (1 to 31, or -1
//! to -31 from the end), `UNTIL` (a date, the last one included) or `COUNT`. Weeks begin on Monday. Months without the
//! day have no window.
//!
//! Change of clocks (RFC 5545, section 3.3.5): a window at 02:30 begins at 03:30 in the night in which that hour is
//! skipped, and at the first 02:30 in the night in which it comes twice. Its duration is exact.

mod history;
mod rule;

use crate::{
    calendar::{local_ms, local_time, zone},
    span::{Span, SpanSet},
};
use chrono::{Days, NaiveDate, NaiveDateTime};
pub use history::{Occurrence, Version, occurrences};
pub use rule::{MAX_COUNT, MAX_INTERVAL, Rule};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The shortest and the longest window, in minutes: up to a week.
pub const DURATION_MIN: std::ops::RangeInclusive<u32> = 1..=7 * 24 * 60;

/// The longest range into which a recurrence is expanded, in milliseconds: eleven years.
pub const MAX_RANGE_MS: i64 = 11 * 366 * 86_400_000;

/// When a maintenance window takes place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// Once.
    Once {
        /// Milliseconds since the Unix epoch.
        from_ms: i64,
        /// Milliseconds since the Unix epoch.
        to_ms: i64,
    },
    /// Again and again.
    Recurring {
        /// The IANA name of the time zone, such as `Europe/Berlin`.
        zone: String,
        /// The local date and time of the first, such as `2026-11-01T02:30`: the rule counts from it.
        start: String,
        /// Minutes, see [`DURATION_MIN`].
        duration_min: u32,
        /// The recurrence, such as `FREQ=WEEKLY;BYDAY=SU`.
        rule: String,
    },
}

/// What is wrong with a schedule: the field, and what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleError {
    /// The name of the field.
    pub field: &'static str,
    /// A sentence for who wrote it.
    pub message: String,
}

impl ScheduleError {
    fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field,
            message: message.into(),
        }
    }
}

impl std::fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

impl std::error::Error for ScheduleError {}

/// A schedule that is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Once(Span),
    Recurring {
        zone: chrono_tz::Tz,
        start: NaiveDateTime,
        duration_ms: i64,
        rule: Rule,
    },
}

impl Schedule {
    /// Checks it, and tells all that is wrong.
    pub fn parse(&self) -> Result<Windows, Vec<ScheduleError>> {
        match self {
            &Self::Once { from_ms, to_ms } if from_ms < to_ms => {
                Ok(Windows(Kind::Once(Span::new(from_ms, to_ms))))
            }
            Self::Once { .. } => Err(vec![ScheduleError::new("to_ms", "must be after the beginning")]),
            Self::Recurring {
                zone: zone_name,
                start,
                duration_min,
                rule,
            } => {
                let mut errors = Vec::new();
                let mut keep = |error: ScheduleError| errors.push(error);
                let zone = zone(zone_name);
                if zone.is_none() {
                    let message = "must be the IANA name of a time zone, such as `Europe/Berlin`";
                    keep(ScheduleError::new("zone", message));
                }
                let start = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
                    .iter()
                    .find_map(|format| NaiveDateTime::parse_from_str(start, format).ok());
                if start.is_none() {
                    let message = "must be a local date and time, such as `2026-11-01T02:30`";
                    keep(ScheduleError::new("start", message));
                }
                if !DURATION_MIN.contains(duration_min) {
                    let (least, most) = (DURATION_MIN.start(), DURATION_MIN.end());
                    keep(ScheduleError::new(
                        "duration_min",
                        format!("must be {least} to {most} minutes"),
                    ));
                }
                let rule = rule.parse::<Rule>();
                if let Err(message) = &rule {
                    keep(ScheduleError::new("rule", message));
                }
                match (zone, start, rule) {
                    (Some(zone), Some(start), Ok(rule)) if errors.is_empty() => {
                        Ok(Windows(Kind::Recurring {
                            zone,
                            start,
                            duration_ms: i64::from(*duration_min) * 60_000,
                            rule,
                        }))
                    }
                    _ => Err(errors),
                }
            }
        }
    }
}

impl Windows {
    /// What the windows cover within a range; windows that overlap or touch are one span.
    pub fn spans(&self, range: Span) -> SpanSet {
        self.occurrences(range)
            .into_iter()
            .collect::<SpanSet>()
            .within(range)
    }

    /// The windows that have time in common with a range, whole, in order. Of a recurrence no more than
    /// [`MAX_RANGE_MS`] of the range is looked at.
    pub fn occurrences(&self, range: Span) -> Vec<Span> {
        let overlaps = |span: &Span| !span.intersection(range).is_empty();
        match &self.0 {
            Kind::Once(span) => Some(*span).filter(overlaps).into_iter().collect(),
            Kind::Recurring {
                zone,
                start,
                duration_ms,
                rule,
            } => {
                let range_end_ms = range.to_ms.min(range.from_ms.saturating_add(MAX_RANGE_MS));
                // A window may begin before the range, and a change of clocks moves it by hours.
                let day = |at_ms: i64| local_time(*zone, at_ms).date();
                let before = day(range.from_ms.saturating_sub(*duration_ms));
                let from = before.checked_sub_days(Days::new(2)).unwrap_or(before);
                let after = day(range_end_ms);
                let to = after.checked_add_days(Days::new(1)).unwrap_or(after);
                let window = |date: NaiveDate| {
                    let from_ms = local_ms(*zone, date.and_time(start.time()));
                    Span::new(from_ms, from_ms + duration_ms)
                };
                let dates = rule.dates(start.date(), from, to);
                dates.map(window).filter(overlaps).collect()
            }
        }
    }
}

/// What a maintenance window is for. Nothing named is nothing; `everything` is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    /// All monitors.
    pub everything: bool,
    /// Monitors, by number.
    pub monitors: BTreeSet<i32>,
    /// Tags: monitors that carry one of them.
    pub tags: BTreeSet<String>,
    /// Groups, by number: monitors that belong to one of them.
    pub groups: BTreeSet<i32>,
    /// Status pages, by number: monitors that are shown on one of them.
    pub pages: BTreeSet<i32>,
}

/// Where a monitor belongs.
#[derive(Clone, Copy, Debug)]
pub struct Membership<'a> {
    /// Its number.
    pub monitor: i32,
    /// The tags that it carries.
    pub tags: &'a [String],
    /// The groups to which it belongs.
    pub groups: &'a [i32],
    /// The status pages on which it is shown.
    pub pages: &'a [i32],
}

impl Scope {
    /// Whether the monitor is within it.
    pub fn covers(&self, member: Membership<'_>) -> bool {
        self.everything
            || self.monitors.contains(&member.monitor)
            || member.tags.iter().any(|tag| self.tags.contains(tag))
            || member.groups.iter().any(|group| self.groups.contains(group))
            || member.pages.iter().any(|page| self.pages.contains(page))
    }
}

#[cfg(test)]
mod tests;
