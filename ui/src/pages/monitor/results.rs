//! The list of results, newest first, with filters; each leads to its whole story.

use super::view::View;
use crate::{
    api::use_client,
    components::{
        icon::Icon,
        loading::failure,
        moment::moment,
        sight_panel::reason_words,
        state_badge::{badge, of_outcome},
    },
    format::{self, Moment},
};
use edgewatch_client::{
    monitor::Monitor,
    page::Page,
    protocol::{observation::OutcomeState, phase::Phase},
    result::ResultSummary,
};
use leptos::prelude::*;

/// The section.
pub fn results(id: i32, view: Memo<View>, fresh: RwSignal<u32>, monitor: RwSignal<Monitor>) -> AnyView {
    let client = use_client();
    let asked = Memo::new(move |_| view.with(View::results_query));
    let page = Resource::new_blocking(
        move || asked.get(),
        move |query| {
            let client = client.clone();
            async move { client.list_results(id, &query).await }
        },
    );
    Effect::new(move |before: Option<()>| {
        fresh.track();
        // New results belong on the first page; who reads an older one is not disturbed.
        if before.is_some() && asked.with_untracked(|query| query.cursor.is_none()) {
            page.refetch();
        }
    });
    let list = move || {
        Suspend::new(async move {
            match page.await {
                Ok(page) => table(page, view),
                Err(problem) => failure(&problem, Callback::new(move |()| page.refetch())),
            }
        })
    };
    view! {
        <section class="section card" aria-labelledby="results-title">
            <div class="card-head">
                <h2 id="results-title">"Results"</h2>
                <div class="card-tools">{outcomes(view)} {region_choice(id, view, monitor)}</div>
            </div>
            <Transition fallback=|| view! { <div class="skeleton skeleton-table"></div> }>{list}</Transition>
        </section>
    }
    .into_any()
}

fn outcomes(view: Memo<View>) -> AnyView {
    let links = [None]
        .into_iter()
        .chain(OutcomeState::ALL.map(Some))
        .map(|outcome| {
            let chosen = move || view.with(|view| view.outcome == outcome);
            let href = move || view.with(|view| view.with(|view| view.outcome = outcome).query());
            let label = outcome.map_or("All", |outcome| of_outcome(outcome).word);
            view! { <a href=href data-noscroll="" aria-current=move || chosen().then_some("true")>{label}</a> }
        })
        .collect_view();
    view! { <nav class="segments" aria-label="Outcome">{links}</nav> }.into_any()
}

/// All regions, or one.
fn region_choice(id: i32, view: Memo<View>, monitor: RwSignal<Monitor>) -> AnyView {
    let navigate = leptos_router::hooks::use_navigate();
    let choose = move |event| {
        let region = Some(event_target_value(&event)).filter(|region| !region.is_empty());
        let query = view.with_untracked(|view| view.with(|view| view.region = region).query());
        let path = format!("/monitors/{id}{query}");
        let options = leptos_router::NavigateOptions {
            scroll: false,
            ..leptos_router::NavigateOptions::default()
        };
        navigate(&path, options);
    };
    let names = Memo::new(move |_| {
        monitor.with(|monitor| {
            monitor
                .region_states
                .iter()
                .map(|state| state.region.as_str().to_owned())
                .collect::<Vec<_>>()
        })
    });
    let options = move || {
        names
            .get()
            .into_iter()
            .map(|name| {
                let own = name.clone();
                let chosen = move || view.with(|view| view.region.as_deref() == Some(own.as_str()));
                view! { <option value=name.clone() selected=chosen>{name.clone()}</option> }
            })
            .collect_view()
    };
    view! {
        <span class="select">
            <select class="input input-small" aria-label="Region" on:change=choose>
                <option value="" selected=move || view.with(|view| view.region.is_none())>"All regions"</option>
                {options}
            </select>
        </span>
    }
    .into_any()
}

fn table(page: Page<ResultSummary>, view: Memo<View>) -> AnyView {
    if page.items.is_empty() {
        return view! { <div class="empty"><h2>"No result"</h2><p>"Nothing was checked with this filter yet."</p></div> }
            .into_any();
    }
    // The longest of the page fills the bars.
    let longest = page
        .items
        .iter()
        .map(|result| result.total_us)
        .max()
        .unwrap_or(1)
        .max(1);
    let rows = page
        .items
        .iter()
        .map(|result| row(result, longest, view))
        .collect_view();
    let older = page.next_cursor.clone().map(|cursor| {
        let href = move || {
            let cursor = cursor.clone();
            view.with(|view| view.with(|view| view.cursor = Some(cursor)).query())
        };
        view! { <a class="button" href=href>"Older" {Icon::ChevronRight.view()}</a> }
    });
    let newest = move || {
        view.with(|view| {
            view.cursor.is_some().then(|| {
                view! { <a class="button" href=view.with(|_| ()).query()>{Icon::ChevronLeft.view()} "Newest"</a> }
            })
        })
    };
    view! {
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
        <div class="pager">{newest} {older}</div>
    }
    .into_any()
}

fn row(result: &ResultSummary, longest: i32, view: Memo<View>) -> AnyView {
    let id = result.id.clone();
    let href = move || view.with(|view| view.with_result(Some(id.clone())).query());
    let message = result
        .message
        .clone()
        .or_else(|| result.reason.map(reason_words))
        .unwrap_or_default();
    view! {
        <tr class=format!("result tone-{}", of_outcome(result.outcome).tone)>
            <td class="cell-time"><a class="result-link" data-noscroll="" href=href>{moment(result.at, Moment::Second)}</a></td>
            <td class="cell-region">{result.region.as_str().to_owned()}</td>
            <td class="cell-outcome">{badge(of_outcome(result.outcome))}</td>
            <td class="cell-message" title=message.clone()>{message.clone()}</td>
            <td class="cell-end cell-status num">{result.http_status.map_or_else(|| "–".to_owned(), |status| status.to_string())}</td>
            <td class="cell-phases">{phase_bar(result, longest)}</td>
            <td class="cell-end cell-total num">{format::micros(result.total_us.into())}</td>
        </tr>
    }
    .into_any()
}

/// The phases of a result side by side.
fn phase_bar(result: &ResultSummary, longest: i32) -> AnyView {
    let percent = |us: i64| format!("{:.2}%", us as f64 / f64::from(longest) * 100.0);
    let mut begin = 0;
    let bars = Phase::ALL
        .into_iter()
        .filter_map(|phase| {
            let us = i64::from(result.phases.get(phase).measured_us()?);
            let from = begin;
            begin += us;
            Some(view! {
                <rect class=format!("phase-{}", phase.as_str()) x=percent(from) width=percent(us) height="8" />
            })
        })
        .collect_view();
    view! { <svg class="phase-bar" width="100%" height="8" aria-hidden="true">{bars}</svg> }.into_any()
}
