//! The page of an address that leads nowhere.

use crate::components::{icon::logo, loading::set_status};
use leptos::prelude::*;
use leptos_meta::Title;

/// "Not found".
#[component]
pub fn NotFoundPage() -> impl IntoView {
    set_status(404);
    html! {
        <Title text="Not found" />
        <main class="door">
            <div class="door-card">
                <div class="door-brand">{logo()} "Edgewatch"</div>
                <h1>"This page does not exist"</h1>
                <p class="muted">"The address may be mistyped, or what was here has been removed."</p>
                <a class="button button-primary button-wide" href="/">"All monitors"</a>
            </div>
        </main>
    }
}
