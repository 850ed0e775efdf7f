//! `/status-pages`: what is shown to the public, and what was removed and can be had back.

use super::{Page, Query, form::refusal, words::moment};
use crate::{
    components::icon::Icon,
    format::{self, Moment},
    public::{Texts, looks::of_state},
    session::Session,
};
use edgewatch_client::{
    Client,
    protocol::problem::Problem,
    status_page::{PageAccess, PageLanguage, StatusPageSummary},
};
use leptos::prelude::*;

/// Writes it. `?removed=` names the page that was removed just now.
pub async fn write(client: &Client, session: &Session, query: Query<'_>) -> Result<Page, Problem> {
    let pages = client.list_status_pages(false).await?;
    let removed = client.list_status_pages(true).await?;
    let just_now = query
        .read::<i32>("removed")
        .and_then(|id| removed.iter().find(|page| page.id == id))
        .filter(|_| session.can_edit())
        .map(undo);
    let add = || {
        session.can_edit().then(|| {
            html! { <a class="button button-primary" href="/status-pages/new">{Icon::Plus.view()} "New status page"</a> }
        })
    };
    let is_empty = pages.is_empty();
    let body = if is_empty {
        html! {
            <div class="empty empty-large">
                <div class="empty-icon">{Icon::Screen.view()}</div>
                <h2>"No status page yet"</h2>
                <p>
                    "A status page tells your users how things are: components with their last 90 days, incidents with your updates, and planned maintenance. They see the names that you give, and nothing of your monitors."
                </p>
                {add()}
            </div>
        }
    } else {
        let rows = pages.iter().map(row).collect_view();
        html! { <ul class="card status-list">{rows}</ul> }
    };
    let content = html! {
        <div class="page-head">
            <div>
                <h1>"Status pages"</h1>
                <p class="page-sub">{format::counted(pages.len(), "page")}</p>
            </div>
            {(!is_empty).then(add)}
        </div>
        {just_now}
        {body}
        {(!removed.is_empty()).then(|| bin(&removed, session))}
    };
    Ok(("Status pages".to_owned(), content))
}

/// Where a page is, as the public reaches it.
pub fn address(slug: &str) -> String {
    format!("/status/{slug}")
}

fn row(page: &StatusPageSummary) -> AnyView {
    let access = match page.access {
        PageAccess::Public => None,
        PageAccess::Password => Some("Password"),
        PageAccess::SignedIn => Some("Signed-in users"),
    };
    let host = page.host.clone().map(|host| html! { <span>{host}</span> });
    html! {
        <li class="status-row">
            <div class="status-row-name">
                <h2><a href=format!("/status-pages/{}", page.id)>{page.title.clone()}</a></h2>
                <p class="muted status-row-facts">
                    <a class="quiet-link" href=address(&page.slug) target="_blank" rel="external noopener">
                        {address(&page.slug)} {Icon::External.view()}
                    </a>
                    {host}
                    <span>{format::counted(page.components as usize, "component")}</span>
                    <span>"changed " {moment(page.updated_at, Moment::Minute)}</span>
                </p>
            </div>
            {access.map(|access| html! { <span class="tag">{access}</span> })}
            {page.state.map(|state| of_state(state).badge(Texts(PageLanguage::En)))}
        </li>
    }
}

/// What was removed just now can be had back at once.
fn undo(page: &StatusPageSummary) -> AnyView {
    let title = page.title.clone();
    html! {
        <div class="alert tone-paused status-undo" role="status">
            <span>"“" {title} "” was removed."</span>
            {restore(page)}
        </div>
    }
}

fn restore(page: &StatusPageSummary) -> AnyView {
    let id = page.id;
    html! {
        <form data-api=format!("POST /api/v1/status-pages/{id}/restore") data-then=format!("/status-pages/{id}")>
            <button class="button button-small" r#type="submit">{Icon::Retry.view()} "Undo"</button>
            {refusal()}
        </form>
    }
}

fn bin(removed: &[StatusPageSummary], session: &Session) -> AnyView {
    let rows = removed
        .iter()
        .map(|page| {
            let at = page.deleted_at.map(|at| html! { "removed " {moment(at, Moment::Minute)} });
            html! {
                <li class="status-row">
                    <div class="status-row-name"><strong>{page.title.clone()}</strong> <p class="muted">{at}</p></div>
                    {session.can_edit().then(|| restore(page))}
                </li>
            }
        })
        .collect_view();
    html! {
        <details class="fold section">
            <summary><span class="fold-title">"Removed"</span> <span class="muted">"for 30 days they can be had back"</span></summary>
            <ul class="status-list">{rows}</ul>
        </details>
    }
}
