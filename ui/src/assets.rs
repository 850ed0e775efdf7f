//! The built assets: embedded, content-hashed, compressed beforehand.

use axum::{
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use std::{borrow::Cow, collections::BTreeMap, path, sync::Arc};

/// What `ui/build.mjs` made. In debug builds it is read from the disk at each start, in release builds it is embedded.
#[derive(rust_embed::RustEmbed)]
#[folder = "dist"]
#[allow_missing = true]
struct Dist;

/// The addresses of the built assets.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    /// From the plain name (`app.js`) to the hashed one (`app-1a2b3c4d.js`).
    hashed: Arc<BTreeMap<String, String>>,
}

impl Assets {
    /// The assets that this build holds. Without any (nobody ran `ui/build.mjs`) the pages come without style and do
    /// not become live; that is logged as an error.
    pub fn embedded() -> Self {
        let hashed = Dist::get("manifest.json")
            .and_then(|file| serde_json::from_slice::<BTreeMap<String, String>>(&file.data).ok())
            .unwrap_or_default();
        if hashed.is_empty() {
            tracing::error!(
                "the dashboard's assets are not built: pages have no style and are not live; build them with ui/build.mjs"
            );
        }
        Self {
            hashed: Arc::new(hashed),
        }
    }

    /// What public pages refer to, by its hashed name: styles, scripts and fonts.
    pub fn of_public_pages(&self) -> Vec<&str> {
        let is_of_them = |name: &str| matches!(name, "public.css" | "public.js" | "favicon.svg");
        let named = self.hashed.iter().filter(|(name, _)| is_of_them(name));
        let mut files: Vec<_> = named.map(|(_, hashed)| hashed.as_str()).collect();
        let style = self.hashed.get("public.css").and_then(|hashed| Dist::get(hashed));
        let style = style.map(|file| String::from_utf8_lossy(&file.data).into_owned());
        let fonts = self.hashed.values().filter(|hashed| {
            let is_font = path::Path::new(hashed)
                .extension()
                .is_some_and(|extension| extension == "woff2");
            is_font
                && style
                    .as_ref()
                    .is_some_and(|style| style.contains(hashed.as_str()))
        });
        files.extend(fonts.map(String::as_str));
        files
    }

    /// A built file by its hashed name: its media type and its bytes.
    pub fn file(name: &str) -> Option<(&'static str, Cow<'static, [u8]>)> {
        let file = Dist::get(name)?;
        Some((content_type(name), file.data))
    }

    /// The address of an asset, if it was built.
    pub fn url(&self, name: &str) -> Option<String> {
        self.hashed.get(name).map(|hashed| format!("/assets/{hashed}"))
    }
}

/// `GET /assets/{name}`: a hashed asset, in the best encoding that the visitor takes. It never changes.
pub async fn get_asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let is_variant = matches!(name.rsplit_once('.'), Some((_, "br" | "gz"))) || name == "manifest.json";
    let Some(plain) = (!is_variant).then(|| Dist::get(&name)).flatten() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok());
    let variant = [("br", "br"), ("gzip", "gz")]
        .into_iter()
        .find_map(|(encoding, extension)| {
            let file = accepts(accepted?, encoding).then(|| Dist::get(&format!("{name}.{extension}")))??;
            Some((encoding, file.data))
        });
    let (encoding, data) = match variant {
        Some((encoding, data)) => (Some(encoding), data),
        None => (None, plain.data),
    };
    let body = match data {
        Cow::Borrowed(bytes) => axum::body::Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    let constant = HeaderValue::from_static;
    headers.insert(header::CONTENT_TYPE, constant(content_type(&name)));
    headers.insert(
        header::CACHE_CONTROL,
        constant("public, max-age=31536000, immutable"),
    );
    headers.insert(header::VARY, constant("accept-encoding"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, constant("nosniff"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, constant(encoding));
    }
    response
}

/// Whether an `Accept-Encoding` names an encoding without forbidding it (`q=0`).
fn accepts(header: &str, encoding: &str) -> bool {
    header.split(',').any(|part| {
        let mut pieces = part.split(';').map(str::trim);
        let named = pieces
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let forbidden = pieces.any(|piece| {
            piece
                .strip_prefix("q=")
                .is_some_and(|q| q.trim().parse::<f32>().is_ok_and(|q| q <= 0.0))
        });
        named && !forbidden
    })
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_taken_when_named_and_not_forbidden() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("BR;q=0.5", "br"));
        assert!(!accepts("gzip, br;q=0", "br"));
        assert!(!accepts("brotli", "br"));
        assert!(!accepts("", "gzip"));
    }

    #[tokio::test]
    async fn what_was_not_built_is_not_found() {
        for name in ["nothing.js", "manifest.json", "../Cargo.toml"] {
            let response = get_asset(Path(name.to_owned()), HeaderMap::new()).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{name}");
        }
    }
}
