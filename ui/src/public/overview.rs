//! `/status/{slug}`: how everything is now, and how it was.

use super::{
    agreements::summary,
    bars::Bars,
    components::{Tree, count},
    frame::{Document, Frame, Head},
    incidents::{by_day, incident},
    looks::of_page,
    maintenance::window,
};
use crate::components::icon::Icon;
use chrono::TimeDelta;
use edgewatch_client::public_status::{PublicMaintenance, StatusSnapshot};
use leptos::prelude::*;

/// Past incidents are shown for so many days; earlier ones are in the history.
const PAST_DAYS: i64 = 14;

/// And no more than so many.
const PAST_INCIDENTS: usize = 12;

/// The page.
pub fn status_page(frame: &Frame<'_>, snapshot: &StatusSnapshot) -> Document {
    let texts = frame.texts();
    let page = &snapshot.page;
    let state = texts.say(of_page(snapshot.state).word);
    let values = [("page", page.title.as_str().into()), ("state", state.into())];
    let head = Head {
        title: texts.tell("status-title", values),
        description: page.description.clone(),
        page: Some(page),
        canonical: Some(String::new()),
    };
    let at = snapshot.taken_at;
    let open = snapshot
        .open_incidents()
        .map(|open| incident(frame, open, at))
        .collect_view();
    let has_open = snapshot.open_incidents().next().is_some();
    let (under_way, planned): (Vec<_>, Vec<_>) = snapshot
        .maintenance
        .iter()
        .partition(|maintenance| maintenance.is_open(at));
    let description = (!page.description.is_empty())
        .then(|| html! { <p class="prose about">{page.description.clone()}</p> });
    let content = html! {
        <div class="column">
            {frame.age(at)}
            {banner(frame, snapshot)}
            {description}
            {has_open.then(|| part(texts.say("current-incidents"), open.into_any()))}
            {windows(frame, "maintenance-open", &under_way, snapshot)}
            {components(frame, snapshot)}
            {windows(frame, "maintenance-planned", &planned, snapshot)}
            {summary(frame, snapshot)}
            {past(frame, snapshot)}
        </div>
    };
    frame.document(head, content)
}

fn part(title: String, content: AnyView) -> AnyView {
    html! { <section class="part"><h2>{title}</h2> {content}</section> }
}

/// The state of everything in one sentence.
fn banner(frame: &Frame<'_>, snapshot: &StatusSnapshot) -> AnyView {
    let texts = frame.texts();
    let look = of_page(snapshot.state);
    let (all, affected) = count(&snapshot.components);
    let affected = (affected > 0).then(|| {
        html! { <span>{texts.tell("affected", [("n", affected.into()), ("all", all.into())])}</span> }
    });
    let uptime = snapshot.uptime.as_ref().map(|share| {
        let days = texts.tell("uptime-days", [("n", snapshot.page.uptime_days.into())]);
        html! { <p class="banner-uptime"><span class="num">{texts.percent(share)}</span> <span>{days}</span></p> }
    });
    let as_of = texts.markup("as-of", [("moment", texts.moment_html(snapshot.taken_at))]);
    html! {
        <section class=format!("banner tone-{}", look.tone)>
            {look.mark()}
            <div>
                <h1>{texts.say(look.word)}</h1>
                <p class="event-facts">{affected} <span inner_html=as_of></span></p>
            </div>
            {uptime}
        </section>
    }
}

fn windows(
    frame: &Frame<'_>,
    title: &str,
    list: &[&PublicMaintenance],
    snapshot: &StatusSnapshot,
) -> Option<AnyView> {
    (!list.is_empty()).then(|| {
        let list = list
            .iter()
            .map(|maintenance| window(frame, maintenance, snapshot.taken_at))
            .collect_view();
        part(frame.texts().say(title), list.into_any())
    })
}

fn components(frame: &Frame<'_>, snapshot: &StatusSnapshot) -> AnyView {
    let texts = frame.texts();
    if snapshot.components.is_empty() {
        return html! { <p class="card quiet empty">{texts.say("no-components")}</p> };
    }
    let tree = Tree {
        frame,
        bars: Bars {
            texts,
            hint: "bar-hint",
            incidents: &snapshot.incidents,
            has_uptime: snapshot.page.shows.uptime,
        },
        folds: false,
        is_now: true,
    };
    let axis = |n: i32| texts.tell("days-ago", [("n", n.into())]);
    html! {
        <section class="part">
            <h2 class="sr-only">{texts.say("components")}</h2>
            // On a narrow screen the bars begin later.
            <p class="axis" aria-hidden="true">
                <span class="axis-wide">{axis(90)}</span>
                <span class="axis-narrow">{axis(45)}</span>
                <span>{texts.say("today")}</span>
            </p>
            {tree.folding(&snapshot.components).view(&snapshot.components)}
        </section>
    }
}

fn past(frame: &Frame<'_>, snapshot: &StatusSnapshot) -> AnyView {
    let texts = frame.texts();
    let since = snapshot.taken_at - TimeDelta::days(PAST_DAYS);
    let mut past = snapshot
        .incidents
        .iter()
        .filter(|incident| {
            incident
                .resolved_at
                .is_some_and(|resolved_at| resolved_at >= since)
        })
        .take(PAST_INCIDENTS)
        .peekable();
    let list = if past.peek().is_none() {
        html! { <p class="quiet">{texts.tell("no-incidents", [("n", PAST_DAYS.into())])}</p> }
    } else {
        by_day(frame, past, snapshot.taken_at)
    };
    html! {
        <section class="part">
            <h2>{texts.say("past-incidents")}</h2>
            {list}
            <p><a class="more" href=frame.link("/history")>{texts.say("history")} {Icon::ChevronRight.view()}</a></p>
        </section>
    }
}
