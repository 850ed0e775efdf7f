//! A stream under TLS that sends a flight as one.
//!
//! The client's last words of a handshake of TLS 1.3 need no answer. Sent by themselves they hold up what follows on hosts
//! whose sockets wait for the peer's acknowledgement before they send a small piece behind another (RFC 896): a round
//! trip, and as long as the peer puts acknowledgements off. So what is written is kept until the peer's answer is wanted,
//! and the last words until there is a request to send along with them.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream whose writes during a handshake are sent together.
#[derive(Debug)]
pub struct FlightStream<S> {
    stream: S,
    /// Written, and not sent yet.
    held: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// What is written leaves when the answer to it is to be read.
    Handshake,
    /// What is held leaves with what is written next, whatever is read before.
    Held,
    /// Nothing is held up any more.
    Passing,
}

impl<S> FlightStream<S> {
    /// A connected stream on which a handshake begins.
    pub fn new(stream: S) -> Self {
        Self {
            stream,
            held: Vec::new(),
            state: State::Handshake,
        }
    }

    /// Ends the handshake: what is held waits for the next write.
    pub fn hold(&mut self) {
        self.state = State::Held;
    }

    /// Ends the handshake: what is held leaves with the next flush.
    pub fn release(&mut self) {
        self.state = State::Passing;
    }
}

impl<S: AsyncWrite + Unpin> FlightStream<S> {
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.held.is_empty() {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(context, &self.held))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.held.drain(..sent);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for FlightStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.state == State::Handshake && !self.held.is_empty() {
            ready!(self.poll_send(context))?;
            ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FlightStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.state {
            State::Passing => {
                ready!(self.poll_send(context))?;
                Pin::new(&mut self.stream).poll_write(context, bytes)
            }
            State::Handshake | State::Held => {
                self.held.extend_from_slice(bytes);
                if self.state == State::Held {
                    self.state = State::Passing;
                    // They are taken, whether the stream takes them at once or at the next call.
                    if let Poll::Ready(Err(error)) = self.poll_send(context) {
                        return Poll::Ready(Err(error));
                    }
                }
                Poll::Ready(Ok(bytes.len()))
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.state != State::Passing {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_send(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state = State::Passing;
        ready!(self.poll_send(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    fn pair() -> (FlightStream<DuplexStream>, DuplexStream) {
        let (near, far) = duplex(1_024);
        (FlightStream::new(near), far)
    }

    /// What has arrived by now.
    async fn arrived(far: &mut DuplexStream) -> Vec<u8> {
        let mut bytes = [0; 64];
        tokio::select! {
            biased;
            read = far.read(&mut bytes) => bytes[..read.unwrap()].to_vec(),
            () = std::future::ready(()) => Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_flight_leaves_when_its_answer_is_read() {
        let (mut stream, mut far) = pair();
        stream.write_all(b"one ").await.unwrap();
        stream.flush().await.unwrap();
        stream.write_all(b"two").await.unwrap();
        assert_eq!(arrived(&mut far).await, b"");
        far.write_all(b"answer").await.unwrap();
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 6);
        assert_eq!(arrived(&mut far).await, b"one two");
    }

    #[tokio::test]
    async fn the_last_words_leave_with_the_request_whatever_is_read_before() {
        let (mut stream, mut far) = pair();
        stream.write_all(b"finished, ").await.unwrap();
        stream.hold();
        stream.flush().await.unwrap();
        far.write_all(b"ticket").await.unwrap();
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 6);
        assert_eq!(arrived(&mut far).await, b"");
        stream.write_all(b"request").await.unwrap();
        assert_eq!(arrived(&mut far).await, b"finished, request");
        stream.write_all(b" body").await.unwrap();
        assert_eq!(arrived(&mut far).await, b" body");
    }

    #[tokio::test]
    async fn the_last_words_leave_by_themselves_where_nothing_follows() {
        let (mut stream, mut far) = pair();
        stream.write_all(b"finished").await.unwrap();
        stream.release();
        stream.flush().await.unwrap();
        assert_eq!(arrived(&mut far).await, b"finished");

        let (mut stream, mut far) = pair();
        stream.write_all(b"alert").await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(arrived(&mut far).await, b"alert");
    }

    #[tokio::test]
    async fn what_the_stream_does_not_take_at_once_follows_in_order() {
        let (near, mut far) = duplex(4);
        let mut stream = FlightStream::new(near);
        stream.write_all(b"finished, ").await.unwrap();
        stream.hold();
        let write = async {
            stream.write_all(b"request").await.unwrap();
            stream.write_all(b", body").await.unwrap();
            stream.shutdown().await.unwrap();
        };
        let mut all = String::new();
        let ((), read) = tokio::join!(write, far.read_to_string(&mut all));
        read.unwrap();
        assert_eq!(all, "finished, request, body");
    }
}
