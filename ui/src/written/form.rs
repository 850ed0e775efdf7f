//! Where forms of written pages say what is wrong (see `script/still.js`).

use crate::components::icon::Icon;
use leptos::prelude::*;

/// The line that says what is wrong with a field; without a pointer, with all of the page's form.
pub fn problem(pointer: &'static str) -> AnyView {
    let id = format!("problem{}", pointer.replace('/', "-"));
    html! {
        <p class="problem" id=id role="alert" data-problem=pointer hidden>{Icon::Warning.view()} <span></span></p>
    }
}

/// The same for all of a form that stands beside others.
pub fn refusal() -> AnyView {
    html! { <p class="problem" role="alert" data-problem="" hidden>{Icon::Warning.view()} <span></span></p> }
}
