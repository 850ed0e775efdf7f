//! The latency section: window, region and kind of view above the chart.

use super::view::{View, WINDOWS};
use crate::{
    api::use_client,
    clock::use_clock,
    components::{chart_geometry::Mode, latency_chart::latency_chart, loading::failure},
    format,
};
use chrono::DateTime;
use edgewatch_client::series::Series;
use leptos::prelude::*;

/// How rarely the chart is read anew while results arrive, milliseconds.
const PAUSE_MS: i64 = 15_000;

/// The section.
pub fn latency(id: i32, view: Memo<View>, fresh: RwSignal<u32>) -> AnyView {
    let client = use_client();
    let clock = use_clock();
    // What the series depends on; the kind of view does not change what is read.
    let asked = Memo::new(move |_| view.with(|view| (view.window, view.region.clone())));
    let series = Resource::new_blocking(
        move || asked.get(),
        move |_| {
            let client = client.clone();
            let now = DateTime::from_timestamp_millis(clock.exact_ms()).unwrap_or_default();
            let query = view.get_untracked().series_query(now);
            async move { client.get_series(id, &query).await }
        },
    );
    let read_at = StoredValue::new(clock.exact_ms());
    Effect::new(move |before: Option<()>| {
        fresh.track();
        let now = clock.exact_ms();
        if before.is_some() && now - read_at.get_value() >= PAUSE_MS {
            read_at.set_value(now);
            series.refetch();
        }
    });
    let mode = Memo::new(move |_| view.with(|view| view.mode));
    let chart = move || {
        Suspend::new(async move {
            match series.await {
                Ok(series) => view! {
                    {figures(&series)}
                    {move || latency_chart(series.clone(), mode.get())}
                }
                .into_any(),
                Err(problem) => failure(&problem, Callback::new(move |()| series.refetch())),
            }
        })
    };
    view! {
        <section class="section card" aria-labelledby="latency-title">
            <div class="card-head">
                <h2 id="latency-title">
                    "Latency"
                    {move || view.with(|view| view.region.clone().map(|region| view! { <span class="muted">" from " {region}</span> }))}
                </h2>
                <div class="card-tools">
                    {modes(view)}
                    {windows(view)}
                </div>
            </div>
            <Transition fallback=|| view! { <div class="skeleton skeleton-chart"></div> }>{chart}</Transition>
        </section>
    }
    .into_any()
}

fn windows(view: Memo<View>) -> AnyView {
    let links = WINDOWS
        .iter()
        .enumerate()
        .map(|(index, (name, label, ..))| {
            let chosen = move || view.with(|view| view.window == index);
            let href = move || view.with(|view| view.with(|view| view.window = index).query());
            view! {
                <a href=href data-noscroll="" aria-label=*label aria-current=move || chosen().then_some("true")>{*name}</a>
            }
        })
        .collect_view();
    view! { <nav class="segments" aria-label="Window">{links}</nav> }.into_any()
}

fn modes(view: Memo<View>) -> AnyView {
    let links = [(Mode::Phases, "Phases"), (Mode::Percentiles, "Percentiles")]
        .into_iter()
        .map(|(mode, label)| {
            let chosen = move || view.with(|view| view.mode == mode);
            let href = move || view.with(|view| view.with(|view| view.mode = mode).query());
            view! { <a href=href data-noscroll="" aria-current=move || chosen().then_some("true")>{label}</a> }
        })
        .collect_view();
    view! { <nav class="segments" aria-label="Kind of view">{links}</nav> }.into_any()
}

/// The figures of the whole window.
fn figures(series: &Series) -> AnyView {
    let (succeeded, failed) = series.buckets.iter().fold((0, 0), |(ok, bad), bucket| {
        (ok + bucket.succeeded, bad + bucket.failed)
    });
    let percentile =
        |value: Option<i32>| value.map_or_else(|| "–".to_owned(), |us| format::micros(us.into()));
    let entries = [
        ("Median", percentile(series.window.p50_us)),
        ("p95", percentile(series.window.p95_us)),
        ("p99", percentile(series.window.p99_us)),
        ("Checks", format::count(succeeded + failed)),
        ("Failed", format::count(failed)),
    ];
    let entries = entries
        .into_iter()
        .map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> })
        .collect_view();
    view! { <dl class="figures">{entries}</dl> }.into_any()
}
