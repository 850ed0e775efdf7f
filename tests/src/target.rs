//! The scripted target: servers that behave as asked, well or badly, so that what a probe says of them can be compared
//! with what they did.
//!
//! Every HTTP behaviour has a path and is offered on every HTTP and HTTPS listener; behaviours below HTTP have a
//! listener of their own.
//!
//! | where | file |
//! |---|---|
//! | well-behaved paths, delays, redirects, echo | `site.rs` |
//! | `/switch/{name}`, `/flapping` and what was requested | `switch.rs`, `journal.rs` |
//! | `/rough/…`: resets, hanging, what is not HTTP | `rough.rs` |
//! | answers that are sent as they are | `answers.rs` |
//! | `/websocket/…` | `websocket.rs` |
//! | gRPC health, on every listener that is spoken to by HTTP/2 | `grpc.rs` |
//! | conversations over TCP, with STARTTLS and without | `talk.rs`, `talks.rs` |
//! | names: `/dns-query` over HTTPS, and over UDP and TCP | `names.rs`, `doh.rs`, `name_server.rs` |
//! | certificates, TLS listeners | `certificate.rs`, `tls_kinds.rs`, `tls.rs` |
//! | refused, reset, silent and slow connections | `tcp.rs` |

mod answers;
mod certificate;
mod clock;
mod connection;
mod doh;
mod grpc;
mod journal;
mod name_server;
mod names;
mod rough;
mod site;
mod switch;
mod talk;
mod talks;
mod tcp;
mod tls;
mod tls_kinds;
mod websocket;

#[cfg(test)]
mod tests;

pub use switch::Switch;

use serde::Serialize;
use std::{
    collections::BTreeMap,
    io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use talks::TALKS;
use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinSet,
};

/// What the target is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port of the HTTP listener; 0 takes any. The TLS listener of a demo takes the next one.
    pub port: u16,
    /// The set that a demo watches: HTTP and a certificate about to expire, nothing else.
    pub demo: bool,
    /// Where the certificates are written as PEM: `ca.pem` and one file for each listener; `None` writes none.
    pub certificates: Option<PathBuf>,
    /// How long the TLS handshake is held where it is.
    pub hold: Duration,
}

impl Default for Options {
    /// Every behaviour, on free ports, with a handshake held for 300 ms and no files.
    fn default() -> Self {
        Self {
            port: 0,
            demo: false,
            certificates: None,
            hold: Duration::from_millis(300),
        }
    }
}

/// Where everything is found.
#[derive(Clone, Debug, Serialize)]
pub struct Addresses {
    /// Origin of the HTTP listener, such as `http://127.0.0.1:9090`.
    pub http: String,
    /// Origin of the same on `[::1]`, where this machine has it.
    pub http_v6: Option<String>,
    /// Origins of the HTTPS listeners by what is special about them.
    pub https: BTreeMap<&'static str, String>,
    /// `address:port` of the listeners that misbehave below HTTP or speak something else, by what they do.
    pub tcp: BTreeMap<&'static str, String>,
    /// URL of the DNS-over-HTTPS resolver.
    pub doh: String,
    /// `address:port` of the same resolver over UDP and TCP.
    pub name_server: SocketAddr,
    /// The test authority's certificate, where certificates are written.
    pub ca: Option<PathBuf>,
    /// How long `https.held` holds the handshake, in milliseconds.
    pub hold_ms: u64,
}

/// A running target. It stops when it is dropped.
pub struct Target {
    addresses: Addresses,
    site: Arc<site::Site>,
    _listeners: JoinSet<()>,
}

impl Target {
    /// Starts all listeners on 127.0.0.1.
    ///
    /// # Errors
    /// When a port cannot be bound, a certificate not be made or a file not be written.
    pub async fn start(options: Options) -> io::Result<Self> {
        let site = Arc::new(site::Site::default());
        let mut listeners = JoinSet::new();

        let (listener, address) = bind(options.port).await?;
        listeners.spawn(connection::serve_plain(listener, Arc::clone(&site)));

        let http_v6 = match bind_v6().await {
            Ok((listener, reserved)) if !options.demo => {
                let address = listener.local_addr()?;
                let serving = connection::serve_plain(listener, Arc::clone(&site));
                listeners.spawn(async move {
                    let _reserved = reserved;
                    serving.await;
                });
                Some(format!("http://{address}"))
            }
            _ => None,
        };

        let tls_port = if options.demo {
            address.port().wrapping_add(1)
        } else {
            0
        };
        let (https, acceptors) = tls::listen(&options, tls_port, &site, &mut listeners).await?;
        let mut tcp = BTreeMap::new();
        if !options.demo {
            tcp = tcp::listen(&site, &mut listeners).await?;
            talk::listen(TALKS, &Arc::new(acceptors), &mut tcp, &mut listeners).await?;
        }
        let addresses = Addresses {
            http: format!("http://{address}"),
            http_v6,
            https,
            tcp,
            name_server: name_server::listen(&mut listeners).await?,
            doh: format!("http://{address}/dns-query"),
            ca: options.certificates.map(|directory| directory.join("ca.pem")),
            hold_ms: options.hold.as_millis() as u64,
        };
        Ok(Self {
            addresses,
            site,
            _listeners: listeners,
        })
    }

    /// Where everything is found.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Sets what `/switch/{name}` answers from now on.
    pub fn set_switch(&self, name: &str, switch: Switch) {
        self.site.switches.set(name, switch);
    }

    /// How many requests for a path came until now.
    pub fn hits(&self, path: &str) -> u64 {
        self.site.journal.hits(path)
    }
}

/// Binds `[::1]`, and the same port of 127.0.0.1 without listening there: `localhost` is both, and nobody else must answer.
async fn bind_v6() -> io::Result<(TcpListener, TcpSocket)> {
    let reserved = TcpSocket::new_v4()?;
    reserved.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let port = reserved.local_addr()?.port();
    Ok((TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await?, reserved))
}

/// Binds 127.0.0.1.
async fn bind(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("127.0.0.1:{port}: {error}")))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}
