//! Feeds, read back by other crates than those that have written them.

use super::{PageAddress, atom::atom, calendar::calendar, rss::rss};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::{
    public_status::{
        ComponentName, ComponentState, IncidentImpact, IncidentStage, PublicIncident, PublicMaintenance,
        PublicPage, PublicUpdate, StatusSnapshot,
    },
    status_page::{PageAccess, PageLanguage, PageShows, PageTheme},
};
use edgewatch_ui::public::Texts;
use ical::parser::ical::component::IcalEvent;
use url::Url;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_269_600 + minute * 60, 0).unwrap()
}

fn component(id: i32, name: &str) -> ComponentName {
    ComponentName {
        id,
        name: name.to_owned(),
    }
}

fn snapshot() -> StatusSnapshot {
    let page = PublicPage {
        id: 1,
        slug: "acme".to_owned(),
        title: "Acme & Söhne".to_owned(),
        description: String::new(),
        host: None,
        home_url: None,
        logo: None,
        accent: None,
        theme: PageTheme::Auto,
        language: None,
        zone: "UTC".to_owned(),
        access: PageAccess::Public,
        uptime_days: 90,
        shows: PageShows::default(),
        has_slas: false,
        updated_at: at(-5000),
    };
    let update = |id, minute, stage, text: &str| PublicUpdate {
        id,
        at: at(minute),
        stage,
        text: text.to_owned(),
    };
    let incident = |id, title: Option<&str>, minute, resolved: Option<i64>| PublicIncident {
        id,
        title: title.map(str::to_owned),
        impact: IncidentImpact::Major,
        stage: if resolved.is_some() {
            IncidentStage::Resolved
        } else {
            IncidentStage::Identified
        },
        started_at: at(minute),
        resolved_at: resolved.map(at),
        updated_at: at(resolved.unwrap_or(minute + 10)),
        updates: Vec::new(),
        components: vec![component(2, "Payments; cards, \"wallets\"")],
    };
    let mut open = incident(7, None, 0, None);
    open.updates = vec![
        update(
            2,
            10,
            IncidentStage::Identified,
            "A <script>alert(1)</script> & a cause.\nSecond line.",
        ),
        update(1, 5, IncidentStage::Investigating, "We look into it."),
    ];
    StatusSnapshot {
        page,
        taken_at: at(20),
        state: ComponentState::PartialOutage,
        uptime: None,
        components: Vec::new(),
        incidents: vec![open, incident(3, Some("Slow mail"), -3000, Some(-2900))],
        maintenance: [0, 7]
            .map(|week| PublicMaintenance {
                id: 4,
                title: "Database, \"new\"; disks".to_owned(),
                note: format!(
                    "Reads work.\nWrites do not, and this line is a long one of more than 75 octets: {}",
                    "äöü".repeat(20)
                ),
                from: at(600) + TimeDelta::days(week),
                to: at(660) + TimeDelta::days(week),
                created_at: at(-100),
                updated_at: at(-90),
                components: vec![component(5, "API")],
            })
            .into(),
        slas: Vec::new(),
        log_key: None,
    }
}

fn address() -> PageAddress {
    PageAddress::new(&Url::parse("https://watch.example.org/status/acme").unwrap())
}

#[test]
fn addresses_are_those_of_the_page() {
    assert_eq!(address().page(), "https://watch.example.org/status/acme");
    assert_eq!(
        address().incident(7),
        "https://watch.example.org/status/acme/incidents/7"
    );
    let own = PageAddress::new(&Url::parse("https://status.acme.example").unwrap());
    assert_eq!(own.page(), "https://status.acme.example/");
    assert_eq!(own.at("feed.rss"), "https://status.acme.example/feed.rss");
}

#[test]
fn rss_and_atom_tell_the_same() {
    let (snapshot, texts) = (snapshot(), Texts(PageLanguage::En));
    for (text, is_rss) in [
        (rss(&snapshot, &address(), texts), true),
        (atom(&snapshot, &address(), texts), false),
    ] {
        let feed = feed_rs::parser::parse(text.as_bytes()).unwrap();
        assert_eq!(feed.title.unwrap().content, "Acme & Söhne");
        assert_eq!(feed.language.as_deref(), Some("en"));
        let links: Vec<_> = feed.links.iter().map(|link| link.href.as_str()).collect();
        let own = if is_rss { "feed.rss" } else { "feed.atom" };
        assert!(
            links.contains(&"https://watch.example.org/status/acme"),
            "{links:?}"
        );
        assert!(
            links.contains(&format!("https://watch.example.org/status/acme/{own}").as_str()),
            "{links:?}"
        );
        assert_eq!(feed.updated, Some(at(10)));
        let titles: Vec<_> = feed
            .entries
            .iter()
            .map(|entry| entry.title.as_ref().unwrap().content.as_str())
            .collect();
        assert_eq!(
            titles,
            [
                "Outage of Payments; cards, \"wallets\"",
                "Maintenance: Database, \"new\"; disks",
                "Maintenance: Database, \"new\"; disks",
                "Slow mail"
            ]
        );
        let mut ids: Vec<_> = feed.entries.iter().map(|entry| entry.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 4, "each has an id of its own");
        let first = &feed.entries[0];
        assert_eq!(first.published, Some(at(0)));
        assert_eq!(
            first.links[0].href,
            "https://watch.example.org/status/acme/incidents/7"
        );
        let html = match (&first.summary, &first.content) {
            (Some(summary), _) if is_rss => summary.content.clone(),
            (_, Some(content)) => content.body.clone().unwrap(),
            _ => panic!("{first:?}"),
        };
        assert!(
            html.contains("A &lt;script&gt;alert(1)&lt;/script&gt; &amp; a cause.<br>Second line."),
            "{html}"
        );
        assert!(html.find("Identified").unwrap() < html.find("Investigating").unwrap());
        assert!(html.contains("Affects Payments; cards"));
        assert_eq!(first.categories[0].term, "Payments; cards, \"wallets\"");
    }
}

#[test]
fn a_feed_of_nothing_is_a_feed() {
    let mut snapshot = snapshot();
    snapshot.incidents.clear();
    snapshot.maintenance.clear();
    let texts = Texts(PageLanguage::Ja);
    for text in [
        rss(&snapshot, &address(), texts),
        atom(&snapshot, &address(), texts),
    ] {
        let feed = feed_rs::parser::parse(text.as_bytes()).unwrap();
        assert_eq!(feed.language.as_deref(), Some("ja"));
        assert!(feed.entries.is_empty() && feed.updated.is_some());
    }
    let text = calendar(&snapshot, &address(), texts);
    let parsed = ical::IcalParser::new(text.as_bytes()).next().unwrap().unwrap();
    assert!(parsed.events.is_empty());
}

#[test]
fn calendars_read_the_maintenance() {
    let text = calendar(&snapshot(), &address(), Texts(PageLanguage::De));
    for line in text.split("\r\n") {
        assert!(line.len() <= 75 && !line.contains('\n'), "{line:?}");
    }
    let parsed = ical::IcalParser::new(text.as_bytes()).next().unwrap().unwrap();
    let of_calendar = |name: &str| {
        parsed
            .properties
            .iter()
            .find(|property| property.name == name)
            .unwrap()
            .value
            .clone()
            .unwrap()
    };
    assert_eq!(of_calendar("VERSION"), "2.0");
    assert_eq!(of_calendar("METHOD"), "PUBLISH");
    assert_eq!(of_calendar("NAME"), "Acme & Söhne");
    assert_eq!(parsed.events.len(), 2);
    let of = |event: &IcalEvent, name: &str| {
        let found: Vec<_> = event
            .properties
            .iter()
            .filter(|property| property.name == name)
            .collect();
        assert_eq!(found.len(), 1, "{name}");
        found[0].value.clone().unwrap()
    };
    let first = &parsed.events[0];
    assert_eq!(
        of(first, "UID"),
        format!("maintenance-4-{}@watch.example.org", at(600).timestamp())
    );
    assert_ne!(of(first, "UID"), of(&parsed.events[1], "UID"));
    assert_eq!(of(first, "DTSTART"), at(600).format("%Y%m%dT%H%M%SZ").to_string());
    assert_eq!(of(first, "DTEND"), at(660).format("%Y%m%dT%H%M%SZ").to_string());
    assert_eq!(of(first, "DTSTAMP"), at(-90).format("%Y%m%dT%H%M%SZ").to_string());
    assert_eq!(of(first, "SUMMARY"), r#"Wartung: Database\, "new"\; disks"#);
    assert!(of(first, "DESCRIPTION").starts_with(r"Reads work.\nWrites do not\, and"));
    assert_eq!(of(first, "STATUS"), "CONFIRMED");
    assert_eq!(of(first, "URL"), "https://watch.example.org/status/acme");
}
