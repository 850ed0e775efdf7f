//! Lists of objects within a check: rows of headers, assertions and variables, and the steps of a multi-step check.

use super::{
    FormState, Reach,
    check_fields::{Field, Kind, List, Look},
    draft::Draft,
    fields::{fields, inline, place},
    tree,
};
use crate::components::{
    field::{input_id, problem_line},
    icon::Icon,
    keyed::keyed,
};
use leptos::prelude::*;

/// The rows, and a button for one more.
pub fn list(state: FormState, path: String, field: &'static Field, list: &'static List) -> AnyView {
    let problem = state.problem_in_check(path.clone(), Reach::Exactly);
    let place = place(&path);
    let label_id = format!("{}-label", input_id(&place));
    let add_id = add_id(&path);
    let labelled = (!field.label.is_empty()).then(|| label_id.clone());
    let named = (!field.label.is_empty()).then(|| {
        html! { <span class="label" id=label_id>{field.label}</span> }
    });
    let keys = {
        let path = path.clone();
        move || {
            let draft = state.draft.get();
            tree::keys(&draft.check, &path)
        }
    };
    let row = {
        let path = path.clone();
        move |key| match list.look {
            Look::Cards => card(state, path.clone(), list, key),
            _ => line(state, path.clone(), list, key),
        }
    };
    let add = move |_| add(state, &path, list);
    html! {
        <div class="field" role="group" aria-labelledby=labelled>
            {named}
            <div class="editor">
                {keyed(keys, row)}
                {problem_line(&place, problem)}
                <button class="button button-small" id=add_id r#type="button" on:click=add>{Icon::Plus.view()} {format!("Add {}", list.one)}</button>
            </div>
        </div>
    }
}

fn add_id(path: &str) -> String {
    format!("{}-add", input_id(&place(path)))
}

fn add(state: FormState, path: &str, list: &'static List) {
    let mut key = 0;
    state.draft.update(|draft| {
        let count = tree::rows(&draft.check, path).len();
        let tag = match list.fields {
            // Each further row looks at something else.
            [
                Field {
                    kind: Kind::Select(options),
                    ..
                },
                ..,
            ] => options[count.min(options.len() - 1)].0,
            _ => "",
        };
        let mut row = new_row(draft, list, tag);
        if list.look == Look::Cards {
            tree::put(&mut row, "/name", format!("Step {}", count + 1).into());
        }
        key = tree::key_of(&row);
        tree::change_rows(&mut draft.check, path, |rows| rows.push(row));
    });
    let first = list.fields.first().map_or("", |field| field.at);
    focus(input_id(&place(&format!("{path}/#{key}{first}"))));
}

fn new_row(draft: &mut Draft, list: &'static List, tag: &str) -> serde_json::Value {
    let mut given = tree::parse((list.fresh)(tag));
    if !list.tag.is_empty() {
        tree::put(&mut given, list.tag, tag.into());
    }
    tree::row_texts(list, &given, &mut draft.last_key)
}

/// The row at a path becomes one of another kind, in its place.
pub fn renew(state: FormState, row: &str, list: &'static List, tag: &str) {
    state.draft.update(|draft| {
        let Some(key) = tree::find(&draft.check, row).map(tree::key_of) else {
            return;
        };
        let mut renewed = new_row(draft, list, tag);
        tree::set_key(&mut renewed, key);
        tree::put(&mut draft.check, row, renewed);
    });
}

fn remove(state: FormState, path: &str, key: u32) {
    state.draft.update(|draft| {
        tree::change_rows(&mut draft.check, path, |rows| {
            if let Some(index) = tree::position(rows, key) {
                rows.remove(index);
            }
        });
    });
    focus(add_id(path));
}

/// A row of one line.
fn line(state: FormState, path: String, list: &'static List, key: u32) -> AnyView {
    let row = format!("{path}/#{key}");
    let problem = state.problem_in_check(row.clone(), Reach::Below);
    let view = move |fields: &'static [Field]| {
        fields
            .iter()
            .map(|field| inline(state, &row, field, list))
            .collect_view()
    };
    let parts = match (list.look, list.fields) {
        (Look::Assertion, [subject, parts @ .., severity]) => html! {
            <div class="editor-subject">{view(std::slice::from_ref(subject))}</div>
            <div class="editor-parts">{view(parts)}</div>
            <div class="editor-severity">{view(std::slice::from_ref(severity))}</div>
        },
        (Look::Extraction, [name, source, parts @ ..]) => html! {
            <div class="editor-parts">{view(std::slice::from_ref(name))}</div>
            <div class="editor-subject">{view(std::slice::from_ref(source))}</div>
            <div class="editor-parts">{view(parts)}</div>
        },
        (_, fields) => view(fields).into_any(),
    };
    let class = match list.look {
        Look::Assertion => "editor-row editor-assertion",
        Look::Extraction => "editor-row editor-extraction",
        _ => "editor-row editor-header",
    };
    let place = place(&format!("{path}/#{key}"));
    html! {
        <div class=class>
            {parts}
            <button class="icon-button" r#type="button" aria-label=format!("Remove this {}", list.one) on:click=move |_| remove(state, &path, key)>
                {Icon::Cross.view()}
            </button>
            {problem_line(&place, problem)}
        </div>
    }
}

/// A row that is a card of its own, with its place among the others.
fn card(state: FormState, path: String, list: &'static List, key: u32) -> AnyView {
    let row = format!("{path}/#{key}");
    let id = input_id(&place(&row));
    let own = path.clone();
    // Its index, and how many there are.
    let standing = Memo::new(move |_| {
        let draft = state.draft.get();
        let rows = tree::rows(&draft.check, &own);
        (tree::position(rows, key).unwrap_or_default(), rows.len())
    });
    let number = move || standing.get().0 + 1;
    let shift = |path: String, id: String, by: isize| {
        move |_: leptos::ev::MouseEvent| {
            state.draft.update(|draft| {
                tree::change_rows(&mut draft.check, &path, |rows| {
                    let from = tree::position(rows, key);
                    let to = from.and_then(|from| from.checked_add_signed(by));
                    if let (Some(from), Some(to)) = (from, to)
                        && to < rows.len()
                    {
                        rows.swap(from, to);
                    }
                });
            });
            // At the end of the list its button is off, and the other one is where the keyboard goes on.
            let (index, count) = standing.get_untracked();
            let up = if by < 0 { index > 0 } else { index + 1 == count };
            focus(format!("{id}-{}", if up { "up" } else { "down" }));
        }
    };
    let problem = state.problem_in_check(row.clone(), Reach::Exactly);
    let title_id = format!("{id}-title");
    let labelled = title_id.clone();
    html! {
        <section class="step" aria-labelledby=labelled>
            <div class="step-head">
                <h3 id=title_id>{move || format!("Step {}", number())}</h3>
                <button
                    class="icon-button"
                    r#type="button"
                    id=format!("{id}-up")
                    aria-label=move || format!("Move step {} up", number())
                    disabled=move || standing.get().0 == 0
                    on:click=shift(path.clone(), id.clone(), -1)
                >
                    {Icon::ArrowUp.view()}
                </button>
                <button
                    class="icon-button"
                    r#type="button"
                    id=format!("{id}-down")
                    aria-label=move || format!("Move step {} down", number())
                    disabled=move || { let (index, count) = standing.get(); index + 1 == count }
                    on:click=shift(path.clone(), id, 1)
                >
                    {Icon::ArrowDown.view()}
                </button>
                <button
                    class="icon-button"
                    r#type="button"
                    aria-label=move || format!("Remove step {}", number())
                    on:click=move |_| remove(state, &path, key)
                >
                    {Icon::Cross.view()}
                </button>
            </div>
            {problem_line(&place(&row), problem)}
            {fields(state, &row, list.fields)}
        </section>
    }
}

/// Where the keyboard goes on, once it is there.
fn focus(id: String) {
    #[cfg(feature = "hydrate")]
    request_animation_frame(move || {
        use wasm_bindgen::JsCast as _;
        if let Some(element) = document().get_element_by_id(&id)
            && let Some(element) = element.dyn_ref::<web_sys::HtmlElement>()
        {
            let _ = element.focus();
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = id;
}
