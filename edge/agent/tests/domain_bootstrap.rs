//! The domain check's way to the registry: IANA's list, then the server that it names, both by TLS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

use edgewatch_agent::NativePlatform;
use edgewatch_core::{
    engine::Engine,
    platform::{
        DialError, DialTarget, DnsAnswer, DnsQueryError, FetchError, NoFetch, Platform, ResolveError,
        StartTlsError,
    },
};
use edgewatch_protocol::{
    batch::Place,
    check::{Check, PhaseMode, shared::IpVersion},
    observation::Outcome,
    reason::Reason,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use serde_json::json;
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

const LIST: &str = r#"{"version":"1.0","services":[[["example","test"],["https://registry.test/rdap/"]]]}"#;
const DOMAIN: &str = r#"{"objectClassName":"domain","events":[{"eventAction":"expiration","eventDate":"2099-01-01T00:00:00Z"}]}"#;

/// A network in which every name is one server on loopback.
struct Rerouted {
    inner: NativePlatform,
    server: SocketAddr,
}

impl Platform for Rerouted {
    type Stream = TcpStream;
    type FetchBody = NoFetch;

    fn now_ms(&self) -> i64 {
        self.inner.now_ms()
    }

    fn monotonic_us(&self) -> u64 {
        self.inner.monotonic_us()
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.inner.fill_random(bytes);
    }

    async fn sleep(&self, duration: Duration) {
        self.inner.sleep(duration).await;
    }

    async fn resolve(&self, _host: &str, _ip_version: IpVersion) -> Result<Vec<IpAddr>, ResolveError> {
        Ok(vec![Ipv4Addr::LOCALHOST.into()])
    }

    async fn dial(&self, target: &DialTarget) -> Result<TcpStream, DialError> {
        let asked = DialTarget::Address((Ipv4Addr::LOCALHOST, 443).into());
        assert_eq!(*target, asked);
        self.inner.dial(&DialTarget::Address(self.server)).await
    }

    async fn dial_for_tls(&self, host: &str, port: u16) -> Result<TcpStream, DialError> {
        self.inner.dial_for_tls(host, port).await
    }

    async fn start_tls(&self, stream: TcpStream, host: &str) -> Result<TcpStream, StartTlsError> {
        self.inner.start_tls(stream, host).await
    }

    async fn fetch(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<NoFetch>, FetchError> {
        self.inner.fetch(request).await
    }

    async fn query_dns(&self, query: &[u8]) -> Result<DnsAnswer, DnsQueryError> {
        self.inner.query_dns(query).await
    }

    fn offers(&self, mode: PhaseMode) -> bool {
        self.inner.offers(mode)
    }

    fn extra_roots(&self) -> Vec<Vec<u8>> {
        self.inner.extra_roots()
    }

    fn host(&self) -> &'static str {
        self.inner.host()
    }

    fn software(&self) -> String {
        self.inner.software()
    }

    fn capabilities(&self) -> Vec<String> {
        self.inner.capabilities()
    }

    fn place(&self) -> Place {
        self.inner.place()
    }

    fn max_concurrent(&self) -> usize {
        self.inner.max_concurrent()
    }
}

/// Serves both, and notes what was asked of whom.
async fn start(asked: Arc<Mutex<Vec<String>>>) -> Rerouted {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["data.iana.org".to_owned(), "registry.test".to_owned()];
    let certificate = CertificateParams::new(names)
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = acceptor.accept(stream).await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let path = head.split(' ').nth(1).unwrap();
            let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
            asked.lock().unwrap().push(format!("{host}{path}"));
            let body = if path == "/rdap/dns.json" { LIST } else { DOMAIN };
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
            // That the peer has closed already is no fault.
            let _ = stream.shutdown().await;
        }
    });
    let roots = vec![authority.der().to_vec()];
    Rerouted {
        inner: NativePlatform::unrestricted().with_extra_roots(roots),
        server,
    }
}

#[tokio::test]
async fn the_list_is_asked_for_once_and_names_the_server() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let platform = start(asked.clone()).await;
    let see = async |domain: &str| {
        let check: Check = serde_json::from_value(json!({"type": "domain", "domain": domain})).unwrap();
        // A new engine each time, as each tick has.
        Engine::new(&platform).unwrap().run(&check, 5000).await
    };
    for domain in ["one.example", "two.sub.test"] {
        let sight = see(domain).await;
        assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    }
    let sight = see("three.nowhere").await;
    let reason = Reason::ServiceUnavailable;
    assert_eq!(sight.outcome, Outcome::Unmeasured { reason });
    assert!(sight.message.unwrap().contains("rdap_url"));
    let asked = asked.lock().unwrap();
    assert_eq!(
        *asked,
        [
            "data.iana.org/rdap/dns.json",
            "registry.test/rdap/domain/one.example",
            "registry.test/rdap/domain/two.sub.test"
        ]
    );
}
