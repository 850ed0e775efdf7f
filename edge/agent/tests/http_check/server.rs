//! Small servers that do exactly what a test says.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use time::OffsetDateTime;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

/// What a server does with a connection, step by step; then it hangs up.
#[derive(Clone)]
pub enum Step {
    /// Reads a request: its head, and as much body as it announces.
    ReadRequest,
    /// Waits so many milliseconds.
    Wait(u64),
    /// Sends bytes.
    Send(Vec<u8>),
    /// Hangs up hard.
    Reset,
}

impl Step {
    pub fn send(text: impl Into<String>) -> Self {
        Self::Send(text.into().into_bytes())
    }
}

/// A private certificate authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// What is presented.
#[derive(Clone, Copy, Debug)]
pub enum Leaf {
    Good,
    Expired,
    NotYetValid,
    WrongHost,
    SelfSigned,
    SelfSignedAuthority,
    ExpiresInDays(i64),
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::CommonName, "Edgewatch test authority");
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn root_der(&self) -> Vec<u8> {
        self.0.der().to_vec()
    }

    fn leaf(&self, leaf: Leaf) -> (Vec<u8>, KeyPair) {
        let host = if matches!(leaf, Leaf::WrongHost) {
            "192.0.2.1"
        } else {
            "127.0.0.1"
        };
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let (now, day) = (OffsetDateTime::now_utc(), time::Duration::DAY);
        (params.not_before, params.not_after) = match leaf {
            Leaf::Expired => (now - day * 30, now - day),
            Leaf::NotYetValid => (now + day, now + day * 30),
            Leaf::ExpiresInDays(days) => (now - day, now + day * i32::try_from(days).unwrap()),
            _ => (now - day, now + day * 30),
        };
        let key = KeyPair::generate().unwrap();
        let certificate = match leaf {
            Leaf::SelfSigned => params.self_signed(&key),
            Leaf::SelfSignedAuthority => {
                params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                params.self_signed(&key)
            }
            _ => params.signed_by(&key, &self.0),
        };
        (certificate.unwrap().der().to_vec(), key)
    }
}

pub struct Server {
    port: u16,
    tls: bool,
    fingerprint: String,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// What an untroubled server does.
    pub fn ok() -> Vec<Step> {
        vec![
            Step::ReadRequest,
            Step::send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        ]
    }

    pub async fn answering(response: impl Into<String>) -> Self {
        Self::start(vec![Step::ReadRequest, Step::send(response)]).await
    }

    pub async fn start(steps: Vec<Step>) -> Self {
        Self::listen(false, String::new(), move |stream, requests| {
            let steps = steps.clone();
            async move {
                play(stream, &steps, &requests).await;
            }
        })
        .await
    }

    /// Redirects `/0` to `/1`, that to `/2`, and so on.
    pub async fn counting() -> Self {
        let next = Arc::new(AtomicUsize::new(1));
        Self::listen(false, String::new(), move |stream, requests| {
            let number = next.fetch_add(1, Ordering::Relaxed);
            async move {
                let answer = format!(
                    "HTTP/1.1 307 Temporary Redirect\r\nLocation: /{number}\r\nContent-Length: 0\r\n\r\n"
                );
                play(stream, &[Step::ReadRequest, Step::send(answer)], &requests).await;
            }
        })
        .await
    }

    /// Speaks TLS, beginning the handshake so many milliseconds late.
    pub async fn start_tls(authority: &Authority, leaf: Leaf, late_ms: u64, steps: Vec<Step>) -> Self {
        let (der, key) = authority.leaf(leaf);
        let fingerprint = edgewatch_protocol::digest::sha256_hex(&der);
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![der.into()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::listen(true, fingerprint, move |stream, requests| {
            let (acceptor, steps) = (acceptor.clone(), steps.clone());
            async move {
                sleep(Duration::from_millis(late_ms)).await;
                if let Ok(stream) = acceptor.accept(stream).await {
                    play(stream, &steps, &requests).await;
                }
            }
        })
        .await
    }

    async fn listen<F>(
        tls: bool,
        fingerprint: String,
        serve: impl Fn(TcpStream, Arc<Mutex<Vec<String>>>) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&seen)));
            }
        });
        Self {
            port,
            tls,
            fingerprint,
            requests,
            task,
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self, path: &str) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://127.0.0.1:{}{path}", self.port)
    }

    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The first request that came.
    pub async fn request(&self) -> String {
        for _ in 0..100 {
            if let Some(request) = self.request_if_any() {
                return request;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("no request came");
    }

    pub fn request_if_any(&self) -> Option<String> {
        self.requests.lock().unwrap().first().cloned()
    }

    /// Stops listening; the port is closed afterwards.
    pub async fn stop(mut self) -> u16 {
        self.task.abort();
        let _ = (&mut self.task).await;
        self.port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn play<S: AsyncRead + AsyncWrite + Unpin + MaybeReset>(
    mut stream: S,
    steps: &[Step],
    requests: &Mutex<Vec<String>>,
) {
    for step in steps {
        match step {
            Step::ReadRequest => {
                let request = read_request(&mut stream).await;
                requests.lock().unwrap().push(request);
            }
            Step::Wait(ms) => sleep(Duration::from_millis(*ms)).await,
            Step::Send(bytes) => {
                let _ = stream.write_all(bytes).await;
                let _ = stream.flush().await;
            }
            Step::Reset => return stream.reset(),
        }
    }
    let _ = stream.shutdown().await;
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let announced = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")?
                        .parse()
                        .ok()
                })
                .unwrap_or(0);
            if body.len() >= announced {
                return text;
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return text;
        }
    }
}

trait MaybeReset {
    fn reset(self);
}

impl MaybeReset for TcpStream {
    #[allow(deprecated, reason = "an immediate reset is what is wanted here")]
    fn reset(self) {
        let _ = self.set_linger(Some(Duration::ZERO));
    }
}

impl MaybeReset for tokio_rustls::server::TlsStream<TcpStream> {
    fn reset(self) {
        self.into_inner().0.reset();
    }
}
