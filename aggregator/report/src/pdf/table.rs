//! Tables: cells in lines, heads that are repeated on each page, rows that are not torn apart.

use super::sheet::{MARGIN, MEASURE, Role, Sheet, Target, Type};
use crate::{
    content::{Cell, Column, Table, Tone},
    drawing::{Anchor, Ink, Shape},
};

const HEAD: Type = Type::new(7.2, 9.5, Ink::Faint).strong();
const BODY: Type = Type::new(8.4, 11.4, Ink::Text);
/// Above and below the lines of a row.
const PADDING: f32 = 4.2;
/// Between two columns.
const GAP: f32 = 10.0;
/// Before the text of a cell that has a mark.
const MARK: f32 = 10.0;
/// How far a table's ground and lines reach beyond its text.
const OUTSET: f32 = 6.0;

/// Where a column stands.
struct Place {
    x: f32,
    width: f32,
    figures: bool,
}

fn places(columns: &[Column]) -> Vec<Place> {
    let shares: f32 = columns.iter().map(|column| column.share).sum();
    let all = MEASURE - GAP * (columns.len().saturating_sub(1)) as f32;
    let mut x = MARGIN;
    let place = |column: &Column| {
        let width = all * column.share / shares.max(f32::EPSILON);
        let place = Place {
            x,
            width,
            figures: column.figures,
        };
        x += width + GAP;
        place
    };
    columns.iter().map(place).collect()
}

/// Sets a table.
pub(super) fn set(sheet: &mut Sheet<'_>, table: &Table) {
    let places = places(&table.columns);
    let heads: Vec<_> = table
        .columns
        .iter()
        .zip(&places)
        .map(|(column, place)| {
            sheet
                .fonts
                .wrap(&column.title, HEAD.size, HEAD.strong, place.width)
        })
        .collect();
    let deepest = heads.iter().map(Vec::len).max().unwrap_or(0) as f32;
    let head_height = deepest * HEAD.leading + 2.0 * PADDING;
    // A head alone at the foot of a page says nothing.
    sheet.make_room(head_height + 3.0 * (BODY.leading + 2.0 * PADDING));
    sheet.begin(Role::Table(table.caption.clone()));
    set_head(sheet, &heads, &places, head_height, true);
    for row in &table.rows {
        let cells: Vec<_> = row
            .iter()
            .zip(&places)
            .map(|(cell, place)| {
                let width = place.width - if marked(cell) { MARK } else { 0.0 };
                sheet.fonts.wrap(&cell.text, BODY.size, cell.strong, width)
            })
            .collect();
        let lines = cells.iter().map(Vec::len).max().unwrap_or(0).max(1) as f32;
        let height = lines * BODY.leading + 2.0 * PADDING;
        if sheet.make_room(height) {
            set_head(sheet, &heads, &places, head_height, false);
        }
        sheet.begin(Role::Row);
        for ((cell, lines), place) in row.iter().zip(&cells).zip(&places) {
            set_cell(sheet, cell, lines, place);
        }
        sheet.end();
        sheet.y += height;
        let (y, end) = (sheet.y, MARGIN + MEASURE + OUTSET);
        sheet.decorate(Shape::line((MARGIN - OUTSET, y), (end, y), 0.5, Ink::Line));
    }
    sheet.end();
    sheet.y += 14.0;
}

/// Sets the heads of the columns. Repeated ones are decoration to who has the table read aloud.
fn set_head(sheet: &mut Sheet<'_>, heads: &[Vec<String>], places: &[Place], height: f32, first: bool) {
    let top = sheet.y;
    sheet.decorate(Shape::rounded(
        MARGIN - OUTSET,
        top,
        MEASURE + 2.0 * OUTSET,
        height,
        3.0,
        Ink::Ground,
    ));
    if first {
        sheet.begin(Role::Row);
    }
    for (lines, place) in heads.iter().zip(places) {
        if first {
            sheet.begin(Role::ColumnHead);
        }
        let anchor = if place.figures { Anchor::End } else { Anchor::Start };
        let x = if place.figures {
            place.x + place.width
        } else {
            place.x
        };
        // The last lines of heads stand beside each other.
        let mut baseline = top + height - PADDING - 2.2 - HEAD.leading * lines.len().saturating_sub(1) as f32;
        for line in lines {
            if first {
                sheet.line(line, x, baseline, HEAD, anchor);
            } else {
                sheet.decorate(Shape::text(x, baseline, line, HEAD.size, HEAD.ink, anchor).strong());
            }
            baseline += HEAD.leading;
        }
        if first {
            sheet.end();
        }
    }
    if first {
        sheet.end();
    }
    sheet.y = top + height;
}

fn marked(cell: &Cell) -> bool {
    cell.tone != Tone::Plain
}

fn set_cell(sheet: &mut Sheet<'_>, cell: &Cell, lines: &[String], place: &Place) {
    sheet.begin(Role::Data);
    let ink = if cell.link.is_some() {
        Ink::Accent
    } else {
        cell.tone.text()
    };
    let body = Type {
        ink,
        strong: cell.strong,
        ..BODY
    };
    let widest = lines
        .iter()
        .map(|line| sheet.fonts.width(line, body.size, body.strong))
        .fold(0.0, f32::max);
    let (anchor, x, mark_x) = if place.figures {
        let x = place.x + place.width;
        (Anchor::End, x, x - widest - MARK)
    } else if marked(cell) {
        (Anchor::Start, place.x + MARK, place.x)
    } else {
        (Anchor::Start, place.x, place.x)
    };
    let mut baseline = sheet.y + PADDING + 8.2;
    if marked(cell) {
        sheet.decorate(Shape::rounded(
            mark_x,
            baseline - 5.8,
            6.0,
            6.0,
            3.0,
            cell.tone.mark(),
        ));
    }
    for line in lines {
        match &cell.link {
            Some(link) => sheet.link(line, (x, baseline), body, anchor, Target::Address(link.clone())),
            None => {
                sheet.line(line, x, baseline, body, anchor);
            }
        }
        baseline += BODY.leading;
    }
    sheet.end();
}
