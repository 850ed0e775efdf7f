//! How often a monitor is checked, and from where.

use super::{
    FormState, RegionChoice,
    check_fields::{CAPABILITIES, CheckType, check_type},
    form::{bound, line, options, section},
};
use crate::components::field::{InputKind, check_box, field, input_id, problem_line, select};
use leptos::prelude::*;

/// The section.
pub fn schedule(state: FormState, known: &'static CheckType) -> AnyView {
    let mut intervals = options(&[
        ("10", "10 seconds"),
        ("30", "30 seconds"),
        ("60", "1 minute"),
        ("120", "2 minutes"),
        ("300", "5 minutes"),
        ("900", "15 minutes"),
        ("3600", "1 hour"),
        ("21600", "6 hours"),
        ("86400", "1 day"),
    ]);
    intervals.retain(|(value, _)| value.parse().is_ok_and(|s: u32| s >= known.least_interval_s));
    let current = {
        let draft = state.draft.get_untracked();
        draft.interval_s.clone()
    };
    if !intervals.iter().any(|(value, _)| *value == current) {
        intervals.insert(0, (current.clone(), format!("{current} seconds")));
    }
    let needed = state.needed();
    let boxes = state.regions.with_value(|regions| {
        regions
            .iter()
            .map(|region| region_box(state, region, needed))
            .collect_view()
    });
    let words = move || {
        let needed = needed.get();
        let (able, all) = state.regions.with_value(|regions| {
            let able = regions.iter().filter(|region| region.lacks(&needed).is_none());
            (able.count(), regions.len())
        });
        let draft = state.draft.get();
        match (draft.regions.is_empty(), able) {
            (false, _) => "Only the chosen regions.",
            (true, able) if able == all => "All regions, also those that come later.",
            (true, 0) => "No region can do this: one with a probe that can is needed first.",
            (true, _) => "All regions that can, also those that come later.",
        }
    };
    let content = html! {
        <div class="field-pair">
            {field(
                "Check every",
                "/interval_s",
                None,
                state.problem_at("/interval_s".to_owned()),
                select(input_id("/interval_s"), None, intervals, &bound!(state, interval_s)),
            )}
            {line(state, "Time-out, ms", "/timeout_ms", InputKind::Number, None, "10000", &bound!(state, timeout_ms))}
        </div>
        <div class="field" role="group" aria-labelledby="regions-label">
            <span class="label" id="regions-label">"Regions"</span>
            <p class="hint">{move || words()}</p>
            <div class="check-grid">{boxes}</div>
            {problem_line("/regions", state.problem_at("/regions".to_owned()))}
        </div>
    };
    section("Schedule", "How often, and from where.", content)
}

fn region_box(state: FormState, region: &RegionChoice, needed: Memo<Vec<&'static str>>) -> AnyView {
    let RegionChoice { name, label, .. } = region;
    let (own, changed) = (name.clone(), name.clone());
    let text = if label.is_empty() {
        name.clone()
    } else {
        format!("{label} · {name}")
    };
    let region = region.clone();
    let lacking = Memo::new(move |_| region.lacks(&needed.get()));
    let chosen = Memo::new(move |_| {
        let draft = state.draft.get();
        draft.regions.contains(&own)
    });
    check_box(
        format!("region-{name}"),
        text,
        Signal::derive(move || lacking.get().map(lacking_words)),
        // What was chosen before can be taken back.
        Signal::derive(move || lacking.get().is_some() && !chosen.get()),
        chosen.into(),
        Callback::new(move |on| {
            state.change(&|draft| {
                draft.regions.retain(|region| *region != changed);
                if on {
                    draft.regions.push(changed.clone());
                }
            });
        }),
    )
}

/// Why a region cannot make the check.
fn lacking_words(capability: &str) -> String {
    let finer = CAPABILITIES.iter().find(|(name, _)| *name == capability);
    match (finer, check_type(capability)) {
        (Some((_, words)), _) => format!("None of its probes can do this with {words}."),
        (None, Some(known)) => format!("None of its probes can do {} checks.", known.label),
        (None, None) => format!("None of its probes can do {capability}."),
    }
}
