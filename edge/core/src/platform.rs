//! What a host gives to the core: sockets, names, time, randomness, a way to the aggregator, and storage.
//!
//! A host implements [`Platform`], [`Transport`] and [`Storage`] (usually on one type) and calls [`crate::tick`]. The
//! futures need not be `Send`; on a host whose own futures are, those of the core are `Send` as well.
#![allow(
    async_fn_in_trait,
    reason = "whether the futures are `Send` is the host's choice and visible on the concrete type"
)]

use crate::address_lookup;
use edgewatch_protocol::{
    batch::Place,
    check::{PhaseMode, shared::IpVersion},
};
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite};

/// The machine under a probe.
pub trait Platform {
    /// A connected byte stream.
    type Stream: AsyncRead + AsyncWrite + Unpin + 'static;
    /// The body of an answer of [`Platform::fetch`]; [`NoFetch`] where there is none.
    type FetchBody: FetchBody;

    /// The wall clock, Unix milliseconds.
    fn now_ms(&self) -> i64;

    /// A clock that never goes back, microseconds from any origin. As fine as the platform allows.
    fn monotonic_us(&self) -> u64;

    /// Fills with random bytes of cryptographic quality.
    fn fill_random(&self, bytes: &mut [u8]);

    /// Completes after a while.
    async fn sleep(&self, duration: Duration);

    /// Looks up the addresses of a name, of the wanted kind where that spares a question; none when it has none.
    /// `localhost` and literal addresses never get here.
    async fn resolve(&self, host: &str, ip_version: IpVersion) -> Result<Vec<IpAddr>, ResolveError>
    where
        Self: Sized,
    {
        address_lookup::resolve(self, host, ip_version).await
    }

    /// Opens a TCP connection.
    async fn dial(&self, target: &DialTarget) -> Result<Self::Stream, DialError>;

    /// Opens a TCP connection by name that [`Platform::start_tls`] will upgrade. Called only if
    /// [`Platform::offers`] says so for [`PhaseMode::Platform`].
    async fn dial_for_tls(&self, host: &str, port: u16) -> Result<Self::Stream, DialError>;

    /// Upgrades a connection by the platform's own TLS and returns when the handshake is complete.
    async fn start_tls(&self, stream: Self::Stream, host: &str) -> Result<Self::Stream, StartTlsError>;

    /// One exchange by the platform's own HTTP client, which must not follow redirects and must not decode the body
    /// where it can help it. Returns at the response's head. Called only if [`Platform::offers`] says so for
    /// [`PhaseMode::Fetch`]. The URI is absolute.
    async fn fetch(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Self::FetchBody>, FetchError>;

    /// Sends a DNS message (RFC 1035, section 4) to the probe's own resolver.
    async fn query_dns(&self, query: &[u8]) -> Result<DnsAnswer, DnsQueryError>;

    /// Sends a datagram and waits for the first one that comes back from there; for ever, if the caller does not give up.
    /// Called only on hosts with the capability `udp`.
    async fn exchange_datagram(&self, target: SocketAddr, _payload: &[u8]) -> Result<Vec<u8>, DialError> {
        Err(DialError::TargetForbidden(format!(
            "{target}: this host has no datagrams"
        )))
    }

    /// Sends one ICMP echo request and waits for its answer; for ever, if the caller does not give up. The round trip in
    /// microseconds. Called only on hosts with the capability `ping`.
    async fn echo(&self, target: IpAddr, _payload_bytes: u16) -> Result<u32, DialError> {
        Err(DialError::TargetForbidden(format!(
            "{target}: this host has no echo requests"
        )))
    }

    /// Runs a script of the host's own configuration to its end; dropping the future ends the script. Called only on
    /// hosts with the capability `script`.
    async fn run_script(&self, script: &str, _arguments: &[String]) -> Result<ScriptOutput, ScriptError> {
        Err(ScriptError(format!(
            "this host runs no scripts, and no `{script}`"
        )))
    }

    /// Whether the host can look in this mode. A check in a mode that is not offered is made in [`PhaseMode::Own`],
    /// which every host offers and which shows more.
    fn offers(&self, mode: PhaseMode) -> bool;

    /// Whether [`Platform::fetch`] answers with Cloudflare's own statuses (520 to 530) for a target that it could not
    /// reach.
    fn fetch_has_cloudflare_statuses(&self) -> bool {
        false
    }

    /// Roots to trust beside Mozilla's, as DER: a private CA, or a test's.
    fn extra_roots(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }

    /// A Zstandard frame of a batch's JSON, where the host can do that at little cost: it is what is kept and sent then.
    fn compress(&self, _json: &[u8]) -> Option<Vec<u8>> {
        None
    }

    /// The JSON in a frame that [`Platform::compress`] made.
    fn decompress(&self, _frame: &[u8]) -> Option<Vec<u8>> {
        None
    }

    /// What hosts the probe: `cloudflare`, `spin` or `agent`.
    fn host(&self) -> &'static str;

    /// The probe's software, such as `edgewatch-cloudflare/0.1.0`.
    fn software(&self) -> String;

    /// What the probe can do: `http`, `tcp`, … and `ipv6`.
    fn capabilities(&self) -> Vec<String>;

    /// Where the probe found itself, as far as it knows by now.
    fn place(&self) -> Place;

    /// How many checks may run at a time; at least one.
    fn max_concurrent(&self) -> usize;
}

/// The way to the aggregator, by the platform's own TLS.
pub trait Transport {
    /// Sends a request with an absolute URI and reads the whole answer; a redirect is an answer, not followed. Bounds
    /// the body to some MiB. The error is one line without secrets.
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, String>;
}

/// What a probe keeps between ticks. Each call is atomic by itself; no call needs to be atomic together with another.
/// After an error a write may or may not have happened.
pub trait Storage {
    /// The value of a key.
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StorageError>;

    /// Sets the value of a key. Values have at most [`crate::outbox::RECORD_BYTES`].
    async fn put(&self, key: &str, value: &[u8]) -> Result<(), StorageError>;

    /// Removes a key; that it is not there is no error.
    async fn delete(&self, key: &str) -> Result<(), StorageError>;

    /// The keys that begin with a prefix, in any order.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, StorageError>;
}

/// A body that comes piece by piece.
pub trait FetchBody {
    /// The next piece; `None` at the end.
    async fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, FetchError>;
}

/// The body of a platform without an HTTP client of its own.
#[derive(Debug)]
pub enum NoFetch {}

impl FetchBody for NoFetch {
    async fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, FetchError> {
        match *self {}
    }
}

/// What to dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialTarget {
    /// An address.
    Address(SocketAddr),
    /// A name that the platform looks up by itself, because no resolver could be reached; and a port.
    Name(String, u16),
}

/// Why a name has no addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolveError {
    /// The name does not exist or has no address.
    NotFound,
    /// The lookup failed otherwise; one line.
    Failed(String),
    /// The resolver itself could not be reached; one line. The platform then dials by name.
    Unavailable(String),
}

/// Why a connection was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DialError {
    /// The peer refused it.
    Refused,
    /// The platform never dials such a target by its rules; its HTTP client may reach it. One line.
    Forbidden(String),
    /// No rule that is known forbids the target, but the platform does not tell a peer that is away from one that it does
    /// not dial; its HTTP client may. One line.
    Unexplained(String),
    /// The host's own policy forbids the target, such as a private address; nothing else is tried. One line.
    TargetForbidden(String),
    /// The platform ran out of connections or sub-requests. One line.
    Limit(String),
    /// The name could not be looked up, for no resolver answers. One line.
    Unresolved(String),
    /// It failed otherwise; one line.
    Failed(String),
}

/// What a resolver answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsAnswer {
    /// The message (RFC 1035, section 4).
    pub message: Vec<u8>,
    /// Who answered: a URL, or host and port.
    pub server: String,
}

/// The probe's resolver could not be reached, or does not answer. One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsQueryError(pub String);

/// What a script left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScriptOutput {
    /// Its exit code; `None` when a signal ended it.
    pub exit_code: Option<i32>,
    /// The first line of its standard output, or of its standard error where that is empty; at most 1 KiB.
    pub line: String,
}

/// Why a script was not run. One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptError(pub String);

/// Why the platform's TLS did not come up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartTlsError {
    /// The platform says that it does not take the certificate. One line.
    Certificate(String),
    /// It failed otherwise, or the platform does not say. One line.
    Handshake(String),
}

/// Why the platform's HTTP client has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchError {
    /// The host's own policy forbids the target. One line.
    TargetForbidden(String),
    /// The platform ran out of sub-requests. One line.
    Limit(String),
    /// The name was not found.
    NotFound(String),
    /// The peer closed the connection, or it failed otherwise. One line.
    Failed(String),
}

/// A failure of the platform's storage, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageError(pub String);

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "storage: {}", self.0)
    }
}

impl std::error::Error for StorageError {}

impl DialTarget {
    /// The address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Address(address) => Some(address.ip()),
            Self::Name(..) => None,
        }
    }
}
