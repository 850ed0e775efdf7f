//! A stream that notes when a request was out and when the first byte of the answer came.

use crate::{
    platform::Platform,
    tls::{TlsFailure, rustls_error},
};
use hyper::rt::{Read, ReadBufCursor, Write};
use std::{
    io,
    pin::Pin,
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes read at a time.
const CHUNK_BYTES: usize = 8 << 10;

/// Moments of one exchange, microseconds of [`Platform::monotonic_us`]; 0 while they have not come.
#[derive(Debug, Default)]
pub struct Marks {
    sent_us: AtomicU64,
    first_byte_us: AtomicU64,
    write_blocked: AtomicBool,
    /// Whether other things than the request are written and read as well, as in HTTP/2.
    shared: bool,
    /// Where the connection is shared: whether the request is whole in the hands of its writer.
    handed_over: AtomicBool,
    failure: OnceLock<TlsFailure>,
}

impl Marks {
    /// For a connection on which more than a request and its answer goes to and fro: the end of the request has to be
    /// told, and the beginning of the answer is not seen here.
    #[cfg(feature = "http2")]
    pub fn of_shared_connection() -> Self {
        Self {
            shared: true,
            ..Self::default()
        }
    }

    /// Says that nothing of the request is left but to be written.
    #[cfg(feature = "http2")]
    pub fn hand_over(&self) {
        self.handed_over.store(true, Relaxed);
    }

    /// How TLS failed while the answer was waited for, if it did.
    #[cfg(feature = "http2")]
    pub fn tls_failure(&self) -> Option<&TlsFailure> {
        self.failure.get()
    }

    /// When the last byte of the request was handed over, as long as no answer had begun.
    pub fn sent_us(&self) -> Option<u64> {
        Some(self.sent_us.load(Relaxed)).filter(|&us| us != 0 && !self.write_blocked.load(Relaxed))
    }

    /// When the first byte of the answer came.
    pub fn first_byte_us(&self) -> Option<u64> {
        Some(self.first_byte_us.load(Relaxed)).filter(|&us| us != 0)
    }
}

/// The stream under hyper.
pub struct TimedStream<'a, P, S> {
    platform: &'a P,
    marks: &'a Marks,
    stream: S,
    dirty: bool,
    chunk: Box<[u8]>,
}

impl<'a, P: Platform, S> TimedStream<'a, P, S> {
    /// Wraps a connected stream.
    pub fn new(platform: &'a P, marks: &'a Marks, stream: S) -> Self {
        Self {
            platform,
            marks,
            stream,
            dirty: false,
            chunk: vec![0; CHUNK_BYTES].into_boxed_slice(),
        }
    }

    fn note_sent(&self) {
        let marks = self.marks;
        let counts = if marks.shared {
            marks.handed_over.load(Relaxed) && marks.sent_us.load(Relaxed) == 0
        } else {
            marks.first_byte_us().is_none()
        };
        if counts {
            let now_us = self.platform.monotonic_us().max(1);
            marks.sent_us.store(now_us, Relaxed);
        }
    }

    /// What came of reading, as the layer above shall see it.
    fn note_read(&self, result: io::Result<()>, is_empty: bool) -> io::Result<()> {
        match result {
            Ok(()) => {}
            // A TLS peer that hangs up without saying good-bye: whether the answer was complete is seen by its framing.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            Err(error) => {
                if rustls_error(&error).is_some() {
                    let _ = self.marks.failure.set(TlsFailure::of_io(&error));
                }
                return Err(error);
            }
        }
        if !is_empty && self.marks.first_byte_us().is_none() {
            let now_us = self.platform.monotonic_us().max(1);
            self.marks.first_byte_us.store(now_us, Relaxed);
        }
        Ok(())
    }
}

impl<P: Platform, S: AsyncRead + Unpin> Read for TimedStream<'_, P, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let length = this.chunk.len().min(buffer.remaining());
        let mut chunk = ReadBuf::new(&mut this.chunk[..length]);
        let result = ready!(Pin::new(&mut this.stream).poll_read(context, &mut chunk));
        let filled = chunk.filled().len();
        this.note_read(result, filled == 0)?;
        buffer.put_slice(&this.chunk[..filled]);
        Poll::Ready(Ok(()))
    }
}

impl<P: Platform, S: AsyncWrite + Unpin> Write for TimedStream<'_, P, S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.marks.write_blocked.store(written.is_pending(), Relaxed);
        let written = ready!(written)?;
        self.dirty = true;
        // What is shared is written in pieces that need not be the request's.
        if !self.marks.shared {
            self.note_sent();
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        if self.dirty {
            self.marks.write_blocked.store(flushed.is_pending(), Relaxed);
        }
        ready!(flushed)?;
        if self.dirty {
            self.dirty = false;
            self.note_sent();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(feature = "http2")]
impl<P: Platform, S: AsyncRead + Unpin> AsyncRead for TimedStream<'_, P, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
        Poll::Ready(self.note_read(result, buffer.filled().len() == before))
    }
}

#[cfg(feature = "http2")]
impl<P: Platform, S: AsyncWrite + Unpin> AsyncWrite for TimedStream<'_, P, S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Write::poll_write(self, context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Write::poll_flush(self, context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Write::poll_shutdown(self, context)
    }
}
