//! `/maintenance/new` and `/maintenance/{id}`: planning maintenance, changing it, and how it was changed.

use super::{
    Page, Query,
    form::{boxes, ending, field, for_editors, head, list_choices, problem, refusal},
    maintenance::scope,
    words::moment,
};
use crate::{
    components::{field::input_id, icon::Icon},
    format::{self, Moment},
    session::Session,
};
use edgewatch_client::{
    Client,
    maintenance::{
        Maintenance, MaintenanceChangeKind, MaintenanceSchedule, MaintenanceScope, MaintenanceSettings,
        MaintenanceStatus,
    },
    protocol::problem::Problem,
    status_page::StatusPageSummary,
};
use leptos::prelude::*;

/// Rules to begin with.
const RULES: [&str; 5] = [
    "FREQ=DAILY",
    "FREQ=WEEKLY",
    "FREQ=WEEKLY;BYDAY=SA,SU",
    "FREQ=MONTHLY",
    "FREQ=MONTHLY;BYDAY=1SU",
];

/// Writes the form of a new one; `?recurring=1` of one that takes place again and again.
pub async fn write_new(client: &Client, session: &Session, query: Query<'_>) -> Result<Page, Problem> {
    for_editors(session, "Maintenance is planned by editors.")?;
    let is_recurring = query.get("recurring").is_some();
    let form = form(client, None, is_recurring).await?;
    Ok(page("Plan maintenance", form))
}

/// Writes one that there is.
pub async fn write(client: &Client, session: &Session, id: i32) -> Result<Page, Problem> {
    let one = client.get_maintenance(id).await?;
    let is_over = one.status == MaintenanceStatus::Over;
    let about = (is_over || !session.can_edit()).then(|| facts(&one.settings, is_over));
    let (form, actions) = if about.is_some() {
        (None, None)
    } else {
        let is_recurring = matches!(one.settings.schedule, MaintenanceSchedule::Recurring { .. });
        let form = form(client, Some(&one), is_recurring).await?;
        (Some(form), Some(actions(&one)))
    };
    let name = one.settings.name.clone();
    Ok(page(&name, html! { {about} {form} {actions} {history(&one)} }))
}

fn page(title: &str, content: AnyView) -> Page {
    let content = html! {
        {head("/maintenance", "Maintenance", title)}
        {content}
    };
    (title.to_owned(), content)
}

fn facts(settings: &MaintenanceSettings, is_over: bool) -> AnyView {
    let why = if is_over {
        "It is over, and stays as it was."
    } else {
        "Editors may change it."
    };
    html! {
        <section class="card" aria-label="About">
            <p class="note">{why} " It is for " {scope(&settings.scope)} "."</p>
            {(!settings.note.is_empty()).then(|| html! { <p class="note">{settings.note.clone()}</p> })}
        </section>
    }
}

async fn form(client: &Client, one: Option<&Maintenance>, is_recurring: bool) -> Result<AnyView, Problem> {
    let overview = client.get_overview().await?;
    let settings = one.map(|one| &one.settings);
    let api = match one {
        Some(one) => format!("PUT /api/v1/maintenance/{}", one.id),
        None => "POST /api/v1/maintenance".to_owned(),
    };
    let kind = if is_recurring { "recurring" } else { "once" };
    let when = if is_recurring {
        recurring(settings)
    } else {
        once(settings)
    };
    let text = |get: fn(&MaintenanceSettings) -> &String| settings.map(get).cloned().unwrap_or_default();
    let chosen = settings
        .map(|settings| settings.scope.clone())
        .unwrap_or_default();
    let choices = list_choices(overview, &chosen.monitors);
    let shown = shown(&client.list_status_pages(false).await?, &chosen);
    Ok(html! {
        <form class="card written-form" data-api=api data-then="/maintenance" novalidate>
            {problem("")}
            <input r#type="hidden" name="schedule/type" value=kind />
            <div class="field-grid">
                <div class="sixths-6">
                    {field("/name", "Name", "", html! { <input class="input" id=input_id("/name") name="name" value=text(|s| &s.name) autocomplete="off" /> })}
                </div>
                {when}
                <div class="sixths-6">
                    {field("/note", "Note", "What is done; shown with it", html! {
                        <textarea class="input input-area" id=input_id("/note") name="note" rows="2">{text(|s| &s.note)}</textarea>
                    })}
                </div>
                <fieldset class="field sixths-6">
                    <legend class="label">"For"</legend>
                    <label class="check">
                        <input r#type="checkbox" name="scope/everything" data-kind="flag" checked=chosen.everything />
                        <span class="check-label">"All monitors"</span>
                    </label>
                    {boxes("scope/monitors", &choices)}
                    {problem("/scope")}
                </fieldset>
                {shown}
                <div class="sixths-6">
                    {field("/scope/tags", "Tags", "With commas between: monitors that carry one of them, while they carry it", html! {
                        <input class="input" id=input_id("/scope/tags") name="scope/tags" data-kind="list" value=chosen.tags.join(", ") autocomplete="off" />
                    })}
                </div>
            </div>
            {ending("Save", "/maintenance")}
        </form>
    })
}

/// What status pages show, to choose; nothing while there are none.
fn shown(pages: &[StatusPageSummary], chosen: &MaintenanceScope) -> Option<AnyView> {
    let check = |name: &'static str, id: i32, is_chosen: bool, label: AnyView| {
        html! {
            <label class="check">
                <input r#type="checkbox" name=name data-kind="each" value=id.to_string() checked=is_chosen />
                {label}
            </label>
        }
    };
    let page = |page: &StatusPageSummary| {
        let groups = page.groups.iter().map(|group| {
            let label = html! { <span>{group.name.clone()}</span> };
            check("scope/groups", group.id, chosen.groups.contains(&group.id), label)
        });
        let title = html! { <strong>{page.title.clone()}</strong> };
        html! {
            <div class="written-place">
                {check("scope/pages", page.id, chosen.pages.contains(&page.id), title)}
                <div class="written-place-groups">{groups.collect_view()}</div>
            </div>
        }
    };
    (!pages.is_empty()).then(|| {
        html! {
            <fieldset class="field sixths-6">
                <legend class="label">"What status pages show"</legend>
                <p class="hint">"Monitors of a page, or of one of its components or groups, while they are shown there"</p>
                <div class="written-choices">{pages.iter().map(page).collect_view()}</div>
                {problem("/scope/pages")}
                {problem("/scope/groups")}
            </fieldset>
        }
    })
}

fn once(settings: Option<&MaintenanceSettings>) -> AnyView {
    let (from, to) = match settings.map(|settings| &settings.schedule) {
        Some(MaintenanceSchedule::Once { from, to }) => (format::rfc3339(*from), format::rfc3339(*to)),
        // Whole hours from now, which the page's script knows.
        _ => ("1".to_owned(), "2".to_owned()),
    };
    let input = |pointer: &'static str, at: String| {
        html! {
            <moment-input datetime=at>
                <input class="input" r#type="datetime-local" id=input_id(pointer) name=&pointer[1..] data-kind="moment" />
            </moment-input>
        }
    };
    html! {
        <div class="sixths-3">{field("/schedule/from", "From", "In your time zone", input("/schedule/from", from))}</div>
        <div class="sixths-3">{field("/schedule/to", "To", "In your time zone", input("/schedule/to", to))}</div>
    }
}

fn recurring(settings: Option<&MaintenanceSettings>) -> AnyView {
    let (zone, start, minutes, rule) = match settings.map(|settings| &settings.schedule) {
        Some(MaintenanceSchedule::Recurring {
            zone,
            start,
            duration_min,
            rule,
        }) => (zone.clone(), start.clone(), *duration_min, rule.clone()),
        _ => ("UTC".to_owned(), String::new(), 60, RULES[1].to_owned()),
    };
    let rules = RULES
        .map(|rule| html! { <option value=rule></option> })
        .collect_view();
    html! {
        <div class="sixths-3">{field("/schedule/start", "First at", "In the time zone beside it", html! {
            <input class="input" r#type="datetime-local" id=input_id("/schedule/start") name="schedule/start" value=start />
        })}</div>
        <div class="sixths-3">{field("/schedule/zone", "Time zone", "UTC, Europe/Berlin", html! {
            <input class="input" id=input_id("/schedule/zone") name="schedule/zone" value=zone autocomplete="off" spellcheck="false" />
        })}</div>
        <div class="sixths-2">{field("/schedule/duration_min", "Minutes", "", html! {
            <input class="input num" id=input_id("/schedule/duration_min") name="schedule/duration_min" data-kind="number" inputmode="numeric" value=minutes.to_string() />
        })}</div>
        <div class="sixths-4">{field("/schedule/rule", "Again", "FREQ, INTERVAL, BYDAY, BYMONTHDAY, UNTIL or COUNT, as calendars have them", html! {
            <input class="input" id=input_id("/schedule/rule") name="schedule/rule" list="rules" value=rule autocomplete="off" spellcheck="false" />
            <datalist id="rules">{rules}</datalist>
        })}</div>
    }
}

/// Ending what is open, and removing.
fn actions(one: &Maintenance) -> AnyView {
    let id = one.id;
    let end = (one.status == MaintenanceStatus::Open).then(|| {
        html! {
            <form data-api=format!("POST /api/v1/maintenance/{id}/end") data-then=format!("/maintenance/{id}")>
                <button class="button" r#type="submit">{Icon::Check.view()} "End it now"</button>
                {refusal()}
            </form>
        }
    });
    html! {
        {end}
        <details class="fold written-remove">
            <summary><span class="fold-title">"Remove this maintenance"</span></summary>
            <form data-api=format!("DELETE /api/v1/maintenance/{id}") data-then="/maintenance">
                {refusal()}
                <p>"A window that is open ends now, and those that have ended stay."</p>
                <button class="button button-danger" r#type="submit">{Icon::Bin.view()} "Remove"</button>
            </form>
        </details>
    }
}

/// How it was changed.
fn history(one: &Maintenance) -> AnyView {
    let changes = one.history.iter().map(|change| {
        let done = match change.kind {
            MaintenanceChangeKind::Created => "Planned",
            MaintenanceChangeKind::Changed => "Changed",
            MaintenanceChangeKind::Ended => "Ended",
            MaintenanceChangeKind::Removed => "Removed",
        };
        let by = change.by.clone().map(|by| format!(" by {by}"));
        html! { <li>{moment(change.at, Moment::Second)} " · " {done} {by}</li> }
    });
    html! {
        <section class="section card" aria-labelledby="history">
            <div class="card-head"><h2 id="history">"History"</h2></div>
            <ul class="maintenance-history">{changes.collect_view()}</ul>
        </section>
    }
}
