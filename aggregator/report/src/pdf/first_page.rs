//! The first page: the masthead, the answer, the figures that matter most, and what is where.

use super::{
    blocks::{set_blocks, set_tiles, shrunk},
    sheet::{MARGIN, MEASURE, Placed, Role, Sheet, Target, Type, WIDTH},
};
use crate::{
    content::{Content, Masthead, Verdict},
    drawing::{Anchor, Ink, Shape},
};

const KIND: Type = Type::new(8.6, 11.0, Ink::OnDeep).strong();
const TITLE: Type = Type::new(25.0, 30.0, Ink::Paper).strong();
const PERIOD: Type = Type::new(12.0, 16.0, Ink::Paper);
const NOTE: Type = Type::new(8.4, 12.0, Ink::OnDeep);
const FIGURE: Type = Type::new(33.0, 36.0, Ink::Text).strong();
const SMALL: Type = Type::new(8.4, 11.6, Ink::Quiet);
const ENTRY: Type = Type::new(9.0, 15.4, Ink::Text);

/// Room for page numbers in the table of contents, which are known at last.
pub(super) struct Contents {
    /// The page that it is on.
    page: usize,
    /// Where each stands, and the part that it belongs to.
    entries: Vec<((f32, f32), usize)>,
}

/// Sets the first page.
pub(super) fn set(sheet: &mut Sheet<'_>, content: &Content) -> Contents {
    set_masthead(sheet, &content.masthead);
    set_verdict(sheet, &content.masthead.verdict);
    set_tiles(sheet, &content.masthead.tiles);
    set_blocks(sheet, &content.summary);
    set_contents(sheet, content)
}

fn set_masthead(sheet: &mut Sheet<'_>, masthead: &Masthead) {
    let mut title = TITLE;
    let mut lines = sheet.fonts.wrap(&masthead.title, title.size, true, MEASURE);
    if lines.len() > 2 {
        title = Type {
            size: 17.0,
            leading: 21.0,
            ..TITLE
        };
        lines = sheet.fonts.wrap(&masthead.title, title.size, true, MEASURE);
        lines.truncate(3);
    }
    let height =
        78.0 + lines.len() as f32 * title.leading + 22.0 + masthead.notes.len() as f32 * NOTE.leading + 14.0;
    sheet.decorate(Shape::rect(0.0, 0.0, WIDTH, height, Ink::Deep));
    sheet.decorate(Shape::rect(0.0, height, WIDTH, 3.0, Ink::Up));
    set_mark(sheet, MARGIN, 30.0);
    sheet.begin(Role::Paragraph);
    sheet.line(
        "Edgewatch",
        MARGIN + 27.0,
        46.0,
        Type {
            size: 12.0,
            ink: Ink::Paper,
            ..KIND
        },
        Anchor::Start,
    );
    sheet.line(&masthead.kind, WIDTH - MARGIN, 46.0, KIND, Anchor::End);
    sheet.end();
    sheet.y = 76.0;
    sheet.begin(Role::Heading(1, masthead.title.clone()));
    for line in lines {
        sheet.line(&line, MARGIN, sheet.y + title.size * 0.9, title, Anchor::Start);
        sheet.y += title.leading;
    }
    sheet.end();
    sheet.begin(Role::Paragraph);
    let period = shrunk(sheet, &masthead.period, PERIOD, MEASURE);
    sheet.line(&masthead.period, MARGIN, sheet.y + 11.0, period, Anchor::Start);
    sheet.end();
    sheet.y += 22.0;
    for note in &masthead.notes {
        sheet.begin(Role::Paragraph);
        let note = sheet.fonts.cut(note, NOTE.size, false, MEASURE);
        sheet.line(&note, MARGIN, sheet.y + 9.0, NOTE, Anchor::Start);
        sheet.end();
        sheet.y += NOTE.leading;
    }
    sheet.y = height + 22.0;
}

/// The product's mark, 20 points wide: a ring that is open at one place, with a pulse through it.
fn set_mark(sheet: &mut Sheet<'_>, x: f32, y: f32) {
    let scale = 20.0 / 24.0;
    let at = |px: f32, py: f32| (x + px * scale, y + py * scale);
    // From where the ring begins, counter-clockwise around its centre, to where the pulse leaves it.
    let ring = (0..=48).map(|step| {
        let angle = (-32.3_f32 - 327.7 * step as f32 / 48.0).to_radians();
        at(12.0 + 9.0 * angle.cos(), 12.0 + 9.0 * angle.sin())
    });
    let ring = Shape::Line {
        points: ring.collect(),
        width: 2.2 * scale,
        ink: Ink::Unknown,
        dashed: false,
    };
    sheet.decorate(ring);
    let pulse = [
        (3.0, 12.0),
        (8.0, 12.0),
        (10.5, 7.0),
        (14.0, 17.0),
        (16.5, 12.0),
        (21.0, 12.0),
    ];
    let points = pulse.map(|(px, py)| at(px, py)).to_vec();
    sheet.decorate(Shape::Line {
        points,
        width: 2.2 * scale,
        ink: Ink::Up,
        dashed: false,
    });
}

fn set_verdict(sheet: &mut Sheet<'_>, verdict: &Verdict) {
    let text_x = MARGIN + 206.0;
    let text_width = MEASURE - 206.0 - 16.0;
    let lines = sheet
        .fonts
        .wrap(&verdict.sentence, SMALL.size + 0.8, false, text_width);
    let height = (46.0 + lines.len() as f32 * 13.4).max(84.0);
    let top = sheet.y;
    sheet.decorate(Shape::rounded(
        MARGIN,
        top,
        MEASURE,
        height,
        7.0,
        verdict.tone.ground(),
    ));
    sheet.decorate(Shape::rounded(MARGIN, top, 4.0, height, 2.0, verdict.tone.mark()));
    sheet.begin(Role::Paragraph);
    sheet.line(&verdict.label, MARGIN + 18.0, top + 21.0, SMALL, Anchor::Start);
    let figure = shrunk(sheet, &verdict.figure, FIGURE, 172.0);
    let figure = Type {
        ink: verdict.tone.text(),
        ..figure
    };
    sheet.line(&verdict.figure, MARGIN + 18.0, top + 52.0, figure, Anchor::Start);
    let bounds = sheet.fonts.cut(&verdict.bounds, 7.8, false, 178.0);
    sheet.line(
        &bounds,
        MARGIN + 18.0,
        top + 69.0,
        Type { size: 7.8, ..SMALL },
        Anchor::Start,
    );
    sheet.end();
    sheet.begin(Role::Paragraph);
    sheet.decorate(Shape::rounded(
        text_x,
        top + 16.5,
        9.0,
        9.0,
        4.5,
        verdict.tone.mark(),
    ));
    let word = Type::new(13.0, 16.0, verdict.tone.text()).strong();
    sheet.line(&verdict.word, text_x + 15.0, top + 25.5, word, Anchor::Start);
    sheet.y = top + 36.0;
    for line in lines {
        let set = Type {
            size: SMALL.size + 0.8,
            ink: Ink::Text,
            ..SMALL
        };
        sheet.line(&line, text_x, sheet.y + 8.0, set, Anchor::Start);
        sheet.y += 13.4;
    }
    sheet.end();
    sheet.y = top + height + 14.0;
}

fn set_contents(sheet: &mut Sheet<'_>, content: &Content) -> Contents {
    let across = 2;
    let down = content.sections.len().div_ceil(across);
    sheet.make_room(26.0 + down as f32 * ENTRY.leading);
    sheet.y += 4.0;
    sheet.begin(Role::Paragraph);
    let head = Type::new(7.6, 10.0, Ink::Faint).strong();
    sheet.line("CONTENTS", MARGIN, sheet.y + 8.0, head, Anchor::Start);
    sheet.end();
    sheet.y += 18.0;
    let gap = 28.0;
    let width = (MEASURE - gap * (across - 1) as f32) / across as f32;
    let top = sheet.y;
    sheet.begin(Role::Contents);
    let mut entries = Vec::new();
    for (index, section) in content.sections.iter().enumerate() {
        let x = MARGIN + (index / down.max(1)) as f32 * (width + gap);
        let y = top + (index % down.max(1)) as f32 * ENTRY.leading;
        let node = sheet.begin(Role::Entry);
        let place = content.sections[..index]
            .iter()
            .map(|section| 1 + section.headings())
            .sum();
        let title = sheet.fonts.cut(&section.title, ENTRY.size, false, width - 24.0);
        sheet.link(
            &title,
            (x, y + 10.0),
            ENTRY,
            Anchor::Start,
            Target::Heading(place),
        );
        sheet.end();
        let title_width = sheet.fonts.width(&title, ENTRY.size, false);
        sheet.decorate(Shape::Line {
            points: vec![(x + title_width + 6.0, y + 9.0), (x + width - 18.0, y + 9.0)],
            width: 0.5,
            ink: Ink::Line,
            dashed: true,
        });
        entries.push(((x + width, y + 10.0), node));
    }
    sheet.end();
    sheet.y = top + down as f32 * ENTRY.leading;
    Contents {
        page: sheet.page(),
        entries,
    }
}

impl Contents {
    /// Puts the page numbers in.
    pub fn number(&self, sheet: &mut Sheet<'_>) {
        let sections = sheet.headings.iter().filter(|heading| heading.level == 2);
        for (&((x, baseline), node), section) in self.entries.iter().zip(sections) {
            let number = (section.page + 1).to_string();
            sheet.pages[self.page].placed.push(Placed {
                shape: Shape::text(x, baseline, number, ENTRY.size, ENTRY.ink, Anchor::End),
                node: Some(node),
            });
        }
    }
}
