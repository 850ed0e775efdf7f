//! The heat map: how many of the successful checks took how long, over time.

use crate::{
    clock::Clock,
    components::drawing::{axis_line, legend},
    format,
};
use edgewatch_client::{
    json::{self, Unreadable},
    series::HeatMap,
};
use std::fmt::Write as _;

/// From what share of a bucket's checks on, in percent, a cell has the next shade.
const SHADES: [i64; 5] = [0, 5, 15, 35, 65];

/// Between how many labels the scale is divided.
const PARTS: usize = 4;

/// The map, its scales and its legend.
pub fn heat_map(text: &str, clock: Clock) -> Result<String, Unreadable> {
    let map: HeatMap = json::from_str(text)?;
    let used = map.bands_us.len().saturating_sub(1);
    if used == 0 {
        return Ok("<p class=\"note\">No successful check in this window.</p>".to_owned());
    }
    // Whole octaves between labels that are equally far apart.
    let bands = used.div_ceil(2 * PARTS) * 2 * PARTS;
    let least = i64::from(map.bands_us[0]);
    let mut markup =
        "<figure class=\"chart heat-map\"><div class=\"chart-scale\" aria-hidden=\"true\">".to_owned();
    for part in (0..=PARTS).rev() {
        let us = least << (bands / 2 / PARTS * part);
        let _ = write!(markup, "<span>{}</span>", format::micros(us));
    }
    let _ = write!(
        markup,
        "</div><svg class=\"chart-drawing\" viewBox=\"0 0 {} {bands}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"Latency spread: successful checks took from {} to {}\">",
        map.counts.len(),
        format::micros(least),
        format::micros(map.bands_us[used].into())
    );
    for (shade, path) in shades(&map, bands).iter().enumerate() {
        let _ = write!(markup, "<path class=\"heat heat-{shade}\" d=\"{path}\"/>");
    }
    markup.push_str("</svg>");
    markup.push_str(&axis_line(map.from, map.to, clock));
    markup.push_str(&legend(&[
        ("heat-0", "Few of the checks"),
        ("heat-1", ""),
        ("heat-2", ""),
        ("heat-3", ""),
        ("heat-4", "most of them"),
    ]));
    markup.push_str("</figure>");
    Ok(markup)
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
