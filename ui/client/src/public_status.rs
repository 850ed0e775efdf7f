//! What the public sees of a status page: the snapshot from which its HTML, feeds, badges and JSON are all made.
//!
//! Nothing of a monitor's configuration is in here, not even its name: components have names of their own, the titles of
//! incidents are written by hand or made from the names of components, and what a check saw is not told.

use crate::{
    json::{FromJson, Json, Unreadable},
    public_sla::PublicSla,
    status_page::{PageAccess, PageLanguage, PageShows, PageTheme},
    timeline::UptimeShare,
};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// The state of a component, of a group and of a whole page, as the public sees it; in order of urgency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ComponentState {
    /// Nothing can be said, or nothing is checked.
    Unknown,
    /// Everything holds.
    Operational,
    /// It is worked at, as planned.
    Maintenance,
    /// It works, but worse than it should. Counts as up.
    Degraded,
    /// A part of it is down. Counts as down.
    PartialOutage,
    /// It is down.
    MajorOutage,
}

impl ComponentState {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Unknown,
        Self::Operational,
        Self::Maintenance,
        Self::Degraded,
        Self::PartialOutage,
        Self::MajorOutage,
    ];

    /// The name on the wire and in storage.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Operational => "operational",
            Self::Maintenance => "maintenance",
            Self::Degraded => "degraded",
            Self::PartialOutage => "partial_outage",
            Self::MajorOutage => "major_outage",
        }
    }

    /// The state of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|state| state.as_str() == name)
    }
}

impl FromJson for ComponentState {
    fn from_json(json: &Json<'_>) -> Result<Self, Unreadable> {
        Self::from_name(json.text()?).ok_or(Unreadable::Mismatch)
    }
}

/// A status page at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusSnapshot {
    /// What it looks like.
    pub page: PublicPage,
    /// When it was taken: nothing after this is known here.
    pub taken_at: DateTime<Utc>,
    /// What there is to say of everything together: the worst of its components' states, where a major outage of some of them
    /// is a partial one of all; and no better than what the open incidents say that were opened by hand.
    pub state: ComponentState,
    /// The uptime of everything together over [`PublicPage::uptime_days`]; `None` is no data, or not shown.
    pub uptime: Option<UptimeShare>,
    /// Components and groups in their order.
    pub components: Vec<PublicComponent>,
    /// The incidents that go on and those of the days that the bars show, the newest first; at most 200.
    pub incidents: Vec<PublicIncident>,
    /// Maintenance that is under way, then what comes within 30 days, the next first; at most 100.
    pub maintenance: Vec<PublicMaintenance>,
    /// The agreements that the page shows, in their order.
    pub slas: Vec<PublicSla>,
    /// The public key of the log of what probes sign, as C2SP signed notes write it; where the page shows agreements.
    pub log_key: Option<String>,
}

impl StatusSnapshot {
    /// An agreement by its number.
    pub fn sla(&self, id: i32) -> Option<&PublicSla> {
        self.slas.iter().find(|sla| sla.id == id)
    }

    /// The incidents that go on, the newest first.
    pub fn open_incidents(&self) -> impl Iterator<Item = &PublicIncident> {
        self.incidents
            .iter()
            .filter(|incident| incident.resolved_at.is_none())
    }

    /// An incident by its number.
    pub fn incident(&self, id: i32) -> Option<&PublicIncident> {
        self.incidents.iter().find(|incident| incident.id == id)
    }

    /// A component or group by its number, at whatever depth.
    pub fn component(&self, id: i32) -> Option<&PublicComponent> {
        find(&self.components, id)
    }
}

fn find(components: &[PublicComponent], id: i32) -> Option<&PublicComponent> {
    components.iter().find_map(|component| {
        if component.id == id {
            Some(component)
        } else {
            find(&component.children, id)
        }
    })
}

/// What a page looks like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicPage {
    /// Its number.
    pub id: i32,
    /// Where it is: `/status/{slug}`.
    pub slug: String,
    /// Its name.
    pub title: String,
    /// What stands beneath the title; may be empty.
    pub description: String,
    /// A host name of its own, where the page is at `/`.
    pub host: Option<String>,
    /// Where its title leads to: an `http` or `https` address.
    pub home_url: Option<String>,
    /// Address of the logo, relative to the page's.
    pub logo: Option<String>,
    /// `#rrggbb`.
    pub accent: Option<String>,
    /// Its theme.
    pub theme: PageTheme,
    /// The language that it is always in; `None`: by what the visitor's browser asks for.
    pub language: Option<PageLanguage>,
    /// The zone in which its days and months begin and end, by its IANA name.
    pub zone: String,
    /// Who may see it. What not everybody may see is not for search engines.
    pub access: PageAccess,
    /// Days that the uptime figures are of.
    pub uptime_days: u16,
    /// What is shown.
    pub shows: PageShows,
    /// Whether agreements are shown, at `/sla`.
    pub has_slas: bool,
    /// When the page's settings were changed last.
    pub updated_at: DateTime<Utc>,
}

/// A component or a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicComponent {
    /// Its number.
    pub id: i32,
    /// Its name.
    pub name: String,
    /// What it is; may be empty.
    pub description: String,
    /// It is a group: its state and figures are those of what is in it.
    pub is_group: bool,
    /// How it is now.
    pub state: ComponentState,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
    /// When it was first known of.
    pub known_since: Option<DateTime<Utc>>,
    /// The last 90 days, the earliest first, the last one today so far.
    pub days: Vec<PublicDay>,
    /// Its uptime over [`PublicPage::uptime_days`]; `None` is no data, or not shown.
    pub uptime: Option<UptimeShare>,
    /// How long checks took; `None` where it is not shown, or nothing was measured.
    pub latency: Option<PublicLatency>,
    /// What each region sees, by name; empty where it is not shown.
    pub regions: Vec<PublicRegion>,
    /// What is in a group.
    pub children: Vec<PublicComponent>,
}

/// A day of a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicDay {
    /// Which, in the page's zone.
    pub date: NaiveDate,
    /// The worst state of the day; `None`: it was not known of yet.
    pub worst: Option<ComponentState>,
    /// The day's uptime; `None` is no data, or not shown.
    pub uptime: Option<UptimeShare>,
    /// How long it was down.
    pub down_ms: i64,
    /// How long it was degraded.
    pub degraded_ms: i64,
    /// How long it was worked at.
    pub maintenance_ms: i64,
    /// The day's incidents of this component, by number: see [`StatusSnapshot::incident`].
    pub incidents: Vec<i32>,
}

/// How long a component's successful checks took over the last 24 hours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicLatency {
    /// The median of all, microseconds.
    pub p50_us: i32,
    /// The 95th percentile of all, microseconds.
    pub p95_us: i32,
    /// The median hour by hour, the earliest first; `None` where nothing was measured.
    pub hours: Vec<Option<i32>>,
}

/// What a region sees of a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicRegion {
    /// What the region is called.
    pub name: String,
    /// The worst of what it sees of the component's monitors.
    pub state: ComponentState,
}

/// How bad an incident is for those who use the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentImpact {
    /// Not at all.
    None,
    /// A little.
    Minor,
    /// Much.
    Major,
    /// Everything.
    Critical,
}

impl IncidentImpact {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Critical => "critical",
        }
    }
}

/// Where an incident stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentStage {
    /// It is known of.
    Investigating,
    /// Somebody is on it.
    Identified,
    /// Its outages are over, and it is watched.
    Monitoring,
    /// It is over.
    Resolved,
}

impl IncidentStage {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Investigating => "investigating",
            Self::Identified => "identified",
            Self::Monitoring => "monitoring",
            Self::Resolved => "resolved",
        }
    }
}

/// An incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicIncident {
    /// Its number.
    pub id: i32,
    /// As somebody has named it; `None`: named after [`PublicIncident::components`].
    pub title: Option<String>,
    /// How bad it is.
    pub impact: IncidentImpact,
    /// Where it stands.
    pub stage: IncidentStage,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended; `None` while it goes on.
    pub resolved_at: Option<DateTime<Utc>>,
    /// When something of it was changed last.
    pub updated_at: DateTime<Utc>,
    /// What was published of it, the latest first.
    pub updates: Vec<PublicUpdate>,
    /// The components of this page that it concerns, in their order.
    pub components: Vec<ComponentName>,
}

/// Something that was published of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicUpdate {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Where the incident stood then.
    pub stage: IncidentStage,
    /// The text as it was written: plain, with line breaks.
    pub text: String,
}

/// A component by number and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentName {
    /// Its number.
    pub id: i32,
    /// Its name.
    pub name: String,
}

/// A window of maintenance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicMaintenance {
    /// The maintenance's number; windows of a recurring one share it.
    pub id: i32,
    /// What it is called.
    pub title: String,
    /// What is done; empty where the page does not show it.
    pub note: String,
    /// The first moment within.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub to: DateTime<Utc>,
    /// When it was planned.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// The components of this page that it concerns, in their order.
    pub components: Vec<ComponentName>,
}

impl PublicMaintenance {
    /// Whether it is under way at a moment.
    pub fn is_open(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.to
    }
}

/// A month of a status page: `…/history?month=YYYY-MM`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusMonth {
    /// What the page looks like.
    pub page: PublicPage,
    /// When this was taken.
    pub taken_at: DateTime<Utc>,
    /// The month's first day.
    pub month: NaiveDate,
    /// The first day of the month before, unless nothing was known of yet then.
    pub previous: Option<NaiveDate>,
    /// The first day of the month after, unless it is still to come.
    pub next: Option<NaiveDate>,
    /// Components and groups with the month's days (those that have begun) and the month's uptime; without latency and
    /// regions, and with the state of now.
    pub components: Vec<PublicComponent>,
    /// The incidents that had time in the month, the newest first.
    pub incidents: Vec<PublicIncident>,
    /// The windows of maintenance that had time in the month and have begun, the newest first.
    pub maintenance: Vec<PublicMaintenance>,
}
