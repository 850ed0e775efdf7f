//! `/status/{slug}/subscribe`: how visitors of a status page become its subscribers, and stop being so.
//!
//! An e-mail address, or a chat, is asked by a message there; a webhook by a challenge. The answer to a visitor is the same
//! whether or not there is such a subscription already: only who reads the message learns it. What links in messages carry
//! is all that it takes to confirm, change or end a subscription, without a session, a password or a cookie.

mod ask;
mod own;
#[cfg(test)]
mod tests;

use super::{ApiError, auth::client_address, error::ApiResult, page_visit::PageVisit};
use crate::{
    state::AppState,
    status_pages::LivePage,
    store::subscriber::{NewSubscriber, put_subscriber},
    subscription::{Asked, hash_target, outgoing::page_address, seal_key, seal_target, webhook::Key},
};
use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue, Method, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY},
        request::Parts,
    },
    response::{IntoResponse as _, Response},
};
use edgewatch_client::{public_status::PublicComponent, subscriber::Channel};
use edgewatch_protocol::problem::ProblemType;
use edgewatch_ui::public::{Document, Frame, link_invalid_page};
use http_body_util::{BodyExt as _, Limited};
use url::{Url, form_urlencoded};

/// The longest body.
const MAX_BODY_BYTES: usize = 16 << 10;

/// Answers a request for a place beneath `/subscribe`; `""` is for those who may see the page, the others for who has a link.
///
/// # Errors
/// Where there is no such place, and what is the matter with a request in JSON.
pub async fn serve(
    state: &AppState,
    begun: &PageVisit,
    place: &str,
    parts: &Parts,
    body: Body,
) -> ApiResult<Response> {
    let visit = Visit {
        state,
        live: &begun.live,
        frame: begun.frame(state),
    };
    let body = Limited::new(body, MAX_BODY_BYTES).collect().await;
    let body = body
        .map_err(|_| ApiError::new(ProblemType::TooLarge, "the body is too long"))?
        .to_bytes();
    let essence = parts
        .headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let is_json = essence.is_some_and(|essence| essence.trim().starts_with("application/json"));
    let query = Fields::read(parts.uri.query().unwrap_or_default().as_bytes());
    let posted = Fields::read(&body);
    let token = || {
        posted
            .get("token")
            .or_else(|| query.get("token"))
            .unwrap_or_default()
    };
    match (place, &parts.method) {
        ("", &Method::POST) => {
            let from = client_address(&parts.headers, &parts.extensions);
            if is_json {
                visit.subscribe_by_json(&body, from).await
            } else {
                visit.subscribe_by_form(&posted, from).await
            }
        }
        ("", _) => {
            let channel = query.get("channel").and_then(|name| Channel::from_name(&name));
            Ok(visit.form(channel, String::new(), Vec::new(), None))
        }
        ("confirm", &Method::POST) => visit.confirm(&token()).await,
        ("confirm", _) => Ok(visit.ask_to_confirm(&token())),
        ("manage", &Method::POST) => visit.manage(&token(), &posted).await,
        // One click in a mail program is a `POST`; who opens the address sees what it is about.
        ("manage" | "unsubscribe", &Method::GET) => visit.show_own(&token(), false).await,
        ("unsubscribe", &Method::POST) => visit.unsubscribe(&token()).await,
        _ => Err(ApiError::not_found("page")),
    }
}

/// A page that somebody is at.
struct Visit<'a> {
    state: &'a AppState,
    live: &'a LivePage,
    /// What it is rendered with.
    frame: Frame<'a>,
}

impl Visit<'_> {
    fn page(&self) -> i32 {
        self.live.stored.id
    }

    /// The page's address in messages.
    fn address(&self) -> Option<Url> {
        page_address(&self.live.snapshot.page, &self.state.settings())
    }

    /// The subscriber that comes of it; its number, unless there is one already.
    async fn put(&self, asked: &Asked, key: Option<&Key>) -> ApiResult<Option<i32>> {
        let secrets = &self.state.secrets;
        let sealed_key = key.map(|key| seal_key(secrets, asked.page, &key.0));
        let new = NewSubscriber {
            page: asked.page,
            channel: asked.channel,
            target: &seal_target(secrets, asked.page, &asked.target),
            target_hash: &hash_target(secrets, asked.page, asked.channel, &asked.target),
            components: &asked.components,
            language: asked.language,
            secret: sealed_key.as_deref(),
        };
        let id = put_subscriber(&self.state.pool, new, self.state.clock.now()).await?;
        if let Some(id) = id {
            tracing::info!(
                page = asked.page,
                subscriber = id,
                channel = asked.channel.as_str(),
                "subscription begun"
            );
        }
        Ok(id)
    }

    fn link_invalid(&self) -> Response {
        html(
            link_invalid_page(&self.frame, &self.live.snapshot.page),
            StatusCode::NOT_FOUND,
        )
    }

    /// Those of these components that the page has, each once.
    fn known(&self, components: &[i32]) -> Vec<i32> {
        fn collect(tree: &[PublicComponent], found: &mut Vec<i32>) {
            for component in tree {
                found.push(component.id);
                collect(&component.children, found);
            }
        }
        let mut all = Vec::new();
        collect(&self.live.snapshot.components, &mut all);
        all.retain(|id| components.contains(id));
        all
    }
}

/// The fields of a form or a query.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn read(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    fn get(&self, name: &str) -> Option<String> {
        let found = self.0.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.clone())
    }

    fn components(&self) -> Vec<i32> {
        let values = self.0.iter().filter(|(name, _)| name == "component");
        values.filter_map(|(_, value)| value.parse().ok()).collect()
    }
}

/// A page for one visitor: nobody keeps it, and nobody is told of the token in its address.
fn html(document: Document, status: StatusCode) -> Response {
    let policy =
        HeaderValue::try_from(document.policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CONTENT_SECURITY_POLICY, policy),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (
            HeaderName::from_static("x-robots-tag"),
            HeaderValue::from_static("noindex"),
        ),
    ];
    (status, headers, document.html).into_response()
}
