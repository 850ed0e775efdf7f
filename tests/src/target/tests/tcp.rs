//! Connections that are refused, reset, silent or slow.

use super::{PATIENCE, about, dial, exchange, start};
use crate::target::tcp::BANNER;
use std::{io, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, timeout},
};

#[tokio::test]
async fn connections_fail_as_they_are_said_to() {
    let target = start().await.unwrap();
    let address = |name: &str| target.addresses().tcp[name].clone();

    let refused = TcpStream::connect(address("refused")).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);

    let mut byte = [0];
    let reset = dial(&address("reset")).await.read(&mut byte).await.unwrap_err();
    assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(dial(&address("closed")).await.read(&mut byte).await.unwrap(), 0);

    let mut banner = vec![0; BANNER.len()];
    let mut stream = dial(&address("banner")).await;
    stream.read_exact(&mut banner).await.unwrap();
    assert_eq!(banner, BANNER);
    assert!(timeout(PATIENCE, stream.read(&mut byte)).await.is_err());

    let mut silent = dial(&address("silent")).await;
    silent.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    assert!(timeout(PATIENCE, silent.read(&mut byte)).await.is_err());

    let never = TcpStream::connect(address("connect_never"));
    assert!(timeout(PATIENCE, never).await.is_err());
}

#[tokio::test]
async fn a_slow_connection_takes_a_second_for_everybody_who_dials_together() {
    let target = start().await.unwrap();
    let address = target.addresses().tcp["connect_slow"].clone();
    for _ in 0..2 {
        let dials: Vec<_> = (0..3)
            .map(|_| {
                let address = address.clone();
                tokio::spawn(async move {
                    let start = Instant::now();
                    let mut stream = dial(&address).await;
                    let connected = start.elapsed();
                    let answer = exchange(&mut stream, "GET /healthy HTTP/1.1\r\n\r\n").await;
                    (connected, answer.status())
                })
            })
            .collect();
        for dial in dials {
            let (connected, status) = dial.await.unwrap();
            assert!(about(connected, 1000), "{connected:?}");
            // HTTP/1.1 asks for a Host; the answer shows that it is the same site.
            assert_eq!(status, 200);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
