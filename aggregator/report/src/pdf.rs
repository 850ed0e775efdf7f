//! A report as PDF: A4, with page numbers, a table of contents, bookmarks and charts; archivable and accessible.

mod blocks;
mod first_page;
mod fonts;
mod paint;
mod sheet;
mod table;

pub use fonts::FontFile;

use crate::{content::content, document::ReportDocument};
use chrono::{Datelike as _, Timelike as _};
use krilla::metadata::{DateTime, Metadata};
use sheet::{HEIGHT, MARGIN, Sheet, Type, WIDTH};

use crate::drawing::{Anchor, Ink, Shape};

const SMALL: Type = Type::new(7.4, 10.0, Ink::Faint);

/// A report could not be written as PDF.
#[derive(Debug, thiserror::Error)]
#[error("the report cannot be written as PDF: {0}")]
pub struct PdfError(String);

/// The report. Fonts are for characters that Inter lacks, in order; those that no font has are shown as replaced.
pub fn render(document: &ReportDocument, others: &[FontFile]) -> Result<Vec<u8>, PdfError> {
    let fonts = fonts::Fonts::new(others);
    let content = content(document);
    let mut sheet = Sheet::new(&fonts);
    let contents = first_page::set(&mut sheet, &content);
    sheet.turn();
    for section in &content.sections {
        blocks::set_section(&mut sheet, section);
    }
    contents.number(&mut sheet);
    set_margins(&mut sheet, &content.masthead.name, &content.masthead.foot);
    let metadata = metadata(
        document,
        &content.masthead.name,
        &content.masthead.verdict.sentence,
    );
    // What names and texts of others hold may keep a document from conforming; it is a report all the same.
    paint::paint(&sheet, &metadata, true)
        .or_else(|_| paint::paint(&sheet, &metadata, false))
        .map_err(PdfError)
}

/// What stands above and below the text of each page.
fn set_margins(sheet: &mut Sheet<'_>, head: &str, foot: &str) {
    let pages = sheet.pages.len();
    let right = WIDTH - MARGIN;
    for page in 0..pages {
        let mut shapes = Vec::new();
        if page > 0 {
            let head = sheet.fonts.cut(head, SMALL.size, false, right - MARGIN);
            shapes.push(Shape::text(
                MARGIN,
                38.0,
                head,
                SMALL.size,
                SMALL.ink,
                Anchor::Start,
            ));
            shapes.push(Shape::line((MARGIN, 46.0), (right, 46.0), 0.5, Ink::Line));
        }
        let y = HEIGHT - 30.0;
        shapes.push(Shape::line((MARGIN, y - 14.0), (right, y - 14.0), 0.5, Ink::Line));
        let foot = sheet.fonts.cut(foot, SMALL.size, false, right - MARGIN - 70.0);
        shapes.push(Shape::text(MARGIN, y, foot, SMALL.size, SMALL.ink, Anchor::Start));
        let number = format!("{} / {pages}", page + 1);
        shapes.push(Shape::text(right, y, number, SMALL.size, Ink::Quiet, Anchor::End).strong());
        for shape in shapes {
            sheet.pages[page].placed.push(sheet::Placed { shape, node: None });
        }
    }
}

fn metadata(document: &ReportDocument, title: &str, sentence: &str) -> Metadata {
    let at = document.generated_at;
    let created = DateTime::new(u16::try_from(at.year()).unwrap_or_default())
        .month(at.month() as u8)
        .day(at.day() as u8)
        .hour(at.hour() as u8)
        .minute(at.minute() as u8)
        .second(at.second() as u8)
        .utc_offset_hour(0)
        .utc_offset_minute(0);
    Metadata::new()
        .title(title.to_owned())
        .description(sentence.to_owned())
        .authors(vec!["Edgewatch".to_owned()])
        .creator(document.software.clone())
        .producer(document.software.clone())
        .language("en".to_owned())
        .document_id(format!(
            "{}:{}:{}",
            document.id,
            document.figures.policy_hash,
            at.timestamp_millis()
        ))
        .creation_date(created)
}
