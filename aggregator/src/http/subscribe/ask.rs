//! Asking to be told: by a form or in JSON, and what is refused.

use super::{Fields, Visit, html};
use crate::{
    feed::PageAddress,
    http::{ApiError, error::ApiResult},
    ssrf_guard::SsrfGuard,
    store::{
        delivery::insert_confirmation,
        subscriber::{count_subscribers, find_by_target},
    },
    subscription::{
        Asked, SUBSCRIBERS_AT_MOST, hash_target,
        outgoing::{Confirmation, manage_url},
        own_token, parse_target, show_target,
        webhook::{Key, challenge},
    },
};
use axum::{
    Json,
    http::{StatusCode, header::CACHE_CONTROL},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use edgewatch_client::{
    status_page::PageLanguage,
    subscriber::{Channel, SubscribeRequest, SubscribeResponse, SubscribeState},
};
use edgewatch_protocol::problem::{FieldError, ProblemType};
use edgewatch_ui::public::{SubscribeForm, Texts, confirmed_page, sent_page, subscribe_page};
use std::net::IpAddr;

/// The most components that a subscription names.
const COMPONENTS_AT_MOST: usize = 200;

/// Why a subscription is not begun.
pub(super) struct Refusal {
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
    /// How one can be told. Without an address to lead back to there is nothing to send.
    fn channels(&self) -> Vec<Channel> {
        let has_address = self.address().is_some();
        let by_mail = self.state.mailer.is_some();
        Channel::ALL
            .into_iter()
            .filter(|&channel| has_address && (by_mail || channel != Channel::Email))
            .collect()
    }

    pub(super) fn form(
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

    pub(super) async fn subscribe_by_json(&self, body: &Bytes, from: Option<IpAddr>) -> ApiResult<Response> {
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

    pub(super) async fn subscribe_by_form(
        &self,
        posted: &Fields,
        from: Option<IpAddr>,
    ) -> ApiResult<Response> {
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
}
