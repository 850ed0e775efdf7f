//! `/status/{slug}/history`: a month.

use super::{
    bars::Bars,
    components::Tree,
    frame::{Document, Frame, Head},
    incidents::by_day,
    maintenance::window,
};
use crate::components::icon::Icon;
use chrono::NaiveDate;
use edgewatch_client::public_status::StatusMonth;
use leptos::prelude::*;

/// The page of a month.
pub fn history_page(frame: &Frame<'_>, month: &StatusMonth) -> Document {
    let texts = frame.texts();
    let name = texts.month(month.month);
    let values = [
        ("page", month.page.title.as_str().into()),
        ("month", name.as_str().into()),
    ];
    let head = Head {
        title: texts.tell("history-title", values),
        description: String::new(),
        page: Some(&month.page),
        canonical: Some(place(month.month)),
    };
    let incidents = if month.incidents.is_empty() {
        html! { <p class="quiet">{texts.say("no-incidents-month")}</p> }
    } else {
        by_day(frame, month.incidents.iter(), month.taken_at)
    };
    let windows = month
        .maintenance
        .iter()
        .map(|maintenance| window(frame, maintenance, month.taken_at))
        .collect_view();
    let maintenance = (!month.maintenance.is_empty())
        .then(|| html! { <section class="part"><h2>{texts.say("maintenance")}</h2> {windows}</section> });
    let tree = Tree {
        frame,
        bars: Bars {
            texts,
            hint: "bar-hint-month",
            incidents: &month.incidents,
            has_uptime: month.page.shows.uptime,
        },
        folds: false,
        is_now: false,
    };
    let content = html! {
        <div class="column">
            {frame.age(month.taken_at)}
            <a class="back" href=frame.link("")>{Icon::ChevronLeft.view()} {texts.say("back-to-status")}</a>
            <div class="month-head">
                <h1>{texts.tell("history-of", [("month", name.into())])}</h1>
                <nav class="month-nav" aria-label=texts.say("history")>
                    {step(frame, month.previous, Icon::ChevronLeft, "month-before")}
                    {step(frame, month.next, Icon::ChevronRight, "month-after")}
                </nav>
            </div>
            <section class="part">
                <h2>{texts.say("incidents")}</h2>
                {incidents}
            </section>
            {maintenance}
            <section class="part month">
                <h2>{if month.page.shows.uptime { texts.say("uptime-month") } else { texts.say("components") }}</h2>
                {tree.folding(&month.components).view(&month.components)}
            </section>
        </div>
    };
    frame.document(head, content)
}

fn place(month: NaiveDate) -> String {
    format!("/history?month={}", month.format("%Y-%m"))
}

fn step(frame: &Frame<'_>, month: Option<NaiveDate>, icon: Icon, key: &str) -> Option<AnyView> {
    let texts = frame.texts();
    month.map(|month| {
        let label = format!("{}: {}", texts.say(key), texts.month(month));
        html! { <a class="step" href=frame.link(&place(month)) title=label.clone() aria-label=label>{icon.view()}</a> }
    })
}
