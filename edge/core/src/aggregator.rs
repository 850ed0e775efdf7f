//! Signed requests to the aggregator.

use crate::{
    config::ProbeConfig,
    platform::{Platform, Transport},
};
use edgewatch_protocol::{
    content_coding::content_coding,
    problem::{Problem, ProblemType},
    signature::{Body, Message, sign},
};
use http::{Request, Response, header};
use std::fmt;

/// The media type of everything that a probe sends.
const JSON: &str = "application/json";

/// The aggregator, as a probe speaks to it.
pub struct Aggregator<'a, H> {
    config: &'a ProbeConfig,
    host: &'a H,
}

/// Why a request was not answered with success.
#[derive(Clone, Debug, PartialEq)]
pub enum CallError {
    /// No answer came, or one that no aggregator gives; to be tried again. One line.
    Unreachable(String),
    /// The aggregator refused.
    Refused(Box<Problem>),
}

impl CallError {
    /// The kind of problem, if the aggregator named one.
    pub fn kind(&self) -> Option<ProblemType> {
        match self {
            Self::Refused(problem) => problem.kind(),
            Self::Unreachable(_) => None,
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(message) => write!(f, "the aggregator cannot be reached: {message}"),
            Self::Refused(problem) => write!(f, "the aggregator refused: {problem}"),
        }
    }
}

impl<'a, H: Platform + Transport> Aggregator<'a, H> {
    /// The aggregator of a configuration.
    pub fn new(config: &'a ProbeConfig, host: &'a H) -> Self {
        Self { config, host }
    }

    /// A signed `GET` of one of [`edgewatch_protocol::path`]. The answer is a success or `304`.
    pub async fn get(&self, path: &str, known_etag: Option<&str>) -> Result<Response<Vec<u8>>, CallError> {
        self.call("GET", path, None, known_etag, None).await
    }

    /// The same with a query, which is signed too.
    pub async fn get_with_query(
        &self,
        path: &str,
        query: &str,
        known_etag: Option<&str>,
    ) -> Result<Response<Vec<u8>>, CallError> {
        self.call("GET", path, Some(query), known_etag, None).await
    }

    /// A signed `POST` of JSON, or of a compressed frame of it, to one of [`edgewatch_protocol::path`].
    pub async fn post(&self, path: &str, json: Vec<u8>) -> Result<Response<Vec<u8>>, CallError> {
        self.call("POST", path, None, None, Some(json)).await
    }

    async fn call(
        &self,
        method: &str,
        path: &str,
        query: Option<&str>,
        known_etag: Option<&str>,
        json: Option<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, CallError> {
        let mut url = self.config.aggregator_url.clone();
        let prefix = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{prefix}{path}"));
        url.set_query(query);
        url.set_fragment(None);
        let authority = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        let mut nonce = [0; 16];
        self.host.fill_random(&mut nonce);
        let message = Message {
            method,
            authority: &authority,
            path: url.path(),
            query: url.query(),
            body: json.as_deref().map(|bytes| Body::new(JSON, bytes)),
        };
        let signature = sign(
            &message,
            &self.config.key,
            self.host.now_ms().div_euclid(1000),
            nonce,
        );

        let mut request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(header::ACCEPT, JSON)
            .header("signature-input", signature.signature_input)
            .header("signature", signature.signature);
        let coding = json.as_deref().and_then(content_coding);
        if let Some(coding) = coding {
            request = request.header(header::CONTENT_ENCODING, coding);
        }
        if let Some(digest) = signature.content_digest {
            request = request
                .header("content-digest", digest)
                .header(header::CONTENT_TYPE, JSON);
        }
        if let Some(etag) = known_etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let request = request
            .body(json.unwrap_or_default())
            .map_err(|error| CallError::Unreachable(error.to_string()))?;
        let response = self.host.send(request).await.map_err(CallError::Unreachable)?;
        let status = response.status();
        if status.is_success() || status == http::StatusCode::NOT_MODIFIED {
            return Ok(response);
        }
        Err(match serde_json::from_slice::<Problem>(response.body()) {
            Ok(problem) if !status.is_server_error() => CallError::Refused(Box::new(problem)),
            _ => CallError::Unreachable(format!("{authority} {path} answered {status}")),
        })
    }
}
