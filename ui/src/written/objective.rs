//! `/slos/{id}`: one objective in full.

use super::{
    Page,
    objective_chart::chart,
    objectives::{exhausted, left, promise, uptime},
    words::{budget_look, moment, rate, urgency_look},
};
use crate::{
    components::{
        icon::Icon,
        state_badge::{badge, mark, of_monitor},
    },
    format::{self, Moment},
    session::Session,
};
use edgewatch_client::{
    Client,
    protocol::problem::Problem,
    slo::{BurnAlert, Slo, SloDetail},
};
use leptos::prelude::*;

/// Writes it.
pub async fn write(client: &Client, session: &Session, id: i32) -> Result<Page, Problem> {
    let detail = client.get_slo(id).await?;
    let slo = &detail.slo;
    let name = slo.settings.name.clone();
    let edit = session.can_edit().then(|| {
        html! { <a class="button" href=format!("/slos/{id}/edit")>{Icon::Pencil.view()} "Edit"</a> }
    });
    let content = html! {
        <div class="page-head">
            <div>
                <a class="back" href="/slos">{Icon::ChevronLeft.view()} "Objectives"</a>
                <h1>{name.clone()}</h1>
                <p class="page-sub slo-sub">{badge(budget_look(slo))} <span>{promise(slo)}</span></p>
            </div>
            {edit}
        </div>
        <section class="card" aria-labelledby="budget-title">
            <div class="card-head">
                <h2 id="budget-title">"Error budget" <span class="muted">" · " {left(slo)}</span></h2>
            </div>
            {figures(&detail)}
            {chart(&detail)}
        </section>
        {alerts(slo)}
        {members(slo)}
    };
    Ok((name, content))
}

fn figures(detail: &SloDetail) -> AnyView {
    let slo = &detail.slo;
    let bounds = slo
        .uptime
        .as_ref()
        .filter(|share| share.lowest != share.highest)
        .map(|share| html! { <small>{format!("{} – {} %", share.lowest, share.highest)}</small> });
    let coverage = slo
        .coverage
        .as_ref()
        .map(|coverage| html! { <small>{format!("{coverage} % measured")}</small> });
    let mean = |ms: Option<i64>| ms.map_or("–".to_owned(), format::length);
    html! {
        <dl class="figures slo-board">
            <div><dt>"Uptime so far"</dt><dd>{uptime(slo)} {bounds} {coverage}</dd></div>
            <div>
                <dt>"Burn rate, 24 h"</dt>
                <dd>{slo.burn_rate_thousandths.map_or("no data".to_owned(), rate)} <small>"1× lasts the window"</small></dd>
            </div>
            <div><dt>"Exhausted in"</dt><dd>{exhausted(slo)} <small>"at the rate of 24 h"</small></dd></div>
            <div><dt>"Outages"</dt><dd>{format::count(detail.outages)} <small>{format!("{} down", format::length(slo.budget.spent_ms))}</small></dd></div>
            <div><dt>"Mean time to recovery"</dt><dd>{mean(detail.mttr_ms)}</dd></div>
            <div><dt>"Mean time between failures"</dt><dd>{mean(detail.mtbf_ms)}</dd></div>
            <div><dt>"Mean time to acknowledge"</dt><dd>{mean(detail.mtta_ms)}</dd></div>
        </dl>
    }
}

fn alerts(slo: &Slo) -> AnyView {
    let rows = slo.alerts.iter().map(alert).collect_view();
    html! {
        <section class="section card" aria-labelledby="alerts-title">
            <div class="card-head">
                <h2 id="alerts-title">"Burn-rate alerts"</h2>
            </div>
            <div class="table-scroll" tabindex="0">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"For"</th>
                            <th scope="col" class="cell-end">"Alerts at"</th>
                            <th scope="col" class="cell-end">"Long window"</th>
                            <th scope="col" class="cell-end">"Short window"</th>
                            <th scope="col">"State"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <p class="note">"A rule alerts while the budget burns at its rate or faster over both windows: the long one tells that it matters, the short one that it goes on."</p>
        </section>
    }
}

fn alert(alert: &BurnAlert) -> AnyView {
    let look = urgency_look(alert.urgency);
    let over = |ms: i64, thousandths: Option<i64>| {
        let reached = thousandths.is_some_and(|burn| burn >= alert.threshold_thousandths);
        let class = if reached { "slo-reached" } else { "" };
        html! {
            <span class=class>{thousandths.map_or("no data".to_owned(), rate)}</span>
            <span class="muted">" over " {format::span(ms)}</span>
        }
    };
    let state = match alert.since {
        Some(since) => html! {
            <span class=format!("badge tone-{}", look.tone)>{Icon::Bolt.view()} "Firing"</span>
            <span class="muted">" since " {moment(since, Moment::Minute)}</span>
        },
        None => html! { <span class="muted">"quiet"</span> },
    };
    html! {
        <tr>
            <th scope="row">{look.word}</th>
            <td class="num cell-end">{rate(alert.threshold_thousandths)}</td>
            <td class="num cell-end">{over(alert.long_ms, alert.long_thousandths)}</td>
            <td class="num cell-end">{over(alert.short_ms, alert.short_thousandths)}</td>
            <td>{state}</td>
        </tr>
    }
}

fn members(slo: &Slo) -> AnyView {
    let rows = slo
        .members
        .iter()
        .map(|member| {
            html! {
                <li>{mark(of_monitor(member.state))} <a class="quiet-link" href=format!("/monitors/{}", member.id)>{member.name.clone()}</a></li>
            }
        })
        .collect_view();
    let none = slo.members.is_empty().then(|| {
        html! { <p class="note">"Its monitors were deleted: choose others to have data again."</p> }
    });
    html! {
        <section class="section card" aria-labelledby="members-title">
            <div class="card-head">
                <h2 id="members-title">"Monitors"</h2>
            </div>
            {none}
            <ul class="slo-members">{rows}</ul>
        </section>
    }
}
