//! One HTTP/1.1 exchange (RFC 9112) over a connected stream, its phases timed separately.

use crate::{
    attempt::{deadline::Deadline, stop::Stop},
    http_client::{
        body::ReceivedBody,
        timed_stream::{Marks, TimedStream},
    },
    platform::Platform,
    tls::{TlsFailure, rustls_error},
};
use edgewatch_protocol::{
    phase::{NotMeasurable, Phase, PhaseTime, PhaseTimes},
    reason::Reason,
};
use futures::future::{Either, select};
use http::{HeaderMap, Method, Request, StatusCode, Version, header::CONTENT_LENGTH};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Bytes, client::conn::http1};
use std::{error::Error as _, io, pin::pin};
use tokio::io::{AsyncRead, AsyncWrite};

/// The head of a response.
#[derive(Clone, Debug)]
pub struct Head {
    /// Status.
    pub status: StatusCode,
    /// Version of the protocol.
    pub version: Version,
    /// Fields.
    pub headers: HeaderMap,
}

/// What came of an exchange; filled as far as it got, also when it failed.
pub struct Received {
    /// The response's head, once it was there.
    pub head: Option<Head>,
    /// The response's body.
    pub body: ReceivedBody,
    /// The fields after the body, if any came.
    pub trailers: Option<HeaderMap>,
}

impl Received {
    /// Nothing yet.
    pub fn new(body: ReceivedBody) -> Self {
        Self {
            head: None,
            body,
            trailers: None,
        }
    }

    /// Takes the response's head.
    pub(super) fn begin(&mut self, parts: http::response::Parts) -> &Head {
        self.head.insert(Head {
            status: parts.status,
            version: parts.version,
            headers: parts.headers,
        })
    }

    /// Whether the body may come.
    ///
    /// # Errors
    /// With the bound, when the body is announced to be larger. The answer to `HEAD` announces one that never comes.
    pub(super) fn admit_body(&self, request_method: &Method) -> Result<(), u64> {
        let announced = self
            .head
            .as_ref()
            .and_then(|head| head.headers.get(CONTENT_LENGTH))
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let max_bytes = self.body.max_bytes();
        if request_method != Method::HEAD && announced.is_some_and(|length| length > max_bytes) {
            return Err(max_bytes);
        }
        Ok(())
    }
}

/// When the parts of an exchange happened, microseconds of [`Platform::monotonic_us`].
#[allow(clippy::struct_field_names, reason = "units stand in names")]
pub(super) struct Moments {
    pub(super) start_us: u64,
    pub(super) sent_us: Option<u64>,
    pub(super) first_byte_us: Option<u64>,
    pub(super) end_us: u64,
}

impl Moments {
    /// Notes the phases that were completed. `ended_well` says that nothing broke and time did not run out.
    pub(super) fn note(&self, ended_well: bool, received: &Received, phases: &mut PhaseTimes) {
        let us =
            |from: u64, to: u64| PhaseTime::Measured(to.saturating_sub(from).try_into().unwrap_or(u32::MAX));
        let Some(sent_us) = self.sent_us else {
            return;
        };
        phases.request = us(self.start_us, sent_us);
        // The beginning of a head is not an answer yet: its time belongs to a phase that was not completed.
        if let (Some(first_byte_us), Some(_)) = (self.first_byte_us, &received.head) {
            phases.ttfb = us(sent_us, first_byte_us);
            if ended_well {
                phases.body = if received.body.is_complete() {
                    us(first_byte_us, self.end_us)
                } else {
                    PhaseTime::NotMeasurable(NotMeasurable::NotApplicable)
                };
            }
        }
    }

    /// The phase that was reached.
    pub(super) fn reached(&self, received: &Received) -> Phase {
        match (self.sent_us, self.first_byte_us, &received.head) {
            (_, Some(_), Some(_)) => Phase::Body,
            (None, None, _) => Phase::Request,
            // Also for a peer that speaks before it was asked.
            _ => Phase::Ttfb,
        }
    }
}

/// Sends a request in origin form and receives the answer. `wants_body` is asked at the head of the answer; without
/// the body the exchange ends there.
pub async fn exchange<P: Platform, S: AsyncRead + AsyncWrite + Unpin>(
    platform: &P,
    deadline: &Deadline,
    stream: S,
    request: Request<Full<Bytes>>,
    wants_body: impl Fn(&Head) -> bool,
    received: &mut Received,
    phases: &mut PhaseTimes,
) -> Result<(), Stop> {
    let marks = Marks::default();
    let start_us = platform.monotonic_us();
    let handshake = http1::Builder::new()
        // RFC 9112, 5.2: a user agent takes a folded field as one line.
        .allow_obsolete_multiline_headers_in_responses(true)
        .handshake(TimedStream::new(platform, &marks, stream));
    let result = match handshake.await {
        Ok((mut sender, connection)) => {
            let receive = pin!(receive(&mut sender, request, wants_body, received));
            let connection = pin!(connection);
            let both = async {
                match select(receive, connection).await {
                    Either::Left((result, _)) => result,
                    // The connection has nothing more to do; what it received is still to be taken.
                    Either::Right((_, receive)) => receive.await,
                }
            };
            deadline.within(platform, both).await
        }
        Err(error) => Some(Err(Broken::Hyper(error))),
    };
    let end_us = platform.monotonic_us();

    let first_byte_us = marks.first_byte_us();
    let moments = Moments {
        start_us,
        // A peer may answer before it has read the whole request; what it did not take is not waited for.
        sent_us: marks.sent_us().or(received.head.as_ref().and(first_byte_us)),
        first_byte_us,
        end_us,
    };
    moments.note(matches!(result, Some(Ok(()))), received, phases);
    let reached = moments.reached(received);
    match result {
        None => Err(deadline.ran_out(reached)),
        Some(Ok(())) => Ok(()),
        Some(Err(broken)) => {
            let spoke_first = moments.sent_us.is_none() && first_byte_us.is_some();
            Err(broken.into_stop(reached, spoke_first))
        }
    }
}

/// Why no whole answer came.
enum Broken {
    Hyper(hyper::Error),
    TooLarge(u64),
}

async fn receive(
    sender: &mut http1::SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
    wants_body: impl Fn(&Head) -> bool,
    received: &mut Received,
) -> Result<(), Broken> {
    let method = request.method().clone();
    let response = sender.send_request(request).await.map_err(Broken::Hyper)?;
    let (parts, mut body) = response.into_parts();
    if !wants_body(received.begin(parts)) {
        return Ok(());
    }
    received.admit_body(&method).map_err(Broken::TooLarge)?;
    while let Some(frame) = body.frame().await {
        if let Ok(piece) = frame.map_err(Broken::Hyper)?.into_data() {
            received.body.push(&piece).map_err(Broken::TooLarge)?;
        }
    }
    received.body.finish();
    Ok(())
}

impl Broken {
    fn into_stop(self, phase: Phase, spoke_first: bool) -> Stop {
        let error = match self {
            Self::TooLarge(max_bytes) => return Stop::body_too_large(max_bytes),
            Self::Hyper(error) => error,
        };
        let io = error
            .source()
            .and_then(|source| source.downcast_ref::<io::Error>());
        if let Some(failure) = io.filter(|io| rustls_error(io).is_some()).map(TlsFailure::of_io) {
            // In TLS 1.3 the peer's alert, such as for a missing client certificate, comes after the handshake.
            return Stop::down(failure.reason, Phase::Tls, failure.message);
        }
        // What cannot be parsed in a body (a chunk without a length) comes as one of these two kinds.
        let is_body_malformed = io.is_some_and(|io| {
            matches!(
                io.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData
            )
        });
        if error.is_parse() || is_body_malformed {
            let what = error.to_string();
            return Stop::down(
                Reason::HttpMalformed,
                phase,
                format!("the answer is not HTTP/1.1: {what}"),
            );
        }
        if spoke_first {
            let message = "the peer does not speak HTTP/1.1: it spoke before it was asked";
            return Stop::down(Reason::HttpMalformed, phase, message);
        }
        let message = match phase {
            Phase::Request | Phase::Ttfb => "the peer closed the connection before it answered",
            _ => "the peer closed the connection before the response was complete",
        };
        Stop::down(Reason::ConnectionReset, phase, message)
    }
}
