//! The percentiles of the window, region by region and phase by phase.

use crate::{
    clock::Clock,
    components::{chart_geometry::PHASES, drawing::escape},
    format,
};
use edgewatch_client::{
    json::{self, Unreadable},
    series::{PercentileTable, Percentiles},
};
use std::fmt::Write as _;

/// All together is open, each region can be opened.
pub fn percentile_table(text: &str, _: Clock) -> Result<String, Unreadable> {
    let PercentileTable { rows, .. } = json::from_str(text)?;
    if rows.iter().all(|row| row.succeeded == 0) {
        return Ok("<p class=\"note\">No successful check in this window.</p>".to_owned());
    }
    // One region alone is all there is.
    let shown = if rows.len() == 2 { &rows[1..] } else { &rows[..] };
    let mut markup = "<div class=\"percentiles\">".to_owned();
    for (i, row) in shown.iter().enumerate() {
        let open = if i == 0 { " open" } else { "" };
        let name = escape(row.region.as_deref().unwrap_or("All regions"));
        let total = row.phases.last().copied().unwrap_or_default();
        let _ = write!(
            markup,
            "<details class=\"fold\"{open}><summary><span class=\"fold-title\">{name}</span><span class=\"muted num\">\
             {} checks, {} failed · p50 {} · p95 {}</span></summary>",
            format::count(row.succeeded + row.failed),
            format::count(row.failed),
            written(total.p50_us),
            written(total.p95_us)
        );
        phases(&mut markup, &row.phases);
        markup.push_str("</details>");
    }
    markup.push_str("</div>");
    Ok(markup)
}

fn phases(markup: &mut String, phases: &[Percentiles]) {
    markup.push_str(
        "<div class=\"table-scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Percentiles by phase\"><table class=\"table\"><thead><tr><th scope=\"col\">Phase</th>",
    );
    for name in ["p50", "p75", "p90", "p95", "p99"] {
        let _ = write!(markup, "<th scope=\"col\" class=\"cell-end\">{name}</th>");
    }
    markup.push_str("</tr></thead><tbody>");
    let named = PHASES.iter().chain(&[("total", "Total")]).zip(phases);
    for ((class, name), of) in named.filter(|(_, of)| of.p50_us.is_some()) {
        let _ = write!(
            markup,
            "<tr><th scope=\"row\"><i class=\"swatch phase-{class}\"></i>{name}</th>"
        );
        for us in [of.p50_us, of.p75_us, of.p90_us, of.p95_us, of.p99_us] {
            let _ = write!(markup, "<td class=\"cell-end num\">{}</td>", written(us));
        }
        markup.push_str("</tr>");
    }
    markup.push_str("</tbody></table></div>");
}

fn written(us: Option<i32>) -> String {
    us.map_or_else(|| "–".to_owned(), |us| format::micros(us.into()))
}
