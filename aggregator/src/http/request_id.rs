//! Each request has an id: in the span of everything that is logged about it, and in the answer's `X-Request-Id`.

use super::ApiError;
use axum::{
    Router,
    extract::Request,
    response::{IntoResponse as _, Response},
};
use std::any::Any;
use tower::ServiceBuilder;
use tower_http::{
    ServiceBuilderExt as _,
    catch_panic::CatchPanicLayer,
    request_id::{MakeRequestUuid, RequestId},
    trace::TraceLayer,
};
use tracing::Span;

/// Gives every request an id (the client's own `X-Request-Id` if it sends one) and a span.
pub fn with_request_ids<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.layer(
        ServiceBuilder::new()
            .set_x_request_id(MakeRequestUuid)
            .propagate_x_request_id()
            .layer(TraceLayer::new_for_http().make_span_with(span))
            .layer(CatchPanicLayer::custom(answer_panic)),
    )
}

/// A fault of ours in one request is no reason to cut the connection of others.
#[allow(clippy::needless_pass_by_value, reason = "the layer hands it over")]
fn answer_panic(panic: Box<dyn Any + Send>) -> Response {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    ApiError::internal(format!("panic: {}", message.unwrap_or_default())).into_response()
}

/// The query is left out: it may hold what is nobody's business. So is the secret of a heartbeat's URL.
fn span(request: &Request) -> Span {
    let id = request
        .extensions()
        .get::<RequestId>()
        .and_then(|id| id.header_value().to_str().ok())
        .unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), path = shown_path(request.uri().path()), request_id = id)
}

fn shown_path(path: &str) -> &str {
    const HEARTBEATS: &str = "/api/v1/heartbeats/";
    if path.starts_with(HEARTBEATS) {
        HEARTBEATS
    } else {
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{body::Body, routing::get};
    use tower::ServiceExt as _;

    #[test]
    fn the_secret_of_a_heartbeat_is_not_logged() {
        assert_eq!(
            shown_path("/api/v1/heartbeats/s3cret/start"),
            "/api/v1/heartbeats/"
        );
        assert_eq!(
            shown_path("/api/v1/monitors/1/heartbeat"),
            "/api/v1/monitors/1/heartbeat"
        );
    }

    #[tokio::test]
    async fn every_answer_has_an_id_even_that_of_a_panic() {
        #[allow(clippy::unused_async, clippy::panic)]
        async fn panics() -> &'static str {
            panic!("out of order")
        }
        let router = with_request_ids(Router::new().route("/", get(panics)));
        let request = Request::get("/")
            .header("x-request-id", "mine")
            .body(Body::empty());
        let response = router.oneshot(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers()["x-request-id"], "mine");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
}
