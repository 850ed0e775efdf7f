//! The frame of the signed-in pages: navigation, the live indicator, the theme, the user.

use crate::{
    api::{fixed, read, use_client},
    clock::{use_clock, zone_offset_minutes},
    components::{
        icon::{Icon, logo},
        loading::{loaded, skeleton_rows},
    },
    format,
    live::{Connection, Live},
    session::Session,
};
use edgewatch_client::{client::path, session::SessionResponse};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::components::{A, Outlet};

/// Lets signed-in users through, and frames what they see.
#[component]
pub fn Shell() -> impl IntoView {
    let session = read(fixed(path::SESSION));
    loaded(session, skeleton_rows, |session: SessionResponse| {
        frame(session.into())
    })
}

fn frame(session: Session) -> AnyView {
    provide_context(session.clone());
    let live = Live::provide();
    keep_session_alive();
    let announcement = RwSignal::new(String::new());
    provide_context(Announcer(announcement));
    html! {
        <a class="skip-link" href="#main">"Skip to content"</a>
        <header class="top">
            <div class="top-inner">
                <A href="/" attr:class="brand">
                    {logo()}
                    <span>"Edgewatch"</span>
                </A>
                <nav class="nav" aria-label="Main">
                    <A href="/" exact=true>{Icon::Pulse.view()} <span>"Monitors"</span></A>
                    // How many are open is told by `script/open_incidents.js`.
                    <A href="/incidents">{Icon::Warning.view()} <span>"Incidents"</span> <span class="count" id="open-incidents" hidden></span></A>
                    <A href="/maintenance">{Icon::Wrench.view()} <span>"Maintenance"</span></A>
                    <A href="/slos">{Icon::Target.view()} <span>"Objectives"</span></A>
                    <A href="/slas">{Icon::Shield.view()} <span>"Agreements"</span></A>
                    <A href="/status-pages">{Icon::Screen.view()} <span>"Status" <span class="nav-wide">" pages"</span></span></A>
                    <A href="/regions">{Icon::Globe.view()} <span>"Regions"</span></A>
                </nav>
                <div class="top-end">
                    {indicator(live)}
                    {theme_switch()}
                    {user_menu(&session)}
                </div>
            </div>
        </header>
        <main id="main" class="page" tabindex="-1">
            <Outlet />
        </main>
        {footer()}
        <div class="sr-only" role="status" aria-live="polite">{move || announcement.get()}</div>
    }
}

/// How often the session is renewed while somebody looks: sooner than its access token ends, so that a page that is
/// opened next is rendered for it at once.
const RENEWAL: std::time::Duration = std::time::Duration::from_mins(10);

fn keep_session_alive() {
    let client = use_client();
    Effect::new(move || {
        let client = client.clone();
        let renew = move || {
            let client = client.clone();
            if !document().hidden() {
                spawn_local(async move {
                    // Where it fails, the next request tells.
                    let _ = client.refresh_session().await;
                });
            }
        };
        if let Ok(handle) = set_interval_with_handle(renew, RENEWAL) {
            on_cleanup(move || handle.clear());
        }
    });
}

/// Says changes aloud to screen readers.
#[derive(Clone, Copy)]
pub struct Announcer(RwSignal<String>);

impl Announcer {
    /// Says a text, politely.
    pub fn say(self, text: String) {
        let _ = self.0.try_set(text);
    }
}

/// The page's announcer.
pub fn use_announcer() -> Announcer {
    expect_context::<Announcer>()
}

/// Whether changes arrive as they happen.
fn indicator(live: Live) -> impl IntoView {
    let look = move || match live.connection() {
        Connection::Opening => ("opening", "Connecting"),
        Connection::Live => ("live", "Live"),
        Connection::Reconnecting => ("lost", "Reconnecting"),
    };
    html! {
        <span class=move || format!("live live-{}", look().0) role="status" title="Whether changes arrive as they happen">
            <span class="live-dot" aria-hidden="true"></span>
            <span class="live-word">{move || look().1}</span>
        </span>
    }
}

/// Light, dark or as the system has it. `theme.js` does the work, so that it holds before the first paint.
fn theme_switch() -> impl IntoView {
    html! {
        <button class="icon-button" r#type="button" data-theme-switch="" title="Theme: system, light or dark" aria-label="Switch theme">
            <span class="theme-system">{Icon::Screen.view()}</span>
            <span class="theme-light">{Icon::Sun.view()}</span>
            <span class="theme-dark">{Icon::Moon.view()}</span>
        </button>
    }
}

fn user_menu(session: &Session) -> impl IntoView + use<> {
    let client = use_client();
    let sign_out = move |_| {
        let client = client.clone();
        spawn_local(async move {
            // Whatever the answer: the sign-in page tells who is still signed in.
            let _ = client.sign_out().await;
            let _ = window().location().assign("/sign-in");
        });
    };
    html! {
        <details class="menu">
            <summary class="icon-button" aria-label="Account">{Icon::Person.view()}</summary>
            <div class="menu-panel">
                <div class="menu-who">
                    <strong>{session.email.clone()}</strong>
                    <span>{session.role_name()}</span>
                </div>
                <button class="menu-item" r#type="button" on:click=sign_out>
                    {Icon::Exit.view()}
                    "Sign out"
                </button>
            </div>
        </details>
    }
}

fn footer() -> impl IntoView {
    let clock = use_clock();
    let zone = move || {
        let offset = chrono::DateTime::from_timestamp_millis(clock.now_ms()).map_or(0, zone_offset_minutes);
        if clock.is_local() {
            format::zone(offset)
        } else {
            "UTC".to_owned()
        }
    };
    html! {
        <footer class="footer">
            <span>"Times in " {move || zone()}</span>
            <span>"Edgewatch " {env!("CARGO_PKG_VERSION")} " · " <a href="/api/v1/openapi.json" rel="external">"API"</a></span>
        </footer>
    }
}
