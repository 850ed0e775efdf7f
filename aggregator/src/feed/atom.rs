//! Atom (RFC 4287).

use super::{GENERATOR, PageAddress, entries, updated_at};
use atom_syndication::{Category, Content, Entry, Feed, Generator, Link, Person, Text};
use edgewatch_client::public_status::StatusSnapshot;
use edgewatch_ui::public::Texts;

/// What it is served as.
pub const MEDIA_TYPE: &str = "application/atom+xml; charset=utf-8";

/// The feed of a page.
pub fn atom(snapshot: &StatusSnapshot, address: &PageAddress, texts: Texts) -> String {
    let page = &snapshot.page;
    let entries = entries(snapshot, address, texts);
    let updated_at = updated_at(snapshot, &entries);
    let entries = entries.into_iter().map(|entry| Entry {
        title: Text::plain(entry.title),
        id: entry.id,
        updated: entry.updated.into(),
        published: Some(entry.published.into()),
        categories: entry
            .categories
            .into_iter()
            .map(|term| Category {
                term,
                ..Category::default()
            })
            .collect(),
        links: vec![link(entry.link, "alternate", "text/html")],
        content: Some(Content {
            value: Some(entry.html),
            content_type: Some("html".to_owned()),
            ..Content::default()
        }),
        ..Entry::default()
    });
    let feed = Feed {
        title: Text::plain(page.title.clone()),
        id: address.page(),
        updated: updated_at.into(),
        authors: vec![Person {
            name: page.title.clone(),
            ..Person::default()
        }],
        generator: Some(Generator {
            value: GENERATOR.to_owned(),
            ..Generator::default()
        }),
        links: vec![
            link(address.page(), "alternate", "text/html"),
            link(address.at("feed.atom"), "self", "application/atom+xml"),
        ],
        subtitle: (!page.description.is_empty()).then(|| Text::plain(page.description.clone())),
        lang: Some(texts.0.as_str().to_owned()),
        entries: entries.collect(),
        ..Feed::default()
    };
    feed.to_string()
}

fn link(href: String, rel: &str, media_type: &str) -> Link {
    Link {
        href,
        rel: rel.to_owned(),
        mime_type: Some(media_type.to_owned()),
        ..Link::default()
    }
}
