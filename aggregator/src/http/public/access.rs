//! Who may see a page: everybody, who knows its password, or who is signed in. All but signing in works from memory, and
//! who was signed in a moment ago stays so while the database is away.

use super::{Address, Visit, answer};
use crate::{
    http::{
        ApiError,
        auth::{SESSION_COOKIE, authenticate, client_address, cookie, is_https, require_same_origin},
        error::ApiResult,
    },
    secret::Purpose,
    token_bucket::{Rate, TokenBuckets, network},
};
use axum::{
    http::{Extensions, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::status_page::PageAccess;
use edgewatch_protocol::problem::ProblemType;
use edgewatch_ui::public::{self, Frame, Refusal, Seen};
use sha2::{Digest as _, Sha256};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};
use uuid::Uuid;

/// How long a password need not be given again.
const OPEN_FOR: TimeDelta = TimeDelta::days(7);
/// Wrong passwords for one page from one network.
const PER_NETWORK: Rate = Rate {
    burst: 10,
    refill: TimeDelta::seconds(30),
};
/// Wrong passwords for one page.
const PER_PAGE: Rate = Rate {
    burst: 30,
    refill: TimeDelta::seconds(2),
};
const MAX_BUCKETS: usize = 20_000;
/// How long a session that was looked up counts without being looked up again.
const KNOWN_FOR: TimeDelta = TimeDelta::seconds(10);
const KNOWN_AT_MOST: usize = 10_000;

/// Whether a request may see the page.
pub enum Admission {
    /// It may.
    Granted,
    /// It is answered by this.
    Refused(Box<Response>),
}

/// What limits guessing, and who was signed in.
#[derive(Debug)]
pub struct Doors {
    guesses: TokenBuckets<(i32, Option<IpAddr>)>,
    /// When a session was found to stand.
    known: Mutex<HashMap<Uuid, DateTime<Utc>>>,
}

impl Default for Doors {
    fn default() -> Self {
        Self {
            guesses: TokenBuckets::new(MAX_BUCKETS),
            known: Mutex::default(),
        }
    }
}

/// Lets a request in, or tells what to answer.
pub async fn admit(visit: &Visit<'_>) -> ApiResult<Admission> {
    let is_open = match visit.page.snapshot.page.access {
        PageAccess::Public => true,
        PageAccess::Password => has_password(visit),
        PageAccess::SignedIn => is_signed_in(visit).await?,
    };
    if is_open {
        return Ok(Admission::Granted);
    }
    Ok(Admission::Refused(Box::new(
        match visit.page.snapshot.page.access {
            PageAccess::SignedIn => sign_in(visit),
            PageAccess::Public | PageAccess::Password => ask(visit, None),
        },
    )))
}

fn frame_of<'a>(visit: &'a Visit<'_>, base: &'a str) -> Frame<'a> {
    Frame {
        assets: visit.state.documents.assets(),
        language: visit.language(),
        is_chosen: visit.query("lang").is_some(),
        base,
        origin: "",
        seen: Seen::At(visit.state.clock.now()),
    }
}

/// Asks for the password.
fn ask(visit: &Visit<'_>, refusal: Option<Refusal>) -> Response {
    let base = visit.base();
    let status = match refusal {
        None => StatusCode::UNAUTHORIZED,
        Some(Refusal::Wrong) => StatusCode::FORBIDDEN,
        Some(Refusal::TooOften) => StatusCode::TOO_MANY_REQUESTS,
    };
    let page = public::password_page(&frame_of(visit, &base), &format!("{base}/password"), refusal);
    answer::door(page, status)
}

/// Shows the way to the sign-in, which is where the dashboard is.
fn sign_in(visit: &Visit<'_>) -> Response {
    let base = visit.base();
    let public_url = visit.state.settings().public_url.clone();
    let origin = match (visit.address, public_url) {
        (Address::Host, Some(url)) => url.origin().ascii_serialization(),
        _ => String::new(),
    };
    let slug = &visit.page.snapshot.page.slug;
    let address = format!("{origin}/sign-in?next=/status/{slug}");
    answer::door(
        public::sign_in_page(&frame_of(visit, &base), &address),
        StatusCode::UNAUTHORIZED,
    )
}

fn cookie_name(page: i32) -> String {
    format!("edgewatch_page_{page}")
}

/// What binds a cookie to its page and to the password that it was given for: a new password ends it.
fn binding(visit: &Visit<'_>) -> Vec<u8> {
    let hash = visit.page.stored.password_hash.as_deref().unwrap_or_default();
    let mut binding = visit.page.stored.id.to_be_bytes().to_vec();
    binding.extend(Sha256::digest(hash));
    binding
}

fn has_password(visit: &Visit<'_>) -> bool {
    let until = || {
        let sealed = cookie(visit.headers, &cookie_name(visit.page.stored.id))?;
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let plain = visit
            .state
            .secrets
            .open(Purpose::PageAccess, &binding(visit), &sealed)?;
        Some(i64::from_be_bytes(plain.try_into().ok()?))
    };
    until().is_some_and(|until_s| visit.state.clock.now().timestamp() < until_s)
}

/// `POST …/password`: gives the cookie to who knows the password.
pub async fn open(visit: &Visit<'_>, extensions: &Extensions, body: &[u8]) -> ApiResult<Response> {
    require_same_origin(visit.headers, &visit.state.settings())?;
    let (state, page) = (visit.state, visit.page.stored.id);
    let Some(hash) = visit
        .page
        .stored
        .password_hash
        .clone()
        .filter(|_| visit.page.snapshot.page.access == PageAccess::Password)
    else {
        return Err(ApiError::not_found("password"));
    };
    let from = client_address(visit.headers, extensions).map(network);
    let buckets = || {
        let of_network = from.map(|from| ((page, Some(from)), PER_NETWORK));
        of_network.into_iter().chain([((page, None), PER_PAGE)])
    };
    let now = state.clock.now();
    if let Err(wait_s) = state.doors.guesses.take(buckets(), now) {
        let mut response = ask(visit, Some(Refusal::TooOften));
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
        return Ok(response);
    }
    let mut fields = url::form_urlencoded::parse(body);
    let given = fields.find_map(|(name, value)| (name == "password").then(|| value.into_owned()));
    let given = given.unwrap_or_default();
    let is_right = state
        .auth
        .passwords
        .verify(given, Some(hash))
        .await
        .map_err(ApiError::internal)?;
    if !is_right {
        tracing::info!(status_page = page, "a page's password was refused");
        return Ok(ask(visit, Some(Refusal::Wrong)));
    }
    for (key, rate) in buckets() {
        state.doors.guesses.give_back(&key, rate);
    }
    let until_s = (now + OPEN_FOR).timestamp();
    let sealed = state
        .secrets
        .seal(Purpose::PageAccess, &binding(visit), &until_s.to_be_bytes());
    let base = visit.base();
    let cookie = format!(
        "{}={}; Path={}; Max-Age={}; HttpOnly; SameSite=Lax{}",
        cookie_name(page),
        URL_SAFE_NO_PAD.encode(sealed),
        if base.is_empty() { "/" } else { &base },
        OPEN_FOR.num_seconds(),
        if is_https(visit.headers, &state.settings()) {
            "; Secure"
        } else {
            ""
        }
    );
    let home = if base.is_empty() { "/" } else { &base };
    let headers = [
        (
            header::LOCATION,
            HeaderValue::try_from(home).map_err(ApiError::internal)?,
        ),
        (
            header::SET_COOKIE,
            HeaderValue::try_from(cookie).map_err(ApiError::internal)?,
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// Whether somebody is signed in. A session that was looked up a moment ago counts; while the database is away, one that
/// stood when it was looked up last counts as long as its token is good, which is a quarter of an hour at most.
async fn is_signed_in(visit: &Visit<'_>) -> ApiResult<bool> {
    let state = visit.state;
    let now = state.clock.now();
    let token = cookie(visit.headers, SESSION_COOKIE);
    let session = token
        .and_then(|token| state.auth.access_tokens.read(token, now))
        .map(|(session, _)| session);
    let known = || state.doors.known.lock().unwrap_or_else(PoisonError::into_inner);
    let seen_at = session.and_then(|session| known().get(&session).copied());
    if seen_at.is_some_and(|seen_at| now - seen_at < KNOWN_FOR) {
        return Ok(true);
    }
    match authenticate(&Method::GET, visit.headers, state).await {
        Ok(found) => {
            let mut known = known();
            if known.len() >= KNOWN_AT_MOST {
                known.clear();
            }
            known.insert(found.user.session_id, now);
            Ok(true)
        }
        Err(error) => match error.problem().kind() {
            Some(ProblemType::Unavailable) if seen_at.is_some() => Ok(true),
            Some(ProblemType::Unauthenticated) => {
                if let Some(session) = session {
                    known().remove(&session);
                }
                Ok(false)
            }
            _ => Err(error),
        },
    }
}
