//! A name server on loopback, by datagram, by stream and by HTTP, that does what each name says.

use simple_dns::{
    CLASS, CharacterString, Name, Packet, PacketFlag, RCODE, ResourceRecord, TYPE, rdata, rdata::RData,
};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, UdpSocket},
};

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    pub http_address: SocketAddr,
    /// Datagrams that came.
    pub datagrams: Arc<AtomicUsize>,
}

impl Server {
    pub async fn start() -> Self {
        let (socket, listener) = loop {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            if let Ok(socket) = UdpSocket::bind(address).await {
                break (Arc::new(socket), listener);
            }
        };
        let address = listener.local_addr().unwrap();
        let datagrams = Arc::new(AtomicUsize::new(0));
        let counted = datagrams.clone();
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let nth = counted.fetch_add(1, Ordering::SeqCst);
                if let Some(answer) = answer(&buffer[..length], nth, true) {
                    socket.send_to(&answer, from).await.unwrap();
                }
            }
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(by_stream(stream));
            }
        });
        let http = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let http_address = http.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = http.accept().await {
                tokio::spawn(by_http(stream));
            }
        });
        Self {
            address,
            http_address,
            datagrams,
        }
    }
}

async fn by_stream(mut stream: TcpStream) {
    let Ok(length) = stream.read_u16().await else {
        return;
    };
    let mut query = vec![0; length.into()];
    stream.read_exact(&mut query).await.unwrap();
    match answer(&query, 1, false) {
        Some(answer) => {
            stream.write_u16(answer.len().try_into().unwrap()).await.unwrap();
            stream.write_all(&answer).await.unwrap();
        }
        None => std::future::pending().await,
    }
}

/// RFC 8484 by `GET`; the path says what else may happen.
async fn by_http(mut stream: TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.split(' ').nth(1).unwrap();
    let (path, query) = target.split_once("?dns=").unwrap();
    assert!(
        head.to_ascii_lowercase()
            .contains("accept: application/dns-message"),
        "{head}"
    );
    let query = base64url(query);
    assert_eq!(query[..2], [0, 0], "RFC 8484 wants the id 0");
    let (status, media_type, body) = match path {
        "/busy" => ("503 Service Unavailable", "text/plain", b"later".to_vec()),
        "/page" => ("200 OK", "text/html", b"<html>".to_vec()),
        _ => (
            "200 OK",
            "application/dns-message",
            answer(&query, 1, false).unwrap(),
        ),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body).await.unwrap();
}

fn base64url(text: &str) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let value = |byte: u8| u32::try_from(alphabet.iter().position(|&known| known == byte).unwrap()).unwrap();
    let mut bytes = Vec::new();
    for group in text.as_bytes().chunks(4) {
        let bits = group.iter().fold(0, |bits, &byte| bits << 6 | value(byte)) << (6 * (4 - group.len()));
        bytes.extend(&bits.to_be_bytes()[1..group.len()]);
    }
    bytes
}

/// `nth` counts the datagrams from 0.
fn answer(query: &[u8], nth: usize, by_datagram: bool) -> Option<Vec<u8>> {
    let asked = Packet::parse(query).unwrap();
    let question = &asked.questions[0];
    let name = question.qname.to_string();
    let asked_type = question.qtype;
    // RFC 6840, 5.7: AD in the query asks for AD in the answer.
    let understands_ad = asked.has_flags(PacketFlag::AUTHENTIC_DATA);
    let mut reply = Packet::parse(query).unwrap().into_reply();
    reply.set_flags(PacketFlag::RESPONSE | PacketFlag::RECURSION_AVAILABLE);
    reply.remove_flags(PacketFlag::AUTHENTIC_DATA);
    *reply.opt_mut() = None;
    let mut records: Vec<(&str, RData<'static>)> = Vec::new();
    let known = |text: &'static str| Name::new_unchecked(text);
    match name.as_str() {
        "a.test" | "signed.test" | "local.test" | "lost.test" => {
            let address = if name == "local.test" {
                0x7f00_0001
            } else {
                0xc000_0201
            };
            records.push((&name, RData::A(rdata::A { address })));
            if name == "a.test" {
                records.push((&name, RData::A(rdata::A { address: 0xc000_0202 })));
                records.push((&name, RData::AAAA(rdata::AAAA { address: 1 << 125 })));
            }
            if name == "signed.test" && understands_ad {
                reply.set_flags(PacketFlag::AUTHENTIC_DATA);
            }
            if name == "lost.test" && nth == 0 {
                return None;
            }
        }
        "alias.test" => {
            records.push(("alias.test", RData::CNAME(known("middle.test").into())));
            records.push(("middle.test", RData::CNAME(known("end.test").into())));
            records.push(("end.test", RData::A(rdata::A { address: 0xc000_0209 })));
        }
        "mail.test" => {
            for (preference, exchange) in [(10, "mx1.test"), (20, "mx2.test")] {
                let exchange = known(exchange);
                records.push((&name, RData::MX(rdata::MX { preference, exchange })));
            }
            records.push((
                &name,
                RData::TXT(rdata::TXT::new().with_string("v=spf1 -all").unwrap()),
            ));
            records.push((&name, RData::NS(known("ns1.test").into())));
            let tag = CharacterString::new(b"issue").unwrap();
            let value = b"ca.test".into();
            records.push((&name, RData::CAA(rdata::CAA { flag: 0, tag, value })));
        }
        "large.test" => {
            for n in 0..40 {
                let text = format!("{n:0>200}");
                let text = CharacterString::new(text.as_bytes()).unwrap().into_owned();
                records.push((&name, RData::TXT(rdata::TXT::new().with_char_string(text))));
            }
        }
        "none.test" => *reply.rcode_mut() = RCODE::NameError,
        "servfail.test" => *reply.rcode_mut() = RCODE::ServerFailure,
        "refused.test" => *reply.rcode_mut() = RCODE::Refused,
        "empty.test" => {}
        "silent.test" => return None,
        "garbage.test" => {
            let mut garbage = query.to_vec();
            garbage.truncate(9);
            garbage[2] |= 0x80;
            return Some(garbage);
        }
        other => panic!("nobody asks for {other}"),
    }
    for (owner, data) in records {
        let is_wanted =
            data.type_code() == TYPE::CNAME || asked_type == simple_dns::QTYPE::TYPE(data.type_code());
        if is_wanted {
            let owner = Name::new_unchecked(owner).into_owned();
            reply
                .answers
                .push(ResourceRecord::new(owner, CLASS::IN, 300, data));
        }
    }
    let whole = reply.build_bytes_vec_compressed().unwrap();
    if by_datagram && whole.len() > 1232 {
        reply.answers.clear();
        reply.set_flags(PacketFlag::TRUNCATION);
        return Some(reply.build_bytes_vec_compressed().unwrap());
    }
    Some(whole)
}
