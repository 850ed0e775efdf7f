//! `/slos/new`, `/slos/{id}/edit`: what an objective promises.

use super::{
    Page, Query,
    form::{
        Way, choice, ending, flag, for_editors, head, list_choices, monitors, problem, rule, share, text,
    },
};
use crate::{components::icon::Icon, session::Session};
use edgewatch_client::{
    Client,
    protocol::problem::Problem,
    slo::{GroupRule, SloSettings, default_zone},
};
use leptos::prelude::*;

/// The usual windows, in rolling days.
const WINDOWS: [u16; 6] = [7, 14, 28, 30, 90, 365];

/// Writes it. `?monitor=` chooses one for a new objective.
pub async fn write(
    client: &Client,
    session: &Session,
    id: Option<i32>,
    query: Query<'_>,
) -> Result<Page, Problem> {
    for_editors(session, "Objectives are made and changed by editors.")?;
    let settings = match id {
        Some(id) => client.get_slo(id).await?.slo.settings,
        None => SloSettings {
            name: String::new(),
            monitors: query.read("monitor").into_iter().collect(),
            rule: GroupRule::All,
            objective_ppm: 999_000,
            window_days: Some(30),
            zone: default_zone(),
            strict: false,
        },
    };
    let choices = list_choices(client.get_overview().await?, &settings.monitors);
    let (title, called) = match id {
        Some(_) => ("Edit objective", "Objective"),
        None => ("New objective", "Objectives"),
    };
    let Way { api, then, back } = Way::of("/slos", id);
    let content = html! {
        {head(&back, called, title)}
        <form class="card written-form" data-api=api data-then=then novalidate>
            {problem("")}
            <div class="field-grid">
                <div class="sixths-4">{text("/name", "Name", "", &settings.name)}</div>
                <div class="sixths-2">
                    {share("/objective_ppm", "Objective, %", "Up or degraded, of the measured time", settings.objective_ppm)}
                </div>
                <div class="sixths-2">{window(&settings)}</div>
                <div class="sixths-2">{text("/zone", "Time zone", "For calendar months: UTC, Europe/Berlin", &settings.zone)}</div>
                <div class="sixths-2">{rule("/rule", settings.rule)}</div>
                <div class="sixths-6">{monitors("/monitors", &choices)}</div>
                <div class="sixths-6">
                    {flag("strict", settings.strict, "Maintenance counts", "By what was measured beneath it. Otherwise it is left out, as contracts mostly have it.")}
                </div>
            </div>
            {ending("Save", &back)}
        </form>
        {id.map(remove)}
    };
    Ok((title.to_owned(), content))
}

fn window(settings: &SloSettings) -> AnyView {
    let own = settings.window_days.filter(|days| !WINDOWS.contains(days));
    let rolling = own
        .into_iter()
        .chain(WINDOWS)
        .map(|days| (Some(days), format!("{days} rolling days")));
    let month = (None, "The calendar month".to_owned());
    choice(
        "/window_days",
        "Window",
        "",
        &settings.window_days,
        rolling.chain([month]),
    )
}

fn remove(id: i32) -> AnyView {
    html! {
        <details class="fold written-remove">
            <summary><span class="fold-title">"Remove this objective"</span></summary>
            <form data-api=format!("DELETE /api/v1/slos/{id}") data-then="/slos">
                {problem("")}
                <p>"Its settings are gone for good. The record of its monitors stays as it is."</p>
                <button class="button button-danger" r#type="submit">{Icon::Bin.view()} "Remove"</button>
            </form>
        </details>
    }
}
