//! A whole HTTP server in the test's own process: HTTP/1.1 and HTTP/2, with TLS or without, also with client certificates.
#![allow(dead_code, reason = "not every test uses all of it")]

use http_body_util::{BodyExt as _, Collected, Full, combinators::BoxBody};
use hyper::{
    Request, Response, Version,
    body::{Bytes, Incoming},
    header::HeaderMap,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinHandle,
    time::sleep,
};
use tokio_rustls::TlsAcceptor;

/// An answer with this field is held back for so many milliseconds.
pub const WAIT_MS: &str = "x-wait-ms";

/// A body of whatever kind.
pub type Body = BoxBody<Bytes, Infallible>;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub version: Version,
    pub method: String,
    pub uri: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn path(&self) -> &str {
        self.uri.split_once("://").map_or(self.uri.as_str(), |(_, rest)| {
            &rest[rest.find('/').unwrap_or(rest.len())..]
        })
    }
}

/// An answer with a body.
pub fn answer(status: u16, fields: &[(&str, &str)], body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::builder().status(status);
    for (name, value) in fields {
        response = response.header(*name, *value);
    }
    response.body(Full::new(body.into()).boxed()).unwrap()
}

/// What a server speaks.
#[derive(Clone)]
pub enum Speaks {
    Http1,
    /// With prior knowledge.
    Http2,
    /// Over TLS, whichever of these protocols is agreed on.
    Tls(Arc<ServerConfig>),
}

/// A private certificate authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn root_der(&self) -> Vec<u8> {
        self.0.der().to_vec()
    }

    /// A certificate for a client and its key, as PEM.
    pub fn client_pem(&self) -> (String, String) {
        let mut params = CertificateParams::new(vec!["probe.example".to_owned()]).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    /// TLS for `127.0.0.1`, offering these protocols; asking for a certificate of this authority where told so.
    pub fn tls(&self, alpn: &[&[u8]], asks_for_certificate: bool) -> Speaks {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap().der().clone();
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if asks_for_certificate {
            let mut roots = RootCertStore::empty();
            roots.add(self.0.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = builder.with_single_cert(vec![certificate], key).unwrap();
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        Speaks::Tls(Arc::new(config))
    }
}

pub struct HttpServer {
    port: u16,
    scheme: &'static str,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl HttpServer {
    /// Answers each request by the function.
    pub async fn start(
        speaks: Speaks,
        respond: impl Fn(&Seen) -> Response<Body> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let scheme = match speaks {
            Speaks::Tls(_) => "https",
            _ => "http",
        };
        let (noted, respond) = (Arc::clone(&seen), Arc::new(respond));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (speaks, noted, respond) = (speaks.clone(), Arc::clone(&noted), Arc::clone(&respond));
                tokio::spawn(async move {
                    match speaks {
                        Speaks::Http1 => serve(stream, false, noted, respond).await,
                        Speaks::Http2 => serve(stream, true, noted, respond).await,
                        Speaks::Tls(config) => {
                            if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
                                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                                serve(stream, is_http2, noted, respond).await;
                            }
                        }
                    }
                });
            }
        });
        Self {
            port,
            scheme,
            seen,
            task,
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}://127.0.0.1:{}{path}", self.scheme, self.port)
    }

    /// The requests that came.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve<S, R>(stream: S, is_http2: bool, noted: Arc<Mutex<Vec<Seen>>>, respond: Arc<R>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    R: Fn(&Seen) -> Response<Body> + Send + Sync + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let (noted, respond) = (Arc::clone(&noted), Arc::clone(&respond));
        async move {
            let (parts, body) = request.into_parts();
            let seen = Seen {
                version: parts.version,
                method: parts.method.to_string(),
                uri: parts.uri.to_string(),
                headers: parts.headers,
                body: body.collect().await.map(Collected::to_bytes).unwrap_or_default(),
            };
            noted.lock().unwrap().push(seen.clone());
            let answer = respond(&seen);
            if let Some(ms) = answer.headers().get(WAIT_MS) {
                sleep(Duration::from_millis(ms.to_str().unwrap().parse().unwrap())).await;
            }
            Ok::<_, Infallible>(answer)
        }
    });
    let io = TokioIo::new(stream);
    // How a connection ends is the client's to tell.
    if is_http2 {
        let _ = http2::Builder::new(TokioExecutor::new())
            .serve_connection(io, service)
            .await;
    } else {
        let _ = http1::Builder::new().serve_connection(io, service).await;
    }
}
