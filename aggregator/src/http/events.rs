//! `GET /api/v1/events`: live events as Server-Sent Events. See [`edgewatch_client::event`].

use super::{auth::Viewer, openapi::NeedsSession};
use crate::{app::AppState, events::Numbered};
use axum::{
    extract::State,
    http::HeaderMap,
    response::sse::{self, KeepAlive, Sse},
};
use edgewatch_client::event::Event;
use futures::{Stream, StreamExt as _, stream};
use std::{convert::Infallible, time::Duration};
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Proxies commonly cut connections that are silent for 30 or 60 seconds.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(stream_events))
}

/// Live events. After a reconnect with `Last-Event-ID` the missed ones follow, or one `resync`.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen")),
    responses((status = 200, description = "Events, without end", body = Event, content_type = "text/event-stream"), NeedsSession),
    security(("cookie" = []), ("bearer" = []))
)]
async fn stream_events(
    _: Viewer,
    State(state): State<AppState>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<sse::Event, Infallible>>> {
    let last_event_id = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let (missed, receiver) = state.events.subscribe(last_event_id);
    let live = BroadcastStream::new(receiver).map(|received| match received {
        Ok(numbered) => encode(&numbered),
        // A slow listener: the bus went on without it.
        Err(BroadcastStreamRecvError::Lagged(_)) => named(&Event::Resync),
    });
    let mut stopping = state.stopping.subscribe();
    let stopped = async move {
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    let events = stream::iter(missed)
        .map(|numbered| encode(&numbered))
        .chain(live)
        .take_until(Box::pin(stopped))
        .map(Ok);
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

fn encode(numbered: &Numbered) -> sse::Event {
    named(&numbered.event).id(numbered.id.as_str())
}

/// The event's name is its tag, so that a browser can listen to one kind alone.
fn named(event: &Event) -> sse::Event {
    let name = match event {
        Event::Results { .. } => "results",
        Event::State { .. } => "state",
        Event::Monitors => "monitors",
        Event::Probes => "probes",
        Event::Resync => "resync",
    };
    let data = serde_json::to_string(event).unwrap_or_default();
    sse::Event::default().event(name).data(data)
}
