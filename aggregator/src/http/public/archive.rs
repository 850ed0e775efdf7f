//! What is older than a snapshot tells of: months, and incidents of then. Read from the database when somebody asks, and
//! kept for a while, so that what was asked for is still served while the database is away.

use super::{Visit, answer, document::Document};
use crate::{
    http::{ApiError, error::ApiResult},
    status_snapshot::{Sources, build_month, find_incident, known_since, month_of},
};
use axum::{http::StatusCode, response::Response};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use edgewatch_client::public_status::{PublicIncident, StatusMonth};
use edgewatch_protocol::problem::ProblemType;
use edgewatch_ui::public::{self, Frame, Seen};
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How long what was read is good: a change of what is past is seen after that.
const FRESH_FOR: TimeDelta = TimeDelta::seconds(10);
/// Months and incidents kept.
const KEPT_AT_MOST: usize = 256;
/// How long a visitor waits for a database that does not answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// What was read.
#[derive(Debug, Default)]
pub struct Archive {
    months: Kept<(i32, NaiveDate), StatusMonth>,
    /// `None`: there is none of this number on the page.
    incidents: Kept<(i32, i32), Option<PublicIncident>>,
}

/// Values with when they were read, and of which revision of their page.
#[derive(Debug)]
struct Kept<K, V>(Mutex<HashMap<K, Entry<V>>>);

#[derive(Debug)]
struct Entry<V> {
    read_at: DateTime<Utc>,
    revision: i32,
    value: Arc<V>,
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Copy + Eq + Hash, V> Kept<K, V> {
    /// A value of this revision, and when it was read.
    fn find(&self, key: K, revision: i32) -> Option<(DateTime<Utc>, Arc<V>)> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = kept.get(&key).filter(|entry| entry.revision == revision)?;
        Some((entry.read_at, Arc::clone(&entry.value)))
    }

    fn keep(&self, key: K, revision: i32, value: V, read_at: DateTime<Utc>) -> Arc<V> {
        let value = Arc::new(value);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_AT_MOST && !kept.contains_key(&key) {
            let oldest = kept
                .iter()
                .min_by_key(|(_, entry)| entry.read_at)
                .map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                kept.remove(&oldest);
            }
        }
        kept.insert(
            key,
            Entry {
                read_at,
                revision,
                value: Arc::clone(&value),
            },
        );
        value
    }

    /// A value that is fresh, or is read now; or an older one where it cannot be read.
    async fn get(
        &self,
        key: K,
        revision: i32,
        now: DateTime<Utc>,
        read: impl Future<Output = sqlx::Result<V>>,
    ) -> ApiResult<Arc<V>> {
        let kept = self.find(key, revision);
        if let Some((read_at, value)) = &kept
            && now - *read_at < FRESH_FOR
        {
            return Ok(Arc::clone(value));
        }
        let read = tokio::time::timeout(PATIENCE, read).await;
        let read = read.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        match (read, kept) {
            (Ok(value), _) => Ok(self.keep(key, revision, value, now)),
            (Err(_), Some((_, value))) => Ok(value),
            (Err(error), None) => Err(error.into()),
        }
    }
}

fn frame<'a>(visit: &'a Visit<'_>, base: &'a str, origin: &'a str) -> Frame<'a> {
    Frame {
        assets: visit.state.documents.assets(),
        language: visit.language(),
        is_chosen: visit.query("lang").is_some(),
        base,
        origin,
        seen: Seen::At(visit.state.clock.now()),
    }
}

/// `…/history?month=YYYY-MM`; without a month, this one.
pub async fn month(visit: &Visit<'_>) -> ApiResult<Response> {
    let (state, page) = (visit.state, &visit.page.stored);
    let now = state.clock.now();
    let zone = edgewatch_domain::calendar::zone(&page.settings.zone).unwrap_or_default();
    let today = edgewatch_domain::calendar::local_time(zone, now.timestamp_millis()).date();
    let asked = match visit.query("month") {
        None => Some(today),
        Some(month) => NaiveDate::parse_from_str(&format!("{month}-01"), "%Y-%m-%d").ok(),
    };
    let span = asked.map(|date| month_of(page, date));
    // Of before the epoch and of what is to come nothing is known, and nobody is to fill memory with it.
    let span = span.filter(|span| span.from_ms > 0 && span.from_ms <= now.timestamp_millis());
    let Some(span) = span else {
        return Err(ApiError::new(ProblemType::NotFound, "there is no such month"));
    };
    let first = edgewatch_domain::calendar::local_time(zone, span.from_ms).date();
    let read = async {
        let mut db = state.pool.acquire().await?;
        let pages = std::slice::from_ref(&**page);
        let since = known_since(&mut db, page).await?;
        let sources = Sources::read(&mut db, pages, span, now).await?;
        Ok(build_month(page, &sources, span, since))
    };
    let months = &state.archive.months;
    let month = months.get((page.id, first), page.revision, now, read).await?;
    let (base, origin) = (visit.base(), super::origin_of(state, visit.page, visit.address));
    let html = public::history_page(&frame(visit, &base, &origin), &month);
    Ok(answer::document(visit, &Document::html(html)))
}

/// An incident that the snapshot does not tell of.
pub async fn incident(visit: &Visit<'_>, id: i32) -> ApiResult<Response> {
    let (state, page) = (visit.state, &visit.page.stored);
    let now = state.clock.now();
    let read = async {
        let mut db = state.pool.acquire().await?;
        find_incident(&mut db, page, id, now).await
    };
    let incidents = &state.archive.incidents;
    let found = incidents.get((page.id, id), page.revision, now, read).await?;
    let (base, origin) = (visit.base(), super::origin_of(state, visit.page, visit.address));
    let frame = frame(visit, &base, &origin);
    let snapshot = &visit.page.snapshot;
    Ok(match &*found {
        Some(incident) => answer::document(
            visit,
            &Document::html(public::incident_page(
                &frame,
                &snapshot.page,
                incident,
                snapshot.taken_at,
            )),
        ),
        None => answer::door(
            public::incident_not_found_page(&frame, &snapshot.page),
            StatusCode::NOT_FOUND,
        ),
    })
}
