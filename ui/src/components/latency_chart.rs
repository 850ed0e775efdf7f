//! The latency chart: an SVG that is there in the first HTML, and answers to pointer and arrow keys afterwards.

use crate::{
    clock::{Clock, use_clock},
    components::{
        chart_geometry::{self as geometry, HEIGHT, Mode, PERCENTILES, PHASES, WIDTH},
        drawing,
    },
    format::{self, Moment},
};
use edgewatch_client::series::Series;
use leptos::{ev, html, prelude::*};

/// How many lines the grid has above the ground.
const GRID: i64 = 4;

/// The chart of one series.
pub fn latency_chart(series: Series, mode: Mode) -> AnyView {
    let clock = use_clock();
    let top = geometry::scale_top(&series, mode);
    let hovered = RwSignal::new(None::<usize>);
    let plot = NodeRef::<html::Div>::new();
    let n = series.buckets.len();
    let measured = series.buckets.iter().any(|bucket| bucket.succeeded > 0);

    let drawing = match mode {
        Mode::Phases => PHASES
            .iter()
            .zip(geometry::areas(&series, top))
            .map(|((class, _), path)| {
                html! { <path class=format!("area phase-{class}") d=path /> }
            })
            .collect::<Vec<_>>(),
        Mode::Percentiles => PERCENTILES
            .iter()
            .enumerate()
            .map(|(i, (class, _))| {
                let path = geometry::line(&series, top, |bucket| geometry::percentiles(bucket)[i]);
                html! { <path class=format!("line line-{class}") d=path /> }
            })
            .collect(),
    };
    let grid = (0..GRID)
        .map(|i| {
            let y = HEIGHT as i64 * i / GRID;
            html! { <path class="grid-line" d=format!("M0 {y}H{}", WIDTH as i64) /> }
        })
        .collect_view();
    let scale = (0..=GRID)
        .map(|i| {
            let text = if i == GRID {
                "0".to_owned()
            } else {
                axis_text(top * (GRID - i) / GRID)
            };
            html! { <span>{text}</span> }
        })
        .collect_view();
    let (from, to) = (series.from, series.to);
    let failed = geometry::strips(&series, |bucket| bucket.failed > 0);
    let blind = geometry::strips(&series, |bucket| {
        bucket.unmeasured > 0 && bucket.succeeded + bucket.failed == 0
    });
    let summary = summary(&series);

    let point_at = move |event: ev::PointerEvent| {
        if let Some(plot) = plot.get_untracked() {
            let bounds = plot.get_bounding_client_rect();
            let share = (f64::from(event.client_x()) - bounds.left()) / bounds.width().max(1.0);
            hovered.set((0.0..1.0).contains(&share).then_some((share * n as f64) as usize));
        }
    };
    let walk = move |event: ev::KeyboardEvent| {
        let now = hovered.get_untracked();
        let next = match event.key().as_str() {
            "ArrowLeft" => Some(now.map_or(n.saturating_sub(1), |i| i.saturating_sub(1))),
            "ArrowRight" => Some(now.map_or(0, |i| (i + 1).min(n.saturating_sub(1)))),
            "Escape" => None,
            _ => return,
        };
        event.prevent_default();
        hovered.set(next);
    };
    let reading = StoredValue::new(series);
    let details = move || {
        let index = hovered.get()?;
        reading.with_value(|series| reading_view(series, mode, index, clock))
    };

    html! {
        <figure class="chart">
            <div class="chart-scale" aria-hidden="true">{scale}</div>
            <div
                class="chart-plot"
                node_ref=plot
                tabindex="0"
                role="img"
                aria-label=summary
                on:pointermove=point_at
                on:pointerdown=point_at
                on:pointerleave=move |_| hovered.set(None)
                on:blur=move |_| hovered.set(None)
                on:keydown=walk
            >
                <svg class="chart-drawing" viewBox=format!("0 0 {} {}", WIDTH as i64, HEIGHT as i64) preserveAspectRatio="none" aria-hidden="true">
                    {grid}
                    {drawing}
                    <path class="grid-ground" d=format!("M0 {}H{}", HEIGHT as i64, WIDTH as i64) />
                </svg>
                {(!measured).then(|| html! { <p class="chart-empty">"No successful check in this window"</p> })}
                {move || details()}
            </div>
            <svg class="chart-strip" viewBox=format!("0 0 {} 1", WIDTH as i64) preserveAspectRatio="none" aria-hidden="true">
                <path class="strip-ground" d=format!("M0 0h{}v1H0z", WIDTH as i64) />
                <path class="strip-unmeasured" d=blind />
                <path class="strip-failed" d=failed />
            </svg>
            {drawing::drawn("chart-axis", Box::new(move || drawing::axis(from, to, clock)))}
            {legend(mode)}
        </figure>
    }
}

/// A value of the scale: it is round, so one decimal is enough.
fn axis_text(us: i64) -> String {
    let (unit, name) = match us {
        1_000_000.. => (1_000_000, "s"),
        1_000.. => (1_000, "ms"),
        _ => (1, "µs"),
    };
    match us * 10 / unit % 10 {
        0 => format!("{} {name}", us / unit),
        tenth => format!("{}.{tenth} {name}", us / unit),
    }
}

/// The chart in a sentence, for who cannot see it.
fn summary(series: &Series) -> String {
    let (succeeded, failed) = series.buckets.iter().fold((0, 0), |(ok, bad), bucket| {
        (ok + bucket.succeeded, bad + bucket.failed)
    });
    let percentile = |value: Option<i32>| value.map_or("none".to_owned(), |us| format::micros(us.into()));
    format!(
        "Latency: median {}, 95th percentile {}; {succeeded} successful and {failed} failed checks. Arrow keys read single points.",
        percentile(series.window.p50_us),
        percentile(series.window.p95_us),
    )
}

fn legend(mode: Mode) -> AnyView {
    let entries: Vec<_> = match mode {
        Mode::Phases => PHASES
            .iter()
            .map(|(class, name)| (format!("phase-{class}"), *name))
            .collect(),
        Mode::Percentiles => PERCENTILES
            .iter()
            .rev()
            .map(|(class, name)| (format!("line-{class}"), *name))
            .collect(),
    };
    let entries = entries
        .into_iter()
        .chain([("strip-failed".to_owned(), "Failed checks")])
        .map(|(class, name)| html! { <li><i class=format!("swatch {class}")></i>{name}</li> })
        .collect_view();
    html! { <ul class="legend">{entries}</ul> }
}

/// What the pointer is over. Only ever made in the browser, so its place may be a style.
fn reading_view(series: &Series, mode: Mode, index: usize, clock: Clock) -> Option<AnyView> {
    let bucket = series.buckets.get(index)?;
    let percent = geometry::x(index, series.buckets.len()) / WIDTH * 100.0;
    let side = if percent > 55.0 {
        "reading reading-left"
    } else {
        "reading"
    };
    let values: Vec<_> = match mode {
        Mode::Phases => PHASES
            .iter()
            .zip(geometry::phases(bucket))
            .rev()
            .map(|((class, name), us)| (format!("phase-{class}"), *name, us))
            .collect(),
        Mode::Percentiles => PERCENTILES
            .iter()
            .zip(geometry::percentiles(bucket))
            .map(|((class, name), us)| (format!("line-{class}"), *name, us))
            .collect(),
    };
    let rows = values
        .into_iter()
        .filter_map(|(class, name, us)| {
            Some(html! {
                <div>
                    <dt><i class=format!("swatch {class}")></i>{name}</dt>
                    <dd>{format::micros(us?.into())}</dd>
                </div>
            })
        })
        .collect_view();
    let checks = match (bucket.succeeded, bucket.failed) {
        (0, 0) => "No measured check".to_owned(),
        (ok, 0) => format!("{} ok", format::count(ok)),
        (ok, bad) => format!("{} ok, {} failed", format::count(ok), format::count(bad)),
    };
    let style = if series.bucket_s < 60 {
        Moment::Second
    } else {
        Moment::Minute
    };
    Some(html! {
        <div class="crosshair" style:left=format!("{}%", format::tenths(percent)) aria-hidden="true"></div>
        <div class=side style:left=format!("{}%", format::tenths(percent)) role="status">
            <strong>{format::moment(clock.wall(bucket.at), style)}</strong>
            <dl>{rows}</dl>
            <p>{checks}</p>
        </div>
    })
}
