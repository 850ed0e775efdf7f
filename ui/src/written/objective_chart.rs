//! The burn-down of a budget, as an SVG.

use super::words::{moment, signed_length};
use crate::format::{self, Moment, tenths};
use edgewatch_client::slo::SloDetail;
use leptos::prelude::*;
use std::fmt::Write as _;

/// The drawing's own units.
const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 240.0;
/// The most steps of the grid.
const STEPS: i64 = 6;

/// Where a budget lies in the drawing: even steps above and below the ground at which it is used up.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    step_ms: i64,
    above: i64,
    below: i64,
}

impl Scale {
    /// For a whole budget, and the most by which it was overspent.
    fn of(total_ms: i64, overspent_ms: i64) -> Self {
        let total_ms = total_ms.max(1);
        let up = |ms: i64, step_ms: i64| ms / step_ms + i64::from(ms % step_ms > 0);
        // Quarters of the budget, halves, wholes, or as many wholes as it takes.
        let steps = [4, 2, 1].map(|parts| (up(total_ms, parts), parts)).into_iter();
        let wholes = (2..).map(|times| (total_ms * times, 1));
        let mut scales = steps.chain(wholes).map(|(step_ms, above)| Self {
            step_ms,
            above,
            below: up(overspent_ms, step_ms),
        });
        let fits = |scale: &Self| scale.above + scale.below <= STEPS;
        scales.find(fits).unwrap_or(Self {
            step_ms: total_ms,
            above: 1,
            below: 1,
        })
    }

    fn steps(self) -> i64 {
        self.above + self.below
    }

    fn y(self, ms: i64) -> f64 {
        (self.above * self.step_ms - ms) as f64 / (self.steps() * self.step_ms) as f64 * HEIGHT
    }
}

/// The chart: what was left when, what would be if it were spent evenly, and the ground at which it is used up.
pub fn chart(detail: &SloDetail) -> AnyView {
    let (from, to) = (detail.slo.from, detail.slo.to);
    let window_ms = (to - from).num_milliseconds().max(1) as f64;
    let x = |at: chrono::DateTime<chrono::Utc>| {
        ((at - from).num_milliseconds() as f64 / window_ms * WIDTH).clamp(0.0, WIDTH)
    };
    let total_ms = detail.slo.budget.total_ms;
    let least = detail.burn_down.iter().map(|point| point.remaining_ms).min();
    let scale = Scale::of(total_ms, -least.unwrap_or(0).min(0));
    let zero = scale.y(0);
    let (mut line, mut area) = (String::new(), String::new());
    for (index, point) in detail.burn_down.iter().enumerate() {
        let command = if index == 0 { 'M' } else { 'L' };
        // Writing into a string cannot fail.
        let _ = write!(
            line,
            "{command}{} {}",
            tenths(x(point.at)),
            tenths(scale.y(point.remaining_ms))
        );
    }
    if let Some((first, last)) = detail.burn_down.first().zip(detail.burn_down.last()) {
        let ends = (tenths(x(last.at)), tenths(x(first.at)), tenths(zero));
        let _ = write!(area, "{line}L{} {}L{} {}Z", ends.0, ends.2, ends.1, ends.2);
    }
    let lines = || (0..=scale.steps()).map(|i| (scale.above - i) * scale.step_ms);
    let grid = lines()
        .map(|ms| html! { <path class="grid-line" d=format!("M0 {}H1000", tenths(scale.y(ms))) /> })
        .collect_view();
    let figures = lines()
        .map(|ms| html! { <span>{figure(ms)}</span> })
        .collect_view();
    let axis = (0..5)
        .map(|i| html! { <span>{moment(from + (to - from) * i / 4, Moment::Day)}</span> })
        .collect_view();
    let label = format!(
        "Error budget over the window: {} at its beginning, {} left now",
        format::length(detail.slo.budget.total_ms),
        signed_length(detail.slo.budget.remaining_ms)
    );
    let empty = detail
        .burn_down
        .is_empty()
        .then(|| html! { <p class="chart-empty">"Nothing was measured in this window"</p> });
    html! {
        <figure class="chart burn-chart">
            <div class="chart-scale" aria-hidden="true">{figures}</div>
            <div class="chart-plot burn-plot" role="img" aria-label=label>
                <svg class="chart-drawing" viewBox=format!("0 0 {} {}", WIDTH as i64, HEIGHT as i64) preserveAspectRatio="none" aria-hidden="true">
                    {grid}
                    <path class="burn-even" d=format!("M0 {}L1000 {}", tenths(scale.y(total_ms)), tenths(zero)) />
                    <path class="burn-area" d=area />
                    <path class="burn-line" d=line />
                    <path class="burn-ground" d=format!("M0 {}H1000", tenths(zero)) />
                </svg>
                {empty}
            </div>
            <div class="chart-axis" aria-hidden="true">{axis}</div>
            <ul class="legend">
                <li><i class="swatch burn-swatch"></i>"Budget left"</li>
                <li><i class="swatch burn-swatch-even"></i>"Spent evenly"</li>
                <li><i class="swatch burn-swatch-ground"></i>"Used up"</li>
            </ul>
        </figure>
    }
}

/// A value of the scale, short.
fn figure(ms: i64) -> String {
    let sign = if ms < 0 { "−" } else { "" };
    match ms.abs() {
        0 => "0".to_owned(),
        ..600_000 => signed_length(ms),
        whole => format!("{sign}{}", format::span(whole)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ground_is_a_line_of_the_grid_and_the_worst_is_shown() {
        for (total_ms, overspent_ms, wanted) in [
            (400, 0, (100, 4, 0)),
            (400, 150, (100, 4, 2)),
            (400, 201, (200, 2, 2)),
            (400, 1_900, (400, 1, 5)),
            (400, 2_001, (800, 1, 3)),
            (0, 0, (1, 4, 0)),
        ] {
            let scale = Scale::of(total_ms, overspent_ms);
            assert_eq!(
                (scale.step_ms, scale.above, scale.below),
                wanted,
                "{total_ms} {overspent_ms}"
            );
            assert!(scale.y(-overspent_ms) <= HEIGHT);
            assert!(scale.y(total_ms) >= 0.0);
        }
        assert_eq!(figure(-1_944_000), "−32 min");
        assert_eq!(figure(345_000), "5 min 45 s");
    }
}
