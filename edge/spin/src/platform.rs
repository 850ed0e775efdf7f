//! The Spin platform as the core wants it.

use crate::{
    http_client::{self, Body},
    key_value_storage::KeyValueStorage,
    settings::Settings,
    socket_stream::{SocketStream, io_error},
};
use edgewatch_core::{
    dns_message::DNS_MESSAGE,
    platform::{
        DialError, DialTarget, DnsAnswer, DnsQueryError, FetchError, Platform, StartTlsError, Storage,
        StorageError, Transport,
    },
};
use edgewatch_protocol::{batch::Place, capability, check::PhaseMode};
use futures::future::{Either, select};
use http::{Request, Response, header};
use spin_sdk::wasip3::{
    clocks::{monotonic_clock, system_clock},
    random::random::get_random_bytes,
    sockets::{
        ip_name_lookup::{self, resolve_addresses},
        types::{ErrorCode, IpAddress},
    },
};
use std::{
    cell::Cell,
    future::Future,
    net::{IpAddr, SocketAddr},
    pin::pin,
    time::Duration,
};
use url::Url;

/// Name and version of this software.
pub const SOFTWARE: &str = concat!("edgewatch-spin/", env!("CARGO_PKG_VERSION"));

/// All checks of a turn share one thread: more at a time would wait for each other's cryptography and count that as the
/// target's time.
const MAX_CONCURRENT: usize = 16;
/// How long the resolver may take before it counts as away.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long a resolver that was away is not asked again, so that not every check waits for it.
const RESOLVER_PAUSE_MS: i64 = 60_000;
/// A DNS message has at most this size.
const MAX_DNS_BYTES: usize = 65_535;
/// How long the aggregator may take for one request.
const AGGREGATOR_PATIENCE: Duration = Duration::from_secs(30);
/// The largest answer of the aggregator: an assignment of some thousand monitors.
const MAX_AGGREGATOR_BYTES: usize = 8 << 20;

/// One region's probe.
pub struct SpinPlatform {
    storage: KeyValueStorage,
    doh_url: Url,
    extra_roots: Vec<Vec<u8>>,
    ipv6: bool,
    resolver_paused_until_ms: Cell<i64>,
}

impl SpinPlatform {
    /// Opens the application's storage.
    ///
    /// # Errors
    /// When the storage cannot be used.
    pub async fn open(settings: &Settings) -> Result<Self, StorageError> {
        Ok(Self {
            storage: KeyValueStorage::open().await?,
            doh_url: settings.doh_url.clone(),
            extra_roots: settings.extra_roots.clone(),
            ipv6: settings.ipv6,
            resolver_paused_until_ms: Cell::default(),
        })
    }

    /// One question to the resolver.
    async fn ask_resolver(&self, query: &[u8]) -> Result<Vec<u8>, String> {
        let request = Request::post(self.doh_url.as_str())
            .header(header::CONTENT_TYPE, DNS_MESSAGE)
            .header(header::ACCEPT, DNS_MESSAGE)
            .body(query.to_vec())
            .map_err(|error| error.to_string())?;
        let answer = async {
            let response = http_client::exchange(request).await.map_err(reason)?;
            if !response.status().is_success() {
                return Err(format!("it answered {}", response.status()));
            }
            response
                .into_body()
                .read_to_end(MAX_DNS_BYTES)
                .await
                .map_err(reason)
        };
        within(PATIENCE, answer)
            .await
            .unwrap_or_else(|| Err("it does not answer".to_owned()))
    }
}

/// Waits for a future for some time; `None` when that was too short.
async fn within<T>(duration: Duration, future: impl Future<Output = T>) -> Option<T> {
    match select(pin!(future), pin!(sleep(duration))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(((), _)) => None,
    }
}

/// Completes after a while.
pub async fn sleep(duration: Duration) {
    let ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    monotonic_clock::wait_for(ns).await;
}

fn reason(error: FetchError) -> String {
    match error {
        FetchError::TargetForbidden(text)
        | FetchError::Limit(text)
        | FetchError::NotFound(text)
        | FetchError::Failed(text) => text,
    }
}

/// What a failed dial means. The platform may forbid sockets altogether, or the target; its HTTP client may still look.
fn dial_error(address: SocketAddr, code: &ErrorCode) -> DialError {
    match code {
        ErrorCode::AccessDenied | ErrorCode::NotSupported => DialError::Forbidden(format!(
            "the platform may not dial {address}: see `allowed_outbound_hosts`"
        )),
        ErrorCode::ConnectionRefused => DialError::Refused,
        ErrorCode::OutOfMemory => DialError::Limit("the platform has no socket left".to_owned()),
        code => DialError::Failed(format!("{address}: {}", io_error(code))),
    }
}

/// The addresses of a name by the platform's own lookup, which most platforms deny.
async fn platform_addresses(name: &str) -> Result<Vec<IpAddr>, DialError> {
    match resolve_addresses(name.to_owned()).await {
        Ok(addresses) => Ok(addresses.into_iter().map(ip_address).collect()),
        Err(ip_name_lookup::ErrorCode::AccessDenied) => Err(DialError::Forbidden(
            "no resolver can be reached, and the platform looks no names up for sockets".to_owned(),
        )),
        Err(error) => Err(DialError::Unresolved(format!(
            "the platform does not find {name}: {}",
            format!("{error:?}").rsplit("::").next().unwrap_or_default()
        ))),
    }
}

fn ip_address(address: IpAddress) -> IpAddr {
    match address {
        IpAddress::Ipv4((a, b, c, d)) => [a, b, c, d].into(),
        IpAddress::Ipv6(segments) => <[u16; 8]>::from(segments).into(),
    }
}

impl Platform for SpinPlatform {
    type Stream = SocketStream;
    type FetchBody = Body;

    fn now_ms(&self) -> i64 {
        now_ms()
    }

    fn monotonic_us(&self) -> u64 {
        monotonic_clock::now() / 1000
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        let random = get_random_bytes(bytes.len() as u64);
        bytes.copy_from_slice(&random);
    }

    async fn sleep(&self, duration: Duration) {
        sleep(duration).await;
    }

    async fn query_dns(&self, query: &[u8]) -> Result<DnsAnswer, DnsQueryError> {
        if now_ms() < self.resolver_paused_until_ms.get() {
            return Err(DnsQueryError("the resolver was away a moment ago".to_owned()));
        }
        match self.ask_resolver(query).await {
            Ok(message) => Ok(DnsAnswer {
                message,
                server: self.doh_url.to_string(),
            }),
            Err(error) => {
                self.resolver_paused_until_ms.set(now_ms() + RESOLVER_PAUSE_MS);
                Err(DnsQueryError(format!("the resolver: {error}")))
            }
        }
    }

    async fn dial(&self, target: &DialTarget) -> Result<SocketStream, DialError> {
        let (name, port) = match target {
            DialTarget::Address(address) => {
                return SocketStream::connect(*address)
                    .await
                    .map_err(|code| dial_error(*address, &code));
            }
            DialTarget::Name(name, port) => (name, *port),
        };
        let mut failure = DialError::Failed(format!("{name} has no address"));
        for ip in platform_addresses(name).await? {
            let address = SocketAddr::new(ip, port);
            match SocketStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(code) => failure = dial_error(address, &code),
            }
        }
        Err(failure)
    }

    async fn dial_for_tls(&self, _host: &str, _port: u16) -> Result<SocketStream, DialError> {
        Err(DialError::Failed(
            "this platform has no TLS for sockets".to_owned(),
        ))
    }

    async fn start_tls(&self, _stream: SocketStream, _host: &str) -> Result<SocketStream, StartTlsError> {
        Err(StartTlsError::Handshake(
            "this platform has no TLS for sockets".to_owned(),
        ))
    }

    async fn fetch(&self, request: Request<Vec<u8>>) -> Result<Response<Body>, FetchError> {
        http_client::exchange(request).await
    }

    fn offers(&self, mode: PhaseMode) -> bool {
        mode != PhaseMode::Platform
    }

    fn extra_roots(&self) -> Vec<Vec<u8>> {
        self.extra_roots.clone()
    }

    fn host(&self) -> &'static str {
        "spin"
    }

    fn software(&self) -> String {
        SOFTWARE.to_owned()
    }

    fn capabilities(&self) -> Vec<String> {
        let ipv6 = self.ipv6.then_some(&capability::IPV6);
        let all = capability::STREAMS.iter().chain(ipv6);
        all.map(|&one| one.to_owned()).collect()
    }

    fn place(&self) -> Place {
        Place::default()
    }

    fn max_concurrent(&self) -> usize {
        MAX_CONCURRENT
    }
}

impl Transport for SpinPlatform {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, String> {
        let answer = async {
            let (parts, body) = http_client::exchange(request).await.map_err(reason)?.into_parts();
            let body = body.read_to_end(MAX_AGGREGATOR_BYTES).await.map_err(reason)?;
            Ok(Response::from_parts(parts, body))
        };
        let patience = AGGREGATOR_PATIENCE.as_secs();
        within(AGGREGATOR_PATIENCE, answer)
            .await
            .unwrap_or_else(|| Err(format!("no answer within {patience} s")))
    }
}

impl Storage for SpinPlatform {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.storage.get(key).await
    }

    async fn put(&self, key: &str, value: &[u8]) -> Result<(), StorageError> {
        self.storage.put(key, value).await
    }

    async fn delete(&self, key: &str) -> Result<(), StorageError> {
        self.storage.delete(key).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StorageError> {
        self.storage.list(prefix).await
    }
}

/// The wall clock, Unix milliseconds.
pub fn now_ms() -> i64 {
    let now = system_clock::now();
    now.seconds * 1000 + i64::from(now.nanoseconds / 1_000_000)
}
