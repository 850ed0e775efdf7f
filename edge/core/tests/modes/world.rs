//! A platform in memory with a clock that stands still unless somebody waits.

use edgewatch_core::{
    engine::Engine,
    platform::{
        DialError, DialTarget, DnsAnswer, DnsQueryError, FetchBody, FetchError, Platform, ResolveError,
        StartTlsError,
    },
};
use edgewatch_protocol::{
    batch::Place,
    check::{Check, HttpCheck, PhaseMode, shared::IpVersion},
    observation::Sight,
};
use http::{Request, Response};
use std::{cell::RefCell, net::IpAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
    time::{Instant, sleep},
};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A dial that is never answered.
pub const SILENT: &str = "198.51.100.9";

/// Status, headers and body of an answer of the platform's HTTP client.
pub type Fetched = (u16, Vec<(&'static str, &'static str)>, &'static [u8]);

pub struct World {
    pub origin: Instant,
    pub offers: Vec<PhaseMode>,
    pub addresses: Result<Vec<IpAddr>, ResolveError>,
    /// What a dial meets, by the address or name dialled; a connection if nothing is said.
    pub dials: Vec<(&'static str, DialError)>,
    pub start_tls: Option<StartTlsError>,
    /// What the peer says before it is asked.
    pub banner: Option<&'static str>,
    pub fetched: Result<Fetched, FetchError>,
    /// What it meets at an address that it was led to.
    pub fetched_elsewhere: Option<(&'static str, Fetched)>,
    pub has_cloudflare_statuses: bool,
    pub log: RefCell<Vec<String>>,
}

pub struct Body(Option<&'static [u8]>);

impl FetchBody for Body {
    async fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, FetchError> {
        sleep(Duration::from_millis(3)).await;
        Ok(self.0.take().map(<[u8]>::to_vec))
    }
}

impl World {
    pub fn new() -> Self {
        Self {
            origin: Instant::now(),
            offers: vec![PhaseMode::Own, PhaseMode::Platform, PhaseMode::Fetch],
            addresses: Ok(vec!["2001:db8::1".parse().unwrap(), "192.0.2.1".parse().unwrap()]),
            dials: Vec::new(),
            start_tls: None,
            banner: None,
            fetched: Ok((200, Vec::new(), b"ok")),
            fetched_elsewhere: None,
            has_cloudflare_statuses: false,
            log: RefCell::default(),
        }
    }

    pub async fn see(&self, check: HttpCheck) -> Sight {
        self.see_within(&Check::Http(check), 1000).await
    }

    pub async fn see_within(&self, check: &Check, timeout_ms: u32) -> Sight {
        Engine::new(self).unwrap().run(check, timeout_ms).await
    }

    fn note(&self, what: impl Into<String>) {
        self.log.borrow_mut().push(what.into());
    }

    async fn connect(&self, to: &str) -> Result<DuplexStream, DialError> {
        self.note(format!("dial {to}"));
        sleep(Duration::from_millis(20)).await;
        if to == SILENT {
            std::future::pending::<()>().await;
        }
        if let Some((_, error)) = self.dials.iter().find(|(name, _)| *name == to) {
            return Err(error.clone());
        }
        let (ours, mut theirs) = duplex(64 << 10);
        if let Some(banner) = self.banner {
            theirs.write_all(banner.as_bytes()).await.unwrap();
        }
        tokio::spawn(async move {
            let mut request = vec![0; 4096];
            let _ = theirs.read(&mut request).await;
            sleep(Duration::from_millis(50)).await;
            let _ = theirs.write_all(OK.as_bytes()).await;
        });
        Ok(ours)
    }
}

impl Platform for World {
    type Stream = DuplexStream;
    type FetchBody = Body;

    fn now_ms(&self) -> i64 {
        1_700_000_000_000 + i64::try_from(self.origin.elapsed().as_millis()).unwrap()
    }

    fn monotonic_us(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }

    async fn sleep(&self, duration: Duration) {
        sleep(duration).await;
    }

    async fn resolve(&self, _host: &str, _: IpVersion) -> Result<Vec<IpAddr>, ResolveError> {
        sleep(Duration::from_millis(10)).await;
        self.addresses.clone()
    }

    async fn query_dns(&self, _query: &[u8]) -> Result<DnsAnswer, DnsQueryError> {
        Err(DnsQueryError("there is no resolver".to_owned()))
    }

    async fn dial(&self, target: &DialTarget) -> Result<DuplexStream, DialError> {
        let to = match target {
            DialTarget::Address(address) => address.ip().to_string(),
            DialTarget::Name(name, _) => name.clone(),
        };
        self.connect(&to).await
    }

    async fn dial_for_tls(&self, host: &str, _port: u16) -> Result<DuplexStream, DialError> {
        self.connect(host).await
    }

    async fn start_tls(&self, stream: DuplexStream, host: &str) -> Result<DuplexStream, StartTlsError> {
        self.note(format!("start_tls {host}"));
        sleep(Duration::from_millis(30)).await;
        self.start_tls.clone().map_or(Ok(stream), Err)
    }

    async fn fetch(&self, request: Request<Vec<u8>>) -> Result<Response<Body>, FetchError> {
        self.note(format!("fetch {}", request.uri()));
        sleep(Duration::from_millis(70)).await;
        let elsewhere = self.fetched_elsewhere.as_ref();
        let elsewhere = elsewhere.filter(|(url, _)| request.uri() == *url);
        let (status, headers, body) =
            elsewhere.map_or_else(|| self.fetched.clone(), |(_, there)| Ok(there.clone()))?;
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        Ok(response.body(Body(Some(body))).unwrap())
    }

    fn offers(&self, mode: PhaseMode) -> bool {
        self.offers.contains(&mode)
    }

    fn fetch_has_cloudflare_statuses(&self) -> bool {
        self.has_cloudflare_statuses
    }

    fn host(&self) -> &'static str {
        "agent"
    }

    fn software(&self) -> String {
        "world/1".to_owned()
    }

    fn capabilities(&self) -> Vec<String> {
        Vec::new()
    }

    fn place(&self) -> Place {
        Place::default()
    }

    fn max_concurrent(&self) -> usize {
        2
    }
}
