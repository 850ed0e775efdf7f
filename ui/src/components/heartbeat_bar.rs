//! The heartbeat bar: the last slots of a monitor, one stroke each.
//!
//! The stroke's length tells the outcome as its colour does: short is up, longer is degraded, full is down, a dot is
//! unmeasured. All strokes of one kind are one SVG path, so a bar is five elements however many slots it has.

use edgewatch_client::{
    event::LiveResult,
    json::{FromJson, Json, Unreadable},
    json_object,
    overview::Heartbeat,
    protocol::observation::OutcomeState,
};
use leptos::prelude::*;
use serde::Serialize;
use std::fmt::Write as _;

/// One slot, all regions together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(into = "PackedBeat")]
pub struct Beat {
    /// The worst outcome; `None` where nothing was measured.
    pub worst: Option<OutcomeState>,
    /// Regions that saw it up or degraded.
    pub succeeded: u16,
    /// Regions that saw it down.
    pub failed: u16,
    /// The slowest total, microseconds; 0 where there is none.
    pub max_total_us: i32,
}

/// As it travels in the page: five hundred monitors have thirty thousand beats.
type PackedBeat = (i8, u16, u16, i32);

impl FromJson for Beat {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        let [worst, succeeded, failed, max_total_us] = json.items()? else {
            return Err(Unreadable::Mismatch);
        };
        Ok(Self {
            worst: OutcomeState::from_code(i16::from_json(worst)?),
            succeeded: u16::from_json(succeeded)?,
            failed: u16::from_json(failed)?,
            max_total_us: i32::from_json(max_total_us)?,
        })
    }
}

impl From<Beat> for PackedBeat {
    fn from(beat: Beat) -> Self {
        let worst = beat.worst.map_or(-1, |worst| worst.code() as i8);
        (worst, beat.succeeded, beat.failed, beat.max_total_us)
    }
}

/// The slots of a bar, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Beats {
    /// Beginning of the first slot, Unix milliseconds.
    pub first_ms: i64,
    /// Length of a slot, milliseconds.
    pub interval_ms: i64,
    /// The slots.
    pub slots: Vec<Beat>,
}

json_object!(Beats {
    first_ms,
    interval_ms,
    slots
});

impl Beats {
    /// The slots of an overview's answer.
    pub fn new(heartbeats: &[Heartbeat], interval_s: u32) -> Self {
        Self {
            first_ms: heartbeats.first().map_or(0, |beat| beat.at.timestamp_millis()),
            interval_ms: i64::from(interval_s.max(1)) * 1_000,
            slots: heartbeats
                .iter()
                .map(|beat| Beat {
                    worst: beat.worst,
                    succeeded: beat.succeeded,
                    failed: beat.failed,
                    max_total_us: beat.max_total_us.unwrap_or(0),
                })
                .collect(),
        }
    }

    /// The beginning of a slot, Unix milliseconds.
    pub fn begins_at(&self, index: usize) -> i64 {
        self.first_ms + index as i64 * self.interval_ms
    }

    /// Moves on so that the last slot is the one that holds `now_ms`. Whether anything changed.
    pub fn advance(&mut self, now_ms: i64) -> bool {
        let length = self.slots.len() as i64;
        let behind = (now_ms - self.first_ms).div_euclid(self.interval_ms) - (length - 1);
        if length == 0 || behind <= 0 {
            return false;
        }
        let gone = behind.min(length) as usize;
        self.slots.drain(..gone);
        self.slots.resize(length as usize, Beat::default());
        self.first_ms += behind * self.interval_ms;
        true
    }

    /// Takes a live result in.
    pub fn record(&mut self, result: &LiveResult) {
        let at = result.at.timestamp_millis();
        self.advance(at);
        let index = (at - self.first_ms).div_euclid(self.interval_ms);
        let Some(beat) = usize::try_from(index)
            .ok()
            .and_then(|index| self.slots.get_mut(index))
        else {
            return;
        };
        match result.outcome {
            OutcomeState::Up | OutcomeState::Degraded => beat.succeeded += 1,
            OutcomeState::Down => beat.failed += 1,
            OutcomeState::Unmeasured => {}
        }
        if beat
            .worst
            .is_none_or(|worst| severity(result.outcome) > severity(worst))
        {
            beat.worst = Some(result.outcome);
        }
        beat.max_total_us = beat.max_total_us.max(result.total_us);
    }

    /// The bar in words.
    pub fn in_words(&self) -> String {
        let number = |outcome| {
            self.slots
                .iter()
                .filter(|beat| beat.worst == Some(outcome))
                .count()
        };
        let parts: Vec<_> = OutcomeState::ALL
            .into_iter()
            .map(|outcome| (number(outcome), outcome.as_str()))
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{number} {word}"))
            .collect();
        if parts.is_empty() {
            format!("No result in the last {} slots", self.slots.len())
        } else {
            format!("The last {} slots: {}", self.slots.len(), parts.join(", "))
        }
    }

    /// The strokes of one kind as an SVG path on a grid of 10 by 32 units a slot.
    fn path(&self, kind: Option<OutcomeState>) -> String {
        let (top, bottom) = match kind {
            Some(OutcomeState::Up) => (9, 23),
            Some(OutcomeState::Degraded) => (6, 26),
            Some(OutcomeState::Down) => (2, 30),
            Some(OutcomeState::Unmeasured) | None => (16, 16),
        };
        let mut path = String::new();
        for (i, beat) in self.slots.iter().enumerate() {
            if beat.worst == kind {
                let x = i * 10 + 5;
                let _ = write!(path, "M{x} {top}V{bottom}");
            }
        }
        path
    }
}

/// How bad an outcome is: what could not be measured is worse than nothing and better than any failure.
fn severity(outcome: OutcomeState) -> u8 {
    match outcome {
        OutcomeState::Unmeasured => 0,
        OutcomeState::Up => 1,
        OutcomeState::Degraded => 2,
        OutcomeState::Down => 3,
    }
}

/// The bar.
pub fn heartbeat_bar(beats: Signal<Beats>) -> AnyView {
    let strokes = move |kind: Option<OutcomeState>| {
        let class = format!("beat beat-{}", kind.map_or("none", OutcomeState::as_str));
        html! { <path class=class d=move || beats.with(|beats| beats.path(kind)) /> }
    };
    html! {
        <svg
            class="heartbeats"
            role="img"
            preserveAspectRatio="none"
            viewBox=move || format!("0 0 {} 32", beats.with(|beats| beats.slots.len().max(1)) * 10)
            aria-label=move || beats.with(Beats::in_words)
        >
            {strokes(None)}
            {strokes(Some(OutcomeState::Unmeasured))}
            {strokes(Some(OutcomeState::Up))}
            {strokes(Some(OutcomeState::Degraded))}
            {strokes(Some(OutcomeState::Down))}
        </svg>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn beats(n: usize) -> Beats {
        let up = Beat {
            worst: Some(OutcomeState::Up),
            succeeded: 3,
            failed: 0,
            max_total_us: 100,
        };
        Beats {
            first_ms: 0,
            interval_ms: 60_000,
            slots: vec![up; n],
        }
    }

    fn result(at_ms: i64, outcome: OutcomeState) -> LiveResult {
        LiveResult {
            monitor: 1,
            region: "weur".parse().unwrap(),
            at: DateTime::from_timestamp_millis(at_ms).unwrap(),
            outcome,
            total_us: 250,
        }
    }

    #[test]
    fn a_result_of_the_next_interval_opens_a_slot_and_drops_the_oldest() {
        let mut bar = beats(3);
        bar.record(&result(185_000, OutcomeState::Up));
        assert_eq!((bar.first_ms, bar.slots.len()), (60_000, 3));
        assert_eq!((bar.slots[2].succeeded, bar.slots[2].max_total_us), (1, 250));
    }

    #[test]
    fn the_worst_region_colours_the_slot() {
        let mut bar = beats(3);
        bar.record(&result(125_000, OutcomeState::Down));
        assert_eq!(bar.slots[2].worst, Some(OutcomeState::Down));
        bar.record(&result(126_000, OutcomeState::Unmeasured));
        assert_eq!(bar.slots[2].worst, Some(OutcomeState::Down));
        assert_eq!((bar.slots[2].succeeded, bar.slots[2].failed), (3, 1));
    }

    #[test]
    fn silence_leaves_gaps() {
        let mut bar = beats(3);
        assert!(!bar.advance(179_999));
        assert!(bar.advance(300_000));
        assert_eq!(bar.slots.iter().filter(|beat| beat.worst.is_none()).count(), 3);
        assert_eq!(bar.begins_at(2), 300_000);
    }

    #[test]
    fn a_result_older_than_the_bar_changes_nothing() {
        let mut bar = beats(3);
        bar.record(&result(-1, OutcomeState::Down));
        assert_eq!(bar, beats(3));
    }

    #[test]
    fn beats_travel_packed() {
        let json = serde_json::to_string(&beats(1)).unwrap();
        assert_eq!(
            json,
            r#"{"first_ms":0,"interval_ms":60000,"slots":[[0,3,0,100]]}"#
        );
        assert_eq!(
            edgewatch_client::json::from_str::<Beats>(&json).unwrap(),
            beats(1)
        );
    }
}
