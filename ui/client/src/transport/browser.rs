//! `fetch`, with the page's own cookies.

use super::{Request, Response, Sending, Transport, unreachable};
use crate::client::SESSION_REFRESH;
use edgewatch_protocol::problem::Problem;
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast as _, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen(inline_js = r#"
export async function renew_in_turn(path) {
  const send = async () => {
    const response = await fetch(path, { method: "POST", credentials: "same-origin" });
    return [response.status, await response.text()];
  };
  return navigator.locks ? navigator.locks.request("edgewatch-session", send) : send();
}
"#)]
extern "C" {
    /// Renews the session, one tab of this origin at a time (Web Locks): a refresh token that two tabs use at once looks
    /// stolen, and ends the session. The tab that waits sends the cookie that the one before it has got. Browsers know no
    /// locks on pages that came over plain HTTP from elsewhere. Answers status and body.
    #[wasm_bindgen(catch)]
    async fn renew_in_turn(path: &str) -> Result<JsValue, JsValue>;
}

async fn renew(path: &str) -> Result<Result<Response, Problem>, JsValue> {
    let answer: js_sys::Array = renew_in_turn(path).await?.dyn_into()?;
    Ok(Ok(Response {
        status: answer.get(0).as_f64().unwrap_or_default() as u16,
        body: answer.get(1).as_string().unwrap_or_default(),
    }))
}

/// The browser's `fetch`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fetch;

impl Transport for Fetch {
    fn send(&self, request: Request) -> Sending {
        // A page has one thread, so the future never leaves the one that it is bound to.
        Box::pin(SendWrapper::new(async move {
            let answer = if request.path == SESSION_REFRESH {
                renew(&request.path).await
            } else {
                fetch(request).await
            };
            answer.map_err(|_| unreachable("Check your connection; the page tries again by itself."))?
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
