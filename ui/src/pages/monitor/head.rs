//! The monitor's head: name, state, what can be done; and what each region says.

use super::{Monitor, is_called, is_checked, view::View};
use crate::{
    api::use_client,
    components::{
        icon::Icon,
        loading::alert,
        moment::{ago, lasting},
        state_badge::{mark, of_monitor, of_verdict},
    },
    format,
    pages::edit_monitor::check_fields::check_type,
    session::use_session,
};
use edgewatch_client::{
    monitor::{MonitorState, RegionState, Verdict},
    protocol::problem::Problem,
};
use leptos::{prelude::*, task::spawn_local};

/// Name, target, actions and the banner of its state.
pub fn head(monitor: RwSignal<Monitor>) -> AnyView {
    let known = {
        let monitor = monitor.get_untracked();
        check_type(monitor.settings.check.type_name())
    };
    let target = move || {
        let monitor = monitor.get();
        let target = monitor.target.clone();
        // What a browser can open is a link.
        if target.starts_with("http://") || target.starts_with("https://") {
            html! {
                <a class="monitor-target" href=target.clone() rel="external noreferrer" target="_blank">
                    {target.clone()} {Icon::External.view()}
                </a>
            }
        } else {
            html! { <span class="monitor-target">{target}</span> }
        }
    };
    let label = move || {
        let monitor = monitor.get();
        let check = &monitor.settings.check;
        match (known, check.0["method"].as_str()) {
            (Some(known), Some(method)) if method != "GET" => format!("{} {method}", known.label),
            (Some(known), _) => known.label.to_owned(),
            (None, _) => check.type_name().to_owned(),
        }
    };
    let tags = move || {
        let monitor = monitor.get();
        monitor
            .settings
            .tags
            .iter()
            .map(|tag| html! { <span class="tag">{tag.clone()}</span> })
            .collect_view()
    };
    let rhythm = move || {
        let monitor = monitor.get();
        let settings = &monitor.settings;
        // When a job is expected is its target.
        if is_called(&monitor) {
            return String::new();
        }
        format!(
            "every {} · quorum {}",
            format::span(i64::from(settings.interval_s) * 1_000),
            settings.quorum
        )
    };
    html! {
        <div class="page-head monitor-head">
            <div class="monitor-title">
                <a class="back" href="/">{Icon::ChevronLeft.view()} "Monitors"</a>
                <h1>{move || { let monitor = monitor.get(); monitor.settings.name.clone() }}</h1>
                <p class="monitor-sub">
                    <span class="method">{known.map(|known| known.icon.view())} {move || label()}</span>
                    {move || target()}
                    <span class="muted">{move || rhythm()}</span>
                    {move || tags()}
                </p>
            </div>
            {actions(monitor)}
        </div>
        {banner(monitor)}
    }
}

fn actions(monitor: RwSignal<Monitor>) -> AnyView {
    if !use_session().can_edit() {
        return ().into_any();
    }
    let client = use_client();
    let (id, from_config) = {
        let monitor = monitor.get_untracked();
        (monitor.id, monitor.from_config)
    };
    if from_config {
        return html! { <p class="from-config">{Icon::Shield.view()} "Set in the configuration file"</p> };
    }
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let toggle = move |_| {
        let client = client.clone();
        let mut settings = {
            let monitor = monitor.get_untracked();
            monitor.settings.clone()
        };
        settings.paused = !settings.paused;
        busy.set(true);
        spawn_local(async move {
            match client.update_monitor(id, &settings).await {
                Ok(changed) => monitor.set(changed),
                Err(refusal) => problem.set(Some(refusal)),
            }
            busy.set(false);
        });
    };
    let paused = move || {
        let monitor = monitor.get();
        monitor.settings.paused
    };
    html! {
        <div class="actions">
            <button class="button" r#type="button" disabled=busy on:click=toggle>
                {move || if paused() { Icon::Play.view() } else { Icon::Pause.view() }}
                {move || if paused() { "Resume" } else { "Pause" }}
            </button>
            <a class="button" href=format!("/monitors/{id}/edit")>{Icon::Pencil.view()} "Edit"</a>
        </div>
        {move || problem.with(|problem| problem.as_ref().map(alert))}
    }
}

/// The state in a sentence: what, since when, and where.
fn banner(monitor: RwSignal<Monitor>) -> AnyView {
    let content = move || {
        let monitor = monitor.get();
        let look = of_monitor(monitor.state);
        let headline = match monitor.state {
            MonitorState::Up if monitor.advisory => "Up, with a regional advisory",
            MonitorState::Unknown => "Not known yet",
            _ => look.word,
        };
        let tone = if monitor.advisory && monitor.state == MonitorState::Up {
            "degraded"
        } else {
            look.tone
        };
        html! {
            <div class=format!("banner tone-{tone}")>
                <span class="banner-icon">{look.icon.view()}</span>
                <div class="banner-text">
                    <p class="banner-state">{headline} <span class="banner-for">" for " {lasting(monitor.state_since)}</span></p>
                    <p class="banner-why">{why(&monitor)}</p>
                    {monitor.flapping_since.map(|since| html! {
                        <p class="banner-why">"Flapping for " {lasting(since)} ": it changes its state too often to be told of each time."</p>
                    })}
                </div>
            </div>
        }
    };
    html! { <div class="banner-place">{move || content()}</div> }
}

fn why(monitor: &Monitor) -> String {
    if is_called(monitor) && is_checked(monitor.state) {
        let mut states = monitor.region_states.iter();
        let said = states.find_map(|state| state.last_message.clone());
        return said.unwrap_or_else(|| match monitor.state {
            MonitorState::Up => "The job called in time.".to_owned(),
            _ => "The job has not called yet.".to_owned(),
        });
    }
    let voting: Vec<_> = monitor
        .region_states
        .iter()
        .filter(|state| state.verdict != Verdict::Unknown)
        .collect();
    let named = |verdict| {
        let names: Vec<_> = voting
            .iter()
            .filter(|state| state.verdict == verdict)
            .map(|state| state.region.as_str())
            .collect();
        (names.len(), names.join(", "))
    };
    let (down, down_names) = named(Verdict::Down);
    let (degraded, degraded_names) = named(Verdict::Degraded);
    let of = format!("of {}", format::counted(voting.len(), "region"));
    match monitor.state {
        MonitorState::Paused => "It is not being checked.".to_owned(),
        MonitorState::Maintenance => "Within a maintenance window: what fails is no outage.".to_owned(),
        MonitorState::Unknown => {
            "No region has a verdict. The first results come within an interval.".to_owned()
        }
        _ if down > 0 => format!("{down} {of} cannot reach it: {down_names}."),
        _ if degraded > 0 => format!("{degraded} {of} see it past a warning threshold: {degraded_names}."),
        _ if voting.len() == 1 => "The one region that votes says so.".to_owned(),
        _ => format!("All {} agree.", format::counted(voting.len(), "region")),
    }
}

/// A card for each region, unless jobs call the aggregator itself; it narrows the page to that region.
pub fn regions(monitor: RwSignal<Monitor>, view: Memo<View>) -> AnyView {
    let called = {
        let monitor = monitor.get_untracked();
        is_called(&monitor)
    };
    if called {
        return ().into_any();
    }
    let cards = move || {
        let monitor = monitor.get();
        let checked = is_checked(monitor.state);
        monitor
            .region_states
            .iter()
            .map(|state| card(state, view, checked))
            .collect_view()
    };
    let none = move || {
        let monitor = monitor.get();
        monitor.region_states.is_empty()
    };
    html! {
        <section class="section" aria-label="Regions">
            <div class="region-cards">{move || cards()}</div>
            {move || {
                none()
                    .then(|| {
                        html! {
                            <p class="note">
                                "No region checks this monitor yet. " <a href="/regions">"Enrol a probe"</a> " to begin."
                            </p>
                        }
                    })
            }}
        </section>
    }
}

fn card(state: &RegionState, view: Memo<View>, checked: bool) -> AnyView {
    let look = of_verdict(state.verdict);
    let name = state.region.as_str().to_owned();
    let own = name.clone();
    let chosen = Signal::derive(move || {
        let view = view.get();
        view.region.as_deref() == Some(own.as_str())
    });
    let target = name.clone();
    let href = move || {
        let region = (!chosen.get()).then(|| target.clone());
        let view = view.get();
        view.with(|view| view.region = region).query()
    };
    let detail = match (&state.last_message, checked) {
        (_, false) => "paused".to_owned(),
        (Some(message), _) => message.clone(),
        (None, _) if state.last_outcome.is_none() => "no result yet".to_owned(),
        (None, _) => look.word.to_owned(),
    };
    html! {
        <a class=format!("region-card tone-{}", look.tone) href=move || href() data-noscroll="" aria-current=move || chosen.get().then_some("true")>
            <span class="region-card-head">{mark(look)} <strong>{name}</strong></span>
            <span class="region-card-figure num">
                {state.last_total_us.map_or_else(|| "–".to_owned(), |us| format::micros(us.into()))}
            </span>
            <span class="region-card-detail" title=detail.clone()>{detail.clone()}</span>
            <span class="region-card-when">{state.last_checked_at.map(ago)}</span>
        </a>
    }
}
