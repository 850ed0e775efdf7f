//! Uptime over a window, exact to the millisecond and with its bounds, from a timeline.
//!
//! Time-weighted, never a count of checks. What is not measured (maintenance, unknown, paused) is outside; the strict
//! figure counts maintenance by what was measured beneath it. Each edge of an outage is known only to the gap between
//! two checks, and so every figure has a lowest and a highest value. Figures of adjacent windows add up.

use crate::{span::Span, state::MonitorState, timeline::StateInterval};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// Whole parts in a million of all: what objectives are given in.
pub const MILLION: i64 = 1_000_000;

/// A share of a measured time, exact. Compared as a fraction, without rounding.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Share {
    /// Milliseconds that count.
    pub part_ms: i64,
    /// Milliseconds of which; positive.
    pub of_ms: i64,
}

impl Share {
    /// The share, or `None` where there is nothing to have a share of: "no data".
    pub fn new(part_ms: i64, of_ms: i64) -> Option<Self> {
        (of_ms > 0).then_some(Self { part_ms, of_ms })
    }

    /// In percent with three decimals, rounded downwards, for display: 99.9996 % is `99.999`.
    pub fn percent(self) -> String {
        let thousandths = self.floor_of(100_000);
        format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000)
    }

    /// In parts per million, rounded downwards.
    pub fn parts_per_million(self) -> i64 {
        self.floor_of(MILLION)
    }

    /// Whether it is at least so many parts per million: exact.
    pub fn reaches(self, parts_per_million: i64) -> bool {
        i128::from(self.part_ms) * i128::from(MILLION)
            >= i128::from(self.of_ms) * i128::from(parts_per_million)
    }

    fn floor_of(self, whole: i64) -> i64 {
        (i128::from(self.part_ms) * i128::from(whole)).div_euclid(i128::from(self.of_ms)) as i64
    }
}

impl PartialEq for Share {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Share {}

impl PartialOrd for Share {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Share {
    fn cmp(&self, other: &Self) -> Ordering {
        let left = i128::from(self.part_ms) * i128::from(other.of_ms);
        left.cmp(&(i128::from(other.part_ms) * i128::from(self.of_ms)))
    }
}

/// Measured time. Milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Measured {
    /// Up.
    pub up_ms: i64,
    /// Degraded: counts as up.
    pub degraded_ms: i64,
    /// Down.
    pub down_ms: i64,
    /// Of `up_ms` and `degraded_ms`, what may have been down: before the first failing checks of outages.
    pub maybe_down_ms: i64,
    /// Of `down_ms`, what may have been up: after the last failing checks of outages.
    pub maybe_up_ms: i64,
}

impl Measured {
    /// Measured at all.
    pub fn total_ms(&self) -> i64 {
        self.up_ms + self.degraded_ms + self.down_ms
    }

    /// `(up + degraded) / measured`; `None` is "no data".
    pub fn uptime(&self) -> Option<Share> {
        Share::new(self.up_ms + self.degraded_ms, self.total_ms())
    }

    /// The least that the uptime may truly be.
    pub fn lowest(&self) -> Option<Share> {
        Share::new(
            self.up_ms + self.degraded_ms - self.maybe_down_ms,
            self.total_ms(),
        )
    }

    /// The most that the uptime may truly be.
    pub fn highest(&self) -> Option<Share> {
        Share::new(self.up_ms + self.degraded_ms + self.maybe_up_ms, self.total_ms())
    }

    fn count(&mut self, state: MonitorState, ms: i64) {
        match state {
            MonitorState::Up => self.up_ms += ms,
            MonitorState::Degraded => self.degraded_ms += ms,
            MonitorState::Down => self.down_ms += ms,
            MonitorState::Maintenance | MonitorState::Unknown | MonitorState::Paused => {}
        }
    }

    fn count_uncertain(&mut self, turns_down: bool, ms: i64) {
        if turns_down {
            self.maybe_down_ms += ms;
        } else {
            self.maybe_up_ms += ms;
        }
    }
}

impl std::ops::AddAssign for Measured {
    fn add_assign(&mut self, other: Self) {
        self.up_ms += other.up_ms;
        self.degraded_ms += other.degraded_ms;
        self.down_ms += other.down_ms;
        self.maybe_down_ms += other.maybe_down_ms;
        self.maybe_up_ms += other.maybe_up_ms;
    }
}

/// All that there is to say of a window. Milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Figures {
    /// The window, from the monitor's creation at the earliest.
    pub window_ms: i64,
    /// The contractual figure: maintenance excluded.
    pub contractual: Measured,
    /// The strict figure: maintenance counted by the state measured beneath it.
    pub strict: Measured,
    /// In maintenance.
    pub maintenance_ms: i64,
    /// Nothing could be said.
    pub unknown_ms: i64,
    /// Not checked.
    pub paused_ms: i64,
}

impl Figures {
    /// The figures of a window over a record of [`crate::timeline`], which may be longer than the window. Time before its
    /// first interval (the monitor's creation) and after its last is outside.
    ///
    /// For the bounds to be exact, the record has to hold the edge after the window too, where it has come yet: the
    /// outage that begins with it may have begun within the window.
    pub fn of(record: &[StateInterval], window: Span) -> Self {
        let mut figures = Self::default();
        let first = record.partition_point(|interval| interval.to_ms <= window.from_ms);
        for (index, interval) in record.iter().enumerate().skip(first) {
            let ms = interval.span().intersection(window).length_ms();
            figures.window_ms += ms;
            figures.contractual.count(interval.state, ms);
            figures.strict.count(interval.measured, ms);
            match interval.state {
                MonitorState::Maintenance => figures.maintenance_ms += ms,
                MonitorState::Unknown => figures.unknown_ms += ms,
                MonitorState::Paused => figures.paused_ms += ms,
                MonitorState::Up | MonitorState::Degraded | MonitorState::Down => {}
            }
            if interval.earliest_ms < interval.from_ms {
                figures.count_uncertain(record, index, window);
            }
            // The first edge after the window may lie within it; those after that edge may not.
            let is_edge = index > 0 && outage_side(&record[index - 1]) != outage_side(interval);
            if interval.from_ms >= window.to_ms && is_edge {
                break;
            }
        }
        figures
    }

    /// The measured share of the window; `None` for an empty one.
    pub fn coverage(&self) -> Option<Share> {
        Share::new(self.contractual.total_ms(), self.window_ms)
    }

    /// Counts what is uncertain before the edge at which this interval begins.
    fn count_uncertain(&mut self, record: &[StateInterval], edge: usize, window: Span) {
        let after = &record[edge];
        let Some(turns_down) = outage_side(after) else {
            return;
        };
        let uncertain = Span::new(after.earliest_ms, after.from_ms).intersection(window);
        let before = record[..edge].iter().rev().take_while(|interval| {
            outage_side(interval) == Some(!turns_down) && interval.to_ms > after.earliest_ms
        });
        for interval in before {
            let ms = interval.span().intersection(uncertain).length_ms();
            self.strict.count_uncertain(turns_down, ms);
            let counts = interval.state.is_measured() && (interval.state == MonitorState::Down) != turns_down;
            if counts {
                self.contractual.count_uncertain(turns_down, ms);
            }
        }
    }
}

/// Whether it is measured to be down; `None` where nothing is measured.
fn outage_side(interval: &StateInterval) -> Option<bool> {
    let measured = interval.measured;
    measured.is_measured().then_some(measured == MonitorState::Down)
}

impl std::ops::AddAssign for Figures {
    fn add_assign(&mut self, other: Self) {
        self.window_ms += other.window_ms;
        self.contractual += other.contractual;
        self.strict += other.strict;
        self.maintenance_ms += other.maintenance_ms;
        self.unknown_ms += other.unknown_ms;
        self.paused_ms += other.paused_ms;
    }
}

impl std::ops::Add for Figures {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

#[cfg(test)]
mod tests;
