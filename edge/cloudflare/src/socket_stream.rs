//! A TCP connection of the platform as a byte stream that is closed when it is dropped.

use crate::http_client::thrown;
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use worker::{
    Socket,
    js_sys::{Object, Reflect},
    wasm_bindgen::JsValue,
    wasm_bindgen_futures::{JsFuture, spawn_local},
    worker_sys,
};

/// A socket. Dropping it closes the connection, which the platform's own type does not: an open one would keep one of
/// the six connections that a worker may have.
pub struct SocketStream {
    stream: Socket,
    /// The same socket underneath, whose methods answer with an error where those of `stream` would panic.
    raw: worker_sys::Socket,
    close_on_drop: bool,
}

/// What to connect to.
pub enum Peer<'a> {
    /// An address.
    Address(SocketAddr),
    /// A name, which the platform looks up, and a port.
    Name(&'a str, u16),
}

impl SocketStream {
    /// Connects; `for_tls` says whether [`SocketStream::start_tls`] will follow.
    ///
    /// # Errors
    /// What the platform says, in one line.
    pub async fn connect(peer: &Peer<'_>, for_tls: bool) -> Result<Self, String> {
        let (host, port) = match peer {
            Peer::Address(SocketAddr::V4(address)) => (address.ip().to_string(), address.port()),
            Peer::Address(SocketAddr::V6(address)) => (format!("[{}]", address.ip()), address.port()),
            Peer::Name(name, port) => ((*name).to_owned(), *port),
        };
        let address = object([("hostname", host.into()), ("port", port.into())])?;
        let transport = if for_tls { "starttls" } else { "off" };
        let options = object([("secureTransport", transport.into())])?;
        let raw = worker_sys::connect(address.into(), options.into()).map_err(|error| thrown(&error))?;
        let stream = Self::new(raw);
        stream.opened().await?;
        Ok(stream)
    }

    /// Upgrades the connection by the platform's TLS and waits for the handshake.
    ///
    /// # Errors
    /// What the platform says, in one line.
    pub async fn start_tls(mut self) -> Result<Self, String> {
        let secure = self.raw.start_tls().map_err(|error| thrown(&error))?;
        // From here on the connection belongs to the new socket.
        self.close_on_drop = false;
        let stream = Self::new(secure);
        stream.opened().await?;
        Ok(stream)
    }

    fn new(raw: worker_sys::Socket) -> Self {
        Self {
            stream: raw.clone().into(),
            raw,
            close_on_drop: true,
        }
    }

    async fn opened(&self) -> Result<(), String> {
        let opened = self.raw.opened().map_err(|error| thrown(&error))?;
        JsFuture::from(opened)
            .await
            .map(|_| ())
            .map_err(|error| thrown(&error))
    }
}

impl Drop for SocketStream {
    fn drop(&mut self) {
        if let (true, Ok(closed)) = (self.close_on_drop, self.raw.close()) {
            spawn_local(async move {
                // The peer may have closed it already; there is nobody left to tell.
                let _ = JsFuture::from(closed).await;
            });
        }
    }
}

fn object<const N: usize>(entries: [(&str, JsValue); N]) -> Result<Object, String> {
    let object = Object::new();
    for (name, value) in entries {
        Reflect::set(&object, &name.into(), &value).map_err(|error| thrown(&error))?;
    }
    Ok(object)
}

impl AsyncRead for SocketStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for SocketStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
