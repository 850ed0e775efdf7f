//! A maintenance window as it was written and rewritten: what it covers does not change once it has passed.
//!
//! A window takes place as the version says that was in force when it ended. So a change acts on the window that is open
//! and on those that follow, as if it had been so all along, and on none that has ended.

use super::{Scope, Windows};
use crate::span::Span;

/// What a maintenance says from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Since when, in milliseconds since the Unix epoch.
    pub from_ms: i64,
    /// When it takes place; `None` from when it was removed on.
    pub windows: Option<Windows>,
    /// What it is for.
    pub scope: Scope,
    /// Windows that begin before this moment are none. If it is that from which the version is in force, a window that was
    /// open ends with it.
    pub not_before_ms: i64,
}

impl Version {
    fn closes(&self) -> bool {
        self.not_before_ms == self.from_ms
    }
}

/// A window that takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// When.
    pub span: Span,
    /// As which of the versions says.
    pub version: usize,
}

/// The windows that have time in common with a range, whole, in order. `history` is in order of time.
pub fn occurrences(history: &[Version], range: Span) -> Vec<Occurrence> {
    let mut found = Vec::new();
    for (index, version) in history.iter().enumerate() {
        let Some(windows) = &version.windows else { continue };
        let next = history.get(index + 1);
        let in_force_to_ms = next.map_or(i64::MAX, |next| next.from_ms);
        let is_closed = next.is_some_and(Version::closes);
        for mut span in windows.occurrences(range) {
            if is_closed {
                span.to_ms = span.to_ms.min(in_force_to_ms);
            }
            let ended_in_force = version.from_ms < span.to_ms && span.to_ms <= in_force_to_ms;
            let takes_place = ended_in_force && span.from_ms >= version.not_before_ms;
            if takes_place && !span.intersection(range).is_empty() {
                found.push(Occurrence { span, version: index });
            }
        }
    }
    found.sort_by_key(|occurrence| occurrence.span);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        maintenance::Schedule,
        sample::{DAY, HOUR},
    };

    fn once(from_ms: i64, to_ms: i64) -> Option<Windows> {
        Schedule::Once { from_ms, to_ms }.parse().ok()
    }

    /// From midnight to two, on every day from the first of January 1970 on.
    fn nightly() -> Option<Windows> {
        let schedule = Schedule::Recurring {
            zone: "UTC".into(),
            start: "1970-01-01T00:00".into(),
            duration_min: 120,
            rule: "FREQ=DAILY".into(),
        };
        schedule.parse().ok()
    }

    fn version(from_ms: i64, windows: Option<Windows>, closes: bool) -> Version {
        Version {
            from_ms,
            windows,
            scope: Scope::default(),
            not_before_ms: if closes { from_ms } else { i64::MIN },
        }
    }

    fn spans(history: &[Version], to_ms: i64) -> Vec<(i64, i64)> {
        let found = occurrences(history, Span::new(0, to_ms));
        found
            .into_iter()
            .map(|found| (found.span.from_ms / HOUR, found.span.to_ms / HOUR))
            .collect()
    }

    #[test]
    fn the_open_window_is_as_the_newest_version_says() {
        let mut history = vec![version(0, once(HOUR, 4 * HOUR), false)];
        assert_eq!(spans(&history, DAY), [(1, 4)]);
        history.push(version(2 * HOUR, once(2 * HOUR, 6 * HOUR), false));
        assert_eq!(spans(&history, DAY), [(2, 6)]);
        // It may also have ended by then: nothing is left of it.
        history.push(version(3 * HOUR, None, false));
        assert_eq!(spans(&history, DAY), []);
    }

    #[test]
    fn windows_that_have_ended_stay() {
        let history = [
            version(HOUR, nightly(), false),
            version(DAY + HOUR, once(3 * DAY, 3 * DAY + HOUR), false),
        ];
        // The first night was open when it was written, the second when it was changed.
        assert_eq!(spans(&history, 9 * DAY), [(0, 2), (72, 73)]);
        let removed = [version(3 * HOUR, nightly(), false), version(2 * DAY, None, true)];
        assert_eq!(spans(&removed, 9 * DAY), [(24, 26)]);
    }

    #[test]
    fn a_window_can_be_ended_and_the_next_takes_place() {
        let history = [version(0, nightly(), false), version(DAY + HOUR, nightly(), true)];
        assert_eq!(spans(&history, 3 * DAY), [(0, 2), (24, 25), (48, 50)]);
        let removed = [history[0].clone(), version(DAY + HOUR, None, true)];
        assert_eq!(spans(&removed, 3 * DAY), [(0, 2), (24, 25)]);
    }

    #[test]
    fn a_window_that_was_ended_is_not_opened_again_by_a_change() {
        let ended_ms = DAY + HOUR;
        let mut history = vec![version(0, nightly(), false), version(ended_ms, nightly(), true)];
        history.push(Version {
            not_before_ms: ended_ms,
            ..version(ended_ms + HOUR / 2, nightly(), false)
        });
        assert_eq!(spans(&history, 3 * DAY), [(0, 2), (24, 25), (48, 50)]);
    }

    #[test]
    fn only_what_lies_in_the_range_is_told() {
        let history = [version(0, nightly(), false)];
        let range = Span::new(DAY + HOUR, 2 * DAY);
        let found = occurrences(&history, range);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].span, Span::new(DAY, DAY + 2 * HOUR));
    }
}
