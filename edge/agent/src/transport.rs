//! The agent's way to its aggregator, and the aggregator's to servers of others: HTTP/1.1 over TCP or TLS, connections kept for the
//! next request, redirects not followed.

use crate::AddressPolicy;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{
        Client,
        connect::{HttpConnector, dns::Name},
    },
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, pki_types::CertificateDer};
use std::{
    error::Error as _,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::timeout;
use tower_service::Service;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a request and its answer may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection is kept for the next request; servers and what stands before them commonly keep it for a minute.
const IDLE_TIMEOUT: Duration = Duration::from_secs(50);

/// The largest answer of an aggregator, in bytes.
const MAX_ANSWER_BYTES: usize = 32 << 20;

/// A client; clones share its connections.
#[derive(Clone)]
pub struct HttpTransport {
    client: Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
    may_dial: AddressPolicy,
    max_answer_bytes: usize,
}

impl HttpTransport {
    /// A client that trusts Mozilla's roots and further ones, given as DER.
    ///
    /// # Errors
    /// When one of the further roots is not a certificate.
    pub fn new(extra_roots: &[Vec<u8>]) -> Result<Self, String> {
        Self::within(extra_roots, Arc::new(|_| Ok(())), MAX_ANSWER_BYTES)
    }

    /// A client that dials only the addresses that it may, and reads no longer answers.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn guarded(may_dial: AddressPolicy, max_answer_bytes: usize) -> Result<Self, String> {
        Self::within(&[], may_dial, max_answer_bytes)
    }

    fn within(
        extra_roots: &[Vec<u8>],
        may_dial: AddressPolicy,
        max_answer_bytes: usize,
    ) -> Result<Self, String> {
        let mut roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        for der in extra_roots {
            roots
                .add(CertificateDer::from(der.as_slice()))
                .map_err(|error| format!("an additional root certificate cannot be used: {error}"))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new_with_resolver(Resolver(Arc::clone(&may_dial)));
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(Self {
            client,
            may_dial,
            max_answer_bytes,
        })
    }

    /// See [`edgewatch_core::platform::Transport::send`].
    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, String> {
        // What is an address by itself is not looked up.
        let host = request.uri().host().unwrap_or_default();
        if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            (self.may_dial)(address.to_canonical())?;
        }
        let exchange = async {
            let request = request.map(|body| Full::new(Bytes::from(body)));
            let response = self.client.request(request).await.map_err(|error| why(&error))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, self.max_answer_bytes)
                .collect()
                .await
                .map_err(|error| error.to_string())?;
            Ok(Response::from_parts(head, body.to_bytes().into()))
        };
        timeout(REQUEST_TIMEOUT, exchange)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {} seconds", REQUEST_TIMEOUT.as_secs())))
    }
}

/// Looks names up, and keeps of their addresses those that may be dialled: what is dialled is what was looked at.
#[derive(Clone)]
struct Resolver(AddressPolicy);

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let may_dial = Arc::clone(&self.0);
        Box::pin(async move {
            let (mut allowed, mut refused) = (Vec::new(), None);
            for address in tokio::net::lookup_host((name.as_str(), 0)).await? {
                match may_dial(address.ip().to_canonical()) {
                    Ok(()) => allowed.push(address),
                    Err(why) => refused = Some(why),
                }
            }
            match refused {
                Some(why) if allowed.is_empty() => Err(io::Error::other(why)),
                _ => Ok(allowed.into_iter()),
            }
        })
    }
}

/// The innermost cause, which is the one that says something: `Connection refused (os error 111)`.
fn why(error: &hyper_util::client::legacy::Error) -> String {
    let mut cause = error.to_string();
    let mut next = error.source();
    while let Some(inner) = next {
        cause = inner.to_string();
        next = inner.source();
    }
    cause
}
