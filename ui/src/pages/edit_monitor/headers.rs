//! The editor of the request's headers.

use super::{
    FormState, Getter, Setter,
    draft::{Draft, HeaderDraft},
};
use crate::components::{
    field::{InputKind, problem_line, text_input},
    icon::Icon,
    keyed::keyed,
};
use leptos::prelude::*;
use std::sync::Arc;

/// The rows, and a button for one more.
pub fn headers(state: FormState) -> AnyView {
    let keys = move || {
        let draft = state.draft.get();
        draft.headers.iter().map(|header| header.key).collect::<Vec<_>>()
    };
    let add = move |_| {
        let key = state.next_key();
        state.change(&|draft| {
            draft.headers.push(HeaderDraft {
                key,
                name: String::new(),
                value: String::new(),
            });
        });
    };
    html! {
        <div class="field" role="group" aria-labelledby="headers-label">
            <span class="label" id="headers-label">"Headers"</span>
            <div class="editor">
                {keyed(keys, move |key| row(state, key))}
                <button class="button button-small" r#type="button" on:click=add>{Icon::Plus.view()} "Add header"</button>
            </div>
        </div>
    }
}

fn row(state: FormState, key: u32) -> AnyView {
    let find = move |draft: &Draft| draft.headers.iter().position(|header| header.key == key);
    let index = Signal::derive(move || find(&state.draft.get()).unwrap_or_default());
    let text = move |get: fn(&HeaderDraft) -> &String, set: fn(&mut HeaderDraft, String)| {
        let read: Getter = Arc::new(move |draft| {
            find(draft)
                .map(|i| get(&draft.headers[i]).clone())
                .unwrap_or_default()
        });
        let write: Setter = Arc::new(move |draft, text| {
            if let Some(i) = find(draft) {
                set(&mut draft.headers[i], text);
            }
        });
        state.row_binding(read, write)
    };
    let name = text(|header| &header.name, |header, text| header.name = text);
    let value = text(|header| &header.value, |header, text| header.value = text);
    let problem = Signal::derive(move || state.problem_at(format!("/check/headers/{}", index.get())).get());
    let remove = move |_| state.change(&|draft| draft.headers.retain(|header| header.key != key));
    let pointer = format!("/check/headers/{key}");
    html! {
        <div class="editor-row editor-header">
            <label class="sr-only" for=crate::components::field::input_id(&format!("{pointer}/name"))>"Header name"</label>
            {text_input(&format!("{pointer}/name"), InputKind::Text, &name, "Accept", problem)}
            <label class="sr-only" for=crate::components::field::input_id(&format!("{pointer}/value"))>"Header value"</label>
            {text_input(&format!("{pointer}/value"), InputKind::Text, &value, "application/json", problem)}
            <button class="icon-button" r#type="button" aria-label="Remove this header" on:click=remove>{Icon::Cross.view()}</button>
            {problem_line(&pointer, problem)}
        </div>
    }
}
