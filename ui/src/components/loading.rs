//! What a page shows while its data is on the way, and when it does not come.

use crate::{
    api::Reading,
    components::icon::Icon,
    session::{is_signed_out, redirect_to, sign_in_path},
    still::{BEGINS, COMMENT, TITLED},
};
use edgewatch_client::{
    json::{self, FromJson, Unreadable},
    protocol::problem::{Problem, ProblemType},
    transport::UNREACHABLE,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;
use std::sync::Arc;

/// Shows what a reading brings: a skeleton of the same size while it loads for the first time, a message with a retry
/// when it fails. While it is read anew, what was there stays.
pub fn loaded<T: FromJson + 'static>(
    reading: Reading,
    skeleton: fn() -> AnyView,
    view: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    loaded_as(reading, skeleton, |text| json::from_str(text), view)
}

/// The same for an answer that is not simply JSON of a type.
pub fn loaded_as<T: 'static>(
    reading: Reading,
    skeleton: fn() -> AnyView,
    parse: fn(&str) -> Result<T, Unreadable>,
    view: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    show(
        reading,
        skeleton,
        Arc::new(move |text| parse(text).map(&view).map_err(unreadable)),
    )
}

/// Shows a page that the server alone writes.
pub fn still(reading: Reading) -> AnyView {
    let view: View = Arc::new(|text| {
        let titled = text.strip_prefix(BEGINS).and_then(|text| text.split_once(TITLED));
        let title = titled.map(|(title, _)| title.to_owned()).unwrap_or_default();
        Ok(html! {
            <Title text=title />
            <div class="still" inner_html=[COMMENT, text].concat()></div>
        })
    });
    show(reading, skeleton_rows, view)
}

type View = Arc<dyn Fn(&str) -> Result<AnyView, Problem> + Send + Sync>;

fn show(reading: Reading, skeleton: fn() -> AnyView, view: View) -> AnyView {
    let content = move || {
        let view = view.clone();
        Suspend::new(async move {
            reading
                .await
                .and_then(|text| view(&text))
                .unwrap_or_else(|problem| failure(&problem, Callback::new(move |()| reading.refetch())))
        })
    };
    html! { <Transition fallback=skeleton>{content}</Transition> }
}

fn unreadable(error: Unreadable) -> Problem {
    Problem::new(ProblemType::Internal).detail(format!("The answer cannot be read: {error}."))
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
        return html! { <div class="page-failure" role="status">"Your session is over. Leading you to sign in …"</div> };
    }
    set_status(problem.status);
    // What the visitor may not do or what is not there does not get better by trying again.
    let final_answer = (400..500).contains(&problem.status);
    let icon = if problem.type_uri == UNREACHABLE {
        Icon::Offline
    } else {
        Icon::Warning
    };
    html! {
        <div class="empty" role="alert">
            <div class="empty-icon">{icon.view()}</div>
            <h2>{problem.title.clone()}</h2>
            <p>{problem.detail.clone()}</p>
            {if final_answer {
                html! { <a class="button" href="/">"All monitors"</a> }
            } else {
                html! {
                    <button class="button" r#type="button" on:click=move |_| retry.run(())>
                        {Icon::Retry.view()}
                        "Try again"
                    </button>
                }
            }}
        </div>
    }
}

/// A problem beside what caused it, such as a form.
pub fn alert(problem: &Problem) -> AnyView {
    html! {
        <div class="alert tone-down" role="alert">
            {Icon::Warning.view()} <div>
                <strong>{problem.title.clone()}</strong>
                {problem.detail.clone().map(|detail| html! { <p>{detail}</p> })}
            </div>
        </div>
    }
}

/// Something to look after that is there to stay until it is seen to.
pub fn warning(tone: &'static str, title: String, about: &'static str) -> AnyView {
    html! {
        <div class=format!("alert tone-{tone}")>
            {Icon::Warning.view()} <div>
                <strong>{title}</strong>
                <p>{about}</p>
            </div>
        </div>
    }
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
        .map(|_| html! { <div class="skeleton skeleton-row"></div> })
        .collect_view();
    html! {
        <div class="skeletons" role="status">
            <span class="sr-only">"Loading"</span>
            {rows}
        </div>
    }
}
