//! What a report says, in the order in which it says it: headings, sentences, tables and charts. Written once; HTML and PDF
//! set it.

mod availability;
mod days;
mod outages;
mod overview;
mod performance;
mod terms;

use crate::{
    document::ReportDocument,
    drawing::{Drawing, Ink},
};

/// What a report says.
pub fn content(document: &ReportDocument) -> Content {
    let sections = [
        Some(availability::section(document)),
        Some(availability::windows_section(document)),
        Some(outages::section(document)),
        days::section(document),
        availability::monitors_section(document),
        availability::regions_section(document),
        performance::section(document),
        outages::incidents_section(document),
        Some(terms::section(document)),
        Some(terms::limits_section(document)),
    ];
    Content {
        masthead: overview::masthead(document),
        summary: overview::summary(document),
        sections: sections.into_iter().flatten().collect(),
    }
}

/// A report as it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct Content {
    /// The head of the first page.
    pub masthead: Masthead,
    /// What stands below the figures that matter most.
    pub summary: Vec<Block>,
    /// The sections in order.
    pub sections: Vec<Section>,
}

/// The head of the first page.
#[derive(Clone, Debug, PartialEq)]
pub struct Masthead {
    /// What kind of document it is.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// The period in words.
    pub period: String,
    /// Title and period in one, for the heads of pages.
    pub name: String,
    /// What else is said of all of it: the zone, when it was made.
    pub notes: Vec<String>,
    /// The answer.
    pub verdict: Verdict,
    /// The figures that matter most.
    pub tiles: Vec<Tile>,
    /// The foot of each page: which rules it was made by.
    pub foot: String,
}

/// The answer that the reader looks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The figure.
    pub figure: String,
    /// What it is.
    pub label: String,
    /// Within which bounds it lies.
    pub bounds: String,
    /// Whether the promise was kept, in a word or two.
    pub word: String,
    /// The same in a sentence.
    pub sentence: String,
    /// Good, bad or neither.
    pub tone: Tone,
}

/// How something is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing to it.
    Plain,
    /// Held.
    Good,
    /// Near the edge.
    Warn,
    /// Missed.
    Bad,
}

impl Tone {
    /// What text of it is written with.
    pub fn text(self) -> Ink {
        match self {
            Self::Plain => Ink::Text,
            Self::Good => Ink::UpText,
            Self::Warn => Ink::DegradedText,
            Self::Bad => Ink::DownText,
        }
    }

    /// What lies behind it.
    pub fn ground(self) -> Ink {
        match self {
            Self::Plain => Ink::Ground,
            Self::Good => Ink::UpSoft,
            Self::Warn => Ink::DegradedSoft,
            Self::Bad => Ink::DownSoft,
        }
    }

    /// A mark of it.
    pub fn mark(self) -> Ink {
        match self {
            Self::Plain => Ink::Unknown,
            Self::Good => Ink::Up,
            Self::Warn => Ink::Degraded,
            Self::Bad => Ink::Down,
        }
    }

    /// Its name in HTML.
    pub fn class(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

/// A figure with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// What it is.
    pub label: String,
    /// The figure.
    pub figure: String,
    /// What explains it.
    pub detail: String,
    /// How it is meant.
    pub tone: Tone,
}

/// A part with a heading, which the table of contents names.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// Its name in addresses.
    pub id: &'static str,
    /// Its heading.
    pub title: String,
    /// What is in it.
    pub blocks: Vec<Block>,
}

impl Section {
    /// How many headings are in it, beside its own.
    pub fn headings(&self) -> usize {
        self.blocks
            .iter()
            .filter(|block| matches!(block, Block::Heading(_)))
            .count()
    }
}

/// A block of a section.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// A heading below the section's.
    Heading(String),
    /// Sentences.
    Text(String),
    /// Sentences that ask for attention.
    Note(Tone, String),
    /// Names with what they stand for.
    Facts(Vec<(String, Cell)>),
    /// Figures side by side.
    Tiles(Vec<Tile>),
    /// A table.
    Table(Table),
    /// A chart, and what its colours mean.
    Chart(Drawing, Vec<(Ink, String)>),
}

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What it holds, for who cannot see it.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, each with a cell for each column.
    pub rows: Vec<Vec<Cell>>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its head.
    pub title: String,
    /// How much of the width it gets, to the others.
    pub share: f32,
    /// Whether it is of figures, which stand at the right.
    pub figures: bool,
}

impl Column {
    /// A column of text.
    pub fn text(title: &str, share: f32) -> Self {
        Self {
            title: title.to_owned(),
            share,
            figures: false,
        }
    }

    /// A column of figures.
    pub fn figures(title: &str, share: f32) -> Self {
        Self {
            title: title.to_owned(),
            share,
            figures: true,
        }
    }
}

/// A cell of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// What it says.
    pub text: String,
    /// Where it leads.
    pub link: Option<String>,
    /// How it is meant.
    pub tone: Tone,
    /// Whether it is semi-bold.
    pub strong: bool,
}

impl Cell {
    /// Plain text.
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            link: None,
            tone: Tone::Plain,
            strong: false,
        }
    }

    /// The same, leading somewhere.
    #[must_use]
    pub fn leading_to(mut self, link: Option<String>) -> Self {
        self.link = link;
        self
    }

    /// The same, meant so.
    #[must_use]
    pub fn meant(mut self, tone: Tone) -> Self {
        self.tone = tone;
        self
    }

    /// The same, semi-bold.
    #[must_use]
    pub fn strong(mut self) -> Self {
        self.strong = true;
        self
    }
}
