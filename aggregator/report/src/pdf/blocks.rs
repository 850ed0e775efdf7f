//! Blocks of a section, one below the other.

use super::{
    sheet::{Heading, MARGIN, MEASURE, Role, Sheet, Target, Type},
    table,
};
use crate::{
    content::{Block, Cell, Section, Tile, Tone},
    drawing::{Anchor, Drawing, Ink, Shape},
};

const TITLE: Type = Type::new(15.0, 20.0, Ink::Text).strong();
const SUBTITLE: Type = Type::new(10.5, 15.0, Ink::Text).strong();
const BODY: Type = Type::new(9.2, 13.6, Ink::Quiet);
const NAME: Type = Type::new(8.4, 12.4, Ink::Faint);
const VALUE: Type = Type::new(8.8, 12.4, Ink::Text);
const LABEL: Type = Type::new(7.6, 10.0, Ink::Faint);
const FIGURE: Type = Type::new(15.5, 19.0, Ink::Text).strong();
const DETAIL: Type = Type::new(7.6, 10.0, Ink::Quiet);

/// How high a row of tiles is.
const TILE_HEIGHT: f32 = 58.0;
/// Between two tiles.
const TILE_GAP: f32 = 10.0;
/// Tiles side by side.
const TILES_ACROSS: usize = 4;

/// Sets a section.
pub(super) fn set_section(sheet: &mut Sheet<'_>, section: &Section) {
    sheet.begin(Role::Section);
    // A heading alone at the foot of a page says nothing.
    if !sheet.make_room(150.0) {
        sheet.y += 12.0;
    }
    let (y, page) = (sheet.y, sheet.page());
    sheet.headings.push(Heading {
        title: section.title.clone(),
        level: 2,
        page,
        y: y - 8.0,
    });
    sheet.decorate(Shape::rounded(MARGIN, y + 2.0, 3.0, 14.0, 1.5, Ink::Up));
    sheet.begin(Role::Heading(2, section.title.clone()));
    sheet.lines(&section.title, MARGIN + 11.0, MEASURE - 11.0, TITLE);
    sheet.end();
    sheet.y += 8.0;
    set_blocks(sheet, &section.blocks);
    sheet.end();
}

/// Sets blocks, one below the other. A heading stays with the chart that follows it.
pub(super) fn set_blocks(sheet: &mut Sheet<'_>, blocks: &[Block]) {
    for (index, block) in blocks.iter().enumerate() {
        if let (Block::Heading(_), Some(Block::Chart(drawing, _))) = (block, blocks.get(index + 1)) {
            sheet.make_room(drawing.height + 54.0);
        }
        set_block(sheet, block);
    }
}

fn set_block(sheet: &mut Sheet<'_>, block: &Block) {
    match block {
        Block::Heading(title) => {
            sheet.make_room(90.0);
            sheet.y += 4.0;
            let (y, page) = (sheet.y, sheet.page());
            sheet.headings.push(Heading {
                title: title.clone(),
                level: 3,
                page,
                y: y - 8.0,
            });
            sheet.begin(Role::Heading(3, title.clone()));
            sheet.lines(title, MARGIN, MEASURE, SUBTITLE);
            sheet.end();
            sheet.y += 3.0;
        }
        Block::Text(text) => {
            sheet.begin(Role::Paragraph);
            sheet.lines(text, MARGIN, MEASURE, BODY);
            sheet.end();
            sheet.y += 8.0;
        }
        Block::Note(tone, text) => set_note(sheet, *tone, text),
        Block::Facts(facts) => set_facts(sheet, facts),
        Block::Tiles(tiles) => set_tiles(sheet, tiles),
        Block::Table(table) => table::set(sheet, table),
        Block::Chart(drawing, legend) => set_chart(sheet, drawing, legend),
    }
}

fn set_note(sheet: &mut Sheet<'_>, tone: Tone, text: &str) {
    let lines = sheet.fonts.wrap(text, BODY.size, false, MEASURE - 28.0);
    let height = lines.len() as f32 * BODY.leading + 18.0;
    sheet.make_room(height);
    let top = sheet.y;
    sheet.decorate(Shape::rounded(MARGIN, top, MEASURE, height, 5.0, tone.ground()));
    sheet.decorate(Shape::rounded(MARGIN, top, 3.0, height, 1.5, tone.mark()));
    sheet.begin(Role::Paragraph);
    sheet.y += 9.0;
    sheet.lines(
        text,
        MARGIN + 16.0,
        MEASURE - 28.0,
        Type {
            ink: Ink::Text,
            ..BODY
        },
    );
    sheet.end();
    sheet.y = top + height + 12.0;
}

fn set_facts(sheet: &mut Sheet<'_>, facts: &[(String, Cell)]) {
    let names = 132.0;
    for (name, value) in facts {
        let lines = sheet
            .fonts
            .wrap(&value.text, VALUE.size, value.strong, MEASURE - names);
        sheet.make_room(lines.len().max(1) as f32 * VALUE.leading + 5.0);
        sheet.begin(Role::Paragraph);
        let mut baseline = sheet.y + 9.5;
        sheet.line(name, MARGIN, baseline, NAME, Anchor::Start);
        let set = Type {
            ink: if value.link.is_some() {
                Ink::Accent
            } else {
                value.tone.text()
            },
            strong: value.strong,
            ..VALUE
        };
        for line in &lines {
            match &value.link {
                Some(link) => {
                    let target = Target::Address(link.clone());
                    sheet.link(line, (MARGIN + names, baseline), set, Anchor::Start, target);
                }
                None => {
                    sheet.line(line, MARGIN + names, baseline, set, Anchor::Start);
                }
            }
            baseline += VALUE.leading;
            sheet.y += VALUE.leading;
        }
        sheet.end();
        sheet.y += 4.0;
        let (y, end) = (sheet.y, MARGIN + MEASURE);
        sheet.decorate(Shape::line((MARGIN, y), (end, y), 0.4, Ink::Line));
        sheet.y += 2.0;
    }
    sheet.y += 10.0;
}

/// Sets figures side by side.
pub(super) fn set_tiles(sheet: &mut Sheet<'_>, tiles: &[Tile]) {
    let across = tiles.len().clamp(1, TILES_ACROSS);
    let width = (MEASURE - TILE_GAP * (across - 1) as f32) / across as f32;
    for row in tiles.chunks(across) {
        sheet.make_room(TILE_HEIGHT);
        let top = sheet.y;
        for (index, tile) in row.iter().enumerate() {
            let x = MARGIN + index as f32 * (width + TILE_GAP);
            sheet.decorate(Shape::rounded(
                x,
                top,
                width,
                TILE_HEIGHT,
                5.0,
                tile.tone.ground(),
            ));
            sheet.begin(Role::Paragraph);
            let inner = width - 20.0;
            let label = sheet.fonts.cut(&tile.label, LABEL.size, false, inner);
            sheet.line(&label, x + 10.0, top + 15.0, LABEL, Anchor::Start);
            let figure = Type {
                ink: tile.tone.text(),
                ..FIGURE
            };
            let figure = shrunk(sheet, &tile.figure, figure, inner);
            sheet.line(&tile.figure, x + 10.0, top + 34.0, figure, Anchor::Start);
            let detail = sheet.fonts.cut(&tile.detail, DETAIL.size, false, inner);
            sheet.line(&detail, x + 10.0, top + 48.0, DETAIL, Anchor::Start);
            sheet.end();
        }
        sheet.y = top + TILE_HEIGHT + TILE_GAP;
    }
    sheet.y += 4.0;
}

/// The type in which a line of text is no wider than so many points.
pub(super) fn shrunk(sheet: &Sheet<'_>, text: &str, set: Type, width: f32) -> Type {
    let natural = sheet.fonts.width(text, set.size, set.strong);
    let factor = if natural > width { width / natural } else { 1.0 };
    Type {
        size: set.size * factor,
        ..set
    }
}

/// Sets a chart, as wide as the text, and what its colours mean.
pub(super) fn set_chart(sheet: &mut Sheet<'_>, drawing: &Drawing, legend: &[(Ink, String)]) {
    sheet.make_room(drawing.height + 20.0);
    let (left, top) = (MARGIN, sheet.y);
    sheet.begin(Role::Figure(drawing.description.clone()));
    for shape in &drawing.shapes {
        sheet.place(shape.clone().moved(left, top));
    }
    let mut x = left;
    let baseline = top + drawing.height + 11.0;
    for (ink, name) in legend {
        sheet.place(Shape::rounded(x, baseline - 5.6, 6.0, 6.0, 1.5, *ink));
        x += 10.0 + sheet.line(name, x + 10.0, baseline, DETAIL, Anchor::Start) + 16.0;
    }
    sheet.end();
    sheet.y = top + drawing.height + if legend.is_empty() { 10.0 } else { 26.0 };
}
