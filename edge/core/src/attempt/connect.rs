//! From a host to a connected stream: lookup, dial, TLS.

use crate::{
    attempt::{
        deadline::{Deadline, within},
        stop::Stop,
    },
    engine::Engine,
    platform::{DialError, DialTarget, Platform, ResolveError, StartTlsError},
    tls::{TlsFailure, TlsStream, Verification},
};
use edgewatch_protocol::{
    check::shared::{ClientCertificate, IpVersion},
    observation::CertificateFacts,
    phase::{NotMeasurable, Phase, PhaseTime, PhaseTimes},
    reason::Reason,
};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use url::{Host, Url};

/// How many of a name's addresses are tried.
const MAX_ADDRESSES: usize = 4;

/// A stream that a request can be sent over.
pub enum Connection<S> {
    /// Without TLS, or with the platform's.
    Plain(S),
    /// With our own TLS.
    Tls(Box<TlsStream<S>>),
}

/// What a connection showed, also one that failed.
#[derive(Debug, Default)]
pub struct ConnectionFacts {
    /// The address dialled last.
    pub address: Option<IpAddr>,
    /// The peer's certificates as it presented them, leaf first.
    pub chain: Vec<CertificateFacts>,
    /// Why the chain does not hold, where that was to be told and not refused.
    pub not_trusted: Vec<TlsFailure>,
}

impl ConnectionFacts {
    /// The peer's own certificate.
    pub fn certificate(&self) -> Option<&CertificateFacts> {
        self.chain.first()
    }
}

/// Why there is no connection.
pub enum ConnectError {
    /// The check has ended.
    Stop(Stop),
    /// The platform forbids the dial, but its HTTP client may get there.
    Forbidden(String),
    /// The dial failed, and only the platform's HTTP client may tell whether that is the target's fault.
    Unexplained(String),
}

impl ConnectError {
    /// What it means to a check that has no other way to its target.
    pub fn into_stop(self) -> Stop {
        match self {
            Self::Stop(stop) => stop,
            Self::Forbidden(message) => Stop::unmeasured(Reason::TargetForbidden, message),
            Self::Unexplained(message) => Stop::down(Reason::ConnectFailed, Phase::Tcp, message),
        }
    }
}

impl From<Stop> for ConnectError {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// Where a check goes.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// The parsed host.
    pub host: Host<String>,
    /// The host as text, an IPv6 address without brackets.
    pub name: String,
    /// The port.
    pub port: u16,
    /// Which of the host's addresses are used.
    pub ip_version: IpVersion,
}

impl Endpoint {
    /// The endpoint of a URL whose scheme has a usual port.
    pub fn of_url(url: &Url, ip_version: IpVersion) -> Option<Self> {
        let host = url.host()?.to_owned();
        Some(Self::new(host, url.port_or_known_default()?, ip_version))
    }

    /// The endpoint of a name or an address (IPv6 with or without brackets); `None` when it is neither.
    pub fn of_host(host: &str, port: u16, ip_version: IpVersion) -> Option<Self> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let host = match bare.parse::<Ipv6Addr>() {
            Ok(ip) => Host::Ipv6(ip),
            Err(_) => Host::parse(host).ok()?,
        };
        Some(Self::new(host, port, ip_version))
    }

    fn new(host: Host<String>, port: u16, ip_version: IpVersion) -> Self {
        let name = match &host {
            Host::Domain(name) => name.clone(),
            Host::Ipv4(ip) => ip.to_string(),
            Host::Ipv6(ip) => ip.to_string(),
        };
        Self {
            host,
            name,
            port,
            ip_version,
        }
    }
}

/// A host and a port as they are shown: `db.example.com:5432`, `[2001:db8::1]:5432`.
pub fn shown_endpoint(host: &str, port: u16) -> String {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if bare.contains(':') {
        format!("[{bare}]:{port}")
    } else {
        format!("{bare}:{port}")
    }
}

/// How a connection is secured by our own TLS.
#[derive(Clone, Copy, Debug)]
pub struct Security<'a> {
    /// The name that is asked for and must be the certificate's.
    pub name: &'a str,
    /// What becomes of a chain that does not hold.
    pub verification: Verification,
    /// The protocols to offer (ALPN), the preferred one first; none offers none.
    pub alpn: &'a [&'a [u8]],
    /// Whether the first to speak after the handshake are we, at once: then its end goes along with what we say.
    pub speaks_first: bool,
    /// A certificate to present.
    pub client_certificate: Option<&'a ClientCertificate>,
}

impl<'a> Security<'a> {
    /// As a browser would: a chain that holds for the endpoint's name, and a request of HTTP/1.1 sent at once.
    pub fn to(endpoint: &'a Endpoint) -> Self {
        Self {
            name: &endpoint.name,
            verification: Verification::Required,
            alpn: &[b"http/1.1"],
            speaks_first: true,
            client_certificate: None,
        }
    }
}

fn since(platform: &impl Platform, start_us: u64) -> PhaseTime {
    let us = platform.monotonic_us().saturating_sub(start_us);
    PhaseTime::Measured(us.try_into().unwrap_or(u32::MAX))
}

/// Connects by own lookup and own dial.
pub async fn connect_tcp<P: Platform>(
    engine: &Engine<'_, P>,
    deadline: &Deadline,
    endpoint: &Endpoint,
    phases: &mut PhaseTimes,
    facts: &mut ConnectionFacts,
) -> Result<P::Stream, ConnectError> {
    let platform = engine.platform;
    let targets = resolve(platform, deadline, endpoint, phases).await?;
    let start_us = platform.monotonic_us();
    let stream = dial_in_turn(platform, deadline, &targets, facts).await?;
    phases.tcp = since(platform, start_us);
    Ok(stream)
}

/// Begins our own TLS on a connected stream.
pub async fn begin_tls<P: Platform, S: AsyncRead + AsyncWrite + Unpin>(
    engine: &Engine<'_, P>,
    deadline: &Deadline,
    stream: S,
    security: &Security<'_>,
    phases: &mut PhaseTimes,
    facts: &mut ConnectionFacts,
) -> Result<TlsStream<S>, Stop> {
    let platform = engine.platform;
    let start_us = platform.monotonic_us();
    let handshake = engine.tls.handshake(stream, security, platform.now_ms());
    let handshake = deadline
        .within(platform, handshake)
        .await
        .ok_or_else(|| deadline.ran_out(Phase::Tls))?;
    facts.chain = handshake.chain;
    facts.not_trusted = handshake.not_trusted;
    let stream = handshake
        .stream
        .map_err(|failure| Stop::down(failure.reason, Phase::Tls, failure.message))?;
    phases.tls = since(platform, start_us);
    Ok(stream)
}

/// Connects by own lookup, own dial and own TLS, if any.
pub async fn connect_own<P: Platform>(
    engine: &Engine<'_, P>,
    deadline: &Deadline,
    endpoint: &Endpoint,
    security: Option<Security<'_>>,
    phases: &mut PhaseTimes,
    facts: &mut ConnectionFacts,
) -> Result<Connection<P::Stream>, ConnectError> {
    let stream = connect_tcp(engine, deadline, endpoint, phases, facts).await?;
    let Some(security) = security else {
        phases.tls = PhaseTime::NotMeasurable(NotMeasurable::NotApplicable);
        return Ok(Connection::Plain(stream));
    };
    let stream = begin_tls(engine, deadline, stream, &security, phases, facts).await?;
    Ok(Connection::Tls(Box::new(stream)))
}

/// Connects by the platform's sockets and the platform's TLS.
pub async fn connect_platform<P: Platform>(
    engine: &Engine<'_, P>,
    deadline: &Deadline,
    endpoint: &Endpoint,
    is_tls: bool,
    phases: &mut PhaseTimes,
) -> Result<Connection<P::Stream>, ConnectError> {
    let platform = engine.platform;
    phases.dns = PhaseTime::NotMeasurable(match endpoint.host {
        Host::Domain(_) => NotMeasurable::Mode,
        _ => NotMeasurable::NotApplicable,
    });
    let start_us = platform.monotonic_us();
    let dial = async {
        if is_tls {
            platform.dial_for_tls(&endpoint.name, endpoint.port).await
        } else {
            let target = DialTarget::Name(endpoint.name.clone(), endpoint.port);
            platform.dial(&target).await
        }
    };
    let stream = deadline
        .within(platform, dial)
        .await
        .ok_or_else(|| deadline.ran_out(Phase::Tcp))?
        .map_err(dial_error)?;
    phases.tcp = since(platform, start_us);
    if !is_tls {
        phases.tls = PhaseTime::NotMeasurable(NotMeasurable::NotApplicable);
        return Ok(Connection::Plain(stream));
    }
    let start_us = platform.monotonic_us();
    let stream = deadline
        .within(platform, platform.start_tls(stream, &endpoint.name))
        .await
        .ok_or_else(|| deadline.ran_out(Phase::Tls))?
        .map_err(|error| match error {
            StartTlsError::Certificate(message) => {
                Stop::down(Reason::CertificateInvalid, Phase::Tls, message)
            }
            StartTlsError::Handshake(message) => Stop::down(Reason::TlsHandshake, Phase::Tls, message),
        })?;
    phases.tls = since(platform, start_us);
    Ok(Connection::Plain(stream))
}

/// The addresses of an endpoint, IPv4 first, for a check that needs them and no connection.
pub async fn addresses<P: Platform>(
    platform: &P,
    deadline: &Deadline,
    endpoint: &Endpoint,
    phases: &mut PhaseTimes,
) -> Result<Vec<SocketAddr>, Stop> {
    let targets = resolve(platform, deadline, endpoint, phases).await?;
    let address = |target| match target {
        DialTarget::Address(address) => Ok(address),
        DialTarget::Name(name, _) => {
            let message = format!("no resolver could be asked for the addresses of {name}");
            Err(Stop::unmeasured(Reason::ServiceUnavailable, message))
        }
    };
    targets.into_iter().map(address).collect()
}

/// The addresses to dial, IPv4 first.
async fn resolve<P: Platform>(
    platform: &P,
    deadline: &Deadline,
    endpoint: &Endpoint,
    phases: &mut PhaseTimes,
) -> Result<Vec<DialTarget>, Stop> {
    let at = |ip: IpAddr| DialTarget::Address(SocketAddr::new(ip, endpoint.port));
    let not_applicable = PhaseTime::NotMeasurable(NotMeasurable::NotApplicable);
    let name = match &endpoint.host {
        Host::Ipv4(ip) => {
            phases.dns = not_applicable;
            return Ok(vec![at((*ip).into())]);
        }
        Host::Ipv6(ip) => {
            phases.dns = not_applicable;
            return Ok(vec![at((*ip).into())]);
        }
        Host::Domain(name) => name.trim_end_matches('.'),
    };
    // RFC 6761: names under `localhost` are loopback whatever a resolver may say.
    if name == "localhost" || name.ends_with(".localhost") {
        phases.dns = not_applicable;
        let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        let wanted = loopback
            .into_iter()
            .filter(|ip| is_wanted(endpoint.ip_version, ip));
        return Ok(wanted.map(at).collect());
    }
    let start_us = platform.monotonic_us();
    let resolved = deadline
        .within(platform, platform.resolve(name, endpoint.ip_version))
        .await
        .ok_or_else(|| deadline.ran_out(Phase::Dns))?;
    let not_found = || {
        let message = format!("the name {name} does not exist or has no address");
        Err(Stop::down(Reason::DnsNotFound, Phase::Dns, message))
    };
    match resolved {
        Ok(addresses) if addresses.is_empty() => not_found(),
        Ok(mut addresses) => {
            addresses.retain(|ip| is_wanted(endpoint.ip_version, ip));
            if addresses.is_empty() {
                let family = match endpoint.ip_version {
                    IpVersion::V6 => "IPv6",
                    _ => "IPv4",
                };
                let message = format!("the name {name} has no {family} address");
                return Err(Stop::down(Reason::DnsNotFound, Phase::Dns, message));
            }
            phases.dns = since(platform, start_us);
            addresses.sort_by_key(IpAddr::is_ipv6);
            addresses.truncate(MAX_ADDRESSES);
            Ok(addresses.into_iter().map(at).collect())
        }
        Err(ResolveError::NotFound) => not_found(),
        Err(ResolveError::Failed(message)) => Err(Stop::down(Reason::DnsFailed, Phase::Dns, message)),
        Err(ResolveError::Unavailable(_)) => {
            phases.dns = PhaseTime::NotMeasurable(NotMeasurable::ResolverUnavailable);
            Ok(vec![DialTarget::Name(name.to_owned(), endpoint.port)])
        }
    }
}

fn is_wanted(ip_version: IpVersion, ip: &IpAddr) -> bool {
    match ip_version {
        IpVersion::Any => true,
        IpVersion::V4 => ip.is_ipv4(),
        IpVersion::V6 => ip.is_ipv6(),
    }
}

/// Tries the targets one after the other until one connects. The time left is shared out evenly, so that one address
/// that swallows packets does not hide another that answers.
async fn dial_in_turn<P: Platform>(
    platform: &P,
    deadline: &Deadline,
    targets: &[DialTarget],
    facts: &mut ConnectionFacts,
) -> Result<P::Stream, ConnectError> {
    let mut failure = None;
    for (tried, target) in targets.iter().enumerate() {
        facts.address = target.ip().or(facts.address);
        let share = deadline.left(platform) / u32::try_from(targets.len() - tried).unwrap_or(1);
        match within(platform, share, platform.dial(target)).await {
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(error @ (DialError::Refused | DialError::Failed(_) | DialError::Unexplained(_)))) => {
                failure = Some(dial_error(error));
            }
            // A rule forbids the target as a whole, not just one of its addresses.
            Some(Err(error)) => return Err(dial_error(error)),
            None => failure = Some(deadline.ran_out(Phase::Tcp).into()),
        }
    }
    Err(failure
        .unwrap_or_else(|| Stop::down(Reason::DnsNotFound, Phase::Dns, "there is no address to dial").into()))
}

fn dial_error(error: DialError) -> ConnectError {
    match error {
        DialError::Refused => Stop::down(Reason::ConnectRefused, Phase::Tcp, "the connection was refused"),
        DialError::Failed(message) => Stop::down(Reason::ConnectFailed, Phase::Tcp, message),
        DialError::TargetForbidden(message) => Stop::unmeasured(Reason::TargetForbidden, message),
        DialError::Limit(message) => Stop::unmeasured(Reason::PlatformLimit, message),
        DialError::Unresolved(message) => Stop::unmeasured(Reason::ServiceUnavailable, message),
        DialError::Forbidden(message) => return ConnectError::Forbidden(message),
        DialError::Unexplained(message) => return ConnectError::Unexplained(message),
    }
    .into()
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
