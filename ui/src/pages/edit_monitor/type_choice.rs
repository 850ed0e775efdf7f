//! The choice of a new monitor's check type.

use super::{
    FormState,
    check_fields::{CheckType, Group, TYPES},
};
use leptos::prelude::*;

/// All types in their groups, one of them chosen.
pub fn type_choice(state: FormState, kind: Memo<&'static str>) -> AnyView {
    let groups = Group::ALL
        .into_iter()
        .map(|group| {
            let types = TYPES
                .into_iter()
                .filter(|known| known.group == group)
                .map(|known| option(state, kind, known))
                .collect_view();
            html! {
                <div class="types" role="group" aria-label=group.label()>
                    <span class="types-group" aria-hidden="true">{group.label()}</span>
                    <div class="types-grid">{types}</div>
                </div>
            }
        })
        .collect_view();
    html! {
        <fieldset class="form-section">
            <legend>"What to check"</legend>
            <div class="form-fields">{groups}</div>
        </fieldset>
    }
}

fn option(state: FormState, kind: Memo<&'static str>, known: &'static CheckType) -> AnyView {
    let chosen = move || kind.get() == known.name;
    html! {
        <label class="type">
            <input
                r#type="radio"
                name="check-type"
                value=known.name
                checked=kind.get_untracked() == known.name
                prop:checked=chosen
                on:change=move |_| state.choose(known.name)
            />
            {known.icon.view()}
            <span class="type-text">
                <span class="type-label">{known.label}</span>
                <span class="hint">{known.about}</span>
            </span>
        </label>
    }
}
