//! The scripted name server: DNS over UDP and, on the same port, over TCP (RFC 1035, 4.2). What a name resolves to is
//! told in `names.rs`.

use super::{
    bind,
    names::{self, Answer, Way},
};
use std::{future, io, net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UdpSocket},
    task::JoinSet,
};

/// The longest question that is read.
const MAX_QUESTION_BYTES: usize = 4096;

/// How many ports are tried until one is free for both.
const ATTEMPTS: usize = 20;

/// Starts it on 127.0.0.1 and answers with its address.
pub(super) async fn listen(listeners: &mut JoinSet<()>) -> io::Result<SocketAddr> {
    let (listener, socket, address) = bind_both().await?;
    listeners.spawn(serve_datagrams(Arc::new(socket)));
    listeners.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve_stream(stream));
        }
    });
    Ok(address)
}

async fn bind_both() -> io::Result<(TcpListener, UdpSocket, SocketAddr)> {
    let mut failure = io::ErrorKind::AddrInUse.into();
    for _ in 0..ATTEMPTS {
        let (listener, address) = bind(0).await?;
        match UdpSocket::bind(address).await {
            Ok(socket) => return Ok((listener, socket, address)),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

async fn serve_datagrams(socket: Arc<UdpSocket>) {
    let mut buffer = [0; MAX_QUESTION_BYTES];
    // An error is one that some earlier asker's machine sent back: nobody waits there any more.
    loop {
        let Ok((length, asker)) = socket.recv_from(&mut buffer).await else {
            continue;
        };
        let question = buffer[..length].to_vec();
        let socket = Arc::clone(&socket);
        tokio::spawn(async move {
            if let Answer::Bytes(bytes) = names::answer(&question, Way::Datagram).await {
                // Whoever does not get it asks again.
                let _ = socket.send_to(&bytes, asker).await;
            }
        });
    }
}

/// Answers one question after the other, each with its length before it. An error is the client's going away.
async fn serve_stream(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let length = stream.read_u16().await?;
        let mut question = vec![0; length.into()];
        stream.read_exact(&mut question).await?;
        let Answer::Bytes(bytes) = names::answer(&question, Way::Stream).await else {
            return future::pending().await;
        };
        let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
        stream
            .write_all(&[&length.to_be_bytes()[..], &bytes].concat())
            .await?;
    }
}
