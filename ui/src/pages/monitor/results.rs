//! The list of results, newest first, with filters; each leads to its whole story.

use super::{Monitor, view::View};
use crate::{
    api::{Reading, read},
    components::{
        icon::Icon,
        loading::loaded,
        moment::moment,
        sight_panel::reason_words,
        state_badge::{badge, of_outcome},
    },
    format::{self, Moment},
};
use edgewatch_client::{
    client::path,
    page::Page,
    protocol::{observation::OutcomeState, phase::Phase},
    result::ResultSummary,
};
use leptos::prelude::*;

/// Begins to read the page of results that is looked at.
pub fn read_results(id: i32, view: Memo<View>) -> Reading {
    read(Memo::new(move |_| {
        Some(path::results(id, &view.with(View::results_query)))
    }))
}

/// The section.
pub fn results(page: Reading, view: Memo<View>, fresh: RwSignal<u32>, monitor: RwSignal<Monitor>) -> AnyView {
    let id = {
        let monitor = monitor.get_untracked();
        monitor.id
    };
    Effect::new(move |before: Option<()>| {
        fresh.track();
        // New results belong on the first page; who reads an older one is not disturbed.
        if before.is_some() && {
            let view = view.get_untracked();
            view.cursor.is_none()
        } {
            page.refetch();
        }
    });
    let skeleton = || html! { <div class="skeleton skeleton-table"></div> };
    let list = loaded(page, skeleton, move |page: Page<ResultSummary>| {
        table(&page, view)
    });
    html! {
        <section class="section card" aria-labelledby="results-title">
            <div class="card-head">
                <h2 id="results-title">"Results"</h2>
                <div class="card-tools">{outcomes(view)} {region_choice(id, view, monitor)}</div>
            </div>
            {list}
        </section>
    }
}

fn outcomes(view: Memo<View>) -> AnyView {
    let links = [None]
        .into_iter()
        .chain(OutcomeState::ALL.map(Some))
        .map(|outcome| {
            let chosen = move || { let view = view.get(); view.outcome == outcome };
            let href = move || { let view = view.get(); view.with(|view| view.outcome = outcome).query() };
            let label = outcome.map_or("All", |outcome| of_outcome(outcome).word);
            html! { <a href=move || href() data-noscroll="" aria-current=move || chosen().then_some("true")>{label}</a> }
        })
        .collect_view();
    html! { <nav class="segments" aria-label="Outcome">{links}</nav> }
}

/// All regions, or one.
fn region_choice(id: i32, view: Memo<View>, monitor: RwSignal<Monitor>) -> AnyView {
    let navigate = leptos_router::hooks::use_navigate();
    let choose = move |event| {
        let region = Some(event_target_value(&event)).filter(|region| !region.is_empty());
        let query = {
            let view = view.get_untracked();
            view.with(|view| view.region = region).query()
        };
        let path = format!("/monitors/{id}{query}");
        let options = leptos_router::NavigateOptions {
            scroll: false,
            ..leptos_router::NavigateOptions::default()
        };
        navigate(&path, options);
    };
    let names = Memo::new(move |_| {
        let monitor = monitor.get();
        monitor
            .region_states
            .iter()
            .map(|state| state.region.as_str().to_owned())
            .collect::<Vec<_>>()
    });
    let options = move || {
        names
            .get()
            .into_iter()
            .map(|name| {
                let own = name.clone();
                let chosen = move || {
                    let view = view.get();
                    view.region.as_deref() == Some(own.as_str())
                };
                html! { <option value=name.clone() selected=chosen>{name.clone()}</option> }
            })
            .collect_view()
    };
    html! {
        <span class="select">
            <select class="input input-small" aria-label="Region" on:change=choose>
                <option value="" selected=move || { let view = view.get(); view.region.is_none() }>"All regions"</option>
                {move || options()}
            </select>
        </span>
    }
}

fn table(page: &Page<ResultSummary>, view: Memo<View>) -> AnyView {
    if page.items.is_empty() {
        return html! { <div class="empty"><h2>"No result"</h2><p>"Nothing was checked with this filter yet."</p></div> };
    }
    // The longest of the page fills the bars. A time-out's waiting is no phase and would dwarf all others.
    let longest = page.items.iter().map(measured_us).max().unwrap_or(1).max(1);
    let rows = page
        .items
        .iter()
        .map(|result| row(result, longest, view))
        .collect_view();
    let older = page.next_cursor.clone().map(|cursor| {
        let href = move || {
            let cursor = cursor.clone();
            let view = view.get();
            view.with(|view| view.cursor = Some(cursor)).query()
        };
        html! { <a class="button" href=move || href()>"Older" {Icon::ChevronRight.view()}</a> }
    });
    let newest = move || {
        let view = view.get();
        view.cursor.is_some().then(|| {
            html! { <a class="button" href=view.with(|_| ()).query()>{Icon::ChevronLeft.view()} "Newest"</a> }
        })
    };
    html! {
        <div class="table-scroll">
            <table class="table results">
                <thead>
                    <tr>
                        <th scope="col">"Time"</th>
                        <th scope="col">"Region"</th>
                        <th scope="col">"Outcome"</th>
                        <th scope="col" class="cell-message">"Detail"</th>
                        <th scope="col" class="cell-end">"Status"</th>
                        <th scope="col" class="cell-phases">"Phases"</th>
                        <th scope="col" class="cell-end">"Total"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        <div class="pager">{move || newest()} {older}</div>
    }
}

fn row(result: &ResultSummary, longest: i64, view: Memo<View>) -> AnyView {
    let id = result.id.clone();
    let href = move || {
        let view = view.get();
        view.with_result(Some(id.clone())).query()
    };
    let message = result
        .message
        .clone()
        .or_else(|| result.reason.map(reason_words))
        .unwrap_or_default();
    html! {
        <tr class=format!("result tone-{}", of_outcome(result.outcome).tone)>
            <td class="cell-time"><a class="result-link" data-noscroll="" href=move || href()>{moment(result.at, Moment::Second)}</a></td>
            <td class="cell-region">{result.region.as_str().to_owned()}</td>
            <td class="cell-outcome">{badge(of_outcome(result.outcome))}</td>
            <td class="cell-message" title=message.clone()>{message.clone()}</td>
            <td class="cell-end cell-status num">{result.http_status.map_or_else(|| "–".to_owned(), |status| status.to_string())}</td>
            <td class="cell-phases">{phase_bar(result, longest)}</td>
            <td class="cell-end cell-total num">{format::micros(result.total_us.into())}</td>
        </tr>
    }
}

/// The sum of the phases that were measured.
fn measured_us(result: &ResultSummary) -> i64 {
    let phases = Phase::ALL
        .into_iter()
        .filter_map(|phase| result.phases.get(phase).measured_us());
    phases.map(i64::from).sum()
}

/// The phases of a result side by side.
fn phase_bar(result: &ResultSummary, longest: i64) -> AnyView {
    let percent = |us: i64| format!("{}%", format::tenths(us as f64 / longest as f64 * 100.0));
    let mut begin = 0;
    let bars = Phase::ALL
        .into_iter()
        .filter_map(|phase| {
            let us = i64::from(result.phases.get(phase).measured_us()?);
            let from = begin;
            begin += us;
            Some(html! {
                <rect class=format!("phase-{}", phase.as_str()) x=percent(from) width=percent(us) height="8" />
            })
        })
        .collect_view();
    html! { <svg class="phase-bar" width="100%" height="8" aria-hidden="true">{bars}</svg> }
}
