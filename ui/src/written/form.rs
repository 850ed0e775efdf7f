//! What forms of written pages are made of, and where they say what is wrong (see `script/still.js`).

use crate::components::{
    field::input_id,
    icon::Icon,
    state_badge::{mark, of_monitor},
};
use edgewatch_client::{monitor::MonitorState, overview::Overview};
use leptos::prelude::*;

/// With more monitors than these, they can be searched.
const SEARCHED: usize = 8;

/// A field with its label, hint and problem.
pub fn field(pointer: &'static str, label: &'static str, hint: &'static str, input: AnyView) -> AnyView {
    html! {
        <div class="field">
            <label class="label" for=input_id(pointer)>{label}</label>
            {input}
            {(!hint.is_empty()).then(|| html! { <p class="hint">{hint}</p> })}
            {problem(pointer)}
        </div>
    }
}

/// A monitor to choose.
pub struct Choice {
    id: i32,
    name: String,
    state: MonitorState,
    is_chosen: bool,
}

/// Every monitor, what is chosen first.
pub fn list_choices(overview: Overview, chosen: &[i32]) -> Vec<Choice> {
    let mut choices: Vec<Choice> = overview
        .monitors
        .into_iter()
        .map(|monitor| Choice {
            id: monitor.id,
            is_chosen: chosen.contains(&monitor.id),
            name: monitor.name,
            state: monitor.state,
        })
        .collect();
    choices.sort_by_cached_key(|choice| (!choice.is_chosen, choice.name.to_lowercase()));
    choices
}

/// A box for each monitor, of the field of that name.
pub fn boxes(name: &'static str, choices: &[Choice]) -> AnyView {
    let boxes = choices
        .iter()
        .map(|choice| {
            html! {
                <label class="check">
                    <input r#type="checkbox" name=name data-kind="each" value=choice.id.to_string() checked=choice.is_chosen />
                    {mark(of_monitor(choice.state))}
                    <span>{choice.name.clone()}</span>
                </label>
            }
        })
        .collect_view();
    html! {
        {(choices.len() > SEARCHED).then(|| html! {
            <input class="input input-small" r#type="search" placeholder="Find" aria-label="Find a monitor" data-filter="choices" autocomplete="off" />
        })}
        <div class="written-choices" id="choices">{boxes}</div>
    }
}

/// Which monitors, in the field at this pointer.
pub fn monitors(pointer: &'static str, choices: &[Choice]) -> AnyView {
    if choices.is_empty() {
        return html! {
            <p class="muted">"There is no monitor yet: " <a class="quiet-link" href="/monitors/new">"make one"</a> " first."</p>
        };
    }
    html! {
        <fieldset class="field">
            <legend class="label">"Monitors"</legend>
            {boxes(&pointer[1..], choices)}
            {problem(pointer)}
        </fieldset>
    }
}

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
