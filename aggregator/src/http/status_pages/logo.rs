//! `/api/v1/status-pages/{id}/logo`: the picture at the head of a page.

use super::{answer, find_present};
use crate::{
    announcement::Change,
    http::{
        ApiError,
        auth::{Editor, Viewer},
        error::ApiResult,
        openapi::{Invalid, NeedsRole, NeedsSession, NotFound, STATUS_PAGES},
        parameters::PathParameter,
    },
    state::AppState,
    store::status_page::{Logo, add_change, list_logos, set_logo},
};
use axum::{
    Json,
    extract::State,
    http::{
        HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS},
    },
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use edgewatch_client::status_page::{StatusPage, StatusPageChangeKind};
use edgewatch_protocol::problem::ProblemType;
use sha2::{Digest as _, Sha256};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The longest logo, in bytes.
const BYTES_AT_MOST: usize = 256 * 1024;

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_logo, put_logo, delete_logo))
}

/// The logo of a status page, for those who edit it: visitors find it below the page's own address.
#[utoipa::path(
    get, path = "/api/v1/status-pages/{id}/logo", tag = STATUS_PAGES, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The page's number")),
    responses((status = 200, description = "The picture", content_type = "image/*"), NeedsSession, NotFound)
)]
async fn get_logo(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<Response> {
    let logo = list_logos(&state.pool, &[id]).await?.pop();
    let (_, logo) = logo.ok_or_else(|| ApiError::not_found("logo"))?;
    let media_type = HeaderValue::try_from(logo.media_type).map_err(ApiError::internal)?;
    let headers = [
        (CONTENT_TYPE, media_type),
        // An SVG that is opened by itself runs nothing.
        (
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
        ),
        (CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    Ok((headers, logo.bytes).into_response())
}

/// Sets the logo of a status page: a PNG, JPEG, WebP or SVG of at most 256 KiB as the body. What it is, its bytes say.
#[utoipa::path(
    put, path = "/api/v1/status-pages/{id}/logo", tag = STATUS_PAGES, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The page's number")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = StatusPage), NeedsRole, NotFound, Invalid)
)]
async fn put_logo(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    bytes: Bytes,
) -> ApiResult<Json<StatusPage>> {
    if bytes.len() > BYTES_AT_MOST {
        let detail = format!(
            "the picture has {} bytes, use at most {BYTES_AT_MOST}",
            bytes.len()
        );
        return Err(ApiError::new(ProblemType::TooLarge, detail));
    }
    let media_type = media_type(&bytes).ok_or_else(|| {
        let detail = "this is no PNG, JPEG, WebP or SVG picture";
        ApiError::new(ProblemType::UnsupportedMediaType, detail)
    })?;
    let logo = Logo {
        media_type: media_type.to_owned(),
        digest: Sha256::digest(&bytes).to_vec(),
        bytes: bytes.into(),
    };
    write(&state, id, session.user.user_id, Some(&logo))
        .await
        .map(Json)
}

/// Takes the logo of a status page away.
#[utoipa::path(
    delete, path = "/api/v1/status-pages/{id}/logo", tag = STATUS_PAGES, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The page's number")),
    responses((status = 204, description = "There is none any more"), NeedsRole, NotFound)
)]
async fn delete_logo(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<StatusCode> {
    write(&state, id, session.user.user_id, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn write(state: &AppState, id: i32, user_id: i32, logo: Option<&Logo>) -> ApiResult<StatusPage> {
    let now = state.clock.now();
    let mut tx = state.pool.begin().await?;
    find_present(&mut tx, id).await?;
    set_logo(&mut tx, id, logo, now).await?;
    let detail = logo.map_or_else(String::new, |logo| {
        format!("{}, {} bytes", logo.media_type, logo.bytes.len())
    });
    add_change(&mut tx, id, (user_id, now), StatusPageChangeKind::Logo, &detail).await?;
    let changed = answer(&mut tx, id).await?;
    tx.commit().await?;
    state.announce(Change::StatusPages).await;
    tracing::info!(status_page = id, user = user_id, "logo of a status page changed");
    Ok(changed)
}

/// The media type of a picture by what it begins with, whatever was said of it.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => {
            let text = std::str::from_utf8(bytes)
                .ok()?
                .trim_start_matches('\u{feff}')
                .trim_start();
            // Before the root element there may be a declaration, comments and a document type.
            let begins = ["<svg", "<?xml", "<!--", "<!DOCTYPE svg"]
                .iter()
                .any(|begin| text.starts_with(begin));
            (begins && text.contains("<svg")).then_some("image/svg+xml")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::media_type;

    #[test]
    fn a_picture_is_what_its_bytes_say() {
        let cases: [(&[u8], Option<&str>); 8] = [
            (b"\x89PNG\r\n\x1a\n0000", Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"RIFF\x04\0\0\0WEBPVP8 ", Some("image/webp")),
            (
                b"<svg xmlns='http://www.w3.org/2000/svg'/>",
                Some("image/svg+xml"),
            ),
            (
                b"\xef\xbb\xbf<?xml version='1.0'?>\n<svg/>",
                Some("image/svg+xml"),
            ),
            (b"<!DOCTYPE html><svg/>", None),
            (b"GIF89a", None),
            (b"", None),
        ];
        for (bytes, wanted) in cases {
            assert_eq!(media_type(bytes), wanted, "{bytes:?}");
        }
    }
}
