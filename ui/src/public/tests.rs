//! Public pages as they are rendered.

use super::{
    sample::{component, month, now, page, share, snapshot, troubled},
    *,
};
use crate::assets::Assets;
use chrono::TimeDelta;
use edgewatch_client::{
    public_status::{ComponentState, StatusSnapshot},
    status_page::{PageAccess, PageLanguage, PageTheme},
};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

fn with_frame<T>(language: PageLanguage, render: impl FnOnce(&Frame<'_>) -> T) -> T {
    render(&Frame {
        assets: &Assets::default(),
        language,
        is_chosen: false,
        base: "/status/acme",
        origin: "https://watch.example",
        seen: Seen::At(now()),
    })
}

fn render(snapshot: &StatusSnapshot) -> String {
    with_frame(PageLanguage::En, |frame| status_page(frame, snapshot)).html
}

/// The pages for the eye: `EDGEWATCH_PAGES=directory` has them written there.
#[test]
fn every_page_is_written_in_every_language() {
    let assets = Assets::embedded();
    for language in PageLanguage::ALL {
        let frame = Frame {
            assets: &assets,
            language,
            is_chosen: false,
            base: "/status/acme",
            origin: "",
            seen: Seen::At(now()),
        };
        let troubled_8 = troubled(8);
        let yellow = StatusSnapshot {
            page: edgewatch_client::public_status::PublicPage {
                accent: Some("#ffd400".to_owned()),
                ..page()
            },
            ..snapshot(1)
        };
        let pages = [
            ("one", status_page(&frame, &yellow)),
            ("eight", status_page(&frame, &snapshot(8))),
            ("eight-troubled", status_page(&frame, &troubled_8)),
            ("sixty", status_page(&frame, &troubled(60))),
            ("none", status_page(&frame, &snapshot(0))),
            (
                "old",
                status_page(
                    &Frame {
                        seen: Seen::At(now() + TimeDelta::minutes(17)),
                        ..frame
                    },
                    &snapshot(3),
                ),
            ),
            ("history", history_page(&frame, &month(8))),
            (
                "incident",
                incident_page(&frame, &troubled_8.page, &troubled_8.incidents[0], now()),
            ),
            (
                "password",
                password_page(&frame, "/status/acme/password", Some(Refusal::Wrong)),
            ),
            (
                "password-too-often",
                password_page(&frame, "/", Some(Refusal::TooOften)),
            ),
            ("sign-in", sign_in_page(&frame, "/sign-in")),
            ("not-found", not_found_page(&frame)),
            ("no-incident", incident_not_found_page(&frame, &page())),
            ("embed", embed_page(&frame, &troubled_8)),
        ];
        for (name, document) in pages {
            let html = document.html;
            assert!(html.starts_with("<!DOCTYPE html>"), "{name}");
            assert!(
                html.contains(&format!("<html lang=\"{}\"", language.as_str())),
                "{name}"
            );
            assert!(
                !html.contains(" style="),
                "{name}: the policy forbids styles of elements"
            );
            if let Some(directory) = std::env::var_os("EDGEWATCH_PAGES") {
                let path =
                    std::path::Path::new(&directory).join(format!("{name}-{}.html", language.as_str()));
                std::fs::write(path, html).unwrap();
            }
        }
    }
}

#[test]
fn states_are_told_in_words_and_shapes() {
    let html = render(&troubled(8));
    assert!(html.contains("<h1>Partial outage</h1>"));
    assert!(html.contains("3 of 8 components affected"));
    for word in ["Partial outage", "Degraded", "Maintenance", "Operational"] {
        assert!(html.contains(&format!("<span>{word}</span>")), "{word}");
    }
    assert!(html.contains("<title>Acme Cloud: Partial outage</title>"));
}

#[test]
fn each_day_tells_its_uptime_and_what_happened() {
    let mut snapshot = snapshot(1);
    let mut troubled = troubled(1);
    let days = &mut snapshot.components[0].days;
    let day = days.last_mut().unwrap();
    (day.worst, day.uptime) = (Some(ComponentState::MajorOutage), Some(share("83.193")));
    (day.down_ms, day.degraded_ms, day.maintenance_ms) = (14_520_000, 0, 0);
    day.incidents = vec![7, 999];
    let before = days.len() - 2;
    days[before].worst = None;
    days[before].uptime = None;
    snapshot.incidents.append(&mut troubled.incidents);
    let html = render(&snapshot);
    assert!(
        html.contains(
            "class=\"down\" aria-label=\"21 November 2026\n83.193%\nDown for 4 h 2 min\nOutage of Sign-in\" checked"
        ),
        "{html}"
    );
    assert!(html.contains("class=\"none\" aria-label=\"20 November 2026\nNot watched yet"));
    assert_eq!(html.matches("<input type=\"radio\"").count(), 90);
}

#[test]
fn what_the_owner_does_not_show_is_not_there() {
    let mut snapshot = troubled(8);
    assert!(render(&snapshot).contains("99.871%"));
    snapshot.page.shows.uptime = false;
    snapshot.uptime = None;
    let hide = |component: &mut edgewatch_client::public_status::PublicComponent| {
        component.uptime = None;
        for day in &mut component.days {
            day.uptime = None;
        }
    };
    for component in &mut snapshot.components {
        hide(component);
        component.children.iter_mut().for_each(hide);
    }
    let html = render(&snapshot);
    assert!(!html.contains('%') && !html.contains("No data"), "{html}");
    assert!(html.contains("21 November 2026\nOperational"));
}

#[test]
fn texts_of_the_owner_are_escaped() {
    let mut snapshot = troubled(8);
    let evil = "</script><img src=x onerror=alert(1)>\"'";
    snapshot.page.title = evil.to_owned();
    snapshot.page.description = evil.to_owned();
    snapshot.components[0].name = evil.to_owned();
    snapshot.components[0].description = evil.to_owned();
    snapshot.incidents[0].title = Some(evil.to_owned());
    snapshot.incidents[0].updates[0].text = evil.to_owned();
    snapshot.incidents[1].components[0].name = evil.to_owned();
    snapshot.maintenance[0].title = evil.to_owned();
    snapshot.page.home_url = Some("https://x.example/\"><img src=x>".to_owned());
    for day in &mut snapshot.components[1].days {
        day.incidents = vec![9];
    }
    let document = with_frame(PageLanguage::En, |frame| status_page(frame, &snapshot));
    assert!(!document.html.contains("<img src=x"), "{}", document.html);
    let badge = state_badge(ComponentState::Operational, Some(evil), PageLanguage::En);
    assert!(!badge.contains("<img"), "{badge}");
}

#[test]
fn an_old_snapshot_says_its_age() {
    let snapshot = snapshot(1);
    assert!(!render(&snapshot).contains("cannot be brought up to date"));
    let html = with_frame(PageLanguage::En, |frame| {
        let late = Frame {
            seen: Seen::At(now() + TimeDelta::minutes(17)),
            ..*frame
        };
        status_page(&late, &snapshot).html
    });
    assert!(html.contains("cannot be brought up to date"), "{html}");
    assert!(html.contains("17 min ago"));
}

#[test]
fn the_policy_lets_only_the_page_own_style_in() {
    let mut snapshot = snapshot(1);
    let plain = with_frame(PageLanguage::En, |frame| status_page(frame, &snapshot));
    assert!(plain.policy.contains("style-src 'self';") && plain.policy.contains("frame-ancestors 'none'"));
    snapshot.page.accent = Some("#ffd400".to_owned());
    snapshot.page.theme = PageTheme::Dark;
    let own = with_frame(PageLanguage::En, |frame| status_page(frame, &snapshot));
    assert!(own.policy.contains("style-src 'self' 'sha256-"));
    assert!(
        own.html
            .contains("<style>:root{--brand:#ffd400;--on-brand:#000000;--accent:light-dark("),
        "{}",
        own.html
    );
    assert!(own.html.contains("data-theme=\"dark\""));
    let framed = with_frame(PageLanguage::En, |frame| embed_page(frame, &snapshot));
    assert!(framed.policy.contains("frame-ancestors *"));
}

#[test]
fn private_pages_are_not_for_search_engines_and_doors_tell_nothing() {
    let mut snapshot = snapshot(1);
    let public = render(&snapshot);
    assert!(!public.contains("noindex"));
    assert!(public.contains("<link rel=\"canonical\" href=\"https://watch.example/status/acme\""));
    snapshot.page.access = PageAccess::Password;
    let private = render(&snapshot);
    assert!(private.contains("noindex") && !private.contains("canonical"));
    let door = with_frame(PageLanguage::En, |frame| password_page(frame, "/x", None)).html;
    assert!(!door.contains("Acme") && door.contains("noindex"), "{door}");
}

#[test]
fn links_keep_the_chosen_language_and_the_own_host() {
    let snapshot = troubled(8);
    let assets = Assets::default();
    let frame = Frame {
        assets: &assets,
        language: PageLanguage::De,
        is_chosen: true,
        base: "",
        origin: "https://status.acme.example",
        seen: Seen::At(now()),
    };
    let html = status_page(&frame, &snapshot).html;
    assert!(html.contains("href=\"/incidents/9?lang=de\""), "{html}");
    assert!(html.contains("href=\"/?lang=ja\""));
    let history = history_page(&frame, &month(1)).html;
    assert!(
        history.contains("href=\"/history?month=2026-10&amp;lang=de\""),
        "{history}"
    );
}

#[test]
fn many_groups_are_folded_unless_something_is_wrong() {
    let count = |html: &str| {
        (
            html.matches("<details").count(),
            html.matches(" open class=\"group\"").count(),
        )
    };
    assert_eq!(count(&render(&snapshot(8))), (1, 1));
    assert_eq!(count(&render(&snapshot(60))), (12, 0));
    assert_eq!(count(&render(&troubled(60))), (12, 0));
    let mut down = snapshot(60);
    down.components[5].state = ComponentState::Degraded;
    assert_eq!(count(&render(&down)), (12, 1));
}

/// `ui/build.mjs` leaves 20 of the 60 kB to the HTML.
#[tokio::test]
async fn the_page_of_twenty_components_is_small_on_the_wire() {
    let html = render(&troubled(20));
    let router = axum::Router::new()
        .fallback(move || async { axum::response::Html(html) })
        .layer(tower_http::compression::CompressionLayer::new());
    let request = axum::http::Request::get("/").header("accept-encoding", "br");
    let response = router
        .oneshot(request.body(axum::body::Body::empty()).unwrap())
        .await
        .unwrap();
    assert_eq!(response.headers()["content-encoding"], "br");
    let bytes = response.into_body().collect().await.unwrap().to_bytes().len();
    assert!(bytes < 20_000, "{bytes}");
}

#[test]
fn badges_are_as_wide_as_their_texts() {
    let badge = state_badge(ComponentState::Operational, None, PageLanguage::En);
    assert!(
        badge.contains("aria-label=\"status: operational\"")
            && badge.contains("<title>status: operational</title>")
    );
    // `status` is 33.7 pixels wide: 6 on each side make 46.
    assert!(
        badge.contains("<rect width=\"46\" height=\"20\" fill=\"#2b3547\"/>"),
        "{badge}"
    );
    let uptime = uptime_badge(Some(&share("99.982")), 90, PageLanguage::De);
    assert!(uptime.contains("Verfügbarkeit 90 T: 99,982\u{a0}%"), "{uptime}");
    assert!(uptime_badge(None, 30, PageLanguage::En).contains("No data"));
    let japanese = state_badge(ComponentState::MajorOutage, None, PageLanguage::Ja);
    assert!(japanese.contains("textLength=\"220\">障害<"), "{japanese}");
    assert!(latency_badge(None, PageLanguage::En).contains("No data"));
    let latency = component(1, "x", ComponentState::Operational).latency;
    assert!(latency.is_none());
}
