//! `GET /api/v1/events`: live events as Server-Sent Events. See [`edgewatch_client::event`].

use super::{auth::Viewer, openapi::NeedsSession};
use crate::{events::Numbered, state::AppState, store::session::find_session};
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
use uuid::Uuid;

/// Proxies commonly cut connections that are silent for 30 or 60 seconds.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How often it is looked whether the listener's session still stands.
const SESSION_CHECK: Duration = if cfg!(test) {
    Duration::from_millis(50)
} else {
    Duration::from_secs(30)
};

/// The routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(stream_events))
}

/// Live events. After a reconnect with `Last-Event-ID` the missed ones follow, or one `resync`. The stream ends with the
/// listener's session.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that was seen")),
    responses((status = 200, description = "Events, without end", body = Event, content_type = "text/event-stream"), NeedsSession),
    security(("cookie" = []), ("bearer" = []))
)]
async fn stream_events(
    Viewer(session): Viewer,
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
    let ended = async move {
        let stopped = async { drop(stopping.wait_for(|stopping| *stopping).await) };
        tokio::select! {
            () = stopped => {}
            () = session_over(&state, session.user.session_id) => {}
        }
    };
    let events = stream::iter(missed)
        .map(|numbered| encode(&numbered))
        .chain(live)
        .take_until(Box::pin(ended))
        .map(Ok);
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

/// Waits until a session is revoked or over: a stream that was opened with it ends soon after. The access token may end
/// long before.
async fn session_over(state: &AppState, session: Uuid) {
    loop {
        tokio::time::sleep(SESSION_CHECK).await;
        // While the database is away nobody can be signed out either.
        if let Ok(None) = find_session(&state.pool, session, state.clock.now()).await {
            return;
        }
    }
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
        Event::Incidents { .. } => "incidents",
        Event::Resync => "resync",
    };
    let data = serde_json::to_string(event).unwrap_or_default();
    sse::Event::default().event(name).data(data)
}

#[cfg(test)]
mod tests {
    use crate::{app, http::test_server::TestServer, store::session::revoke_session};
    use axum::{body::Body, http::Request};
    use edgewatch_client::{event::Event, session::Role};
    use futures::StreamExt as _;
    use sqlx::PgPool;
    use std::time::Duration;
    use tower::ServiceExt as _;

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn a_stream_lasts_as_long_as_its_session(pool: PgPool) {
        let server = TestServer::new(pool);
        let viewer = server.client(Role::Viewer).await;
        let request = Request::get("/api/v1/events")
            .header("authorization", viewer.authorization())
            .body(Body::empty())
            .unwrap();
        let response = app::router(server.state.clone()).oneshot(request).await.unwrap();
        let mut pieces = response.into_body().into_data_stream();
        // Longer than the access token lasts.
        server.state.clock.advance(chrono::TimeDelta::hours(1));
        tokio::time::sleep(super::SESSION_CHECK * 3).await;
        server.state.events.publish(Event::Monitors);
        let piece = pieces.next().await.unwrap().unwrap();
        assert!(String::from_utf8_lossy(&piece).contains("event: monitors"));

        let session: uuid::Uuid = sqlx::query_scalar("SELECT id FROM session")
            .fetch_one(&server.state.pool)
            .await
            .unwrap();
        revoke_session(&server.state.pool, session, server.state.clock.now())
            .await
            .unwrap();
        let end = tokio::time::timeout(Duration::from_secs(10), pieces.next()).await;
        assert!(end.unwrap().is_none());
    }
}
