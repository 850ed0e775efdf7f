//! One HTTP/2 exchange (RFC 9113) on a connection of its own, its phases timed separately: the request until its last
//! byte is written, the first byte until the answer's head is there.

use crate::{
    attempt::{deadline::Deadline, stop::Stop},
    http_client::{
        exchange::{Head, Moments, Received},
        timed_stream::{Marks, TimedStream},
    },
    platform::Platform,
    tls::TlsFailure,
};
use edgewatch_protocol::{
    phase::{Phase, PhaseTimes},
    reason::Reason,
};
use futures::future::{Either, select};
use h2::{RecvStream, SendStream, client};
use http::Request;
use hyper::body::Bytes;
use std::{
    future::{pending, poll_fn},
    pin::pin,
};
use tokio::io::{AsyncRead, AsyncWrite};

/// How much of a body may be under way before it is taken, in bytes; so that its time is the server's and not that of
/// many round trips.
const WINDOW_BYTES: u32 = 1 << 20;
/// The largest head of an answer, in bytes.
const MAX_HEAD_BYTES: u32 = 256 << 10;

/// Sends a request with an absolute URI and receives the answer. `wants_body` is asked at the head of the answer;
/// without the body the exchange ends there.
pub async fn exchange<P: Platform, S: AsyncRead + AsyncWrite + Unpin>(
    platform: &P,
    deadline: &Deadline,
    stream: S,
    request: Request<Vec<u8>>,
    wants_body: impl Fn(&Head) -> bool,
    received: &mut Received,
    phases: &mut PhaseTimes,
) -> Result<(), Stop> {
    let marks = Marks::of_shared_connection();
    let start_us = platform.monotonic_us();
    let mut head_us = None;
    let both = async {
        let stream = TimedStream::new(platform, &marks, stream);
        let (sender, connection) = client::Builder::new()
            .enable_push(false)
            .initial_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .max_header_list_size(MAX_HEAD_BYTES)
            .handshake::<_, Bytes>(stream)
            .await
            .map_err(Broken::H2)?;
        let note_head = || head_us = Some(platform.monotonic_us());
        let receive = pin!(receive(sender, request, &marks, wants_body, note_head, received));
        match select(receive, pin!(connection)).await {
            Either::Left((result, _)) => result,
            // Whatever ended the connection, the exchange was told.
            Either::Right((_, receive)) => receive.await,
        }
    };
    let result = deadline.within(platform, both).await;
    let moments = Moments {
        start_us,
        // A peer may answer before it has read the whole request; what it did not take is not waited for.
        sent_us: marks.sent_us().or(head_us),
        first_byte_us: head_us,
        end_us: platform.monotonic_us(),
    };
    moments.note(matches!(result, Some(Ok(()))), received, phases);
    let reached = moments.reached(received);
    match result {
        None => Err(deadline.ran_out(reached)),
        Some(Ok(())) => Ok(()),
        Some(Err(broken)) => Err(broken.into_stop(reached, marks.tls_failure())),
    }
}

async fn receive(
    sender: client::SendRequest<Bytes>,
    request: Request<Vec<u8>>,
    marks: &Marks,
    wants_body: impl Fn(&Head) -> bool,
    note_head: impl FnOnce(),
    received: &mut Received,
) -> Result<(), Broken> {
    let method = request.method().clone();
    let (parts, body) = request.into_parts();
    let mut sender = sender.ready().await.map_err(Broken::H2)?;
    let sent = sender.send_request(Request::from_parts(parts, ()), body.is_empty());
    let (response, body_sender) = sent.map_err(Broken::H2)?;
    let send_body = async {
        // A peer that wants no more of the body says so, and answers all the same.
        let _ = send_body(body_sender, body.into()).await;
        marks.hand_over();
        pending::<()>().await;
    };
    let answer = async {
        let response = response.await.map_err(Broken::H2)?;
        note_head();
        let (parts, mut body) = response.into_parts();
        if !wants_body(received.begin(parts)) {
            return Ok(());
        }
        received.admit_body(&method).map_err(Broken::TooLarge)?;
        receive_body(&mut body, received).await
    };
    match select(pin!(answer), pin!(send_body)).await {
        Either::Left((result, _)) => result,
        Either::Right(((), answer)) => answer.await,
    }
}

async fn send_body(mut sender: SendStream<Bytes>, mut body: Bytes) -> Result<(), h2::Error> {
    while !body.is_empty() {
        sender.reserve_capacity(body.len());
        let Some(granted) = poll_fn(|context| sender.poll_capacity(context)).await else {
            return Ok(());
        };
        let piece = body.split_to(granted?.min(body.len()));
        sender.send_data(piece, body.is_empty())?;
    }
    Ok(())
}

async fn receive_body(body: &mut RecvStream, received: &mut Received) -> Result<(), Broken> {
    while let Some(piece) = body.data().await {
        let piece = piece.map_err(Broken::H2)?;
        received.body.push(&piece).map_err(Broken::TooLarge)?;
        let released = body.flow_control().release_capacity(piece.len());
        released.map_err(Broken::H2)?;
    }
    received.trailers = body.trailers().await.map_err(Broken::H2)?;
    received.body.finish();
    Ok(())
}

/// Why no whole answer came.
enum Broken {
    H2(h2::Error),
    TooLarge(u64),
}

impl Broken {
    fn into_stop(self, phase: Phase, tls_failure: Option<&TlsFailure>) -> Stop {
        let error = match self {
            Self::TooLarge(max_bytes) => return Stop::body_too_large(max_bytes),
            Self::H2(error) => error,
        };
        if let Some(failure) = tls_failure {
            // In TLS 1.3 the peer's alert, such as for a missing client certificate, comes after the handshake.
            return Stop::down(failure.reason, Phase::Tls, failure.message.clone());
        }
        match error.reason() {
            Some(reason) if error.is_remote() => {
                let what = if error.is_go_away() {
                    "connection"
                } else {
                    "request"
                };
                let message = format!(
                    "the peer refused the {what}: {reason:?} ({})",
                    reason.description()
                );
                Stop::down(Reason::ConnectionReset, phase, message)
            }
            Some(_) => Stop::down(
                Reason::ProtocolError,
                phase,
                format!("the peer does not speak HTTP/2: {error}"),
            ),
            None => {
                let message = match phase {
                    Phase::Request | Phase::Ttfb => "the peer closed the connection before it answered",
                    _ => "the peer closed the connection before the response was complete",
                };
                Stop::down(Reason::ConnectionReset, phase, message)
            }
        }
    }
}
