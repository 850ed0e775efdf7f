//! Going through an HTTP proxy: `CONNECT` (RFC 9110, 9.3.6) for `https://` targets, a request in absolute form (RFC 9112,
//! 3.2.2) for others.
//!
//! Whatever keeps the proxy from doing its part says nothing of the target: such a check is unmeasured.

use crate::{
    attempt::{
        connect::{ConnectError, ConnectionFacts, Endpoint, connect_tcp},
        deadline::Deadline,
        stop::Stop,
    },
    engine::Engine,
    http_client::request::{basic_credentials, host_and_port},
    platform::Platform,
};
use edgewatch_protocol::{
    check::{http::Proxy, shared::IpVersion},
    observation::Outcome,
    phase::{PhaseTime, PhaseTimes},
    reason::Reason,
};
use http::HeaderValue;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use url::Url;

/// The longest head of an answer to `CONNECT`, in bytes.
const MAX_HEAD_BYTES: usize = 16 << 10;

/// The credentials for a proxy.
///
/// # Errors
/// One line, when they cannot be sent.
pub fn authorization(proxy: &Proxy) -> Result<Option<HeaderValue>, String> {
    let Some(username) = &proxy.username else {
        return Ok(None);
    };
    let password = proxy.password.as_deref().unwrap_or_default();
    basic_credentials(username, password)
        .map(Some)
        .ok_or_else(|| "the proxy's credentials have forbidden characters".to_owned())
}

/// Connects to the proxy itself: lookup and dial are the phases `dns` and `tcp`.
pub async fn connect<P: Platform>(
    engine: &Engine<'_, P>,
    deadline: &Deadline,
    proxy: &Proxy,
    phases: &mut PhaseTimes,
    facts: &mut ConnectionFacts,
) -> Result<P::Stream, ConnectError> {
    let endpoint = Url::parse(&proxy.url)
        .ok()
        .and_then(|url| Endpoint::of_url(&url, IpVersion::Any))
        .ok_or_else(|| failed("its URL has no host or no port"))?;
    let connected = connect_tcp(engine, deadline, &endpoint, phases, facts).await;
    connected.map_err(|error| {
        let stop = error.into_stop();
        match stop.outcome {
            Outcome::Down { .. } => failed(&stop.message).into(),
            _ => stop.into(),
        }
    })
}

/// Asks the proxy for a tunnel to the target. The time that it takes counts as dialling: `tcp`.
pub async fn open_tunnel<P: Platform>(
    engine: &Engine<'_, P>,
    deadline: &Deadline,
    mut stream: P::Stream,
    proxy: &Proxy,
    target: &Url,
    phases: &mut PhaseTimes,
) -> Result<P::Stream, Stop> {
    let platform = engine.platform;
    let start_us = platform.monotonic_us();
    let authority = host_and_port(target, true);
    let authorization =
        authorization(proxy).map_err(|message| Stop::unmeasured(Reason::Unsupported, message))?;
    let asked = async {
        ask(&mut stream, &authority, authorization.as_ref())
            .await
            .map_err(|message| failed(&message))
    };
    deadline
        .within(platform, asked)
        .await
        .ok_or_else(|| failed("no answer to CONNECT in time"))??;
    if let PhaseTime::Measured(dialled_us) = phases.tcp {
        let asked_us = platform.monotonic_us().saturating_sub(start_us);
        let asked_us = u32::try_from(asked_us).unwrap_or(u32::MAX);
        phases.tcp = PhaseTime::Measured(dialled_us.saturating_add(asked_us));
    }
    Ok(stream)
}

/// The end of a check whose proxy did not do its part.
pub fn failed(why: &str) -> Stop {
    Stop::unmeasured(Reason::ProxyFailed, format!("the proxy failed: {why}"))
}

async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    authority: &str,
    authorization: Option<&HeaderValue>,
) -> Result<(), String> {
    let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n").into_bytes();
    if let Some(value) = authorization {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    let broken = |error| format!("the connection to it broke: {error}");
    stream.write_all(&request).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;

    let mut head = Vec::new();
    loop {
        let end = head.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        match end {
            // In TLS the client speaks first, so whatever comes before that is not the target's.
            Some(end) if end + 4 < head.len() => {
                return Err("it sends more than an answer to CONNECT".to_owned());
            }
            Some(end) => return granted(&head[..end]),
            None if head.len() > MAX_HEAD_BYTES => return Err("its answer does not end".to_owned()),
            None => {}
        }
        let mut chunk = [0; 1024];
        match stream.read(&mut chunk).await.map_err(broken)? {
            0 => return Err("it closed the connection before it answered".to_owned()),
            count => head.extend_from_slice(&chunk[..count]),
        }
    }
}

/// Whether the answer's status is one of success.
fn granted(head: &[u8]) -> Result<(), String> {
    let head = String::from_utf8_lossy(head);
    let line = head.lines().next().unwrap_or_default();
    let status = line
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1))
        .and_then(|status| status.parse::<u16>().ok());
    match status {
        Some(200..=299) => Ok(()),
        Some(407) => Err("it asks for other credentials (407)".to_owned()),
        Some(status) => Err(format!("it refuses to connect ({status})")),
        None => Err("its answer is not HTTP/1.1".to_owned()),
    }
}
