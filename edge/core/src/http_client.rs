//! The HTTP client of the checks: requests and redirects, one exchange over a stream or by the platform's own client, and
//! the body that comes.

pub mod body;
pub mod exchange;
pub mod fetch;
pub mod request;
mod timed_stream;
