//! The course of a budget: what was left of it when, and since when a burn alert has held.

use super::{Budget, BurnRate, BurnRule, Objective};
use crate::{span::Span, state::MonitorState, timeline::StateInterval, uptime::Measured};

/// A record whose maintenance counts by what was measured beneath it: the contractual figures of this one are the strict
/// figures of the other.
pub fn counted_strictly(record: &[StateInterval]) -> Vec<StateInterval> {
    let strict = record.iter().map(|interval| StateInterval {
        state: interval.measured,
        ..interval.clone()
    });
    strict.collect()
}

/// What was left of a budget over its window, by the contractual figures: `(at_ms, remaining_ms)` at `steps` even
/// distances and at the end, each what is left of the whole budget after all that was down until then. So the last is what
/// [`Budget::remaining_ms`] says. It begins with the record, where that begins within the window; empty where there is
/// nothing to show.
pub fn burn_down(budget: Budget, record: &[StateInterval], window: Span, steps: u16) -> Vec<(i64, i64)> {
    let Some((first, last)) = record.first().zip(record.last()) else {
        return Vec::new();
    };
    let shown = window.intersection(Span::new(first.from_ms, last.to_ms));
    if shown.is_empty() {
        return Vec::new();
    }
    let sums = Sums::of(record);
    let steps = i64::from(steps.max(1));
    let points = (0..=steps).map(|step| {
        let at_ms =
            shown.from_ms + (i128::from(shown.length_ms()) * i128::from(step) / i128::from(steps)) as i64;
        let down_ms = sums.measured(Span::new(shown.from_ms, at_ms)).down_ms;
        (at_ms, Budget { down_ms, ..budget }.remaining_ms())
    });
    points.collect()
}

/// Since when a rule has alerted without a break, in milliseconds since the Unix epoch, by the contractual figures; not
/// looked for before `earliest_ms`. `None` if it does not alert now.
pub fn alerting_since_ms(
    rule: BurnRule,
    objective: Objective,
    window_ms: i64,
    record: &[StateInterval],
    earliest_ms: i64,
    now_ms: i64,
) -> Option<i64> {
    let sums = Sums::of(record);
    let factor = rule.factor_thousandths(window_ms);
    let alerts = |at_ms: i64| {
        [rule.long_ms, rule.short_ms].into_iter().all(|ms| {
            let burn = BurnRate::of(objective, &sums.measured(Span::new(at_ms - ms, at_ms)));
            burn.is_some_and(|burn| burn.reaches(factor))
        })
    };
    if !alerts(now_ms) {
        return None;
    }
    // Between two moments at which an edge of the record enters or leaves a window, what is measured and what is down grow
    // linearly: where a rule alerts at the later one but not at the earlier one, there is one moment at which it began.
    let edges = record.iter().flat_map(|interval| {
        let edge = interval.from_ms;
        [edge, edge + rule.long_ms, edge + rule.short_ms]
    });
    let mut moments: Vec<_> = edges
        .filter(|&at_ms| earliest_ms < at_ms && at_ms < now_ms)
        .collect();
    moments.push(earliest_ms);
    moments.sort_unstable();
    moments.dedup();
    let mut since_ms = now_ms;
    for &moment_ms in moments.iter().rev() {
        if alerts(moment_ms) {
            since_ms = moment_ms;
            continue;
        }
        let (mut before_ms, mut from_ms) = (moment_ms, since_ms);
        while from_ms - before_ms > 1 {
            let middle_ms = before_ms + (from_ms - before_ms) / 2;
            if alerts(middle_ms) {
                from_ms = middle_ms;
            } else {
                before_ms = middle_ms;
            }
        }
        return Some(from_ms);
    }
    Some(since_ms)
}

/// Sums over a record, so that any stretch of it is measured without reading it all.
struct Sums<'a> {
    record: &'a [StateInterval],
    /// What was measured and what was down before each interval, milliseconds.
    before: Vec<(i64, i64)>,
}

impl<'a> Sums<'a> {
    fn of(record: &'a [StateInterval]) -> Self {
        let before = record.iter().scan((0, 0), |sum, interval| {
            let before = *sum;
            let (measured, down) = counts(interval);
            let ms = interval.span().length_ms();
            sum.0 += measured * ms;
            sum.1 += down * ms;
            Some(before)
        });
        Self {
            record,
            before: before.collect(),
        }
    }

    /// Measured and down until a moment.
    fn until(&self, at_ms: i64) -> (i64, i64) {
        let begun = self.record.partition_point(|interval| interval.from_ms < at_ms);
        let Some(last) = begun.checked_sub(1) else {
            return (0, 0);
        };
        let interval = &self.record[last];
        let ms = at_ms.min(interval.to_ms) - interval.from_ms;
        let (measured, down) = counts(interval);
        let before = self.before[last];
        (before.0 + measured * ms, before.1 + down * ms)
    }

    fn measured(&self, span: Span) -> Measured {
        let (from, to) = (self.until(span.from_ms), self.until(span.to_ms));
        let down_ms = to.1 - from.1;
        Measured {
            up_ms: to.0 - from.0 - down_ms,
            down_ms,
            ..Measured::default()
        }
    }
}

/// Whether an interval is measured, and whether it is down, as 1 and 0.
fn counts(interval: &StateInterval) -> (i64, i64) {
    let is_down = interval.state == MonitorState::Down;
    (i64::from(interval.state.is_measured()), i64::from(is_down))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        sample::{HOUR, MIN},
        slo::{BURN_RULES, burn_alerts},
        uptime::Figures,
    };
    use MonitorState::{Down, Maintenance, Unknown, Up};
    use proptest::prelude::*;

    fn record(parts: &[(i64, MonitorState, MonitorState)], to_ms: i64) -> Vec<StateInterval> {
        let ends = parts.iter().skip(1).map(|part| part.0).chain([to_ms]);
        let intervals = parts
            .iter()
            .zip(ends)
            .map(|(&(from_ms, state, measured), to_ms)| StateInterval {
                from_ms,
                to_ms,
                state,
                measured,
                advisory: Vec::new(),
                earliest_ms: from_ms,
            });
        intervals.collect()
    }

    fn objective(parts: i64) -> Objective {
        Objective::from_parts_per_million(parts).unwrap()
    }

    #[test]
    fn a_budget_is_spent_where_it_was_down() {
        // 100 hours, of which one was down in the middle; 2 % of them may be.
        let now = 100 * HOUR;
        let record = record(&[(0, Up, Up), (50 * HOUR, Down, Down), (51 * HOUR, Up, Up)], now);
        let window = Span::new(0, now);
        let budget = Budget::of(objective(980_000), &Figures::of(&record, window).contractual);
        let course = burn_down(budget, &record, window, 4);
        assert_eq!(
            course,
            [
                (0, 2 * HOUR),
                (25 * HOUR, 2 * HOUR),
                (50 * HOUR, 2 * HOUR),
                (75 * HOUR, HOUR),
                (now, HOUR)
            ]
        );
        assert_eq!(course[4].1, budget.remaining_ms());
        // A record that is younger than the window, and none at all.
        assert_eq!(burn_down(budget, &record, Span::new(-now, now), 1)[0].0, 0);
        assert_eq!(burn_down(budget, &[], window, 4), []);
        assert_eq!(burn_down(budget, &record, Span::new(now, 2 * now), 4), []);
    }

    #[test]
    fn maintenance_counts_strictly_by_what_is_beneath() {
        let record = record(
            &[
                (0, Up, Up),
                (HOUR, Maintenance, Down),
                (2 * HOUR, Maintenance, Up),
            ],
            3 * HOUR,
        );
        let (all, strict) = (Span::ALL, counted_strictly(&record));
        assert_eq!(
            Figures::of(&strict, all).contractual,
            Figures::of(&record, all).strict
        );
        assert_eq!(Figures::of(&strict, all).contractual.down_ms, HOUR);
    }

    #[test]
    fn an_alert_tells_since_when() {
        // Over 30 days at 99.9 %, the first rule alerts at 14.4 times the rate: 1.44 % of both windows. Up for a day, then
        // down: an hour holds 51.84 s of it first.
        let down_from = 24 * HOUR;
        let rule = BURN_RULES[0];
        let month = 30 * 24 * HOUR;
        let since = |now: i64, parts: &[_]| {
            alerting_since_ms(rule, objective(999_000), month, &record(parts, now), 0, now)
        };
        let lasting = [(0, Up, Up), (down_from, Down, Down)];
        assert_eq!(since(down_from + 51_839, &lasting), None);
        for later in [51_840, 2 * MIN, 30 * MIN, 5 * HOUR] {
            assert_eq!(since(down_from + later, &lasting), Some(down_from + 51_840));
        }
        // After it is over, the short window ends the alert: 5 minutes later at the latest, but for its 1.44 %.
        let over = [
            (0, Up, Up),
            (down_from, Down, Down),
            (down_from + 10 * MIN, Up, Up),
        ];
        let ends = down_from + 15 * MIN - 4_320;
        assert_eq!(since(ends, &over), Some(down_from + 51_840));
        assert_eq!(since(ends + 1, &over), None);
        // It is not looked for before what is known.
        let now = down_from + HOUR;
        let early = alerting_since_ms(
            rule,
            objective(999_000),
            month,
            &record(&lasting, now),
            now - MIN,
            now,
        );
        assert_eq!(early, Some(now - MIN));
        // Nothing measured before: the first moment down alerts.
        assert_eq!(
            since(2 * MIN, &[(0, Unknown, Unknown), (MIN, Down, Down)]),
            Some(MIN + 1)
        );
    }

    proptest! {
        #[test]
        fn alerts_are_those_of_the_figures_and_have_held_since(
            lengths in prop::collection::vec((1_i64..400, 0_u8..4), 1..12),
            rule in 0_usize..4,
            parts in 900_000_i64..999_999,
        ) {
            let mut at = 0;
            let mut intervals = Vec::new();
            for (minutes, state) in lengths {
                let state = [Up, Down, Unknown, Maintenance][usize::from(state)];
                intervals.push((at, state, state));
                at += minutes * MIN;
            }
            let (now, objective, window) = (at, objective(parts), 30 * 24 * HOUR);
            let record = record(&intervals, now);
            let alerts_at = |at_ms| burn_alerts(objective, window, &record, at_ms)[rule].alerts;
            let since = alerting_since_ms(BURN_RULES[rule], objective, window, &record, 0, now);
            prop_assert_eq!(since.is_some(), alerts_at(now));
            if let Some(since) = since {
                prop_assert!(!alerts_at(since - 1));
                for share in 0..=20 {
                    prop_assert!(alerts_at(since + (now - since) * share / 20));
                }
            }
        }
    }
}
