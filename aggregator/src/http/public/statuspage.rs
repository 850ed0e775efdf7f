//! A page as JSON in the shape of Statuspage's public API v2, so that its clients read ours.
//!
//! What it has no word for: a component of which nothing is known is `under_maintenance`, for a client that knows the five
//! states alone takes it neither for up nor for down. Groups may be in groups; each names the one that it is in.

use chrono::{DateTime, SecondsFormat, Utc};
use edgewatch_client::public_status::{
    ComponentName, ComponentState, PublicComponent, PublicIncident, PublicMaintenance, PublicUpdate,
    StatusSnapshot,
};
use edgewatch_client::status_page::PageLanguage;
use edgewatch_ui::public::incident_title;
use serde_json::{Value, json};

/// One of its documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Everything that goes on.
    Summary,
    /// The state of the whole page.
    Status,
    /// The components.
    Components,
    /// The incidents, the newest first.
    Incidents,
    /// Those that go on.
    UnresolvedIncidents,
    /// The maintenance under way and to come.
    ScheduledMaintenances,
    /// That to come.
    UpcomingMaintenances,
    /// That under way.
    ActiveMaintenances,
}

impl Part {
    /// By the last of its address.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "summary.json" => Self::Summary,
            "status.json" => Self::Status,
            "components.json" => Self::Components,
            "incidents.json" => Self::Incidents,
            "scheduled-maintenances.json" => Self::ScheduledMaintenances,
            _ => return None,
        })
    }

    /// By the last two of its address.
    pub fn from_names(first: &str, second: &str) -> Option<Self> {
        Some(match (first, second) {
            ("incidents", "unresolved.json") => Self::UnresolvedIncidents,
            ("scheduled-maintenances", "upcoming.json") => Self::UpcomingMaintenances,
            ("scheduled-maintenances", "active.json") => Self::ActiveMaintenances,
            _ => return None,
        })
    }
}

/// The document of a snapshot whose page is at `url`.
pub fn render(part: Part, snapshot: &StatusSnapshot, url: &str) -> String {
    let render = Render { snapshot, url };
    let mut document = json!({"page": render.page()});
    let incidents = |open: bool| {
        let shown = snapshot
            .incidents
            .iter()
            .filter(|incident| !open || incident.resolved_at.is_none());
        shown
            .map(|incident| render.incident(incident))
            .collect::<Vec<_>>()
    };
    let maintenance = |active: bool, upcoming: bool| {
        let shown = snapshot.maintenance.iter().filter(|window| {
            if window.is_open(snapshot.taken_at) {
                active
            } else {
                upcoming
            }
        });
        shown.map(|window| render.maintenance(window)).collect::<Vec<_>>()
    };
    match part {
        Part::Summary => {
            document["components"] = render.components().into();
            document["incidents"] = incidents(true).into();
            document["scheduled_maintenances"] = maintenance(true, true).into();
            document["status"] = render.status();
        }
        Part::Status => document["status"] = render.status(),
        Part::Components => document["components"] = render.components().into(),
        Part::Incidents => document["incidents"] = incidents(false).into(),
        Part::UnresolvedIncidents => document["incidents"] = incidents(true).into(),
        Part::ScheduledMaintenances => document["scheduled_maintenances"] = maintenance(true, true).into(),
        Part::UpcomingMaintenances => document["scheduled_maintenances"] = maintenance(false, true).into(),
        Part::ActiveMaintenances => document["scheduled_maintenances"] = maintenance(true, false).into(),
    }
    document.to_string()
}

struct Render<'a> {
    snapshot: &'a StatusSnapshot,
    url: &'a str,
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn status_word(state: ComponentState) -> &'static str {
    match state {
        ComponentState::Operational => "operational",
        ComponentState::Degraded => "degraded_performance",
        ComponentState::PartialOutage => "partial_outage",
        ComponentState::MajorOutage => "major_outage",
        ComponentState::Maintenance | ComponentState::Unknown => "under_maintenance",
    }
}

impl Render<'_> {
    fn page(&self) -> Value {
        let page = &self.snapshot.page;
        json!({
            "id": page.id.to_string(), "name": page.title, "url": self.url, "time_zone": page.zone,
            "updated_at": time(self.snapshot.taken_at),
        })
    }

    fn status(&self) -> Value {
        let (indicator, description) = match self.snapshot.state {
            ComponentState::Operational => ("none", "All Systems Operational"),
            ComponentState::Maintenance => ("maintenance", "Service Under Maintenance"),
            ComponentState::Unknown => ("maintenance", "Status Unknown"),
            ComponentState::Degraded => ("minor", "Partially Degraded Service"),
            ComponentState::PartialOutage => ("major", "Partial System Outage"),
            ComponentState::MajorOutage => ("critical", "Major Service Outage"),
        };
        json!({"indicator": indicator, "description": description})
    }

    fn components(&self) -> Vec<Value> {
        let mut all = Vec::new();
        self.add(&self.snapshot.components, None, &mut all);
        all
    }

    fn add(&self, components: &[PublicComponent], group: Option<i32>, all: &mut Vec<Value>) {
        for (component, position) in components.iter().zip(1..) {
            let mut value = self.component(component, group, position);
            if component.is_group {
                let children: Vec<_> = component
                    .children
                    .iter()
                    .map(|child| child.id.to_string())
                    .collect();
                value["components"] = children.into();
            }
            all.push(value);
            self.add(&component.children, Some(component.id), all);
        }
    }

    fn component(&self, component: &PublicComponent, group: Option<i32>, position: i32) -> Value {
        let page = &self.snapshot.page;
        let created = component.known_since.unwrap_or(page.updated_at);
        json!({
            "id": component.id.to_string(),
            "name": component.name,
            "status": status_word(component.state),
            "created_at": time(created),
            "updated_at": time(component.since.unwrap_or(created)),
            "position": position,
            "description": Some(&component.description).filter(|text| !text.is_empty()),
            "showcase": page.shows.uptime,
            "start_date": created.format("%Y-%m-%d").to_string(),
            "group_id": group.map(|group| group.to_string()),
            "page_id": page.id.to_string(),
            "group": component.is_group,
            "only_show_if_degraded": false,
        })
    }

    /// Components that something concerns, in full.
    fn concerned(&self, names: &[ComponentName]) -> Vec<Value> {
        let all = self.components();
        let wanted: Vec<_> = names.iter().map(|name| name.id.to_string()).collect();
        let is_wanted = |value: &Value| wanted.iter().any(|id| value["id"] == **id);
        all.into_iter().filter(|value| is_wanted(value)).collect()
    }

    fn incident(&self, incident: &PublicIncident) -> Value {
        let id = incident.id.to_string();
        let updates: Vec<_> = incident
            .updates
            .iter()
            .map(|update| update_of(update, incident))
            .collect();
        json!({
            "id": id,
            "name": incident_title(incident, PageLanguage::En),
            "status": incident.stage.as_str(),
            "created_at": time(incident.started_at),
            "updated_at": time(incident.updated_at),
            "monitoring_at": Value::Null,
            "resolved_at": incident.resolved_at.map(time),
            "impact": incident.impact.as_str(),
            "shortlink": format!("{}/incidents/{id}", self.url),
            "started_at": time(incident.started_at),
            "page_id": self.snapshot.page.id.to_string(),
            "incident_updates": updates,
            "components": self.concerned(&incident.components),
        })
    }

    fn maintenance(&self, window: &PublicMaintenance) -> Value {
        // Windows of a recurring maintenance are several of theirs.
        let id = format!("{}-{}", window.id, window.from.timestamp());
        let status = if window.is_open(self.snapshot.taken_at) {
            "in_progress"
        } else {
            "scheduled"
        };
        let at = time(window.updated_at);
        let updates: Vec<_> = (!window.note.is_empty())
            .then(|| {
                json!({
                    "id": format!("{id}-note"), "status": status, "body": window.note, "incident_id": id, "created_at": at,
                    "updated_at": at, "display_at": at, "affected_components": Value::Null, "deliver_notifications": true,
                    "custom_tweet": Value::Null, "tweet_id": Value::Null,
                })
            })
            .into_iter()
            .collect();
        json!({
            "id": id,
            "name": window.title,
            "status": status,
            "created_at": time(window.created_at),
            "updated_at": at,
            "monitoring_at": Value::Null,
            "resolved_at": Value::Null,
            "impact": "maintenance",
            "shortlink": self.url,
            "started_at": time(window.from),
            "page_id": self.snapshot.page.id.to_string(),
            "incident_updates": updates,
            "components": self.concerned(&window.components),
            "scheduled_for": time(window.from),
            "scheduled_until": time(window.to),
        })
    }
}

fn update_of(update: &PublicUpdate, incident: &PublicIncident) -> Value {
    let at = time(update.at);
    let affected: Vec<_> = incident
        .components
        .iter()
        .map(|name| json!({"code": name.id.to_string(), "name": name.name}))
        .collect();
    json!({
        "id": update.id.to_string(), "status": update.stage.as_str(), "body": update.text,
        "incident_id": incident.id.to_string(), "created_at": at, "updated_at": at, "display_at": at,
        "affected_components": affected, "deliver_notifications": true, "custom_tweet": Value::Null, "tweet_id": Value::Null,
    })
}
