//! What is served of pages, made once from each snapshot and kept as bytes, compressed too: by page, by what is asked for,
//! by language.

use super::{Address, base_of, origin_of, statuspage};
use crate::{
    http::{ApiError, error::ApiResult},
    state::AppState,
    status_pages::LivePage,
};
use axum::{body::Bytes, http::HeaderValue};
use edgewatch_client::{
    public_status::{ComponentState, PublicComponent, PublicLatency},
    status_page::PageLanguage,
    timeline::UptimeShare,
};
use edgewatch_ui::{
    assets::Assets,
    public::{self, EMBED_SCRIPT, Frame, Seen},
};
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    io::Write as _,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Documents kept of one snapshot of a page. There are no more addresses than that, but for visitors' languages and
/// components: beyond it they are made for each request.
const KEPT_OF_A_PAGE: usize = 1_000;
/// Good enough, and done in milliseconds.
const BROTLI_QUALITY: i32 = 5;
const BROTLI_WINDOW: i32 = 20;

/// What is asked for of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// The page itself.
    Page,
    /// An incident that the snapshot tells of.
    Incident(i32),
    /// The agreements that it shows.
    ServiceLevels,
    /// The widget.
    Embed,
    /// The script that puts it somewhere.
    EmbedScript,
    /// The state of everything or of a component.
    StateBadge(Option<i32>),
    /// The uptime of everything or of a component.
    UptimeBadge(Option<i32>),
    /// The latency of a component.
    LatencyBadge(Option<i32>),
    /// JSON in the shape of Statuspage's public API.
    Statuspage(statuspage::Part),
}

/// By what a document is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub what: What,
    pub address: Address,
    pub language: PageLanguage,
    /// The language was asked for in the address, and links keep it.
    pub is_chosen: bool,
}

/// Something as it is served.
#[derive(Debug)]
pub struct Document {
    pub content_type: &'static str,
    /// Its `Content-Security-Policy`.
    pub policy: Option<HeaderValue>,
    pub plain: Bytes,
    pub gzip: Bytes,
    pub brotli: Bytes,
    /// A digest of what it says.
    pub tag: String,
}

impl Document {
    pub fn new(content_type: &'static str, policy: Option<&str>, text: String) -> Self {
        let digest = Sha256::digest(&text);
        Self {
            content_type,
            policy: policy.and_then(|policy| HeaderValue::from_str(policy).ok()),
            gzip: gzip(text.as_bytes()).into(),
            brotli: brotli(text.as_bytes()).into(),
            plain: text.into(),
            tag: hex::encode(&digest[..12]),
        }
    }

    /// A page of HTML.
    pub fn html(page: public::Document) -> Self {
        Self::new("text/html; charset=utf-8", Some(&page.policy), page.html)
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::new();
    let params = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW,
        size_hint: bytes.len(),
        ..Default::default()
    };
    // Writing to memory cannot fail.
    let _ = brotli::BrotliCompress(&mut &bytes[..], &mut compressed, &params);
    compressed
}

/// The documents of all pages.
#[derive(Debug, Default)]
pub struct Documents {
    pages: Mutex<HashMap<i32, Kept>>,
    assets: OnceLock<Assets>,
}

/// The documents of one snapshot of a page.
#[derive(Debug)]
struct Kept {
    of: Arc<LivePage>,
    /// How old it was said to be, in minutes.
    age_min: i64,
    documents: HashMap<Key, Slot>,
}

/// A document that is made by whoever asks for it first.
#[derive(Clone, Debug, Default)]
struct Slot {
    document: Arc<OnceLock<Arc<Document>>>,
    asked: Arc<AtomicBool>,
}

impl Documents {
    /// The built assets.
    pub fn assets(&self) -> &Assets {
        self.assets.get_or_init(Assets::embedded)
    }

    /// A document of a page.
    pub fn of(&self, state: &AppState, page: &Arc<LivePage>, key: Key) -> ApiResult<Arc<Document>> {
        let slot = self.slot(page, age_min(state, page), key);
        if let Some(made) = slot.document.get() {
            return Ok(Arc::clone(made));
        }
        let made = slot
            .document
            .get_or_init(|| Arc::new(self.make_now(state, page, key)));
        if made.plain.is_empty() {
            return Err(ApiError::internal("a public document is empty"));
        }
        Ok(Arc::clone(made))
    }

    fn make_now(&self, state: &AppState, page: &LivePage, key: Key) -> Document {
        make(state, self.assets(), page, key, Seen::At(state.clock.now()))
    }

    /// A document for visitors of an edge worker, who see it later.
    pub fn for_later(
        &self,
        state: &AppState,
        page: &LivePage,
        what: What,
        language: PageLanguage,
    ) -> Document {
        let key = Key {
            what,
            address: Address::Slug,
            language,
            is_chosen: false,
        };
        make(state, self.assets(), page, key, Seen::Later)
    }

    fn slot(&self, page: &Arc<LivePage>, age_min: i64, key: Key) -> Slot {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Kept {
            of: Arc::clone(page),
            age_min,
            documents: HashMap::new(),
        };
        let kept = pages.entry(page.stored.id).or_insert_with(new);
        if !Arc::ptr_eq(&kept.of, page) || kept.age_min != age_min {
            *kept = new();
        }
        let slot = match kept.documents.get(&key) {
            Some(slot) => slot.clone(),
            None if kept.documents.len() < KEPT_OF_A_PAGE => kept.documents.entry(key).or_default().clone(),
            None => Slot::default(),
        };
        slot.asked.store(true, Ordering::Relaxed);
        slot
    }

    /// Makes of a page's new snapshot what was asked for of the one before, so that no visitor has to wait for it.
    pub fn prepare(&self, state: &AppState, page: &Arc<LivePage>) {
        let age_min = age_min(state, page);
        let asked: Vec<_> = {
            let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(kept) = pages.get(&page.stored.id) else {
                return;
            };
            if Arc::ptr_eq(&kept.of, page) && kept.age_min == age_min {
                return;
            }
            let asked = kept
                .documents
                .iter()
                .filter(|(_, slot)| slot.asked.load(Ordering::Relaxed));
            asked
                .map(|(key, _)| *key)
                .filter(|key| is_there(page, *key))
                .collect()
        };
        let documents = asked.into_iter().map(|key| {
            let slot = Slot::default();
            let _ = slot.document.set(Arc::new(self.make_now(state, page, key)));
            (key, slot)
        });
        let kept = Kept {
            of: Arc::clone(page),
            age_min,
            documents: documents.collect(),
        };
        self.pages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(page.stored.id, kept);
    }

    /// Forgets pages that are gone.
    pub fn retain(&self, is_there: impl Fn(i32) -> bool) {
        self.pages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|id, _| is_there(*id));
    }
}

/// Whole minutes since a snapshot was taken: from the first on, the page says how old it is.
fn age_min(state: &AppState, page: &LivePage) -> i64 {
    (state.clock.now() - page.snapshot.taken_at).num_minutes()
}

/// Whether there is what a key names.
fn is_there(page: &LivePage, key: Key) -> bool {
    match key.what {
        What::Incident(id) => page.snapshot.incident(id).is_some(),
        What::StateBadge(Some(id)) | What::UptimeBadge(Some(id)) | What::LatencyBadge(Some(id)) => {
            page.snapshot.component(id).is_some()
        }
        What::ServiceLevels => page.snapshot.page.has_slas,
        _ => true,
    }
}

fn make(state: &AppState, assets: &Assets, page: &LivePage, key: Key, seen: Seen) -> Document {
    let (base, origin) = (base_of(page, key.address), origin_of(state, page, key.address));
    let snapshot = &*page.snapshot;
    let frame = Frame {
        assets,
        language: key.language,
        is_chosen: key.is_chosen,
        base: &base,
        origin: &origin,
        seen,
    };
    let svg = |text| {
        Document::new(
            "image/svg+xml",
            Some("default-src 'none'; style-src 'unsafe-inline'"),
            text,
        )
    };
    match key.what {
        What::Page => Document::html(public::status_page(&frame, snapshot)),
        What::Incident(id) => match snapshot.incident(id) {
            Some(incident) => Document::html(public::incident_page(
                &frame,
                &snapshot.page,
                incident,
                snapshot.taken_at,
            )),
            None => Document::html(public::incident_not_found_page(&frame, &snapshot.page)),
        },
        What::ServiceLevels => {
            let installation = super::service_levels::installation(state, key.address, seen);
            Document::html(public::service_levels_page(
                &frame,
                snapshot,
                installation.as_deref(),
            ))
        }
        What::Embed => Document::html(public::embed_page(&frame, snapshot)),
        What::EmbedScript => Document::new("text/javascript; charset=utf-8", None, EMBED_SCRIPT.to_owned()),
        What::StateBadge(id) => {
            let (badge_state, label) = state_of(page, id);
            svg(public::state_badge(badge_state, label, key.language))
        }
        What::UptimeBadge(id) => {
            let days = snapshot.page.uptime_days;
            svg(public::uptime_badge(uptime_of(page, id), days, key.language))
        }
        What::LatencyBadge(id) => svg(public::latency_badge(latency_of(page, id), key.language)),
        What::Statuspage(part) => {
            let json = statuspage::render(part, snapshot, &format!("{origin}{base}"));
            Document::new("application/json; charset=utf-8", None, json)
        }
    }
}

fn component(page: &LivePage, id: Option<i32>) -> Option<&PublicComponent> {
    page.snapshot.component(id?)
}

fn state_of(page: &LivePage, id: Option<i32>) -> (ComponentState, Option<&str>) {
    match component(page, id) {
        Some(component) => (component.state, Some(&component.name)),
        None => (page.snapshot.state, None),
    }
}

fn uptime_of(page: &LivePage, id: Option<i32>) -> Option<&UptimeShare> {
    match component(page, id) {
        Some(component) => component.uptime.as_ref(),
        None => page.snapshot.uptime.as_ref(),
    }
}

/// Of a page: of its first component that has any.
fn latency_of(page: &LivePage, id: Option<i32>) -> Option<&PublicLatency> {
    fn first(components: &[PublicComponent]) -> Option<&PublicLatency> {
        components
            .iter()
            .find_map(|component| component.latency.as_ref().or_else(|| first(&component.children)))
    }
    match component(page, id) {
        Some(component) => component.latency.as_ref(),
        None => first(&page.snapshot.components),
    }
}
