//! The Workers platform as the core wants it.

use crate::{
    address_rules::{check_address, check_port},
    http_client::{self, Body},
    object_storage::ObjectStorage,
    place::observe_place,
    settings::Settings,
    socket_stream::{Peer, SocketStream},
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
use serde::{Deserialize, Serialize};
use std::{
    cell::{Cell, RefCell},
    future::Future,
    net::IpAddr,
    pin::pin,
    time::Duration,
};
use worker::{Date, Delay, State, js_sys, wasm_bindgen::JsCast as _, web_sys::WorkerGlobalScope};

/// Name and version of this software.
pub const SOFTWARE: &str = concat!("edgewatch-cloudflare/", env!("CARGO_PKG_VERSION"));

/// How long the resolver, and whoever tells the place, may take before it counts as away.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long a resolver that was away is not asked again, so that not every check waits for it.
const RESOLVER_PAUSE_MS: i64 = 60_000;
/// A DNS message has at most this size.
const MAX_DNS_BYTES: usize = 65_535;
/// How long the aggregator may take for one request.
const AGGREGATOR_PATIENCE: Duration = Duration::from_secs(30);
/// The largest answer of the aggregator: an assignment of some thousand monitors.
const MAX_AGGREGATOR_BYTES: usize = 8 << 20;

/// The record of the place.
const PLACE_KEY: &str = "object/place";
/// How long a place is believed: objects hardly ever move.
const PLACE_AGE_MS: i64 = 6 * 3_600_000;

/// One region's worker.
pub struct WorkersPlatform {
    settings: Settings,
    storage: ObjectStorage,
    place: RefCell<Option<Observed>>,
    resolver_paused_until_ms: Cell<i64>,
}

/// A place, and when it was observed. It is kept in the storage: an idle object is put out of memory within seconds.
#[derive(Clone, Serialize, Deserialize)]
struct Observed {
    place: Place,
    at_ms: i64,
}

impl WorkersPlatform {
    /// Opens the object's storage.
    ///
    /// # Errors
    /// When the storage cannot be used.
    pub fn open(settings: Settings, state: &State) -> Result<Self, StorageError> {
        let storage = ObjectStorage::open(state)?;
        let place = storage.get(PLACE_KEY)?;
        Ok(Self {
            settings,
            storage,
            place: RefCell::new(place.and_then(|record| serde_json::from_slice(&record).ok())),
            resolver_paused_until_ms: Cell::default(),
        })
    }

    /// Learns where this object runs, if it does not know that already.
    ///
    /// # Errors
    /// When the place cannot be kept.
    pub async fn observe_place(&self) -> Result<(), StorageError> {
        let Some(url) = &self.settings.place_url else {
            return Ok(());
        };
        let now_ms = now_ms();
        let is_fresh = |known: &Observed| (0..PLACE_AGE_MS).contains(&(now_ms - known.at_ms));
        if self.place.borrow().as_ref().is_some_and(is_fresh) {
            return Ok(());
        }
        let Some(place) = within(PATIENCE, observe_place(url)).await.flatten() else {
            return Ok(());
        };
        let observed = Observed { place, at_ms: now_ms };
        let record = serde_json::to_vec(&observed).map_err(|error| StorageError(error.to_string()))?;
        *self.place.borrow_mut() = Some(observed);
        self.storage.put(PLACE_KEY, &record)
    }

    /// One question to the resolver, which is not asked for a while after it was away.
    async fn ask_resolver(&self, query: &[u8]) -> Result<Vec<u8>, String> {
        let request = Request::post(self.settings.doh_url.as_str())
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

    /// What a failed dial means. The platform says the same of a refused, an unreachable and a forbidden peer; where it
    /// has rules, its HTTP client is asked, which tells them apart.
    fn dial_error(&self, text: String) -> DialError {
        let lower = text.to_ascii_lowercase();
        if lower.contains("too many") {
            DialError::Limit(text)
        } else if lower.contains("refused") {
            DialError::Refused
        } else if lower.contains("port 25") {
            DialError::TargetForbidden(text)
        } else if self.settings.local {
            DialError::Failed("the connection could not be made; the platform does not say why".to_owned())
        } else {
            DialError::Unexplained(
                "the connection could not be made; the platform does not say why".to_owned(),
            )
        }
    }

    fn check_rules(&self, address: Option<IpAddr>, port: u16) -> Result<(), DialError> {
        if self.settings.local {
            return Ok(());
        }
        check_port(port)?;
        address.map_or(Ok(()), check_address)
    }
}

/// Waits for a future for some time; `None` when that was too short.
pub async fn within<T>(duration: Duration, future: impl Future<Output = T>) -> Option<T> {
    match select(pin!(future), pin!(Delay::from(duration))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(((), _)) => None,
    }
}

fn reason(error: FetchError) -> String {
    match error {
        FetchError::TargetForbidden(text)
        | FetchError::Limit(text)
        | FetchError::NotFound(text)
        | FetchError::Failed(text) => text,
    }
}

impl Platform for WorkersPlatform {
    type Stream = SocketStream;
    type FetchBody = Body;

    fn now_ms(&self) -> i64 {
        now_ms()
    }

    fn monotonic_us(&self) -> u64 {
        let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
        let now_ms = scope.performance().map_or(0.0, |performance| performance.now());
        (now_ms * 1000.0) as u64
    }

    #[allow(
        clippy::expect_used,
        reason = "no host of JavaScript is without it, and no key or nonce may be made without it"
    )]
    fn fill_random(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("crypto.getRandomValues");
    }

    async fn sleep(&self, duration: Duration) {
        Delay::from(duration).await;
    }

    async fn query_dns(&self, query: &[u8]) -> Result<DnsAnswer, DnsQueryError> {
        if now_ms() < self.resolver_paused_until_ms.get() {
            return Err(DnsQueryError("the resolver was away a moment ago".to_owned()));
        }
        match self.ask_resolver(query).await {
            Ok(message) => Ok(DnsAnswer {
                message,
                server: self.settings.doh_url.to_string(),
            }),
            Err(error) => {
                self.resolver_paused_until_ms.set(now_ms() + RESOLVER_PAUSE_MS);
                Err(DnsQueryError(format!("the resolver: {error}")))
            }
        }
    }

    async fn dial(&self, target: &DialTarget) -> Result<SocketStream, DialError> {
        let (peer, port) = match target {
            DialTarget::Address(address) => (Peer::Address(*address), address.port()),
            DialTarget::Name(name, port) => (Peer::Name(name, *port), *port),
        };
        self.check_rules(target.ip(), port)?;
        SocketStream::connect(&peer, false)
            .await
            .map_err(|text| self.dial_error(text))
    }

    async fn dial_for_tls(&self, host: &str, port: u16) -> Result<SocketStream, DialError> {
        self.check_rules(host.parse().ok(), port)?;
        SocketStream::connect(&Peer::Name(host, port), true)
            .await
            .map_err(|text| self.dial_error(text))
    }

    async fn start_tls(&self, stream: SocketStream, _host: &str) -> Result<SocketStream, StartTlsError> {
        stream.start_tls().await.map_err(|text| {
            if text.to_ascii_lowercase().contains("certificate") {
                StartTlsError::Certificate(text)
            } else {
                StartTlsError::Handshake(text)
            }
        })
    }

    async fn fetch(&self, request: Request<Vec<u8>>) -> Result<Response<Body>, FetchError> {
        let address = request
            .uri()
            .host()
            .and_then(|host| host.trim_matches(['[', ']']).parse().ok());
        if let (false, Some(Err(DialError::TargetForbidden(text)))) =
            (self.settings.local, address.map(check_address))
        {
            return Err(FetchError::TargetForbidden(text));
        }
        http_client::exchange(request).await
    }

    fn offers(&self, _mode: PhaseMode) -> bool {
        true
    }

    fn fetch_has_cloudflare_statuses(&self) -> bool {
        !self.settings.local
    }

    fn extra_roots(&self) -> Vec<Vec<u8>> {
        self.settings.extra_roots.clone()
    }

    fn host(&self) -> &'static str {
        "cloudflare"
    }

    fn software(&self) -> String {
        SOFTWARE.to_owned()
    }

    fn capabilities(&self) -> Vec<String> {
        let more = [capability::IPV6];
        let all = capability::STREAMS.iter().chain(&more);
        all.map(|&one| one.to_owned()).collect()
    }

    fn place(&self) -> Place {
        let observed = self.place.borrow();
        observed
            .as_ref()
            .map(|known| known.place.clone())
            .unwrap_or_default()
    }

    fn max_concurrent(&self) -> usize {
        self.settings.max_concurrent
    }
}

impl Transport for WorkersPlatform {
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

impl Storage for WorkersPlatform {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.storage.get(key)
    }

    async fn put(&self, key: &str, value: &[u8]) -> Result<(), StorageError> {
        self.storage.put(key, value)?;
        self.storage.settle().await
    }

    async fn delete(&self, key: &str) -> Result<(), StorageError> {
        self.storage.delete(key)
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StorageError> {
        self.storage.list(prefix)
    }
}

/// The wall clock, Unix milliseconds.
pub fn now_ms() -> i64 {
    i64::try_from(Date::now().as_millis()).unwrap_or(i64::MAX)
}
