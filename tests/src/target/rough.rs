//! `/rough/…`: answers that no proper server gives, written byte by byte. Those that are sent at once, whole, and then
//! closed are in `answers.rs`.

use super::{answers, connection::Connection};
use std::{future, io, time::Duration};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt};

/// How long a broken answer waits before it breaks, so that what was sent before is surely received.
const PAUSE: Duration = Duration::from_millis(50);

/// Answers a request for `/rough/{behaviour}`.
pub(super) async fn answer(mut stream: impl Connection, behaviour: &str) -> io::Result<()> {
    let (name, argument) = behaviour.split_once('/').unwrap_or((behaviour, ""));
    match name {
        // Without a byte of an answer.
        "reset" => return stream.reset_at_end(),
        "close" => {}
        "hang" => return future::pending().await,
        // In the middle of the head.
        "hang-in-head" => {
            send(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Le").await?;
            return future::pending().await;
        }
        "reset-in-head" => {
            send(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Le").await?;
            tokio::time::sleep(PAUSE).await;
            return stream.reset_at_end();
        }
        "drip-in-head" => {
            drip_head(&mut stream, argument).await?;
        }
        "close-in-head" => send(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Le").await?,
        // In the middle of the body.
        "reset-in-body" => {
            send(&mut stream, &half_a_body()).await?;
            tokio::time::sleep(PAUSE).await;
            return stream.reset_at_end();
        }
        "close-in-body" => send(&mut stream, &half_a_body()).await?,
        "hang-in-body" => {
            send(&mut stream, &half_a_body()).await?;
            return future::pending().await;
        }
        // Half open: nothing more is said, and the other half stays.
        "half-open" => return half_open(stream).await,
        "half-open-in-body" => {
            send(&mut stream, &half_a_body()).await?;
            return half_open(stream).await;
        }
        // What is not HTTP.
        "not-http" => {
            send(&mut stream, b"220 mail.example ESMTP ready\r\n").await?;
            return future::pending().await;
        }
        "endless-head" => endless_head(&mut stream).await?,
        // Unusual, yet right.
        "endless-body" => endless_body(&mut stream).await?,
        "keep-alive" => {
            send(&mut stream, answers::KEPT_ALIVE).await?;
            return future::pending().await;
        }
        "early-hints" => {
            send(&mut stream, b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n").await?;
            tokio::time::sleep(PAUSE).await;
            send(&mut stream, b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n").await?;
        }
        "drip" => drip(&mut stream, argument).await?,
        name => send(&mut stream, &answers::named(name)).await?,
    }
    stream.shutdown().await
}

/// Ends its own half of the connection, and only then takes what may still come.
async fn half_open(mut stream: impl Connection) -> io::Result<()> {
    stream.shutdown().await?;
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).await? > 0 {}
    future::pending().await
}

/// A head that announces 1,000 bytes, and 100 of them.
fn half_a_body() -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".to_vec();
    answer.extend([b'x'; 100]);
    answer
}

async fn send(stream: &mut impl Connection, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

async fn endless_head(stream: &mut impl Connection) -> io::Result<()> {
    send(stream, b"HTTP/1.1 200 OK\r\n").await?;
    for number in 0_u64.. {
        send(
            stream,
            format!("X-Filler-{number}: {}\r\n", "x".repeat(1000)).as_bytes(),
        )
        .await?;
    }
    Ok(())
}

async fn endless_body(stream: &mut impl Connection) -> io::Result<()> {
    send(stream, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    loop {
        send(stream, chunk.as_bytes()).await?;
    }
}

/// A head of which one byte comes each so many milliseconds.
async fn drip_head(stream: &mut impl Connection, interval_ms: &str) -> io::Result<()> {
    let interval = Duration::from_millis(interval_ms.parse().map_err(io::Error::other)?);
    for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" {
        send(stream, &[*byte]).await?;
        tokio::time::sleep(interval).await;
    }
    send(stream, b"ok\n").await
}

/// Ten bytes of a body, one each so many milliseconds.
async fn drip(stream: &mut impl Connection, interval_ms: &str) -> io::Result<()> {
    let interval = Duration::from_millis(interval_ms.parse().map_err(io::Error::other)?);
    send(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n").await?;
    for digit in b"0123456789" {
        tokio::time::sleep(interval).await;
        send(stream, &[*digit]).await?;
    }
    Ok(())
}
