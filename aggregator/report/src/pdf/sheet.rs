//! Pages as they fill up: where each shape stands, what it belongs to, and where it leads.

use super::fonts::Fonts;
use crate::drawing::{Anchor, Ink, Shape};

/// A4, in points.
pub(super) const WIDTH: f32 = 595.28;
pub(super) const HEIGHT: f32 = 841.89;
/// The margin at the left and at the right.
pub(super) const MARGIN: f32 = 46.0;
/// What text may take of a page's width.
pub(super) const MEASURE: f32 = WIDTH - 2.0 * MARGIN;
/// Where text begins on pages after the first.
const TOP: f32 = 66.0;
/// Where text ends.
const BOTTOM: f32 = HEIGHT - 58.0;

/// What a part of the document is, to who has it read aloud.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Role {
    Section,
    Heading(u16, String),
    Paragraph,
    Contents,
    Entry,
    Table(String),
    Row,
    ColumnHead,
    Data,
    Figure(String),
    Link,
}

/// A part, with those within it.
pub(super) struct Node {
    pub role: Role,
    pub children: Vec<usize>,
}

/// A shape on a page, and the part that it belongs to; without one, it is decoration.
pub(super) struct Placed {
    pub shape: Shape,
    pub node: Option<usize>,
}

/// An area of a page that leads somewhere.
pub(super) struct Lead {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
    pub target: Target,
    pub says: String,
    pub node: usize,
}

/// Where something leads.
pub(super) enum Target {
    /// An address on the web.
    Address(String),
    /// A section, by its place in the order of headings.
    Heading(usize),
}

/// A page.
#[derive(Default)]
pub(super) struct Page {
    pub placed: Vec<Placed>,
    pub leads: Vec<Lead>,
}

/// A heading, where it came to stand.
pub(super) struct Heading {
    pub title: String,
    pub level: u16,
    pub page: usize,
    pub y: f32,
}

/// The pages so far, and where the next block comes to stand.
pub(super) struct Sheet<'f> {
    pub fonts: &'f Fonts<'f>,
    pub pages: Vec<Page>,
    /// Where the next block begins on the last page.
    pub y: f32,
    pub nodes: Vec<Node>,
    /// The parts that are in no other.
    pub roots: Vec<usize>,
    pub headings: Vec<Heading>,
    /// The part that is being filled, within those around it.
    open: Vec<usize>,
}

/// How a text is set.
#[derive(Clone, Copy)]
pub(super) struct Type {
    pub size: f32,
    /// From baseline to baseline.
    pub leading: f32,
    pub ink: Ink,
    pub strong: bool,
}

impl Type {
    pub const fn new(size: f32, leading: f32, ink: Ink) -> Self {
        Self {
            size,
            leading,
            ink,
            strong: false,
        }
    }

    pub const fn strong(self) -> Self {
        Self { strong: true, ..self }
    }
}

impl<'f> Sheet<'f> {
    pub fn new(fonts: &'f Fonts<'f>) -> Self {
        Self {
            fonts,
            pages: vec![Page::default()],
            y: 0.0,
            nodes: Vec::new(),
            roots: Vec::new(),
            headings: Vec::new(),
            open: Vec::new(),
        }
    }

    /// The place of the page that is being filled.
    pub fn page(&self) -> usize {
        self.pages.len() - 1
    }

    /// Begins a part within the one that is being filled.
    pub fn begin(&mut self, role: Role) -> usize {
        let node = self.nodes.len();
        self.nodes.push(Node {
            role,
            children: Vec::new(),
        });
        match self.open.last() {
            Some(&parent) => self.nodes[parent].children.push(node),
            None => self.roots.push(node),
        }
        self.open.push(node);
        node
    }

    /// Ends the part that is being filled.
    pub fn end(&mut self) {
        self.open.pop();
    }

    /// Goes to a new page.
    pub fn turn(&mut self) {
        self.pages.push(Page::default());
        self.y = TOP;
    }

    /// Makes sure of so much room below, on a new page if it has to be; whether it was.
    pub fn make_room(&mut self, height: f32) -> bool {
        let turns = self.y + height > BOTTOM && self.y > TOP;
        if turns {
            self.turn();
        }
        turns
    }

    /// Places a shape that belongs to the part that is being filled.
    pub fn place(&mut self, shape: Shape) {
        let node = self.open.last().copied();
        self.place_as(shape, node);
    }

    /// Places a shape that says nothing.
    pub fn decorate(&mut self, shape: Shape) {
        self.place_as(shape, None);
    }

    fn place_as(&mut self, shape: Shape, node: Option<usize>) {
        let page = self.page();
        self.pages[page].placed.push(Placed { shape, node });
    }

    /// Places a line of text that begins or ends at a point, and says how wide it is.
    pub fn line(&mut self, text: &str, x: f32, baseline: f32, set: Type, anchor: Anchor) -> f32 {
        let shape = Shape::text(x, baseline, text, set.size, set.ink, anchor);
        self.place(if set.strong { shape.strong() } else { shape });
        self.fonts.width(text, set.size, set.strong)
    }

    /// Places a line of text that leads somewhere.
    pub fn link(&mut self, text: &str, (x, baseline): (f32, f32), set: Type, anchor: Anchor, target: Target) {
        let node = self.begin(Role::Link);
        let width = self.line(text, x, baseline, set, anchor);
        self.end();
        let left = match anchor {
            Anchor::Start => x,
            Anchor::Middle => x - width / 2.0,
            Anchor::End => x - width,
        };
        let page = self.page();
        self.pages[page].leads.push(Lead {
            x: left,
            y: baseline - set.size,
            width,
            height: set.leading,
            target,
            says: text.to_owned(),
            node,
        });
    }

    /// Sets a text in lines of so many points, from the top of the next block on, over pages if it has to be.
    pub fn lines(&mut self, text: &str, x: f32, width: f32, set: Type) {
        for line in self.fonts.wrap(text, set.size, set.strong, width) {
            self.make_room(set.leading);
            let baseline = self.y + set.size + (set.leading - set.size) / 2.0 - set.size * 0.14;
            self.line(&line, x, baseline, set, Anchor::Start);
            self.y += set.leading;
        }
    }
}
