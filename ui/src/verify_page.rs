//! `/verify`: a page for everybody that checks the bundle of a report in the visitor's browser. What it does is
//! `script/verify.js`'s and the verifier's; nothing of the file leaves the browser, and nobody needs an account.

use crate::assets::Assets;
use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse, Response},
};
use leptos::prelude::*;

/// Only our own files run, and nothing is sent anywhere but for them.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; \
                      img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The page as it is served.
pub fn verify_page(assets: &Assets) -> Response {
    let mut response = Html(document(assets)).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (header::CACHE_CONTROL, "no-cache"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn document(assets: &Assets) -> String {
    let url = |name: &str| assets.url(name);
    let html = view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <title>"Verify a report"</title>
                <meta
                    name="description"
                    content="Checks in your browser that what probes have signed makes the figures of a report."
                />
                {url("verify.css").map(|url| html! { <link rel="stylesheet" href=url /> })}
                {url("verify.js").map(|url| html! { <script src=url defer></script> })}
                {url("favicon.svg").map(|url| html! { <link rel="icon" href=url r#type="image/svg+xml" /> })}
            </head>
            <body>
                <main class="verify">
                    <header>
                        <h1>"Verify a report"</h1>
                        <p>
                            "Drop the bundle of a report here. Your browser checks each probe’s chain of batches, their signatures and their places in the log, and makes the report’s figures anew from the observations. Nothing is uploaded."
                        </p>
                    </header>
                    <noscript>
                        <p>"This page needs JavaScript. Without it, "<code>"edgewatch verify bundle.zip"</code>" does the same."</p>
                    </noscript>
                    <form id="verify" hidden data-worker=url("verify_worker.js") data-wasm=url("verifier.wasm")>
                        <div class="drop" id="drop">
                            <label for="file">"Drop a bundle, or choose one"</label>
                            <input id="file" r#type="file" accept=".zip,application/zip" />
                            <p>"The file stays on this device."</p>
                        </div>
                        <div class="field">
                            <label for="log_key">"The log’s key, if you know it from elsewhere"</label>
                            <input
                                class="input"
                                id="log_key"
                                name="log_key"
                                autocomplete="off"
                                spellcheck="false"
                                aria-describedby="log_key_hint"
                            />
                            <span class="hint" id="log_key_hint">
                                "As name+id+key. Without it, the key in the bundle is believed: then the bundle is checked for what it says of itself alone."
                            </span>
                        </div>
                    </form>
                    <div id="progress" role="status" hidden>
                        <p></p>
                        <progress max="1" aria-label="Progress"></progress>
                    </div>
                    <section id="result" tabindex="-1" aria-label="Result" aria-live="polite"></section>
                    <section class="verify-notes">
                        <h2>"What this proves"</h2>
                        <p>
                            "That these observations are what the probes signed, in their order and without gaps, and that the report’s figures follow from them. Not that what a probe saw was true, nor what the operator states beside: maintenance, pauses, the rules of each monitor. To trust neither this page nor its server, run "
                            <code>"edgewatch verify"</code>" on your own machine: it needs no network."
                        </p>
                    </section>
                </main>
            </body>
        </html>
    }
    .to_html();
    // The marks by which a browser would take the page over: none does.
    html.replace("<!>", "")
}
