//! Which agreements a status page shows, and how much of them; `script/status_page.js` puts together what is chosen.

use super::{agreement_words::promise, form::problem};
use edgewatch_client::{
    public_sla::{PageReports, PageSla},
    sla::Sla,
};
use leptos::prelude::*;

/// The choice among all agreements that there are.
pub fn agreements(chosen: &[PageSla], slas: &[Sla]) -> AnyView {
    let value = serde_json::to_string(chosen).unwrap_or_default();
    let rows = slas.iter().map(|sla| {
        let shown = chosen.iter().find(|shown| shown.sla == sla.id);
        row(sla, shown)
    });
    let list = if slas.is_empty() {
        html! { <p class="hint">"There are no agreements yet: they are written under " <a href="/slas">"Agreements"</a> "."</p> }
    } else {
        html! { <ul class="sla-choices">{rows.collect_view()}</ul> }
    };
    html! {
        <fieldset class="status-part" id="slas">
            <legend class="label">"Service levels"</legend>
            <p class="hint">"Agreements whose names and figures become public, on the page and at its /sla."</p>
            <input r#type="hidden" name="slas" data-kind="json" value=value />
            {list}
            {problem("/slas")}
        </fieldset>
    }
}

fn row(sla: &Sla, shown: Option<&PageSla>) -> AnyView {
    let PageSla {
        history,
        exclusions,
        reports,
        ..
    } = shown.copied().unwrap_or(PageSla {
        sla: sla.id,
        history: true,
        exclusions: false,
        reports: PageReports::None,
    });
    let options = [
        (PageReports::None, "No reports"),
        (PageReports::Files, "Reports: they name monitors"),
        (PageReports::Bundles, "Reports and bundles: all that probes saw"),
    ];
    let options = options.map(|(value, text)| {
        html! { <option value=value.as_str() selected=value == reports>{text}</option> }
    });
    let label = format!("Reports of {}", sla.settings.name);
    html! {
        <li class="sla-choice" data-sla=sla.id.to_string()>
            <label class="check">
                <input r#type="checkbox" data-part="shown" checked=shown.is_some() />
                <span>
                    <span class="check-label">{sla.settings.name.clone()}</span>
                    <span class="hint">{promise(&sla.settings)}</span>
                </span>
            </label>
            <div class="sla-choice-more">
                <label class="check"><input r#type="checkbox" data-part="history" checked=history /> <span>"History"</span></label>
                <label class="check"><input r#type="checkbox" data-part="exclusions" checked=exclusions /> <span>"Time left out, and why"</span></label>
                <span class="select"><select class="input" data-part="reports" aria-label=label>{options.into_iter().collect_view()}</select></span>
            </div>
        </li>
    }
}
