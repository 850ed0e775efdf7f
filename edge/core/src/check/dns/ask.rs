//! To each resolver its own way.

use super::Endpoint;
use crate::{
    attempt::{
        connect::{ConnectError, addresses, connect_tcp, shown_endpoint},
        deadline::within,
        progress::{NOT_APPLICABLE, Progress},
        stop::Stop,
    },
    check::http::shown_url,
    dns_message::{Answer, DNS_MESSAGE, Malformed, read_answer, set_id},
    dns_stream,
    engine::Engine,
    http_client::get::get,
    platform::{DialError, DnsQueryError, Platform},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use edgewatch_protocol::{
    check::{DnsCheck, dns::Resolver, shared::IpVersion},
    phase::{Phase, PhaseTime, PhaseTimes},
    reason::Reason,
};
use http::{StatusCode, header::CONTENT_TYPE};
use std::{net::SocketAddr, time::Duration};

/// A DNS message has at most this size.
const MAX_DNS_BYTES: u32 = 65_535;
/// How long an answer to a datagram is waited for before it is sent once more: either may have been lost.
const RESEND_AFTER: Duration = Duration::from_secs(2);

/// Who is asked, as far as that is known beforehand.
pub fn server(resolver: &Resolver) -> String {
    match resolver {
        Resolver::Probe => "system".to_owned(),
        Resolver::Https { url } => shown_url(url),
        Resolver::Udp { host, port } | Resolver::Tcp { host, port } => shown_endpoint(host, *port),
    }
}

/// Asks and reads the answer. The phase `dns` is the query itself where the probe's own resolver is asked, and else
/// the lookup of the server's name.
pub async fn ask<P: Platform>(
    engine: &Engine<'_, P>,
    check: &DnsCheck,
    query: &[u8],
    server: &mut String,
    progress: &mut Progress,
) -> Result<Answer, Stop> {
    let platform = engine.platform;
    let read = |message: &[u8], query: &[u8]| {
        read_answer(message, query, check.record).map_err(|Malformed(why)| {
            let message = format!("the answer is malformed: {why}");
            Stop::down(Reason::DnsFailed, Phase::Dns, message)
        })
    };
    match &check.resolver {
        Resolver::Probe => {
            progress.phases = NONE_APPLIES;
            progress.phases.dns = PhaseTime::NotReached;
            let began_us = platform.monotonic_us();
            let deadline = progress.deadline;
            let answer = deadline
                .within(platform, platform.query_dns(query))
                .await
                .ok_or_else(|| deadline.ran_out(Phase::Dns))?
                .map_err(|DnsQueryError(why)| Stop::unmeasured(Reason::ServiceUnavailable, why))?;
            progress.phases.dns = since(platform, began_us);
            *server = answer.server;
            read(&answer.message, query)
        }
        Resolver::Https { url } => {
            let message = by_https(engine, url, query, progress).await?;
            read(&message, query)
        }
        Resolver::Udp { host, port } => {
            let query = with_id(platform, query);
            let endpoint = endpoint(host, *port)?;
            let (deadline, phases) = (progress.deadline, &mut progress.phases);
            *phases = PhaseTimes {
                ttfb: PhaseTime::NotReached,
                ..NONE_APPLIES
            };
            let addresses = addresses(platform, &deadline, &endpoint, phases).await?;
            let Some(&address) = addresses.first() else {
                return Err(deadline.ran_out(Phase::Dns));
            };
            progress.connection.address = Some(address.ip());
            let message = by_datagram(platform, address, &query, progress).await?;
            let answer = read(&message, &query)?;
            if !answer.is_truncated {
                return Ok(answer);
            }
            let (dns, ttfb) = (progress.phases.dns, progress.phases.ttfb);
            let address =
                Endpoint::of_host(&address.ip().to_string(), *port, IpVersion::Any).unwrap_or(endpoint);
            let message = by_stream(engine, &address, &query, progress).await;
            progress.phases.dns = dns;
            progress.phases.ttfb = ttfb.plus(progress.phases.ttfb);
            read(&message?, &query)
        }
        Resolver::Tcp { host, port } => {
            let query = with_id(platform, query);
            let message = by_stream(engine, &endpoint(host, *port)?, &query, progress).await?;
            read(&message, &query)
        }
    }
}

const NONE_APPLIES: PhaseTimes = PhaseTimes {
    dns: NOT_APPLICABLE,
    tcp: NOT_APPLICABLE,
    tls: NOT_APPLICABLE,
    request: NOT_APPLICABLE,
    ttfb: NOT_APPLICABLE,
    body: NOT_APPLICABLE,
};

/// Nobody who does not see the query can answer it.
fn with_id(platform: &impl Platform, query: &[u8]) -> Vec<u8> {
    let mut id = [0; 2];
    platform.fill_random(&mut id);
    let mut query = query.to_vec();
    set_id(&mut query, u16::from_be_bytes(id));
    query
}

fn endpoint(host: &str, port: u16) -> Result<Endpoint, Stop> {
    Endpoint::of_host(host, port, IpVersion::Any)
        .ok_or_else(|| Stop::unmeasured(Reason::Unsupported, "the resolver's host is not a host"))
}

fn since(platform: &impl Platform, began_us: u64) -> PhaseTime {
    let us = platform.monotonic_us().saturating_sub(began_us);
    PhaseTime::Measured(us.try_into().unwrap_or(u32::MAX))
}

async fn by_https<P: Platform>(
    engine: &Engine<'_, P>,
    url: &str,
    query: &[u8],
    progress: &mut Progress,
) -> Result<Vec<u8>, Stop> {
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}dns={}", URL_SAFE_NO_PAD.encode(query));
    let answer = get(engine, &url, DNS_MESSAGE, MAX_DNS_BYTES, progress).await?;
    let media_type = answer
        .headers
        .get(CONTENT_TYPE)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .unwrap_or_default();
    if answer.status != StatusCode::OK {
        let why = format!("the resolver answered with the status {}", answer.status);
        return Err(Stop::down(Reason::ProtocolError, Phase::Body, why));
    }
    if !media_type.trim().to_ascii_lowercase().starts_with(DNS_MESSAGE) {
        let why = format!("the resolver answered with `{media_type}` instead of a DNS message");
        return Err(Stop::down(Reason::ProtocolError, Phase::Body, why));
    }
    Ok(answer.body)
}

async fn by_datagram<P: Platform>(
    platform: &P,
    server: SocketAddr,
    query: &[u8],
    progress: &mut Progress,
) -> Result<Vec<u8>, Stop> {
    let deadline = progress.deadline;
    loop {
        let left = deadline.left(platform);
        let patience = if left > 2 * RESEND_AFTER {
            RESEND_AFTER
        } else {
            left
        };
        let began_us = platform.monotonic_us();
        let exchanged = within(platform, patience, platform.exchange_datagram(server, query)).await;
        match exchanged {
            Some(Ok(message)) => {
                progress.phases.ttfb = since(platform, began_us);
                return Ok(message);
            }
            Some(Err(error)) => return Err(datagram_error(error)),
            None if deadline.left(platform).is_zero() => return Err(deadline.ran_out(Phase::Ttfb)),
            None => {}
        }
    }
}

fn datagram_error(error: DialError) -> Stop {
    match error {
        DialError::Refused => {
            let why = "the server takes no datagrams on this port";
            Stop::down(Reason::ConnectRefused, Phase::Ttfb, why)
        }
        DialError::Failed(why) | DialError::Unresolved(why) | DialError::Unexplained(why) => {
            Stop::down(Reason::ConnectFailed, Phase::Ttfb, why)
        }
        DialError::Limit(why) => Stop::unmeasured(Reason::PlatformLimit, why),
        DialError::Forbidden(why) | DialError::TargetForbidden(why) => {
            Stop::unmeasured(Reason::TargetForbidden, why)
        }
    }
}

async fn by_stream<P: Platform>(
    engine: &Engine<'_, P>,
    endpoint: &Endpoint,
    query: &[u8],
    progress: &mut Progress,
) -> Result<Vec<u8>, Stop> {
    let (platform, deadline) = (engine.platform, progress.deadline);
    let (phases, facts) = (&mut progress.phases, &mut progress.connection);
    *phases = PhaseTimes {
        tls: NOT_APPLICABLE,
        ..PhaseTimes::default()
    };
    let mut stream = connect_tcp(engine, &deadline, endpoint, phases, facts)
        .await
        .map_err(ConnectError::into_stop)?;
    let began_us = platform.monotonic_us();
    let mut phase = Phase::Request;
    let exchange = async {
        dns_stream::send(&mut stream, query).await?;
        let sent_us = platform.monotonic_us();
        phases.request = since(platform, began_us);
        phase = Phase::Ttfb;
        let length = dns_stream::receive_length(&mut stream).await?;
        let first_us = platform.monotonic_us();
        phases.ttfb = since(platform, sent_us);
        phase = Phase::Body;
        let message = dns_stream::receive(&mut stream, length).await?;
        phases.body = since(platform, first_us);
        Ok::<_, std::io::Error>(message)
    };
    match deadline.within(platform, exchange).await {
        None => Err(deadline.ran_out(phase)),
        Some(Ok(message)) => Ok(message),
        Some(Err(_)) => {
            let why = "the server closed the connection before it answered";
            Err(Stop::down(Reason::ConnectionReset, phase, why))
        }
    }
}
