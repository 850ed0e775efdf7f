//! The API's own router, called without a socket, on behalf of the request that is being answered.

use super::{Request, Response, Sending, Transport, unreachable};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request as HttpRequest, header},
};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// Calls a router in process, with the visitor's cookies.
#[derive(Clone)]
pub struct InProcess {
    router: Router,
    /// Headers of the visitor's request that the API needs to know who asks.
    headers: HeaderMap,
}

impl InProcess {
    /// A transport for one visitor: `visitor` are the headers of the request that is being answered.
    pub fn new(router: Router, visitor: &HeaderMap) -> Self {
        let mut headers = HeaderMap::new();
        for name in [header::COOKIE, header::HOST, header::AUTHORIZATION] {
            for value in visitor.get_all(&name) {
                headers.append(name.clone(), value.clone());
            }
        }
        Self { router, headers }
    }
}

impl Transport for InProcess {
    fn send(&self, request: Request) -> Sending {
        let (router, headers) = (self.router.clone(), self.headers.clone());
        Box::pin(async move {
            let mut builder = HttpRequest::builder()
                .method(request.method.as_str())
                .uri(&request.path);
            if let Some(all) = builder.headers_mut() {
                *all = headers;
                all.insert(
                    header::ACCEPT,
                    header::HeaderValue::from_static("application/json"),
                );
                if request.body.is_some() {
                    all.insert(
                        header::CONTENT_TYPE,
                        header::HeaderValue::from_static("application/json"),
                    );
                }
            }
            let request = builder
                .body(request.body.map_or_else(Body::empty, Body::from))
                .map_err(|error| unreachable(error.to_string()))?;
            // A router's error type is `Infallible`.
            let response = router
                .oneshot(request)
                .await
                .map_err(|error| unreachable(error.to_string()))?;
            let status = response.status().as_u16();
            let body = response
                .into_body()
                .collect()
                .await
                .map_err(|error| unreachable(error.to_string()))?;
            Ok(Response {
                status,
                body: String::from_utf8_lossy(&body.to_bytes()).into_owned(),
            })
        })
    }

    fn can_refresh(&self) -> bool {
        false
    }
}
