//! One attempt of a TCP check.

use crate::{
    assertion::{Evidence, evaluate},
    attempt::{
        connect::{ConnectError, Connection, Endpoint, Security, connect_own, connect_tcp},
        dialogue::{Dialogue, Heard, MAX_HEARD_BYTES, take_leave},
        judge::{Judgement, judge},
        progress::{NOT_APPLICABLE, Progress, reply_facts},
        starttls::{farewell, greet, start_tls},
        stop::Stop,
    },
    check::{tcp::on_reply, unsupported},
    engine::Engine,
    platform::Platform,
    tls::Verification,
    validate::payload_bytes,
};
use edgewatch_protocol::{
    assertion::Assertion,
    check::{
        TcpCheck,
        shared::StartTls,
        tcp::{TcpProtocol, TcpSecurity},
    },
    observation::Sight,
};
use std::time::Duration;

/// How often a reply that grows is judged at once.
const EAGER_LOOKS: u32 = 16;
/// How often a reply that grows further is judged: whoever sends a byte at a time must not have each of them judged.
const LOOK_EVERY_US: u64 = 50_000;

/// What the peer said, and how much of it there was.
#[derive(Default)]
struct Reply {
    /// `None` while it has not said anything.
    text: Option<Vec<u8>>,
    bytes: u64,
}

/// Makes one attempt.
pub async fn run<P: Platform>(engine: &Engine<'_, P>, check: &TcpCheck, timeout_ms: u32) -> Sight {
    let Some(endpoint) = Endpoint::of_host(&check.host, check.port, check.ip_version) else {
        return unsupported("the check's host is neither a name nor an address");
    };
    let payload = match check.send.as_ref().map(payload_bytes).transpose() {
        Ok(payload) => payload.unwrap_or_default(),
        Err(detail) => return unsupported(&format!("what the check sends {detail}")),
    };
    let platform = engine.platform;
    let mut progress = Progress::begin(platform, timeout_ms);
    let mut said = Reply::default();
    let ended = talk(engine, check, &endpoint, &payload, &mut progress, &mut said).await;
    let total_us = progress.total_us(platform);
    let reply = said.text.as_deref().map(String::from_utf8_lossy);
    let judgement = match ended {
        Ok(connection) => {
            let words = preset(check.protocol).map_or(&b""[..], farewell);
            take_leave(platform, &progress.deadline, connection, words).await;
            let evidence = Evidence {
                certificate: progress.connection.certificate(),
                reply: reply.as_deref(),
                ..Evidence::at(platform.now_ms(), total_us)
            };
            judge(&check.assertions, &evidence)
        }
        Err(error) => Judgement::stopped(error.into_stop()),
    };
    let facts = said.text.as_deref().map(|text| reply_facts(text, said.bytes));
    progress.into_sight(total_us, judgement, facts)
}

/// The protocol, unless it is whatever the check says.
fn preset(protocol: TcpProtocol) -> Option<StartTls> {
    match protocol {
        TcpProtocol::Raw => None,
        TcpProtocol::Smtp => Some(StartTls::Smtp),
        TcpProtocol::Imap => Some(StartTls::Imap),
        TcpProtocol::Pop3 => Some(StartTls::Pop3),
        TcpProtocol::Postgres => Some(StartTls::Postgres),
    }
}

/// Connects and talks, up to the point at which only leave is to be taken.
async fn talk<P: Platform>(
    engine: &Engine<'_, P>,
    check: &TcpCheck,
    endpoint: &Endpoint,
    payload: &[u8],
    progress: &mut Progress,
    said: &mut Reply,
) -> Result<Connection<P::Stream>, ConnectError> {
    let Progress {
        deadline,
        phases,
        connection: facts,
        ..
    } = progress;
    let protocol = preset(check.protocol);
    let alpn: &[&[u8]] = match protocol {
        // What a server that takes TLS from the first byte on insists on.
        Some(StartTls::Postgres) if check.security == TcpSecurity::Tls => &[b"postgresql"],
        _ => &[],
    };
    let security = Security {
        verification: Verification::unless(check.accept_any_certificate),
        alpn,
        speaks_first: protocol.is_none() && !payload.is_empty(),
        ..Security::to(endpoint)
    };
    let connection = match (protocol, check.security) {
        (Some(protocol), TcpSecurity::StartTls) => {
            let stream = connect_tcp(engine, deadline, endpoint, phases, facts).await?;
            let (connection, greeting) =
                start_tls(engine, deadline, stream, protocol, &security, phases, facts).await?;
            said.set(greeting.text);
            return Ok(connection);
        }
        (_, security_asked) => {
            let security = (security_asked != TcpSecurity::None).then_some(security);
            connect_own(engine, deadline, endpoint, security, phases, facts).await?
        }
    };
    match protocol {
        Some(StartTls::Postgres) if check.security == TcpSecurity::Tls => {
            phases.request = NOT_APPLICABLE;
            phases.ttfb = NOT_APPLICABLE;
            phases.body = NOT_APPLICABLE;
            Ok(connection)
        }
        Some(protocol) => {
            let mut dialogue = Dialogue::begin(engine.platform, deadline, phases, connection);
            let greeting = greet(&mut dialogue, protocol).await?;
            dialogue.finish();
            said.set(greeting.text);
            Ok(dialogue.into_parts().0)
        }
        None => {
            let mut dialogue = Dialogue::begin(engine.platform, deadline, phases, connection);
            let talked = talk_raw(engine.platform, check, payload, &mut dialogue).await;
            said.bytes = dialogue.heard_bytes();
            let (connection, reply) = dialogue.into_parts();
            said.text = (!reply.is_empty()).then_some(reply);
            talked?;
            Ok(connection)
        }
    }
}

impl Reply {
    fn set(&mut self, text: String) {
        self.bytes = text.len() as u64;
        self.text = Some(text.into_bytes());
    }
}

/// Says what is to be said, and listens until the assertions on the reply hold, the peer closes, enough has come, or the
/// time is over. What does not hold by then is judged like any other assertion, unless nothing came at all.
async fn talk_raw<P: Platform>(
    platform: &P,
    check: &TcpCheck,
    payload: &[u8],
    dialogue: &mut Dialogue<'_, P, Connection<P::Stream>>,
) -> Result<(), Stop> {
    if payload.is_empty() {
        dialogue.expect_greeting();
    } else {
        dialogue.say(payload).await?;
    }
    let wanted: Vec<&Assertion> = on_reply(&check.assertions).collect();
    if wanted.is_empty() {
        dialogue.expect_nothing();
        return Ok(());
    }
    dialogue.listen().await?;
    let is_full = |dialogue: &Dialogue<'_, _, _>| dialogue.heard().len() >= MAX_HEARD_BYTES;
    let mut looks = 0;
    loop {
        looks += 1;
        let text = String::from_utf8_lossy(dialogue.heard());
        let evidence = Evidence {
            reply: Some(&text),
            ..Evidence::default()
        };
        let holds = evaluate(wanted.iter().copied(), &evidence).is_empty();
        if holds || is_full(dialogue) || dialogue.hear(Duration::MAX).await? != Heard::More {
            break;
        }
        if looks >= EAGER_LOOKS {
            let until_us = platform.monotonic_us() + LOOK_EVERY_US;
            let left = || Duration::from_micros(until_us.saturating_sub(platform.monotonic_us()));
            while !is_full(dialogue) && dialogue.hear(left()).await? == Heard::More {}
        }
    }
    dialogue.finish();
    Ok(())
}
