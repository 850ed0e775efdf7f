//! The addresses of a name, asked of the probe's own resolver.

use crate::{
    dns_message::{Extension, NXDOMAIN, code_name, read_answer, write_query},
    platform::{DnsQueryError, Platform, ResolveError},
};
use edgewatch_protocol::check::{dns::RecordType, shared::IpVersion};
use std::net::IpAddr;

/// Looks up a name. One question is enough for nearly every name: IPv6 is asked for where there is no IPv4, or where it
/// is wanted.
pub async fn resolve(
    platform: &impl Platform,
    host: &str,
    ip_version: IpVersion,
) -> Result<Vec<IpAddr>, ResolveError> {
    let lookup = async |record| {
        let query = write_query(host, record, Extension::None)
            .ok_or_else(|| ResolveError::Failed(format!("`{host}` is not a host name")))?;
        let answer = platform.query_dns(&query).await;
        let answer = answer.map_err(|DnsQueryError(message)| ResolveError::Unavailable(message))?;
        addresses(&answer.message, &query, record)
    };
    let mut addresses = Vec::new();
    if ip_version != IpVersion::V6 {
        addresses = lookup(RecordType::A).await?;
    }
    if addresses.is_empty() && ip_version != IpVersion::V4 {
        addresses = lookup(RecordType::Aaaa).await?;
    }
    Ok(addresses)
}

/// The addresses in an answer; none when the name exists without one of this kind.
fn addresses(message: &[u8], query: &[u8], record: RecordType) -> Result<Vec<IpAddr>, ResolveError> {
    let answer = read_answer(message, query, record)
        .map_err(|error| ResolveError::Failed(format!("the resolver's answer is malformed: {error}")))?;
    match answer.code {
        0 => Ok(answer
            .records
            .iter()
            .filter_map(|(value, _)| value.parse().ok())
            .collect()),
        NXDOMAIN => Err(ResolveError::NotFound),
        code => {
            let why = answer
                .explanation
                .map_or(String::new(), |why| format!(" ({why})"));
            Err(ResolveError::Failed(format!(
                "the resolver answered {}{why}",
                code_name(code)
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simple_dns::{CLASS, Name, Packet, RCODE, ResourceRecord, rdata, rdata::RData};

    fn found(code: RCODE, records: Vec<(&'static str, RData<'static>)>) -> Result<Vec<IpAddr>, ResolveError> {
        let query = write_query("www.example.com", RecordType::A, Extension::None).unwrap();
        let mut packet = Packet::parse(&query).unwrap().into_reply();
        *packet.rcode_mut() = code;
        for (name, data) in records {
            let name = Name::new(name).unwrap();
            packet
                .answers
                .push(ResourceRecord::new(name, CLASS::IN, 60, data));
        }
        let message = packet.build_bytes_vec_compressed().unwrap();
        addresses(&message, &query, RecordType::A)
    }

    #[test]
    fn addresses_are_found_at_the_end_of_an_alias() {
        let alias = RData::CNAME(Name::new("edge.example.net").unwrap().into());
        let address = RData::A(rdata::A { address: 0x0102_0304 });
        let records = vec![("edge.example.net", address), ("www.example.com", alias)];
        assert_eq!(
            found(RCODE::NoError, records),
            Ok(vec!["1.2.3.4".parse().unwrap()])
        );
    }

    #[test]
    fn a_missing_name_a_name_without_address_and_a_failure_differ() {
        assert_eq!(found(RCODE::NameError, vec![]), Err(ResolveError::NotFound));
        assert_eq!(found(RCODE::NoError, vec![]), Ok(vec![]));
        let failed = "the resolver answered SERVFAIL".to_owned();
        assert_eq!(
            found(RCODE::ServerFailure, vec![]),
            Err(ResolveError::Failed(failed))
        );
        let query = write_query("www.example.com", RecordType::A, Extension::None).unwrap();
        assert!(matches!(
            addresses(b"<html>", &query, RecordType::A),
            Err(ResolveError::Failed(_))
        ));
    }
}
