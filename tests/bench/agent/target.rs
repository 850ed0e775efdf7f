//! What is checked.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// What is checked: it answers every request with a small page and closes the connection.
pub struct Target {
    /// Over TCP.
    pub http: String,
    /// Over TLS.
    pub https: String,
    /// The file of the authority that vouches for it.
    pub ca: PathBuf,
    _servers: JoinSet<()>,
}

impl Target {
    /// Starts it; its files are in this directory.
    pub async fn start(directory: &Path) -> Self {
        let (listener, address) = listen().await;
        let (tls_listener, tls_address) = listen().await;
        let (config, ca_pem) = tls_config();
        let ca = directory.join("ca.pem");
        fs::write(&ca, ca_pem).expect("the authority's certificate");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let mut servers = JoinSet::new();
        servers.spawn(accept(listener, |stream| async {
            let _ = answer(stream).await;
        }));
        servers.spawn(accept(tls_listener, move |stream| {
            let acceptor = acceptor.clone();
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    let _ = answer(stream).await;
                }
            }
        }));
        Self {
            http: format!("http://{address}/"),
            https: format!("https://{tls_address}/"),
            ca,
            _servers: servers,
        }
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    (listener, address)
}

async fn accept<F>(listener: TcpListener, serve: impl Fn(TcpStream) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::spawn(serve(stream));
        }
    }
}

async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    let mut request = [0; 2_048];
    let mut length = 0;
    while !request[..length].ends_with(b"\r\n\r\n") {
        match stream.read(&mut request[length..]).await? {
            0 => return Ok(()),
            more => length += more,
        }
    }
    let page = "x".repeat(1_000);
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}",
        page.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// A leaf on P-256 for 127.0.0.1, signed by an authority of this run.
fn tls_config() -> (ServerConfig, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer =
        CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
    let leaf_key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()])
        .and_then(|params| params.signed_by(&leaf_key, &issuer))
        .expect("a certificate");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("TLS versions")
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .expect("the certificate's key");
    // Nobody resumes.
    config.send_tls13_tickets = 0;
    (config, issuer.pem())
}
