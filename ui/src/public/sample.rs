//! Snapshots to render in tests.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use edgewatch_client::{
    public_status::{
        ComponentName, ComponentState, IncidentImpact, IncidentStage, PublicComponent, PublicDay,
        PublicIncident, PublicLatency, PublicMaintenance, PublicPage, PublicRegion, PublicUpdate,
        StatusMonth, StatusSnapshot,
    },
    status_page::{PageAccess, PageShows, PageTheme},
    timeline::UptimeShare,
};

/// 21 November 2026, 14:15:09.
pub fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_270_509, 0).unwrap()
}

pub fn page() -> PublicPage {
    PublicPage {
        id: 1,
        slug: "acme".to_owned(),
        title: "Acme Cloud".to_owned(),
        description: "Live state of the services that Acme runs for its customers.".to_owned(),
        host: None,
        home_url: Some("https://acme.example".to_owned()),
        logo: None,
        accent: None,
        theme: PageTheme::Auto,
        language: None,
        zone: "UTC".to_owned(),
        access: PageAccess::Public,
        uptime_days: 90,
        shows: PageShows {
            uptime: true,
            latency: false,
            regions: false,
            maintenance_notes: true,
        },
        has_slas: false,
        updated_at: now(),
    }
}

pub fn share(percent: &str) -> UptimeShare {
    UptimeShare {
        percent: percent.to_owned(),
        lowest: percent.to_owned(),
        highest: percent.to_owned(),
    }
}

/// Days of which a few were bad, others for each component.
fn days(seed: i64, last: NaiveDate, count: i64) -> Vec<PublicDay> {
    (0..count)
        .map(|i| {
            let date = last - TimeDelta::days(count - 1 - i);
            let down_ms = match (i * 7 + seed * 13) % 61 {
                3 => 23 * 60_000,
                31 if seed % 3 == 0 => 4 * 3_600_000 + 120_000,
                _ => 0,
            };
            let degraded_ms = if (i * 5 + seed) % 47 == 9 { 51 * 60_000 } else { 0 };
            let maintenance_ms = if (i + seed) % 53 == 20 { 2 * 3_600_000 } else { 0 };
            let worst = match () {
                () if i + seed % 4 * 9 < 20 && seed % 5 == 4 => None,
                () if down_ms > 3_600_000 => Some(ComponentState::MajorOutage),
                () if down_ms > 0 => Some(ComponentState::PartialOutage),
                () if degraded_ms > 0 => Some(ComponentState::Degraded),
                () if maintenance_ms > 0 => Some(ComponentState::Maintenance),
                () => Some(ComponentState::Operational),
            };
            let thousandths = 100_000 - down_ms / 864;
            PublicDay {
                date,
                worst,
                uptime: worst.map(|_| share(&format!("{}.{:03}", thousandths / 1_000, thousandths % 1_000))),
                down_ms,
                degraded_ms,
                maintenance_ms,
                incidents: if down_ms > 3_600_000 { vec![7] } else { vec![] },
            }
        })
        .collect()
}

pub fn component(id: i32, name: &str, state: ComponentState) -> PublicComponent {
    PublicComponent {
        id,
        name: name.to_owned(),
        description: String::new(),
        is_group: false,
        state,
        since: Some(now()),
        known_since: Some(now() - TimeDelta::days(400)),
        days: days(i64::from(id), now().date_naive(), 90),
        uptime: Some(share(["99.982", "100.000", "99.871", "99.999"][id as usize % 4])),
        latency: None,
        regions: vec![],
        children: vec![],
    }
}

fn group(id: i32, name: &str, children: Vec<PublicComponent>) -> PublicComponent {
    let state = children.iter().map(|child| child.state).max().unwrap();
    PublicComponent {
        is_group: true,
        children,
        ..component(id, name, state)
    }
}

const NAMES: [&str; 12] = [
    "Dashboard",
    "Public API",
    "Sign-in",
    "Webhooks",
    "Object storage",
    "Search",
    "E-mail delivery",
    "Billing",
    "CDN",
    "Builds",
    "Realtime",
    "Documentation",
];

/// So many components: up to 4 in a row, more in groups of five.
pub fn snapshot(components: usize) -> StatusSnapshot {
    let make = |i: usize| component(i as i32 + 1, NAMES[i % NAMES.len()], ComponentState::Operational);
    let all: Vec<_> = (0..components).map(make).collect();
    let components = if components <= 4 {
        all
    } else {
        let (alone, rest) = all.split_at(3);
        let names = [
            "Platform",
            "Europe",
            "Americas",
            "Asia Pacific",
            "Data",
            "Integrations",
        ];
        let groups = rest
            .chunks(5)
            .enumerate()
            .map(|(i, part)| group(100 + i as i32, names[i % names.len()], part.to_vec()));
        alone.iter().cloned().chain(groups).collect()
    };
    StatusSnapshot {
        page: page(),
        taken_at: now(),
        state: ComponentState::Operational,
        uptime: Some(share("99.964")),
        components,
        incidents: vec![],
        maintenance: vec![],
        slas: vec![],
        log_key: None,
    }
}

pub fn update(id: i64, minutes_ago: i64, stage: IncidentStage, text: &str) -> PublicUpdate {
    PublicUpdate {
        id,
        at: now() - TimeDelta::minutes(minutes_ago),
        stage,
        text: text.to_owned(),
    }
}

fn name(id: i32, name: &str) -> ComponentName {
    ComponentName {
        id,
        name: name.to_owned(),
    }
}

/// The same with an incident that goes on, two that are over, and maintenance.
pub fn troubled(components: usize) -> StatusSnapshot {
    let mut snapshot = snapshot(components);
    snapshot.state = ComponentState::PartialOutage;
    let states = [
        (1, ComponentState::PartialOutage),
        (2, ComponentState::Degraded),
        (4, ComponentState::Maintenance),
    ];
    for component in &mut snapshot.components {
        for (id, state) in states {
            if component.id == id {
                component.state = state;
            }
            for child in &mut component.children {
                if child.id == id {
                    child.state = state;
                    component.state = component.state.max(state);
                }
            }
        }
    }
    snapshot.page.shows.latency = true;
    snapshot.page.shows.regions = true;
    if let Some(first) = snapshot.components.first_mut() {
        first.description = "The console in which customers run their projects.".to_owned();
        first.latency = Some(PublicLatency {
            p50_us: 128_400,
            p95_us: 412_000,
            hours: (0..24)
                .map(|i| (i != 9).then_some(110_000 + (i * 7_919) % 60_000))
                .collect(),
        });
        first.regions = [
            ("Frankfurt", ComponentState::MajorOutage),
            ("Virginia", ComponentState::Operational),
            ("Singapore", ComponentState::Degraded),
        ]
        .map(|(name, state)| PublicRegion {
            name: name.to_owned(),
            state,
        })
        .into();
    }
    snapshot.incidents = vec![
        PublicIncident {
            id: 9,
            title: Some("Elevated error rates in the dashboard".to_owned()),
            impact: IncidentImpact::Major,
            stage: IncidentStage::Identified,
            started_at: now() - TimeDelta::minutes(96),
            resolved_at: None,
            updated_at: now() - TimeDelta::minutes(12),
            updates: vec![
                update(
                    3,
                    12,
                    IncidentStage::Identified,
                    "A faulty deploy of the session service has been found. It is being rolled back region by region;\nFrankfurt comes last.",
                ),
                update(
                    2,
                    64,
                    IncidentStage::Investigating,
                    "Sign-ins that fail succeed mostly at the second attempt.",
                ),
                update(
                    1,
                    90,
                    IncidentStage::Investigating,
                    "Some requests to the dashboard fail. We are looking into it.",
                ),
            ],
            components: vec![name(1, "Dashboard"), name(2, "Public API")],
        },
        PublicIncident {
            id: 7,
            title: None,
            impact: IncidentImpact::Critical,
            stage: IncidentStage::Resolved,
            started_at: now() - TimeDelta::days(3),
            resolved_at: Some(now() - TimeDelta::days(3) + TimeDelta::minutes(242)),
            updated_at: now() - TimeDelta::days(3),
            updates: vec![update(
                4,
                3 * 1_440 - 242,
                IncidentStage::Resolved,
                "The database's primary has been replaced, and all writes are accepted again.",
            )],
            components: vec![name(3, "Sign-in")],
        },
        PublicIncident {
            id: 5,
            title: Some("Slow search".to_owned()),
            impact: IncidentImpact::Minor,
            stage: IncidentStage::Resolved,
            started_at: now() - TimeDelta::days(9),
            resolved_at: Some(now() - TimeDelta::days(9) + TimeDelta::minutes(51)),
            updated_at: now() - TimeDelta::days(9),
            updates: vec![],
            components: vec![name(6, "Search")],
        },
    ];
    let window = |id, title: &str, from, to| PublicMaintenance {
        id,
        title: title.to_owned(),
        note: "Connections may be closed once; clients that reconnect notice nothing.".to_owned(),
        from,
        to,
        created_at: now() - TimeDelta::days(5),
        updated_at: now() - TimeDelta::days(5),
        components: vec![name(4, "Webhooks")],
    };
    snapshot.maintenance = vec![
        window(
            1,
            "Moving the webhooks to new hardware",
            now() - TimeDelta::minutes(30),
            now() + TimeDelta::minutes(45),
        ),
        window(
            2,
            "Upgrade of the database",
            now() + TimeDelta::days(4),
            now() + TimeDelta::days(4) + TimeDelta::hours(2),
        ),
    ];
    snapshot
}

/// November.
pub fn month(components: usize) -> StatusMonth {
    let snapshot = troubled(components);
    let mut month = StatusMonth {
        page: snapshot.page,
        taken_at: now(),
        month: NaiveDate::from_ymd_opt(2026, 11, 1).unwrap(),
        previous: NaiveDate::from_ymd_opt(2026, 10, 1),
        next: None,
        components: snapshot.components,
        incidents: snapshot.incidents,
        maintenance: snapshot.maintenance.into_iter().take(1).collect(),
    };
    of_month(&mut month.components);
    month
}

/// Leaves the days of the month alone.
fn of_month(components: &mut [PublicComponent]) {
    for component in components {
        component.days.drain(..component.days.len() - 21);
        of_month(&mut component.children);
    }
}
