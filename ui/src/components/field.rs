//! Form fields with their hints and problems, tied together for screen readers.

use crate::components::icon::Icon;
use leptos::{html, prelude::*};

/// The id of a field's problem, from its JSON pointer.
pub fn problem_id(pointer: &str) -> String {
    format!("problem{}", pointer.replace(['/', '#'], "-"))
}

/// The id of a field's input, from its JSON pointer.
pub fn input_id(pointer: &str) -> String {
    format!("field{}", pointer.replace(['/', '#'], "-"))
}

/// A labelled field around an input that was made with [`input_id`]. `problem` is shown below while there is one.
pub fn field(
    label: &'static str,
    pointer: &str,
    hint: Option<&'static str>,
    problem: Signal<Option<String>>,
    input: AnyView,
) -> AnyView {
    html! {
        <div class="field" class:field-wrong=move || problem.with(Option::is_some)>
            <label for=input_id(pointer)>{label}</label>
            {input}
            {hint.map(|hint| html! { <p class="hint">{hint}</p> })}
            {problem_line(pointer, problem)}
        </div>
    }
}

/// The line under a field that says what is wrong.
pub fn problem_line(pointer: &str, problem: Signal<Option<String>>) -> AnyView {
    let id = problem_id(pointer);
    html! {
        <p class="problem" id=id role="alert" hidden=move || problem.with(Option::is_none)>
            {Icon::Warning.view()} <span>{move || problem.get()}</span>
        </p>
    }
}

/// What an input holds and how it changes.
#[derive(Clone)]
pub struct Binding {
    /// The text now.
    pub get: Signal<String>,
    /// Takes a new text.
    pub set: Callback<String>,
}

/// The kinds of single-line input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputKind {
    /// Any text.
    Text,
    /// A number.
    Number,
    /// An address.
    Url,
    /// Hidden while typed.
    Secret,
}

/// A single-line input.
pub fn text_input(
    pointer: &str,
    kind: InputKind,
    binding: &Binding,
    placeholder: &'static str,
    problem: Signal<Option<String>>,
) -> AnyView {
    described_input(pointer, pointer, kind, binding, placeholder, problem)
}

/// A single-line input whose problem stands at `described`.
pub fn described_input(
    pointer: &str,
    described: &str,
    kind: InputKind,
    binding: &Binding,
    placeholder: &'static str,
    problem: Signal<Option<String>>,
) -> AnyView {
    let (type_, mode) = match kind {
        InputKind::Text => ("text", "text"),
        // Not `number`: a wheel that scrolls the page must not change it.
        InputKind::Number => ("text", "numeric"),
        InputKind::Url => ("url", "url"),
        InputKind::Secret => ("password", "text"),
    };
    let Binding { get, set } = binding.clone();
    let described = problem_id(described);
    html! {
        <input
            id=input_id(pointer)
            class="input"
            class:num=kind == InputKind::Number
            r#type=type_
            inputmode=mode
            autocomplete="off"
            spellcheck="false"
            placeholder=placeholder
            value=get.get_untracked()
            prop:value=get
            aria-describedby=described
            aria-invalid=move || problem.with(Option::is_some).then_some("true")
            on:input=move |event| set.run(event_target_value(&event))
        />
    }
}

/// A text of several lines.
pub fn text_area(
    pointer: &str,
    binding: &Binding,
    rows: u8,
    placeholder: &'static str,
    problem: Signal<Option<String>>,
) -> AnyView {
    let Binding { get, set } = binding.clone();
    html! {
        <textarea
            id=input_id(pointer)
            class="input input-area"
            rows=rows
            spellcheck="false"
            placeholder=placeholder
            prop:value=get
            aria-describedby=problem_id(pointer)
            aria-invalid=move || problem.with(Option::is_some).then_some("true")
            on:input=move |event| set.run(event_target_value(&event))
        >
            {get.get_untracked()}
        </textarea>
    }
}

/// A choice of one; `options` are value and label.
pub fn select(
    id: String,
    label: Option<&'static str>,
    options: Vec<(String, String)>,
    binding: &Binding,
) -> AnyView {
    let Binding { get, set } = binding.clone();
    let options = options
        .into_iter()
        .map(|(value, text)| {
            let own = value.clone();
            html! { <option value=value selected=move || get.with(|chosen| *chosen == own)>{text}</option> }
        })
        .collect_view();
    html! {
        <span class="select">
            <select id=id class="input" aria-label=label prop:value=get on:change=move |event| set.run(event_target_value(&event))>
                {options}
            </select>
        </span>
    }
}

/// A switch with its label and an explanation.
pub fn check_box(
    id: String,
    label: String,
    hint: Signal<Option<String>>,
    disabled: Signal<bool>,
    get: Signal<bool>,
    set: Callback<bool>,
) -> AnyView {
    html! {
        <label class="check">
            <input
                r#type="checkbox"
                id=id
                disabled=disabled
                checked=get.get_untracked()
                prop:checked=get
                on:change=move |event| set.run(event_target_checked(&event))
            />
            <span>
                <span class="check-label">{label}</span>
                {move || { let hint = hint.get(); hint.map(|hint| html! { <span class="hint">{hint}</span> }) }}
            </span>
        </label>
    }
}

/// The text of an input that is read only when the form is sent: what a password manager filled in before the page was
/// taken over counts too.
pub fn text_of(input: NodeRef<html::Input>) -> String {
    input
        .get_untracked()
        .map(|input| input.value())
        .unwrap_or_default()
}
