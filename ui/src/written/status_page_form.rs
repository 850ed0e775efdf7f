//! `/status-pages/new`, `/status-pages/{id}`: a status page's settings and components, with the page itself beside them as
//! it would be. What changes components and renders the preview is `script/status_page.js`.

use super::{
    Page, Query,
    form::{field, flag, for_editors, problem},
    status_page_slas::agreements,
    status_page_tree::tree,
    status_pages::address,
    words::moment,
};
use crate::{
    assets::Assets,
    components::{field::input_id, icon::Icon},
    format::Moment,
    session::Session,
};
use edgewatch_client::{
    Client,
    protocol::problem::Problem,
    status_page::{
        PageAccess, PageLanguage, PageShows, PageTheme, StatusPage, StatusPageChangeKind, StatusPageSettings,
        default_uptime_days, default_zone,
    },
};
use leptos::prelude::*;

/// Writes it. `?saved=1` says that it was saved just now.
pub async fn write(
    client: &Client,
    session: &Session,
    id: Option<i32>,
    query: Query<'_>,
) -> Result<Page, Problem> {
    for_editors(session, "Status pages are made and changed by editors.")?;
    let page = match id {
        Some(id) => Some(client.get_status_page(id).await?),
        None => None,
    };
    let overview = client.get_overview().await?;
    let slas = client.list_slas().await?;
    let settings = page.as_ref().map_or_else(blank, |page| page.settings.clone());
    let has_password = page.as_ref().is_some_and(|page| page.has_password);
    let title = match &page {
        Some(page) => page.settings.title.clone(),
        None => "New status page".to_owned(),
    };
    let (api, then) = match id {
        Some(id) => (
            format!("PUT /api/v1/status-pages/{id}"),
            format!("/status-pages/{id}?saved=1"),
        ),
        None => (
            "POST /api/v1/status-pages".to_owned(),
            "/status-pages/{id}?saved=1".to_owned(),
        ),
    };
    let public = page.as_ref().map(|page| {
        html! {
            <div class="actions">
                <a class="button" href=format!("/status-pages/{}/subscribers", page.id)>{Icon::Bell.view()} "Subscribers"</a>
                <a class="button" href=address(&page.settings.slug) target="_blank" rel="external noopener">
                    {Icon::External.view()} "Open the page"
                </a>
            </div>
        }
    });
    let script = Assets::embedded().url("status_page.js").unwrap_or_default();
    let saved = query
        .get("saved")
        .map(|_| html! { <p class="alert tone-up" role="status">{Icon::Check.view()} "Saved. The public sees it within seconds."</p> });
    let content = html! {
        <div class="page-head">
            <div>
                <a class="back" href="/status-pages">{Icon::ChevronLeft.view()} "Status pages"</a>
                <h1>{title.clone()}</h1>
            </div>
            {public}
        </div>
        {saved}
        <page-script src=script></page-script>
        <div class="status-editor" data-page=id.map(|id| id.to_string())>
            <div class="status-editor-form">
                <form class="written-form card" id="status-page" data-api=api data-then=then novalidate>
                    {problem("")}
                    {about(&settings)}
                    {tree(&settings.components, &overview)}
                    {looks(&settings)}
                    {shows(&settings)}
                    {agreements(&settings.slas, &slas)}
                    {access(&settings, has_password)}
                    <div class="actions">
                        <button class="button button-primary" r#type="submit">{Icon::Check.view()} "Save"</button>
                        <a class="button" href="/status-pages">"Cancel"</a>
                    </div>
                </form>
                {page.as_ref().map(logo)}
                {page.as_ref().map(history)}
                {id.map(remove)}
            </div>
            <section class="status-preview" aria-label="Preview">
                <div class="status-preview-head">
                    <span class="label">"Preview"</span>
                    <span class="muted" id="preview-state" role="status"></span>
                    <div class="segments" role="group" aria-label="Width of the preview">
                        <button r#type="button" data-preview="wide" aria-pressed="true">"Desktop"</button>
                        <button r#type="button" data-preview="narrow" aria-pressed="false">"Phone"</button>
                    </div>
                </div>
                // Two, of which one is shown while the other loads. No script runs in them.
                <div class="status-preview-frames">
                    <iframe name="preview-0" title="Preview" sandbox="allow-same-origin"></iframe>
                    <iframe name="preview-1" title="Preview" sandbox="allow-same-origin" hidden></iframe>
                </div>
            </section>
        </div>
    };
    Ok((title, content))
}

/// What a page has before anything is said of it.
fn blank() -> StatusPageSettings {
    StatusPageSettings {
        slug: String::new(),
        title: String::new(),
        description: String::new(),
        host: None,
        home_url: None,
        accent: None,
        theme: PageTheme::Auto,
        language: None,
        zone: default_zone(),
        access: PageAccess::Public,
        password: None,
        uptime_days: default_uptime_days(),
        shows: PageShows::default(),
        edge: false,
        slas: Vec::new(),
        components: Vec::new(),
    }
}

/// An input of one line; `kind` tells what its text stands for.
fn text(
    pointer: &'static str,
    label: &'static str,
    hint: &'static str,
    kind: &'static str,
    value: String,
) -> AnyView {
    let input = html! {
        <input class="input" id=input_id(pointer) name=&pointer[1..] data-kind=kind value=value autocomplete="off" spellcheck="false" />
    };
    field(pointer, label, hint, input)
}

/// A choice of few; the first of each pair is its value.
fn choice(
    pointer: &'static str,
    label: &'static str,
    kind: &'static str,
    chosen: &str,
    options: &[(&'static str, &'static str)],
) -> AnyView {
    let options = options
        .iter()
        .map(|&(value, text)| html! { <option value=value selected=value == chosen>{text}</option> })
        .collect_view();
    let input = html! {
        <span class="select">
            <select class="input" id=input_id(pointer) name=&pointer[1..] data-kind=kind>{options}</select>
        </span>
    };
    field(pointer, label, "", input)
}

fn about(settings: &StatusPageSettings) -> AnyView {
    html! {
        <div class="field-grid">
            <div class="sixths-3">{text("/title", "Title", "", "text", settings.title.clone())}</div>
            <div class="sixths-3">{text("/slug", "Address", "/status/ and this: small letters, digits, hyphens", "text", settings.slug.clone())}</div>
            <div class="sixths-6">
                {field("/description", "Description", "", html! {
                    <textarea class="input" id=input_id("/description") name="description" rows="2" maxlength="500">{settings.description.clone()}</textarea>
                })}
            </div>
        </div>
    }
}

fn looks(settings: &StatusPageSettings) -> AnyView {
    let theme = match settings.theme {
        PageTheme::Auto => "auto",
        PageTheme::Light => "light",
        PageTheme::Dark => "dark",
    };
    let themes = [
        ("auto", "As the visitor's system"),
        ("light", "Light"),
        ("dark", "Dark"),
    ];
    let languages = [
        ("", "As the visitor's browser asks"),
        ("en", "English"),
        ("de", "German"),
        ("fr", "French"),
        ("es", "Spanish"),
        ("ja", "Japanese"),
        ("zh", "Chinese"),
    ];
    let accent = settings.accent.clone().unwrap_or_default();
    // An input of colours cannot be empty: Edgewatch's own, then.
    let well = if accent.is_empty() {
        "#1f55d6".to_owned()
    } else {
        accent.clone()
    };
    let accent = html! {
        <span class="accent-input">
            <input class="accent-well" r#type="color" id="accent-well" aria-label="Choose the accent colour" value=well />
            <input class="input" id=input_id("/accent") name="accent" data-kind="optional" value=accent placeholder="#1f55d6" autocomplete="off" spellcheck="false" />
        </span>
    };
    html! {
        <fieldset class="status-part">
            <legend class="label">"Looks"</legend>
            <div class="field-grid">
                <div class="sixths-2">{field("/accent", "Accent colour", "", accent)}</div>
                <div class="sixths-2">{choice("/theme", "Theme", "text", theme, &themes)}</div>
                <div class="sixths-2">{choice("/language", "Language", "optional", settings.language.map_or("", PageLanguage::as_str), &languages)}</div>
                <div class="sixths-3">{text("/home_url", "Home page", "Where the title leads to", "optional", settings.home_url.clone().unwrap_or_default())}</div>
                <div class="sixths-3">{text("/zone", "Time zone", "In which days begin: UTC, Europe/Berlin", "text", settings.zone.clone())}</div>
            </div>
        </fieldset>
    }
}

fn shows(settings: &StatusPageSettings) -> AnyView {
    let shows = settings.shows;
    let days = html! {
        <input class="input num" id=input_id("/uptime_days") name="uptime_days" data-kind="number" inputmode="numeric" value=settings.uptime_days.to_string() autocomplete="off" />
    };
    html! {
        <fieldset class="status-part">
            <legend class="label">"Shows"</legend>
            <div class="check-grid">
                {flag("shows/uptime", shows.uptime, "Uptime in figures", "")}
                {flag("shows/latency", shows.latency, "Response times", "Of the last 24 hours")}
                {flag("shows/regions", shows.regions, "Regions", "Their names become public")}
                {flag("shows/maintenance_notes", shows.maintenance_notes, "Notes of maintenance", "They are written for the team as well")}
            </div>
            <div class="field-grid">
                <div class="sixths-3">{field("/uptime_days", "Uptime over, days", "1 to 365", days)}</div>
            </div>
        </fieldset>
    }
}

fn access(settings: &StatusPageSettings, has_password: bool) -> AnyView {
    let access = match settings.access {
        PageAccess::Public => "public",
        PageAccess::Password => "password",
        PageAccess::SignedIn => "signed_in",
    };
    let options = [
        ("public", "Everybody"),
        ("password", "Who knows the password"),
        ("signed_in", "Users who are signed in"),
    ];
    let hint = if has_password {
        "One is set; empty: it stays"
    } else {
        "12 characters or more"
    };
    let password = html! {
        <input class="input" r#type="password" id=input_id("/password") name="password" data-kind="optional" autocomplete="new-password" />
    };
    html! {
        <fieldset class="status-part">
            <legend class="label">"Visitors"</legend>
            <div class="field-grid">
                <div class="sixths-3">{choice("/access", "Who may see it", "text", access, &options)}</div>
                <div class="sixths-3">{field("/password", "Password", hint, password)}</div>
                <div class="sixths-6">
                    {flag("edge", settings.edge, "At the edge while Edgewatch is away", "A page for everybody, where edge workers are set up for it")}
                </div>
                <div class="sixths-6">{text("/host", "Own host", "Such as status.example.org: requests with this host find the page at /", "optional", settings.host.clone().unwrap_or_default())}</div>
            </div>
        </fieldset>
    }
}

fn logo(page: &StatusPage) -> AnyView {
    let api = format!("/api/v1/status-pages/{}/logo", page.id);
    let shown = page.logo.as_ref().map(|_| {
        html! {
            <img class="status-logo" src=api.clone() alt="The logo" />
            <form data-api=format!("DELETE {api}") data-then=format!("/status-pages/{}", page.id)>
                <button class="button button-small" r#type="submit">{Icon::Bin.view()} "Take away"</button>
                <p class="problem" role="alert" data-problem="" hidden>{Icon::Warning.view()} <span></span></p>
            </form>
        }
    });
    html! {
        <section class="section card" aria-labelledby="logo-title">
            <div class="card-head"><h2 id="logo-title">"Logo"</h2></div>
            <div class="status-logo-row">
                {shown}
                <label class="button" for="logo-file">{Icon::ArrowUp.view()} "Upload"</label>
                <input
                    class="sr-only"
                    r#type="file"
                    id="logo-file"
                    data-logo=api
                    accept="image/png,image/jpeg,image/webp,image/svg+xml"
                />
                <p class="hint">"PNG, JPEG, WebP or SVG, at most 256 KiB; it is shown 36 pixels high"</p>
            </div>
            <p class="problem" id="logo-problem" role="alert" hidden>{Icon::Warning.view()} <span></span></p>
        </section>
    }
}

fn history(page: &StatusPage) -> AnyView {
    let changes = page.history.iter().map(|change| {
        let done = match change.kind {
            StatusPageChangeKind::Created => "Made",
            StatusPageChangeKind::Changed => "Changed",
            StatusPageChangeKind::Logo => "Logo changed",
            StatusPageChangeKind::Removed => "Removed",
            StatusPageChangeKind::Restored => "Restored",
        };
        let detail = (!change.detail.is_empty()).then(|| format!(": {}", change.detail.replace('_', " ")));
        let by = change.by.clone().map(|by| format!(" by {by}"));
        html! { <li>{moment(change.at, Moment::Second)} " · " {done} {detail} {by}</li> }
    });
    html! {
        <section class="section card" aria-labelledby="history">
            <div class="card-head"><h2 id="history">"History"</h2></div>
            <ul class="maintenance-history">{changes.collect_view()}</ul>
        </section>
    }
}

fn remove(id: i32) -> AnyView {
    html! {
        <form class="section" data-api=format!("DELETE /api/v1/status-pages/{id}") data-then=format!("/status-pages?removed={id}")>
            {problem("")}
            <button class="button button-danger" r#type="submit">{Icon::Bin.view()} "Remove this page"</button>
            <p class="hint">"For 30 days it can be had back."</p>
        </form>
    }
}
