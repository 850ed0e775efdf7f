//! Listeners that hold a conversation as it is written down: what is said, what is waited for, and when TLS begins.
//! `talks.rs` has the conversations.

use super::{bind, connection::Connection};
use std::{collections::BTreeMap, io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// A part of a conversation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Line {
    /// Says this.
    Say(&'static [u8]),
    /// Says so many letters.
    SayMuch(usize),
    /// Waits until this has come; whatever came before it is passed over.
    Hear(&'static [u8]),
    /// Waits for so many milliseconds.
    Wait(u64),
    /// Shakes hands as the TLS listener of that name does.
    Tls(&'static str),
    /// Ends the connection by a reset.
    Reset,
    /// Closes its half of the connection in order.
    Close,
}

/// What is said on each connection to a listener. At the end everything that comes is taken, until the other one closes.
pub(super) type Talk = &'static [Line];

/// The TLS listeners' acceptors, by name.
pub(super) type Acceptors = BTreeMap<&'static str, TlsAcceptor>;

/// Starts a listener for each conversation and adds its address.
pub(super) async fn listen(
    talks: &[(&'static str, Talk)],
    acceptors: &Arc<Acceptors>,
    addresses: &mut BTreeMap<&'static str, String>,
    listeners: &mut JoinSet<()>,
) -> io::Result<()> {
    for &(name, talk) in talks {
        let (listener, address) = bind(0).await?;
        addresses.insert(name, address.to_string());
        let acceptors = Arc::clone(acceptors);
        listeners.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // An error is the client's going away, or what it was to meet with.
                tokio::spawn(hold(stream, talk, Arc::clone(&acceptors)));
            }
        });
    }
    Ok(())
}

async fn hold(mut stream: TcpStream, talk: Talk, acceptors: Arc<Acceptors>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let begins_tls = talk.iter().position(|line| matches!(line, Line::Tls(_)));
    let Some(at) = begins_tls else {
        return speak(&mut stream, talk).await;
    };
    for &line in &talk[..at] {
        perform(&mut stream, line).await?;
    }
    let Line::Tls(name) = talk[at] else {
        return Ok(());
    };
    let acceptor = acceptors.get(name).ok_or(io::ErrorKind::NotFound)?;
    let mut stream = acceptor.accept(stream).await?;
    speak(&mut stream, &talk[at + 1..]).await
}

/// Goes through the lines, and takes what comes then.
async fn speak(stream: &mut impl Connection, lines: &[Line]) -> io::Result<()> {
    for &line in lines {
        perform(stream, line).await?;
        if matches!(line, Line::Reset) {
            return Ok(());
        }
    }
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}

async fn perform(stream: &mut impl Connection, line: Line) -> io::Result<()> {
    match line {
        Line::Say(bytes) => {
            stream.write_all(bytes).await?;
            stream.flush().await
        }
        Line::SayMuch(bytes) => {
            stream.write_all(&vec![b'x'; bytes]).await?;
            stream.flush().await
        }
        Line::Hear(wanted) => hear(stream, wanted).await,
        Line::Wait(ms) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            Ok(())
        }
        Line::Reset => stream.reset_at_end(),
        Line::Close => stream.shutdown().await,
        // Only between two streams; see `hold`.
        Line::Tls(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Takes bytes one by one: what comes after the wanted ones, such as a handshake, is not for this line.
async fn hear(stream: &mut impl Connection, wanted: &[u8]) -> io::Result<()> {
    let mut heard = Vec::new();
    while !heard.ends_with(wanted) {
        heard.push(stream.read_u8().await?);
    }
    Ok(())
}
