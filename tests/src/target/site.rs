//! The well-behaved paths: statuses, delays, redirects, echo, credentials, documents; and the control of the target.

use super::{
    doh, grpc,
    journal::Journal,
    switch::{Switch, Switches, flapping_status},
};
use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{any, get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// What all listeners share.
pub(super) struct Site {
    pub(super) switches: Switches,
    pub(super) journal: Journal,
    started: Instant,
    slow_requests: AtomicU64,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            switches: Switches::default(),
            journal: Journal::default(),
            started: Instant::now(),
            slow_requests: AtomicU64::new(0),
        }
    }
}

type Shared = State<Arc<Site>>;

impl Site {
    /// The router of a connection.
    pub(super) fn router(self: &Arc<Self>) -> Router {
        Router::new()
            .route("/", any(async || "a scripted target\n"))
            .route("/healthy", any(async || "ok\n"))
            .route("/slow", any(answer_slowly))
            .route("/flapping", any(flap))
            .route(
                "/failing",
                any(async || (StatusCode::SERVICE_UNAVAILABLE, "out of order\n")),
            )
            .route("/status/{status}", any(answer_status))
            .route("/delay/{ms}", any(delay_first_byte))
            .route("/slow-body/{ms}", any(delay_body))
            .route("/large/{bytes}", any(answer_large))
            .route("/redirect/{count}", any(redirect))
            .route("/redirect-to", any(redirect_to))
            .route(
                "/redirect-loop",
                any(async || Redirect::temporary("/redirect-loop")),
            )
            .route("/redirect-nowhere", any(async || StatusCode::FOUND))
            .route("/echo", any(echo))
            .route("/headers", any(answer_headers))
            .route("/json", any(answer_json))
            .route("/leak", any(leak))
            .route("/basic-auth/{username}/{password}", any(require_basic))
            .route("/bearer/{token}", any(require_bearer))
            .route("/switch/{name}", any(answer_switch))
            .route("/control/switch/{name}", get(show_switch).put(set_switch))
            .route("/control/hits", get(list_hits))
            .route("/dns-query", get(doh::answer_get).post(doh::answer_post))
            .route(grpc::PATH, post(grpc::check))
            .with_state(Arc::clone(self))
    }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST)
}

/// 600 to 900 ms, another time at each request.
async fn answer_slowly(State(site): Shared) -> &'static str {
    let request = site.slow_requests.fetch_add(1, Ordering::Relaxed);
    sleep(Duration::from_millis(600 + request * 97 % 301)).await;
    "ok, at last\n"
}

async fn flap(State(site): Shared) -> Response {
    let status = status(flapping_status(site.started.elapsed()));
    (status, "now and then\n").into_response()
}

async fn answer_status(Path(code): Path<u16>) -> StatusCode {
    status(code)
}

async fn delay_first_byte(Path(ms): Path<u64>) -> &'static str {
    sleep(Duration::from_millis(ms)).await;
    "ok\n"
}

/// The head and half of the body at once, the other half so many milliseconds later.
async fn delay_body(Path(ms): Path<u64>) -> Response {
    let halves = stream::iter([0, ms]).then(async |pause_ms| {
        sleep(Duration::from_millis(pause_ms)).await;
        Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 64]))
    });
    ([(header::CONTENT_LENGTH, "128")], Body::from_stream(halves)).into_response()
}

/// So many bytes of a body.
async fn answer_large(Path(bytes): Path<u64>) -> Response {
    const CHUNK: &[u8] = &[b'x'; 16 << 10];
    let chunks = stream::unfold(bytes, async |left| {
        let next = left.min(CHUNK.len() as u64);
        (next > 0).then(|| {
            let chunk = Bytes::from_static(&CHUNK[..next as usize]);
            (Ok::<_, Infallible>(chunk), left - next)
        })
    });
    (
        [(header::CONTENT_LENGTH, bytes.to_string())],
        Body::from_stream(chunks),
    )
        .into_response()
}

/// So many redirects, then 200. The method's fate is the client's: `?status=` chooses among 301, 302, 303, 307, 308.
async fn redirect(Path(count): Path<u32>, Query(query): Query<BTreeMap<String, String>>) -> Response {
    let Some(left) = count.checked_sub(1) else {
        return "arrived\n".into_response();
    };
    let code = query
        .get("status")
        .and_then(|code| code.parse().ok())
        .unwrap_or(302);
    let location = format!("/redirect/{left}?status={code}");
    (status(code), [(header::LOCATION, location)]).into_response()
}

/// A redirect to `?url=`, which may be on another host, with `?status=` (302).
async fn redirect_to(Query(query): Query<BTreeMap<String, String>>) -> Response {
    let location = query.get("url").cloned().unwrap_or_default();
    let code = query.get("status").and_then(|code| code.parse().ok());
    let code = code.map_or(StatusCode::FOUND, status);
    (code, [(header::LOCATION, location)]).into_response()
}

/// The request as JSON.
async fn echo(request: Request) -> Result<Json<Value>, StatusCode> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20)
        .await
        .map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers: Vec<_> = head
        .headers
        .iter()
        .map(|(name, value)| json!([name.as_str(), text(value)]))
        .collect();
    Ok(Json(json!({
        "method": head.method.as_str(),
        "path": head.uri.path(),
        "query": head.uri.query(),
        "headers": headers,
        "body": String::from_utf8_lossy(&body),
    })))
}

/// The query as response headers.
async fn answer_headers(Query(query): Query<Vec<(String, String)>>) -> Result<HeaderMap, StatusCode> {
    let mut headers = HeaderMap::new();
    for (name, value) in query {
        headers.append(
            HeaderName::try_from(name).map_err(|_| StatusCode::BAD_REQUEST)?,
            HeaderValue::try_from(value).map_err(|_| StatusCode::BAD_REQUEST)?,
        );
    }
    Ok(headers)
}

/// A document to try JSON paths on.
async fn answer_json() -> Json<Value> {
    Json(json!({
        "status": "ok",
        "version": 3,
        "ratio": 0.25,
        "ready": true,
        "nothing": null,
        "queue": {"length": 7, "oldest_s": 12.5},
        "nodes": [{"name": "a", "up": true}, {"name": "b", "up": false}],
    }))
}

/// A failure whose body has what must not be repeated.
async fn leak() -> (StatusCode, &'static str) {
    let body = "upstream said no\nAuthorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJsZWFrIn0.c2VjcmV0LXNpZ25hdHVyZQ\n\
                password=hunter2-leaked\napi_key: sk_live_51HleakedLeakedLeaked\n";
    (StatusCode::INTERNAL_SERVER_ERROR, body)
}

fn require_authorization(headers: &HeaderMap, wanted: &str, challenge: &'static str) -> Response {
    let given = headers.get(header::AUTHORIZATION);
    if given.is_some_and(|given| given.as_bytes() == wanted.as_bytes()) {
        return "welcome\n".into_response();
    }
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
}

async fn require_basic(Path((username, password)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let wanted = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
    require_authorization(&headers, &wanted, "Basic realm=\"target\"")
}

async fn require_bearer(Path(token): Path<String>, headers: HeaderMap) -> Response {
    require_authorization(&headers, &format!("Bearer {token}"), "Bearer")
}

async fn answer_switch(State(site): Shared, Path(name): Path<String>) -> StatusCode {
    let switch = site.switches.get(&name);
    sleep(Duration::from_millis(switch.delay_ms)).await;
    status(switch.status)
}

async fn show_switch(State(site): Shared, Path(name): Path<String>) -> Json<Switch> {
    Json(site.switches.get(&name))
}

async fn set_switch(
    State(site): Shared,
    Path(name): Path<String>,
    Json(switch): Json<Switch>,
) -> Json<Switch> {
    site.switches.set(&name, switch);
    Json(switch)
}

async fn list_hits(State(site): Shared) -> Json<BTreeMap<String, u64>> {
    Json(site.journal.all())
}
