//! Each behaviour, seen by a client that only knows sockets.

mod doh;
mod rough;
mod site;
mod tcp;
mod tls;

use super::{Options, Target};
use std::{io, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::Instant,
};

/// Longer than anything that is not held for ever.
const PATIENCE: Duration = Duration::from_millis(400);

/// What came back, and when.
#[derive(Debug)]
struct Answer {
    bytes: Vec<u8>,
    first_byte: Duration,
    total: Duration,
    /// How the connection ended.
    end: io::Result<()>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn body(&self) -> String {
        self.text()
            .split_once("\r\n\r\n")
            .map(|(_, body)| body.to_owned())
            .unwrap()
    }

    fn status(&self) -> u16 {
        self.text()[9..12].parse().unwrap()
    }
}

fn start() -> impl Future<Output = io::Result<Target>> {
    Target::start(Options::default())
}

fn authority(origin: &str) -> &str {
    origin
        .split_once("://")
        .map_or(origin, |(_, authority)| authority)
}

async fn exchange(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &str) -> Answer {
    let start = Instant::now();
    let mut answer = Answer {
        bytes: Vec::new(),
        first_byte: Duration::ZERO,
        total: Duration::ZERO,
        end: Ok(()),
    };
    stream.write_all(request.as_bytes()).await.unwrap();
    loop {
        match stream.read_buf(&mut answer.bytes).await {
            Ok(0) => break,
            Ok(read) if answer.bytes.len() == read => answer.first_byte = start.elapsed(),
            Ok(_) => {}
            Err(error) => {
                answer.end = Err(error);
                break;
            }
        }
    }
    answer.total = start.elapsed();
    answer
}

async fn dial(address: &str) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

async fn request(target: &Target, request: &str) -> Answer {
    exchange(&mut dial(authority(&target.addresses().http)).await, request).await
}

async fn get(target: &Target, path: &str) -> Answer {
    request(target, &format!("GET {path} HTTP/1.1\r\nHost: target\r\n\r\n")).await
}

fn about(measured: Duration, wanted_ms: u64) -> bool {
    (wanted_ms..wanted_ms + 100).contains(&(measured.as_millis() as u64))
}

#[tokio::test]
async fn a_demo_offers_what_it_watches_and_no_more() {
    let target = Target::start(Options {
        demo: true,
        ..Options::default()
    })
    .await
    .unwrap();
    let addresses = target.addresses();
    assert_eq!(addresses.https.keys().collect::<Vec<_>>(), [&"expiring"]);
    assert!(addresses.tcp.is_empty());
    let port = |origin: &str| origin.rsplit(':').next().unwrap().parse::<u16>().unwrap();
    assert_eq!(port(&addresses.https["expiring"]), port(&addresses.http) + 1);
}
