//! What the public sees of status pages at a moment: made of what is stored by the same rules as every other figure.
//!
//! [`Sources::read`] reads what is needed of all pages at once, by a fixed number of statements; the rest is pure.

mod agreement;
mod component;
mod incident;
mod maintenance;
mod month;
mod outages;

use crate::store::{
    maintenance::{StoredMaintenance, list_maintenance},
    policy::Places,
    status_page::StoredPage,
    status_page_component::list_states,
    status_snapshot::{
        StoredIncident, find_known_since, list_incidents, list_latencies, list_places, list_region_votes,
    },
    timeline::list_tails,
};
pub use agreement::{Agreements, Past};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use component::{Tree, flat};
use edgewatch_client::{
    public_status::{
        ComponentState, IncidentImpact, IncidentStage, PublicComponent, PublicIncident, PublicPage,
        StatusSnapshot,
    },
    status_page::{ComponentSource, StatusPageComponent},
};
use edgewatch_domain::{
    calendar::{self, Unit},
    latency::Histogram,
    span::Span,
    timeline::StateInterval,
    verdict::Verdict,
};
pub use month::{build_month, month_of};
use sqlx::PgConnection;
use std::collections::{BTreeMap, BTreeSet};

/// Days that the bars show.
pub const DAYS: usize = 90;
/// How far ahead maintenance is told.
const AHEAD: TimeDelta = TimeDelta::days(30);
/// Hours of the sparkline.
const LATENCY_HOURS: i64 = 24;
const INCIDENTS_AT_MOST: usize = 200;
const MAINTENANCE_AT_MOST: usize = 100;

/// How long the checks of components took, by component: the hours that have any, by their place in the window.
pub type Latencies = BTreeMap<i32, Vec<(usize, Histogram)>>;

/// What pages are made of.
#[derive(Debug, Default)]
pub struct Sources {
    /// When it was read.
    now: DateTime<Utc>,
    /// The records of monitors.
    records: BTreeMap<i32, Vec<StateInterval>>,
    /// The states that editors set, by component.
    by_hand: BTreeMap<i32, Vec<(i64, ComponentState)>>,
    incidents: Vec<StoredIncident>,
    maintenance: Vec<StoredMaintenance>,
    /// Where monitors belong.
    places: BTreeMap<i32, Places>,
    /// What regions see of monitors.
    regions: BTreeMap<i32, Vec<(String, Verdict)>>,
    latencies: Latencies,
    agreements: Agreements,
}

impl Sources {
    /// Reads what these pages need to tell of a window that ends now or earlier: six statements.
    pub async fn read(
        db: &mut PgConnection,
        pages: &[StoredPage],
        window: Span,
        now: DateTime<Utc>,
    ) -> sqlx::Result<Self> {
        let at = |ms| DateTime::from_timestamp_millis(ms).unwrap_or_default();
        let components = || pages.iter().flat_map(|page| flat(&page.settings.components));
        let monitors: BTreeSet<_> = components().flat_map(monitors_of).copied().collect();
        let monitors: Vec<_> = monitors.into_iter().collect();
        let ids: Vec<_> = components().filter_map(|component| component.id).collect();
        // A moment after the beginning of an interval belongs to it already.
        let needed: Vec<_> = monitors.iter().map(|&id| (id, window.from_ms + 1)).collect();
        let of_regions: BTreeSet<_> = pages
            .iter()
            .filter(|page| page.settings.shows.regions)
            .flat_map(|page| flat(&page.settings.components))
            .flat_map(monitors_of)
            .copied()
            .collect();
        let of_regions: Vec<_> = of_regions.into_iter().collect();
        Ok(Self {
            now,
            records: list_tails(&mut *db, &needed, now.timestamp_millis()).await?,
            by_hand: list_states(&mut *db, &ids, at(window.from_ms)).await?,
            incidents: list_incidents(&mut *db, None, &monitors, window).await?,
            maintenance: list_maintenance(&mut *db, None).await?,
            places: list_places(&mut *db, &monitors).await?,
            regions: list_region_votes(db, &of_regions).await?,
            latencies: Latencies::new(),
            agreements: Agreements::default(),
        })
    }

    /// With how long checks took: see [`read_latencies`].
    #[must_use]
    pub fn with_latencies(mut self, latencies: Latencies) -> Self {
        self.latencies = latencies;
        self
    }

    /// With the agreements that pages show.
    #[must_use]
    pub fn with_agreements(mut self, agreements: Agreements) -> Self {
        self.agreements = agreements;
        self
    }
}

impl Sources {
    /// With the states that editors are about to set by hand, from now on.
    #[must_use]
    pub fn with_states_to_set(mut self, page: &StoredPage) -> Self {
        let before_ms = self.now.timestamp_millis() - 1;
        for component in flat(&page.settings.components) {
            if let (Some(id), ComponentSource::ByHand { state }) = (component.id, &component.source) {
                self.by_hand.entry(id).or_default().push((before_ms, *state));
            }
        }
        self
    }
}

/// How long the checks of those components took whose pages show it: one statement.
pub async fn read_latencies(
    db: &mut PgConnection,
    pages: &[StoredPage],
    now: DateTime<Utc>,
) -> sqlx::Result<Latencies> {
    let shown = pages.iter().filter(|page| page.settings.shows.latency);
    let components = shown.flat_map(|page| flat(&page.settings.components));
    let pairs = components.flat_map(|component| {
        let monitors = monitors_of(component).iter();
        monitors.filter_map(|&monitor| Some((component.id?, monitor)))
    });
    let (components, monitors): (Vec<_>, Vec<_>) = pairs.unzip();
    list_latencies(db, (&components, &monitors), latency_window(now)).await
}

/// The whole hours that the sparkline shows, the one that is not over included.
fn latency_window(now: DateTime<Utc>) -> Span {
    let hour_ms = 3_600_000;
    let end_ms = (now.timestamp_millis().div_euclid(hour_ms) + 1) * hour_ms;
    Span::new(end_ms - LATENCY_HOURS * hour_ms, end_ms)
}

/// The monitors of a component itself.
fn monitors_of(component: &StatusPageComponent) -> &[i32] {
    match &component.source {
        ComponentSource::Monitors { monitors, .. } => monitors,
        ComponentSource::Group { .. } | ComponentSource::ByHand { .. } => &[],
    }
}

/// From when on records have to be known to tell of these pages now.
pub fn window_of(pages: &[StoredPage], now: DateTime<Utc>) -> Span {
    let longest = pages
        .iter()
        .map(|page| page.settings.uptime_days)
        .max()
        .unwrap_or(0);
    // A day more than the bars show, for it begins before the same time of its first day.
    let days = (DAYS as i64 + 1).max(longest.into());
    let from = now - TimeDelta::days(days);
    Span::new(from.timestamp_millis(), now.timestamp_millis() + 1)
}

fn zone_of(page: &StoredPage) -> Tz {
    // Stored only where there is one.
    calendar::zone(&page.settings.zone).unwrap_or(chrono_tz::UTC)
}

/// The last so many days of a zone, today included, the earliest first.
fn last_days(zone: Tz, now_ms: i64) -> Vec<Span> {
    let today = calendar::period_at(zone, Unit::Day, now_ms);
    let before = |day: &Span| Some(calendar::period_at(zone, Unit::Day, day.from_ms - 1));
    let mut days: Vec<_> = std::iter::successors(Some(today), before).take(DAYS).collect();
    days.reverse();
    days
}

/// A page's snapshot, of sources over [`window_of`].
pub fn build(page: &StoredPage, sources: &Sources) -> StatusSnapshot {
    let now_ms = sources.now.timestamp_millis();
    let days = last_days(zone_of(page), now_ms);
    let uptime = Span::new(now_ms - i64::from(page.settings.uptime_days) * 86_400_000, now_ms);
    let tree = Tree::of(page, sources);
    let told = Span::new(days.first().map_or(now_ms, |first| first.from_ms), now_ms + 1);
    let (mut incidents, outages) = incident::of_page(&tree, sources, told);
    incidents.truncate(INCIDENTS_AT_MOST);
    let components = tree.show(sources, &outages, &days, uptime);
    let mut maintenance = maintenance::of_page(page, &tree, sources, ahead(sources.now));
    maintenance.truncate(MAINTENANCE_AT_MOST);
    StatusSnapshot {
        page: looks(page),
        taken_at: sources.now,
        state: overall(&components, &incidents, sources),
        uptime: tree.uptime(uptime).filter(|_| page.settings.shows.uptime),
        components,
        incidents,
        maintenance,
        slas: sources.agreements.of_page(page, sources.now),
        log_key: sources.agreements.log_key(page),
    }
}

/// When anything of a page was known first, Unix milliseconds.
pub async fn known_since(db: &mut PgConnection, page: &StoredPage) -> sqlx::Result<Option<i64>> {
    let components = flat(&page.settings.components);
    let monitors: Vec<_> = components
        .iter()
        .flat_map(|component| monitors_of(component))
        .copied()
        .collect();
    let ids: Vec<_> = components.iter().filter_map(|component| component.id).collect();
    find_known_since(db, &monitors, &ids).await
}

/// An incident of a page, of whatever time; `None`: the page has none of this number.
pub async fn find_incident(
    db: &mut PgConnection,
    page: &StoredPage,
    id: i32,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<PublicIncident>> {
    let components = flat(&page.settings.components);
    let monitors: Vec<_> = components
        .iter()
        .flat_map(|component| monitors_of(component))
        .copied()
        .collect();
    let always = Span::new(0, now.timestamp_millis() + 1);
    let sources = Sources {
        now,
        incidents: list_incidents(db, Some(id), &monitors, always).await?,
        ..Sources::default()
    };
    let (incidents, _) = incident::of_page(&Tree::of(page, &sources), &sources, always);
    Ok(incidents.into_iter().next())
}

fn ahead(now: DateTime<Utc>) -> Span {
    Span::new(now.timestamp_millis(), (now + AHEAD).timestamp_millis())
}

/// What a page looks like.
fn looks(page: &StoredPage) -> PublicPage {
    let settings = &page.settings;
    PublicPage {
        id: page.id,
        slug: settings.slug.clone(),
        title: settings.title.clone(),
        description: settings.description.clone(),
        host: settings.host.clone(),
        home_url: settings.home_url.clone(),
        logo: page.logo.as_ref().map(|logo| logo.path.clone()),
        accent: settings.accent.clone(),
        theme: settings.theme,
        language: settings.language,
        zone: settings.zone.clone(),
        access: settings.access,
        uptime_days: settings.uptime_days,
        shows: settings.shows,
        has_slas: !settings.slas.is_empty(),
        updated_at: page.updated_at,
    }
}

/// See [`StatusSnapshot::state`].
fn overall(
    components: &[PublicComponent],
    incidents: &[PublicIncident],
    sources: &Sources,
) -> ComponentState {
    let states = || components.iter().map(|component| component.state);
    let worst = states().max().unwrap_or(ComponentState::Unknown);
    let is_whole = states()
        .filter(|state| *state != ComponentState::Unknown)
        .all(|state| state == ComponentState::MajorOutage);
    let worst = if worst == ComponentState::MajorOutage && !is_whole {
        ComponentState::PartialOutage
    } else {
        worst
    };
    let by_hand: BTreeSet<_> = sources
        .incidents
        .iter()
        .filter(|incident| incident.by_hand)
        .map(|incident| incident.id)
        .collect();
    let said = incidents.iter().filter(|incident| {
        let goes_on = incident.resolved_at.is_none() && incident.stage != IncidentStage::Monitoring;
        goes_on && by_hand.contains(&incident.id)
    });
    let said = said.map(|incident| match incident.impact {
        IncidentImpact::None => ComponentState::Unknown,
        IncidentImpact::Minor => ComponentState::Degraded,
        IncidentImpact::Major => ComponentState::PartialOutage,
        IncidentImpact::Critical => ComponentState::MajorOutage,
    });
    said.fold(worst, ComponentState::max)
}
