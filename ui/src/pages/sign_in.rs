//! `/sign-in?next=`.

use crate::{
    api::{fixed, read, use_client},
    components::{
        field::text_of,
        icon::logo,
        loading::{alert, loaded},
    },
    session::{next_path, redirect_to},
};
use edgewatch_client::{
    client::path,
    protocol::problem::Problem,
    session::{SetupResponse, SignInRequest},
};
use leptos::{html, prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

/// Signing in. Who was led here because the session had ended is let through again where it can be renewed.
#[component]
pub fn SignInPage() -> impl IntoView {
    let setup = read(fixed(path::SETUP));
    html! {
        <Title text="Sign in" />
        <main class="door">
            <div class="door-card">
                <div class="door-brand">{logo()} "Edgewatch"</div>
                {loaded(setup, || html! { <div class="skeleton skeleton-form"></div> }, |setup: SetupResponse| {
                    if setup.needed { first_run() } else { html! { <SignInForm /> } }
                })}
            </div>
        </main>
    }
}

/// There is nobody who could sign in yet.
fn first_run() -> AnyView {
    html! {
        <h1>"Set up Edgewatch"</h1>
        <p class="muted">
            "There is no user yet. The aggregator printed a one-time address at its start; open it to make the first administrator:"
        </p>
        <pre class="excerpt">"…/setup?code=…"</pre>
        <a class="button button-primary button-wide" href="/setup">"I have the code"</a>
    }
}

#[component]
fn SignInForm() -> impl IntoView {
    let client = use_client();
    let query = use_query_map();
    let next = query.get_untracked().get("next");
    let email = NodeRef::<html::Input>::new();
    let password = NodeRef::<html::Input>::new();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    // Led here from a page: the session may only want renewal, which the page itself could not do.
    let renewing = RwSignal::new(next.is_some());
    let target = next_path(next);

    let renewal = (client.clone(), target.clone());
    Effect::new(move || {
        if !renewing.get_untracked() {
            return;
        }
        let (client, target) = renewal.clone();
        spawn_local(async move {
            if client.refresh_session().await.is_ok() {
                redirect_fully(&target);
            } else {
                renewing.set(false);
            }
        });
    });

    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let request = SignInRequest {
            email: text_of(email),
            password: text_of(password),
        };
        let (client, target) = (client.clone(), target.clone());
        busy.set(true);
        problem.set(None);
        spawn_local(async move {
            match client.sign_in(&request).await {
                Ok(_) => redirect_fully(&target),
                Err(refusal) => {
                    problem.set(Some(refusal));
                    busy.set(false);
                }
            }
        });
    };
    html! {
        <h1>"Sign in"</h1>
        // A wrong password must never travel in an address, also before the page is taken over: hence the method.
        <form class="stack" class:is-waiting=renewing method="post" on:submit=send>
            <div class="field">
                <label for="email">"E-mail"</label>
                <input class="input" id="email" name="email" r#type="email" autocomplete="username" required node_ref=email />
            </div>
            <div class="field">
                <label for="password">"Password"</label>
                <input
                    class="input"
                    id="password"
                    name="password"
                    r#type="password"
                    autocomplete="current-password"
                    required
                    node_ref=password
                />
            </div>
            {move || problem.with(|problem| problem.as_ref().map(alert))}
            <button class="button button-primary button-wide" r#type="submit" disabled=move || busy.get() || renewing.get()>
                {move || if renewing.get() { "Resuming your session …" } else if busy.get() { "Signing in …" } else { "Sign in" }}
            </button>
        </form>
    }
}

/// Leads on by loading the page anew, so that it comes rendered for the new session.
pub(super) fn redirect_fully(path: &str) {
    if window().location().assign(path).is_err() {
        redirect_to(path);
    }
}
