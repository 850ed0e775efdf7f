//! Maintenance that is under way, and what is to come.

use super::{frame::Frame, incidents::affects, looks::of_state};
use chrono::{DateTime, Utc};
use edgewatch_client::public_status::{ComponentState, PublicMaintenance};
use leptos::prelude::*;

/// A window.
pub fn window(frame: &Frame<'_>, maintenance: &PublicMaintenance, at: DateTime<Utc>) -> AnyView {
    let texts = frame.texts();
    let look = of_state(ComponentState::Maintenance);
    let times = if maintenance.is_open(at) {
        texts.markup("ends", [("moment", texts.moment_html(maintenance.to))])
    } else {
        let values = [
            ("from", texts.moment_html(maintenance.from)),
            ("to", texts.moment_html(maintenance.to)),
        ];
        texts.markup("from-to", values)
    };
    let badge = maintenance
        .is_open(at)
        .then(|| html! { <span class="badge tone-maintenance">{texts.say("under-way")}</span> });
    let note =
        (!maintenance.note.is_empty()).then(|| html! { <p class="prose">{maintenance.note.clone()}</p> });
    html! {
        <article class="card event tone-maintenance">
            <header class="event-head">
                {look.mark()}
                <div>
                    <h3>{maintenance.title.clone()}</h3>
                    <p class="event-facts">
                        <span inner_html=times></span>
                        {affects(frame, &maintenance.components)}
                    </p>
                </div>
                {badge}
            </header>
            {note}
        </article>
    }
}
