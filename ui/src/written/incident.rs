//! `/incidents/{id}`: what is wrong, since when, the evidence, and what is done about it.

use super::{
    Page, Query,
    form::refusal,
    incident_evidence,
    incidents::{of_severity, of_status, severity_options},
    words::moment,
};
use crate::{
    components::{
        field::input_id,
        icon::Icon,
        state_badge::{Look, badge},
    },
    format::{self, Moment},
    session::Session,
};
use chrono::{DateTime, Utc};
use edgewatch_client::{
    Client,
    incident::{Incident, IncidentOutage, IncidentStatus, IncidentUpdate, UpdateKind},
    protocol::problem::Problem,
};
use leptos::prelude::*;

/// Writes it. `?outage=` shows the evidence of one of its outages.
pub async fn write(client: &Client, session: &Session, id: i32, query: Query<'_>) -> Result<Page, Problem> {
    let incident = client.get_incident(id).await?;
    let asked = query.read::<i64>("outage");
    let evidence = match asked {
        Some(outage) => Some(incident_evidence::section(
            &client.get_incident_evidence(id, outage).await?,
        )),
        None => None,
    };
    let content = html! {
        {head(&incident, session, asked)}
        {evidence}
        {talk(&incident, session)}
    };
    Ok((incident.summary.title.clone(), content.into_any()))
}

/// A moment to the second.
pub fn instant(at: DateTime<Utc>) -> AnyView {
    moment(at, Moment::Second)
}

/// What it is, what is done about it, and what was down; the evidence of this outage is shown below.
fn head(incident: &Incident, session: &Session, asked: Option<i64>) -> AnyView {
    let summary = &incident.summary;
    let fact =
        |name: &'static str, value: AnyView| html! { <div><dt>{name}</dt><dd>{value}</dd></div> }.into_any();
    let facts = [
        Some(fact("Began", instant(summary.opened_at))),
        Some(fact("Known", instant(summary.detected_at))),
        summary.resolved_at.map(|end| {
            let length_ms = (end - summary.opened_at).num_milliseconds();
            fact("Lasted", format::length(length_ms).into_any())
        }),
        summary.acknowledged_at.map(|at| {
            let who = incident.acknowledged_by.clone().map(|who| format!(" by {who}"));
            fact("Acknowledged", html! { {instant(at)} {who} }.into_any())
        }),
        summary.resolved_at.map(|at| fact("Resolved", instant(at))),
        summary
            .assignee
            .clone()
            .map(|who| fact("Assigned to", who.into_any())),
    ];
    let merged = incident.merged_into.map(|into| {
        html! {
            <p class="alert tone-paused">
                "Merged into " <a class="quiet-link" href=format!("/incidents/{into}")>{format!("incident {into}")}</a>
            </p>
        }
    });
    html! {
        <div class="page-head">
            <div>
                <a class="back" href="/incidents">{Icon::ChevronLeft.view()} "Incidents"</a>
                <h1>{summary.title.clone()}</h1>
                <p class="incident-fault">{summary.fault.clone()}</p>
            </div>
            <div class="actions">{badge(of_severity(summary.severity))} {badge(of_status(summary.status))}</div>
        </div>
        {merged}
        <section class="card" aria-label="Facts">
            <dl class="facts incident-facts">{facts.into_iter().flatten().collect_view()}</dl>
        </section>
        {may_act(incident, session).then(|| actions(incident, session))}
        {may_act(incident, session).then(|| publish(incident))}
        {outages(incident, asked)}
    }
}

/// What is said of it.
fn talk(incident: &Incident, session: &Session) -> AnyView {
    let id = incident.summary.id;
    let items = incident.updates.iter().map(update).collect_view();
    let may_act = may_act(incident, session);
    let note = may_act.then(|| {
        html! {
            <form class="incident-form" data-api=format!("POST /api/v1/incidents/{id}/updates") data-then=format!("/incidents/{id}")>
                <div class="field">
                    <label for=input_id("/text")>"Note"</label>
                    <textarea class="input input-area" id=input_id("/text") name="text" rows="3" required=true maxlength="4000"></textarea>
                </div>
                <label class="check">
                    <input r#type="checkbox" name="public" data-kind="flag" />
                    <span class="check-label">"Public: for everybody, not for the team alone"</span>
                </label>
                {refusal()}
                <div><button class="button" r#type="submit">"Add"</button></div>
            </form>
        }
    });
    let learnt = incident.post_mortem.clone();
    let post_mortem = if may_act {
        html! {
            <form class="incident-form" data-api=format!("PUT /api/v1/incidents/{id}") data-then=format!("/incidents/{id}")>
                <div class="field">
                    <label for=input_id("/post_mortem")>"What was learnt"</label>
                    <textarea class="input input-area" id=input_id("/post_mortem") name="post_mortem" rows="5" maxlength="20000">{learnt}</textarea>
                </div>
                {refusal()}
                <div><button class="button" r#type="submit">"Save"</button></div>
            </form>
        }
        .into_any()
    } else if learnt.is_empty() {
        html! { <p class="note">"Nobody has written one yet."</p> }.into_any()
    } else {
        html! { <p class="post-mortem">{learnt}</p> }.into_any()
    };
    html! {
        <section class="section card" aria-labelledby="updates-title">
            <div class="card-head"><h2 id="updates-title">"Timeline"</h2></div>
            {if incident.updates.is_empty() {
                html! { <p class="note">"Nobody has said anything yet."</p> }.into_any()
            } else {
                html! { <ol class="incident-updates">{items}</ol> }.into_any()
            }}
            {note}
        </section>
        <section class="section card" aria-labelledby="post-mortem-title">
            <div class="card-head"><h2 id="post-mortem-title">"Post-mortem"</h2></div>
            {post_mortem}
        </section>
    }
}

/// Whether the visitor may do something, and there is something to be done.
fn may_act(incident: &Incident, session: &Session) -> bool {
    let is_own = !matches!(
        incident.summary.status,
        IncidentStatus::Merged | IncidentStatus::Withdrawn
    );
    is_own && session.can_edit()
}

fn actions(incident: &Incident, session: &Session) -> AnyView {
    let summary = &incident.summary;
    let id = summary.id;
    let act = |action: &'static str, class: &'static str, icon: Icon, words: &'static str| {
        html! {
            <form data-api=format!("POST /api/v1/incidents/{id}/{action}") data-then=format!("/incidents/{id}")>
                <button class=class r#type="submit">{icon.view()} {words}</button>
                {refusal()}
            </form>
        }
        .into_any()
    };
    let acknowledge = summary
        .acknowledged_at
        .is_none()
        .then(|| act("acknowledge", "button button-primary", Icon::Check, "Acknowledge"));
    let end = if summary.resolved_at.is_none() {
        act("resolve", "button", Icon::Check, "Resolve")
    } else {
        act("reopen", "button", Icon::Retry, "Open again")
    };
    let me = session.email.clone();
    let (assignee, words) = if summary.assignee.as_ref() == Some(&me) {
        (String::new(), "Assign to nobody")
    } else {
        (me, "Assign to me")
    };
    let (path, then) = (format!("PUT /api/v1/incidents/{id}"), format!("/incidents/{id}"));
    html! {
        <div class="actions incident-actions">
            {acknowledge}
            {end}
            <form data-api=path.clone() data-then=then.clone()>
                <input r#type="hidden" name="assignee" value=assignee />
                <button class="button" r#type="submit">{Icon::Person.view()} {words}</button>
                {refusal()}
            </form>
            <form class="severity-form" data-api=path data-then=then>
                <span class="select">
                    <select class="input" name="severity" aria-label="Severity">{severity_options(summary.severity)}</select>
                </span>
                <button class="button" r#type="submit">"Set severity"</button>
                {refusal()}
            </form>
        </div>
    }
    .into_any()
}

/// Telling the public: one press opens what there is to say by where the incident stands, another publishes it.
fn publish(incident: &Incident) -> AnyView {
    let summary = &incident.summary;
    let id = summary.id;
    let draft = match (summary.resolved_at, summary.acknowledged_at) {
        (Some(_), _) => "The problem is solved, and everything works again.",
        (None, Some(_)) => "The problem has been found, and we are working on it.",
        (None, None) => "Some of our services have a problem. We are looking into it.",
    };
    html! {
        <details class="fold section">
            <summary><span class="fold-title">{Icon::Send.view()} " Tell the public"</span> <span class="muted">"on the status pages"</span></summary>
            <form class="incident-form" data-api=format!("POST /api/v1/incidents/{id}/updates") data-then=format!("/incidents/{id}")>
                <input r#type="hidden" name="public" data-kind="json" value="true" />
                <div class="field">
                    <label for="public-text">"Update"</label>
                    <textarea class="input" id="public-text" name="text" rows="3" required=true maxlength="4000">{draft}</textarea>
                    <p class="hint">"Shown as it is written. What the checks saw is not told."</p>
                </div>
                {refusal()}
                <div><button class="button button-primary" r#type="submit">{Icon::Send.view()} "Publish"</button></div>
            </form>
        </details>
    }
    .into_any()
}

fn outages(incident: &Incident, asked: Option<i64>) -> AnyView {
    if incident.outages.is_empty() {
        return ().into_any();
    }
    let id = incident.summary.id;
    let rows = incident
        .outages
        .iter()
        .map(|outage| html! { <li>{outage_line(id, outage, asked)}</li> })
        .collect_view();
    let more = (incident.summary.monitors as usize).saturating_sub(incident.outages.len());
    html! {
        <section class="section card" aria-labelledby="outages-title">
            <div class="card-head"><h2 id="outages-title">"What was down"</h2></div>
            <ul class="incident-list">{rows}</ul>
            {(more > 0).then(|| html! { <p class="note">{format!("and {more} more")}</p> })}
        </section>
    }
    .into_any()
}

fn outage_line(id: i32, outage: &IncidentOutage, asked: Option<i64>) -> AnyView {
    let when = match (outage.from, outage.to) {
        (None, _) => "linked by hand".into_any(),
        (Some(from), None) => html! { {instant(from)} ", and lasts" }.into_any(),
        (Some(from), Some(to)) => {
            let length = format::length((to - from).num_milliseconds());
            html! { {instant(from)} " to " {instant(to)} ", " {length} }.into_any()
        }
    };
    let withdrawn = outage.withdrawn.then(|| {
        badge(Look {
            tone: "paused",
            icon: Icon::Retry,
            word: "Not down after all",
        })
    });
    let differences = outage
        .differences
        .iter()
        .map(|difference| html! { <li>{difference.text.clone()}</li> })
        .collect_view();
    let link = outage.evidence.then(|| {
        let (href, word) = if asked == Some(outage.id) {
            (format!("/incidents/{id}"), "Hide the evidence")
        } else {
            (
                format!("/incidents/{id}?outage={}#evidence", outage.id),
                "Evidence",
            )
        };
        html! { <a class="button button-small" href=href>{Icon::Shield.view()} {word}</a> }
    });
    html! {
        <div class="outage-line">
            <div class="incident-text">
                <span><a class="quiet-link" href=format!("/monitors/{}", outage.monitor)><strong>{outage.name.clone()}</strong></a> " " {withdrawn}</span>
                <span class="muted">{when}</span>
                {outage.fault.clone().map(|fault| html! { <span>{fault}</span> })}
                {(!outage.differences.is_empty()).then(|| html! { <ul class="differences">{differences}</ul> })}
            </div>
            {link}
        </div>
    }
    .into_any()
}

fn update(update: &IncidentUpdate) -> AnyView {
    let kind = match update.kind {
        UpdateKind::Event => None,
        UpdateKind::Internal => Some("Internal"),
        UpdateKind::Public => Some("Public"),
    };
    let author = update.author.clone().unwrap_or_else(|| "Edgewatch".to_owned());
    html! {
        <li>
            <span class="muted">{instant(update.at)} " · " {author} " "</span>
            {kind.map(|kind| html! { <span class="tag">{kind}</span> })}
            <p>{update.text.clone()}</p>
        </li>
    }
    .into_any()
}
