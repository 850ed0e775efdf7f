//! `GET /status/{slug}…` and what it refers to: from the aggregator while it answers, else as it was handed over last, with
//! its age.
//!
//! Visitors' cookies are not passed on: what not everybody may see is not served here.

use crate::{
    http_client,
    page_intake::ask_object,
    pages_object::{AssetHead, Given, Wish},
    platform::{now_ms, within},
    settings::PageSettings,
};
use edgewatch_protocol::edge_page::{AGE_MARK, length_said, unpack};
use flate2::read::GzDecoder;
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    io::Read as _,
    rc::Rc,
    time::Duration,
};
use worker::{Env, Headers, Method, Request, Response, ResponseBuilder, Result, Url};

/// How long a visitor waits for the aggregator.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long an aggregator that was away is not asked again, so that not every visitor waits for it.
const AWAY_MS: i64 = 10_000;
/// How long what the object gave is good for further visitors of this isolate.
const KEPT_MS: i64 = 5_000;
/// How many documents an isolate keeps.
const KEPT: usize = 64;
/// The largest answer that is passed on, and the largest document that is unpacked.
const MAX_BYTES: usize = 16 << 20;

/// What visitors ask with that decides on the answer.
const ASKED: [&str; 3] = ["accept", "accept-language", "if-none-match"];
/// What is said of an answer for this connection alone, or for this visitor alone.
const NOT_PASSED_ON: [&str; 6] = [
    "connection",
    "content-encoding",
    "content-length",
    "keep-alive",
    "set-cookie",
    "transfer-encoding",
];

type Documents = BTreeMap<String, (i64, Rc<(Given, Vec<u8>)>)>;

thread_local! {
    static AWAY_UNTIL_MS: Cell<i64> = const { Cell::new(0) };
    static DOCUMENTS: RefCell<Documents> = const { RefCell::new(BTreeMap::new()) };
}

/// Answers a visitor.
pub async fn answer(request: &Request, env: &Env, settings: &PageSettings) -> Result<Response> {
    if !matches!(request.method(), Method::Get | Method::Head) {
        return Response::error("method not allowed", 405);
    }
    let url = request.url()?;
    let mut parts = url.path().splitn(4, '/').skip(1);
    let (first, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let below = parts.next().map(|below| format!("/{below}")).unwrap_or_default();
    let below = below.trim_end_matches('/');
    if first == "assets" {
        if let Some(asset) = asset(env, name).await? {
            return Ok(asset);
        }
        return match from_aggregator(request, &url, settings).await {
            Some(answer) => answer,
            None => Response::error("not found", 404),
        };
    }
    if below.starts_with("/subscribe") || below == "/password" {
        // Forms are the aggregator's own.
        return Response::redirect(at_aggregator(&url, settings));
    }
    if let Some(answer) = from_aggregator(request, &url, settings).await {
        return answer;
    }
    kept(request, env, &url, name, below).await
}

fn at_aggregator(url: &Url, settings: &PageSettings) -> Url {
    let mut there = settings.origin.clone();
    there.set_path(&format!("{}{}", there.path().trim_end_matches('/'), url.path()));
    there.set_query(url.query());
    there
}

/// What the aggregator answers; `None` when it is away.
async fn from_aggregator(request: &Request, url: &Url, settings: &PageSettings) -> Option<Result<Response>> {
    if now_ms() < AWAY_UNTIL_MS.get() {
        return None;
    }
    let answer = within(PATIENCE, ask_aggregator(request, url, settings))
        .await
        .flatten();
    if answer.is_none() {
        AWAY_UNTIL_MS.set(now_ms() + AWAY_MS);
    }
    answer
}

async fn ask_aggregator(request: &Request, url: &Url, settings: &PageSettings) -> Option<Result<Response>> {
    let mut wish = http::Request::get(at_aggregator(url, settings).as_str());
    for name in ASKED {
        if let Some(value) = request.headers().get(name).ok().flatten() {
            wish = wish.header(name, value);
        }
    }
    let answer = http_client::exchange(wish.body(Vec::new()).ok()?).await.ok()?;
    if answer.status().is_server_error() {
        return None;
    }
    let (head, body) = answer.into_parts();
    let body = body.read_to_end(MAX_BYTES).await.ok()?;
    Some(pass_on(&head, body))
}

fn pass_on(head: &http::response::Parts, body: Vec<u8>) -> Result<Response> {
    let headers = Headers::new();
    for (name, value) in &head.headers {
        if let (false, Ok(value)) = (NOT_PASSED_ON.contains(&name.as_str()), value.to_str()) {
            headers.append(name.as_str(), value)?;
        }
    }
    let response = ResponseBuilder::new()
        .with_status(head.status.as_u16())
        .with_headers(headers);
    Ok(if body.is_empty() {
        response.empty()
    } else {
        response.fixed(body)
    })
}

/// An asset of the pages. It never changes.
async fn asset(env: &Env, name: &str) -> Result<Option<Response>> {
    let mut answer = ask_object(env, Method::Get, &format!("/assets/{name}"), None).await?;
    if answer.status_code() != 200 {
        return Ok(None);
    }
    let parcel = answer.bytes().await?;
    let Some((head, bytes)) = unpack::<AssetHead>(&parcel) else {
        return Ok(None);
    };
    let headers = Headers::new();
    headers.set("content-type", &head.content_type)?;
    headers.set("cache-control", "public, max-age=31536000, immutable")?;
    headers.set("x-content-type-options", "nosniff")?;
    let response = ResponseBuilder::new().with_headers(headers);
    Ok(Some(response.fixed(bytes.to_vec())))
}

/// What was handed over of a page.
async fn kept(request: &Request, env: &Env, url: &Url, slug: &str, below: &str) -> Result<Response> {
    let query = |wanted: &str| {
        url.query_pairs()
            .find_map(|(name, value)| (name == wanted).then(|| value.into_owned()))
    };
    let wish = Wish {
        slug: slug.to_owned(),
        path: below.to_owned(),
        chosen: query("lang"),
        accepted: request.headers().get("accept-language")?.unwrap_or_default(),
    };
    let is_of_component = below.starts_with("/badge/") && query("component").is_some();
    let document = if is_of_component {
        None
    } else {
        document(env, &wish).await?
    };
    let Some(document) = document else {
        return unknown(url, slug);
    };
    let (given, plain) = &*document;
    let age_ms = (now_ms() - given.taken_at_ms).max(0);
    let tag = format!("W/\"kept-{}-{}\"", given.taken_at_ms, age_ms / 60_000);
    let is_html = given.content_type.starts_with("text/html");
    let headers = Headers::new();
    headers.set("content-type", &given.content_type)?;
    headers.set("cache-control", "public, max-age=10")?;
    headers.set("etag", &tag)?;
    headers.set("vary", "accept-language")?;
    headers.set("x-content-type-options", "nosniff")?;
    headers.set("referrer-policy", "same-origin")?;
    headers.set("x-edgewatch-age", &(age_ms / 1_000).to_string())?;
    if let Some(policy) = &given.policy {
        headers.set("content-security-policy", policy)?;
    }
    if !is_html {
        headers.set("access-control-allow-origin", "*")?;
    }
    let response = ResponseBuilder::new().with_headers(headers);
    if request.headers().get("if-none-match")?.as_deref() == Some(&tag) {
        return Ok(response.with_status(304).empty());
    }
    if !is_html {
        return Ok(response.fixed(plain.clone()));
    }
    let html = String::from_utf8_lossy(plain).replace(AGE_MARK, length_said(&given.lengths, age_ms));
    Ok(response.fixed(html.into_bytes()))
}

/// A document, of the object or of what it gave a moment ago.
async fn document(env: &Env, wish: &Wish) -> Result<Option<Rc<(Given, Vec<u8>)>>> {
    let key = serde_json::to_string(wish)?;
    let known = DOCUMENTS.with_borrow(|documents| documents.get(&key).cloned());
    if let Some((until_ms, document)) = known
        && now_ms() < until_ms
    {
        return Ok(Some(document));
    }
    let mut answer = ask_object(env, Method::Post, "/documents", Some(key.as_bytes())).await?;
    if answer.status_code() != 200 {
        return Ok(None);
    }
    let parcel = answer.bytes().await?;
    let Some((given, bytes)) = unpack::<Given>(&parcel) else {
        return Ok(None);
    };
    let mut plain = Vec::new();
    GzDecoder::new(bytes)
        .take(MAX_BYTES as u64)
        .read_to_end(&mut plain)
        .map_err(|error| worker::Error::RustError(error.to_string()))?;
    let document = Rc::new((given, plain));
    DOCUMENTS.with_borrow_mut(|documents| {
        if documents.len() >= KEPT {
            documents.clear();
        }
        documents.insert(key, (now_ms() + KEPT_MS, Rc::clone(&document)));
    });
    Ok(Some(document))
}

/// There is nothing of this address here: a page that is not known, or a part of one that is the aggregator's alone.
fn unknown(url: &Url, slug: &str) -> Result<Response> {
    let text = format!(
        "This cannot be reached at the moment. If there is a status page of this name, it is at {}/status/{slug}\n",
        url.origin().ascii_serialization()
    );
    let headers = Headers::new();
    headers.set("content-type", "text/plain; charset=utf-8")?;
    headers.set("retry-after", "60")?;
    headers.set("cache-control", "no-store")?;
    let response = ResponseBuilder::new().with_status(503).with_headers(headers);
    Ok(response.fixed(text.into_bytes()))
}
