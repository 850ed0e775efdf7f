//! The agent as the core sees it: the machine, the way to the aggregator, and what is kept.

use crate::{NativePlatform, storage::DirectoryStorage, transport::HttpTransport};
use edgewatch_core::platform::{
    DialError, DialTarget, DnsAnswer, DnsQueryError, FetchError, NoFetch, Platform, ResolveError,
    ScriptError, ScriptOutput, StartTlsError, Storage, StorageError, Transport,
};
use edgewatch_protocol::{
    batch::Place,
    check::{PhaseMode, shared::IpVersion},
};
use http::{Request, Response};
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

/// One agent's host.
pub(crate) struct AgentHost {
    pub(crate) platform: NativePlatform,
    pub(crate) transport: HttpTransport,
    pub(crate) storage: DirectoryStorage,
    pub(crate) max_concurrent: usize,
}

impl Transport for AgentHost {
    async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, String> {
        self.transport.send(request).await
    }
}

impl Storage for AgentHost {
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

/// The native platform's, whole; only how much may run at a time is the agent's own setting.
impl Platform for AgentHost {
    type Stream = <NativePlatform as Platform>::Stream;
    type FetchBody = NoFetch;

    fn now_ms(&self) -> i64 {
        self.platform.now_ms()
    }

    fn monotonic_us(&self) -> u64 {
        self.platform.monotonic_us()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.platform.fill_random(bytes);
    }

    async fn sleep(&self, duration: Duration) {
        self.platform.sleep(duration).await;
    }

    async fn resolve(&self, host: &str, ip_version: IpVersion) -> Result<Vec<IpAddr>, ResolveError> {
        self.platform.resolve(host, ip_version).await
    }

    async fn dial(&self, target: &DialTarget) -> Result<Self::Stream, DialError> {
        self.platform.dial(target).await
    }

    async fn dial_for_tls(&self, host: &str, port: u16) -> Result<Self::Stream, DialError> {
        self.platform.dial_for_tls(host, port).await
    }

    async fn start_tls(&self, stream: Self::Stream, host: &str) -> Result<Self::Stream, StartTlsError> {
        self.platform.start_tls(stream, host).await
    }

    async fn fetch(&self, request: Request<Vec<u8>>) -> Result<Response<NoFetch>, FetchError> {
        self.platform.fetch(request).await
    }

    async fn query_dns(&self, query: &[u8]) -> Result<DnsAnswer, DnsQueryError> {
        self.platform.query_dns(query).await
    }

    async fn exchange_datagram(&self, target: SocketAddr, payload: &[u8]) -> Result<Vec<u8>, DialError> {
        self.platform.exchange_datagram(target, payload).await
    }

    async fn echo(&self, target: IpAddr, payload_bytes: u16) -> Result<u32, DialError> {
        self.platform.echo(target, payload_bytes).await
    }

    async fn run_script(&self, script: &str, arguments: &[String]) -> Result<ScriptOutput, ScriptError> {
        self.platform.run_script(script, arguments).await
    }

    fn compress(&self, json: &[u8]) -> Option<Vec<u8>> {
        self.platform.compress(json)
    }

    fn decompress(&self, frame: &[u8]) -> Option<Vec<u8>> {
        self.platform.decompress(frame)
    }

    fn offers(&self, mode: PhaseMode) -> bool {
        self.platform.offers(mode)
    }

    fn extra_roots(&self) -> Vec<Vec<u8>> {
        self.platform.extra_roots()
    }

    fn host(&self) -> &'static str {
        self.platform.host()
    }

    fn software(&self) -> String {
        self.platform.software()
    }

    fn capabilities(&self) -> Vec<String> {
        self.platform.capabilities()
    }

    fn place(&self) -> Place {
        self.platform.place()
    }

    fn max_concurrent(&self) -> usize {
        self.max_concurrent
    }
}
