//! The dashboard: pages rendered on the server and taken over in the browser.
//!
//! It owns the screens and nothing behind them. All data comes from the public REST API through [`edgewatch_client`]:
//! in the browser over `fetch`, during server-side rendering by calling the aggregator's router in process. So the
//! first HTML holds the data, and there is no second contract. Live changes come over Server-Sent Events.
//!
//! Feature `ssr` is for the aggregator, which mounts [`server::router`]; feature `hydrate` is for the browser.
#![allow(
    clippy::redundant_closure,
    clippy::needless_pass_by_value,
    reason = "in a view a closure is what makes a value follow its signals, and views own what they show"
)]

/// A view without its type. Each type of a view is compiled on its own, with all that can be done with it; erased at once,
/// hundreds of them share one, which halves what the browser has to load.
macro_rules! html {
    ($($view:tt)*) => {
        leptos::prelude::IntoAny::into_any(leptos::prelude::view! { $($view)* }.into_inner())
    };
}

pub mod api;
pub mod app;
pub mod clock;
pub mod components;
pub mod format;
pub mod live;
pub mod pages;
pub mod session;
pub mod still;

#[cfg(feature = "ssr")]
pub mod assets;
#[cfg(feature = "ssr")]
pub mod public;
#[cfg(feature = "ssr")]
pub mod server;
#[cfg(all(feature = "ssr", debug_assertions))]
mod styleguide;
#[cfg(feature = "ssr")]
mod verify_page;
#[cfg(feature = "ssr")]
mod written;

/// Takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    // A shipped build traps without a message: the texts would weigh more than they help.
    #[cfg(debug_assertions)]
    std::panic::set_hook(Box::new(|panic| {
        web_sys::console::error_1(&panic.to_string().into());
    }));
    leptos::mount::hydrate_body(app::App);
}
