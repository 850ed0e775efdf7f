//! The latency section: window, region and kind of view above the chart.

use super::view::{View, WINDOWS};
use crate::{
    api::{Reading, read},
    clock::use_clock,
    components::{chart_geometry::Mode, latency_chart::latency_chart, loading::loaded},
    format,
};
use chrono::DateTime;
use edgewatch_client::{client::path, series::Series};
use leptos::prelude::*;

/// How rarely the chart is read anew while results arrive, milliseconds.
const PAUSE_MS: i64 = 15_000;

/// What the section reads.
#[derive(Clone, Copy)]
pub struct Latency {
    series: Reading,
    /// Of the same window, by other sides.
    pub percentiles: Reading,
    /// Time by latency.
    pub heat_map: Reading,
    /// Region by time.
    pub matrix: Reading,
    /// Grows when all are to be read anew, up to the moment.
    again: RwSignal<u32>,
}

impl Latency {
    /// Begins to read.
    pub fn read(id: i32, view: Memo<View>) -> Self {
        let clock = use_clock();
        // What the series depends on; the kind of view does not change what is read.
        let asked = Memo::new(move |_| {
            let view = view.get();
            (view.window, view.region.clone())
        });
        let again = RwSignal::new(0_u32);
        // One window for all of them.
        let query = Memo::new(move |_| {
            asked.track();
            again.track();
            let now = DateTime::from_timestamp_millis(clock.exact_ms()).unwrap_or_default();
            let view = view.get_untracked();
            Some(path::window(&view.series_query(now)))
        });
        let of = |what: &'static str| read(Memo::new(move |_| Some(path::over(id, what, &query.get()?))));
        Self {
            series: of("series"),
            percentiles: of("percentiles"),
            heat_map: of("heatmap"),
            matrix: of("matrix"),
            again,
        }
    }
}

/// The section.
pub fn latency(Latency { series, again, .. }: Latency, view: Memo<View>, fresh: RwSignal<u32>) -> AnyView {
    let clock = use_clock();
    let read_at = StoredValue::new(clock.exact_ms());
    Effect::new(move |before: Option<()>| {
        fresh.track();
        let now = clock.exact_ms();
        if before.is_some() && now - read_at.get_value() >= PAUSE_MS {
            read_at.set_value(now);
            again.update(|again| *again += 1);
        }
    });
    let mode = Memo::new(move |_| {
        let view = view.get();
        view.mode
    });
    let skeleton = || html! { <div class="skeleton skeleton-chart"></div> };
    let chart = loaded(series, skeleton, move |series: Series| {
        html! {
            {figures(&series)}
            {move || latency_chart(series.clone(), mode.get())}
        }
    });
    html! {
        <section class="section card" aria-labelledby="latency-title">
            <div class="card-head">
                <h2 id="latency-title">
                    "Latency"
                    {move || { let view = view.get(); view.region.clone().map(|region| html! { <span class="muted">" from " {region}</span> }) }}
                </h2>
                <div class="card-tools">
                    {modes(view)}
                    {windows(view)}
                </div>
            </div>
            {chart}
        </section>
    }
}

/// Links that choose one of several, by text and title.
pub fn segments(
    view: Memo<View>,
    label: &'static str,
    names: Vec<(&'static str, &'static str)>,
    chosen: fn(&View) -> usize,
    choose: fn(&mut View, usize),
) -> AnyView {
    let links = names
        .into_iter()
        .enumerate()
        .map(|(index, (text, title))| {
            let current = move || (view.with(chosen) == index).then_some("true");
            let href = move || {
                let view = view.get();
                view.with(|view| choose(view, index)).query()
            };
            html! { <a href=move || href() data-noscroll="" title=title aria-current=current>{text}</a> }
        })
        .collect_view();
    html! { <nav class="segments" aria-label=label>{links}</nav> }
}

fn windows(view: Memo<View>) -> AnyView {
    let names = WINDOWS.iter().map(|(name, label, ..)| (*name, *label)).collect();
    segments(
        view,
        "Window",
        names,
        |view| view.window,
        |view, index| view.window = index,
    )
}

fn modes(view: Memo<View>) -> AnyView {
    let names = vec![
        ("Phases", "Mean of each phase"),
        ("Percentiles", "Percentiles of the total"),
    ];
    let is_percentiles = |view: &View| usize::from(view.mode == Mode::Percentiles);
    segments(view, "Kind of view", names, is_percentiles, |view, index| {
        view.mode = if index == 1 {
            Mode::Percentiles
        } else {
            Mode::Phases
        };
    })
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
        .map(|(name, value)| html! { <div><dt>{name}</dt><dd>{value}</dd></div> })
        .collect_view();
    html! { <dl class="figures">{entries}</dl> }
}
