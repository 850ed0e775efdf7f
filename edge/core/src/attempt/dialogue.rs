//! Saying something on a connection and listening to what comes back, with the phases `request`, `ttfb` and `body` timed
//! on the way.

use crate::{
    attempt::{
        deadline::{Deadline, within},
        progress::NOT_APPLICABLE,
        stop::Stop,
    },
    platform::Platform,
    tls::{TlsFailure, rustls_error},
};
use edgewatch_protocol::{
    phase::{Phase, PhaseTime, PhaseTimes},
    reason::Reason,
};
use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Poll, ready},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most that is heard in one dialogue, in bytes.
pub const MAX_HEARD_BYTES: usize = 64 << 10;

/// How long taking leave may take. The check is over by then.
const LEAVE: Duration = Duration::from_millis(250);

/// Bytes read at a time.
const CHUNK_BYTES: usize = 2 << 10;

/// What came of listening for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The peer said something more.
    More,
    /// The peer closed the connection.
    End,
    /// The while is over.
    Nothing,
}

/// A conversation over a connected stream.
pub struct Dialogue<'a, P, S> {
    platform: &'a P,
    deadline: Deadline,
    phases: &'a mut PhaseTimes,
    stream: S,
    /// What the peer said and nobody has taken yet.
    heard: Vec<u8>,
    heard_bytes: u64,
    /// Since when the phase under way lasts.
    since_us: u64,
}

impl<'a, P: Platform, S: AsyncRead + AsyncWrite + Unpin> Dialogue<'a, P, S> {
    /// Begins on a connection that is ready. Phases are timed from here on.
    pub fn begin(platform: &'a P, deadline: &Deadline, phases: &'a mut PhaseTimes, stream: S) -> Self {
        Self {
            platform,
            deadline: *deadline,
            phases,
            stream,
            heard: Vec::new(),
            heard_bytes: 0,
            since_us: platform.monotonic_us(),
        }
    }

    /// The phase under way.
    pub fn phase(&self) -> Phase {
        if self.phases.ttfb != PhaseTime::NotReached {
            Phase::Body
        } else if self.phases.request != PhaseTime::NotReached {
            Phase::Ttfb
        } else {
            Phase::Request
        }
    }

    /// Ends the phase under way: its time lasts until now.
    fn end_phase(&mut self) {
        let now_us = self.platform.monotonic_us();
        let us = now_us.saturating_sub(self.since_us);
        let phase = self.phase();
        self.phases
            .set(phase, PhaseTime::Measured(us.try_into().unwrap_or(u32::MAX)));
        self.since_us = now_us;
    }

    /// The peer speaks first: there is no request.
    pub fn expect_greeting(&mut self) {
        self.phases.request = NOT_APPLICABLE;
    }

    /// Nothing is waited for.
    pub fn expect_nothing(&mut self) {
        self.phases.ttfb = NOT_APPLICABLE;
        self.phases.body = NOT_APPLICABLE;
    }

    /// The reply is complete.
    pub fn finish(&mut self) {
        self.end_phase();
    }

    /// Says something; the first time that is the request.
    pub async fn say(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let phase = self.phase();
        let said = self
            .deadline
            .within(self.platform, write_all(&mut self.stream, bytes))
            .await
            .ok_or_else(|| self.deadline.ran_out(phase))?;
        said.map_err(|error| self.broke(&error))?;
        if phase == Phase::Request {
            self.end_phase();
        }
        Ok(())
    }

    /// Listens for a while.
    pub async fn hear(&mut self, patience: Duration) -> Result<Heard, Stop> {
        let read = read_some(&mut self.stream, &mut self.heard);
        let patience = patience.min(self.deadline.left(self.platform));
        let length = match within(self.platform, patience, read).await {
            None => return Ok(Heard::Nothing),
            Some(Ok(length)) => length,
            // A TLS peer that hangs up without saying good-bye.
            Some(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
            Some(Err(error)) => return Err(self.broke(&error)),
        };
        if length == 0 {
            return Ok(Heard::End);
        }
        if self.phase() == Phase::Ttfb {
            self.end_phase();
        }
        self.heard_bytes += length as u64;
        Ok(Heard::More)
    }

    /// Listens until the peer says something more. One that closes the connection instead, or lets the time run out, has
    /// failed.
    pub async fn listen(&mut self) -> Result<(), Stop> {
        match self.hear(Duration::MAX).await? {
            Heard::More => Ok(()),
            Heard::End => Err(self.closed()),
            Heard::Nothing => Err(self.deadline.ran_out(self.phase())),
        }
    }

    /// What the peer said and nobody has taken yet.
    pub fn heard(&self) -> &[u8] {
        &self.heard
    }

    /// How much the peer said in all.
    pub fn heard_bytes(&self) -> u64 {
        self.heard_bytes
    }

    /// Takes the first bytes of what was heard.
    pub fn take(&mut self, length: usize) -> Vec<u8> {
        let rest = self.heard.split_off(length.min(self.heard.len()));
        std::mem::replace(&mut self.heard, rest)
    }

    /// A line without its end, and without what cannot be shown. `None` when there is no end within a bound.
    pub async fn line(&mut self) -> Result<Option<String>, Stop> {
        const MAX_LINE_BYTES: usize = 4 << 10;
        loop {
            if let Some(end) = self.heard.iter().position(|&byte| byte == b'\n') {
                let line = self.take(end + 1);
                return Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()));
            }
            if self.heard.len() > MAX_LINE_BYTES {
                return Ok(None);
            }
            self.listen().await?;
        }
    }

    /// The peer closed the connection too early.
    pub fn closed(&self) -> Stop {
        let message = match self.phase() {
            Phase::Body => "the peer closed the connection before its reply was complete",
            _ => "the peer closed the connection before it answered",
        };
        Stop::down(Reason::ConnectionReset, self.phase(), message)
    }

    /// The peer does not speak the protocol, or says in it that it cannot serve.
    pub fn protocol_error(&self, message: impl Into<String>) -> Stop {
        Stop::down(Reason::ProtocolError, self.phase(), message)
    }

    fn broke(&self, error: &io::Error) -> Stop {
        if rustls_error(error).is_some() {
            // In TLS 1.3 the peer's alert, such as for a missing client certificate, comes after the handshake.
            let failure = TlsFailure::of_io(error);
            return Stop::down(failure.reason, Phase::Tls, failure.message);
        }
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::WriteZero => {
                self.closed()
            }
            kind => {
                let message = match kind {
                    io::ErrorKind::ConnectionReset => "the peer reset the connection".to_owned(),
                    _ => format!("the connection broke: {error}"),
                };
                Stop::down(Reason::ConnectionReset, self.phase(), message)
            }
        }
    }

    /// The stream, and what the peer said and nobody has taken.
    pub fn into_parts(self) -> (S, Vec<u8>) {
        (self.stream, self.heard)
    }
}

/// Takes leave on a connection: says something, hears what the peer has still to say, and closes. Whatever becomes of it
/// is of no consequence, and it takes no more than a moment.
pub async fn take_leave<P: Platform, S: AsyncRead + AsyncWrite + Unpin>(
    platform: &P,
    deadline: &Deadline,
    mut stream: S,
    farewell: &[u8],
) {
    let leave = async {
        let mut last_words = Vec::new();
        write_all(&mut stream, farewell).await?;
        poll_fn(|context| Pin::new(&mut stream).poll_shutdown(context)).await?;
        // Closing before the peer's last words have come would answer them with a reset.
        while read_some(&mut stream, &mut last_words).await? > 0 {
            last_words.clear();
        }
        io::Result::Ok(())
    };
    let _ = within(platform, LEAVE.min(deadline.left(platform)), leave).await;
}

async fn write_all<S: AsyncWrite + Unpin>(stream: &mut S, mut bytes: &[u8]) -> io::Result<()> {
    poll_fn(|context| {
        while !bytes.is_empty() {
            let written = ready!(Pin::new(&mut *stream).poll_write(context, bytes))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            bytes = &bytes[written..];
        }
        Pin::new(&mut *stream).poll_flush(context)
    })
    .await
}

/// Appends what comes next; how much that was.
async fn read_some<S: AsyncRead + Unpin>(stream: &mut S, bytes: &mut Vec<u8>) -> io::Result<usize> {
    poll_fn(|context| {
        // On the stack of one poll: whoever waits holds no buffer.
        let mut chunk = [0; CHUNK_BYTES];
        let mut buffer = ReadBuf::new(&mut chunk);
        ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
        bytes.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    })
    .await
}
