//! A button that asks once more before it does what cannot be undone.

use crate::components::icon::Icon;
use leptos::{html, prelude::*};

/// What is asked.
pub struct Question {
    /// On the button that asks: its classes, icon and words.
    pub button: (&'static str, Icon, &'static str),
    /// The question.
    pub title: &'static str,
    /// What follows.
    pub about: &'static str,
    /// On the button that does it.
    pub yes: &'static str,
}

/// The button, and the dialog behind it; `detail` stands below what follows.
pub fn question(asked: Question, detail: AnyView, confirmed: Callback<()>) -> AnyView {
    let dialog = NodeRef::<html::Dialog>::new();
    let set_open = move |open: bool| {
        if let Some(dialog) = dialog.get_untracked() {
            if open {
                let _ = dialog.show_modal();
            } else {
                dialog.close();
            }
        }
    };
    let Question {
        button: (class, icon, words),
        title,
        about,
        yes,
    } = asked;
    let confirm = move |_| {
        set_open(false);
        confirmed.run(());
    };
    html! {
        <button class=class r#type="button" on:click=move |_| set_open(true)>
            {icon.view()}
            {words}
        </button>
        <dialog class="dialog" node_ref=dialog aria-label=title>
            <h2>{title}</h2>
            <p>{about}</p>
            {detail}
            <div class="dialog-end">
                <button class="button" r#type="button" on:click=move |_| set_open(false)>"Keep"</button>
                <button class="button button-danger" r#type="button" on:click=confirm>{yes}</button>
            </div>
        </dialog>
    }
}
