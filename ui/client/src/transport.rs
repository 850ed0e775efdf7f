//! How a request reaches the API: over `fetch` in a browser, or by calling the router in process.

use edgewatch_protocol::problem::Problem;
use std::{future::Future, pin::Pin};

#[cfg(feature = "browser")]
pub mod browser;
#[cfg(feature = "in-process")]
pub mod in_process;

/// The methods that the API knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Create or act.
    Post,
    /// Replace.
    Put,
    /// Remove.
    Delete,
}

impl Method {
    /// As in RFC 9110.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// A request to the API.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Absolute path with query.
    pub path: String,
    /// JSON body.
    pub body: Option<String>,
}

/// An answer of the API, whatever its status.
#[derive(Clone, Debug)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// The body: JSON, and so text.
    pub body: String,
}

/// An answer on its way.
pub type Sending = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;

/// Carries requests to the API. The error is for requests that got no answer at all.
pub trait Transport: Send + Sync {
    /// Sends a request.
    fn send(&self, request: Request) -> Sending;

    /// Whether it holds the refresh cookie, so that an ended session can be renewed.
    fn can_refresh(&self) -> bool;
}

/// The `type` of the problem that stands for "no answer": offline, or the server is away.
pub const UNREACHABLE: &str = "/problems/unreachable";

/// The problem of a request that got no answer.
pub fn unreachable(detail: impl Into<String>) -> Problem {
    Problem {
        type_uri: UNREACHABLE.to_owned(),
        title: "Edgewatch cannot be reached".to_owned(),
        status: 0,
        detail: Some(detail.into()),
        errors: Vec::new(),
        head: None,
    }
}
