//! What subscribers of a status page are told: nothing but what the page itself shows.

use crate::public_status::{PublicIncident, PublicMaintenance, PublicPage, PublicUpdate};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// An incident has begun.
    Opened,
    /// A public update of an incident.
    Update,
    /// It is over.
    Resolved,
    /// It goes on again.
    Reopened,
    /// Maintenance is planned.
    Announced,
    /// It has begun.
    Begun,
    /// It is over.
    Ended,
    /// It does not take place.
    Cancelled,
}

impl NoticeKind {
    /// All of them, in the order of their numbers in storage.
    pub const ALL: [Self; 8] = [
        Self::Opened,
        Self::Update,
        Self::Resolved,
        Self::Reopened,
        Self::Announced,
        Self::Begun,
        Self::Ended,
        Self::Cancelled,
    ];

    /// The `type` of a webhook's message.
    pub fn event(self) -> &'static str {
        match self {
            Self::Opened => "incident.opened",
            Self::Update => "incident.updated",
            Self::Resolved => "incident.resolved",
            Self::Reopened => "incident.reopened",
            Self::Announced => "maintenance.scheduled",
            Self::Begun => "maintenance.started",
            Self::Ended => "maintenance.ended",
            Self::Cancelled => "maintenance.cancelled",
        }
    }
}

/// Something that happened on a page, as the page told it then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What.
    pub kind: NoticeKind,
    /// When.
    pub at: DateTime<Utc>,
    /// The number of the public update that it is about.
    pub update: Option<i64>,
    /// The page.
    pub page: PublicPage,
    /// The incident, of the first four kinds.
    pub incident: Option<PublicIncident>,
    /// The window, of the others.
    pub maintenance: Option<PublicMaintenance>,
}

impl Notice {
    /// The public update that it is about.
    pub fn update(&self) -> Option<&PublicUpdate> {
        let updates = &self.incident.as_ref()?.updates;
        updates.iter().find(|update| Some(update.id) == self.update)
    }

    /// Numbers of the components that it concerns, without the groups that they are in.
    pub fn components(&self) -> Vec<i32> {
        let incident = self.incident.iter().flat_map(|incident| &incident.components);
        let window = self.maintenance.iter().flat_map(|window| &window.components);
        incident.chain(window).map(|component| component.id).collect()
    }
}
