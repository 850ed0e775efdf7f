//! The heat map: how many of the successful checks took how long, over time.

use crate::{
    api::Reading,
    clock::use_clock,
    components::{latency_chart::time_axis, loading::loaded},
    format,
};
use edgewatch_client::series::HeatMap;
use leptos::prelude::*;
use std::fmt::Write as _;

/// From what share of a bucket's checks on, in percent, a cell has the next shade.
const SHADES: [i64; 5] = [0, 5, 15, 35, 65];

/// Between how many labels the scale is divided.
const PARTS: usize = 4;

/// The section.
pub fn heat_map(reading: Reading) -> AnyView {
    let skeleton = || html! { <div class="skeleton skeleton-chart"></div> };
    let map = loaded(reading, skeleton, drawing);
    html! {
        <section class="section card" aria-labelledby="heat-title">
            <div class="card-head"><h2 id="heat-title">"Latency spread"</h2></div>
            {map}
        </section>
    }
}

fn drawing(map: HeatMap) -> AnyView {
    let used = map.bands_us.len().saturating_sub(1);
    if used == 0 {
        return html! { <p class="note">"No successful check in this window."</p> };
    }
    let clock = use_clock();
    // Whole octaves between labels that are equally far apart.
    let bands = used.div_ceil(2 * PARTS) * 2 * PARTS;
    let least = i64::from(map.bands_us[0]);
    let scale = (0..=PARTS)
        .rev()
        .map(|part| {
            let octaves = bands / 2 / PARTS * part;
            html! { <span>{format::micros(least << octaves)}</span> }
        })
        .collect_view();
    let shades = shades(&map, bands)
        .into_iter()
        .enumerate()
        .map(|(shade, path)| html! { <path class=format!("heat heat-{shade}") d=path /> })
        .collect_view();
    let label = format!(
        "Latency spread: successful checks took from {} to {}",
        format::micros(least),
        format::micros(map.bands_us[used].into())
    );
    html! {
        <figure class="chart heat-map">
            <div class="chart-scale" aria-hidden="true">{scale}</div>
            <svg class="chart-drawing" viewBox=format!("0 0 {} {bands}", map.counts.len()) preserveAspectRatio="none" role="img" aria-label=label>
                {shades}
            </svg>
            {time_axis(map.from, map.to, clock)}
            <ul class="legend">
                <li>"Few checks"</li>
                {(0..SHADES.len()).map(|shade| html! { <li><i class=format!("swatch heat-{shade}")></i></li> }).collect_view()}
                <li>"most checks of their time"</li>
            </ul>
        </figure>
    }
}

/// A path for each shade. Neighbours in time of one shade are one stretch.
fn shades(map: &HeatMap, bands: usize) -> [String; SHADES.len()] {
    let totals: Vec<i64> = map.counts.iter().map(|column| column.iter().sum()).collect();
    let shade = |at: usize, band: usize| {
        let count = *map.counts.get(at)?.get(band).filter(|&&count| count > 0)?;
        SHADES
            .iter()
            .rposition(|&percent| count * 100 >= percent * totals[at])
    };
    let mut paths: [String; SHADES.len()] = Default::default();
    for band in 0..map.bands_us.len().saturating_sub(1) {
        let mut begin = 0;
        for at in 1..=map.counts.len() {
            let own = shade(begin, band);
            if at < map.counts.len() && shade(at, band) == own {
                continue;
            }
            if let Some(own) = own {
                let length = at - begin;
                let _ = write!(paths[own], "M{begin} {}h{length}v1h-{length}z", bands - 1 - band);
            }
            begin = at;
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[test]
    fn neighbours_of_a_shade_are_one_stretch() {
        let at = DateTime::from_timestamp_millis(0).unwrap();
        let map = HeatMap {
            from: at,
            to: at,
            bucket_s: 60,
            level: "raw".to_owned(),
            bands_us: vec![64, 91, 128],
            counts: vec![vec![10, 0], vec![9, 1], vec![0, 0], vec![0, 3]],
        };
        assert_eq!(
            shades(&map, 8),
            ["", "M1 6h1v1h-1z", "", "", "M0 7h2v1h-2zM3 6h1v1h-1z"].map(str::to_owned)
        );
    }
}
