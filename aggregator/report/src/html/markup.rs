//! Elements, text and drawings as markup. What is text is escaped; nothing else writes it.

use crate::drawing::{Anchor, Drawing, Ink, Shape};
use std::fmt::Write as _;

/// Names with values.
pub(super) type Attributes<'a> = [(&'a str, &'a str)];

/// Markup as it grows.
#[derive(Default)]
pub(super) struct Html {
    text: String,
}

impl Html {
    /// What was written.
    pub fn finish(self) -> String {
        self.text
    }

    /// Writes markup as it is.
    pub fn raw(&mut self, markup: &'static str) {
        self.text.push_str(markup);
    }

    /// Writes text.
    pub fn text(&mut self, text: &str) {
        for character in text.chars() {
            match character {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                '\'' => self.text.push_str("&#39;"),
                other => self.text.push(other),
            }
        }
    }

    /// Writes an element with what is in it.
    pub fn element(
        &mut self,
        name: &'static str,
        attributes: &Attributes<'_>,
        inner: impl FnOnce(&mut Self),
    ) {
        self.open(name, attributes);
        inner(self);
        let _ = write!(self.text, "</{name}>");
    }

    fn open(&mut self, name: &str, attributes: &Attributes<'_>) {
        let _ = write!(self.text, "<{name}");
        for (name, value) in attributes {
            let _ = write!(self.text, " {name}=\"");
            self.text(value);
            self.text.push('"');
        }
        self.text.push('>');
    }

    /// Writes a patch of a colour.
    pub fn swatch(&mut self, ink: Ink) {
        let _ = write!(
            self.text,
            "<svg class=\"swatch\" viewBox=\"0 0 8 8\" aria-hidden=\"true\"><rect width=\"8\" height=\"8\" rx=\"2\" \
             fill=\"{}\"/></svg>",
            hex(ink)
        );
    }

    /// Writes a drawing as SVG.
    pub fn drawing(&mut self, drawing: &Drawing) {
        let view = format!("0 0 {} {}", tenths(drawing.width), tenths(drawing.height));
        let attributes = [
            ("viewBox", view.as_str()),
            ("role", "img"),
            ("aria-label", &drawing.description),
        ];
        self.element("svg", &attributes, |html| {
            for shape in &drawing.shapes {
                html.shape(shape);
            }
        });
    }

    fn shape(&mut self, shape: &Shape) {
        // Writing to a string does not fail.
        let _ = match shape {
            Shape::Rect {
                x,
                y,
                width,
                height,
                radius,
                ink,
            } => {
                let radius = if *radius > 0.0 {
                    format!(" rx=\"{}\"", tenths(*radius))
                } else {
                    String::new()
                };
                write!(
                    self.text,
                    "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{radius} fill=\"{}\"/>",
                    tenths(*x),
                    tenths(*y),
                    tenths(*width),
                    tenths(*height),
                    hex(*ink)
                )
            }
            Shape::Line {
                points,
                width,
                ink,
                dashed,
            } => write!(
                self.text,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"{}/>",
                listed(points),
                hex(*ink),
                tenths(*width),
                if *dashed {
                    " stroke-dasharray=\"3 2.5\""
                } else {
                    ""
                }
            ),
            Shape::Area { points, ink } => write!(
                self.text,
                "<polygon points=\"{}\" fill=\"{}\" fill-opacity=\"0.14\"/>",
                listed(points),
                hex(*ink)
            ),
            Shape::Text {
                x,
                y,
                text,
                size,
                ink,
                anchor,
                strong,
            } => {
                let anchor = match anchor {
                    Anchor::Start => "start",
                    Anchor::Middle => "middle",
                    Anchor::End => "end",
                };
                let (x, y, size, ink) = (tenths(*x), tenths(*y), tenths(*size), hex(*ink));
                let mut attributes = vec![
                    ("x", &*x),
                    ("y", &*y),
                    ("font-size", &*size),
                    ("fill", &*ink),
                    ("text-anchor", anchor),
                ];
                if *strong {
                    attributes.push(("font-weight", "600"));
                }
                self.element("text", &attributes, |html| html.text(text));
                Ok(())
            }
        };
    }
}

fn hex(ink: Ink) -> String {
    let [red, green, blue] = ink.rgb();
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// A length with as many decimals as are seen.
fn tenths(length: f32) -> String {
    let text = format!("{length:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn listed(points: &[(f32, f32)]) -> String {
    let each = points
        .iter()
        .map(|(x, y)| format!("{},{}", tenths(*x), tenths(*y)));
    each.collect::<Vec<_>>().join(" ")
}
