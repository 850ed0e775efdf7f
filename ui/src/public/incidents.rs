//! Incidents: in full with what was published of them, in short among the past ones, and on a page of their own.

use super::{
    frame::{Document, Frame, Head},
    looks::{of_impact, stage},
    texts::Texts,
};
use crate::{components::icon::Icon, format::rfc3339};
use chrono::{DateTime, Utc};
use edgewatch_client::{
    public_status::{ComponentName, IncidentStage, PublicIncident, PublicPage, PublicUpdate},
    status_page::PageLanguage,
};
use leptos::prelude::*;

/// So many components are named; of more it is said how many there are.
const NAMED: usize = 4;

/// What an incident is called: as somebody has named it, or after its components.
pub fn title(incident: &PublicIncident, language: PageLanguage) -> String {
    let texts = Texts(language);
    match &incident.title {
        Some(title) => title.clone(),
        None if incident.components.is_empty() => texts.say("incident"),
        None => {
            let names = texts.list(&names(&incident.components), 2);
            texts.tell("incident-of", [("components", names.into())])
        }
    }
}

fn names(components: &[ComponentName]) -> Vec<&str> {
    components
        .iter()
        .map(|component| component.name.as_str())
        .collect()
}

/// The components that something concerns.
pub fn affects(frame: &Frame<'_>, components: &[ComponentName]) -> Option<AnyView> {
    let texts = frame.texts();
    (!components.is_empty()).then(|| {
        let list = texts.list(&names(components), NAMED);
        html! { <span>{texts.tell("affects", [("components", list.into())])}</span> }
    })
}

/// When it began, and how long it lasts or has lasted.
fn times(frame: &Frame<'_>, incident: &PublicIncident, at: DateTime<Utc>) -> AnyView {
    let texts = frame.texts();
    let began = texts.markup("began", [("moment", texts.moment_html(incident.started_at))]);
    let length = incident.resolved_at.unwrap_or(at) - incident.started_at;
    let length = texts.length(length.num_milliseconds());
    let key = if incident.resolved_at.is_some() {
        "lasted"
    } else {
        "lasts"
    };
    html! {
        <span inner_html=began></span>
        <span>{texts.tell(key, [("length", length.into())])}</span>
    }
}

/// One in full.
pub fn incident(frame: &Frame<'_>, incident: &PublicIncident, at: DateTime<Utc>) -> AnyView {
    let title = title(incident, frame.language);
    let link = frame.link(&format!("/incidents/{}", incident.id));
    card(frame, incident, at, html! { <h3><a href=link>{title}</a></h3> })
}

fn card(frame: &Frame<'_>, incident: &PublicIncident, at: DateTime<Utc>, heading: AnyView) -> AnyView {
    let texts = frame.texts();
    let look = of_impact(incident.impact);
    html! {
        <article class=format!("card event tone-{}", look.tone)>
            <header class="event-head">
                {look.mark()}
                <div>
                    {heading}
                    <p class="event-facts">
                        <span>{texts.say(look.word)}</span>
                        {affects(frame, &incident.components)}
                        {times(frame, incident, at)}
                    </p>
                </div>
                <span class=stage_class(incident.stage)>{texts.say(stage(incident.stage))}</span>
            </header>
            {timeline(frame, incident)}
        </article>
    }
}

fn stage_class(stage: IncidentStage) -> &'static str {
    match stage {
        IncidentStage::Resolved => "badge tone-up",
        IncidentStage::Monitoring => "badge tone-maintenance",
        IncidentStage::Investigating | IncidentStage::Identified => "badge tone-event",
    }
}

/// What was published, the latest first.
fn timeline(frame: &Frame<'_>, incident: &PublicIncident) -> AnyView {
    let texts = frame.texts();
    if incident.updates.is_empty() {
        return html! { <p class="quiet">{texts.say("no-update")}</p> };
    }
    let updates = incident
        .updates
        .iter()
        .map(|update| entry(frame, update))
        .collect_view();
    html! { <ol class="timeline" aria-label=texts.say("updates")>{updates}</ol> }
}

fn entry(frame: &Frame<'_>, update: &PublicUpdate) -> AnyView {
    let texts = frame.texts();
    html! {
        <li>
            <p class="entry-head">
                <strong>{texts.say(stage(update.stage))}</strong>
                <time datetime=rfc3339(update.at)>{texts.moment(update.at)}</time>
            </p>
            <p class="prose">{update.text.clone()}</p>
        </li>
    }
}

/// One among the past ones, with the last that was said of it.
pub fn past(frame: &Frame<'_>, incident: &PublicIncident, at: DateTime<Utc>) -> AnyView {
    let texts = frame.texts();
    let look = of_impact(incident.impact);
    let link = frame.link(&format!("/incidents/{}", incident.id));
    let last = incident
        .updates
        .first()
        .map(|update| html! { <p class="prose past-text">{update.text.clone()}</p> });
    html! {
        <article class=format!("past tone-{}", look.tone)>
            {look.mark()}
            <div>
                <h4><a href=link>{title(incident, frame.language)}</a></h4>
                <p class="event-facts">
                    <span>{texts.say(stage(incident.stage))}</span>
                    <span>{texts.say(look.word)}</span>
                    {affects(frame, &incident.components)}
                    {times(frame, incident, at)}
                </p>
                {last}
            </div>
        </article>
    }
}

/// Past ones by the day on which they began, the latest first. Days are those of UTC, as the moments beside them.
pub fn by_day<'a>(
    frame: &Frame<'_>,
    incidents: impl Iterator<Item = &'a PublicIncident>,
    at: DateTime<Utc>,
) -> AnyView {
    let incidents: Vec<_> = incidents.collect();
    incidents
        .chunk_by(|a, b| a.started_at.date_naive() == b.started_at.date_naive())
        .filter_map(|day| {
            let date = frame.texts().date(day.first()?.started_at.date_naive());
            let list = day
                .iter()
                .map(|incident| past(frame, incident, at))
                .collect_view();
            Some(html! { <section class="past-day"><h3>{date}</h3> {list}</section> })
        })
        .collect_view()
        .into_any()
}

/// `/incidents/{id}`: an incident on a page of its own.
pub fn incident_page(
    frame: &Frame<'_>,
    page: &PublicPage,
    incident: &PublicIncident,
    taken_at: DateTime<Utc>,
) -> Document {
    let texts = frame.texts();
    let title = title(incident, frame.language);
    let values = [
        ("page", page.title.as_str().into()),
        ("state", title.as_str().into()),
    ];
    let head = Head {
        title: texts.tell("status-title", values),
        description: incident
            .updates
            .first()
            .map(|update| update.text.clone())
            .unwrap_or_default(),
        page: Some(page),
        canonical: Some(format!("/incidents/{}", incident.id)),
    };
    let content = html! {
        <div class="column stack">
            {frame.age(taken_at)}
            <a class="back" href=frame.link("")>{Icon::ChevronLeft.view()} {texts.say("back-to-status")}</a>
            {card(frame, incident, taken_at, html! { <h1>{title}</h1> })}
        </div>
    };
    frame.document(head, content)
}
