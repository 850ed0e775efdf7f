//! `/websocket/…`: upgrades of RFC 6455, written byte by byte, so that they also do what none should.

use super::connection::Connection;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha1::{Digest as _, Sha1};
use std::{io, time::Duration};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// How long is waited between two pieces that shall not come as one.
const PAUSE: Duration = Duration::from_millis(60);

/// The first bytes of frames: whether it is the last one of its message, and what it is.
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const FIRST_PART: u8 = 0x01;
const NEXT_PART: u8 = 0x00;
const LAST_PART: u8 = 0x80;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

/// Answers an upgrade at `/websocket/{behaviour}`.
pub(super) async fn answer(mut stream: impl Connection, behaviour: &str, head: &[u8]) -> io::Result<()> {
    let accept = accept_of(head);
    let granted = |more: &str| {
        format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n{more}\r\n"
        )
    };
    let (name, argument) = behaviour.split_once('/').unwrap_or((behaviour, ""));
    // The answer to the upgrade.
    let response = match name {
        "forbidden" => "HTTP/1.1 403 Forbidden\r\nContent-Length: 5\r\n\r\nno.\r\n".to_owned(),
        "page" => "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n".to_owned(),
        "wrong-accept" => granted("").replace(&accept, "d3JvbmcgYW5zd2VyIGFsbCBhbG9uZw=="),
        "other-upgrade" => granted("").replace("Upgrade: websocket", "Upgrade: h2c"),
        "subprotocol" => granted(&format!("Sec-WebSocket-Protocol: {argument}\r\n")),
        "extension" => granted("Sec-WebSocket-Extensions: permessage-deflate\r\n"),
        "header" => granted("X-Server: target\r\n"),
        "not-http" => "220 mail.test ESMTP\r\n\r\n".to_owned(),
        "hints" => format!("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{}", granted("")),
        _ => granted(""),
    };
    let mut response = response.into_bytes();
    match name {
        "late" => tokio::time::sleep(Duration::from_millis(150)).await,
        "never" => return swallow(stream).await,
        "reset-before" => return stream.reset_at_end(),
        "closed-before" => return stream.shutdown().await,
        // Its first message comes along with the upgrade.
        "eager" => response.extend(frame(TEXT, b"hello")),
        _ => {}
    }
    send(&mut stream, &response).await?;
    match name {
        "echo" => {
            let (opcode, payload) = hear(&mut stream).await?;
            send(&mut stream, &frame(opcode, &payload)).await?;
        }
        "late-echo" => {
            let (opcode, payload) = hear(&mut stream).await?;
            tokio::time::sleep(Duration::from_millis(150)).await;
            send(&mut stream, &frame(opcode, &payload)).await?;
        }
        "greet" | "header" | "hints" => {
            tokio::time::sleep(PAUSE).await;
            send(&mut stream, &frame(TEXT, b"hello")).await?;
        }
        // One message in three parts, and questions between them.
        "parts" => {
            for (first, payload) in [
                (FIRST_PART, &b"one "[..]),
                (PING, b"?"),
                (NEXT_PART, b"two "),
                (LAST_PART, b"three"),
            ] {
                tokio::time::sleep(PAUSE / 3).await;
                send(&mut stream, &frame(first, payload)).await?;
            }
        }
        // A frame of which byte after byte comes.
        "drip" => {
            for byte in frame(TEXT, b"hello") {
                tokio::time::sleep(PAUSE / 6).await;
                send(&mut stream, &[byte]).await?;
            }
        }
        // Asks whether somebody is there, and goes on when that is answered.
        "ping" => {
            tokio::time::sleep(PAUSE).await;
            send(&mut stream, &frame(PING, b"still there?")).await?;
            let (opcode, payload) = hear(&mut stream).await?;
            let text: &[u8] = match (opcode, payload.as_slice()) {
                (PONG, b"still there?") => b"answered",
                _ => b"not answered",
            };
            send(&mut stream, &frame(TEXT, text)).await?;
        }
        "pong" => {
            send(&mut stream, &frame(PONG, b"unasked")).await?;
            send(&mut stream, &frame(TEXT, b"hello")).await?;
        }
        "long" => send(&mut stream, &long_frame(60_000)).await?,
        "too-long" => send(&mut stream, &long_frame(70_000)).await?,
        "close" => send(&mut stream, &frame(CLOSE, b"\x03\xf3going down")).await?,
        "reset" => {
            tokio::time::sleep(PAUSE).await;
            return stream.reset_at_end();
        }
        "closed" => {
            tokio::time::sleep(PAUSE).await;
            return stream.shutdown().await;
        }
        "half" => send(&mut stream, &frame(TEXT, b"hello")[..4]).await?,
        "masked" => send(&mut stream, b"\x81\x85\0\0\0\0hello").await?,
        "mixed" => {
            send(&mut stream, &frame(FIRST_PART, b"one ")).await?;
            send(&mut stream, &frame(TEXT, b"another")).await?;
        }
        "not-utf8" => send(&mut stream, &frame(TEXT, &[0xff, 0xfe])).await?,
        "binary" => send(&mut stream, &frame(BINARY, b"\xca\xfe!")).await?,
        "compressed" => send(&mut stream, &frame(TEXT | 0x40, b"hello")).await?,
        _ => {}
    }
    swallow(stream).await
}

/// What answers the key of a request (RFC 6455, 4.2.2); of none where it has none.
fn accept_of(head: &[u8]) -> String {
    let head = String::from_utf8_lossy(head);
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key")
            .then(|| value.trim())
    });
    let mut hash = Sha1::new();
    hash.update(key.unwrap_or_default());
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(hash.finalize())
}

/// A frame of at most 125 bytes, not masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    [&[first, payload.len() as u8], payload].concat()
}

/// A text of so many letters.
fn long_frame(length: u32) -> Vec<u8> {
    let mut bytes = vec![TEXT, 127];
    bytes.extend(u64::from(length).to_be_bytes());
    bytes.extend(vec![b'x'; length as usize]);
    bytes
}

/// The next frame of a client, which is masked, and short.
async fn hear(stream: &mut impl Connection) -> io::Result<(u8, Vec<u8>)> {
    let [first, second] = stream.read_u16().await?.to_be_bytes();
    if second & 0x80 == 0 || second & 0x7f > 125 {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mask = stream.read_u32().await?.to_be_bytes();
    let mut payload = vec![0; usize::from(second & 0x7f)];
    stream.read_exact(&mut payload).await?;
    for (byte, mask) in payload.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
    Ok((first, payload))
}

async fn send(stream: &mut impl Connection, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

async fn swallow(mut stream: impl Connection) -> io::Result<()> {
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}
