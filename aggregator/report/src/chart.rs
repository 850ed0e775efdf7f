//! The charts of a report.

use crate::drawing::{Anchor, Drawing, Ink, Shape};
use chrono::{Datelike as _, NaiveDate};

/// As wide as the text of a page in PDF.
pub const WIDTH: f32 = 503.28;
const LABEL: f32 = 7.2;

/// A day's time by states, each with what it is painted with, from the bottom up.
pub struct DayBar {
    /// The day.
    pub date: NaiveDate,
    /// Milliseconds of each state.
    pub parts: Vec<(Ink, i64)>,
}

/// A bar for each day. A state that was is seen, however short it was; a day without a record is empty.
pub fn day_bars(days: &[DayBar], height: f32, description: String) -> Drawing {
    let mut shapes = Vec::new();
    let slot = WIDTH / days.len().max(1) as f32;
    let width = (slot * 0.78).max(slot - 2.0).max(0.4);
    let radius = if width > 4.0 { 1.5 } else { 0.0 };
    for (index, day) in days.iter().enumerate() {
        let x = index as f32 * slot + (slot - width) / 2.0;
        let total: i64 = day.parts.iter().map(|(_, ms)| ms).sum();
        shapes.push(Shape::rounded(x, 0.0, width, height, radius, Ink::Line));
        if total <= 0 {
            continue;
        }
        let seen: Vec<_> = day.parts.iter().filter(|(_, ms)| *ms > 0).collect();
        // What is short takes a little of what is long.
        let least = 3.0_f32;
        let heights: Vec<f32> = seen
            .iter()
            .map(|(_, ms)| (*ms as f32 / total as f32 * height).max(least))
            .collect();
        let over = heights.iter().sum::<f32>() - height;
        let longest = heights.iter().copied().fold(0.0, f32::max);
        let mut taken = false;
        let mut bottom = height;
        let alone = seen.len() == 1;
        for ((ink, _), mut part) in seen.into_iter().zip(heights) {
            if !taken && part >= longest {
                part -= over;
                taken = true;
            }
            bottom -= part;
            let radius = if alone { radius } else { 0.0 };
            shapes.push(Shape::rounded(x, bottom, width, part, radius, *ink));
        }
    }
    let labels = day_labels(days.iter().map(|day| day.date), slot, 26.0);
    for (index, label) in labels {
        let x = index as f32 * slot + slot / 2.0;
        // The first and the last stay within the chart.
        let (x, anchor) = match () {
            () if x < 12.0 => (0.0, Anchor::Start),
            () if x > WIDTH - 12.0 => (WIDTH, Anchor::End),
            () => (x, Anchor::Middle),
        };
        shapes.push(Shape::text(x, height + 10.0, label, LABEL, Ink::Faint, anchor));
    }
    Drawing {
        width: WIDTH,
        height: height + 13.0,
        description,
        shapes,
    }
}

/// Labels below days: months where there are many, else as many days as there is room for.
fn day_labels(days: impl Iterator<Item = NaiveDate>, slot: f32, least: f32) -> Vec<(usize, String)> {
    let days: Vec<_> = days.collect();
    if days.len() > 70 {
        let firsts = days
            .iter()
            .enumerate()
            .filter(|(index, day)| day.day() == 1 || *index == 0);
        return firsts
            .map(|(index, day)| (index, day.format("%b").to_string()))
            .collect();
    }
    let every = [1, 2, 5, 7, 14]
        .into_iter()
        .find(|&n| slot * n as f32 >= least)
        .unwrap_or(30);
    let shown = days.iter().enumerate().step_by(every);
    shown
        .map(|(index, day)| (index, day.format("%-d %b").to_string()))
        .collect()
}

/// A line over the days, each with its ink.
pub struct DayLine {
    /// What it is drawn with.
    pub ink: Ink,
    /// Its value on each day, if there is one.
    pub values: Vec<Option<f32>>,
    /// Whether what is below it is tinted.
    pub filled: bool,
}

/// Lines over days, from nought to what they reach. `said` says a value at the axis; `limit` is a dashed line with its
/// name.
pub fn day_lines(
    days: &[NaiveDate],
    lines: &[DayLine],
    limit: Option<(f32, &str)>,
    said: impl Fn(f32) -> String,
    description: String,
) -> Drawing {
    let (left, top, height) = (46.0, 8.0, 112.0);
    let values = lines.iter().flat_map(|line| line.values.iter().flatten());
    let highest = values
        .copied()
        .chain(limit.map(|(value, _)| value))
        .fold(0.0, f32::max);
    let (step, steps) = scale(highest);
    let reach = step * steps as f32;
    let y_of = |value: f32| top + height - value.max(0.0) / reach * height;
    let slot = (WIDTH - left) / days.len().max(1) as f32;
    let x_of = |index: usize| left + slot * (index as f32 + 0.5);
    let mut shapes = Vec::new();
    for index in 0..=steps {
        let value = step * index as f32;
        let y = y_of(value);
        shapes.push(Shape::line((left, y), (WIDTH, y), 0.5, Ink::Line));
        shapes.push(Shape::text(
            left - 6.0,
            y + 2.4,
            said(value),
            LABEL,
            Ink::Faint,
            Anchor::End,
        ));
    }
    for line in lines {
        for stretch in stretches(&line.values) {
            let mut points: Vec<_> = stretch
                .iter()
                .map(|&(index, value)| (x_of(index), y_of(value)))
                .collect();
            // A single day is as wide as a day.
            if let [(x, y)] = points[..] {
                points = vec![(x - slot * 0.3, y), (x + slot * 0.3, y)];
            }
            if line.filled {
                let mut outline = points.clone();
                outline.extend(points.last().map(|&(x, _)| (x, y_of(0.0))));
                outline.extend(points.first().map(|&(x, _)| (x, y_of(0.0))));
                shapes.push(Shape::Area {
                    points: outline,
                    ink: line.ink,
                });
            }
            shapes.push(Shape::Line {
                points,
                width: 1.3,
                ink: line.ink,
                dashed: false,
            });
        }
    }
    if let Some((value, name)) = limit {
        let y = y_of(value);
        shapes.push(Shape::Line {
            points: vec![(left, y), (WIDTH, y)],
            width: 0.9,
            ink: Ink::Quiet,
            dashed: true,
        });
        shapes.push(Shape::text(
            left + 4.0,
            y - 3.5,
            name,
            LABEL,
            Ink::Quiet,
            Anchor::Start,
        ));
    }
    for (index, label) in day_labels(days.iter().copied(), slot, 30.0) {
        let anchor = if x_of(index) > WIDTH - 14.0 {
            Anchor::End
        } else {
            Anchor::Middle
        };
        let x = if anchor == Anchor::End { WIDTH } else { x_of(index) };
        shapes.push(Shape::text(
            x,
            top + height + 11.0,
            label,
            LABEL,
            Ink::Faint,
            anchor,
        ));
    }
    Drawing {
        width: WIDTH,
        height: top + height + 15.0,
        description,
        shapes,
    }
}

/// Values in a row, without those that are not.
fn stretches(values: &[Option<f32>]) -> Vec<Vec<(usize, f32)>> {
    let mut stretches = vec![Vec::new()];
    for (index, value) in values.iter().enumerate() {
        match (value, stretches.last_mut()) {
            (Some(value), Some(last)) => last.push((index, *value)),
            _ => stretches.push(Vec::new()),
        }
    }
    stretches.retain(|stretch| !stretch.is_empty());
    stretches
}

/// Steps of an axis that are easily read, and how many it takes to reach a value.
fn scale(highest: f32) -> (f32, u32) {
    let highest = if highest > 0.0 { highest } else { 1.0 };
    let magnitude = 10.0_f32.powf((highest / 4.0).log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * magnitude);
    let step = steps
        .into_iter()
        .find(|step| highest / step <= 5.0)
        .unwrap_or(10.0 * magnitude);
    (step, (highest / step).ceil().max(1.0) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_reaches_what_it_shows_in_a_few_steps() {
        for highest in [0.0, 0.3, 1.0, 7.0, 42.0, 99.9, 1_234.0, 86_400.0] {
            let (step, steps) = scale(highest);
            assert!((1..=5).contains(&steps), "{highest}: {steps} steps of {step}");
            assert!(step * steps as f32 >= highest);
        }
    }

    #[test]
    fn a_second_of_downtime_is_seen_and_the_bar_stays_as_high_as_it_is() {
        let date = NaiveDate::from_ymd_opt(2026, 10, 1).unwrap();
        let parts = vec![(Ink::Up, 86_399_000), (Ink::Down, 1_000)];
        let drawing = day_bars(&[DayBar { date, parts }], 40.0, String::new());
        let heights = drawing.shapes.iter().filter_map(|shape| match shape {
            Shape::Rect { height, ink, .. } if *ink != Ink::Line => Some(*height),
            _ => None,
        });
        let heights: Vec<_> = heights.collect();
        assert_eq!(heights, [37.0, 3.0]);
    }

    #[test]
    fn lines_break_where_nothing_was_measured() {
        let values = [Some(1.0), None, Some(2.0), Some(3.0), None];
        assert_eq!(stretches(&values), [vec![(0, 1.0)], vec![(2, 2.0), (3, 3.0)]]);
    }
}
