//! A page as it is handed to edge workers: what visitors may ask for while the aggregator is away, in every language of the
//! page. Months, older incidents, badges of single components and subscriptions are not among it.

use super::{document::What, statuspage::Part};
use crate::{
    feed::PageAddress, http::feeds, state::AppState, status_pages::LivePage,
    subscription::outgoing::page_address,
};
use edgewatch_client::status_page::PageLanguage;
use edgewatch_protocol::edge_page::{DocumentHead, MAX_PARCEL_BYTES, PageHead, PageMark, pack};
use edgewatch_ui::public::Texts;

/// The parts of Statuspage's API, by their addresses.
const PARTS: [(&str, Part); 8] = [
    ("summary", Part::Summary),
    ("status", Part::Status),
    ("components", Part::Components),
    ("incidents", Part::Incidents),
    ("incidents/unresolved", Part::UnresolvedIncidents),
    ("scheduled-maintenances", Part::ScheduledMaintenances),
    ("scheduled-maintenances/upcoming", Part::UpcomingMaintenances),
    ("scheduled-maintenances/active", Part::ActiveMaintenances),
];

const LOGO_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// Makes the parcel; in one language where it would be too large in all of them, and `None` where it is even then.
pub fn parcel(state: &AppState, page: &LivePage, mark: &PageMark) -> Option<Vec<u8>> {
    let own = page.snapshot.page.language;
    let all = own.map_or(PageLanguage::ALL.to_vec(), |language| vec![language]);
    let first = own.unwrap_or_default();
    [all, vec![first]]
        .into_iter()
        .map(|languages| Parcel::new(state, page, &languages).pack(mark, &languages, first))
        .find(|parcel| parcel.len() <= MAX_PARCEL_BYTES)
}

#[derive(Default)]
struct Parcel {
    heads: Vec<DocumentHead>,
    bodies: Vec<bytes::Bytes>,
    assets: Vec<String>,
}

impl Parcel {
    fn new(state: &AppState, page: &LivePage, languages: &[PageLanguage]) -> Self {
        let mut parcel = Self {
            assets: state
                .documents
                .assets()
                .of_public_pages()
                .into_iter()
                .map(str::to_owned)
                .collect(),
            ..Self::default()
        };
        let mut add = |path: String, language: Option<PageLanguage>, what| {
            let document = state
                .documents
                .for_later(state, page, what, language.unwrap_or_default());
            let policy = document.policy.as_ref().and_then(|policy| policy.to_str().ok());
            parcel.add(path, language, document.content_type, policy, document.gzip);
        };
        for &language in languages {
            let language = Some(language);
            add(String::new(), language, What::Page);
            add("/embed".to_owned(), language, What::Embed);
            add("/badge/state.svg".to_owned(), language, What::StateBadge(None));
            add("/badge/uptime.svg".to_owned(), language, What::UptimeBadge(None));
            if page.snapshot.page.has_slas {
                add("/sla".to_owned(), language, What::ServiceLevels);
            }
            for incident in page.snapshot.open_incidents() {
                add(
                    format!("/incidents/{}", incident.id),
                    language,
                    What::Incident(incident.id),
                );
            }
        }
        add("/embed.js".to_owned(), None, What::EmbedScript);
        for (name, part) in PARTS {
            add(format!("/api/v2/{name}.json"), None, What::Statuspage(part));
        }
        parcel.add_feeds(state, page, languages);
        if let Some(logo) = &page.logo {
            let bytes = super::document::gzip(&logo.bytes).into();
            parcel.add(
                "/logo".to_owned(),
                None,
                &logo.media_type,
                Some(LOGO_POLICY),
                bytes,
            );
        }
        parcel
    }

    fn add_feeds(&mut self, state: &AppState, page: &LivePage, languages: &[PageLanguage]) {
        let Some(address) = page_address(&page.snapshot.page, &state.settings()) else {
            return;
        };
        for &language in languages {
            for name in ["feed.rss", "feed.atom", "maintenance.ics"] {
                let Some((write, media_type)) = feeds::of_name(name) else {
                    continue;
                };
                let feed = write(&page.snapshot, &PageAddress::new(&address), Texts(language));
                let bytes = super::document::gzip(feed.as_bytes()).into();
                self.add(format!("/{name}"), Some(language), media_type, None, bytes);
            }
        }
    }

    fn add(
        &mut self,
        path: String,
        language: Option<PageLanguage>,
        content_type: &str,
        policy: Option<&str>,
        bytes: bytes::Bytes,
    ) {
        self.heads.push(DocumentHead {
            path,
            language: language.map(|language| language.as_str().to_owned()),
            content_type: content_type.to_owned(),
            policy: policy.map(str::to_owned),
            bytes: bytes.len(),
        });
        self.bodies.push(bytes);
    }

    fn pack(self, mark: &PageMark, languages: &[PageLanguage], first: PageLanguage) -> Vec<u8> {
        let head = PageHead {
            mark: mark.clone(),
            language: first.as_str().to_owned(),
            lengths: languages
                .iter()
                .map(|&language| (language.as_str().to_owned(), lengths(Texts(language))))
                .collect(),
            assets: self.assets,
            documents: self.heads,
        };
        let bodies: Vec<_> = self.bodies.iter().map(|bytes| &bytes[..]).collect();
        pack(&head, &bodies)
    }
}

/// How a language says lengths of time: each minute of the first hour, each hour of the first day, each day of a month.
fn lengths(texts: Texts) -> Vec<(i64, String)> {
    let minute_ms = 60_000;
    let minutes = (0..60)
        .chain((1..24).map(|hour| hour * 60))
        .chain((1..=30).map(|day| day * 1_440));
    minutes
        .map(|minutes| (minutes * minute_ms, texts.length(minutes * minute_ms)))
        .collect()
}
