//! RSS 2.0, with the link to itself that the RSS Advisory Board asks for.

use super::{GENERATOR, PageAddress, TTL_MINUTES, entries, updated_at};
use ::rss::{Category, Channel, Guid, Item, extension::atom::AtomExtension};
use atom_syndication::Link;
use edgewatch_client::public_status::StatusSnapshot;
use edgewatch_ui::public::Texts;

/// What it is served as.
pub const MEDIA_TYPE: &str = "application/rss+xml; charset=utf-8";

/// The feed of a page.
pub fn rss(snapshot: &StatusSnapshot, address: &PageAddress, texts: Texts) -> String {
    let entries = entries(snapshot, address, texts);
    let updated_at = updated_at(snapshot, &entries);
    let items = entries.into_iter().map(|entry| Item {
        title: Some(entry.title),
        description: Some(entry.html),
        guid: Some(Guid {
            permalink: entry.id == entry.link,
            value: entry.id,
        }),
        link: Some(entry.link),
        pub_date: Some(entry.published.to_rfc2822()),
        categories: entry
            .categories
            .into_iter()
            .map(|name| Category { name, domain: None })
            .collect(),
        ..Item::default()
    });
    let page = &snapshot.page;
    let description = match page.description.as_str() {
        "" => page.title.clone(),
        description => description.to_owned(),
    };
    let channel = Channel {
        title: page.title.clone(),
        link: address.page(),
        description,
        language: Some(texts.0.as_str().to_owned()),
        last_build_date: Some(updated_at.to_rfc2822()),
        generator: Some(GENERATOR.to_owned()),
        ttl: Some(TTL_MINUTES.to_string()),
        items: items.collect(),
        atom_ext: Some(AtomExtension {
            links: vec![Link {
                href: address.at("feed.rss"),
                rel: "self".to_owned(),
                mime_type: Some("application/rss+xml".to_owned()),
                ..Link::default()
            }],
        }),
        namespaces: [("atom".to_owned(), "http://www.w3.org/2005/Atom".to_owned())].into(),
        ..Channel::default()
    };
    format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>{channel}")
}
