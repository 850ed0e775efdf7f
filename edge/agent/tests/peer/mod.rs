//! A peer that does exactly what a test says, and what the tests of several check types ask of a sight.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "each test takes what it needs"
)]

pub mod certificate;

use certificate::{Authority, Chain};
use edgewatch_agent::{NativePlatform, run_check};
use edgewatch_protocol::{
    assertion::Assertion,
    check::Check,
    facts::{Facts, ReplyFacts},
    observation::{Outcome, Sight},
    phase::{NotMeasurable, Phase, PhaseTime},
    reason::Reason,
};
use serde_json::Value;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::sleep,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

pub const NOT_APPLICABLE: PhaseTime = PhaseTime::NotMeasurable(NotMeasurable::NotApplicable);

/// How far a measured time may be from what the peer did, in microseconds.
const TOLERANCE_US: u32 = 20_000;

/// What a peer does with a connection, step by step; then it hangs up.
#[derive(Clone)]
pub enum Step {
    /// Reads until these bytes have come.
    Expect(&'static [u8]),
    /// Sends bytes.
    Send(Vec<u8>),
    /// Waits so many milliseconds.
    Wait(u64),
    /// Shakes hands as a TLS server.
    Tls,
    /// Hangs up hard.
    Reset,
}

pub fn expect(text: &'static str) -> Step {
    Step::Expect(text.as_bytes())
}

pub fn send(bytes: impl AsRef<[u8]>) -> Step {
    Step::Send(bytes.as_ref().to_vec())
}

/// What came of a connection, told by the peer.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// All that was said to it.
    pub text: String,
    /// The name that was asked for (SNI).
    pub server_name: Option<String>,
    /// The protocol that was agreed on (ALPN).
    pub alpn: Option<String>,
    /// Whether it was left with a closed connection and not with a reset.
    pub is_closed_well: bool,
}

pub struct Peer {
    pub port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
    task: JoinHandle<()>,
}

impl Peer {
    pub async fn start(steps: Vec<Step>) -> Self {
        Self::with_chain(steps, None, &[]).await
    }

    pub async fn with_chain(steps: Vec<Step>, chain: Option<&Chain>, alpn: &[&str]) -> Self {
        let acceptor = chain.map(|chain| TlsAcceptor::from(Arc::new(chain.server_config(alpn))));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let told = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (steps, acceptor, told) = (steps.clone(), acceptor.clone(), Arc::clone(&told));
                tokio::spawn(async move {
                    let heard = play(stream, &steps, acceptor.as_ref()).await;
                    told.lock().unwrap().push(heard);
                });
            }
        });
        Self { port, heard, task }
    }

    /// What the first connection was told.
    pub async fn heard(&self) -> Heard {
        for _ in 0..200 {
            if let Some(heard) = self.heard.lock().unwrap().first() {
                return heard.clone();
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("no connection has ended");
    }

    /// Stops listening; the port is closed afterwards.
    pub async fn stop(mut self) -> u16 {
        self.task.abort();
        let _ = (&mut self.task).await;
        self.port
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

enum Connection {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

async fn play(stream: TcpStream, steps: &[Step], acceptor: Option<&TlsAcceptor>) -> Heard {
    let mut heard = Heard::default();
    let mut bytes = Vec::new();
    let mut connection = Connection::Plain(stream);
    let mut from = 0;
    for step in steps {
        match step {
            Step::Expect(wanted) => loop {
                if let Some(at) = bytes[from..].windows(wanted.len()).position(|w| w == *wanted) {
                    from += at + wanted.len();
                    break;
                }
                if !connection.read(&mut bytes).await.is_ok_and(|length| length > 0) {
                    break;
                }
            },
            Step::Send(out) => connection.write(out).await,
            Step::Wait(ms) => sleep(Duration::from_millis(*ms)).await,
            Step::Tls => {
                let Connection::Plain(stream) = connection else {
                    panic!("TLS within TLS");
                };
                let Ok(stream) = acceptor.expect("a chain").accept(stream).await else {
                    return heard;
                };
                let session = stream.get_ref().1;
                heard.server_name = session.server_name().map(str::to_owned);
                heard.alpn = session
                    .alpn_protocol()
                    .map(|name| String::from_utf8_lossy(name).into_owned());
                connection = Connection::Tls(Box::new(stream));
            }
            Step::Reset => {
                connection.reset();
                return heard;
            }
        }
    }
    connection.shut_down().await;
    heard.is_closed_well = loop {
        match connection.read(&mut bytes).await {
            Ok(0) => break true,
            Ok(_) => {}
            Err(_) => break false,
        }
    };
    heard.text = String::from_utf8_lossy(&bytes).into_owned();
    heard
}

impl Connection {
    async fn read(&mut self, bytes: &mut Vec<u8>) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read_buf(bytes).await,
            Self::Tls(stream) => stream.read_buf(bytes).await,
        }
    }

    async fn write(&mut self, bytes: &[u8]) {
        let _ = match self {
            Self::Plain(stream) => stream.write_all(bytes).await,
            Self::Tls(stream) => match stream.write_all(bytes).await {
                Ok(()) => stream.flush().await,
                failed => failed,
            },
        };
    }

    async fn shut_down(&mut self) {
        let _ = match self {
            Self::Plain(stream) => stream.shutdown().await,
            Self::Tls(stream) => stream.shutdown().await,
        };
    }

    #[allow(deprecated, reason = "an immediate reset is what is wanted here")]
    fn reset(self) {
        let stream = match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.into_inner().0,
        };
        let _ = stream.set_linger(Some(Duration::ZERO));
    }
}

/// A check, written as users write it.
pub fn check(json: &Value) -> Check {
    let check: Check = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(edgewatch_core::check::validate(&check), [], "{json}");
    check
}

pub async fn see(json: &Value) -> Sight {
    see_within(json, 2000).await
}

pub async fn see_within(json: &Value, timeout_ms: u32) -> Sight {
    run_check(&check(json), timeout_ms, &NativePlatform::unrestricted()).await
}

pub async fn see_trusting(authority: &Authority, json: &Value) -> Sight {
    let platform = NativePlatform::unrestricted().with_extra_roots(vec![authority.root_der()]);
    run_check(&check(json), 2000, &platform).await
}

/// With a platform whose policy forbids everything.
pub async fn see_forbidden(json: &Value) -> Sight {
    let platform = NativePlatform::new(Arc::new(|address| Err(format!("{address} is not to be dialled"))));
    run_check(&check(json), 2000, &platform).await
}

pub fn down(reason: Reason, phase: Phase) -> Outcome {
    let phase = Some(phase);
    Outcome::Down { reason, phase }
}

pub fn by_assertion() -> Outcome {
    Outcome::Down {
        reason: Reason::AssertionFailed,
        phase: None,
    }
}

pub fn assertions(json: Value) -> Vec<Assertion> {
    serde_json::from_value(json).unwrap()
}

pub fn reply(sight: &Sight) -> &ReplyFacts {
    match &sight.facts {
        Some(Facts::Reply(reply)) => reply,
        other => panic!("{other:?} is no reply"),
    }
}

/// A time-out of `ms` in this phase, not much later than that.
pub fn assert_ran_out(sight: &Sight, phase: Phase, ms: u32) {
    assert_eq!(sight.outcome, down(Reason::Timeout, phase), "{sight:?}");
    assert!(
        (ms * 1000 - 1000..ms * 1000 + 700_000).contains(&sight.total_us),
        "{sight:?}"
    );
    assert_eq!(sight.phases.get(phase), PhaseTime::NotReached, "{sight:?}");
    assert!(
        sight
            .message
            .as_ref()
            .unwrap()
            .contains(&format!("within {ms} ms")),
        "{sight:?}"
    );
}

/// Whether a time is about what the peer did.
pub fn about(time: PhaseTime, ms: u32) -> Result<(), String> {
    let us = time
        .measured_us()
        .ok_or_else(|| format!("{time:?} is not measured"))?;
    let wanted = ms * 1000;
    if us + 1_000 >= wanted && us <= wanted + TOLERANCE_US {
        return Ok(());
    }
    Err(format!("{us} µs is not about {ms} ms"))
}

/// Looks up to five times, for a machine that is busy with something else stretches every time.
pub async fn steadily(look: impl AsyncFn() -> Result<(), String>) {
    let mut found = Ok(());
    for _ in 0..5 {
        found = look().await;
        if found.is_ok() {
            return;
        }
    }
    found.unwrap();
}
