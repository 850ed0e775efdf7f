//! Public status pages that an aggregator hands to its edge workers, so that these serve them while it is away.
//!
//! All requests are signed by the installation's key under [`PAGE_TAG`](crate::signature::PAGE_TAG). Each begins with the
//! list of the pages that there are ([`PAGES`]): the worker forgets every other page, and answers which of them it wants.
//! Those are sent whole ([`page_path`]), and then the styles, scripts and fonts that the worker lacks ([`asset_path`]).
//! Nothing older replaces anything newer, so a request that is sent twice changes nothing.

use crate::language::{negotiate, primary};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

/// `PUT`: which pages there are ([`PageList`]); answered by [`PagesWanted`].
pub const PAGES: &str = "/edge/pages";
/// The media type of a page's parcel.
pub const PARCEL_TYPE: &str = "application/vnd.edgewatch.page";
/// The largest parcel or asset: what an object's database holds in a row.
pub const MAX_PARCEL_BYTES: usize = 1_900_000;
/// A page that nothing has happened on is wanted again when what the worker has is this old.
pub const RENEWED_AFTER_MS: i64 = 45_000;
/// Stands in a page where it has to say how long ago it was made; no text holds it.
pub const AGE_MARK: char = '\u{e0ff}';

/// `PUT`: a page as a parcel of a [`PageHead`] and its documents; answered by [`AssetsWanted`].
pub fn page_path(slug: &str) -> String {
    format!("{PAGES}/{slug}")
}

/// `PUT`: an asset by its name, as the bytes that it is.
pub fn asset_path(name: &str) -> String {
    format!("/edge/assets/{name}")
}

/// The pages that an installation has at the edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageList {
    /// When it was made.
    pub at_ms: i64,
    /// Each of them.
    pub pages: Vec<PageMark>,
}

/// Which state of a page it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageMark {
    /// The page's name in addresses: `/status/{slug}`.
    pub slug: String,
    /// Another one whenever something has happened on the page, or its looks have changed.
    pub tag: String,
    /// When its snapshot was taken.
    pub taken_at_ms: i64,
}

impl PageMark {
    /// Whether who has `held` should be sent this.
    pub fn replaces(&self, held: Option<&Self>) -> bool {
        held.is_none_or(|held| {
            let newer_ms = self.taken_at_ms - held.taken_at_ms;
            newer_ms >= RENEWED_AFTER_MS || (newer_ms > 0 && self.tag != held.tag)
        })
    }
}

/// What a worker wants to be sent of the pages that there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PagesWanted {
    /// Their slugs.
    pub pages: Vec<String>,
}

/// What a worker lacks of what a page refers to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetsWanted {
    /// Their names.
    pub assets: Vec<String>,
}

/// What a page's parcel begins with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageHead {
    /// Which state of which page it is.
    pub mark: PageMark,
    /// The language of who asks for none that there is.
    pub language: String,
    /// Lengths of time as each language says them, the shortest first, each with the milliseconds from which on it is said.
    pub lengths: BTreeMap<String, Vec<(i64, String)>>,
    /// The names of the styles, scripts and fonts that its documents refer to by `/assets/{name}`.
    pub assets: Vec<String>,
    /// Its documents, in the order in which they follow.
    pub documents: Vec<DocumentHead>,
}

impl PageHead {
    /// The place of the document at an address below the page's, in the language that the visitor chose, likes best of what
    /// there is (`Accept-Language`), or gets without asking.
    pub fn find(&self, path: &str, chosen: Option<&str>, accepted: &str) -> Option<usize> {
        let find = |is_it: &dyn Fn(&DocumentHead) -> bool| {
            let mut documents = self.documents.iter();
            documents.position(|document| document.path == path && is_it(document))
        };
        let in_language = |tag: &str| {
            let language = primary(tag);
            find(&|document| {
                document
                    .language
                    .as_ref()
                    .is_some_and(|own| own.eq_ignore_ascii_case(language))
            })
        };
        chosen
            .and_then(in_language)
            .or_else(|| negotiate(accepted, in_language))
            .or_else(|| in_language(&self.language))
            .or_else(|| find(&|_| true))
    }
}

/// How long ago something was that is so old: see [`PageHead::lengths`].
pub fn length_said(lengths: &[(i64, String)], age_ms: i64) -> &str {
    let said = lengths.iter().rev().find(|(from_ms, _)| *from_ms <= age_ms);
    said.or(lengths.first()).map_or("", |(_, text)| text)
}

/// A document of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentHead {
    /// Its address below the page's: empty for the page itself, `/feed.rss`.
    pub path: String,
    /// Its language, where there are several of this path.
    pub language: Option<String>,
    /// The value of `Content-Type`.
    pub content_type: String,
    /// The value of `Content-Security-Policy`, if it has one.
    pub policy: Option<String>,
    /// Its length in the parcel, where it is compressed by gzip (RFC 1952).
    pub bytes: usize,
}

/// A parcel: its head as JSON with its length before it (four bytes, the highest first), and whatever follows.
pub fn pack(head: &impl Serialize, rest: &[&[u8]]) -> Vec<u8> {
    // What is packed here always can be written.
    let head = serde_json::to_vec(head).unwrap_or_default();
    let length = u32::try_from(head.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[&length[..], &head], rest].concat().concat()
}

/// The head of a parcel, and what follows it; `None` for bytes that are none.
pub fn unpack<T: DeserializeOwned>(parcel: &[u8]) -> Option<(T, &[u8])> {
    let (length, rest) = parcel.split_first_chunk::<4>()?;
    let (head, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    Some((serde_json::from_slice(head).ok()?, rest))
}

/// The bytes of a document in what follows a page's head; `None` where they are not there.
pub fn document_bytes<'a>(head: &PageHead, rest: &'a [u8], index: usize) -> Option<&'a [u8]> {
    let before: usize = head
        .documents
        .get(..index)?
        .iter()
        .map(|document| document.bytes)
        .sum();
    rest.get(before..before.checked_add(head.documents.get(index)?.bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(tag: &str, taken_at_ms: i64) -> PageMark {
        PageMark {
            slug: "shop".to_owned(),
            tag: tag.to_owned(),
            taken_at_ms,
        }
    }

    fn document(bytes: usize) -> DocumentHead {
        DocumentHead {
            path: String::new(),
            language: None,
            content_type: "text/html".to_owned(),
            policy: None,
            bytes,
        }
    }

    #[test]
    fn a_parcel_gives_back_what_was_packed_and_nothing_else_is_one() {
        let head = PageHead {
            mark: mark("a", 1),
            language: "en".to_owned(),
            lengths: BTreeMap::new(),
            assets: vec!["public.css".to_owned()],
            documents: vec![document(3), document(2)],
        };
        let parcel = pack(&head, &[b"abc", b"de"]);
        let (read, rest) = unpack::<PageHead>(&parcel).unwrap();
        assert_eq!(read, head);
        assert_eq!(document_bytes(&read, rest, 1), Some(&b"de"[..]));
        assert_eq!(document_bytes(&read, rest, 2), None);
        assert_eq!(document_bytes(&read, &rest[..4], 1), None, "it was cut off");
        for other in [&parcel[..10], b"", b"\xff\xff\xff\xff{}", b"\0\0\0\x02[]"] {
            assert_eq!(unpack::<PageHead>(other), None);
        }
    }

    #[test]
    fn a_page_is_wanted_when_something_has_happened_or_it_has_grown_old_and_never_an_older_one() {
        let held = mark("a", 100_000);
        assert!(mark("a", 100_000).replaces(None));
        assert!(mark("b", 100_001).replaces(Some(&held)));
        assert!(mark("a", 100_000 + RENEWED_AFTER_MS).replaces(Some(&held)));
        assert!(!mark("a", 100_000 + RENEWED_AFTER_MS - 1).replaces(Some(&held)));
        assert!(!mark("b", 100_000).replaces(Some(&held)));
        assert!(!mark("b", 99_999).replaces(Some(&held)));
    }

    #[test]
    fn the_age_is_said_by_the_last_length_that_it_has_reached() {
        let lengths = [(0, "a moment"), (60_000, "1 min"), (3_600_000, "1 h")];
        let lengths = lengths.map(|(from_ms, text)| (from_ms, text.to_owned()));
        for (age_ms, said) in [
            (-5, "a moment"),
            (59_999, "a moment"),
            (60_000, "1 min"),
            (86_400_000, "1 h"),
        ] {
            assert_eq!(length_said(&lengths, age_ms), said);
        }
        assert_eq!(length_said(&[], 60_000), "");
    }

    #[test]
    fn a_document_is_found_in_the_language_that_the_visitor_wants_of_those_that_there_are() {
        let in_language = |path: &str, language: Option<&str>| DocumentHead {
            path: path.to_owned(),
            language: language.map(str::to_owned),
            ..document(1)
        };
        let head = PageHead {
            mark: mark("a", 1),
            language: "en".to_owned(),
            lengths: BTreeMap::new(),
            assets: Vec::new(),
            documents: vec![
                in_language("", Some("de")),
                in_language("", Some("en")),
                in_language("/feed.rss", None),
            ],
        };
        for (path, chosen, accepted, found) in [
            ("", None, "de-AT, en;q=0.5", Some(0)),
            ("", None, "ja", Some(1)),
            ("", Some("de"), "en", Some(0)),
            ("", Some("tlh"), "DE", Some(0)),
            ("/feed.rss", Some("de"), "de", Some(2)),
            ("/history", None, "", None),
        ] {
            assert_eq!(
                head.find(path, chosen, accepted),
                found,
                "{path} {chosen:?} {accepted}"
            );
        }
    }
}
