//! Enrolment tokens: making one, and the list of those that are open.

use crate::{
    api::use_client,
    components::{
        copy::copy_button,
        field::{Binding, InputKind, check_box, field, input_id, select, text_input},
        icon::Icon,
        loading::alert,
        moment::moment,
    },
    format::Moment,
};
use edgewatch_client::{
    enrolment_token::{EnrolmentToken, EnrolmentTokenRequest},
    protocol::{
        name::Region,
        problem::{FieldError, Problem, ProblemType},
    },
};
use leptos::{ev, html, prelude::*, task::spawn_local};

/// Tells the list that a token was made or removed.
#[derive(Clone, Copy)]
struct TokensChanged(RwSignal<u32>);

fn tokens_changed() -> RwSignal<u32> {
    if let Some(TokensChanged(changed)) = use_context::<TokensChanged>() {
        return changed;
    }
    let changed = RwSignal::new(0);
    provide_context(TokensChanged(changed));
    changed
}

/// The button, and the dialog behind it that shows the secret once.
pub fn new_token() -> AnyView {
    let changed = tokens_changed();
    let client = use_client();
    let dialog = NodeRef::<html::Dialog>::new();
    let label = RwSignal::new(String::new());
    let regions = RwSignal::new(String::new());
    let hours = RwSignal::new("24".to_owned());
    let approving = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let made = RwSignal::new(None::<String>);
    let open = move |_| {
        made.set(None);
        problem.set(None);
        if let Some(dialog) = dialog.get_untracked() {
            let _ = dialog.show_modal();
        }
    };
    let close = move |()| {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let send = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let named: Result<Vec<Region>, String> = regions
            .get_untracked()
            .split([',', ' '])
            .filter(|name| !name.is_empty())
            .map(str::parse)
            .collect();
        let named = match named {
            Ok(named) => named,
            Err(detail) => {
                let pointer = "/regions".to_owned();
                problem.set(Some(
                    Problem::new(ProblemType::Validation).errors(vec![FieldError { pointer, detail }]),
                ));
                return;
            }
        };
        let request = EnrolmentTokenRequest {
            label: label.get_untracked(),
            regions: named,
            probes_per_region: 1,
            self_approving: approving.get_untracked(),
            valid_hours: hours.get_untracked().parse().unwrap_or(24),
        };
        let client = client.clone();
        spawn_local(async move {
            match client.create_enrolment_token(&request).await {
                Ok(token) => {
                    made.set(token.token);
                    changed.update(|n| *n += 1);
                    problem.set(None);
                }
                Err(refusal) => problem.set(Some(refusal)),
            }
        });
    };
    let text = |signal: RwSignal<String>| Binding {
        get: signal.into(),
        set: Callback::new(move |text| signal.set(text)),
    };
    let at = move |pointer: &'static str| {
        Signal::derive(move || {
            problem.with(|problem| {
                let errors = &problem.as_ref()?.errors;
                Some(
                    errors
                        .iter()
                        .find(|error| error.pointer.starts_with(pointer))?
                        .detail
                        .clone(),
                )
            })
        })
    };
    let validity = [
        ("1", "1 hour"),
        ("24", "1 day"),
        ("168", "7 days"),
        ("720", "30 days"),
    ]
    .map(|(value, text)| (value.to_owned(), text.to_owned()));
    let content = move || match made.get() {
        Some(secret) => shown_once(secret, Callback::new(close)),
        None => html! {
            <form class="stack" on:submit=send.clone()>
                <h2 id="token-title">"New enrolment token"</h2>
                <p class="muted">"A probe presents it once to join. Its key then waits for your approval."</p>
                {field("For what", "/label", None, at("/label"), text_input("/label", InputKind::Text, &text(label), "Frankfurt and Virginia", at("/label")))}
                {field(
                    "Regions",
                    "/regions",
                    Some("Each may enrol once. Empty: one probe of any region."),
                    at("/regions"),
                    text_input("/regions", InputKind::Text, &text(regions), "weur, enam", at("/regions")),
                )}
                {field(
                    "Valid for",
                    "/valid_hours",
                    None,
                    at("/valid_hours"),
                    select(input_id("/valid_hours"), None, validity.to_vec(), &text(hours)),
                )}
                {check_box(
                    "self-approving".to_owned(),
                    "Approve by itself".to_owned(),
                    Some("Whoever has the token is trusted at once.".to_owned()).into(),
                    false.into(),
                    approving.into(),
                    Callback::new(move |on| approving.set(on)),
                )}
                {move || problem.with(|problem| problem.as_ref().filter(|problem| problem.errors.is_empty()).map(alert))}
                <div class="dialog-end">
                    <button class="button" r#type="button" on:click=move |_| close(())>"Cancel"</button>
                    <button class="button button-primary" r#type="submit">"Create token"</button>
                </div>
            </form>
        },
    };
    html! {
        <div class="actions">
            <button class="button button-primary" r#type="button" on:click=open>{Icon::Key.view()} "New enrolment token"</button>
        </div>
        <dialog class="dialog" node_ref=dialog aria-labelledby="token-title">{move || content()}</dialog>
    }
}

fn shown_once(secret: String, close: Callback<()>) -> AnyView {
    html! {
        <div class="stack">
            <h2 id="token-title">"Copy it now"</h2>
            <p class="muted">"It is shown this once; only its hash is kept."</p>
            <div class="secret">
                <code id="token-secret">{secret}</code>
                {copy_button("token-secret", "the token")}
            </div>
            <p class="muted">"Give it to the probe as " <code>"EDGEWATCH_ENROLMENT_TOKEN"</code> "."</p>
            <div class="dialog-end">
                <button class="button button-primary" r#type="button" on:click=move |_| close.run(())>"Done"</button>
            </div>
        </div>
    }
}

/// The tokens that are open.
pub fn tokens() -> AnyView {
    let changed = tokens_changed();
    let removing = use_client();
    // Not part of the first page: only administrators may read them, and few do.
    let tokens = RwSignal::new(None::<Vec<EnrolmentToken>>);
    let client = removing.clone();
    Effect::new(move || {
        changed.track();
        let client = client.clone();
        spawn_local(async move {
            if let Ok(now) = client.list_enrolment_tokens().await {
                let _ = tokens.try_set(Some(now));
            }
        });
    });
    let remove = Callback::new(move |id: i32| {
        let client = removing.clone();
        spawn_local(async move {
            // What is left after a refusal is seen in the list.
            let _ = client.delete_enrolment_token(id).await;
            changed.update(|n| *n += 1);
        });
    });
    html! {
        <section class="section" aria-labelledby="tokens-title">
            <h2 class="section-title" id="tokens-title">"Enrolment tokens"</h2>
            {move || {
                tokens
                    .with(|tokens| match tokens {
                        Some(tokens) => list(tokens, remove),
                        None => html! { <div class="skeleton skeleton-row"></div> },
                    })
            }}
        </section>
    }
}

fn list(tokens: &[EnrolmentToken], remove: Callback<i32>) -> AnyView {
    if tokens.is_empty() {
        return html! { <p class="note">"No open token. A token is needed only while a new probe joins."</p> };
    }
    let rows = tokens
        .iter()
        .map(|token| {
            let id = token.id;
            let regions = if token.regions.is_empty() { "any region".to_owned() } else { token.regions.join(", ") };
            let used = if token.used_by.is_empty() { "not used yet".to_owned() } else { format!("used by {}", token.used_by.join(", ")) };
            let label = if token.label.is_empty() { format!("Token {id}") } else { token.label.clone() };
            html! {
                <li class="token">
                    <span class="token-icon">{Icon::Key.view()}</span>
                    <span class="token-text">
                        <strong>{label.clone()}</strong>
                        <span class="muted">
                            {regions} " · " {used} " · until " {moment(token.expires_at, Moment::Minute)}
                            {token.self_approving.then_some(" · approves by itself")}
                        </span>
                    </span>
                    <button class="icon-button" r#type="button" aria-label=format!("Remove {label}") on:click=move |_| remove.run(id)>
                        {Icon::Bin.view()}
                    </button>
                </li>
            }
        })
        .collect_view();
    html! { <ul class="card tokens">{rows}</ul> }
}
