//! `/status-pages/{id}/subscribers`: who is told of what happens on a page.

use super::{Page, Query, form::refusal, words::moment};
use crate::{components::icon::Icon, format::Moment, session::Session};
use edgewatch_client::{
    Client,
    protocol::problem::{Problem, ProblemType},
    status_page::{StatusPageComponent, StatusPageSettings},
    subscriber::{Channel, Subscriber, SubscribersQuery},
};
use leptos::prelude::*;

/// Writes it.
pub async fn write(client: &Client, session: &Session, id: i32, query: Query<'_>) -> Result<Page, Problem> {
    if !session.can_edit() {
        return Err(Problem::new(ProblemType::Forbidden).detail("Subscribers are shown to editors."));
    }
    let page = client.get_status_page(id).await?.settings;
    let list = SubscribersQuery {
        cursor: query.get("cursor"),
        limit: None,
    };
    let subscribers = client.list_subscribers(id, &list).await?;
    let back = format!("/status-pages/{id}");
    let export = format!("/api/v1/status-pages/{id}/subscribers.csv");
    let more = subscribers.next_cursor.map(|cursor| {
        let href = format!("/status-pages/{id}/subscribers?cursor={cursor}");
        html! { <p class="note"><a class="quiet-link" href=href>"Later ones"</a></p> }
    });
    let body = if subscribers.items.is_empty() {
        html! {
            <div class="empty empty-large">
                <div class="empty-icon">{Icon::Person.view()}</div>
                <h2>"Nobody has subscribed"</h2>
                <p>"Visitors subscribe by e-mail, webhook or Slack with the bell on the page. Who has not confirmed is not listed."</p>
            </div>
        }
    } else {
        let rows = subscribers
            .items
            .iter()
            .map(|subscriber| row(id, &page, subscriber))
            .collect_view();
        html! {
            <section class="card table-card" aria-label="Subscribers">
                <div class="table-scroll" tabindex="0">
                    <table class="table">
                        <thead><tr><th scope="col">"Told at"</th><th scope="col">"By"</th><th scope="col">"Of"</th><th scope="col">"Since"</th><th scope="col">"Standing"</th><th scope="col"><span class="visually-hidden">"Remove"</span></th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
                {more}
            </section>
        }
    };
    let content = html! {
        <div class="page-head">
            <div>
                <a class="back" href=back>{Icon::ChevronLeft.view()} {page.title.clone()}</a>
                <h1>"Subscribers"</h1>
            </div>
            <a class="button" href=export download="subscribers.csv" rel="external">"Download CSV"</a>
        </div>
        {body}
    };
    Ok((format!("Subscribers of {}", page.title), content))
}

fn row(page_id: i32, page: &StatusPageSettings, subscriber: &Subscriber) -> AnyView {
    let channel = match subscriber.channel {
        Channel::Email => "E-mail",
        Channel::Webhook => "Webhook",
        Channel::Slack => "Slack",
    };
    let names: Vec<_> = subscriber
        .components
        .iter()
        .filter_map(|&id| name(&page.components, id))
        .collect();
    let of = match names.as_slice() {
        [] if subscriber.components.is_empty() => "The whole page".to_owned(),
        [] => "Nothing that is left".to_owned(),
        names => names.join(", "),
    };
    let standing = match subscriber.suspended_at {
        Some(_) => "Suspended: refused too often".to_owned(),
        None if subscriber.failures > 0 => format!("Refused {} in a row", subscriber.failures),
        None => "Fine".to_owned(),
    };
    let api = format!(
        "DELETE /api/v1/status-pages/{page_id}/subscribers/{}",
        subscriber.id
    );
    let then = format!("/status-pages/{page_id}/subscribers");
    let label = format!("Remove {}", subscriber.target);
    html! {
        <tr>
            <th scope="row">{subscriber.target.clone()}</th>
            <td>{channel}</td>
            <td>{of}</td>
            <td>{moment(subscriber.confirmed_at, Moment::Minute)}</td>
            <td>{standing}</td>
            <td>
                <form data-api=api data-then=then>
                    <button class="button button-small" r#type="submit" aria-label=label>"Remove"</button>
                    {refusal()}
                </form>
            </td>
        </tr>
    }
}

/// The name of a component or group, at whatever depth.
fn name(components: &[StatusPageComponent], id: i32) -> Option<&str> {
    components.iter().find_map(|component| {
        if component.id == Some(id) {
            Some(component.name.as_str())
        } else {
            name(&component.children, id)
        }
    })
}
