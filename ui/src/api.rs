//! The client of the REST API for this page.

use edgewatch_client::Client;
use leptos::prelude::*;

/// The client: provided by the server for each visitor, or the browser's own.
pub fn use_client() -> Client {
    expect_context::<Client>()
}

/// Provides the browser's client; on the server the request has provided one.
pub fn provide_client() {
    #[cfg(feature = "hydrate")]
    provide_context(Client::new(edgewatch_client::transport::browser::Fetch));
}
