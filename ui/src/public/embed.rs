//! A small widget for other sites: the state of everything in one line, in a frame.

use super::{
    frame::{Document, Frame, Head},
    looks::of_page,
};
use edgewatch_client::public_status::StatusSnapshot;
use leptos::prelude::*;

/// `embed.js`: puts the widget where its script element stands.
pub const EMBED_SCRIPT: &str = include_str!("../../script/embed.js");

/// What the frame holds: 320 by 48 pixels, without a ground of its own.
pub fn embed_page(frame: &Frame<'_>, snapshot: &StatusSnapshot) -> Document {
    let texts = frame.texts();
    let look = of_page(snapshot.state);
    let state = texts.say(look.word);
    let values = [
        ("page", snapshot.page.title.as_str().into()),
        ("state", state.as_str().into()),
    ];
    let head = Head {
        title: texts.tell("status-title", values),
        description: String::new(),
        page: Some(&snapshot.page),
        canonical: Some(String::new()),
    };
    let body = html! {
        <body class="embed">
            <a class=format!("widget tone-{}", look.tone) href=frame.link("") target="_blank" rel="noopener">
                {look.mark()} <span class="widget-state">{state}</span> <span class="widget-name">{snapshot.page.title.clone()}</span>
            </a>
        </body>
    };
    frame.wrap(head, "*", body)
}
