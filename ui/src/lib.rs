//! The dashboard: pages rendered on the server and taken over in the browser.
//!
//! It owns the screens and nothing behind them. All data comes from the public REST API through [`edgewatch_client`]:
//! in the browser over `fetch`, during server-side rendering by calling the aggregator's router in process. So the
//! first HTML holds the data, and there is no second contract. Live changes come over Server-Sent Events.
//!
//! Feature `ssr` is for the aggregator, which mounts [`server::router`]; feature `hydrate` is for the browser.

pub mod api;
pub mod app;
pub mod clock;
pub mod components;
pub mod format;
pub mod live;
pub mod pages;
pub mod session;

#[cfg(feature = "ssr")]
pub mod assets;
#[cfg(feature = "ssr")]
pub mod server;

/// Takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_body(app::App);
}
