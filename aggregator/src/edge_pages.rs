//! Public status pages are handed to edge workers, which serve them while the aggregator is away: at once when something has
//! happened on one, and each minute besides. What goes over the wire is in [`edgewatch_protocol::edge_page`].
//!
//! Each replica does this by itself; a worker wants of the second what it does not have of the first.

use crate::{
    http::public::parcel,
    secret::{Purpose, Secrets, random},
    state::AppState,
    status_pages::LivePage,
};
use chrono::{DateTime, TimeDelta, Utc};
use ed25519_dalek::SigningKey;
use edgewatch_agent::HttpTransport;
use edgewatch_client::{
    public_sla::{PublicExclusion, PublicSla},
    public_status::PublicComponent,
    status_page::PageAccess,
};
use edgewatch_protocol::{
    edge_page::{AssetsWanted, PAGES, PARCEL_TYPE, PageList, PageMark, PagesWanted, asset_path, page_path},
    signature::{Body, Message, PAGE_TAG, sign_as},
};
use edgewatch_ui::assets::Assets;
use futures::future::join_all;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};
use url::Url;

/// Where nothing has happened, workers are asked so often what they want.
const EVERY: TimeDelta = TimeDelta::seconds(50);
/// A worker that was away is not asked again for so long.
const PAUSE: TimeDelta = TimeDelta::seconds(15);
/// However much happens, they are asked no oftener than this.
const AT_MOST_EVERY: Duration = Duration::from_secs(2);
/// How long to wait for snapshots before looking whether a worker is to be asked again.
const LOOK: Duration = Duration::from_secs(10);

const JSON: &str = "application/json";

/// What workers verify pages with, in hex: `EDGEWATCH_PAGES_KEY`.
pub fn public_key(secrets: &Secrets) -> String {
    hex::encode(key(secrets).verifying_key().as_bytes())
}

fn key(secrets: &Secrets) -> SigningKey {
    SigningKey::from_bytes(&secrets.key(Purpose::EdgePage))
}

/// A worker as it was met last.
#[derive(Debug, Default)]
struct Met {
    /// The states of pages that it has.
    tags: Option<BTreeMap<String, String>>,
    at: DateTime<Utc>,
    is_away: bool,
}

impl Met {
    fn is_due(&self, tags: &BTreeMap<String, String>, now: DateTime<Utc>) -> bool {
        let pause = if self.is_away {
            PAUSE
        } else if self.tags.as_ref() == Some(tags) {
            EVERY
        } else {
            TimeDelta::zero()
        };
        now - self.at >= pause
    }
}

/// Hands pages over until the process is asked to stop.
pub async fn run_edge_pages(state: AppState) {
    let mut stopping = state.stopping.subscribe();
    let mut taken = state.status_pages.taken();
    let courier = match HttpTransport::new(&[]) {
        Ok(transport) => Courier {
            key: key(&state.secrets),
            transport,
        },
        Err(error) => return tracing::error!(%error, "status pages cannot be handed to edge workers"),
    };
    let mut met = HashMap::new();
    loop {
        hand_over(&state, &courier, &mut met).await;
        let again = async {
            tokio::time::sleep(AT_MOST_EVERY).await;
            let _ = tokio::time::timeout(LOOK, taken.changed()).await;
        };
        tokio::select! {
            () = again => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
    }
}

/// One round: asks each worker that is due what it wants, and hands that over.
async fn hand_over(state: &AppState, courier: &Courier, met: &mut HashMap<Url, Met>) {
    let (now, settings) = (state.clock.now(), state.settings());
    met.retain(|worker, _| settings.edge_workers.contains(worker));
    let pages = state.status_pages.current();
    if settings.edge_workers.is_empty() || pages.taken_at.is_none() {
        return;
    }
    let shown: Vec<_> = pages.all().filter(|page| is_shown(page)).cloned().collect();
    let marks: Vec<_> = shown.iter().map(|page| mark(state, page)).collect();
    let tags: BTreeMap<_, _> = marks
        .iter()
        .map(|mark| (mark.slug.clone(), mark.tag.clone()))
        .collect();
    let due: Vec<_> = settings
        .edge_workers
        .iter()
        .filter(|worker| met.get(worker).is_none_or(|met| met.is_due(&tags, now)))
        .collect();
    let list = PageList {
        at_ms: now.timestamp_millis(),
        pages: marks.clone(),
    };
    let asked = join_all(
        due.into_iter()
            .map(async |worker| (worker, courier.ask(worker, &list, now).await)),
    )
    .await;
    let wanted: BTreeSet<_> = asked
        .iter()
        .flat_map(|(_, asked)| asked.iter().flat_map(|wanted| wanted.pages.iter().cloned()))
        .collect();
    let parcels = if wanted.is_empty() {
        HashMap::new()
    } else {
        make_parcels(state, shown, marks, wanted).await
    };
    let handed = asked.into_iter().map(async |(worker, asked)| {
        let outcome = match asked {
            Ok(wanted) => courier.hand(worker, &wanted, &parcels, now).await,
            Err(error) => Err(error),
        };
        (worker, outcome)
    });
    for (worker, outcome) in join_all(handed).await {
        state.metrics.job_ran("edge_pages", outcome.is_ok());
        let met = met.entry(worker.clone()).or_default();
        let is_same = met.tags.as_ref().is_some_and(|held| held.keys().eq(tags.keys()));
        match &outcome {
            Ok(()) if met.is_away || !is_same => {
                let pages = tags.keys().cloned().collect::<Vec<_>>().join(", ");
                tracing::info!(%worker, pages, "an edge worker has the status pages");
            }
            Err(error) if !met.is_away => {
                tracing::warn!(%worker, error, "status pages cannot be handed to an edge worker; it is tried again");
            }
            Ok(()) | Err(_) => {}
        }
        met.at = now;
        met.is_away = outcome.is_err();
        if outcome.is_ok() {
            met.tags = Some(tags.clone());
        }
    }
}

/// Whether a page is for edge workers. What not everybody may see never leaves the aggregator.
pub(crate) fn is_shown(page: &LivePage) -> bool {
    page.stored.settings.edge && page.snapshot.page.access == PageAccess::Public
}

/// Names what has happened on a page and what it looks like, without the figures that move with the time.
pub(crate) fn mark(state: &AppState, page: &LivePage) -> PageMark {
    fn states(components: &[PublicComponent]) -> Vec<(i32, &'static str)> {
        let each = components.iter().flat_map(|component| {
            let own = (component.id, component.state.as_str());
            std::iter::once(own).chain(states(&component.children))
        });
        each.collect()
    }
    let snapshot = &page.snapshot;
    let slas: Vec<_> = snapshot.slas.iter().map(promised).collect();
    let said = (
        (&snapshot.page, snapshot.state, states(&snapshot.components)),
        (&snapshot.incidents, &snapshot.maintenance, slas),
        state.documents.assets().of_public_pages(),
        state.settings().public_url.clone(),
    );
    // What is shown can always be written.
    let said = serde_json::to_vec(&said).unwrap_or_default();
    PageMark {
        slug: snapshot.page.slug.clone(),
        tag: hex::encode(&Sha256::digest(&said)[..12]),
        taken_at_ms: snapshot.taken_at.timestamp_millis(),
    }
}

/// What is said of an agreement, without the figures that move with the time.
fn promised(sla: &PublicSla) -> (i32, &str, i32, Option<bool>, &Option<Vec<PublicExclusion>>) {
    (
        sla.id,
        &sla.name,
        sla.version,
        sla.figures.is_held,
        &sla.exclusions,
    )
}

async fn make_parcels(
    state: &AppState,
    pages: Vec<Arc<LivePage>>,
    marks: Vec<PageMark>,
    wanted: BTreeSet<String>,
) -> HashMap<String, Vec<u8>> {
    let state = state.clone();
    // Six languages of a large page take a while: not on a thread that serves.
    let made = tokio::task::spawn_blocking(move || {
        let pages = pages
            .iter()
            .zip(&marks)
            .filter(|(_, mark)| wanted.contains(&mark.slug));
        let parcels = pages.filter_map(|(page, mark)| {
            let parcel = parcel(&state, page, mark);
            if parcel.is_none() {
                tracing::warn!(
                    status_page = page.stored.id,
                    "a status page is too large for edge workers"
                );
            }
            Some((mark.slug.clone(), parcel?))
        });
        parcels.collect()
    });
    made.await.unwrap_or_default()
}

/// Sends to workers.
struct Courier {
    key: SigningKey,
    transport: HttpTransport,
}

impl Courier {
    async fn ask(&self, worker: &Url, list: &PageList, now: DateTime<Utc>) -> Result<PagesWanted, String> {
        let body = serde_json::to_vec(list).map_err(|error| error.to_string())?;
        let answer = self.put(worker, PAGES, (JSON, body), now).await?;
        // Another replica was here meanwhile.
        Ok(answer.unwrap_or(PagesWanted { pages: Vec::new() }))
    }

    async fn hand(
        &self,
        worker: &Url,
        wanted: &PagesWanted,
        parcels: &HashMap<String, Vec<u8>>,
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        let mut assets = BTreeSet::new();
        for (slug, parcel) in wanted.pages.iter().filter_map(|slug| parcels.get_key_value(slug)) {
            let answer = self
                .put(worker, &page_path(slug), (PARCEL_TYPE, parcel.clone()), now)
                .await?;
            let lacking: Option<AssetsWanted> = answer;
            assets.extend(lacking.into_iter().flat_map(|lacking| lacking.assets));
        }
        for name in assets {
            if let Some((media_type, bytes)) = Assets::file(&name) {
                let body = (media_type, bytes.into_owned());
                let _: Option<serde::de::IgnoredAny> =
                    self.put(worker, &asset_path(&name), body, now).await?;
            }
        }
        Ok(())
    }

    /// What a worker answers; `None` where it has something newer.
    async fn put<T: DeserializeOwned>(
        &self,
        worker: &Url,
        path: &str,
        (content_type, bytes): (&str, Vec<u8>),
        now: DateTime<Utc>,
    ) -> Result<Option<T>, String> {
        let host = worker.host_str().unwrap_or_default();
        let authority = worker
            .port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let message = Message {
            method: "PUT",
            authority: &authority,
            path,
            query: None,
            body: Some(Body::new(content_type, &bytes)),
        };
        let signed = sign_as(PAGE_TAG, &message, &self.key, now.timestamp(), random());
        let request = axum::http::Request::put(format!("{}{path}", worker.origin().ascii_serialization()))
            .header("content-type", content_type)
            .header("content-digest", signed.content_digest.unwrap_or_default())
            .header("signature-input", signed.signature_input)
            .header("signature", signed.signature)
            .body(bytes)
            .map_err(|error| error.to_string())?;
        let answer = self.transport.send(request).await?;
        match answer.status().as_u16() {
            200 if answer.body().is_empty() => Ok(None),
            200 => serde_json::from_slice(answer.body())
                .map(Some)
                .map_err(|error| format!("{path} was answered with something else: {error}")),
            409 => Ok(None),
            status => {
                let said = String::from_utf8_lossy(answer.body());
                Err(format!("{path} was answered with {status}: {said:.200}"))
            }
        }
    }
}
