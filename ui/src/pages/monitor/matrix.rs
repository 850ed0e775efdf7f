//! The matrix: what each region saw over time, one line a region.

use crate::{
    clock::Clock,
    components::drawing::{axis_line, escape, legend},
    format,
};
use edgewatch_client::{
    json::{self, Unreadable},
    series::{Matrix, MatrixCell, MatrixRow},
};
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

/// The lines, their axis and their legend.
pub fn matrix(text: &str, clock: Clock) -> Result<String, Unreadable> {
    let matrix: Matrix = json::from_str(text)?;
    if matrix.rows.is_empty() {
        return Ok("<p class=\"note\">No check in this window.</p>".to_owned());
    }
    let mut markup = "<div class=\"matrix\">".to_owned();
    for row in &matrix.rows {
        line(&mut markup, row);
    }
    markup.push_str(&axis_line(matrix.from, matrix.to, clock));
    markup.push_str(&legend(&[
        ("cell-up", "Up"),
        ("cell-degraded", "Degraded"),
        ("cell-partly", "Some failed"),
        ("cell-down", "All failed"),
        ("cell-unknown", "Not measured"),
    ]));
    markup.push_str("</div>");
    Ok(markup)
}

fn line(markup: &mut String, row: &MatrixRow) {
    let (mut ok, mut failed) = (0, 0);
    for cell in &row.cells {
        ok += cell.up + cell.degraded;
        failed += cell.down;
    }
    let region = escape(&row.region);
    let label = format!(
        "{region}: {} checks ok, {} failed",
        format::count(ok),
        format::count(failed)
    );
    let _ = write!(
        markup,
        "<span class=\"matrix-region\">{region}</span><svg class=\"matrix-line\" viewBox=\"0 0 {} {HEIGHT}\" \
         preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{label}\"><title>{label}</title>",
        row.cells.len()
    );
    for ((class, _), path) in KINDS.iter().zip(paths(&row.cells)) {
        let _ = write!(markup, "<path class=\"cell-{class}\" d=\"{path}\"/>");
    }
    // Counts, and no share: how long the monitor was up is told above, by time.
    let failed = format::count(failed);
    let _ = write!(
        markup,
        "</svg><span class=\"matrix-share num\">{failed} failed</span>"
    );
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
