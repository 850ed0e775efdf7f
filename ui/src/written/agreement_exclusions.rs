//! What was left out of an agreement by hand, and what is to be.

use super::{
    form::{field, problem, refusal},
    words::moment,
};
use crate::{
    components::{field::input_id, icon::Icon},
    format::{self, Moment},
    session::Session,
};
use edgewatch_client::sla::{SlaDetail, SlaExclusion};
use leptos::prelude::*;

/// The exclusions, and the form for another.
pub fn exclusions(detail: &SlaDetail, session: &Session) -> AnyView {
    let can_edit = session.can_edit();
    let rows = detail
        .exclusions
        .iter()
        .map(|exclusion| row(detail, exclusion, can_edit))
        .collect_view();
    let list = if detail.exclusions.is_empty() {
        html! { <p class="note">"Nothing was left out by hand. What is left out counts for the strict figure all the same."</p> }
    } else {
        html! { <ul class="status-list">{rows}</ul> }
    };
    html! {
        <section class="section card" aria-labelledby="exclusions-title">
            <div class="card-head"><h2 id="exclusions-title">"Exclusions"</h2></div>
            {list}
            {can_edit.then(|| add(detail))}
        </section>
    }
}

fn row(detail: &SlaDetail, exclusion: &SlaExclusion, can_edit: bool) -> AnyView {
    let named = exclusion.monitors.iter().map(|id| {
        let found = detail.sla.members.iter().find(|member| member.id == *id);
        found.map_or_else(|| format!("monitor {id}"), |member| member.name.clone())
    });
    let of = if exclusion.monitors.is_empty() {
        "all monitors".to_owned()
    } else {
        named.collect::<Vec<_>>().join(", ")
    };
    let length = format::span((exclusion.to - exclusion.from).num_milliseconds());
    let withdrawn = exclusion.withdrawn_at.map(|at| {
        let by = exclusion.withdrawn_by.clone().unwrap_or_default();
        let reason = exclusion.withdrawn_reason.clone().unwrap_or_default();
        html! { <p class="muted">"Taken back by " {by} ", " {moment(at, Moment::Minute)} ": " {reason}</p> }
    });
    let take_back = (can_edit && exclusion.withdrawn_at.is_none()).then(|| {
        let api = format!("POST /api/v1/slas/{}/exclusions/{}/withdraw", detail.sla.id, exclusion.id);
        html! {
            <details class="sla-withdraw">
                <summary class="quiet-link">"Take back"</summary>
                <form data-api=api data-then=format!("/slas/{}", detail.sla.id)>
                    <input class="input input-small" name="reason" placeholder="Why" aria-label="Why it is taken back" autocomplete="off" />
                    <button class="button button-small" r#type="submit">"Take back"</button>
                    {refusal()}
                    {problem("/reason")}
                </form>
            </details>
        }
    });
    let class = if exclusion.withdrawn_at.is_some() {
        "status-row-name sla-withdrawn"
    } else {
        "status-row-name"
    };
    html! {
        <li class="status-row">
            <div class=class>
                <p>
                    <strong>{moment(exclusion.from, Moment::Minute)} " – " {moment(exclusion.to, Moment::Minute)}</strong>
                    <span class="muted">{format!(" · {length} · {of}")}</span>
                </p>
                <p>{exclusion.reason.clone()}</p>
                <p class="muted">"Entered by " {exclusion.author.clone()} ", " {moment(exclusion.entered_at, Moment::Minute)}</p>
                {withdrawn}
            </div>
            {take_back}
        </li>
    }
}

fn add(detail: &SlaDetail) -> AnyView {
    let id = detail.sla.id;
    let when = |name: &'static str, pointer: &'static str| {
        html! {
            <input class="input" r#type="datetime-local" step="60" id=input_id(pointer) name=name data-kind="moment" />
        }
    };
    let reason = html! {
        <input class="input" id=input_id("/reason") name="reason" autocomplete="off" aria-describedby="problem-reason" />
    };
    let boxes = detail
        .sla
        .members
        .iter()
        .map(|member| {
            html! {
                <label class="check">
                    <input r#type="checkbox" name="monitors" data-kind="each" value=member.id.to_string() />
                    <span>{member.name.clone()}</span>
                </label>
            }
        })
        .collect_view();
    let several = (detail.sla.members.len() > 1).then(|| {
        html! {
            <fieldset class="field">
                <legend class="label">"Monitors, none for all"</legend>
                <div class="written-choices">{boxes}</div>
                {problem("/monitors")}
            </fieldset>
        }
    });
    html! {
        <details class="fold">
            <summary><span class="fold-title">"Leave time out"</span></summary>
            <form class="written-form" data-api=format!("POST /api/v1/slas/{id}/exclusions") data-then=format!("/slas/{id}") novalidate>
                {refusal()}
                <div class="field-grid">
                    <div class="sixths-2">{field("/from", "From", "", when("from", "/from"))}</div>
                    <div class="sixths-2">{field("/to", "To", "", when("to", "/to"))}</div>
                    <div class="sixths-6">{field("/reason", "Reason", "Reports show it, with your address. It cannot be changed later, only taken back.", reason)}</div>
                    <div class="sixths-6">{several}</div>
                </div>
                <div class="actions">
                    <button class="button button-primary" r#type="submit">{Icon::Check.view()} "Leave out"</button>
                </div>
            </form>
        </details>
    }
}
