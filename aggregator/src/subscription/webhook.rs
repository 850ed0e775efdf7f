//! What is posted to URLs: messages to webhooks, signed as Standard Webhooks are (`webhook-id`, `webhook-timestamp`,
//! `webhook-signature`), and messages to Slack. It is dialled by the engine that makes checks, behind the [`SsrfGuard`],
//! and redirects are not followed.

use super::sign;
use crate::{secret::random, ssrf_guard::SsrfGuard};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use edgewatch_agent::{NativePlatform, run_check};
use edgewatch_protocol::{
    check::{
        Check, Header, HttpCheck,
        http::{BodyFormat, Method},
    },
    observation::Outcome,
    reason::Reason,
};
use sha2::{Digest as _, Sha256};
use std::{fmt, sync::Arc};
use uuid::Uuid;

/// How long a URL may take to answer.
const TIMEOUT_MS: u32 = 10_000;

/// More than this of an answer is not read.
const MAX_ANSWER_BYTES: u32 = 64 << 10;

/// A key of this many bytes signs messages.
const KEY_BYTES: usize = 32;

/// Why a message was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostError {
    /// The URL says that it is gone for good.
    Gone,
    /// Its address may not be dialled.
    Forbidden(String),
    /// Anything else; what happened, in one line.
    Failed(String),
}

impl fmt::Display for PostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("the URL is gone"),
            Self::Forbidden(why) | Self::Failed(why) => f.write_str(why),
        }
    }
}

/// What signs a webhook's messages.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(pub Vec<u8>);

impl Key {
    /// A new one.
    pub fn generate() -> Self {
        Self(random::<KEY_BYTES>().to_vec())
    }

    /// As its subscriber is shown it.
    pub fn text(&self) -> String {
        format!("whsec_{}", STANDARD.encode(&self.0))
    }

    /// The headers of a message.
    fn headers(&self, id: &str, now: DateTime<Utc>, body: &str) -> Vec<Header> {
        let timestamp = now.timestamp();
        let signature = sign(&self.0, format!("{id}.{timestamp}.{body}").as_bytes());
        let header = |name: &str, value: String| Header {
            name: name.to_owned(),
            value,
        };
        vec![
            header("webhook-id", id.to_owned()),
            header("webhook-timestamp", timestamp.to_string()),
            header("webhook-signature", format!("v1,{}", STANDARD.encode(signature))),
        ]
    }
}

/// Posts a signed message.
pub async fn post_signed(
    url: &str,
    key: &Key,
    message_id: Uuid,
    body: String,
    guard: SsrfGuard,
    now: DateTime<Utc>,
) -> Result<(), PostError> {
    let id = format!("msg_{}", message_id.simple());
    let headers = key.headers(&id, now, &body);
    post(url, headers, body, guard).await.map(|_| ())
}

/// Posts a message without a signature: the URL itself is the secret.
pub async fn post_plain(url: &str, body: String, guard: SsrfGuard) -> Result<(), PostError> {
    post(url, Vec::new(), body, guard).await.map(|_| ())
}

/// Asks a URL whether it wants messages: it does if it answers a challenge with the challenge.
pub async fn challenge(
    url: &str,
    key: &Key,
    guard: SsrfGuard,
    now: DateTime<Utc>,
) -> Result<bool, PostError> {
    let challenge = hex::encode(random::<16>());
    let body = serde_json::json!({
        "type": "subscription.challenge",
        "timestamp": now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        "challenge": challenge,
    });
    let body = body.to_string();
    let id = format!("msg_{}", Uuid::new_v4().simple());
    let headers = key.headers(&id, now, &body);
    let answered = post(url, headers, body, guard).await?;
    let is_answer = |text: String| answered.as_deref() == Some(&hex::encode(Sha256::digest(text)));
    Ok(is_answer(challenge.clone()) || is_answer(format!("{challenge}\n")))
}

/// The SHA-256 of the answer, in hex, if it was read to its end.
async fn post(
    url: &str,
    headers: Vec<Header>,
    body: String,
    guard: SsrfGuard,
) -> Result<Option<String>, PostError> {
    let check = Check::Http(HttpCheck {
        method: Method("POST".to_owned()),
        headers,
        body: Some(body),
        body_format: BodyFormat::Json,
        max_redirects: 0,
        max_body_bytes: MAX_ANSWER_BYTES,
        ..HttpCheck::get(url)
    });
    let may_dial = Arc::new(move |address| guard.check(address).map_err(|refused| refused.to_string()));
    let sight = run_check(&check, TIMEOUT_MS, &NativePlatform::new(may_dial)).await;
    let status = sight.http.as_ref().and_then(|http| http.status);
    let why = || {
        let said = status.map(|status| format!("answered with {status}"));
        said.or_else(|| sight.message.clone())
            .unwrap_or_else(|| "did not answer".to_owned())
    };
    match (&sight.outcome, status) {
        (Outcome::Up | Outcome::Degraded { .. }, _) => Ok(sight.http.and_then(|http| http.body_sha256)),
        (_, Some(410)) => Err(PostError::Gone),
        (
            Outcome::Unmeasured {
                reason: Reason::TargetForbidden,
            },
            _,
        ) => Err(PostError::Forbidden(why())),
        _ => Err(PostError::Failed(why())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_signed_as_standard_webhooks_are() {
        // The example of the specification.
        let key = Key(STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap());
        let body = r#"{"test": 2432232314}"#;
        let now = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let headers = key.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", now, body);
        let value = |name: &str| {
            headers
                .iter()
                .find(|header| header.name == name)
                .unwrap()
                .value
                .clone()
        };
        assert_eq!(value("webhook-id"), "msg_p5jXN8AQM9LWM0D4loKWxJek");
        assert_eq!(value("webhook-timestamp"), "1614265330");
        assert_eq!(
            value("webhook-signature"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert!(Key::generate().text().starts_with("whsec_"));
    }
}
