//! Sockets, names, time and randomness of a machine with an operating system.

use crate::{
    echo::{self, Echo},
    resolver::Resolver,
    script::{self, Scripts},
};
use edgewatch_core::platform::{
    DialError, DialTarget, DnsAnswer, DnsQueryError, FetchError, NoFetch, Platform, ResolveError,
    ScriptError, ScriptOutput, StartTlsError,
};
use edgewatch_protocol::{
    batch::Place,
    capability,
    check::{PhaseMode, shared::IpVersion},
};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::net::{TcpStream, UdpSocket, lookup_host};

/// Whether an address may be dialled, and if not, why in one line. Asked with the very address that is about to be dialled, so that a name which
/// changes its address between a look and the dial gains nothing; IPv4 addresses mapped into IPv6 are asked as IPv4.
pub type AddressPolicy = Arc<dyn Fn(IpAddr) -> Result<(), String> + Send + Sync>;

/// The most that a datagram carries.
const MAX_DATAGRAM_BYTES: usize = 65_535;

/// How hard batches are compressed. They repeat themselves so much that more effort does not make them smaller.
const BATCH_LEVEL: i32 = 1;

/// The native platform.
#[derive(Clone)]
pub struct NativePlatform {
    may_dial: AddressPolicy,
    extra_roots: Vec<Vec<u8>>,
    clock_offset_ms: i64,
    resolver: Resolver,
    echo: Arc<Echo>,
    scripts: Arc<Scripts>,
    origin: Instant,
}

impl NativePlatform {
    /// A platform that dials what the policy allows.
    pub fn new(may_dial: AddressPolicy) -> Self {
        Self {
            may_dial,
            extra_roots: Vec::new(),
            clock_offset_ms: 0,
            resolver: Resolver::of_system(),
            echo: Arc::default(),
            scripts: Arc::default(),
            origin: Instant::now(),
        }
    }

    /// A platform that dials any address.
    pub fn unrestricted() -> Self {
        Self::new(Arc::new(|_| Ok(())))
    }

    /// Trusts further root certificates, as DER.
    #[must_use]
    pub fn with_extra_roots(mut self, roots: Vec<Vec<u8>>) -> Self {
        self.extra_roots = roots;
        self
    }

    /// Makes the wall clock wrong by so much: what a machine does whose clock was never set.
    #[must_use]
    pub fn with_clock_offset(mut self, offset_ms: i64) -> Self {
        self.clock_offset_ms = offset_ms;
        self
    }

    /// Looks names up by another resolver than the machine's own.
    #[must_use]
    pub fn with_resolver(mut self, resolver: Resolver) -> Self {
        self.resolver = resolver;
        self
    }

    /// Runs these scripts for checks that name one of them; without them it runs none.
    #[must_use]
    pub fn with_scripts(mut self, scripts: Scripts) -> Self {
        self.scripts = Arc::new(scripts);
        self
    }

    fn may_dial(&self, address: IpAddr) -> Result<(), DialError> {
        (self.may_dial)(address.to_canonical()).map_err(DialError::TargetForbidden)
    }

    async fn dial_address(&self, address: SocketAddr) -> Result<TcpStream, DialError> {
        self.may_dial(address.ip())?;
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| match error.kind() {
                io::ErrorKind::ConnectionRefused => DialError::Refused,
                _ => DialError::Failed(format!("{address}: {error}")),
            })?;
        stream
            .set_nodelay(true)
            .map_err(|error| DialError::Failed(error.to_string()))?;
        Ok(stream)
    }
}

/// Whether the machine has a way to IPv6 addresses; nothing is sent.
fn has_ipv6() -> bool {
    // An address of the documentation (RFC 3849): it is routed as any other, and nobody's.
    let somewhere = (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9);
    std::net::UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))
        .is_ok_and(|socket| socket.connect(somewhere).is_ok())
}

impl Platform for NativePlatform {
    type Stream = TcpStream;
    type FetchBody = NoFetch;

    #[allow(
        clippy::disallowed_methods,
        reason = "this is where the core's time comes from"
    )]
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis())
            .unwrap_or(i64::MAX)
            .saturating_add(self.clock_offset_ms)
    }

    fn monotonic_us(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    #[allow(clippy::expect_used, reason = "without randomness nothing may be signed")]
    fn fill_random(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system has a source of randomness");
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    async fn resolve(&self, host: &str, ip_version: IpVersion) -> Result<Vec<IpAddr>, ResolveError> {
        self.resolver.resolve(host, ip_version).await
    }

    async fn query_dns(&self, query: &[u8]) -> Result<DnsAnswer, DnsQueryError> {
        self.resolver.query(query).await
    }

    async fn echo(&self, target: IpAddr, payload_bytes: u16) -> Result<u32, DialError> {
        self.may_dial(target)?;
        self.echo.echo(target.to_canonical(), payload_bytes).await
    }

    async fn run_script(&self, script: &str, arguments: &[String]) -> Result<ScriptOutput, ScriptError> {
        script::run(&self.scripts, script, arguments).await
    }

    async fn exchange_datagram(&self, target: SocketAddr, payload: &[u8]) -> Result<Vec<u8>, DialError> {
        self.may_dial(target.ip())?;
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::ConnectionRefused => DialError::Refused,
            _ => DialError::Failed(format!("{target}: {error}")),
        };
        let any: SocketAddr = match target {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any).await.map_err(failed)?;
        socket.connect(target).await.map_err(failed)?;
        socket.send(payload).await.map_err(failed)?;
        let mut answer = vec![0; MAX_DATAGRAM_BYTES];
        let length = socket.recv(&mut answer).await.map_err(failed)?;
        answer.truncate(length);
        Ok(answer)
    }

    async fn dial(&self, target: &DialTarget) -> Result<TcpStream, DialError> {
        match target {
            DialTarget::Address(address) => self.dial_address(*address).await,
            DialTarget::Name(host, port) => {
                let mut failure = DialError::Failed(format!("{host} has no address"));
                let addresses = lookup_host((host.as_str(), *port))
                    .await
                    .map_err(|error| DialError::Unresolved(format!("{host}: {error}")))?;
                for address in addresses {
                    match self.dial_address(address).await {
                        Err(error @ (DialError::Refused | DialError::Failed(_))) => failure = error,
                        settled => return settled,
                    }
                }
                Err(failure)
            }
        }
    }

    async fn dial_for_tls(&self, _host: &str, _port: u16) -> Result<TcpStream, DialError> {
        Err(DialError::Failed("this host has no TLS of its own".to_owned()))
    }

    async fn start_tls(&self, _stream: TcpStream, _host: &str) -> Result<TcpStream, StartTlsError> {
        Err(StartTlsError::Handshake(
            "this host has no TLS of its own".to_owned(),
        ))
    }

    async fn fetch(&self, _request: http::Request<Vec<u8>>) -> Result<http::Response<NoFetch>, FetchError> {
        Err(FetchError::Failed(
            "this host has no HTTP client of its own".to_owned(),
        ))
    }

    fn compress(&self, json: &[u8]) -> Option<Vec<u8>> {
        zstd::bulk::compress(json, BATCH_LEVEL).ok()
    }

    fn decompress(&self, frame: &[u8]) -> Option<Vec<u8>> {
        zstd::stream::decode_all(frame).ok()
    }

    fn offers(&self, mode: PhaseMode) -> bool {
        mode == PhaseMode::Own
    }

    fn extra_roots(&self) -> Vec<Vec<u8>> {
        self.extra_roots.clone()
    }

    fn host(&self) -> &'static str {
        "agent"
    }

    fn software(&self) -> String {
        concat!("edgewatch-agent/", env!("CARGO_PKG_VERSION")).to_owned()
    }

    fn capabilities(&self) -> Vec<String> {
        let mut all = capability::NATIVE.to_vec();
        if echo::check_permission().is_ok() {
            all.push("ping");
        }
        if !self.scripts.is_empty() {
            all.push("script");
        }
        if has_ipv6() {
            all.push(capability::IPV6);
        }
        all.into_iter().map(str::to_owned).collect()
    }

    fn place(&self) -> Place {
        Place::default()
    }

    fn max_concurrent(&self) -> usize {
        64
    }
}
