//! Messages of the DNS (RFC 1035), and the lookup of a name's addresses by them.

use crate::platform::{DnsQueryError, Platform, ResolveError};
use edgewatch_protocol::check::shared::IpVersion;
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE, rdata::RData};
use std::net::IpAddr;

/// The media type of a DNS message (RFC 8484).
pub const DNS_MESSAGE: &str = "application/dns-message";

/// The addresses of a name, asked of the probe's own resolver. One question is enough for nearly every name: IPv6 is
/// asked for where there is no IPv4, or where it is wanted.
pub async fn resolve(
    platform: &impl Platform,
    host: &str,
    ip_version: IpVersion,
) -> Result<Vec<IpAddr>, ResolveError> {
    let lookup = async |family| {
        let query = write_query(host, family)?;
        let answer = platform.query_dns(&query).await;
        read_answer(
            &answer
                .map_err(|DnsQueryError(message)| ResolveError::Unavailable(message))?
                .message,
        )
    };
    let mut addresses = Vec::new();
    if ip_version != IpVersion::V6 {
        addresses = lookup(Family::V4).await?;
    }
    if addresses.is_empty() && ip_version != IpVersion::V4 {
        addresses = lookup(Family::V6).await?;
    }
    Ok(addresses)
}

/// Which addresses to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `A`.
    V4,
    /// `AAAA`.
    V6,
}

/// A query in wire form. The id is 0, as RFC 8484 wants it.
///
/// # Errors
/// When the text is not a host name.
pub fn write_query(host: &str, family: Family) -> Result<Vec<u8>, ResolveError> {
    let not_a_name = |error| ResolveError::Failed(format!("`{host}` is not a host name: {error}"));
    let record = match family {
        Family::V4 => TYPE::A,
        Family::V6 => TYPE::AAAA,
    };
    let mut packet = Packet::new_query(0);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(Question::new(
        Name::new(host.trim_end_matches('.')).map_err(not_a_name)?,
        QTYPE::TYPE(record),
        QCLASS::CLASS(CLASS::IN),
        false,
    ));
    packet.build_bytes_vec().map_err(not_a_name)
}

/// The addresses in an answer; none when the name exists without one of this family.
///
/// # Errors
/// [`ResolveError::NotFound`] when the name does not exist, [`ResolveError::Failed`] for every other failure.
pub fn read_answer(message: &[u8]) -> Result<Vec<IpAddr>, ResolveError> {
    let packet = Packet::parse(message)
        .map_err(|error| ResolveError::Failed(format!("the resolver's answer is malformed: {error}")))?;
    match packet.rcode() {
        RCODE::NoError => {}
        RCODE::NameError => return Err(ResolveError::NotFound),
        code => return Err(ResolveError::Failed(format!("the resolver answered {code:?}"))),
    }
    // The chain of CNAME records stands in the answer too; its end has the addresses.
    Ok(packet
        .answers
        .iter()
        .filter_map(|record| match &record.rdata {
            RData::A(a) => Some(IpAddr::from(a.address.to_be_bytes())),
            RData::AAAA(aaaa) => Some(IpAddr::from(aaaa.address.to_be_bytes())),
            _ => None,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use simple_dns::{ResourceRecord, rdata};

    fn answer(code: RCODE, records: Vec<(&'static str, RData<'static>)>) -> Vec<u8> {
        let mut packet = Packet::new_reply(0);
        *packet.rcode_mut() = code;
        for (name, data) in records {
            packet
                .answers
                .push(ResourceRecord::new(Name::new(name).unwrap(), CLASS::IN, 60, data));
        }
        packet.build_bytes_vec_compressed().unwrap()
    }

    #[test]
    fn a_query_is_the_bytes_of_rfc_8484() {
        // RFC 8484, section 4.1.1: the query for the A record of www.example.com.
        let expected = hex("00000100000100000000000003777777076578616d706c6503636f6d0000010001");
        assert_eq!(write_query("www.example.com", Family::V4), Ok(expected));
        assert!(write_query(&"a".repeat(64), Family::V4).is_err());
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn addresses_are_found_at_the_end_of_an_alias() {
        let message = answer(
            RCODE::NoError,
            vec![
                (
                    "www.example.com",
                    RData::CNAME(Name::new("edge.example.net").unwrap().into()),
                ),
                ("edge.example.net", RData::A(rdata::A { address: 0x0102_0304 })),
            ],
        );
        assert_eq!(read_answer(&message), Ok(vec!["1.2.3.4".parse().unwrap()]));
    }

    #[test]
    fn a_missing_name_a_name_without_address_and_a_failure_differ() {
        assert_eq!(
            read_answer(&answer(RCODE::NameError, vec![])),
            Err(ResolveError::NotFound)
        );
        assert_eq!(read_answer(&answer(RCODE::NoError, vec![])), Ok(vec![]));
        assert!(matches!(
            read_answer(&answer(RCODE::ServerFailure, vec![])),
            Err(ResolveError::Failed(_))
        ));
        assert!(matches!(read_answer(b"<html>"), Err(ResolveError::Failed(_))));
    }
}
