//! Protocols whose connections begin without TLS: how their servers greet, how they are asked to begin TLS, and how one
//! takes leave of them. SMTP (RFC 5321, RFC 3207), IMAP (RFC 9051), POP3 (RFC 1939, RFC 2595) and PostgreSQL's
//! frontend/backend protocol.
//!
//! In the mail protocols the server speaks first: there is no `request`, `ttfb` lasts until the greeting's first byte and
//! `body` until the last answer before the handshake is complete. With PostgreSQL the client asks first.

use crate::{
    attempt::{
        connect::{Connection, ConnectionFacts, Security, begin_tls},
        deadline::Deadline,
        dialogue::{Dialogue, MAX_HEARD_BYTES},
        excerpt::{clip, mask},
        stop::Stop,
    },
    engine::Engine,
    platform::Platform,
};
use edgewatch_protocol::{
    check::shared::StartTls,
    phase::{Phase, PhaseTimes},
    reason::Reason,
};
use tokio::io::{AsyncRead, AsyncWrite};

/// What the probe calls itself to mail servers: a name that is nobody's (RFC 6761).
const EHLO: &[u8] = b"EHLO edgewatch.invalid\r\n";

/// `SSLRequest`: its length, and 1234 and 5679 in place of a protocol version.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// The most of a server's line that a message shows, in bytes.
const MAX_SHOWN_BYTES: usize = 200;

/// What a server said in its own protocol before anything was asked of it.
#[derive(Debug, Default)]
pub struct Greeting {
    /// All its lines.
    pub text: String,
    /// Whether it offers to begin TLS; `None` where that shows only when it is asked.
    pub offers_tls: Option<bool>,
}

/// Hears a server's greeting, and of SMTP also what it can do.
pub async fn greet<P: Platform, S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, P, S>,
    protocol: StartTls,
) -> Result<Greeting, Stop> {
    let mut greeting = Greeting::default();
    match protocol {
        StartTls::Smtp => {
            dialogue.expect_greeting();
            smtp_reply(dialogue, "220", &mut greeting.text).await?;
            dialogue.say(EHLO).await?;
            let before = greeting.text.len();
            smtp_reply(dialogue, "250", &mut greeting.text).await?;
            let offers = |line: &str| {
                let keyword = line.get(4..).unwrap_or_default();
                keyword.trim().eq_ignore_ascii_case("STARTTLS")
            };
            greeting.offers_tls = Some(greeting.text[before..].lines().any(offers));
        }
        StartTls::Imap => {
            dialogue.expect_greeting();
            let line = line(dialogue, &mut greeting.text).await?;
            if !(has_word(&line, "* OK") || has_word(&line, "* PREAUTH")) {
                return Err(unwelcome(dialogue, protocol, &line));
            }
        }
        StartTls::Pop3 => {
            dialogue.expect_greeting();
            let line = line(dialogue, &mut greeting.text).await?;
            if !has_word(&line, "+OK") {
                return Err(unwelcome(dialogue, protocol, &line));
            }
        }
        StartTls::Postgres => {
            dialogue.say(&SSL_REQUEST).await?;
            while dialogue.heard().is_empty() {
                dialogue.listen().await?;
            }
            let (offers_tls, text) = match dialogue.take(1).as_slice() {
                b"S" => (true, "S"),
                b"N" => (false, "N"),
                b"E" => {
                    let message = "the server answers SSLRequest with an error";
                    return Err(dialogue.protocol_error(message));
                }
                other => {
                    let said = String::from_utf8_lossy(other);
                    return Err(unwelcome(dialogue, protocol, &said));
                }
            };
            greeting.offers_tls = Some(offers_tls);
            greeting.text.push_str(text);
        }
    }
    Ok(greeting)
}

/// Hears the greeting of a server on a connection without TLS, asks it to begin TLS, and shakes hands.
pub async fn start_tls<P: Platform>(
    engine: &Engine<'_, P>,
    deadline: &Deadline,
    stream: P::Stream,
    protocol: StartTls,
    security: &Security<'_>,
    phases: &mut PhaseTimes,
    facts: &mut ConnectionFacts,
) -> Result<(Connection<P::Stream>, Greeting), Stop> {
    let mut dialogue = Dialogue::begin(engine.platform, deadline, phases, stream);
    let mut greeting = greet(&mut dialogue, protocol).await?;
    ask(&mut dialogue, protocol, &mut greeting).await?;
    dialogue.finish();
    let (stream, early) = dialogue.into_parts();
    if !early.is_empty() {
        // Whoever can put bytes into the connection could have them taken for bytes that came within TLS.
        let message = "the server said something without TLS after it had agreed to begin TLS";
        return Err(Stop::down(Reason::ProtocolError, Phase::Tls, message));
    }
    let stream = begin_tls(engine, deadline, stream, security, phases, facts).await?;
    Ok((Connection::Tls(Box::new(stream)), greeting))
}

/// Asks for TLS and hears the go-ahead.
async fn ask<P: Platform, S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, P, S>,
    protocol: StartTls,
    greeting: &mut Greeting,
) -> Result<(), Stop> {
    let refused = |why: &str| Stop::down(Reason::StartTlsRefused, Phase::Tls, why);
    if greeting.offers_tls == Some(false) {
        return Err(refused("the server does not offer to begin TLS"));
    }
    let (command, go_ahead): (&[u8], _) = match protocol {
        StartTls::Smtp => (b"STARTTLS\r\n", "220"),
        StartTls::Imap => (b"e1 STARTTLS\r\n", "e1 OK"),
        StartTls::Pop3 => (b"STLS\r\n", "+OK"),
        StartTls::Postgres => return Ok(()),
    };
    dialogue.say(command).await?;
    let answer = loop {
        let line = line(dialogue, &mut greeting.text).await?;
        // IMAP servers may tell something between a command and its answer.
        let is_between = protocol == StartTls::Imap && line.starts_with("* ");
        let goes_on = protocol == StartTls::Smtp && line.as_bytes().get(3) == Some(&b'-');
        if !is_between && !goes_on {
            break line;
        }
    };
    if has_word(&answer, go_ahead) {
        return Ok(());
    }
    Err(refused(&format!(
        "the server does not begin TLS: {}",
        shown(&answer)
    )))
}

/// What is said to a server before the connection is closed.
pub fn farewell(protocol: StartTls) -> &'static [u8] {
    match protocol {
        StartTls::Smtp | StartTls::Pop3 => b"QUIT\r\n",
        StartTls::Imap => b"e2 LOGOUT\r\n",
        StartTls::Postgres => b"",
    }
}

/// A whole reply of SMTP: lines of a code and `-`, and a last one without the `-`.
async fn smtp_reply<P: Platform, S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, P, S>,
    code: &str,
    text: &mut String,
) -> Result<(), Stop> {
    loop {
        let line = line(dialogue, text).await?;
        if !line.starts_with(code) {
            return Err(unwelcome(dialogue, StartTls::Smtp, &line));
        }
        match line.as_bytes().get(3) {
            Some(b'-') => {}
            None | Some(b' ') => return Ok(()),
            Some(_) => return Err(unwelcome(dialogue, StartTls::Smtp, &line)),
        }
    }
}

/// The next line, which is added to what was heard before.
async fn line<P: Platform, S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &mut Dialogue<'_, P, S>,
    text: &mut String,
) -> Result<String, Stop> {
    let line = dialogue.line().await?;
    let line = line.filter(|line| text.len() + line.len() < MAX_HEARD_BYTES);
    let Some(line) = line else {
        return Err(dialogue.protocol_error("the server's greeting does not end"));
    };
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&line);
    Ok(line)
}

/// Whether a line begins with words, whatever their case.
fn has_word(line: &str, words: &str) -> bool {
    let begins = line
        .get(..words.len())
        .is_some_and(|beginning| beginning.eq_ignore_ascii_case(words));
    begins && matches!(line.as_bytes().get(words.len()), None | Some(b' '))
}

fn unwelcome<P: Platform, S: AsyncRead + AsyncWrite + Unpin>(
    dialogue: &Dialogue<'_, P, S>,
    protocol: StartTls,
    line: &str,
) -> Stop {
    let speaks = match protocol {
        StartTls::Smtp => line.len() >= 3 && line.bytes().take(3).all(|byte| byte.is_ascii_digit()),
        StartTls::Imap => line.starts_with("* "),
        StartTls::Pop3 => has_word(line, "-ERR"),
        StartTls::Postgres => false,
    };
    let line = shown(line);
    dialogue.protocol_error(if speaks {
        format!("the server does not serve: {line}")
    } else {
        let name = match protocol {
            StartTls::Smtp => "SMTP",
            StartTls::Imap => "IMAP",
            StartTls::Pop3 => "POP3",
            StartTls::Postgres => "PostgreSQL's protocol",
        };
        format!("the peer does not speak {name}: {line}")
    })
}

/// A server's line within a message.
fn shown(line: &str) -> String {
    clip(&mask(line).replace(char::is_control, " "), MAX_SHOWN_BYTES).to_owned()
}
