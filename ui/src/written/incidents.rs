//! `/incidents`: what goes on, and what is over.

use super::{Page, Query, form::refusal, words::moment};
use crate::{
    components::{
        field::input_id,
        icon::Icon,
        state_badge::{Look, badge, mark},
    },
    format::{self, Moment},
    session::Session,
};
use edgewatch_client::{
    Client,
    incident::{IncidentStatus, IncidentSummary, IncidentsQuery, Severity},
    protocol::problem::Problem,
};
use leptos::prelude::*;

/// The look of a severity.
pub fn of_severity(severity: Severity) -> Look {
    let (tone, icon, word) = match severity {
        Severity::Advisory => ("unknown", Icon::Question, "Advisory"),
        Severity::Minor => ("degraded", Icon::Warning, "Minor"),
        Severity::Major => ("down", Icon::Cross, "Major"),
        Severity::Critical => ("down", Icon::Bolt, "Critical"),
    };
    Look { tone, icon, word }
}

/// The look of a status.
pub fn of_status(status: IncidentStatus) -> Look {
    let (tone, icon, word) = match status {
        IncidentStatus::Open => ("down", Icon::Warning, "Open"),
        IncidentStatus::Acknowledged => ("degraded", Icon::Person, "Acknowledged"),
        IncidentStatus::Resolved => ("up", Icon::Check, "Resolved"),
        IncidentStatus::Withdrawn => ("paused", Icon::Retry, "Withdrawn"),
        IncidentStatus::Merged => ("paused", Icon::Steps, "Merged"),
    };
    Look { tone, icon, word }
}

/// Writes it. `?show=all` shows those that are over, too, and `?monitor=` all of one monitor.
pub async fn write(client: &Client, session: &Session, query: Query<'_>) -> Result<Page, Problem> {
    let monitor = query.read::<i32>("monitor");
    let is_all = query.get("show").is_some() || monitor.is_some();
    let page = client
        .list_incidents(&IncidentsQuery {
            open: (!is_all).then_some(true),
            monitor,
            limit: None,
            cursor: query.get("cursor"),
        })
        .await?;
    let of_monitor = monitor.map(|id| format!("&monitor={id}")).unwrap_or_default();
    let tab = |href: &'static str, word: &'static str, is_here: bool| {
        html! { <a href=href aria-current=is_here.then_some("page")>{word}</a> }
    };
    let about = if monitor.is_some() {
        "Of one monitor"
    } else {
        "Opened by confirmed outages, and by hand"
    };
    let older = page.next_cursor.map(|cursor| {
        let href = format!("/incidents?show=all&cursor={cursor}{of_monitor}");
        html! { <p class="note"><a class="quiet-link" href=href>"Older"</a></p> }
    });
    let body = if page.items.is_empty() {
        html! {
            <div class="empty empty-large">
                <div class="empty-icon">{Icon::Check.view()}</div>
                <h2>{if is_all { "There has been none" } else { "Nothing goes on" }}</h2>
                <p>"A confirmed outage opens an incident here by itself, with the evidence from every region."</p>
            </div>
        }
    } else {
        let rows = page.items.iter().map(row).collect_view();
        html! { <section class="card" aria-label="Incidents"><ul class="incident-list">{rows}</ul>{older}</section> }
    };
    let content = html! {
        <div class="page-head">
            <div>
                <h1>"Incidents"</h1>
                <p class="page-sub">{about}</p>
            </div>
            <nav class="segments" aria-label="Which">
                {tab("/incidents", "Open", !is_all)}
                {tab("/incidents?show=all", "All", is_all && monitor.is_none())}
            </nav>
        </div>
        {body}
        {session.can_edit().then(|| new_incident(monitor))}
    };
    Ok(("Incidents".to_owned(), content))
}

fn row(incident: &IncidentSummary) -> AnyView {
    let opened_ms = incident.opened_at.timestamp_millis();
    let length = match incident.resolved_at {
        Some(end) => format::length(end.timestamp_millis() - opened_ms),
        None => "goes on".to_owned(),
    };
    html! {
        <li>
            <a class="incident-row" href=format!("/incidents/{}", incident.id)>
                {mark(of_severity(incident.severity))}
                <span class="incident-text">
                    <strong>{incident.title.clone()}</strong>
                    <span class="muted">{incident.fault.clone()}</span>
                </span>
                {badge(of_status(incident.status))}
                <span class="incident-when">{moment(incident.opened_at, Moment::Second)} <span class="muted">{length}</span></span>
            </a>
        </li>
    }
}

/// Severities to choose from.
pub fn severity_options(chosen: Severity) -> AnyView {
    let options = Severity::ALL.into_iter().rev().map(|severity| {
        html! { <option value=severity.as_str() selected=severity == chosen>{of_severity(severity).word}</option> }
    });
    options.collect_view().into_any()
}

/// Opens one by hand; of the monitor that the list is of.
fn new_incident(monitor: Option<i32>) -> AnyView {
    let monitors = monitor.map_or_else(|| "[]".to_owned(), |id| format!("[{id}]"));
    html! {
        <details class="section card incident-new">
            <summary class="quiet-link">"Open an incident by hand"</summary>
            <form class="incident-form" data-api="POST /api/v1/incidents" data-then="/incidents/{id}">
                <input r#type="hidden" name="monitors" value=monitors data-kind="json" />
                <div class="field">
                    <label for=input_id("/title")>"Title"</label>
                    <input class="input" id=input_id("/title") name="title" required=true maxlength="200" />
                </div>
                <div class="field">
                    <label for=input_id("/severity")>"Severity"</label>
                    <span class="select"><select class="input" id=input_id("/severity") name="severity">{severity_options(Severity::Major)}</select></span>
                </div>
                {refusal()}
                <div><button class="button button-primary" r#type="submit">"Open"</button></div>
            </form>
        </details>
    }
}
