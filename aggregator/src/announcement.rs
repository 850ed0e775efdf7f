//! Changes told to every listener of every replica: at once to this process's own, by `NOTIFY` to the others, which read
//! what they need from the database. Notifications stay small because they serialise commits.

use crate::{
    evaluation::TakenBatch,
    state::AppState,
    store::{
        evaluation_queue::judging_version, incident::count_open, live::list_state_events,
        stored_batch::find_stored_batches,
    },
};
use edgewatch_client::event::Event;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgListener;
use std::time::Duration;
use uuid::Uuid;

/// The channel of `LISTEN`.
const CHANNEL: &str = "edgewatch";

/// Monitors or incidents named in one notification: below PostgreSQL's bound of 8,000 bytes.
const MONITORS_AT_ONCE: usize = 500;

/// How long to wait before listening again after the connection was lost.
const LISTEN_AGAIN: Duration = Duration::from_secs(2);

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Monitors were added, changed or removed.
    Monitors,
    /// Probes enrolled, were approved or revoked, fell silent or came back.
    Probes,
    /// The states of these monitors, or what regions say of them.
    States(Vec<i32>),
    /// These incidents were opened, or something of them has changed.
    Incidents(Vec<i32>),
    /// Status pages were added, changed or removed.
    StatusPages,
    /// The results of these batches are judged. Whoever judged them tells its own listeners, without reading them again.
    Batches(Vec<i64>),
    /// Batches wait for whoever judges.
    ToJudge,
}

#[derive(Debug, Serialize, Deserialize)]
struct Announcement {
    /// Whose own listeners know already.
    from: Uuid,
    change: Change,
}

impl AppState {
    /// Tells of a change that has been committed. A failure is logged and not the caller's: the change itself is done.
    pub async fn announce(&self, change: Change) {
        if matches!(change, Change::Monitors) {
            self.evaluation.wake();
        }
        self.status_pages.note(&change);
        if !matches!(change, Change::Batches(_)) {
            self.publish(&change).await;
        }
        let changes = match change {
            Change::States(monitors) => {
                let chunks = monitors.chunks(MONITORS_AT_ONCE);
                chunks.map(|chunk| Change::States(chunk.to_vec())).collect()
            }
            Change::Incidents(incidents) => {
                let chunks = incidents.chunks(MONITORS_AT_ONCE);
                chunks.map(|chunk| Change::Incidents(chunk.to_vec())).collect()
            }
            other => vec![other],
        };
        let payloads: Vec<_> = changes
            .into_iter()
            .filter_map(|change| {
                let from = self.events.instance();
                serde_json::to_string(&Announcement { from, change }).ok()
            })
            .collect();
        let sent = sqlx::query("SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload")
            .bind(CHANNEL)
            .bind(payloads)
            .execute(&self.pool)
            .await;
        if let Err(error) = sent {
            tracing::warn!(%error, "other replicas could not be told of a change");
        }
    }

    /// Tells this process's own listeners.
    async fn publish(&self, change: &Change) {
        let read = match change {
            Change::Monitors => Ok(vec![Event::Monitors]),
            Change::Probes => Ok(vec![Event::Probes]),
            Change::States(monitors) => list_state_events(&self.pool, monitors).await,
            Change::Incidents(incidents) => self.incidents_now(incidents).await,
            Change::Batches(ids) => self.results_of(ids).await,
            // Nobody follows them live.
            Change::StatusPages | Change::ToJudge => Ok(Vec::new()),
        };
        match read {
            Ok(events) => events.into_iter().for_each(|event| self.events.publish(event)),
            Err(error) => {
                tracing::warn!(%error, "a change could not be read for live events");
                self.missed();
            }
        }
    }

    async fn incidents_now(&self, incidents: &[i32]) -> sqlx::Result<Vec<Event>> {
        Ok(vec![Event::Incidents {
            incidents: incidents.to_vec(),
            open: count_open(&self.pool).await?,
        }])
    }

    async fn results_of(&self, batches: &[i64]) -> sqlx::Result<Vec<Event>> {
        let mut db = self.pool.acquire().await?;
        let mut results = Vec::new();
        let version = judging_version(&mut db).await?;
        for queued in find_stored_batches(&mut db, batches).await? {
            let mut batch = TakenBatch::read(&queued).map_err(|fault| sqlx::Error::Decode(fault.into()))?;
            let assigned = self
                .assigned_monitors
                .of_region(&mut db, batch.region_id, version)
                .await?;
            batch.results.retain(|result| assigned.contains(&result.monitor));
            self.recent_results.note(batch.recent_results());
            results.extend(batch.live_results());
        }
        Ok(vec![Event::Results { results }])
    }

    /// Passes on what other replicas announce, until the process is asked to stop. Whenever announcements may have been
    /// missed, listeners are told to read everything anew.
    pub async fn follow_announcements(&self) {
        let mut stopping = self.stopping.subscribe();
        loop {
            tokio::select! {
                outcome = self.listen() => if let Err(error) = outcome {
                    tracing::warn!(%error, "announcements of other replicas are not heard; trying again");
                },
                _ = stopping.wait_for(|stopping| *stopping) => return,
            }
            self.missed();
            tokio::select! {
                () = tokio::time::sleep(LISTEN_AGAIN) => {}
                _ = stopping.wait_for(|stopping| *stopping) => return,
            }
        }
    }

    /// Changes may have gone by: nothing that they were to keep up is taken for true any more.
    fn missed(&self) {
        self.recent_results.forget();
        self.events.publish(Event::Resync);
    }

    async fn listen(&self) -> sqlx::Result<()> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen(CHANNEL).await?;
        // `None`: the connection was lost and made again; what came meanwhile is gone.
        while let Some(notification) = listener.try_recv().await? {
            match serde_json::from_str::<Announcement>(notification.payload()) {
                Ok(announcement) if announcement.from == self.events.instance() => {}
                Ok(announcement) => {
                    if matches!(announcement.change, Change::ToJudge | Change::Monitors) {
                        self.evaluation.wake();
                    }
                    self.status_pages.note(&announcement.change);
                    self.publish(&announcement.change).await;
                }
                // Of a newer version: something has changed, we cannot tell what.
                Err(_) => self.missed(),
            }
        }
        Ok(())
    }
}
