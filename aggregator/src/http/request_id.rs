//! Each request has an id: in the span of everything that is logged about it, and in the answer's `X-Request-Id`.

use axum::{Router, extract::Request};
use tower::ServiceBuilder;
use tower_http::{
    ServiceBuilderExt as _,
    request_id::{MakeRequestUuid, RequestId},
    trace::TraceLayer,
};
use tracing::Span;

/// Gives every request an id (the client's own `X-Request-Id` if it sends one) and a span.
pub fn with_request_ids<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.layer(
        ServiceBuilder::new()
            .set_x_request_id(MakeRequestUuid)
            .layer(TraceLayer::new_for_http().make_span_with(span))
            .propagate_x_request_id(),
    )
}

/// The query is left out: it may hold what is nobody's business.
fn span(request: &Request) -> Span {
    let id = request
        .extensions()
        .get::<RequestId>()
        .and_then(|id| id.header_value().to_str().ok())
        .unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), path = request.uri().path(), request_id = id)
}
