//! A report as one HTML file: no script, nothing loaded from elsewhere, ready to be printed.

mod markup;

use crate::{
    content::{Block, Cell, Content, Section, Table, Tile, content},
    document::ReportDocument,
    drawing::{Drawing, Ink},
};
use markup::{Attributes, Html};

/// The stylesheet, as it stands in the file. Who serves the file allows it by its hash.
pub const STYLE: &str = include_str!("html/style.css");

/// Something that can be had where the file is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What it is called.
    pub label: String,
    /// Where it is: a path or an address.
    pub href: String,
}

/// The report.
pub fn render(document: &ReportDocument) -> String {
    render_with(document, &[])
}

/// The report, with what can be had beside it.
pub fn render_with(document: &ReportDocument, offers: &[Offer]) -> String {
    let content = content(document);
    let mut html = Html::default();
    html.raw("<!doctype html>\n");
    html.element("html", &[("lang", "en")], |html| {
        html.element("head", &[], |html| {
            html.raw("<meta charset=\"utf-8\">");
            html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
            html.raw("<meta name=\"robots\" content=\"noindex\">");
            html.element("title", &[], |html| html.text(&content.masthead.name));
            html.raw("<style>");
            html.raw(STYLE);
            html.raw("</style>");
        });
        html.element("body", &[], |html| body(html, &content, offers));
    });
    html.finish()
}

fn body(html: &mut Html, content: &Content, offers: &[Offer]) {
    let masthead = &content.masthead;
    html.element("header", &[], |html| {
        html.element("div", &[("class", "wide")], |html| {
            html.element("p", &[("class", "kind")], |html| {
                html.element("span", &[], |html| html.text("Edgewatch"));
                html.element("span", &[], |html| html.text(&masthead.kind));
            });
            html.element("h1", &[], |html| html.text(&masthead.title));
            html.element("p", &[("class", "period")], |html| html.text(&masthead.period));
            for note in &masthead.notes {
                html.element("p", &[("class", "note")], |html| html.text(note));
            }
            if !offers.is_empty() {
                html.element("p", &[("class", "offers")], |html| {
                    for offer in offers {
                        html.element("a", &[("href", &offer.href)], |html| html.text(&offer.label));
                    }
                });
            }
        });
    });
    html.element("main", &[("class", "wide")], |html| {
        let verdict = &masthead.verdict;
        let class = format!("verdict {}", verdict.tone.class());
        html.element(
            "section",
            &[("class", &class), ("aria-label", "Result")],
            |html| {
                html.element("div", &[], |html| {
                    html.element("p", &[("class", "label")], |html| html.text(&verdict.label));
                    html.element("p", &[("class", "figure")], |html| html.text(&verdict.figure));
                    html.element("p", &[("class", "label")], |html| html.text(&verdict.bounds));
                });
                html.element("div", &[], |html| {
                    html.element("p", &[("class", "word")], |html| html.text(&verdict.word));
                    html.element("p", &[], |html| html.text(&verdict.sentence));
                });
            },
        );
        tiles(html, &masthead.tiles);
        for summary in &content.summary {
            block(html, summary);
        }
        html.element("nav", &[("aria-label", "Contents")], |html| {
            html.element("ol", &[], |html| {
                for section in &content.sections {
                    let href = format!("#{}", section.id);
                    html.element("li", &[], |html| {
                        html.element("a", &[("href", &href)], |html| html.text(&section.title));
                    });
                }
            });
        });
        for part in &content.sections {
            section(html, part);
        }
    });
    html.element("footer", &[("class", "wide")], |html| html.text(&masthead.foot));
}

fn section(html: &mut Html, section: &Section) {
    html.element("section", &[("id", section.id)], |html| {
        html.element("h2", &[], |html| html.text(&section.title));
        for part in &section.blocks {
            block(html, part);
        }
    });
}

fn block(html: &mut Html, block: &Block) {
    match block {
        Block::Heading(title) => html.element("h3", &[], |html| html.text(title)),
        Block::Text(text) => html.element("p", &[], |html| html.text(text)),
        Block::Note(tone, text) => {
            let class = format!("callout {}", tone.class());
            html.element("p", &[("class", &class)], |html| html.text(text));
        }
        Block::Facts(facts) => html.element("dl", &[], |html| {
            for (name, value) in facts {
                html.element("dt", &[], |html| html.text(name));
                html.element("dd", &[], |html| cell(html, value));
            }
        }),
        Block::Tiles(list) => tiles(html, list),
        Block::Table(data) => table(html, data),
        Block::Chart(drawing, legend) => chart(html, drawing, legend),
    }
}

fn tiles(html: &mut Html, tiles: &[Tile]) {
    html.element("div", &[("class", "tiles")], |html| {
        for tile in tiles {
            let class = format!("tile {}", tile.tone.class());
            html.element("div", &[("class", &class)], |html| {
                html.element("p", &[("class", "label")], |html| html.text(&tile.label));
                html.element("p", &[("class", "figure")], |html| html.text(&tile.figure));
                html.element("p", &[("class", "label")], |html| html.text(&tile.detail));
            });
        }
    });
}

fn table(html: &mut Html, table: &Table) {
    let class = |figures: bool| -> &Attributes<'_> { if figures { &[("class", "figures")] } else { &[] } };
    html.element(
        "div",
        &[
            ("class", "scroll"),
            ("tabindex", "0"),
            ("role", "region"),
            ("aria-label", &table.caption),
        ],
        |html| {
            html.element("table", &[], |html| {
                html.element("caption", &[], |html| html.text(&table.caption));
                html.element("thead", &[], |html| {
                    html.element("tr", &[], |html| {
                        for column in &table.columns {
                            let scope: &Attributes<'_> = if column.figures {
                                &[("scope", "col"), ("class", "figures")]
                            } else {
                                &[("scope", "col")]
                            };
                            html.element("th", scope, |html| html.text(&column.title));
                        }
                    });
                });
                html.element("tbody", &[], |html| {
                    for row in &table.rows {
                        html.element("tr", &[], |html| {
                            for (data, column) in row.iter().zip(&table.columns) {
                                html.element("td", class(column.figures), |html| cell(html, data));
                            }
                        });
                    }
                });
            });
        },
    );
}

fn cell(html: &mut Html, cell: &Cell) {
    let text = |html: &mut Html| match &cell.link {
        Some(link) if is_web_address(link) => {
            html.element("a", &[("href", link), ("rel", "noreferrer")], |html| {
                html.text(&cell.text);
            });
        }
        _ => html.text(&cell.text),
    };
    if cell.strong {
        html.element("strong", &[], text);
    } else if cell.tone.class() == "plain" {
        text(html);
    } else {
        let class = format!("tone {}", cell.tone.class());
        html.element("span", &[("class", &class)], text);
    }
}

fn is_web_address(link: &str) -> bool {
    link.starts_with("https://") || link.starts_with("http://")
}

fn chart(html: &mut Html, drawing: &Drawing, legend: &[(Ink, String)]) {
    html.element("figure", &[], |html| {
        html.drawing(drawing);
        if !legend.is_empty() {
            html.element("figcaption", &[], |html| {
                for (ink, name) in legend {
                    html.element("span", &[("class", "key")], |html| {
                        html.swatch(*ink);
                        html.text(name);
                    });
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_become_links() {
        let mut html = Html::default();
        cell(
            &mut html,
            &Cell::plain("x").leading_to(Some("javascript:alert(1)".to_owned())),
        );
        cell(
            &mut html,
            &Cell::plain("a<b").leading_to(Some("https://a/?b&c".to_owned())),
        );
        assert_eq!(
            html.finish(),
            "x<a href=\"https://a/?b&amp;c\" rel=\"noreferrer\">a&lt;b</a>"
        );
    }
}
