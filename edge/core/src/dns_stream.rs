//! DNS messages over a stream: each after its length in two bytes (RFC 1035, 4.2.2; RFC 7766).

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Sends a message.
pub async fn send(stream: &mut (impl AsyncWrite + Unpin), message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // In one piece: some servers do not wait for the rest of a length.
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend(message);
    stream.write_all(&framed).await?;
    stream.flush().await
}

/// Receives how long the next message is.
pub async fn receive_length(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<u16> {
    stream.read_u16().await
}

/// Receives the message.
pub async fn receive(stream: &mut (impl AsyncRead + Unpin), length: u16) -> io::Result<Vec<u8>> {
    let mut message = vec![0; length.into()];
    stream.read_exact(&mut message).await?;
    Ok(message)
}
