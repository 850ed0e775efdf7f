//! What a report says in a few words, for who has it before them in a mail or a list.

use crate::{content::content, document::ReportDocument};

/// The answer of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brief {
    /// Title and period.
    pub name: String,
    /// What the figure is.
    pub label: String,
    /// The figure.
    pub figure: String,
    /// Within which bounds it lies.
    pub bounds: String,
    /// Whether the promise was kept, in a word or two.
    pub word: String,
    /// The same in a sentence.
    pub sentence: String,
}

impl Brief {
    /// Of a report.
    pub fn of(document: &ReportDocument) -> Self {
        let masthead = content(document).masthead;
        Self {
            name: masthead.name,
            label: masthead.verdict.label,
            figure: masthead.verdict.figure,
            bounds: masthead.verdict.bounds,
            word: masthead.verdict.word,
            sentence: masthead.verdict.sentence,
        }
    }
}
