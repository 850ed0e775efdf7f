//! The uptime section: the figures of the usual windows, the record of states over the chosen one, and its outages.

use super::{
    Monitor,
    latency::segments,
    uptime_bars,
    view::{PERIODS, View, WINDOWS},
};
use crate::{
    api::{Reading, read},
    clock::{use_clock, zone_name},
    components::{
        drawing::drawn,
        loading::loaded,
        moment::moment,
        state_badge::{mark, of_monitor},
    },
    format::{self, Moment},
};
use chrono::{DateTime, Duration, Utc};
use edgewatch_client::{
    client::path,
    monitor::MonitorState,
    timeline::{Timeline, TimelineInterval, TimelineQuery, Uptime, UptimeFigures, UptimeQuery, UptimeWindow},
};
use leptos::prelude::*;

/// How many outages are listed; the others are in the ribbon.
const LISTED: usize = 5;

/// What the section reads.
#[derive(Clone, Copy)]
pub struct Readings {
    uptime: Reading,
    timeline: Reading,
    /// Grows when both are to be read anew, up to the moment.
    again: RwSignal<u32>,
}

impl Readings {
    /// Begins to read.
    pub fn read(id: i32, view: Memo<View>) -> Self {
        let clock = use_clock();
        let window = Memo::new(move |_| {
            let view = view.get();
            view.window
        });
        let period = Memo::new(move |_| {
            let view = view.get();
            view.period
        });
        let again = RwSignal::new(0_u32);
        let now = move || DateTime::from_timestamp_millis(clock.exact_ms()).unwrap_or_default();
        let uptime = Memo::new(move |_| {
            again.track();
            let query = UptimeQuery {
                to: Some(now()),
                by: Some(PERIODS[period.get()].1.to_owned()),
                // Days are the viewer's, once they are known.
                zone: clock.is_local().then(zone_name).flatten(),
            };
            Some(path::uptime(id, &query))
        });
        let timeline = Memo::new(move |_| {
            again.track();
            let (_, _, hours, _) = WINDOWS[window.get()];
            let query = TimelineQuery {
                from: Some(now() - Duration::hours(hours)),
                to: None,
            };
            Some(path::timeline(id, &query))
        });
        Self {
            uptime: read(uptime),
            timeline: read(timeline),
            again,
        }
    }
}

/// The section.
pub fn uptime(readings: Readings, view: Memo<View>, monitor: RwSignal<Monitor>) -> AnyView {
    let Readings {
        uptime,
        timeline,
        again,
    } = readings;
    let state = Memo::new(move |_| {
        let monitor = monitor.get();
        (monitor.state, monitor.advisory)
    });
    Effect::new(move |before: Option<()>| {
        state.track();
        if before.is_some() {
            again.update(|again| *again += 1);
        }
    });
    let id = {
        let monitor = monitor.get_untracked();
        monitor.id
    };
    let label = move || {
        let view = view.get();
        WINDOWS[view.window].1
    };
    let clock = use_clock();
    let figures = loaded(
        uptime,
        || html! { <div class="skeleton skeleton-uptime"></div> },
        move |uptime: Uptime| {
            let hourly = {
                let view = view.get_untracked();
                view.period == 0
            };
            let periods = uptime.periods;
            html! {
                {figures(&uptime.windows)}
                <div class="uptime-tools">
                    {segments(view, "Uptime by", PERIODS.to_vec(), |view| view.period, |view, index| view.period = index)}
                </div>
                {drawn("", Box::new(move || uptime_bars::bars(&periods, hourly, clock)))}
            }
        },
    );
    let record = loaded(
        timeline,
        || html! { <div class="skeleton skeleton-ribbon"></div> },
        move |timeline: Timeline| html! { {ribbon(&timeline)} {outages(&timeline)} }.into_any(),
    );
    html! {
        <section class="section card" aria-labelledby="uptime-title">
            <div class="card-head">
                <h2 id="uptime-title">"Uptime" <span class="muted">" · record of the last " {move || label()}</span></h2>
                <a class="quiet-link" href=format!("/incidents?monitor={id}")>"Incidents"</a>
                <a class="quiet-link" href=format!("/slos?monitor={id}")>"Objectives"</a>
                <a class="quiet-link" href=format!("/monitors/{id}/replay")>"Replay"</a>
            </div>
            {figures}
            {record}
        </section>
    }
    .into_any()
}

fn figures(windows: &[UptimeWindow]) -> AnyView {
    let entries = windows
        .iter()
        .map(|window| {
            let name = match window.name.as_str() {
                "24h" => "24 hours",
                "7d" => "7 days",
                "30d" => "30 days",
                "90d" => "90 days",
                "365d" => "365 days",
                _ => "This month",
            };
            html! { <div><dt>{name}</dt>{figure(&window.figures)}</div> }
        })
        .collect_view();
    html! { <dl class="figures uptime-figures">{entries}</dl> }
}

fn figure(figures: &UptimeFigures) -> AnyView {
    let Some(share) = &figures.contractual else {
        return html! { <dd class="muted">"no data"</dd> }.into_any();
    };
    // Where no edge of an outage lies within, there is nothing uncertain.
    let bounds = (share.lowest != share.highest)
        .then(|| html! { <small>{format!("{} – {} %", share.lowest, share.highest)}</small> });
    let down = if figures.down_ms == 0 {
        "no downtime".to_owned()
    } else {
        format!("down {}", format::length(figures.down_ms))
    };
    let coverage = figures.coverage.as_deref().unwrap_or("0");
    let title = format!(
        "between {} % and {} %; {coverage} % of the time was measured",
        share.lowest, share.highest
    );
    html! {
        <dd title=title>
            {share.percent.clone()} <span class="unit">" %"</span>
            <small>{down}</small>
            {bounds}
        </dd>
    }
    .into_any()
}

/// The units of the band: its width, and its height, which is that of a stretch that was down.
const BAND: (f64, u8) = (10_000.0, 34);

/// The least width of a stretch that was down: the shortest outage is seen.
const LEAST_DOWN: f64 = 30.0;

/// How high a stretch stands: the worse, the higher, so that states are told apart without their colours.
fn height(state: MonitorState) -> u8 {
    match state {
        MonitorState::Down => BAND.1,
        MonitorState::Degraded => 28,
        MonitorState::Up => 20,
        MonitorState::Maintenance => 12,
        MonitorState::Unknown => 6,
        MonitorState::Paused => 3,
    }
}

/// The record as a band, each stretch as wide as it is long.
fn ribbon(timeline: &Timeline) -> AnyView {
    if timeline.intervals.is_empty() {
        return html! { <p class="uptime-empty muted">"Nothing is recorded yet."</p> }.into_any();
    }
    let clock = use_clock();
    let (from, to) = (timeline.figures.from, timeline.figures.to);
    let unit = BAND.0 / (to - from).num_milliseconds().max(1) as f64;
    // The outages last: their least width is drawn over their neighbours.
    let (down, others): (Vec<_>, Vec<_>) = timeline
        .intervals
        .iter()
        .partition(|interval| interval.state == MonitorState::Down);
    let stretches = others
        .into_iter()
        .chain(down)
        .map(|interval| {
            let look = of_monitor(interval.state);
            let (begins, ends) = (interval.from, interval.to);
            let length_ms = (ends - begins).num_milliseconds();
            let is_down = interval.state == MonitorState::Down;
            let width = (length_ms as f64 * unit).max(if is_down { LEAST_DOWN } else { 0.0 });
            let x = ((begins - from).num_milliseconds() as f64 * unit).min(BAND.0 - width);
            let height = height(interval.state);
            let advisory = advisory(interval);
            let title = move || {
                format!(
                    "{}{advisory}: {} to {}, {}",
                    look.word,
                    format::moment(clock.wall(begins), Moment::Second),
                    format::moment(clock.wall(ends), Moment::Second),
                    format::length(length_ms)
                )
            };
            let class = format!(
                "stretch tone-{}{}",
                look.tone,
                if interval.advisory.is_empty() { "" } else { " stretch-advisory" }
            );
            html! {
                <rect class=class x=format::tenths(x) width=format::tenths(width) y=BAND.1 - height height=height>
                    <title>{title}</title>
                </rect>
            }
        })
        .collect_view();
    let outages = timeline
        .intervals
        .iter()
        .filter(|interval| interval.state == MonitorState::Down)
        .count();
    let label = format!("Record of states: {}", format::counted(outages, "outage"));
    html! {
        <svg class="ribbon" viewBox=format!("0 0 {} {}", BAND.0, BAND.1) preserveAspectRatio="none" role="img" aria-label=label>
            {stretches}
        </svg>
        <div class="ribbon-axis"><span>{moment(from, Moment::Minute)}</span><span>{moment(to, Moment::Minute)}</span></div>
    }
    .into_any()
}

fn advisory(interval: &TimelineInterval) -> String {
    if interval.advisory.is_empty() {
        return String::new();
    }
    let regions: Vec<_> = interval.advisory.iter().map(ToString::to_string).collect();
    format!(" (down from {} only)", regions.join(", "))
}

/// The latest outages of the window.
fn outages(timeline: &Timeline) -> AnyView {
    let all: Vec<_> = timeline
        .intervals
        .iter()
        .filter(|interval| interval.state == MonitorState::Down)
        .collect();
    if all.is_empty() {
        return ().into_any();
    }
    let end = timeline.figures.to;
    let rows = all
        .iter()
        .rev()
        .take(LISTED)
        .map(|interval| outage(interval, end))
        .collect_view();
    let more = all.len().saturating_sub(LISTED);
    let more = (more > 0).then(|| html! { <p class="muted outages-more">{format!("and {more} more")}</p> });
    html! {
        <h3 class="outages-title">{format::counted(all.len(), "outage")}</h3>
        <ul class="outages">{rows}</ul>
        {more}
    }
    .into_any()
}

fn outage(interval: &TimelineInterval, end: DateTime<Utc>) -> AnyView {
    let length_ms = (interval.to - interval.from).num_milliseconds();
    let until = if interval.to >= end {
        html! { <span>"and lasts"</span> }.into_any()
    } else {
        html! { <span>"to " {moment(interval.to, Moment::Second)}</span> }.into_any()
    };
    let uncertain_ms = (interval.from - interval.earliest).num_milliseconds();
    let uncertain = (uncertain_ms > 0)
        .then(|| html! { <span class="muted">{format!("began up to {} before", format::length(uncertain_ms))}</span> });
    html! {
        <li>
            {mark(of_monitor(MonitorState::Down))}
            <strong>{format::length(length_ms)}</strong>
            <span>"from " {moment(interval.from, Moment::Second)}</span>
            {until}
            {uncertain}
        </li>
    }
    .into_any()
}
