//! The public addresses of status pages: `/status/{slug}…`, and the same at `/…` where a request's `Host` is a page's own.
//!
//! What is answered is made from snapshots in memory and kept as bytes: no request asks anything of the database, but for
//! months and incidents older than a snapshot tells of, and for who is signed in.

mod access;
#[cfg(test)]
mod access_tests;
mod answer;
mod archive;
mod document;
mod parcel;
#[cfg(test)]
mod parcel_tests;
mod service_levels;
#[cfg(test)]
mod service_levels_tests;
mod statuspage;
#[cfg(test)]
mod tests;

pub use access::Doors;
pub use archive::Archive;
pub use document::Documents;
pub use parcel::parcel;

use super::{ApiError, error::ApiResult, feeds, page_visit::PageVisit, subscribe};
use crate::{
    state::AppState,
    status_pages::{LivePage, LivePages},
};
use access::Admission;
use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, Method, Uri, header::HOST, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::any,
};
use document::What;
use edgewatch_client::status_page::PageLanguage;
use edgewatch_protocol::problem::ProblemType;
use std::sync::Arc;

/// What the addresses of probes begin with.
const PROBES: &str = "/api/v1/probe/";

/// The longest body: a password's form.
const BODY_BYTES_AT_MOST: usize = 8 * 1024;

/// `/status/{slug}…`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/status/{slug}", any(by_slug))
        .route("/status/{slug}/{*rest}", any(by_slug_below))
}

async fn by_slug(State(state): State<AppState>, Path(slug): Path<String>, request: Request) -> Response {
    answer_slug(&state, &slug, "", request).await
}

async fn by_slug_below(
    State(state): State<AppState>,
    Path((slug, rest)): Path<(String, String)>,
    request: Request,
) -> Response {
    answer_slug(&state, &slug, &rest, request).await
}

async fn answer_slug(state: &AppState, slug: &str, rest: &str, request: Request) -> Response {
    let pages = state.status_pages.current();
    let Some(page) = pages.by_slug(slug) else {
        return missing(state, &pages, request.headers());
    };
    answer(state, page, Address::Slug, rest, request).await
}

/// Where a page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// At `/status/{slug}`.
    Slug,
    /// At `/` of its own host.
    Host,
}

/// Requests for a page's own host find the page and its assets there, and nothing else: but what probes deliver is taken at
/// every name, and where the installation itself is, it stays.
pub async fn own_hosts(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let pages = state.status_pages.current();
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().host());
    let path = request.uri().path();
    let passes = path.starts_with("/assets/") || path.starts_with(PROBES);
    let page = host.and_then(|host| pages.by_host(host));
    match page.filter(|page| !passes && !is_installation(&state, page)) {
        Some(page) => {
            let rest = path.trim_start_matches('/').to_owned();
            answer(&state, page, Address::Host, &rest, request).await
        }
        None => next.run(request).await,
    }
}

/// Whether the page's own host has become the installation's since it was chosen.
fn is_installation(state: &AppState, page: &LivePage) -> bool {
    let settings = state.settings();
    let installation = settings.public_url.as_ref().and_then(|url| url.host_str());
    installation.is_some() && installation == page.snapshot.page.host.as_deref()
}

/// Answers for a page; `rest` is what of the path is below the page's address.
async fn answer(
    state: &AppState,
    page: &Arc<LivePage>,
    address: Address,
    rest: &str,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let visit = Visit {
        state,
        page,
        address,
        headers: &parts.headers,
        uri: &parts.uri,
    };
    let outcome = match (&parts.method, rest.trim_end_matches('/')) {
        (_, rest) if rest == "subscribe" || rest.starts_with("subscribe/") => {
            subscribers(&visit, rest, &parts, body).await
        }
        (&Method::POST, "password") => {
            let body = axum::body::to_bytes(body, BODY_BYTES_AT_MOST).await;
            let body = body.unwrap_or_default();
            access::open(&visit, &parts.extensions, &body).await
        }
        (&Method::GET | &Method::HEAD, rest) => visit.get(rest).await,
        _ => Err(super::error::method_not_allowed(parts.method, parts.uri.clone()).await),
    };
    outcome.unwrap_or_else(IntoResponse::into_response)
}

/// Answers for `/subscribe` and what is beneath it. Who has a link of a subscription needs nothing else.
async fn subscribers(visit: &Visit<'_>, rest: &str, parts: &Parts, body: Body) -> ApiResult<Response> {
    let place = rest.trim_start_matches("subscribe").trim_start_matches('/');
    if place.is_empty()
        && let Admission::Refused(door) = access::admit(visit).await?
    {
        return Ok(*door);
    }
    subscribe::serve(visit.state, &visit.around()?, place, parts, body).await
}

/// A request for something of a page.
pub struct Visit<'a> {
    state: &'a AppState,
    page: &'a Arc<LivePage>,
    address: Address,
    headers: &'a HeaderMap,
    uri: &'a Uri,
}

impl Visit<'_> {
    async fn get(&self, rest: &str) -> ApiResult<Response> {
        match access::admit(self).await? {
            Admission::Granted => {}
            Admission::Refused(door) => return Ok(*door),
        }
        let segments: Vec<_> = rest.split('/').collect();
        if let Some((write, media_type)) = feeds::of_name(rest) {
            return Ok(feeds::serve(&self.around()?, self.headers, write, media_type));
        }
        if let ["logo"] = *segments.as_slice() {
            return answer::logo(self);
        }
        let what = match *segments.as_slice() {
            [""] => What::Page,
            ["sla"] if self.page.snapshot.page.has_slas => What::ServiceLevels,
            ["sla", "reports", id] => return service_levels::report(self, id, None).await,
            ["sla", "reports", id, form] => return service_levels::report(self, id, Some(form)).await,
            ["embed"] => What::Embed,
            ["embed.js"] => What::EmbedScript,
            ["history"] => return archive::month(self).await,
            ["incidents", id] => {
                let id = id.parse().map_err(|_| self.nothing())?;
                if self.page.snapshot.incident(id).is_none() {
                    return archive::incident(self, id).await;
                }
                What::Incident(id)
            }
            ["badge", name] => self.badge(name).ok_or_else(|| self.nothing())?,
            ["api", "v2", name] => {
                What::Statuspage(statuspage::Part::from_name(name).ok_or_else(|| self.nothing())?)
            }
            ["api", "v2", first, second] => {
                What::Statuspage(statuspage::Part::from_names(first, second).ok_or_else(|| self.nothing())?)
            }
            _ => return Err(self.nothing()),
        };
        let key = document::Key {
            what,
            address: self.address,
            language: self.language(),
            is_chosen: self.query("lang").is_some(),
        };
        let document = self.state.documents.of(self.state, self.page, key)?;
        Ok(answer::document(self, &document))
    }

    /// The same, for what stands around the page.
    fn around(&self) -> ApiResult<PageVisit> {
        let page = Arc::clone(self.page);
        PageVisit::new(self.state, page, self.base(), self.headers, self.uri)
    }

    fn nothing(&self) -> ApiError {
        let detail = format!("there is nothing at {}", self.uri.path());
        ApiError::new(ProblemType::NotFound, detail)
    }

    /// Of the whole page, or of `?component=`.
    fn badge(&self, name: &str) -> Option<What> {
        let component = match self.query("component") {
            Some(id) => Some(id.parse().ok()?),
            None => None,
        };
        if component.is_some_and(|id| self.page.snapshot.component(id).is_none()) {
            return None;
        }
        Some(match name {
            "state.svg" => What::StateBadge(component),
            "uptime.svg" => What::UptimeBadge(component),
            "latency.svg" => What::LatencyBadge(component),
            _ => return None,
        })
    }

    /// A value of the query, by its name. What is asked for here has no characters that are encoded.
    fn query(&self, name: &str) -> Option<&str> {
        let query = self.uri.query()?;
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(found, value)| (found == name).then_some(value))
    }

    /// The language: the one that is asked for, the page's own, or what the browser asks for.
    fn language(&self) -> PageLanguage {
        let chosen = self.query("lang").and_then(PageLanguage::from_tag);
        let chosen = chosen.or(self.page.snapshot.page.language);
        chosen.unwrap_or_else(|| answer::accepted_language(self.headers))
    }

    /// What addresses of the page begin with.
    fn base(&self) -> String {
        base_of(self.page, self.address)
    }
}

/// What addresses of a page begin with.
fn base_of(page: &LivePage, address: Address) -> String {
    match address {
        Address::Slug => format!("/status/{}", page.snapshot.page.slug),
        Address::Host => String::new(),
    }
}

/// Scheme and host of a page's absolute addresses; empty where nobody has configured them. Never what a request says.
fn origin_of(state: &AppState, page: &LivePage, address: Address) -> String {
    let settings = state.settings();
    let public = settings.public_url.as_ref();
    match (address, &page.snapshot.page.host) {
        (Address::Host, Some(host)) => {
            let scheme = public.map_or("https", |url| url.scheme());
            format!("{scheme}://{host}")
        }
        _ => public.map_or_else(String::new, |url| url.origin().ascii_serialization()),
    }
}

/// Where there is no such page; or none is known yet, because the database could not be asked since the start.
fn missing(state: &AppState, pages: &LivePages, headers: &HeaderMap) -> Response {
    if pages.taken_at.is_none() {
        let detail = "status pages are not known yet; try again";
        return ApiError::new(ProblemType::Unavailable, detail).into_response();
    }
    answer::no_page(state, headers)
}
