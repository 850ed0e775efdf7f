//! One attempt of a WebSocket check.

use crate::{
    assertion::Evidence,
    attempt::{
        connect::{ConnectError, Connection, Endpoint, Security, connect_own},
        dialogue::{Dialogue, MAX_HEARD_BYTES, take_leave},
        excerpt::{clip, excerpt, mask},
        judge::{Judgement, judge},
        progress::{Progress, reply_facts},
        stop::Stop,
    },
    check::{
        tcp::on_reply,
        unsupported,
        websocket::{
            frame::{FrameFault, MAX_MESSAGE_BYTES, Opcode, read_frame, write_frame},
            handshake::{Handshake, Response, read_response},
        },
    },
    engine::Engine,
    platform::Platform,
    tls::Verification,
    validate::payload_bytes,
};
use edgewatch_protocol::{
    check::{WebSocketCheck, shared::Payload},
    observation::{HttpFacts, Sight},
    reason::Reason,
};

/// The most of a server's words that a message shows, in bytes.
const MAX_SHOWN_BYTES: usize = 200;

/// What the server answered, as far as it came.
#[derive(Default)]
struct Answer {
    head: Option<Response>,
    /// What came after a head that did not grant the upgrade.
    body: Vec<u8>,
    message: Option<Vec<u8>>,
}

/// Makes one attempt.
pub async fn run<P: Platform>(engine: &Engine<'_, P>, check: &WebSocketCheck, timeout_ms: u32) -> Sight {
    let platform = engine.platform;
    let mut key = [0; 16];
    platform.fill_random(&mut key);
    let handshake = match Handshake::new(check, key) {
        Ok(handshake) => handshake,
        Err(message) => return unsupported(&message),
    };
    let payload = match check.send.as_ref().map(payload_bytes).transpose() {
        Ok(payload) => payload,
        Err(detail) => return unsupported(&format!("what the check sends {detail}")),
    };
    let Some(endpoint) = Endpoint::of_url(&handshake.url, check.ip_version) else {
        return unsupported("the URL has no host or no port");
    };
    let mut progress = Progress::begin(platform, timeout_ms);
    let mut answer = Answer::default();
    let talk = Talk {
        engine,
        check,
        handshake: &handshake,
        payload: payload.as_deref(),
    };
    let ended = talk.run(&endpoint, &mut progress, &mut answer).await;
    let total_us = progress.total_us(platform);
    let reply = answer.message.as_deref().map(String::from_utf8_lossy);
    let judgement = match ended {
        Ok(connection) => {
            let farewell = masked(platform, Opcode::Close, &1000_u16.to_be_bytes());
            take_leave(platform, &progress.deadline, connection, &farewell).await;
            let evidence = Evidence {
                headers: answer.head.as_ref().map(|head| &head.headers),
                certificate: progress.connection.certificate(),
                reply: reply.as_deref(),
                ..Evidence::at(platform.now_ms(), total_us)
            };
            judge(&check.assertions, &evidence)
        }
        Err(error) => Judgement::stopped(error.into_stop()),
    };
    let facts = answer
        .message
        .as_deref()
        .map(|message| reply_facts(message, message.len() as u64));
    let http = answer.head.as_ref().map(|head| HttpFacts {
        status: Some(head.status.as_u16()),
        protocol: Some("HTTP/1.1".to_owned()),
        body_bytes: answer.body.len() as u64,
        excerpt: excerpt(&answer.body),
        ..HttpFacts::default()
    });
    Sight {
        http,
        ..progress.into_sight(total_us, judgement, facts)
    }
}

/// A frame with a mask of its own.
fn masked(platform: &impl Platform, opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut mask = [0; 4];
    platform.fill_random(&mut mask);
    write_frame(opcode, payload, mask)
}

/// What is said in an attempt.
struct Talk<'a, P> {
    engine: &'a Engine<'a, P>,
    check: &'a WebSocketCheck,
    handshake: &'a Handshake,
    payload: Option<&'a [u8]>,
}

impl<P: Platform> Talk<'_, P> {
    /// Connects, upgrades and talks, up to the point at which only leave is to be taken.
    async fn run(
        &self,
        endpoint: &Endpoint,
        progress: &mut Progress,
        answer: &mut Answer,
    ) -> Result<Connection<P::Stream>, ConnectError> {
        let Progress {
            deadline,
            phases,
            connection: facts,
            ..
        } = progress;
        let security = (self.handshake.url.scheme() == "https").then(|| Security {
            verification: Verification::unless(self.check.accept_any_certificate),
            ..Security::to(endpoint)
        });
        let connection = connect_own(self.engine, deadline, endpoint, security, phases, facts).await?;
        let mut dialogue = Dialogue::begin(self.engine.platform, deadline, phases, connection);
        dialogue.say(&self.handshake.request).await?;
        let granted = self.upgrade(&mut dialogue, answer).await;
        if let Err(stop) = granted {
            answer.body = dialogue.into_parts().1;
            return Err(stop.into());
        }
        if let Some(payload) = self.payload {
            let opcode = match self.check.send {
                Some(Payload::Hex(_)) => Opcode::Binary,
                _ => Opcode::Text,
            };
            let frame = masked(self.engine.platform, opcode, payload);
            dialogue.say(&frame).await?;
        }
        if on_reply(&self.check.assertions).next().is_some() {
            answer.message = Some(self.message(&mut dialogue).await?);
        }
        dialogue.finish();
        Ok(dialogue.into_parts().0)
    }

    /// Hears the response to the handshake; whether it is granted.
    async fn upgrade(
        &self,
        dialogue: &mut Dialogue<'_, P, Connection<P::Stream>>,
        answer: &mut Answer,
    ) -> Result<(), Stop> {
        let malformed = |dialogue: &Dialogue<'_, P, _>, what: &str| {
            let message = format!("the answer is not HTTP/1.1: {what}");
            Stop::down(Reason::HttpMalformed, dialogue.phase(), message)
        };
        loop {
            dialogue.listen().await?;
            while let Some((response, taken)) =
                read_response(dialogue.heard()).map_err(|what| malformed(dialogue, &what))?
            {
                dialogue.take(taken);
                let status = response.status.as_u16();
                // Whatever a server has to say on the way to its answer.
                if (100..200).contains(&status) && status != 101 {
                    continue;
                }
                let response = answer.head.insert(response);
                let granted = self
                    .handshake
                    .is_granted(response, self.check.subprotocol.as_deref());
                return granted
                    .map_err(|(reason, message)| Stop::down(reason, dialogue.phase(), shown(&message)));
            }
            if dialogue.heard().len() >= MAX_HEARD_BYTES {
                return Err(malformed(dialogue, "its head does not end"));
            }
        }
    }

    /// Hears the first message.
    async fn message(&self, dialogue: &mut Dialogue<'_, P, Connection<P::Stream>>) -> Result<Vec<u8>, Stop> {
        let too_large = |dialogue: &Dialogue<'_, P, _>| {
            let message = format!("the server's message is larger than {MAX_MESSAGE_BYTES} bytes");
            Stop::down(Reason::BodyTooLarge, dialogue.phase(), message)
        };
        let mut begun: Option<(Opcode, Vec<u8>)> = None;
        loop {
            let frame = match read_frame(dialogue.heard()) {
                Ok(Some((frame, taken))) => {
                    dialogue.take(taken);
                    frame
                }
                Ok(None) => {
                    dialogue.listen().await?;
                    continue;
                }
                Err(FrameFault::TooLarge) => return Err(too_large(dialogue)),
                Err(FrameFault::Malformed(why)) => {
                    return Err(dialogue.protocol_error(format!("the server's frame cannot be: {why}")));
                }
            };
            let is_last = frame.is_last;
            match (frame.opcode, &mut begun) {
                (Opcode::Ping, _) => {
                    let pong = masked(self.engine.platform, Opcode::Pong, &frame.payload);
                    dialogue.say(&pong).await?;
                    continue;
                }
                (Opcode::Pong, _) => continue,
                (Opcode::Close, _) => return Err(closed(dialogue, &frame.payload)),
                (Opcode::Continuation, Some((_, message))) => message.extend_from_slice(&frame.payload),
                (opcode @ (Opcode::Text | Opcode::Binary), None) => begun = Some((opcode, frame.payload)),
                (Opcode::Continuation, None) | (Opcode::Text | Opcode::Binary, Some(_)) => {
                    return Err(dialogue.protocol_error("the server mixes up the parts of its messages"));
                }
            }
            if begun
                .as_ref()
                .is_some_and(|(_, message)| message.len() > MAX_MESSAGE_BYTES)
            {
                return Err(too_large(dialogue));
            }
            if !is_last {
                continue;
            }
            if let Some((opcode, message)) = begun.take() {
                if opcode == Opcode::Text && std::str::from_utf8(&message).is_err() {
                    return Err(dialogue.protocol_error("the server's text message is not UTF-8"));
                }
                return Ok(message);
            }
        }
    }
}

/// The server closed the WebSocket instead of saying something.
fn closed<P: Platform>(dialogue: &Dialogue<'_, P, Connection<P::Stream>>, payload: &[u8]) -> Stop {
    let why = match payload {
        [a, b, reason @ ..] => {
            let code = u16::from_be_bytes([*a, *b]);
            let reason = String::from_utf8_lossy(reason);
            format!(" ({code} {reason})").replace(" )", ")")
        }
        _ => String::new(),
    };
    let message = format!(
        "the server closed the WebSocket before it said anything{}",
        shown(&why)
    );
    Stop::down(Reason::ConnectionReset, dialogue.phase(), message)
}

/// A server's words within a message.
fn shown(text: &str) -> String {
    clip(&mask(text).replace(char::is_control, " "), MAX_SHOWN_BYTES).to_owned()
}
