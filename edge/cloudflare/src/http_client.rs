//! The platform's HTTP client: one exchange, no redirect followed, no cache, aborted when nobody waits for it any more.

use edgewatch_core::platform::{FetchBody, FetchError};
use futures::StreamExt as _;
use http::{HeaderName, HeaderValue, Request, Response, header};
use worker::{
    ByteStream, Headers,
    js_sys::{self, Uint8Array},
    wasm_bindgen::{JsCast as _, JsValue},
    wasm_bindgen_futures::JsFuture,
    web_sys::{AbortController, RequestCache, RequestInit, RequestRedirect, WorkerGlobalScope},
};

/// Headers that the platform writes itself and refuses or overwrites.
const PLATFORM_HEADERS: [HeaderName; 4] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
];

/// What is said where the platform says nothing.
const UNEXPLAINED: &str = "the platform could not get through and does not say why";

/// Sends a request and returns at the head of the answer.
///
/// # Errors
/// When no answer came.
pub async fn exchange(request: Request<Vec<u8>>) -> Result<Response<Body>, FetchError> {
    let (parts, body) = request.into_parts();
    let headers = Headers::new();
    for (name, value) in &parts.headers {
        if !PLATFORM_HEADERS.contains(name) {
            // JavaScript takes a header as a string of bytes, one character each.
            let value: String = value.as_bytes().iter().map(|byte| char::from(*byte)).collect();
            headers
                .append(name.as_str(), &value)
                .map_err(|error| FetchError::Failed(error.to_string()))?;
        }
    }
    let init = RequestInit::new();
    init.set_method(parts.method.as_str());
    init.set_headers(headers.as_ref());
    init.set_redirect(RequestRedirect::Manual);
    init.set_cache(RequestCache::NoStore);
    if !body.is_empty() {
        init.set_body(&Uint8Array::from(body.as_slice()));
    }
    let abort = AbortOnDrop(AbortController::new().map_err(|error| failure(&error))?);
    init.set_signal(Some(&abort.0.signal()));

    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let answer = JsFuture::from(scope.fetch_with_str_and_init(&parts.uri.to_string(), &init))
        .await
        .map_err(|error| failure(&error))?;
    let answer: worker::web_sys::Response = answer.dyn_into().map_err(|error| failure(&error))?;

    let body = Body {
        stream: answer.body().map(ByteStream::from),
        _abort: abort,
    };
    let mut response = Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(answer.status())
        .map_err(|_| FetchError::Failed(format!("the status {} is none", answer.status())))?;
    for (name, value) in Headers(answer.headers()).entries() {
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name),
            HeaderValue::from_bytes(value.as_bytes()),
        ) {
            response.headers_mut().append(name, value);
        }
    }
    Ok(response)
}

/// The body of an answer, read as it comes. Dropping it ends the exchange.
pub struct Body {
    stream: Option<ByteStream>,
    _abort: AbortOnDrop,
}

impl FetchBody for Body {
    async fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, FetchError> {
        let Some(stream) = &mut self.stream else {
            return Ok(None);
        };
        stream
            .next()
            .await
            .transpose()
            .map_err(|error| classify(&error.to_string()))
    }
}

impl Body {
    /// Reads the whole of it.
    ///
    /// # Errors
    /// Also when it is larger than `limit` bytes.
    pub async fn read_to_end(mut self, limit: usize) -> Result<Vec<u8>, FetchError> {
        let mut whole = Vec::new();
        while let Some(chunk) = self.next_chunk().await? {
            if whole.len() + chunk.len() > limit {
                return Err(FetchError::Failed(format!(
                    "the answer is larger than {limit} bytes"
                )));
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole)
    }
}

/// Ends a request that is still under way, and with it the connection that it holds.
struct AbortOnDrop(AbortController);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What was thrown, in one line.
pub fn thrown(error: &JsValue) -> String {
    let text = error
        .dyn_ref::<js_sys::Error>()
        .map(|error| String::from(error.message()))
        .or_else(|| error.as_string())
        .unwrap_or_else(|| UNEXPLAINED.to_owned());
    let line = text.lines().next().unwrap_or_default();
    if line.starts_with("internal error") {
        // The reference that follows means something to the platform's makers alone.
        UNEXPLAINED.to_owned()
    } else {
        line.to_owned()
    }
}

fn failure(error: &JsValue) -> FetchError {
    classify(&thrown(error))
}

/// The platform tells its errors apart by their sentences alone.
fn classify(text: &str) -> FetchError {
    let text = text.lines().next().unwrap_or_default().to_owned();
    let lower = text.to_ascii_lowercase();
    if lower.contains("too many subrequests") {
        FetchError::Limit(text)
    } else if lower.contains("dns lookup failed") {
        FetchError::NotFound(text)
    } else {
        FetchError::Failed(text)
    }
}
