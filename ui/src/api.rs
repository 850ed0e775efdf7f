//! The client of the REST API for this page, and what the page reads through it.

#[cfg(not(feature = "ssr"))]
use edgewatch_client::protocol::problem::ProblemType;
use edgewatch_client::{Client, json, protocol::problem::Problem};
use leptos::{
    prelude::*,
    server::codee::{Decoder, Encoder},
};
use std::{future::Future, pin::Pin};

/// The client: provided by the server for each visitor, or the browser's own.
pub fn use_client() -> Client {
    expect_context::<Client>()
}

/// Provides the browser's client; on the server the request has provided one.
pub fn provide_client() {
    #[cfg(feature = "hydrate")]
    provide_context(Client::new(edgewatch_client::transport::browser::Fetch));
}

/// An answer that a page waits for, as JSON text. On the server the page is not sent before it is there, and the text
/// goes along, so that the browser does not ask again. One type serves all answers; who shows it knows what it holds.
pub type Reading = Resource<Result<String, Problem>, HandOver>;

/// An answer on its way.
pub type Answer = Pin<Box<dyn Future<Output = Result<String, Problem>> + Send>>;

/// How an answer stands in the page: the text behind `+`, a problem as JSON behind `-`.
#[derive(Clone, Copy, Debug)]
pub struct HandOver;

impl Encoder<Result<String, Problem>> for HandOver {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(answer: &Result<String, Problem>) -> Result<String, serde_json::Error> {
        Ok(match answer {
            Ok(text) => format!("+{text}"),
            Err(problem) => format!("-{}", serde_json::to_string(problem)?),
        })
    }
}

impl Decoder<Result<String, Problem>> for HandOver {
    type Error = json::Unreadable;
    type Encoded = str;

    fn decode(text: &str) -> Result<Result<String, Problem>, json::Unreadable> {
        if let Some(text) = text.strip_prefix('+') {
            return Ok(Ok(text.to_owned()));
        }
        let problem = text.strip_prefix('-').ok_or(json::Unreadable::Syntax)?;
        json::from_str(problem).map(Err)
    }
}

/// Reads a path of the API, and reads anew whenever it changes. Where there is no path, the answer is `null`.
pub fn read(path: impl Into<Signal<Option<String>>>) -> Reading {
    read_by(path.into(), |client, path| {
        Box::pin(async move { client.read_text(&path).await })
    })
}

/// The same for an answer that is asked for otherwise, or travels to the browser in another form.
pub fn read_by(path: Signal<Option<String>>, ask: fn(Client, String) -> Answer) -> Reading {
    let client = use_client();
    let reading = ArcResource::<_, HandOver>::new_with_options(
        move || path.get(),
        move |path| match path {
            Some(path) => ask(client.clone(), path),
            None => Box::pin(async { Ok("null".to_owned()) }),
        },
        true,
    );
    reading.into()
}

/// Reads a page that the server alone writes, by its address.
pub fn read_still(address: impl Into<Signal<Option<String>>>) -> Reading {
    read_by(address.into(), |client, address| Box::pin(still(client, address)))
}

#[cfg(feature = "ssr")]
use crate::written::write as still;

/// Taken out of the page as the server sends it.
#[cfg(not(feature = "ssr"))]
async fn still(client: Client, address: String) -> Result<String, Problem> {
    use crate::still::{BEGINS, COMMENT, ENDS};
    let page = client.read_page(&address).await?;
    let begins = [COMMENT, BEGINS].concat();
    let written = page.find(&begins).zip(page.find(ENDS));
    // Without one it is the sign-in page.
    written
        .map(|(from, to)| page[from + COMMENT.len()..to].to_owned())
        .ok_or_else(|| Problem::new(ProblemType::Unauthenticated))
}

/// A path that never changes.
pub fn fixed(path: impl Into<String>) -> Signal<Option<String>> {
    Signal::stored(Some(path.into()))
}
