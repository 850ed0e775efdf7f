//! The status pages that are shown: snapshots of all pages in memory, taken when something has changed and every few
//! seconds besides. Whoever looks at a page asks nothing of the database, and with the database gone the last snapshots
//! are shown, with their age. Each replica takes its own.

use crate::{
    announcement::Change,
    state::AppState,
    status_snapshot::{self, Agreements, Latencies, Past, Sources, read_latencies, window_of},
    store::status_page::{Logo, PageFilter, StoredPage, list_logos, list_pages},
};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::public_status::StatusSnapshot;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};
use tokio::sync::{Notify, watch};

/// How old snapshots get where nothing changes; with the time that taking them may need, less than ten seconds.
const EVERY: Duration = Duration::from_secs(8);
/// However much changes, they are taken no oftener than this.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);
/// How long taking them may take.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);
/// How old figures of latency may get: they are of a day, and take the longest to read.
const LATENCIES_EVERY: TimeDelta = TimeDelta::seconds(60);

/// What is shown of all pages.
#[derive(Debug, Default)]
pub struct StatusPages {
    current: RwLock<Arc<LivePages>>,
    wake: Notify,
    taken: watch::Sender<()>,
    latencies: Mutex<Option<(DateTime<Utc>, Latencies)>>,
    /// How the agreements stood that pages show.
    past: Mutex<Arc<Past>>,
}

/// All pages at a moment.
#[derive(Debug, Default)]
pub struct LivePages {
    /// When they were taken; `None`: never yet.
    pub taken_at: Option<DateTime<Utc>>,
    pages: BTreeMap<i32, Arc<LivePage>>,
    by_slug: HashMap<String, i32>,
    by_host: HashMap<String, i32>,
}

/// A page at a moment.
#[derive(Debug)]
pub struct LivePage {
    /// What editors wrote.
    pub stored: Arc<StoredPage>,
    /// What the public sees.
    pub snapshot: Arc<StatusSnapshot>,
    /// Its logo.
    pub logo: Option<Arc<Logo>>,
}

impl LivePages {
    /// All of them, by number.
    pub fn all(&self) -> impl Iterator<Item = &Arc<LivePage>> {
        self.pages.values()
    }

    /// A page by its number.
    pub fn page(&self, id: i32) -> Option<&Arc<LivePage>> {
        self.pages.get(&id)
    }

    /// A page by its slug.
    pub fn by_slug(&self, slug: &str) -> Option<&Arc<LivePage>> {
        self.pages.get(self.by_slug.get(slug)?)
    }

    /// A page by its own host, as a `Host` header names it: with or without a port.
    pub fn by_host(&self, host: &str) -> Option<&Arc<LivePage>> {
        if self.by_host.is_empty() {
            return None;
        }
        let name = host.split(':').next()?.to_ascii_lowercase();
        self.pages.get(self.by_host.get(name.trim_end_matches('.'))?)
    }

    fn of(pages: Vec<LivePage>, taken_at: DateTime<Utc>) -> Self {
        let mut live = Self {
            taken_at: Some(taken_at),
            ..Self::default()
        };
        for page in pages {
            let (id, settings) = (page.stored.id, &page.stored.settings);
            live.by_slug.insert(settings.slug.clone(), id);
            live.by_host.extend(settings.host.clone().map(|host| (host, id)));
            live.pages.insert(id, Arc::new(page));
        }
        live
    }
}

impl StatusPages {
    /// What is shown now.
    pub fn current(&self) -> Arc<LivePages> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    fn set(&self, pages: LivePages) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pages);
        self.taken.send_replace(());
    }

    /// Tells whenever snapshots were taken.
    pub fn taken(&self) -> watch::Receiver<()> {
        self.taken.subscribe()
    }

    /// Has snapshots taken soon where a change may be seen on a page.
    pub fn note(&self, change: &Change) {
        match change {
            Change::Monitors | Change::States(_) | Change::Incidents(_) | Change::StatusPages => {
                self.wake.notify_one();
            }
            Change::Probes | Change::Batches(_) | Change::ToJudge => {}
        }
    }

    /// The figures of latency, if they are not too old.
    fn known_latencies(&self, now: DateTime<Utc>) -> Option<Latencies> {
        let known = self.latencies.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, latencies) = known.as_ref()?;
        (now - *read_at < LATENCIES_EVERY).then(|| latencies.clone())
    }

    /// How agreements stood when that was counted last.
    pub fn past(&self) -> Arc<Past> {
        Arc::clone(&self.past.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl AppState {
    /// Takes snapshots of all pages.
    ///
    /// # Errors
    /// Where the database cannot be read: then what was shown stays.
    pub async fn take_status_pages(&self) -> sqlx::Result<()> {
        let now = self.clock.now();
        let mut tx = self.pool.begin().await?;
        // All figures of one moment.
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            .execute(&mut *tx)
            .await?;
        let stored = list_pages(&mut tx, PageFilter::Present).await?;
        let sources = if stored.is_empty() {
            Sources::default()
        } else {
            Sources::read(&mut tx, &stored, window_of(&stored, now), now).await?
        };
        let latencies = match self.status_pages.known_latencies(now) {
            Some(known) if !changed(&self.status_pages.current(), &stored) => known,
            _ => {
                let read = read_latencies(&mut tx, &stored, now).await?;
                let mut kept = self
                    .status_pages
                    .latencies
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                *kept = Some((now, read.clone()));
                read
            }
        };
        let past = self.status_pages.past();
        let agreements = Agreements::read(&mut tx, &stored, &past, &self.secrets, now).await?;
        let kept = Arc::clone(agreements.past());
        *self
            .status_pages
            .past
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = kept;
        let before = self.status_pages.current();
        let mut logos = read_new_logos(&mut tx, &before, &stored).await?;
        tx.commit().await?;
        // Many pages of many monitors take a while: not on a thread that serves.
        let taken = tokio::task::spawn_blocking(move || {
            let sources = sources.with_latencies(latencies).with_agreements(agreements);
            let pages = stored.into_iter().map(|stored| LivePage {
                snapshot: Arc::new(status_snapshot::build(&stored, &sources)),
                logo: logos.remove(&stored.id),
                stored: Arc::new(stored),
            });
            LivePages::of(pages.collect(), now)
        });
        let taken = taken.await.map_err(|error| sqlx::Error::Decode(error.into()))?;
        self.documents.retain(|id| taken.page(id).is_some());
        self.prepare_documents(&taken).await;
        self.status_pages.set(taken);
        Ok(())
    }

    /// Makes what visitors have asked for of pages, before it is shown.
    async fn prepare_documents(&self, pages: &LivePages) {
        let (state, pages) = (self.clone(), pages.pages.clone());
        let prepared = tokio::task::spawn_blocking(move || {
            for page in pages.values() {
                state.documents.prepare(&state, page);
            }
        });
        if let Err(error) = prepared.await {
            tracing::error!(%error, "status pages could not be prepared");
        }
    }

    /// Keeps the snapshots of all pages fresh until the process is asked to stop.
    pub async fn run_status_pages(self) {
        let mut stopping = self.stopping.subscribe();
        let mut is_failing = false;
        loop {
            // A database that stands still is as good as gone.
            let taken = tokio::time::timeout(TAKEN_WITHIN, self.take_status_pages()).await;
            match taken.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
                Ok(()) if is_failing => {
                    tracing::info!("status pages are fresh again");
                    is_failing = false;
                }
                Ok(()) => {}
                Err(error) => {
                    if !is_failing {
                        tracing::warn!(%error, "status pages cannot be taken anew; the last ones are shown");
                    }
                    is_failing = true;
                    // They say how old they are.
                    self.prepare_documents(&self.status_pages.current()).await;
                }
            }
            let again = async {
                tokio::time::sleep(AT_MOST_EVERY).await;
                let woken = self.status_pages.wake.notified();
                let _ = tokio::time::timeout(EVERY.saturating_sub(AT_MOST_EVERY), woken).await;
            };
            tokio::select! {
                () = again => {}
                _ = stopping.wait_for(|stopping| *stopping) => return,
            }
        }
    }
}

/// Whether pages were written since they were taken.
fn changed(before: &LivePages, stored: &[StoredPage]) -> bool {
    let same = |page: &StoredPage| {
        let known = before.page(page.id);
        known.is_some_and(|known| known.stored.revision == page.revision)
    };
    !stored.iter().all(same)
}

/// The logos of these pages: those that are known stay, others are read.
async fn read_new_logos(
    db: &mut sqlx::PgConnection,
    before: &LivePages,
    stored: &[StoredPage],
) -> sqlx::Result<BTreeMap<i32, Arc<Logo>>> {
    let mut logos = BTreeMap::new();
    let mut new = Vec::new();
    for page in stored.iter().filter(|page| page.logo.is_some()) {
        let known = before
            .page(page.id)
            .filter(|known| known.stored.logo == page.logo)
            .and_then(|known| known.logo.clone());
        match known {
            Some(logo) => {
                logos.insert(page.id, logo);
            }
            None => new.push(page.id),
        }
    }
    if !new.is_empty() {
        let read = list_logos(db, &new).await?.into_iter();
        logos.extend(read.map(|(id, logo)| (id, Arc::new(logo))));
    }
    Ok(logos)
}
