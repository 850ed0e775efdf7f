//! `/slos`: all objectives, and how they stand.

use super::{
    Page, Query,
    words::{budget_look, percent, rate, signed_length, urgency_look, whole_percent, window},
};
use crate::{
    components::{icon::Icon, state_badge::badge},
    format,
    session::Session,
};
use edgewatch_client::{
    Client,
    protocol::problem::Problem,
    slo::{BurnAlert, GroupRule, Slo},
};
use leptos::prelude::*;

/// Writes it. `?monitor=` shows the objectives of one monitor.
pub async fn write(client: &Client, session: &Session, query: Query<'_>) -> Result<Page, Problem> {
    let monitor = query.read::<i32>("monitor");
    let mut slos = client.list_slos().await?;
    let named = match monitor {
        Some(id) => Some(client.get_monitor(id).await?.settings.name),
        None => None,
    };
    if let Some(id) = monitor {
        slos.retain(|slo| slo.settings.monitors.contains(&id));
    }
    let new = match monitor {
        Some(id) => format!("/slos/new?monitor={id}"),
        None => "/slos/new".to_owned(),
    };
    let firing = slos
        .iter()
        .flat_map(|slo| &slo.alerts)
        .filter(|alert| alert.since.is_some())
        .count();
    let sub = match &named {
        Some(name) => format!("of {name}"),
        None => format!(
            "{} · {}",
            format::counted(slos.len(), "objective"),
            format::counted(firing, "burn alert")
        ),
    };
    let add = session.can_edit().then(|| {
        html! { <a class="button button-primary" href=new.clone()>{Icon::Plus.view()} "New objective"</a> }
    });
    let all = named.is_some().then(|| {
        html! { <a class="back" href="/slos">{Icon::ChevronLeft.view()} "All objectives"</a> }
    });
    let body = if slos.is_empty() {
        empty(session, &new)
    } else {
        let cards = slos.iter().map(card).collect_view();
        html! { <div class="slo-list">{cards}</div> }
    };
    let content = html! {
        <div class="page-head">
            <div>
                {all}
                <h1>"Objectives"</h1>
                <p class="page-sub">{sub}</p>
            </div>
            {(!slos.is_empty()).then_some(add)}
        </div>
        {body}
    };
    Ok(("Objectives".to_owned(), content))
}

fn empty(session: &Session, new: &str) -> AnyView {
    let add = session.can_edit().then(|| {
        html! { <a class="button button-primary" href=new.to_owned()>{Icon::Plus.view()} "New objective"</a> }
    });
    html! {
        <div class="empty empty-large">
            <div class="empty-icon">{Icon::Target.view()}</div>
            <h2>"No objective yet"</h2>
            <p>
                "An objective promises a share of the time, such as 99.9 % of every 30 days, and so leaves 43 minutes that may be down: the error budget. Here stands how much of it is left, and whether it is being spent too fast."
            </p>
            {add}
        </div>
    }
}

fn card(slo: &Slo) -> AnyView {
    let settings = &slo.settings;
    let href = format!("/slos/{}", slo.id);
    let firing = slo
        .alerts
        .iter()
        .filter(|alert| alert.since.is_some())
        .map(firing)
        .collect_view();
    html! {
        <article class="card slo">
            <div class="slo-head">
                <h2><a class="slo-link" href=href>{settings.name.clone()}</a></h2>
                {badge(budget_look(slo))}
            </div>
            <p class="muted">{promise(slo)}</p>
            {budget_bar(slo)}
            <p class="slo-left">{left(slo)}</p>
            <dl class="slo-figures">
                <div><dt>"Uptime"</dt><dd>{uptime(slo)}</dd></div>
                <div><dt>"Burn rate, 24 h"</dt><dd>{slo.burn_rate_thousandths.map_or("–".to_owned(), rate)}</dd></div>
                <div><dt>"Exhausted in"</dt><dd>{exhausted(slo)}</dd></div>
            </dl>
            <div class="slo-alerts">{firing}</div>
        </article>
    }
}

/// What is promised of what.
pub fn promise(slo: &Slo) -> String {
    let settings = &slo.settings;
    let of = match (slo.members.as_slice(), settings.rule) {
        ([], _) => "no monitor".to_owned(),
        ([one], _) => one.name.clone(),
        (all, GroupRule::All) => format!("all of {}", format::counted(all.len(), "monitor")),
        (all, GroupRule::Any) => format!("any of {}", format::counted(all.len(), "monitor")),
    };
    let strict = if settings.strict {
        " · maintenance counts"
    } else {
        ""
    };
    format!(
        "{} % of {} · {of}{strict}",
        percent(settings.objective_ppm),
        window(settings)
    )
}

/// The uptime so far.
pub fn uptime(slo: &Slo) -> String {
    match &slo.uptime {
        Some(share) => format!("{} %", share.percent),
        None => "no data".to_owned(),
    }
}

/// When the budget is used up.
pub fn exhausted(slo: &Slo) -> String {
    match slo.exhausted_in_ms {
        Some(0) => "used up".to_owned(),
        Some(ms) => format::span(ms),
        None => "–".to_owned(),
    }
}

/// What is left of the budget, in words.
pub fn left(slo: &Slo) -> String {
    let budget = &slo.budget;
    match budget.remaining_ppm {
        None => "Nothing was measured in this window.".to_owned(),
        Some(ppm) if ppm < 0 => format!(
            "Overspent by {}: {} down, {} allowed",
            format::length(-budget.remaining_ms),
            format::length(budget.spent_ms),
            format::length(budget.total_ms)
        ),
        Some(ppm) => format!(
            "{} of {} left, {}",
            signed_length(budget.remaining_ms),
            format::length(budget.total_ms),
            whole_percent(ppm)
        ),
    }
}

/// The budget as a bar: what is left of it.
pub fn budget_bar(slo: &Slo) -> AnyView {
    let left = slo.budget.remaining_ppm.unwrap_or(0).clamp(0, 1_000_000);
    let label = format!("Budget left: {}", whole_percent(left));
    let class = format!("budget-bar tone-{}", budget_look(slo).tone);
    html! {
        <svg class=class viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label=label>
            <rect class="budget-ground" width="1000" height="10" />
            <rect class="budget-left" width=(left / 1_000).to_string() height="10" />
        </svg>
    }
}

fn firing(alert: &BurnAlert) -> AnyView {
    let look = urgency_look(alert.urgency);
    let text = format!(
        "{}: {} over {}",
        look.word,
        alert.long_thousandths.map_or("–".to_owned(), rate),
        format::span(alert.long_ms)
    );
    html! { <span class=format!("badge tone-{}", look.tone)>{look.icon.view()} {text}</span> }
}
