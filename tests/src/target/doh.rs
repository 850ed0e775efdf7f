//! The scripted resolver, DNS over HTTPS (RFC 8484). What a name resolves to is told in `names.rs`.

use super::names::{self, Answer, Way};
use axum::{
    body::Bytes,
    extract::Query,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::{collections::BTreeMap, future};

const MEDIA_TYPE: &str = "application/dns-message";

/// `GET /dns-query?dns=…`.
pub(super) async fn answer_get(Query(query): Query<BTreeMap<String, String>>) -> Response {
    let question = query.get("dns").and_then(|dns| URL_SAFE_NO_PAD.decode(dns).ok());
    match question {
        Some(question) => answer(&question).await,
        None => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// `POST /dns-query`.
pub(super) async fn answer_post(question: Bytes) -> Response {
    answer(&question).await
}

async fn answer(question: &[u8]) -> Response {
    match names::answer(question, Way::Https).await {
        Answer::Bytes(bytes) => ([(header::CONTENT_TYPE, MEDIA_TYPE)], bytes).into_response(),
        Answer::Http(status) => status.into_response(),
        Answer::Unreadable => StatusCode::BAD_REQUEST.into_response(),
        Answer::Never => future::pending().await,
    }
}
