//! A TCP connection of the platform as a byte stream that is closed when it is dropped.
//!
//! The platform's streams take one operation at a time and own its buffer meanwhile. Each direction is therefore either
//! idle or a future that gives its end back; dropping the future ends the operation, and the connection with it.

use spin_sdk::{
    wasip3::{
        sockets::types::{
            ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, TcpSocket,
        },
        wit_stream,
    },
    wit_bindgen::{FutureReader, StreamReader, StreamResult, StreamWriter},
};
use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most that is read or written by one operation, in bytes: what a TLS record has, and a little more.
const PIECE_BYTES: usize = 17 << 10;

type Operation<T> = Pin<Box<dyn Future<Output = T>>>;
/// What becomes of a direction when it has ended.
type End = FutureReader<Result<(), ErrorCode>>;

/// A connected socket.
pub struct SocketStream {
    receiving: Receiving,
    sending: Sending,
    /// Kept to the end: the streams are the socket's.
    _socket: TcpSocket,
}

enum Receiving {
    Idle(StreamReader<u8>, End),
    Busy(Operation<(StreamResult, Vec<u8>, StreamReader<u8>, End)>),
    /// Bytes that were read and not taken yet, from a position on.
    Filled(Vec<u8>, usize, StreamReader<u8>, End),
    Ending(Operation<Result<(), ErrorCode>>),
    Ended,
}

enum Sending {
    Idle(StreamWriter<u8>, End),
    /// Gives nothing back when the peer takes no more.
    Busy(Operation<Result<(StreamWriter<u8>, End), ErrorCode>>),
    Ended,
}

impl SocketStream {
    /// Connects.
    ///
    /// # Errors
    /// What the platform says.
    pub async fn connect(address: SocketAddr) -> Result<Self, ErrorCode> {
        let (family, address) = match address {
            SocketAddr::V4(v4) => {
                let [a, b, c, d] = v4.ip().octets();
                let address = Ipv4SocketAddress {
                    port: v4.port(),
                    address: (a, b, c, d),
                };
                (IpAddressFamily::Ipv4, IpSocketAddress::Ipv4(address))
            }
            SocketAddr::V6(v6) => {
                let address = Ipv6SocketAddress {
                    port: v6.port(),
                    flow_info: v6.flowinfo(),
                    address: v6.ip().segments().into(),
                    scope_id: v6.scope_id(),
                };
                (IpAddressFamily::Ipv6, IpSocketAddress::Ipv6(address))
            }
        };
        let socket = TcpSocket::create(family)?;
        socket.connect(address).await?;
        let (writer, outgoing) = wit_stream::new();
        let sent = socket.send(outgoing);
        let (reader, received) = socket.receive();
        Ok(Self {
            receiving: Receiving::Idle(reader, received),
            sending: Sending::Idle(writer, sent),
            _socket: socket,
        })
    }
}

impl AsyncRead for SocketStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let receiving = &mut self.receiving;
        loop {
            match std::mem::replace(receiving, Receiving::Ended) {
                Receiving::Idle(mut reader, end) => {
                    *receiving = Receiving::Busy(Box::pin(async move {
                        let (result, bytes) = reader.read(Vec::with_capacity(PIECE_BYTES)).await;
                        (result, bytes, reader, end)
                    }));
                }
                Receiving::Busy(mut operation) => match operation.as_mut().poll(context) {
                    Poll::Pending => {
                        *receiving = Receiving::Busy(operation);
                        return Poll::Pending;
                    }
                    Poll::Ready((_, bytes, reader, end)) if !bytes.is_empty() => {
                        *receiving = Receiving::Filled(bytes, 0, reader, end);
                    }
                    Poll::Ready((StreamResult::Dropped, _, reader, end)) => {
                        drop(reader);
                        *receiving = Receiving::Ending(Box::pin(end.into_future()));
                    }
                    Poll::Ready((_, _, reader, end)) => *receiving = Receiving::Idle(reader, end),
                },
                Receiving::Filled(bytes, from, reader, end) => {
                    let count = buffer.remaining().min(bytes.len() - from);
                    buffer.put_slice(&bytes[from..from + count]);
                    *receiving = if from + count < bytes.len() {
                        Receiving::Filled(bytes, from + count, reader, end)
                    } else {
                        Receiving::Idle(reader, end)
                    };
                    return Poll::Ready(Ok(()));
                }
                Receiving::Ending(mut operation) => match operation.as_mut().poll(context) {
                    Poll::Pending => {
                        *receiving = Receiving::Ending(operation);
                        return Poll::Pending;
                    }
                    Poll::Ready(result) => return Poll::Ready(result.map_err(|code| io_error(&code))),
                },
                Receiving::Ended => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl SocketStream {
    /// Until what was given is with the platform.
    fn poll_sent(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Sending::Busy(operation) = &mut self.sending {
            match ready!(operation.as_mut().poll(context)) {
                Ok((writer, end)) => self.sending = Sending::Idle(writer, end),
                Err(code) => {
                    self.sending = Sending::Ended;
                    return Poll::Ready(Err(io_error(&code)));
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SocketStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_sent(context))?;
        match std::mem::replace(&mut self.sending, Sending::Ended) {
            Sending::Idle(mut writer, end) => {
                let piece = bytes[..bytes.len().min(PIECE_BYTES)].to_vec();
                let count = piece.len();
                let mut operation: Operation<_> = Box::pin(async move {
                    let left = writer.write_all(piece).await;
                    if left.is_empty() {
                        return Ok((writer, end));
                    }
                    drop(writer);
                    Err(end.await.err().unwrap_or(ErrorCode::ConnectionBroken))
                });
                // Begun at once, not only when somebody flushes.
                match operation.as_mut().poll(context) {
                    Poll::Pending => self.sending = Sending::Busy(operation),
                    Poll::Ready(Ok((writer, end))) => self.sending = Sending::Idle(writer, end),
                    Poll::Ready(Err(code)) => return Poll::Ready(Err(io_error(&code))),
                }
                Poll::Ready(Ok(count))
            }
            Sending::Busy(_) | Sending::Ended => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_sent(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_sent(context))?;
        // The end of the stream is the end of what is sent.
        self.sending = Sending::Ended;
        Poll::Ready(Ok(()))
    }
}

/// An error of the platform as one of the machine.
pub fn io_error(code: &ErrorCode) -> io::Error {
    let kind = match code {
        ErrorCode::AccessDenied => io::ErrorKind::PermissionDenied,
        ErrorCode::Timeout => io::ErrorKind::TimedOut,
        ErrorCode::ConnectionRefused => io::ErrorKind::ConnectionRefused,
        ErrorCode::ConnectionReset => io::ErrorKind::ConnectionReset,
        ErrorCode::ConnectionAborted => io::ErrorKind::ConnectionAborted,
        ErrorCode::ConnectionBroken => io::ErrorKind::BrokenPipe,
        ErrorCode::RemoteUnreachable => io::ErrorKind::HostUnreachable,
        ErrorCode::Other(Some(text)) => {
            return io::Error::other(text.lines().next().unwrap_or_default().to_owned());
        }
        _ => io::ErrorKind::Other,
    };
    kind.into()
}
