//! One row of the overview, and the tooltip of the bar that the pointer is over.

use super::Item;
use crate::{
    clock::use_clock,
    components::{
        heartbeat_bar::{Beats, heartbeat_bar},
        moment::lasting,
        state_badge::{Look, mark, of_monitor, of_outcome},
    },
    format::{self, Moment},
};
use chrono::DateTime;
use leptos::{ev, prelude::*};

/// The slot that the pointer is over.
#[derive(Clone, Copy)]
pub struct Hover(RwSignal<Option<Spot>>);

#[derive(Clone, PartialEq)]
struct Spot {
    /// The middle of the slot and the top of the bar, in the window.
    x: f64,
    y: f64,
    beats: Beats,
    index: usize,
}

impl Hover {
    /// Nothing is hovered.
    pub fn new() -> Self {
        Self(RwSignal::new(None))
    }
}

/// The row.
pub fn row(item: Item, hover: Hover) -> AnyView {
    let Item {
        key: _,
        id,
        title,
        standing,
        beats,
        percentiles,
    } = item;
    let standing = RwSignal::from(standing);
    let beats = RwSignal::from(beats);
    let percentiles = RwSignal::from(percentiles);
    let look = Signal::derive(move || of_monitor(standing.get().state));
    let over = move |event: ev::PointerEvent| {
        let target: leptos::web_sys::Element = event_target(&event);
        let bounds = target.get_bounding_client_rect();
        let slots = beats.with_untracked(|beats| beats.slots.len());
        if slots == 0 || bounds.width() <= 0.0 {
            return;
        }
        let share = (f64::from(event.client_x()) - bounds.left()) / bounds.width();
        let index = ((share * slots as f64) as usize).min(slots - 1);
        hover.0.set(Some(Spot {
            x: bounds.left() + (index as f64 + 0.5) / slots as f64 * bounds.width(),
            y: bounds.top(),
            beats: beats.get_untracked(),
            index,
        }));
    };
    let tags = title
        .tags
        .iter()
        .map(|tag| html! { <span class="tag">{tag.clone()}</span> })
        .collect_view();
    let figure = |us: Option<i32>| us.map_or_else(|| "–".to_owned(), |us| format::micros(us.into()));
    html! {
        <li class="row">
            <a class="row-link" href=format!("/monitors/{id}")>
                {move || mark(look.get())}
                <span class="row-title">
                    <span class="row-name">{title.name.clone()}</span>
                    <span class="row-sub">
                        <span class="row-target">{title.target.clone()}</span>
                        {tags}
                    </span>
                </span>
                <span class="row-beats" on:pointermove=over on:pointerleave=move |_| hover.0.set(None)>
                    {heartbeat_bar(beats.into())}
                </span>
                <span class="row-figure" data-label="p50">{move || figure(percentiles.get().0)}</span>
                <span class="row-figure" data-label="p95">{move || figure(percentiles.get().1)}</span>
                <span class="row-since">
                    {move || {
                        let standing = standing.get();
                        let Look { word, .. } = look.get();
                        html! {
                            <span class="row-state" class:row-advisory=standing.advisory || standing.flapping>
                                {match (standing.flapping, standing.advisory) {
                                    (true, _) => "Flapping",
                                    (_, true) => "Advisory",
                                    _ => word,
                                }}
                            </span>
                            {lasting(standing.since)}
                        }
                    }}
                </span>
            </a>
        </li>
    }
}

/// The tooltip. Made in the browser alone, so its place may be a style.
pub fn tooltip(hover: Hover) -> AnyView {
    let clock = use_clock();
    let content = move || {
        hover.0.get().map(|spot| {
            let beat = spot.beats.slots.get(spot.index).copied().unwrap_or_default();
            let from = DateTime::from_timestamp_millis(spot.beats.begins_at(spot.index)).unwrap_or_default();
            let to = DateTime::from_timestamp_millis(spot.beats.begins_at(spot.index + 1)).unwrap_or_default();
            let state = match beat.worst {
                Some(outcome) => of_outcome(outcome),
                None => Look {
                    word: "No result",
                    ..of_monitor(edgewatch_client::monitor::MonitorState::Unknown)
                },
            };
            let regions = match (beat.succeeded, beat.failed) {
                (0, 0) => None,
                (ok, 0) => Some(format!("{ok} ok")),
                (ok, failed) => Some(format!("{ok} ok, {failed} failed")),
            };
            let slowest = (beat.max_total_us > 0).then(|| format::micros(beat.max_total_us.into()));
            html! {
                <div class="tooltip" style:left=format!("{}px", spot.x as i64) style:top=format!("{}px", spot.y as i64) role="presentation">
                    <strong class=format!("tone-{}", state.tone)>{state.icon.view()} {state.word}</strong>
                    <span>
                        {format::moment(clock.wall(from), Moment::TimeOfDaySecond)} " – "
                        {format::moment(clock.wall(to), Moment::TimeOfDaySecond)}
                    </span>
                    {regions.map(|regions| html! { <span>{regions}</span> })}
                    {slowest.map(|slowest| html! { <span>"slowest " {slowest}</span> })}
                </div>
            }
        })
    };
    html! { <div aria-hidden="true">{move || content()}</div> }
}
