//! What a page shows while its data is on the way, and when it does not come.

use crate::{
    components::icon::Icon,
    session::{is_signed_out, redirect_to, sign_in_path},
};
use edgewatch_client::{
    protocol::problem::{Problem, ProblemType},
    transport::UNREACHABLE,
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// Shows what a resource brings: a skeleton of the same size while it loads, a message with a retry when it fails.
pub fn loaded<T>(
    resource: Resource<Result<T, Problem>>,
    skeleton: fn() -> AnyView,
    view: impl Fn(T) -> AnyView + Clone + Send + Sync + 'static,
) -> AnyView
where
    T: Clone + Send + Sync + serde::Serialize + serde::de::DeserializeOwned + 'static,
{
    view! {
        <Suspense fallback=skeleton>
            {move || {
                let view = view.clone();
                Suspend::new(async move {
                    match resource.await {
                        Ok(data) => view(data),
                        Err(problem) => failure(&problem, Callback::new(move |()| resource.refetch())),
                    }
                })
            }}
        </Suspense>
    }
    .into_any()
}

/// A page's failure: what went wrong, and what can be done. Who is not signed in is led to the sign-in page.
pub fn failure(problem: &Problem, retry: Callback<()>) -> AnyView {
    let location = use_location();
    let here = format!(
        "{}{}",
        location.pathname.get_untracked(),
        match location.search.get_untracked() {
            search if search.is_empty() => search,
            search => format!("?{}", search.trim_start_matches('?')),
        }
    );
    if is_signed_out(problem) {
        redirect_to(&sign_in_path(&here));
        return view! { <div class="page-failure" role="status">"Your session is over. Leading you to sign in …"</div> }
            .into_any();
    }
    set_status(problem.status);
    let missing = problem.kind() == Some(ProblemType::NotFound);
    let icon = if problem.type_uri == UNREACHABLE {
        Icon::Offline
    } else {
        Icon::Warning
    };
    view! {
        <div class="empty" role="alert">
            <div class="empty-icon">{icon.view()}</div>
            <h2>{problem.title.clone()}</h2>
            <p>{problem.detail.clone()}</p>
            {if missing {
                view! { <a class="button" href="/">"All monitors"</a> }.into_any()
            } else {
                view! {
                    <button class="button" r#type="button" on:click=move |_| retry.run(())>
                        {Icon::Retry.view()}
                        "Try again"
                    </button>
                }
                    .into_any()
            }}
        </div>
    }
    .into_any()
}

/// A problem beside what caused it, such as a form.
pub fn alert(problem: &Problem) -> AnyView {
    view! {
        <div class="alert" role="alert">
            {Icon::Warning.view()} <div>
                <strong>{problem.title.clone()}</strong>
                {problem.detail.clone().map(|detail| view! { <p>{detail}</p> })}
            </div>
        </div>
    }
    .into_any()
}

/// The page's HTTP status, where it is rendered on the server.
pub fn set_status(status: u16) {
    #[cfg(feature = "ssr")]
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>()
        && let Ok(status) = axum::http::StatusCode::from_u16(status)
    {
        response.set_status(status);
    }
    #[cfg(not(feature = "ssr"))]
    let _ = status;
}

/// Grey blocks in the shape of what is coming.
pub fn skeleton_rows() -> AnyView {
    let rows = (0..8)
        .map(|_| view! { <div class="skeleton skeleton-row"></div> })
        .collect_view();
    view! {
        <div class="skeletons" role="status">
            <span class="sr-only">"Loading"</span>
            {rows}
        </div>
    }
    .into_any()
}
