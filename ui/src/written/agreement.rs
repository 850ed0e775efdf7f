//! `/slas/{id}`: one agreement: how it stands, its history, what was left out, and all that was ever written of it.

use super::{
    Page,
    agreement_exclusions::exclusions,
    agreement_words::{
        bounds, budget_bar, coverage, credit, kept_look, left, promise, rules, share, window, window_name,
    },
    form::refusal,
    words::{moment, percent},
};
use crate::{
    components::{icon::Icon, state_badge::badge},
    format::{self, Moment},
    session::Session,
};
use edgewatch_client::{
    Client,
    protocol::problem::Problem,
    sla::{Sla, SlaDetail, SlaEvent, SlaLogEntry, SlaPast},
};
use leptos::prelude::*;

/// Characters of a hash that tell versions apart.
const HASH_SHOWN: usize = 12;

/// Writes it.
pub async fn write(client: &Client, session: &Session, id: i32) -> Result<Page, Problem> {
    let detail = client.get_sla(id).await?;
    let sla = &detail.sla;
    let name = sla.settings.name.clone();
    let figures = &sla.standing.figures;
    let edit = session.can_edit().then(|| {
        html! {
            <a class="button" href=format!("/slas/{id}/edit")>{Icon::Pencil.view()} "Edit"</a>
            <a class="button button-primary" href=format!("/reports/new?sla={id}")>{Icon::Plus.view()} "New report"</a>
        }
    });
    let content = html! {
        <div class="page-head">
            <div>
                <a class="back" href="/slas">{Icon::ChevronLeft.view()} "Agreements"</a>
                <h1>{name.clone()}</h1>
                <p class="page-sub slo-sub">{badge(kept_look(figures.is_held, &figures.budget))} <span>{promise(&sla.settings)}</span></p>
            </div>
            <div class="actions">
                <a class="button" href=format!("/reports?sla={id}")>{Icon::Steps.view()} "Reports"</a>
                {edit}
            </div>
        </div>
        {standing(sla)}
        {history(&detail)}
        {agreed(sla)}
        {exclusions(&detail, session)}
        {log(&detail)}
        {session.can_edit().then(|| remove(id))}
    };
    Ok((name, content))
}

fn standing(sla: &Sla) -> AnyView {
    let (figures, policy) = (&sla.standing.figures, &sla.settings.policy);
    let time = &figures.time;
    let small = |text: Option<String>| text.map(|text| html! { <small>{text}</small> });
    let exhausted = match sla.standing.exhausted_in_ms {
        Some(0) => "used up".to_owned(),
        Some(ms) => format::span(ms),
        None => "–".to_owned(),
    };
    let best = sla
        .standing
        .best_ppm
        .map_or("–".to_owned(), |ppm| format!("{} %", percent(ppm)));
    html! {
        <section class="card" aria-labelledby="standing-title">
            <div class="card-head">
                <h2 id="standing-title">
                    {window_name(policy.window, policy.zone(), figures.from_ms, figures.to_ms)}
                    <span class="muted">" · " {left(&figures.budget)}</span>
                </h2>
            </div>
            <div class="sla-budget">{budget_bar(figures.is_held, &figures.budget)}</div>
            <dl class="figures slo-board">
                <div>
                    <dt>"Availability"</dt>
                    <dd>{share(time.contractual.uptime())} {small(bounds(&time.contractual))} {small(coverage(time))}</dd>
                </div>
                <div>
                    <dt>"Strict"</dt>
                    <dd>{share(time.strict.uptime())} {small(bounds(&time.strict))} <small>"nothing left out"</small></dd>
                </div>
                <div><dt>"At best"</dt><dd>{best} <small>"if nothing more is down"</small></dd></div>
                <div><dt>"Budget used up in"</dt><dd>{exhausted} <small>"at the rate of 24 h"</small></dd></div>
                <div><dt>"Down"</dt><dd>{format::length(time.contractual.down_ms)}</dd></div>
                <div><dt>"Left out"</dt><dd>{format::length(time.excluded_ms)} <small>{format!("and {} maintenance", format::length(time.recorded.maintenance_ms))}</small></dd></div>
                <div><dt>"Unknown"</dt><dd>{format::length(time.recorded.unknown_ms)}</dd></div>
                <div><dt>"Credit"</dt><dd>{credit(figures)}</dd></div>
            </dl>
        </section>
    }
}

fn history(detail: &SlaDetail) -> AnyView {
    let rows = detail
        .history
        .iter()
        .map(|past| past_row(detail, past))
        .collect_view();
    html! {
        <section class="section card" aria-labelledby="history-title">
            <div class="card-head"><h2 id="history-title">"History"</h2></div>
            <div class="table-scroll" tabindex="0">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"Window"</th>
                            <th scope="col">"Promise"</th>
                            <th scope="col" class="cell-end">"Availability"</th>
                            <th scope="col" class="cell-end">"Strict"</th>
                            <th scope="col" class="cell-end">"Down"</th>
                            <th scope="col">"Budget left"</th>
                            <th scope="col" class="cell-end">"Credit"</th>
                            <th scope="col"></th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <p class="note">"A window is counted by the last version that was written before its end. Results that come late may change figures for a day."</p>
        </section>
    }
}

fn past_row(detail: &SlaDetail, past: &SlaPast) -> AnyView {
    let policy = &detail.sla.settings.policy;
    let (figures, zone) = (&past.figures, policy.zone());
    let time = &figures.time;
    let name = window_name(policy.window, zone, figures.from_ms, figures.to_ms);
    let [from, to] = [figures.from_ms, figures.to_ms - 1]
        .map(|ms| super::agreement_words::at(ms).with_timezone(&zone).date_naive());
    let href = format!("/reports/new?sla={}&from={from}&to={to}", detail.sla.id);
    html! {
        <tr>
            <th scope="row">{name} {(!figures.is_over).then(|| html! { <span class="muted">" so far"</span> })}</th>
            <td>{format!("{} %", percent(past.objective_ppm))} <span class="muted">{format!(" v{}", past.version)}</span></td>
            <td class="num cell-end">{share(time.contractual.uptime())}</td>
            <td class="num cell-end">{share(time.strict.uptime())}</td>
            <td class="num cell-end">{format::length(time.contractual.down_ms)}</td>
            <td class="sla-bar-cell">{budget_bar(figures.is_held, &figures.budget)}</td>
            <td class="num cell-end">{credit(figures)}</td>
            <td class="cell-end"><a class="quiet-link" href=href>"Report"</a></td>
        </tr>
    }
}

fn agreed(sla: &Sla) -> AnyView {
    let policy = &sla.settings.policy;
    let row = |name: &'static str, value: String| html! { <div><dt>{name}</dt><dd>{value}</dd></div> };
    let rules = rules(policy)
        .into_iter()
        .map(|(name, value)| row(name, value))
        .collect_view();
    let credits = policy.credits.iter().map(|tier| {
        html! { <li>{format!("below {} %: {} % of the window's price", percent(tier.below_ppm), tier.percent)}</li> }
    });
    let credits = if policy.credits.is_empty() {
        html! { <p class="muted">"None were agreed."</p> }
    } else {
        html! { <ul class="sla-credits">{credits.collect_view()}</ul> }
    };
    let members = sla
        .members
        .iter()
        .map(|member| html! { <li><a class="quiet-link" href=format!("/monitors/{}", member.id)>{member.name.clone()}</a></li> })
        .collect_view();
    let gone = policy.monitors.len() - sla.members.len();
    let description = (!sla.settings.description.is_empty())
        .then(|| html! { <p class="sla-description">{sla.settings.description.clone()}</p> });
    html! {
        <section class="section card" aria-labelledby="agreed-title">
            <div class="card-head">
                <h2 id="agreed-title">"What was agreed" <span class="muted">{format!(" · version {}", sla.version)}</span></h2>
                <a class="button button-small" rel="external" href=format!("/api/v1/slas/{}/open-slo", sla.id) download="agreement.yml">
                    {Icon::Braces.view()} "OpenSLO"
                </a>
            </div>
            <div class="sla-agreed">
                {description}
                <dl class="sla-terms">
                    {row("Promise", format!("{} %", percent(policy.objective_ppm.parts_per_million())))}
                    {row("Window", window(policy))}
                    {rules}
                </dl>
                <div><h3>"Credits"</h3> {credits}</div>
                <div>
                    <h3>"Monitors"</h3>
                    <ul class="sla-members">{members}</ul>
                    {(gone > 0).then(|| html! { <p class="muted">{format!("{} deleted", format::counted(gone, "monitor"))}</p> })}
                </div>
                <p class="muted">"Policy SHA-256 " <code class="sla-hash">{sla.hash.clone()}</code></p>
            </div>
        </section>
    }
}

fn log(detail: &SlaDetail) -> AnyView {
    let rows = detail.log.iter().map(entry).collect_view();
    html! {
        <details class="fold section">
            <summary><span class="fold-title">"Log"</span> <span class="muted">"what was ever written of it; nothing of it can be changed"</span></summary>
            <ul class="sla-log">{rows}</ul>
        </details>
    }
}

fn entry(entry: &SlaLogEntry) -> AnyView {
    let what = match &entry.event {
        SlaEvent::Version { version, hash, .. } => {
            let short = hash.get(..HASH_SHOWN).unwrap_or(hash);
            format!("wrote version {version}, policy {short}…")
        }
        SlaEvent::Excluded { exclusion, reason } => format!("left time out, no. {exclusion}: {reason}"),
        SlaEvent::Withdrawn { exclusion, reason } => format!("took no. {exclusion} back: {reason}"),
    };
    html! { <li>{moment(entry.at, Moment::Minute)} " " <strong>{entry.author.clone()}</strong> " " {what}</li> }
}

fn remove(id: i32) -> AnyView {
    html! {
        <details class="fold written-remove">
            <summary><span class="fold-title">"End this agreement"</span></summary>
            <form data-api=format!("DELETE /api/v1/slas/{id}") data-then="/slas">
                {refusal()}
                <p>"It is listed no more. Its versions and its reports are kept."</p>
                <button class="button button-danger" r#type="submit">{Icon::Bin.view()} "End it"</button>
            </form>
        </details>
    }
}
