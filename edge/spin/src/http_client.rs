//! The platform's HTTP client: one exchange, no redirect followed, ended when nobody waits for it any more.

use bytes::Bytes;
use edgewatch_core::platform::{FetchBody, FetchError};
use http::{Request, Response, header};
use http_body_util::BodyExt as _;
use spin_sdk::{
    http::FullBody,
    wasip3::{http::types::ErrorCode, http_compat::IncomingResponseBody},
};

/// Sends a request and returns at the head of the answer.
///
/// # Errors
/// When no answer came.
pub async fn exchange(request: Request<Vec<u8>>) -> Result<Response<Body>, FetchError> {
    let (mut parts, body) = request.into_parts();
    // The platform names the host after the URI, and the body's length only if it is told.
    parts.headers.remove(header::HOST);
    parts.headers.remove(header::CONTENT_LENGTH);
    if !body.is_empty() {
        parts.headers.insert(header::CONTENT_LENGTH, body.len().into());
    }
    let request = Request::from_parts(parts, FullBody::new(Bytes::from(body)));
    let answer = spin_sdk::http::send(request).await.map_err(failure)?;
    Ok(answer.map(Body))
}

/// The body of an answer, read as it comes. Dropping it ends the exchange.
pub struct Body(IncomingResponseBody);

impl FetchBody for Body {
    async fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, FetchError> {
        while let Some(frame) = self.0.frame().await {
            // Trailers are of no interest.
            if let Ok(data) = frame.map_err(failure)?.into_data() {
                return Ok(Some(data.into()));
            }
        }
        Ok(None)
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

/// What the platform's error code means.
fn failure(code: ErrorCode) -> FetchError {
    match code {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => FetchError::TargetForbidden(
            "the application's `allowed_outbound_hosts` or the platform's rules forbid the target".to_owned(),
        ),
        ErrorCode::DnsError(_) | ErrorCode::DestinationNotFound => {
            FetchError::NotFound("the platform does not find the name".to_owned())
        }
        ErrorCode::ConnectionLimitReached => {
            FetchError::Limit("the platform has no connection left".to_owned())
        }
        ErrorCode::ConnectionRefused => FetchError::Failed("the connection was refused".to_owned()),
        ErrorCode::TlsCertificateError => {
            FetchError::Failed("the platform does not take the certificate".to_owned())
        }
        ErrorCode::InternalError(Some(text)) => {
            FetchError::Failed(text.lines().next().unwrap_or_default().to_owned())
        }
        other => {
            // The code's name is its whole text: `ErrorCode::ConnectionTerminated`.
            let name = format!("{other:?}");
            FetchError::Failed(name.rsplit("::").next().unwrap_or_default().to_owned())
        }
    }
}
