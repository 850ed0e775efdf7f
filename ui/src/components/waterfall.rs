//! The waterfall of one check: when each phase began and how long it took, or why that is not known.

use crate::{components::chart_geometry::PHASES, format};
use edgewatch_client::protocol::phase::{NotMeasurable, Phase, PhaseTime, PhaseTimes};
use leptos::prelude::*;

/// The waterfall of a check that took `total_us` in all.
pub fn waterfall(phases: &PhaseTimes, total_us: i64) -> AnyView {
    let measured: i64 = Phase::ALL
        .iter()
        .filter_map(|&phase| phases.get(phase).measured_us())
        .map(i64::from)
        .sum();
    let whole = total_us.max(measured).max(1);
    let mut begin = 0;
    let rows = Phase::ALL
        .into_iter()
        .zip(PHASES)
        .map(|(phase, (class, name))| {
            let time = phases.get(phase);
            let length = time.measured_us().map_or(0, i64::from);
            let from = begin;
            begin += length;
            let percent = |us: i64| format!("{}%", format::tenths(us as f64 / whole as f64 * 100.0));
            let bar = (length > 0).then(|| {
                html! {
                    <rect class=format!("phase-{class}") x=percent(from) width=percent(length.max(whole / 250)) y="3" height="10" rx="2" />
                }
            });
            let text = match time {
                PhaseTime::Measured(us) => html! { <span class="num">{format::micros(us.into())}</span> },
                PhaseTime::NotMeasurable(why) => {
                    html! { <span class="muted" title=why_not(why)>{why_not_short(why)}</span> }
                }
                PhaseTime::NotReached => html! { <span class="muted">"not reached"</span> },
            };
            html! {
                <div class="waterfall-row" role="row">
                    <span role="rowheader">{name}</span>
                    <span class="waterfall-track" role="presentation">
                        <svg width="100%" height="16" aria-hidden="true">{bar}</svg>
                    </span>
                    <span class="waterfall-time" role="cell">{text}</span>
                </div>
            }
        })
        .collect_view();
    html! {
        <div class="waterfall" role="table" aria-label="Phases of the check">
            {rows}
            <div class="waterfall-row waterfall-total" role="row">
                <span role="rowheader">"Total"</span>
                <span role="presentation"></span>
                <span class="waterfall-time num" role="cell">{format::micros(total_us)}</span>
            </div>
        </div>
    }
}

fn why_not_short(why: NotMeasurable) -> &'static str {
    match why {
        NotMeasurable::NotApplicable => "—",
        _ => "not measurable",
    }
}

/// Why a phase has no time, in a sentence.
fn why_not(why: NotMeasurable) -> &'static str {
    match why {
        NotMeasurable::NotApplicable => "This phase does not apply to this target.",
        NotMeasurable::PlatformForbids => {
            "The platform does not let the probe dial this address; it looked through the platform's own HTTP client."
        }
        NotMeasurable::Mode => "The monitor's measuring mode does not show this phase.",
        NotMeasurable::ResolverUnavailable => {
            "No resolver could be reached; the platform looked the name up while connecting."
        }
        NotMeasurable::Other => "The probe gives a reason that this version does not know.",
    }
}
