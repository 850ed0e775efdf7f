//! `/slos/new`, `/slos/{id}/edit`: what an objective promises.

use super::{
    Page, Query,
    form::{field, list_choices, monitors, problem},
    words::percent,
};
use crate::{
    components::{field::input_id, icon::Icon},
    session::Session,
};
use edgewatch_client::{
    Client,
    protocol::problem::{Problem, ProblemType},
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
    if !session.can_edit() {
        return Err(
            Problem::new(ProblemType::Forbidden).detail("Objectives are made and changed by editors.")
        );
    }
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
    let (title, back, api, then) = match id {
        Some(id) => (
            "Edit objective",
            format!("/slos/{id}"),
            format!("PUT /api/v1/slos/{id}"),
            format!("/slos/{id}"),
        ),
        None => (
            "New objective",
            "/slos".to_owned(),
            "POST /api/v1/slos".to_owned(),
            "/slos/{id}".to_owned(),
        ),
    };
    let content = html! {
        <div class="page-head">
            <div>
                <a class="back" href=back.clone()>{Icon::ChevronLeft.view()} {if id.is_some() { "Objective" } else { "Objectives" }}</a>
                <h1>{title}</h1>
            </div>
        </div>
        <form class="card written-form" data-api=api data-then=then novalidate>
            {problem("")}
            <div class="field-grid">
                <div class="sixths-4">{name(&settings)}</div>
                <div class="sixths-2">{objective(&settings)}</div>
                <div class="sixths-2">{window(&settings)}</div>
                <div class="sixths-2">{zone(&settings)}</div>
                <div class="sixths-2">{rule(&settings)}</div>
                <div class="sixths-6">{monitors("/monitors", &choices)}</div>
                <div class="sixths-6">{strict(&settings)}</div>
            </div>
            <div class="actions">
                <button class="button button-primary" r#type="submit">{Icon::Check.view()} "Save"</button>
                <a class="button" href=back>"Cancel"</a>
            </div>
        </form>
        {id.map(remove)}
    };
    Ok((title.to_owned(), content))
}

fn name(settings: &SloSettings) -> AnyView {
    let input = html! {
        <input class="input" id=input_id("/name") name="name" value=settings.name.clone() autocomplete="off" aria-describedby="problem-name" />
    };
    field("/name", "Name", "", input)
}

fn objective(settings: &SloSettings) -> AnyView {
    let input = html! {
        <input
            class="input num"
            id=input_id("/objective_ppm")
            name="objective_ppm"
            data-kind="percent"
            inputmode="decimal"
            autocomplete="off"
            value=percent(settings.objective_ppm)
            aria-describedby="problem-objective_ppm"
        />
    };
    field(
        "/objective_ppm",
        "Objective, %",
        "Up or degraded, of the measured time",
        input,
    )
}

fn window(settings: &SloSettings) -> AnyView {
    let own = settings.window_days.filter(|days| !WINDOWS.contains(days));
    let options = own
        .into_iter()
        .chain(WINDOWS)
        .map(|days| {
            html! { <option value=days.to_string() selected=settings.window_days == Some(days)>{format!("{days} rolling days")}</option> }
        })
        .collect_view();
    let input = html! {
        <span class="select">
            <select class="input" id=input_id("/window_days") name="window_days" data-kind="number" aria-describedby="problem-window_days">
                {options}
                <option value="" selected=settings.window_days.is_none()>"The calendar month"</option>
            </select>
        </span>
    };
    field("/window_days", "Window", "", input)
}

fn zone(settings: &SloSettings) -> AnyView {
    let input = html! {
        <input
            class="input"
            id=input_id("/zone")
            name="zone"
            value=settings.zone.clone()
            autocomplete="off"
            spellcheck="false"
            aria-describedby="problem-zone"
        />
    };
    field(
        "/zone",
        "Time zone",
        "For calendar months: UTC, Europe/Berlin",
        input,
    )
}

fn rule(settings: &SloSettings) -> AnyView {
    let options = [
        (GroupRule::All, "all", "All have to be up"),
        (GroupRule::Any, "any", "Any will do"),
    ]
    .into_iter()
    .map(|(rule, value, text)| html! { <option value=value selected=settings.rule == rule>{text}</option> })
    .collect_view();
    let input = html! {
        <span class="select">
            <select class="input" id=input_id("/rule") name="rule" aria-describedby="problem-rule">{options}</select>
        </span>
    };
    field("/rule", "Of several monitors", "", input)
}

fn strict(settings: &SloSettings) -> AnyView {
    html! {
        <label class="check">
            <input r#type="checkbox" name="strict" data-kind="flag" checked=settings.strict />
            <span>
                <span class="check-label">"Maintenance counts"</span>
                <span class="hint">"By what was measured beneath it. Otherwise it is left out, as contracts mostly have it."</span>
            </span>
        </label>
    }
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
