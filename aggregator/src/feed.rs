//! Feeds of a status page: [`rss`] and [`atom`] of its incidents and maintenance, [`calendar`] of its maintenance. Each is a
//! function of the snapshot that the page itself is made from, so they tell what it tells, and in its language.

pub mod atom;
pub mod calendar;
pub mod rss;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use edgewatch_client::public_status::{ComponentName, PublicIncident, PublicMaintenance, StatusSnapshot};
use edgewatch_ui::public::{Texts, escape, incident_title};
use std::fmt::Write as _;
use url::Url;

/// How many entries a feed has at most.
const ENTRIES: usize = 50;

/// Who makes them.
const GENERATOR: &str = "Edgewatch";

/// How long readers may keep a feed, in minutes.
const TTL_MINUTES: u8 = 5;

/// The addresses of a page and what belongs to it.
#[derive(Clone, Debug)]
pub struct PageAddress(Url);

impl PageAddress {
    /// From the address of the page itself, such as `https://watch.example.org/status/acme` or `https://status.acme.example`.
    pub fn new(page: &Url) -> Self {
        let mut base = page.clone();
        base.set_query(None);
        base.set_fragment(None);
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", page.path()));
        }
        Self(base)
    }

    /// The page.
    pub fn page(&self) -> String {
        let text = self.0.as_str();
        // The root has a path of its own; every other page is without the slash at its end.
        let is_root = self.0.path() == "/";
        if is_root { text } else { text.trim_end_matches('/') }.to_owned()
    }

    /// What is beneath it, such as `feed.rss`.
    pub fn at(&self, below: &str) -> String {
        format!("{}{below}", self.0)
    }

    /// An incident's page.
    pub fn incident(&self, id: i32) -> String {
        self.at(&format!("incidents/{id}"))
    }

    /// The host, for names that are to be the world's only ones.
    fn host(&self) -> &str {
        self.0.host_str().unwrap_or("localhost")
    }
}

/// Something that a feed tells of.
struct Entry {
    /// The world's only one, and the same as long as it is told of.
    id: String,
    title: String,
    link: String,
    published: DateTime<Utc>,
    updated: DateTime<Utc>,
    html: String,
    categories: Vec<String>,
}

/// What there is to tell, the latest first.
fn entries(snapshot: &StatusSnapshot, address: &PageAddress, texts: Texts) -> Vec<Entry> {
    let incidents = snapshot.incidents.iter().map(|incident| Entry {
        id: address.incident(incident.id),
        title: incident_title(incident, texts.0),
        link: address.incident(incident.id),
        published: incident.started_at,
        updated: incident.updated_at,
        html: incident_html(incident, texts),
        categories: names(&incident.components),
    });
    let maintenance = snapshot.maintenance.iter().map(|window| Entry {
        id: window_id(window, address),
        title: window_title(window, texts),
        link: address.page(),
        published: window.created_at,
        updated: window.updated_at,
        html: maintenance_html(window, texts),
        categories: names(&window.components),
    });
    let mut entries: Vec<_> = incidents.chain(maintenance).collect();
    entries.sort_by(|a, b| b.updated.cmp(&a.updated).then_with(|| a.id.cmp(&b.id)));
    entries.truncate(ENTRIES);
    entries
}

/// Windows of a recurring maintenance share its number.
fn window_id(window: &PublicMaintenance, address: &PageAddress) -> String {
    address.at(&format!("#maintenance-{}-{}", window.id, window.from.timestamp()))
}

fn window_title(window: &PublicMaintenance, texts: Texts) -> String {
    format!("{}: {}", texts.say("maintenance"), window.title)
}

fn names(components: &[ComponentName]) -> Vec<String> {
    components
        .iter()
        .map(|component| component.name.clone())
        .collect()
}

fn affects(components: &[ComponentName], texts: Texts) -> Option<String> {
    let names: Vec<_> = components
        .iter()
        .map(|component| component.name.as_str())
        .collect();
    let list = texts.list(&names, names.len());
    (!names.is_empty()).then(|| texts.tell("affects", [("components", list.into())]))
}

fn incident_html(incident: &PublicIncident, texts: Texts) -> String {
    let mut html = String::new();
    for update in &incident.updates {
        let stage = texts.say(&format!("stage-{}", update.stage.as_str()));
        let _ = write!(
            html,
            "<p><strong>{}</strong>, {}<br>{}</p>",
            escape(&stage),
            texts.moment_html(update.at),
            lines(&update.text)
        );
    }
    let standing = match incident.resolved_at {
        Some(at) => texts.markup("notice-resolved", [("moment", texts.moment_html(at))]),
        None => escape(&texts.say(&format!("stage-{}", incident.stage.as_str()))),
    };
    let began = texts.markup("began", [("moment", texts.moment_html(incident.started_at))]);
    let _ = write!(html, "<p>{standing}. {began}.</p>");
    if let Some(affects) = affects(&incident.components, texts) {
        let _ = write!(html, "<p>{}</p>", escape(&affects));
    }
    html
}

fn maintenance_html(window: &PublicMaintenance, texts: Texts) -> String {
    let when = texts.markup(
        "from-to",
        [
            ("from", texts.moment_html(window.from)),
            ("to", texts.moment_html(window.to)),
        ],
    );
    let mut html = format!("<p>{when}</p>");
    if !window.note.is_empty() {
        let _ = write!(html, "<p>{}</p>", lines(&window.note));
    }
    if let Some(affects) = affects(&window.components, texts) {
        let _ = write!(html, "<p>{}</p>", escape(&affects));
    }
    html
}

/// A text with its line breaks.
fn lines(text: &str) -> String {
    escape(text).replace("\r\n", "\n").replace('\n', "<br>")
}

/// When something of the snapshot was changed last: a feed that tells nothing else is the same feed.
fn updated_at(snapshot: &StatusSnapshot, entries: &[Entry]) -> DateTime<Utc> {
    let entries = entries.iter().map(|entry| entry.updated);
    entries.fold(snapshot.page.updated_at, Ord::max)
}
