//! ICMP echo requests without privileges: datagram sockets of the ICMP protocols, which the kernel lets the groups of
//! `net.ipv4.ping_group_range` open. One socket a family serves all checks; a task matches the answers by sequence.

use edgewatch_core::platform::DialError;
use socket2::{Domain, Protocol, Socket, Type};
use std::{
    collections::HashMap,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU16, Ordering},
    },
    time::Instant,
};
use tokio::{
    net::UdpSocket,
    sync::{OnceCell, oneshot},
};

/// Type, code, checksum, identifier, sequence (RFC 792; RFC 4443 has the same).
const HEADER_BYTES: usize = 8;
/// The largest message that comes back, with the header of IPv4 that some systems leave on.
const MAX_MESSAGE_BYTES: usize = 2048;

/// Sends echo requests.
#[derive(Default)]
pub struct Echo {
    v4: OnceCell<Arc<Port>>,
    v6: OnceCell<Arc<Port>>,
}

/// Whether this process may send echo requests.
///
/// # Errors
/// Why not, and what allows it, in one line.
pub fn check_permission() -> Result<(), String> {
    open(Family::V4).map(drop).map_err(|error| not_allowed(&error))
}

fn not_allowed(error: &io::Error) -> String {
    format!(
        "this process may not send echo requests ({error}): allow its group to, such as by \
         `sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"`"
    )
}

#[derive(Clone, Copy)]
enum Family {
    V4,
    V6,
}

impl Family {
    fn request(self) -> u8 {
        match self {
            Self::V4 => 8,
            Self::V6 => 128,
        }
    }

    fn reply(self) -> u8 {
        match self {
            Self::V4 => 0,
            Self::V6 => 129,
        }
    }
}

/// A socket and the requests that wait for their answers.
struct Port {
    family: Family,
    socket: UdpSocket,
    next: AtomicU16,
    waiting: Mutex<HashMap<u16, Waiting>>,
}

struct Waiting {
    target: IpAddr,
    answered: oneshot::Sender<Instant>,
}

fn open(family: Family) -> io::Result<Socket> {
    let (domain, protocol, any): (_, _, IpAddr) = match family {
        Family::V4 => (Domain::IPV4, Protocol::ICMPV4, Ipv4Addr::UNSPECIFIED.into()),
        Family::V6 => (Domain::IPV6, Protocol::ICMPV6, Ipv6Addr::UNSPECIFIED.into()),
    };
    let socket = Socket::new(domain, Type::DGRAM, Some(protocol))?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddr::new(any, 0).into())?;
    Ok(socket)
}

impl Echo {
    /// Sends one request and waits for its answer, for ever if the caller does not give up. The round trip in
    /// microseconds.
    ///
    /// # Errors
    /// [`DialError::Limit`] where the kernel does not let this process send any.
    pub async fn echo(&self, target: IpAddr, payload_bytes: u16) -> Result<u32, DialError> {
        let (cell, family) = match target {
            IpAddr::V4(_) => (&self.v4, Family::V4),
            IpAddr::V6(_) => (&self.v6, Family::V6),
        };
        let port = cell
            .get_or_try_init(|| async { Port::listen(family) })
            .await
            .map_err(|error| DialError::Limit(not_allowed(&error)))?;
        port.echo(target, payload_bytes).await
    }
}

impl Port {
    fn listen(family: Family) -> io::Result<Arc<Self>> {
        let socket: std::net::UdpSocket = open(family)?.into();
        let port = Arc::new(Self {
            family,
            socket: UdpSocket::from_std(socket)?,
            next: AtomicU16::default(),
            waiting: Mutex::default(),
        });
        tokio::spawn(receive(Arc::downgrade(&port)));
        Ok(port)
    }

    async fn echo(&self, target: IpAddr, payload_bytes: u16) -> Result<u32, DialError> {
        let (answered, answer) = oneshot::channel();
        let sequence = self.begin(Waiting { target, answered })?;
        // However this ends, nobody waits for the answer any more.
        let _ending = Ending { port: self, sequence };
        let message = self.request(sequence, payload_bytes);
        let began = Instant::now();
        self.socket
            .send_to(&message, SocketAddr::new(target, 0))
            .await
            .map_err(|error| DialError::Failed(format!("{target}: {error}")))?;
        match answer.await {
            Ok(at) => {
                let us = at.saturating_duration_since(began).as_micros();
                Ok(u32::try_from(us).unwrap_or(u32::MAX))
            }
            Err(_) => Err(DialError::Failed(format!("{target}: the socket is gone"))),
        }
    }

    /// Takes a sequence that is free.
    fn begin(&self, waiting: Waiting) -> Result<u16, DialError> {
        let mut all = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..=u16::MAX {
            let sequence = self.next.fetch_add(1, Ordering::Relaxed);
            if let std::collections::hash_map::Entry::Vacant(place) = all.entry(sequence) {
                place.insert(waiting);
                return Ok(sequence);
            }
        }
        Err(DialError::Limit("too many echo requests are open".to_owned()))
    }

    /// The kernel fills in the identifier and the checksum.
    fn request(&self, sequence: u16, payload_bytes: u16) -> Vec<u8> {
        let [high, low] = sequence.to_be_bytes();
        let mut message = vec![self.family.request(), 0, 0, 0, 0, 0, high, low];
        message.extend((0..payload_bytes).map(|n| n.to_le_bytes()[0]));
        if let Family::V4 = self.family {
            let sum = checksum(&message);
            message[2..4].copy_from_slice(&sum.to_be_bytes());
        }
        message
    }

    fn take(&self, from: IpAddr, message: &[u8], at: Instant) {
        let message = without_ip_header(self.family, message);
        if message.len() < HEADER_BYTES || message[0] != self.family.reply() {
            return;
        }
        let sequence = u16::from_be_bytes([message[6], message[7]]);
        let mut all = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // An answer to an earlier request of the same number is from somebody else, or came after its time.
        if all.get(&sequence).is_some_and(|waiting| waiting.target == from)
            && let Some(waiting) = all.remove(&sequence)
        {
            // Whoever waited may have given up meanwhile.
            let _ = waiting.answered.send(at);
        }
    }
}

/// Takes the answers, as long as somebody may ask.
async fn receive(port: std::sync::Weak<Port>) {
    let mut buffer = [0; MAX_MESSAGE_BYTES];
    loop {
        let Some(port) = port.upgrade() else { return };
        let received = tokio::time::timeout(
            std::time::Duration::from_secs(10),
            port.socket.recv_from(&mut buffer),
        );
        match received.await {
            Ok(Ok((length, from))) => port.take(from.ip(), &buffer[..length], Instant::now()),
            // An error of the network that some earlier request met; its own time will run out.
            Ok(Err(_)) => tokio::task::yield_now().await,
            Err(_) => {}
        }
    }
}

struct Ending<'a> {
    port: &'a Port,
    sequence: u16,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let mut all = self.port.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&self.sequence);
    }
}

/// Linux takes the header of IPv4 off, others leave it on.
fn without_ip_header(family: Family, message: &[u8]) -> &[u8] {
    match (family, message.first()) {
        (Family::V4, Some(first)) if first >> 4 == 4 => {
            message.get(usize::from(first & 0x0f) * 4..).unwrap_or_default()
        }
        _ => message,
    }
}

/// The checksum of RFC 1071.
fn checksum(message: &[u8]) -> u16 {
    let words = message
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |&low| u32::from(low)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_with_its_checksum_sums_to_zero() {
        let mut message = vec![8, 0, 0, 0, 0x12, 0x34, 0, 1, b'a', b'b', b'c'];
        let sum = checksum(&message);
        message[2..4].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(checksum(&message), 0);
        assert_ne!(sum, 0);
    }

    #[test]
    fn a_header_that_was_left_on_is_passed_over() {
        let mut message = vec![0; 20];
        message[0] = 0x45;
        message.extend([0, 0, 1, 2]);
        assert_eq!(without_ip_header(Family::V4, &message), [0, 0, 1, 2]);
        assert_eq!(without_ip_header(Family::V4, &[0, 0, 1, 2]), [0, 0, 1, 2]);
        assert_eq!(without_ip_header(Family::V4, &[0x4f]), [0; 0]);
    }
}
