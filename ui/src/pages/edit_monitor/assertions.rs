//! The editor of the assertions.

use super::{
    FormState, Getter, Setter,
    draft::{AssertionDraft, Draft},
};
use crate::components::{
    field::{Binding, InputKind, input_id, problem_line, select, text_input},
    icon::Icon,
    keyed::keyed,
};
use leptos::prelude::*;
use std::sync::Arc;

const SUBJECTS: [(&str, &str); 6] = [
    ("status", "Status"),
    ("header", "Header"),
    ("body", "Body"),
    ("json_path", "JSON value"),
    ("latency", "Total time"),
    ("certificate_days", "Certificate"),
];

const CONDITIONS: [(&str, &str); 10] = [
    ("equal", "equals"),
    ("not_equal", "does not equal"),
    ("contains", "contains"),
    ("not_contains", "does not contain"),
    ("matches", "matches"),
    ("not_matches", "does not match"),
    ("greater_than", "is greater than"),
    ("less_than", "is less than"),
    ("present", "is present"),
    ("absent", "is absent"),
];

fn options(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(value, text)| ((*value).to_owned(), (*text).to_owned()))
        .collect()
}

/// The rows, and a button for one more.
pub fn assertions(state: FormState) -> AnyView {
    let keys = move || {
        let draft = state.draft.get();
        draft.assertions.iter().map(|assertion| assertion.key).collect()
    };
    let add = move |_| {
        let key = state.next_key();
        state.change(&|draft| {
            let on = if draft.assertions.is_empty() {
                "status"
            } else {
                "body"
            };
            draft.assertions.push(AssertionDraft::new(key, on));
        });
    };
    html! {
        <div class="field" role="group" aria-labelledby="assertions-label">
            <span class="label" id="assertions-label">"Assertions"</span>
            <div class="editor">
                {keyed(keys, move |key| row(state, key))}
                <button class="button button-small" r#type="button" on:click=add>{Icon::Plus.view()} "Add assertion"</button>
            </div>
        </div>
    }
}

fn row(state: FormState, key: u32) -> AnyView {
    let draft = state.draft.get_untracked();
    let own = draft.assertions.iter().find(|assertion| assertion.key == key);
    let on = own.map(|assertion| assertion.on.clone()).unwrap_or_default();
    let find = move |draft: &Draft| draft.assertions.iter().position(|assertion| assertion.key == key);
    let change = move |change: &dyn Fn(&mut AssertionDraft)| {
        state.change(&|draft| {
            if let Some(assertion) = draft.assertions.iter_mut().find(|assertion| assertion.key == key) {
                change(assertion);
            }
        });
    };
    let text = move |get: fn(&AssertionDraft) -> &String, set: fn(&mut AssertionDraft, String)| {
        let read: Getter = Arc::new(move |draft| {
            find(draft)
                .map(|i| get(&draft.assertions[i]).clone())
                .unwrap_or_default()
        });
        let write: Setter = Arc::new(move |draft, text| {
            if let Some(i) = find(draft) {
                set(&mut draft.assertions[i], text);
            }
        });
        state.row_binding(read, write)
    };
    let subject = Binding {
        // Another kind has other fields, so it is another row.
        set: Callback::new(move |on: String| {
            let new = state.next_key();
            change(&|assertion| *assertion = AssertionDraft::new(new, &on));
        }),
        ..text(|assertion| &assertion.on, |_, _| ())
    };
    let severity = state.row_binding(
        Arc::new(move |draft| {
            let warns = find(draft).is_some_and(|i| draft.assertions[i].warns);
            if warns { "degraded" } else { "down" }.to_owned()
        }),
        Arc::new(move |draft, severity| {
            if let Some(i) = find(draft) {
                draft.assertions[i].warns = severity == "degraded";
            }
        }),
    );
    let name = text(
        |assertion| &assertion.name,
        |assertion, text| assertion.name = text,
    );
    let is = text(|assertion| &assertion.is, |assertion, text| assertion.is = text);
    let value = text(
        |assertion| &assertion.value,
        |assertion, text| assertion.value = text,
    );
    let index = Signal::derive(move || {
        let draft = state.draft.get();
        find(&draft).unwrap_or_default()
    });
    let problem = Signal::derive(move || {
        state
            .problem_at(format!("/check/assertions/{}", index.get()))
            .get()
    });
    let pointer = format!("/check/assertions/{key}");
    let at = |part: &str| format!("{pointer}/{part}");
    let labelled = |part: &str, label: &'static str, input: AnyView| {
        html! { <label class="sr-only" for=input_id(&at(part))>{label}</label> {input} }
    };
    let value_input = |label, kind, placeholder| {
        labelled(
            "value",
            label,
            text_input(&at("value"), kind, &value, placeholder, problem),
        )
    };
    let compared = Memo::new({
        let is = is.clone();
        move |_| is.get.with(|is| !matches!(is.as_str(), "present" | "absent"))
    });
    let value_where_compared = {
        let (value, pointer) = (value.clone(), at("value"));
        move || {
            compared.get().then(|| {
                html! {
                    <label class="sr-only" for=input_id(&pointer)>"Value"</label>
                    {text_input(&pointer, InputKind::Text, &value, "value", problem)}
                }
            })
        }
    };
    let conditions = || select(input_id(&at("is")), Some("Condition"), options(&CONDITIONS), &is);
    let parts = match on.as_str() {
        "status" => html! {
            <span class="editor-word">"is one of"</span>
            {value_input("Statuses", InputKind::Text, "200-299,304")}
        },
        "latency" => html! {
            <span class="editor-word">"at most"</span>
            {value_input("Milliseconds", InputKind::Number, "1000")}
            <span class="editor-word">"ms"</span>
        },
        "certificate_days" => html! {
            <span class="editor-word">"valid for"</span>
            {value_input("Days", InputKind::Number, "14")}
            <span class="editor-word">"days"</span>
        },
        "header" => html! {
            {labelled("name", "Header name", text_input(&at("name"), InputKind::Text, &name, "content-type", problem))}
            {conditions()}
            {move || value_where_compared()}
        },
        "json_path" => html! {
            {labelled("name", "JSON path", text_input(&at("name"), InputKind::Text, &name, "$.status", problem))}
            {conditions()}
            {move || value_where_compared()}
        },
        _ => html! {
            {conditions()}
            {move || value_where_compared()}
        },
    };
    let severities = options(&[("down", "else down"), ("degraded", "else degraded")]);
    let remove = move |_| {
        state
            .draft
            .update(|draft| draft.assertions.retain(|assertion| assertion.key != key));
    };
    html! {
        <div class="editor-row editor-assertion">
            <div class="editor-subject">{select(input_id(&at("on")), Some("What is looked at"), options(&SUBJECTS), &subject)}</div>
            <div class="editor-parts">{parts}</div>
            <div class="editor-severity">{select(input_id(&at("severity")), Some("What a failure means"), severities, &severity)}</div>
            <button class="icon-button" r#type="button" aria-label="Remove this assertion" on:click=remove>{Icon::Cross.view()}</button>
            {problem_line(&pointer, problem)}
        </div>
    }
}
