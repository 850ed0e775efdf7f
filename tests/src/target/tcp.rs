//! Listeners that misbehave below HTTP.
//!
//! | name | behaviour |
//! |---|---|
//! | `refused` | nobody listens there, and nobody else can |
//! | `reset` | reset as soon as the connection is made |
//! | `closed` | closed in order as soon as the connection is made |
//! | `silent` | takes everything and never says anything |
//! | `banner` | says a line that is neither TLS nor HTTP, unasked, and waits |
//! | `tls_alert` | answers what it is sent with the TLS alert `handshake_failure` |
//! | `tls_old` | the same with the alert `protocol_version`, as of a server that only knows older ones |
//! | `tls_reset` | reset as soon as something came |
//! | `tls_closed` | closed in order as soon as something came |
//! | `tls_half` | answers with the beginning of a TLS record and never goes on |
//! | `connect_never` | the connection is never made |
//! | `connect_slow` | the connection is made one second late |
//!
//! The last two rest on how Linux treats a full backlog: it drops the `SYN`, and the client sends another a second
//! later. `connect_slow` is offered where the kernel lists who dials.

use super::{bind, connection::answer, site::Site};
use socket2::SockRef;
use std::{
    collections::BTreeMap,
    future, io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};

/// How long after a dropped dial `connect_slow` makes room, and for how long: around the second that Linux waits before
/// it dials again.
const OPENS_AFTER: Duration = Duration::from_millis(800);
const OPEN_FOR: Duration = Duration::from_millis(400);

/// A backlog of none: there is room for one, the filler.
const NO_ROOM: i32 = 0;

/// A backlog for everybody who dials at the same time.
const ROOM: i32 = 128;

/// What `banner` says.
pub(super) const BANNER: &[u8] = b"SSH-2.0-OpenSSH_9.2\r\n";

/// Records of TLS (RFC 8446, 5.1): fatal alerts, and the beginning of a handshake's record.
const TLS_ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];
const TLS_OLD: [u8; 7] = [21, 3, 1, 0, 2, 2, 70];
const TLS_HALF: [u8; 9] = [22, 3, 3, 0, 122, 2, 0, 0, 118];

/// Starts them and answers with their addresses.
pub(super) async fn listen(
    site: &Arc<Site>,
    listeners: &mut JoinSet<()>,
) -> io::Result<BTreeMap<&'static str, String>> {
    let mut addresses = BTreeMap::new();

    let (listener, address) = bind(0).await?;
    addresses.insert("reset", address.to_string());
    listeners.spawn(each(listener, |stream| async move { stream.set_zero_linger() }));

    let (listener, address) = bind(0).await?;
    addresses.insert("closed", address.to_string());
    listeners.spawn(each(
        listener,
        |mut stream| async move { stream.shutdown().await },
    ));

    let (listener, address) = bind(0).await?;
    addresses.insert("silent", address.to_string());
    listeners.spawn(each(listener, swallow));

    let (listener, address) = bind(0).await?;
    addresses.insert("banner", address.to_string());
    listeners.spawn(each(listener, |mut stream| async move {
        stream.write_all(BANNER).await?;
        swallow(stream).await
    }));

    for (name, answer) in [
        ("tls_alert", &TLS_ALERT[..]),
        ("tls_old", &TLS_OLD[..]),
        ("tls_half", &TLS_HALF[..]),
    ] {
        let (listener, address) = bind(0).await?;
        addresses.insert(name, address.to_string());
        listeners.spawn(each(listener, move |mut stream| async move {
            hear(&mut stream).await?;
            stream.write_all(answer).await?;
            swallow(stream).await
        }));
    }

    for (name, is_reset) in [("tls_reset", true), ("tls_closed", false)] {
        let (listener, address) = bind(0).await?;
        addresses.insert(name, address.to_string());
        listeners.spawn(each(listener, move |mut stream| async move {
            hear(&mut stream).await?;
            if is_reset {
                return stream.set_zero_linger();
            }
            stream.shutdown().await
        }));
    }

    // Bound but not listening: the port stays ours and every connection is refused.
    let bound = TcpSocket::new_v4()?;
    bound.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    addresses.insert("refused", bound.local_addr()?.to_string());
    listeners.spawn(async move {
        let _bound = bound;
        future::pending::<()>().await;
    });

    let full = FullListener::new().await?;
    addresses.insert("connect_never", full.listener.local_addr()?.to_string());
    listeners.spawn(async move {
        let _full = full;
        future::pending::<()>().await;
    });

    if dropped_dials().is_some() {
        let full = FullListener::new().await?;
        addresses.insert("connect_slow", full.listener.local_addr()?.to_string());
        let site = Arc::clone(site);
        listeners.spawn(async move {
            if let Err(error) = full.serve_slowly(site).await {
                eprintln!("connect_slow has ended: {error}");
            }
        });
    }
    Ok(addresses)
}

/// Treats each connection so. An error is the client's going away.
async fn each<F>(listener: TcpListener, behave: impl Fn(TcpStream) -> F)
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(behave(stream));
    }
}

/// Waits for the first bytes, and takes what came with them.
async fn hear(stream: &mut TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    stream.read(&mut buffer).await.map(drop)
}

async fn swallow(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}

/// A listener whose backlog is full.
struct FullListener {
    listener: TcpListener,
    /// The connection that fills it.
    filler: TcpStream,
}

impl FullListener {
    async fn new() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let listener = socket.listen(NO_ROOM as u32)?;
        let filler = TcpStream::connect(listener.local_addr()?).await?;
        Ok(Self { listener, filler })
    }

    /// Makes room after somebody's first dial was dropped, just before the second one comes, then fills up again.
    async fn serve_slowly(mut self, site: Arc<Site>) -> io::Result<()> {
        let port = self.listener.local_addr()?.port();
        let mut seen = dropped_dials();
        loop {
            sleep(Duration::from_millis(20)).await;
            // The count is cheap to read and says that some listener dropped a dial; the list, which is not, whose.
            let dropped = dropped_dials();
            if dropped == seen || !is_dialled(port) {
                continue;
            }
            sleep(OPENS_AFTER).await;
            SockRef::from(&self.listener).listen(ROOM)?;
            let closing = Instant::now() + OPEN_FOR;
            while let Ok(accepted) = timeout_at(closing, self.listener.accept()).await {
                self.serve(accepted?, &site)?;
            }
            SockRef::from(&self.listener).listen(NO_ROOM)?;
            self.fill(&site).await?;
            seen = dropped;
        }
    }

    fn serve(&self, (stream, peer): (TcpStream, SocketAddr), site: &Arc<Site>) -> io::Result<()> {
        if peer != self.filler.local_addr()? {
            tokio::spawn(answer(stream, Arc::clone(site)));
        }
        Ok(())
    }

    async fn fill(&mut self, site: &Arc<Site>) -> io::Result<()> {
        let address = self.listener.local_addr()?;
        loop {
            tokio::select! {
                biased;
                filler = TcpStream::connect(address) => {
                    self.filler = filler?;
                    return Ok(());
                }
                // Somebody came first and sits where the filler belongs.
                () = sleep(Duration::from_millis(50)) => self.serve(self.listener.accept().await?, site)?,
            }
        }
    }
}

/// How many dials the kernel has dropped because a backlog was full; `None` where it does not say.
fn dropped_dials() -> Option<u64> {
    let statistics = std::fs::read_to_string("/proc/net/netstat").ok()?;
    let mut lines = statistics.lines().filter(|line| line.starts_with("TcpExt:"));
    let (names, values) = (lines.next()?, lines.next()?);
    let overflows = names.split(' ').position(|name| name == "ListenOverflows")?;
    values.split(' ').nth(overflows)?.parse().ok()
}

/// Whether somebody on this machine dials the port and is not connected yet.
fn is_dialled(port: u16) -> bool {
    const SYN_SENT: &str = "02";
    let port = format!(":{port:04X}");
    let is_dialling = |line: &str| {
        let mut columns = line.split_ascii_whitespace().skip(2);
        let (remote, state) = (columns.next(), columns.next());
        remote.is_some_and(|remote| remote.ends_with(&port)) && state == Some(SYN_SENT)
    };
    ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|list| std::fs::read_to_string(list).ok())
        .any(|sockets| sockets.lines().any(is_dialling))
}
