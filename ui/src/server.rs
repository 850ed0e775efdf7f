//! What the aggregator mounts: the pages and their assets.

use crate::{
    app::App,
    assets::{Assets, get_asset},
    verify_page::verify_page,
};
use axum::{
    Router,
    http::{HeaderName, HeaderValue, header, request::Parts},
    routing::get,
};
use edgewatch_client::{Client, transport::in_process::InProcess};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_meta::MetaTags;
use tower_http::compression::CompressionLayer;

/// Serves the dashboard: `GET /assets/*`, `GET /verify`, and a page for every other path (unknown ones get the "not found" page with
/// status 404). `api` answers `/api/v1/*`; pages read their data from it in process, with the visitor's cookies.
///
/// Mount it as the fallback of the whole application: `api.clone().fallback_service(router(api, Assets::embedded()))`.
pub fn router(api: Router, assets: Assets) -> Router {
    if !ERASED {
        tracing::error!(
            "the dashboard was compiled without `--cfg erase_components`: its pages do not become live"
        );
    }
    // Already set where a host renders with Leptos elsewhere too: then that one serves.
    let _ = any_spawner::Executor::init_tokio();
    let context = move || {
        let headers = use_context::<Parts>()
            .map(|parts| parts.headers)
            .unwrap_or_default();
        provide_context(Client::new(InProcess::new(api.clone(), &headers)));
    };
    #[cfg(debug_assertions)]
    let styleguide = {
        let assets = assets.clone();
        leptos_axum::render_app_async(move || {
            set_security_headers();
            leptos_meta::provide_meta_context();
            let page = view! {
                <leptos_meta::Title text="Styleguide · Edgewatch" />
                {crate::styleguide::styleguide()}
            };
            document(&assets, false, page.into_any())
        })
    };
    let verify = {
        let assets = assets.clone();
        get(async move || verify_page(&assets)).layer(CompressionLayer::new())
    };
    let page = leptos_axum::render_app_async_with_context(context, move || {
        set_security_headers();
        document(&assets, true, view! { <App /> }.into_any())
    });
    let router = Router::new()
        .route("/assets/{*name}", get(get_asset))
        .route("/verify", verify);
    #[cfg(debug_assertions)]
    let router = router.route("/styleguide", get(styleguide));
    router.fallback(get(page).layer(CompressionLayer::new()))
}

/// Whether views are compiled as the browser's are, which `ui/build.mjs` compiles with `--cfg erase_components`.
const ERASED: bool = cfg!(erase_components);

/// Only our own files run, and the few inline scripts that carry this answer's nonce (the data that the browser takes over).
fn set_security_headers() {
    let Some(response) = use_context::<ResponseOptions>() else {
        return;
    };
    let nonce = leptos::nonce::use_nonce()
        .map(|nonce| nonce.to_string())
        .unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
    let constants = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    for (name, value) in constants {
        response.insert_header(name, HeaderValue::from_static(value));
    }
}

/// The HTML document around a page, which the browser takes over if it is `live`.
fn document(assets: &Assets, live: bool, page: AnyView) -> impl IntoView + use<> {
    // Views that were compiled in one way cannot be taken over by views that were compiled in the other.
    let script = assets.url("app.js").filter(|_| ERASED && live);
    let wasm = assets.url("app.wasm").filter(|_| live);
    let font = assets.url("inter-latin.woff2");
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="color-scheme" content="light dark" />
                // Before the style, and blocking: the chosen theme holds from the first paint on.
                {assets.url("theme.js").map(|url| view! { <script src=url></script> })}
                {font.map(|url| view! { <link rel="preload" href=url r#as="font" r#type="font/woff2" crossorigin="anonymous" /> })}
                {assets.url("main.css").map(|url| view! { <link rel="stylesheet" href=url /> })}
                {assets.url("favicon.svg").map(|url| view! { <link rel="icon" href=url r#type="image/svg+xml" /> })}
                {wasm
                    .map(|url| {
                        view! {
                            <link rel="preload" href=url r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
                        }
                    })}
                {script
                    .map(|url| {
                        view! {
                            <link rel="modulepreload" href=url.clone() />
                            <script r#type="module" src=url></script>
                        }
                    })}
                <MetaTags />
            </head>
            <body>{page}</body>
        </html>
    }
}
