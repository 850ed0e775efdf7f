//! Where the worker really runs, as Cloudflare's edge tells it.

use crate::http_client;
use edgewatch_protocol::batch::{IpFamily, Place};
use http::Request;
use worker::Url;

/// A trace is some hundred bytes.
const MAX_TRACE_BYTES: usize = 16 << 10;

/// Asks for the place; `None` when nobody answers.
pub async fn observe_place(url: &Url) -> Option<Place> {
    let request = Request::get(url.as_str()).body(Vec::new()).ok()?;
    let response = http_client::exchange(request).await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    let trace = response.into_body().read_to_end(MAX_TRACE_BYTES).await.ok()?;
    read_trace(&String::from_utf8_lossy(&trace))
}

/// Reads the `name=value` lines of `/cdn-cgi/trace`.
fn read_trace(trace: &str) -> Option<Place> {
    let value = |name: &str| {
        let code = trace
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        let short = (2..=4).contains(&code.len()) && code.chars().all(|c| c.is_ascii_alphanumeric());
        short.then(|| code.to_ascii_uppercase())
    };
    Some(Place {
        colo: Some(value("colo")?),
        country: value("loc"),
        asn: None,
        ip_family: Some(IpFamily::Dual),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_gives_the_data_centre_and_the_country() {
        let place =
            read_trace("fl=1f1\nh=cloudflare.com\nip=2001:db8::1\ncolo=FRA\nloc=DE\ntls=TLSv1.3\n").unwrap();
        assert_eq!(
            (place.colo.as_deref(), place.country.as_deref()),
            (Some("FRA"), Some("DE"))
        );
    }

    #[test]
    fn anything_else_gives_no_place() {
        assert_eq!(read_trace("<html>colo=FRA</html>"), None);
        assert_eq!(read_trace("colo=<script>\n"), None);
    }
}
