//! One connection: its request head decides whether it is answered properly or roughly, and whether it is HTTP/2.

use super::{rough, site::Site, websocket};
use bytes::Bytes;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// The longest request head that is read.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// What HTTP/2 begins with (RFC 9113, 3.4), up to its first empty line.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\n";

/// A connection, with or without TLS.
pub(super) trait Connection: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// Makes the end of this connection a reset instead of an orderly close.
    fn reset_at_end(&self) -> io::Result<()>;
}

impl Connection for TcpStream {
    fn reset_at_end(&self) -> io::Result<()> {
        self.set_zero_linger()
    }
}

impl Connection for TlsStream<TcpStream> {
    fn reset_at_end(&self) -> io::Result<()> {
        self.get_ref().0.set_zero_linger()
    }
}

/// Serves plain connections.
pub(super) async fn serve_plain(listener: TcpListener, site: Arc<Site>) {
    while let Ok((stream, _)) = listener.accept().await {
        let site = Arc::clone(&site);
        tokio::spawn(async move {
            stream.set_nodelay(true)?;
            answer(stream, site).await
        });
    }
}

/// Serves TLS connections, with a pause before each handshake.
pub(super) async fn serve_tls(listener: TcpListener, acceptor: TlsAcceptor, hold: Duration, site: Arc<Site>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, site) = (acceptor.clone(), Arc::clone(&site));
        tokio::spawn(async move {
            stream.set_nodelay(true)?;
            tokio::time::sleep(hold).await;
            answer(acceptor.accept(stream).await?, site).await
        });
    }
}

/// Answers the one request of a connection, or all of one of HTTP/2. Errors are the client's going away.
pub(super) async fn answer(mut stream: impl Connection, site: Arc<Site>) -> io::Result<()> {
    let head = read_head(&mut stream).await?;
    let path = path_of(&head);
    site.journal.note(&path);
    if let Some(behaviour) = path.strip_prefix("/rough/") {
        return rough::answer(stream, behaviour).await;
    }
    if let Some(behaviour) = path.strip_prefix("/websocket/") {
        return websocket::answer(stream, behaviour, &head).await;
    }
    // What was read is put before the rest, so that the proper server sees the whole request.
    let (reader, writer) = tokio::io::split(stream);
    let is_http2 = head.starts_with(HTTP2_PREFACE);
    let whole = tokio::io::join(io::Cursor::new(head).chain(reader), writer);
    if is_http2 {
        return hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(whole), TowerToHyperService::new(site.router()))
            .await
            .map_err(io::Error::other);
    }
    hyper::server::conn::http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(whole), TowerToHyperService::new(site.router()))
        .await
        .map_err(io::Error::other)
}

/// Reads up to the end of the request's head, and whatever of the body came along.
async fn read_head(stream: &mut impl Connection) -> io::Result<Bytes> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < MAX_HEAD_BYTES {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(head.into())
}

/// The request's path without its query; empty where the first line is not a request.
fn path_of(head: &[u8]) -> String {
    let line = head.split(|&byte| byte == b'\r').next().unwrap_or_default();
    let target = String::from_utf8_lossy(line);
    let target = target.split(' ').nth(1).unwrap_or_default();
    target.split('?').next().unwrap_or_default().to_owned()
}
