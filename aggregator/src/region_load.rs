//! How well regions keep up with their load: how late checks are begun, and which slots could not be begun in time.
//!
//! Each process sums up what it takes, minute by minute, and a job writes the sums. What a process had not written when it
//! died is missing from the figures, not from the results.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use edgewatch_protocol::{batch::Batch, slot::spread_ms};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Classes of lateness: eight an octave of `1 ms + lateness`, up to 17 minutes.
pub const CLASSES: usize = 160;
const PER_OCTAVE: f64 = 8.0;

/// What a region did in a minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// Slots that could not be begun in time.
    pub overruns: i64,
    /// Checks by their class of lateness.
    pub late: Vec<i64>,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            overruns: 0,
            late: vec![0; CLASSES],
        }
    }
}

/// The sums that are not written yet.
#[derive(Debug, Default)]
pub struct RegionLoad {
    minutes: Mutex<HashMap<(i16, DateTime<Utc>), Load>>,
}

impl RegionLoad {
    /// Adds a batch of a host's probe that was taken now.
    pub fn add(&self, region_id: i16, host: &str, batch: &Batch, now: DateTime<Utc>) {
        let minute = now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now);
        let mut minutes = self.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        let load = minutes.entry((region_id, minute)).or_default();
        load.overruns = load
            .overruns
            .saturating_add(i64::try_from(batch.overruns).unwrap_or(i64::MAX));
        for observation in &batch.observations {
            // An agent begins each monitor at its own place in the slot, the other hosts begin all at its beginning.
            let place_ms = match host {
                "agent" => spread_ms(observation.monitor, &batch.region),
                _ => 0,
            };
            let late_ms = observation
                .started_ms
                .saturating_sub(observation.slot_ms)
                .saturating_sub(place_ms);
            load.late[class(late_ms)] += 1;
        }
    }

    /// Takes the sums.
    pub fn take(&self) -> HashMap<(i16, DateTime<Utc>), Load> {
        std::mem::take(&mut *self.minutes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn class(late_ms: i64) -> usize {
    let class = ((late_ms.max(0) as f64) + 1.0).log2() * PER_OCTAVE;
    (class as usize).min(CLASSES - 1)
}

/// How late 99 of 100 checks were begun at most, milliseconds; `None` without checks. The upper end of the class.
pub fn late_p99_ms(late: &[i64]) -> Option<i64> {
    let checks: i64 = late.iter().sum();
    let wanted = checks - checks / 100;
    let mut seen = 0;
    let class = late.iter().position(|count| {
        seen += count;
        seen >= wanted && seen > 0
    })?;
    let upper = ((class as f64 + 1.0) / PER_OCTAVE).exp2() - 1.0;
    Some(upper.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percentile_is_right_to_a_tenth() {
        assert_eq!(late_p99_ms(&[0; CLASSES]), None);
        for late_ms in [5, 80, 2_500, 30_000, 600_000] {
            let mut late = vec![0; CLASSES];
            late[class(10)] += 980;
            late[class(late_ms)] += 20;
            let found = late_p99_ms(&late).unwrap();
            let least = late_ms.max(10) as f64;
            assert!(
                (least..=least * 1.1 + 1.0).contains(&(found as f64)),
                "{late_ms}: {found}"
            );
        }
        assert_eq!(class(i64::MAX), CLASSES - 1);
        assert_eq!(class(-5), 0);
    }
}
