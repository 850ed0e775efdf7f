//! Answers of public pages: encodings, validators, and how long they may be kept.

use super::{Visit, document::Document};
use crate::{
    http::{ApiError, error::ApiResult},
    state::AppState,
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use edgewatch_client::status_page::{PageAccess, PageLanguage};
use edgewatch_ui::public;

/// A snapshot is taken every ten seconds at least; who cannot reach us goes on with what it has.
const PUBLIC: HeaderValue =
    HeaderValue::from_static("public, max-age=10, stale-while-revalidate=60, stale-if-error=86400");
/// Asked for anew each time, by those who may see it.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");
/// Another picture has another address.
const LOGO: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The language that a visitor's browser asks for.
pub fn accepted_language(headers: &HeaderMap) -> PageLanguage {
    let accepted = headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    accepted.map_or_else(PageLanguage::default, public::negotiate)
}

fn is_public(visit: &Visit<'_>) -> bool {
    visit.page.snapshot.page.access == PageAccess::Public
}

/// A document in the best encoding that the visitor takes; or that it has it already.
pub fn document(visit: &Visit<'_>, document: &Document) -> Response {
    let (encoding, bytes) = best_encoding(visit.headers, document);
    let tag = format!("\"{}-{}\"", document.tag, encoding.unwrap_or("plain"));
    let is_known = visit
        .headers
        .get(header::IF_NONE_MATCH)
        .and_then(|known| known.to_str().ok())
        .is_some_and(|known| names(known, &tag));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Response::new(Body::from(bytes))
    };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    // By what is asked for: a language in the page's settings or in the address decides without it, but costs nothing.
    headers.insert(header::VARY, vary(visit));
    headers.insert(
        header::CACHE_CONTROL,
        if is_public(visit) { PUBLIC } else { PRIVATE },
    );
    if is_known {
        return response;
    }
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(document.content_type),
    );
    if let Some(policy) = &document.policy {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
    }
    if is_public(visit) && !document.content_type.starts_with("text/html") {
        // What scripts of other sites may read as well: it is public.
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    harden(headers);
    response
}

fn vary(visit: &Visit<'_>) -> HeaderValue {
    HeaderValue::from_static(if is_public(visit) {
        "accept-encoding, accept-language"
    } else {
        "accept-encoding, accept-language, cookie"
    })
}

fn harden(headers: &mut HeaderMap) {
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
}

/// A page that stands before the page, which nobody keeps.
pub fn door(page: public::Document, status: StatusCode) -> Response {
    let document = Document::html(page);
    let mut response = (status, document.plain).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(document.content_type),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    if let Some(policy) = document.policy {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    harden(headers);
    response
}

/// There is no page of that name.
pub fn no_page(state: &AppState, headers: &HeaderMap) -> Response {
    let frame = public::Frame {
        assets: state.documents.assets(),
        language: accepted_language(headers),
        is_chosen: false,
        base: "",
        origin: "",
        seen: public::Seen::At(state.clock.now()),
    };
    door(public::not_found_page(&frame), StatusCode::NOT_FOUND)
}

/// The logo. An SVG may hold scripts: none of them runs, and it loads nothing.
pub fn logo(visit: &Visit<'_>) -> ApiResult<Response> {
    let logo = visit
        .page
        .logo
        .as_ref()
        .ok_or_else(|| ApiError::not_found("logo"))?;
    let media_type = HeaderValue::try_from(&logo.media_type).map_err(ApiError::internal)?;
    let mut response = Response::new(Body::from(logo.bytes.clone()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media_type);
    headers.insert(
        header::CACHE_CONTROL,
        if is_public(visit) { LOGO } else { PRIVATE },
    );
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    );
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    harden(headers);
    Ok(response)
}

/// Whether an `If-None-Match` names a tag. Tags are strong; a proxy that has changed the encoding says so by `W/`.
fn names(known: &str, tag: &str) -> bool {
    known
        .split(',')
        .map(str::trim)
        .any(|known| known == "*" || known.trim_start_matches("W/") == tag)
}

fn best_encoding(headers: &HeaderMap, document: &Document) -> (Option<&'static str>, bytes::Bytes) {
    let accepted = headers.get_all(header::ACCEPT_ENCODING);
    let takes = |encoding: &str| {
        let values = accepted.iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|part| {
            let mut pieces = part.split(';').map(str::trim);
            let is_named = pieces
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case(encoding));
            let is_refused = pieces.any(|piece| {
                let weight = piece.strip_prefix("q=").map(str::parse::<f32>);
                weight.is_some_and(|weight| weight.is_ok_and(|weight| weight <= 0.0))
            });
            is_named && !is_refused
        })
    };
    if takes("br") {
        (Some("br"), document.brotli.clone())
    } else if takes("gzip") {
        (Some("gzip"), document.gzip.clone())
    } else {
        (None, document.plain.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_tag_is_known_by_its_whole_name() {
        let tag = "\"ab-br\"";
        for known in ["\"ab-br\"", "\"x\", \"ab-br\"", "W/\"ab-br\"", "*"] {
            assert!(names(known, tag), "{known}");
        }
        for other in ["", "\"ab-gzip\"", "ab-br", "\"ab\""] {
            assert!(!names(other, tag), "{other}");
        }
    }
}
