//! The scripted name server, DNS over UDP (RFC 1035). What a name resolves to is told in `names.rs`.

use super::names::{self, Answer};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};
use tokio::{net::UdpSocket, task::JoinSet};

/// The longest question that is read.
const MAX_QUESTION_BYTES: usize = 4096;

/// Starts it on 127.0.0.1 and answers with its address.
pub(super) async fn listen(listeners: &mut JoinSet<()>) -> io::Result<SocketAddr> {
    let socket = Arc::new(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?);
    let address = socket.local_addr()?;
    listeners.spawn(async move {
        let mut buffer = [0; MAX_QUESTION_BYTES];
        // An error is one that some earlier asker's machine sent back: nobody waits there any more.
        loop {
            let Ok((length, asker)) = socket.recv_from(&mut buffer).await else {
                continue;
            };
            let question = buffer[..length].to_vec();
            let socket = Arc::clone(&socket);
            tokio::spawn(async move {
                if let Answer::Bytes(bytes) = names::answer(&question).await {
                    // Whoever does not get it asks again.
                    let _ = socket.send_to(&bytes, asker).await;
                }
            });
        }
    });
    Ok(address)
}
