//! What stands before a page that not everybody may see, and where there is none.

use super::frame::{Document, Frame, Head};
use crate::components::icon::Icon;
use edgewatch_client::public_status::PublicPage;
use leptos::prelude::*;

/// Why a password was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is wrong.
    Wrong,
    /// There were too many wrong ones.
    TooOften,
}

/// Asks for the password of a page; the form posts `password` to `action`. Nothing of the page is told here, not even its
/// name.
pub fn password_page(frame: &Frame<'_>, action: &str, refusal: Option<Refusal>) -> Document {
    let texts = frame.texts();
    let problem = refusal.map(|refusal| {
        let key = match refusal {
            Refusal::Wrong => "password-wrong",
            Refusal::TooOften => "password-too-often",
        };
        html! { <p class="problem" id="problem" role="alert">{Icon::Warning.view()} {texts.say(key)}</p> }
    });
    let form = html! {
        <form method="post" action=action.to_owned()>
            <label for="password">{texts.say("password")}</label>
            <input
                id="password"
                name="password"
                r#type="password"
                required
                autofocus
                autocomplete="current-password"
                aria-invalid=refusal.map(|_| "true")
                aria-describedby=refusal.map(|_| "problem")
            />
            {problem}
            <button class="press" r#type="submit">{texts.say("open")}</button>
        </form>
    };
    door(frame, None, Icon::Key, "password-title", "password-hint", form)
}

/// Sends those who are not signed in to where they can do so.
pub fn sign_in_page(frame: &Frame<'_>, address: &str) -> Document {
    let link = html! { <p><a class="press" href=address.to_owned()>{frame.texts().say("sign-in")}</a></p> };
    door(frame, None, Icon::Person, "password-title", "sign-in-hint", link)
}

/// There is no page of that name.
pub fn not_found_page(frame: &Frame<'_>) -> Document {
    door(
        frame,
        None,
        Icon::Search,
        "not-found-title",
        "not-found-hint",
        html! { <span></span> },
    )
}

/// There is no incident of that number on a page.
pub fn incident_not_found_page(frame: &Frame<'_>, page: &PublicPage) -> Document {
    let link =
        html! { <p><a class="press" href=frame.link("")>{frame.texts().say("back-to-status")}</a></p> };
    door(
        frame,
        Some(page),
        Icon::Search,
        "not-found-title",
        "not-found-incident",
        link,
    )
}

fn door(
    frame: &Frame<'_>,
    page: Option<&PublicPage>,
    icon: Icon,
    title: &str,
    hint: &str,
    content: AnyView,
) -> Document {
    let texts = frame.texts();
    let head = Head {
        title: texts.say(title),
        description: String::new(),
        page,
        canonical: None,
    };
    let card = html! {
        <div class="column door">
            <div class="card">
                <span class="mark tone-unknown" aria-hidden="true">{icon.view()}</span>
                <h1>{texts.say(title)}</h1>
                <p class="quiet">{texts.say(hint)}</p>
                {content}
            </div>
        </div>
    };
    frame.document(head, card)
}
