//! `/status/{slug}/subscribe`: how visitors of a status page become its subscribers, and stop being so.
//!
//! An e-mail address, or a chat, is asked by a message there; a webhook by a challenge. The answer to a visitor is the same
//! whether or not there is such a subscription already: only who reads the message learns it. What links in messages carry
//! is all that it takes to confirm, change or end a subscription, without a session, a password or a cookie.

use super::{ApiError, auth::client_address, error::ApiResult, page_visit::PageVisit};
use crate::{
    feed::PageAddress,
    ssrf_guard::SsrfGuard,
    state::AppState,
    status_pages::LivePage,
    store::{
        delivery::insert_confirmation,
        subscriber::{
            NewSubscriber, StoredSubscriber, change_subscriber, count_subscribers, delete_subscriber,
            find_by_target, find_subscriber, put_subscriber,
        },
    },
    subscription::{
        Asked, SUBSCRIBERS_AT_MOST, hash_target, open_target,
        outgoing::{Confirmation, manage_url, page_address},
        own_token, parse_target, read_own_token, seal_key, seal_target, show_target,
        webhook::{Key, challenge},
    },
};
use axum::{
    Json,
    body::Body,
    http::{
        HeaderName, HeaderValue, Method, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY},
        request::Parts,
    },
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use edgewatch_client::{
    public_status::PublicComponent,
    status_page::PageLanguage,
    subscriber::{Channel, SubscribeRequest, SubscribeResponse, SubscribeState},
};
use edgewatch_protocol::problem::{FieldError, ProblemType};
use edgewatch_ui::public::{
    Document, Frame, OwnSubscription, SubscribeForm, Texts, confirm_page, confirmed_page, ended_page,
    link_invalid_page, manage_page, sent_page, subscribe_page,
};
use http_body_util::{BodyExt as _, Limited};
use std::net::IpAddr;
use url::{Url, form_urlencoded};

/// The longest body.
const MAX_BODY_BYTES: usize = 16 << 10;

/// The most components that a subscription names.
const COMPONENTS_AT_MOST: usize = 200;

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

/// Why a subscription is not begun.
struct Refusal {
    kind: ProblemType,
    pointer: &'static str,
    /// A message of the page.
    key: &'static str,
}

impl Refusal {
    fn of(kind: ProblemType, pointer: &'static str, key: &'static str) -> Self {
        Self { kind, pointer, key }
    }
}

/// What became of a request.
enum Begun {
    Sent,
    Confirmed { id: i32, key: Key },
}

impl Visit<'_> {
    fn page(&self) -> i32 {
        self.live.stored.id
    }

    /// The page's address in messages.
    fn address(&self) -> Option<Url> {
        page_address(&self.live.snapshot.page, &self.state.settings())
    }

    /// How one can be told. Without an address to lead back to there is nothing to send.
    fn channels(&self) -> Vec<Channel> {
        let has_address = self.address().is_some();
        let by_mail = self.state.mailer.is_some();
        Channel::ALL
            .into_iter()
            .filter(|&channel| has_address && (by_mail || channel != Channel::Email))
            .collect()
    }

    async fn subscribe_by_json(&self, body: &Bytes, from: Option<IpAddr>) -> ApiResult<Response> {
        let request: SubscribeRequest = serde_json::from_slice(body)
            .map_err(|error| ApiError::new(ProblemType::Malformed, error.to_string()))?;
        let texts = Texts(PageLanguage::En);
        let problem = |refusal: &Refusal| {
            let detail = texts.say(refusal.key);
            if refusal.kind == ProblemType::Validation {
                let pointer = refusal.pointer.to_owned();
                return ApiError::validation(vec![FieldError { pointer, detail }]);
            }
            ApiError::new(refusal.kind, detail)
        };
        let begun = match self.begin(&request, from).await? {
            Ok(begun) => begun,
            Err(refusal) => return Err(problem(&refusal)),
        };
        let (status, answer) = match begun {
            Begun::Sent => (
                StatusCode::ACCEPTED,
                SubscribeResponse {
                    state: SubscribeState::Sent,
                    secret: None,
                    manage_url: None,
                },
            ),
            Begun::Confirmed { id, key } => (
                StatusCode::CREATED,
                SubscribeResponse {
                    state: SubscribeState::Confirmed,
                    secret: Some(key.text()),
                    manage_url: self.address().map(|address| {
                        manage_url(&self.state.secrets, &PageAddress::new(&address), self.page(), id)
                    }),
                },
            ),
        };
        Ok((status, [(CACHE_CONTROL, "no-store")], Json(answer)).into_response())
    }

    async fn subscribe_by_form(&self, posted: &Fields, from: Option<IpAddr>) -> ApiResult<Response> {
        let request = SubscribeRequest {
            channel: posted
                .get("channel")
                .and_then(|name| Channel::from_name(&name))
                .unwrap_or(Channel::Email),
            target: posted.get("target").unwrap_or_default(),
            components: self.known(&posted.components()),
            language: None,
        };
        Ok(match self.begin(&request, from).await? {
            Ok(Begun::Sent) => html(
                sent_page(&self.frame, &self.live.snapshot.page),
                StatusCode::ACCEPTED,
            ),
            Ok(Begun::Confirmed { id, key }) => {
                let token = own_token(&self.state.secrets, self.page(), id);
                let shown = show_target(request.channel, &request.target);
                let secret = Some(key.text());
                html(
                    confirmed_page(
                        &self.frame,
                        &self.live.snapshot.page,
                        &shown,
                        &token,
                        secret.as_deref(),
                    ),
                    StatusCode::CREATED,
                )
            }
            Err(refusal) => self.form(
                Some(request.channel),
                request.target,
                request.components,
                Some(&refusal),
            ),
        })
    }

    /// Begins a subscription, or has somebody asked to.
    async fn begin(
        &self,
        request: &SubscribeRequest,
        from: Option<IpAddr>,
    ) -> ApiResult<Result<Begun, Refusal>> {
        use ProblemType::{Conflict, RateLimited, Validation};
        let (state, page, now) = (self.state, self.page(), self.state.clock.now());
        let refuse = |kind, pointer, key| Ok(Err(Refusal::of(kind, pointer, key)));
        let Some(address) = self
            .address()
            .filter(|_| self.channels().contains(&request.channel))
        else {
            return refuse(Validation, "/channel", "subscribe-off");
        };
        let guard = SsrfGuard {
            allow_private_targets: state.settings().allow_private_targets,
        };
        let target = match parse_target(request.channel, &request.target, guard) {
            Ok(target) => target,
            Err(key) => return refuse(Validation, "/target", key),
        };
        if self.known(&request.components).len() < request.components.len()
            || request.components.len() > COMPONENTS_AT_MOST
        {
            let detail = "names a component that this page does not have, or one twice".to_owned();
            let pointer = "/components".to_owned();
            return Err(ApiError::validation(vec![FieldError { pointer, detail }]));
        }
        let hash = hash_target(&state.secrets, page, request.channel, &target);
        if state.subscribe_limit.take(page, &hash, from, now).is_err() {
            return refuse(RateLimited, "", "subscribe-too-often");
        }
        if count_subscribers(&state.pool, page).await? >= SUBSCRIBERS_AT_MOST {
            return refuse(Conflict, "", "subscribe-full");
        }
        let language = request.language.unwrap_or(self.frame.language);
        let known = find_by_target(&state.pool, page, request.channel, &hash).await?;
        let asked = Asked::new(
            page,
            request.channel,
            target,
            request.components.clone(),
            language,
            now,
        );
        if request.channel != Channel::Webhook {
            let confirmation = Confirmation {
                asked,
                known,
                page: self.live.snapshot.page.title.clone(),
                address,
            };
            insert_confirmation(&state.pool, &confirmation.seal(&state.secrets), now).await?;
            return Ok(Ok(Begun::Sent));
        }
        // Who knows the URL of a webhook may send there: it need not be hidden from them.
        if known.is_some() {
            return refuse(Conflict, "/target", "subscribe-url-known");
        }
        let key = Key::generate();
        match challenge(&asked.target, &key, guard, now).await {
            Ok(true) => {}
            Ok(false) => return refuse(Validation, "/target", "subscribe-url-silent"),
            Err(error) => {
                tracing::info!(page, %error, "a webhook was not confirmed");
                return refuse(Validation, "/target", "subscribe-url-silent");
            }
        }
        match self.put(&asked, Some(&key)).await? {
            Some(id) => Ok(Ok(Begun::Confirmed { id, key })),
            None => refuse(Conflict, "/target", "subscribe-url-known"),
        }
    }

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

    fn ask_to_confirm(&self, token: &str) -> Response {
        match Asked::read(&self.state.secrets, self.page(), token, self.state.clock.now()) {
            Some(asked) => {
                let shown = show_target(asked.channel, &asked.target);
                html(
                    confirm_page(&self.frame, &self.live.snapshot.page, token, &shown),
                    StatusCode::OK,
                )
            }
            None => self.link_invalid(),
        }
    }

    async fn confirm(&self, token: &str) -> ApiResult<Response> {
        let now = self.state.clock.now();
        let Some(mut asked) = Asked::read(&self.state.secrets, self.page(), token, now) else {
            return Ok(self.link_invalid());
        };
        asked.components = self.known(&asked.components);
        let Some(id) = self.put(&asked, None).await? else {
            return Ok(self.link_invalid());
        };
        let token = own_token(&self.state.secrets, self.page(), id);
        let shown = show_target(asked.channel, &asked.target);
        let page = &self.live.snapshot.page;
        Ok(html(
            confirmed_page(&self.frame, page, &shown, &token, None),
            StatusCode::OK,
        ))
    }

    async fn find_own(&self, token: &str) -> ApiResult<Option<StoredSubscriber>> {
        let Some(id) = read_own_token(&self.state.secrets, self.page(), token) else {
            return Ok(None);
        };
        Ok(find_subscriber(&self.state.pool, self.page(), id).await?)
    }

    async fn show_own(&self, token: &str, is_saved: bool) -> ApiResult<Response> {
        let Some(own) = self.find_own(token).await? else {
            return Ok(self.link_invalid());
        };
        let target = open_target(&self.state.secrets, own.page, &own.target).unwrap_or_default();
        let shown = OwnSubscription {
            token: token.to_owned(),
            target: show_target(own.channel, &target),
            components: own.components,
            language: own.language,
            is_saved,
        };
        let snapshot = &self.live.snapshot;
        let page = manage_page(&self.frame, &snapshot.page, &snapshot.components, &shown);
        Ok(html(page, StatusCode::OK))
    }

    async fn manage(&self, token: &str, posted: &Fields) -> ApiResult<Response> {
        let Some(own) = self.find_own(token).await? else {
            return Ok(self.link_invalid());
        };
        let components = self.known(&posted.components());
        let language = posted
            .get("language")
            .and_then(|tag| PageLanguage::from_tag(&tag))
            .unwrap_or(own.language);
        change_subscriber(&self.state.pool, own.page, own.id, &components, language).await?;
        self.show_own(token, true).await
    }

    async fn unsubscribe(&self, token: &str) -> ApiResult<Response> {
        let Some(id) = read_own_token(&self.state.secrets, self.page(), token) else {
            return Ok(self.link_invalid());
        };
        // A second click finds nothing, and that is what was wanted.
        if delete_subscriber(&self.state.pool, self.page(), id).await? {
            tracing::info!(page = self.page(), subscriber = id, "subscription ended");
        }
        Ok(html(
            ended_page(&self.frame, &self.live.snapshot.page),
            StatusCode::OK,
        ))
    }

    fn link_invalid(&self) -> Response {
        html(
            link_invalid_page(&self.frame, &self.live.snapshot.page),
            StatusCode::NOT_FOUND,
        )
    }

    fn form(
        &self,
        channel: Option<Channel>,
        target: String,
        components: Vec<i32>,
        refusal: Option<&Refusal>,
    ) -> Response {
        let channels = self.channels();
        let first = channels.first().copied().unwrap_or(Channel::Email);
        let off = channels.is_empty().then_some("subscribe-off");
        let form = SubscribeForm {
            channel: channel
                .filter(|channel| channels.contains(channel))
                .unwrap_or(first),
            target,
            components,
            problem: refusal.map(|refusal| refusal.key).or(off),
        };
        let status = match refusal.map(|refusal| refusal.kind) {
            None => StatusCode::OK,
            Some(ProblemType::RateLimited) => StatusCode::TOO_MANY_REQUESTS,
            Some(ProblemType::Conflict) => StatusCode::CONFLICT,
            Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let snapshot = &self.live.snapshot;
        html(
            subscribe_page(
                &self.frame,
                &snapshot.page,
                &snapshot.components,
                &channels,
                &form,
            ),
            status,
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

#[cfg(test)]
mod tests;
