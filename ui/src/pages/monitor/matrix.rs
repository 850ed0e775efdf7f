//! The matrix: what each region saw over time, one line a region.

use crate::{
    api::Reading,
    clock::use_clock,
    components::{latency_chart::time_axis, loading::loaded},
    format,
};
use edgewatch_client::series::{Matrix, MatrixCell, MatrixRow};
use leptos::prelude::*;
use std::fmt::Write as _;

/// The height of a line in its own units.
const HEIGHT: usize = 20;

/// What a cell may be, with its height: the worse, the higher, so that it is told without its colour.
const KINDS: [(&str, usize); 5] = [
    ("unknown", 4),
    ("up", 11),
    ("degraded", 14),
    ("partly", 17),
    ("down", HEIGHT),
];

/// The section.
pub fn matrix(reading: Reading) -> AnyView {
    let skeleton = || html! { <div class="skeleton skeleton-ribbon"></div> };
    let matrix = loaded(reading, skeleton, lines);
    html! {
        <section class="section card" aria-labelledby="matrix-title">
            <div class="card-head"><h2 id="matrix-title">"Regions over time"</h2></div>
            {matrix}
        </section>
    }
}

fn lines(matrix: Matrix) -> AnyView {
    if matrix.rows.is_empty() {
        return html! { <p class="note">"No check in this window."</p> };
    }
    let clock = use_clock();
    let rows = matrix.rows.iter().map(line).collect_view();
    let legend = [
        ("up", "ok"),
        ("degraded", "Degraded"),
        ("partly", "Some failed"),
        ("down", "All failed"),
        ("unknown", "Not measured"),
    ];
    let legend = legend
        .into_iter()
        .map(|(class, name)| html! { <li><i class=format!("swatch cell-{class}")></i>{name}</li> })
        .collect_view();
    html! {
        <div class="matrix">
            {rows}
            {time_axis(matrix.from, matrix.to, clock)}
            <ul class="legend">{legend}</ul>
        </div>
    }
}

fn line(row: &MatrixRow) -> AnyView {
    let (mut ok, mut failed) = (0, 0);
    for cell in &row.cells {
        ok += cell.up + cell.degraded;
        failed += cell.down;
    }
    let share = format::share(ok, ok + failed).unwrap_or_else(|| "–".to_owned());
    let label = format!(
        "{}: {} checks ok, {} failed",
        row.region,
        format::count(ok),
        format::count(failed)
    );
    let paths = KINDS
        .iter()
        .zip(paths(&row.cells))
        .map(|((class, _), path)| html! { <path class=format!("cell-{class}") d=path /> })
        .collect_view();
    html! {
        <span class="matrix-region">{row.region.clone()}</span>
        <svg class="matrix-line" viewBox=format!("0 0 {} {HEIGHT}", row.cells.len()) preserveAspectRatio="none" role="img" aria-label=label.clone()>
            <title>{label.clone()}</title>
            {paths}
        </svg>
        <span class="matrix-share num">{share}</span>
    }
}

/// Which of [`KINDS`] a cell is.
fn kind(cell: &MatrixCell) -> Option<usize> {
    match (cell.up, cell.degraded, cell.down, cell.unmeasured) {
        (0, 0, 0, 0) => None,
        (0, 0, 0, _) => Some(0),
        (0, 0, _, _) => Some(4),
        (_, _, 1.., _) => Some(3),
        (_, 1.., _, _) => Some(2),
        _ => Some(1),
    }
}

/// A path for each kind. Neighbours of one kind are one stretch.
fn paths(cells: &[MatrixCell]) -> [String; KINDS.len()] {
    let mut paths: [String; KINDS.len()] = Default::default();
    let mut begin = 0;
    for at in 1..=cells.len() {
        let own = kind(&cells[begin]);
        if cells.get(at).map(kind) == Some(own) {
            continue;
        }
        if let Some(own) = own {
            let (length, height) = (at - begin, KINDS[own].1);
            let _ = write!(
                paths[own],
                "M{begin} {}h{length}v{height}h-{length}z",
                HEIGHT - height
            );
        }
        begin = at;
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_what_its_checks_were() {
        let cell = |up, degraded, down, unmeasured| MatrixCell {
            up,
            degraded,
            down,
            unmeasured,
            p50_us: None,
        };
        let cells = [
            cell(5, 0, 0, 1),
            cell(4, 0, 0, 0),
            cell(4, 1, 0, 0),
            cell(4, 1, 1, 0),
            cell(0, 0, 0, 0),
            cell(0, 0, 2, 1),
            cell(0, 0, 0, 3),
        ];
        let kinds: Vec<_> = cells.iter().map(kind).collect();
        assert_eq!(
            kinds,
            [Some(1), Some(1), Some(2), Some(3), None, Some(4), Some(0)]
        );
        let paths = paths(&cells);
        assert_eq!(paths[1], "M0 9h2v11h-2z");
        assert_eq!(paths[4], "M5 0h1v20h-1z");
    }
}
