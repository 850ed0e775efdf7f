//! A stream that notes when a request was out and when the first byte of the answer came.

use crate::platform::Platform;
use hyper::rt::{Read, ReadBufCursor, Write};
use std::{
    io,
    pin::Pin,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
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
}

impl Marks {
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
        if self.marks.first_byte_us().is_none() {
            self.marks
                .sent_us
                .store(self.platform.monotonic_us().max(1), Relaxed);
        }
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
        match ready!(Pin::new(&mut this.stream).poll_read(context, &mut chunk)) {
            Ok(()) => {}
            // A TLS peer that hangs up without saying good-bye: whether the answer was complete is seen by its framing.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {}
            Err(error) => return Poll::Ready(Err(error)),
        }
        if !chunk.filled().is_empty() && this.marks.first_byte_us().is_none() {
            let now_us = this.platform.monotonic_us().max(1);
            this.marks.first_byte_us.store(now_us, Relaxed);
        }
        buffer.put_slice(chunk.filled());
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
        self.note_sent();
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
