//! The HTTP client of the checks: requests and redirects, one exchange over a stream or by the platform's own client, and
//! the body that comes.

pub mod body;
pub mod cookies;
pub mod exchange;
pub mod fetch;
pub mod get;
#[cfg(feature = "http2")]
pub mod http2;
pub mod proxy;
pub mod request;
mod timed_stream;
