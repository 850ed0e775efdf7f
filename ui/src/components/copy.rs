//! Copying a text.

use crate::components::icon::Icon;
use leptos::prelude::*;

/// A button that copies the text of the element with this id; `script/copy.js` does the work. `what` is for screen readers.
pub fn copy_button(id: &str, what: &'static str) -> AnyView {
    html! {
        <button class="button button-small" r#type="button" data-copy=id.to_owned()>
            {Icon::Copy.view()} <span aria-live="polite">"Copy"</span> <span class="sr-only">{what}</span>
        </button>
    }
}
