//! The percentiles of the window, region by region and phase by phase.

use crate::{
    api::Reading,
    components::{chart_geometry::PHASES, loading::loaded},
    format,
};
use edgewatch_client::series::{PercentileRow, PercentileTable, Percentiles};
use leptos::prelude::*;

/// The section.
pub fn percentile_table(reading: Reading) -> AnyView {
    let skeleton = || html! { <div class="skeleton skeleton-chart"></div> };
    let table = loaded(reading, skeleton, |table: PercentileTable| regions(&table.rows));
    html! {
        <section class="section card" aria-labelledby="percentiles-title">
            <div class="card-head"><h2 id="percentiles-title">"Percentiles"</h2></div>
            {table}
        </section>
    }
}

/// All together is open, each region can be opened.
fn regions(rows: &[PercentileRow]) -> AnyView {
    if rows.iter().all(|row| row.succeeded == 0) {
        return html! { <p class="note">"No successful check in this window."</p> };
    }
    // One region alone is all there is.
    let shown = if rows.len() == 2 { &rows[1..] } else { rows };
    let folds = shown
        .iter()
        .enumerate()
        .map(|(i, row)| {
            let name = row.region.clone().unwrap_or_else(|| "All regions".to_owned());
            let total = row.phases.last().copied().unwrap_or_default();
            let measured = row.succeeded + row.failed;
            let checks = format!(
                "{} checks, {} failed · p50 {} · p95 {}",
                format::count(measured),
                format::count(row.failed),
                written(total.p50_us),
                written(total.p95_us)
            );
            html! {
                <details class="fold" open=i == 0>
                    <summary><span class="fold-title">{name}</span> <span class="muted num">{checks}</span></summary>
                    {phases(&row.phases)}
                </details>
            }
        })
        .collect_view();
    html! { <div class="percentiles">{folds}</div> }
}

fn phases(phases: &[Percentiles]) -> AnyView {
    let named = PHASES
        .iter()
        .map(|&(class, name)| (Some(class), name))
        .chain([(None, "Total")]);
    let rows = named
        .zip(phases)
        .filter(|(_, of)| of.p50_us.is_some())
        .map(|((class, name), of)| {
            let cells = [of.p50_us, of.p75_us, of.p90_us, of.p95_us, of.p99_us]
                .into_iter()
                .map(|us| html! { <td class="cell-end num">{written(us)}</td> })
                .collect_view();
            let swatch = class.map(|class| html! { <i class=format!("swatch phase-{class}")></i> });
            html! { <tr><th scope="row">{swatch} {name}</th>{cells}</tr> }
        })
        .collect_view();
    let heads = ["p50", "p75", "p90", "p95", "p99"]
        .into_iter()
        .map(|name| html! { <th scope="col" class="cell-end">{name}</th> })
        .collect_view();
    html! {
        <div class="table-scroll">
            <table class="table">
                <thead><tr><th scope="col">"Phase"</th>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

fn written(us: Option<i32>) -> String {
    us.map_or_else(|| "–".to_owned(), |us| format::micros(us.into()))
}
