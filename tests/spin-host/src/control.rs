//! The triggers: HTTP, the cron each minute, and the cron when the control port is asked for it.

use crate::{clock::now, component::SpinComponent};
use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::State,
    http::{Request, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::{io, sync::Arc, time::Duration};
use tokio::signal::unix::{SignalKind, signal};

const MINUTE_MS: u64 = 60_000;

/// Fires the cron at the beginning of each minute, whether or not the event before is done.
pub async fn fire_each_minute(component: Arc<SpinComponent>) {
    loop {
        let since_ms = u64::try_from(now().as_millis()).unwrap_or_default();
        tokio::time::sleep(Duration::from_millis(MINUTE_MS - since_ms % MINUTE_MS)).await;
        let component = Arc::clone(&component);
        tokio::spawn(async move {
            match component.fire_cron(now().as_secs()).await {
                Ok(printed) => print!("{printed}"),
                Err(error) => eprintln!("the cron event failed: {error:#}"),
            }
        });
    }
}

/// Everything on the trigger's port is the component's.
pub fn http_trigger(component: Arc<SpinComponent>) -> Router {
    Router::new().fallback(hand_over).with_state(component)
}

async fn hand_over(State(component): State<Arc<SpinComponent>>, request: Request<Body>) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    // A request that was received has a path only; one that is handed over has the whole URI.
    let host = parts
        .headers
        .remove("host")
        .and_then(|host| host.to_str().map(ToOwned::to_owned).ok());
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let host = host.unwrap_or_else(|| "localhost".to_owned());
    match format!("http://{host}{path}").parse() {
        Ok(uri) => parts.uri = uri,
        Err(_) => return StatusCode::BAD_REQUEST.into_response(),
    }
    match component
        .handle(Request::from_parts(parts, body.to_bytes()))
        .await
    {
        Ok(response) => response.map(Body::from),
        Err(error) => {
            eprintln!("the request failed: {error:#}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// `POST /cron` fires the cron and answers, when it is done, with what the component printed of its turn.
pub fn control(component: Arc<SpinComponent>, region: String) -> Router {
    let fire = async move |State(component): State<Arc<SpinComponent>>, _body: Bytes| {
        let report = match component.fire_cron(now().as_secs()).await {
            Ok(printed) => {
                print!("{printed}");
                let mut lines = printed
                    .lines()
                    .rev()
                    .filter_map(|line| serde_json::from_str::<Value>(line).ok());
                json!({"outcome": "ok", "regions": {region.clone(): lines.next()}})
            }
            Err(error) => {
                eprintln!("the cron event failed: {error:#}");
                json!({"outcome": "exception", "message": format!("{error:#}")})
            }
        };
        Json(report)
    };
    Router::new().route("/cron", post(fire)).with_state(component)
}

/// Completes when the process is asked to stop.
///
/// # Errors
/// When signals cannot be listened to.
pub async fn stop_signal() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}
