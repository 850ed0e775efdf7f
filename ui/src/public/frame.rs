//! The HTML document around every public page, and the policy that it is served under.

use super::texts::Texts;
use crate::{
    assets::Assets,
    components::icon::{Icon, logo},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use edgewatch_client::{
    public_status::PublicPage,
    status_page::{PageAccess, PageLanguage, PageTheme},
};
use edgewatch_protocol::edge_page::AGE_MARK;
use leptos::prelude::*;
use sha2::{Digest as _, Sha256};

/// From this age on a snapshot is said to be old, seconds: those of a server that is well are younger.
const OLD_S: i64 = 60;

/// What all public pages are rendered with.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Where styles, scripts and fonts are.
    pub assets: &'a Assets,
    /// The language of what is not the owner's own text.
    pub language: PageLanguage,
    /// The language was asked for by `?lang=`: links keep it.
    pub is_chosen: bool,
    /// What the page's addresses begin with: `/status/{slug}`, or nothing where it is at `/` of its own host.
    pub base: &'a str,
    /// Scheme and host of absolute addresses, such as `https://status.example.org`; empty where it is not known.
    pub origin: &'a str,
    /// When it is seen, which tells how old a snapshot is.
    pub seen: Seen,
}

/// When a page is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Now.
    At(DateTime<Utc>),
    /// By visitors of an edge worker, later: [`AGE_MARK`] stands where it says how long ago it was made.
    Later,
}

/// A page as it is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The HTML.
    pub html: String,
    /// The value of its `Content-Security-Policy`.
    pub policy: String,
}

impl Document {
    /// For the frame of the editor, which is of the same origin: there its links lead nowhere, and no script runs.
    #[must_use]
    pub fn for_preview(self) -> Self {
        let html = self.html.replacen("<head>", "<head><base target=\"_blank\">", 1);
        let parts = html
            .split_once("<script ")
            .and_then(|(before, rest)| Some((before, rest.split_once("</script>")?.1)));
        let html = match parts {
            Some((before, after)) => [before, after].concat(),
            None => html,
        };
        Self {
            html,
            policy: self
                .policy
                .replace("frame-ancestors 'none'", "frame-ancestors 'self'"),
        }
    }
}

/// What a document says of itself and how it looks.
pub(super) struct Head<'a> {
    pub title: String,
    pub description: String,
    /// The page whose colours and marks it bears; none before a door.
    pub page: Option<&'a PublicPage>,
    /// Where the same page is for all, such as `/history?month=2026-11`; none where it is nothing to be found.
    pub canonical: Option<String>,
}

impl Frame<'_> {
    pub(super) fn texts(&self) -> Texts {
        Texts(self.language)
    }

    /// The address of a place of the page, such as `/history`; the page itself is at `""`.
    pub(super) fn link(&self, place: &str) -> String {
        let address = format!("{}{place}", self.base);
        let address = if address.is_empty() {
            "/".to_owned()
        } else {
            address
        };
        if self.is_chosen {
            in_language(&address, self.language)
        } else {
            address
        }
    }

    /// What is said of a snapshot that is older than it should be.
    pub(super) fn age(&self, taken_at: DateTime<Utc>) -> Option<AnyView> {
        let texts = self.texts();
        let ago = match self.seen {
            Seen::Later => Some(AGE_MARK.to_string()),
            Seen::At(now) => {
                let age = now - taken_at;
                (age.num_seconds() >= OLD_S)
                    .then(|| super::texts::escape(&texts.length(age.num_milliseconds())))
            }
        };
        ago.map(|ago| {
            let values = [("moment", texts.moment_html(taken_at)), ("ago", ago)];
            html! {
                <div class="notice" role="status">
                    {Icon::Offline.view()} <p inner_html=texts.markup("stale", values)></p>
                </div>
            }
        })
    }

    /// A whole page with the owner's head and foot.
    pub(super) fn document(&self, head: Head<'_>, content: AnyView) -> Document {
        let texts = self.texts();
        let masthead = head.page.map(|page| self.masthead(page));
        let foot = self.foot(head.page);
        let body = html! {
            <body>
                <a class="skip-link" href="#main">{texts.say("skip")}</a>
                {masthead}
                <main id="main" tabindex="-1">{content}</main>
                {foot}
            </body>
        };
        self.wrap(head, "'none'", body)
    }

    /// The document around a body; `ancestors` tells who may have it in a frame.
    pub(super) fn wrap(&self, head: Head<'_>, ancestors: &str, body: AnyView) -> Document {
        let style = head
            .page
            .and_then(|page| super::accent::style(page.accent.as_deref()?));
        let hash = style.as_ref().map(|style| {
            let digest = STANDARD.encode(Sha256::digest(style));
            format!(" 'sha256-{digest}'")
        });
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'{}; img-src 'self' data:; font-src 'self'; \
             connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}",
            hash.unwrap_or_default()
        );
        let theme = match head.page.map_or(PageTheme::Auto, |page| page.theme) {
            PageTheme::Auto => None,
            PageTheme::Light => Some("light"),
            PageTheme::Dark => Some("dark"),
        };
        // What not everybody may see is not for search engines, nor is what is not there.
        let is_hidden = head.page.is_none_or(|page| page.access != PageAccess::Public);
        let canonical = head
            .canonical
            .filter(|_| !is_hidden && !self.origin.is_empty())
            .map(|place| format!("{}{}{place}", self.origin, self.base));
        let logo = head
            .page
            .and_then(|page| page.logo.as_ref())
            .map(|logo| format!("{}/{logo}", self.base));
        let feeds = head.page.map(|page| self.feeds(page));
        let html = view! {
            <!DOCTYPE html>
            <html lang=self.language.as_str() data-theme=theme>
                <head>
                    <meta charset="utf-8" />
                    <meta name="viewport" content="width=device-width, initial-scale=1" />
                    <meta name="color-scheme" content=theme.unwrap_or("light dark") />
                    <title>{head.title}</title>
                    {is_hidden.then(|| html! { <meta name="robots" content="noindex" /> })}
                    {(!head.description.is_empty()).then(move || html! { <meta name="description" content=head.description /> })}
                    {canonical.map(|url| html! { <link rel="canonical" href=url /> })}
                    {self.assets.url("public.css").map(|url| html! { <link rel="stylesheet" href=url /> })}
                    {style.map(|style| html! { <style inner_html=style></style> })}
                    {self.assets.url("public.js").map(|url| html! { <script src=url defer></script> })}
                    {logo.or_else(|| self.assets.url("favicon.svg")).map(|url| html! { <link rel="icon" href=url /> })}
                    {feeds}
                </head>
                {body}
            </html>
        }
        .to_html();
        // The marks by which a browser would take the page over: none does.
        let html = html.replace("<!>", "");
        Document { html, policy }
    }

    fn feeds(&self, page: &PublicPage) -> AnyView {
        let title = page.title.clone();
        html! {
            <link rel="alternate" r#type="application/atom+xml" title=title.clone() href=self.link("/feed.atom") />
            <link rel="alternate" r#type="application/rss+xml" title=title href=self.link("/feed.rss") />
        }
    }

    fn masthead(&self, page: &PublicPage) -> AnyView {
        let texts = self.texts();
        let title = page.title.clone();
        let mark = match &page.logo {
            Some(logo) => {
                let url = format!("{}/{logo}", self.base);
                html! { <img class="page-logo" src=url alt=title.clone() /> }
            }
            None => html! { <span class="page-name">{title.clone()}</span> },
        };
        let home = match &page.home_url {
            Some(url) => html! { <a class="page-home" href=url.clone() rel="noopener">{mark}</a> },
            None => html! { <a class="page-home" href=self.link("")>{mark}</a> },
        };
        let service_levels = page.has_slas.then(|| {
            html! { <a href=self.link("/sla")>{Icon::Target.view()} <span>{texts.say("service-levels")}</span></a> }
        });
        html! {
            <header class="masthead">
                <div class="column">
                    {home}
                    <nav aria-label=title>
                        {service_levels}
                        <a href=self.link("/history")>{Icon::Calendar.view()} <span>{texts.say("history")}</span></a>
                        <a class="press" href=self.link("/subscribe")>{Icon::Bell.view()} <span>{texts.say("subscribe")}</span></a>
                    </nav>
                </div>
            </header>
        }
    }

    fn foot(&self, page: Option<&PublicPage>) -> AnyView {
        let texts = self.texts();
        let links = page.map(|page| {
            let languages = page.language.is_none().then(|| self.languages());
            html! {
                <p class="foot-links">
                    <a href=self.link("")>{texts.say("back-to-status")}</a>
                    <a href=self.link("/history")>{texts.say("history")}</a>
                    <a href=self.link("/feed.atom")>"Atom"</a>
                    <a href=self.link("/feed.rss")>"RSS"</a>
                    <a href=self.link("/maintenance.ics")>{texts.say("calendar")}</a>
                    <a href=format!("{}/api/v2/summary.json", self.base)>"JSON"</a>
                </p>
                {languages}
                <p data-zone=texts.say("times-local")>{texts.say("times-in-utc")}</p>
            }
        });
        html! {
            <footer class="foot">
                <div class="column">
                    {links}
                    <p class="powered">{logo()} {texts.say("powered-by")}</p>
                </div>
            </footer>
        }
    }

    fn languages(&self) -> AnyView {
        let address = self.base.to_owned();
        let address = if address.is_empty() {
            "/".to_owned()
        } else {
            address
        };
        let links = PageLanguage::ALL
            .into_iter()
            .map(|language| {
                let tag = language.as_str();
                let current = (language == self.language).then_some("true");
                html! { <a href=in_language(&address, language) lang=tag hreflang=tag aria-current=current>{own_name(language)}</a> }
            })
            .collect_view();
        html! { <nav class="foot-links languages" aria-label=self.texts().say("language")>{links}</nav> }
    }
}

fn in_language(address: &str, language: PageLanguage) -> String {
    let join = if address.contains('?') { '&' } else { '?' };
    format!("{address}{join}lang={}", language.as_str())
}

/// A language in itself.
pub(super) fn own_name(language: PageLanguage) -> &'static str {
    match language {
        PageLanguage::En => "English",
        PageLanguage::De => "Deutsch",
        PageLanguage::Fr => "Français",
        PageLanguage::Es => "Español",
        PageLanguage::Ja => "日本語",
        PageLanguage::Zh => "中文",
    }
}
