//! `fetch`, with the page's own cookies.

use super::{Request, Response, Sending, Transport, unreachable};
use edgewatch_protocol::problem::Problem;
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;

/// The browser's `fetch`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fetch;

impl Transport for Fetch {
    fn send(&self, request: Request) -> Sending {
        // A page has one thread, so the future never leaves the one that it is bound to.
        Box::pin(SendWrapper::new(async move {
            fetch(request)
                .await
                .map_err(|_| unreachable("Check your connection; the page tries again by itself."))?
        }))
    }

    fn can_refresh(&self) -> bool {
        true
    }
}

async fn fetch(request: Request) -> Result<Result<Response, Problem>, JsValue> {
    let init = web_sys::RequestInit::new();
    init.set_method(request.method.as_str());
    init.set_credentials(web_sys::RequestCredentials::SameOrigin);
    let headers = web_sys::Headers::new()?;
    headers.set("accept", "application/json, application/problem+json")?;
    if let Some(body) = &request.body {
        headers.set("content-type", "application/json")?;
        init.set_body(&JsValue::from_str(body));
    }
    init.set_headers(&headers);
    let Some(window) = web_sys::window() else {
        return Ok(Err(unreachable("There is no window to fetch from.")));
    };
    let response: web_sys::Response = JsFuture::from(window.fetch_with_str_and_init(&request.path, &init))
        .await?
        .dyn_into()?;
    let body = JsFuture::from(response.text()?).await?;
    Ok(Ok(Response {
        status: response.status(),
        body: body.as_string().unwrap_or_default(),
    }))
}
