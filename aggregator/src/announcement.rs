//! Changes told to every listener of every replica: at once to this process's own, by `NOTIFY` to the others, which read
//! what they need from the database. Notifications stay small because they serialise commits.

use crate::app::AppState;
use edgewatch_client::event::Event;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The channel of `LISTEN`.
pub const CHANNEL: &str = "edgewatch";

/// What has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Monitors were added, changed or removed.
    Monitors,
    /// Probes enrolled, were approved or revoked, fell silent or came back.
    Probes,
    /// The states of these monitors, or of regions of them.
    States(Vec<i32>),
    /// The results of a batch are stored.
    Batch(i64),
}

/// What travels between replicas.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Announcement {
    /// Whose own listeners know already.
    pub from: Uuid,
    /// What has changed.
    pub change: Change,
}

impl AppState {
    /// Tells of a change that has been committed. A failure is logged and not the caller's: the change itself is done.
    pub async fn announce(&self, change: Change) {
        match &change {
            Change::Monitors => self.events.publish(Event::Monitors),
            Change::Probes => self.events.publish(Event::Probes),
            Change::States(_) | Change::Batch(_) => {}
        }
        let announcement = Announcement {
            from: self.events.instance(),
            change,
        };
        let payload = serde_json::to_string(&announcement).unwrap_or_default();
        let sent = sqlx::query("SELECT pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(payload)
            .execute(&self.pool)
            .await;
        if let Err(error) = sent {
            tracing::warn!(%error, "other replicas could not be told of a change");
        }
    }
}
