//! `/slas`: all agreements, and how they stand.

use super::{
    Page,
    agreement_words::{bounds, budget_bar, credit, kept_look, left, promise, share, window_name},
    words::percent,
};
use crate::{
    components::{icon::Icon, state_badge::badge},
    format,
    session::Session,
};
use edgewatch_client::{Client, protocol::problem::Problem, sla::Sla};
use leptos::prelude::*;

/// Writes it.
pub async fn write(client: &Client, session: &Session) -> Result<Page, Problem> {
    let slas = client.list_slas().await?;
    let broken = slas
        .iter()
        .filter(|sla| sla.standing.figures.is_held == Some(false))
        .count();
    let add = || {
        session.can_edit().then(|| {
            html! {
                <a class="button" href="/slas/import">{Icon::Braces.view()} "Import"</a>
                <a class="button button-primary" href="/slas/new">{Icon::Plus.view()} "New agreement"</a>
            }
        })
    };
    let is_empty = slas.is_empty();
    let body = if is_empty {
        html! {
            <div class="empty empty-large">
                <div class="empty-icon">{Icon::Shield.view()}</div>
                <h2>"No agreement yet"</h2>
                <p>
                    "A service level agreement is what you promised to a customer: a share of each month, which time counts, and what is credited when the promise is not kept. Reports are made of it that the customer can recompute."
                </p>
                <div class="actions">{add()}</div>
            </div>
        }
    } else {
        let cards = slas.iter().map(card).collect_view();
        html! { <div class="slo-list">{cards}</div> }
    };
    let content = html! {
        <div class="page-head">
            <div>
                <h1>"Agreements"</h1>
                <p class="page-sub">{format!("{} · {broken} below the promise", format::counted(slas.len(), "agreement"))}</p>
            </div>
            <div class="actions">
                <a class="button" href="/reports">{Icon::Steps.view()} "Reports"</a>
                {(!is_empty).then(add)}
            </div>
        </div>
        {body}
    };
    Ok(("Agreements".to_owned(), content))
}

fn card(sla: &Sla) -> AnyView {
    let (figures, policy) = (&sla.standing.figures, &sla.settings.policy);
    let bounds = bounds(&figures.time.contractual).map(|text| html! { <small>{text}</small> });
    html! {
        <article class="card slo">
            <div class="slo-head">
                <h2><a class="slo-link" href=format!("/slas/{}", sla.id)>{sla.settings.name.clone()}</a></h2>
                {badge(kept_look(figures.is_held, &figures.budget))}
            </div>
            <p class="muted">{promise(&sla.settings)}</p>
            {budget_bar(figures.is_held, &figures.budget)}
            <p class="slo-left">
                {left(&figures.budget)}
                <span class="muted">" · " {window_name(policy.window, policy.zone(), figures.from_ms, figures.to_ms)}</span>
            </p>
            <dl class="slo-figures">
                <div><dt>"Availability"</dt><dd>{share(figures.time.contractual.uptime())} {bounds}</dd></div>
                <div><dt>"At best"</dt><dd>{sla.standing.best_ppm.map_or("–".to_owned(), |ppm| format!("{} %", percent(ppm)))}</dd></div>
                <div><dt>"Credit"</dt><dd>{credit(figures)}</dd></div>
            </dl>
        </article>
    }
}
