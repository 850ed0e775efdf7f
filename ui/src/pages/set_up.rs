//! `/setup?code=`: the first administrator.

use super::sign_in::redirect_fully;
use crate::{
    api::use_client,
    components::{
        field::{field, text_of},
        icon::logo,
        loading::alert,
    },
};
use edgewatch_client::{protocol::problem::Problem, session::SetupRequest};
use leptos::{html, prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// Making the first administrator.
#[component]
pub fn SetUpPage() -> impl IntoView {
    let client = use_client();
    let given = use_query_map().get_untracked().get("code").unwrap_or_default();
    let code = NodeRef::<html::Input>::new();
    let email = NodeRef::<html::Input>::new();
    let password = NodeRef::<html::Input>::new();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let at = move |pointer: &'static str| {
        Signal::derive(move || {
            problem.with(|problem| {
                let errors = &problem.as_ref()?.errors;
                Some(
                    errors
                        .iter()
                        .find(|error| error.pointer == pointer)?
                        .detail
                        .clone(),
                )
            })
        })
    };
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let request = SetupRequest {
            code: text_of(code).trim().to_owned(),
            email: text_of(email),
            password: text_of(password),
        };
        let client = client.clone();
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match client.set_up(&request).await {
                Ok(_) => redirect_fully("/"),
                Err(refusal) => {
                    problem.set(Some(refusal));
                    busy.set(false);
                }
            }
        });
    };
    html! {
        <Title text="Set up" />
        <main class="door">
            <div class="door-card">
                <div class="door-brand">{logo()} "Edgewatch"</div>
                <h1>"Make the first administrator"</h1>
                <p class="muted">"This account can do everything: add monitors, approve probes, invite regions."</p>
                <form class="stack" method="post" on:submit=send>
                    {field(
                        "One-time code",
                        "/code",
                        Some("The aggregator printed it at its start."),
                        at("/code"),
                        html! { <input class="input mono" id="field-code" name="code" value=given autocomplete="off" required node_ref=code /> },
                    )}
                    {field(
                        "E-mail",
                        "/email",
                        None,
                        at("/email"),
                        html! {
                            <input class="input" id="field-email" name="email" r#type="email" autocomplete="username" required node_ref=email />
                        },
                    )}
                    {field(
                        "Password",
                        "/password",
                        Some("At least 12 characters."),
                        at("/password"),
                        html! {
                            <input
                                class="input"
                                id="field-password"
                                name="password"
                                r#type="password"
                                autocomplete="new-password"
                                minlength="12"
                                required
                                node_ref=password
                            />
                        },
                    )}
                    {move || problem.with(|problem| problem.as_ref().map(alert))}
                    <button class="button button-primary button-wide" r#type="submit" disabled=busy>
                        {move || if busy.get() { "Setting up …" } else { "Create and sign in" }}
                    </button>
                </form>
            </div>
        </main>
    }
}
