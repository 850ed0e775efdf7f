use super::*;
use proptest::prelude::*;
use simple_dns::{
    CLASS, CharacterString, Name, Packet, PacketFlag, RCODE, ResourceRecord, rdata, rdata::RData,
};

/// The answer that a server of another make writes.
fn answer(
    query: &[u8],
    records: Vec<(&'static str, RData<'static>)>,
    change: impl FnOnce(&mut Packet<'_>),
) -> Vec<u8> {
    let mut packet = Packet::parse(query).unwrap().into_reply();
    packet.set_flags(PacketFlag::RESPONSE);
    for (name, data) in records {
        let name = Name::new_unchecked(name);
        packet
            .answers
            .push(ResourceRecord::new(name, CLASS::IN, 300, data));
    }
    change(&mut packet);
    packet.build_bytes_vec_compressed().unwrap()
}

fn values(record: RecordType, records: Vec<RData<'static>>) -> Vec<String> {
    let query = write_query("example.com", record, Extension::Edns).unwrap();
    let records = records.into_iter().map(|data| ("Example.COM", data)).collect();
    let found = read_answer(&answer(&query, records, |_| {}), &query, record).unwrap();
    found.records.into_iter().map(|(value, _)| value).collect()
}

fn name(text: &'static str) -> Name<'static> {
    Name::new_unchecked(text)
}

#[test]
fn a_query_is_the_bytes_of_rfc_8484() {
    // RFC 8484, section 4.1.1: the query for the A record of www.example.com.
    let expected = hex::decode("00000100000100000000000003777777076578616d706c6503636f6d0000010001").unwrap();
    assert_eq!(
        write_query("www.example.com", RecordType::A, Extension::None),
        Some(expected.clone())
    );
    assert_eq!(
        write_query("www.example.com.", RecordType::A, Extension::None),
        Some(expected)
    );
    for bad in ["", "a..b", ".a", &"a".repeat(64), &"a.".repeat(128)] {
        let is_root = bad.is_empty();
        assert_eq!(
            write_query(bad, RecordType::A, Extension::None).is_some(),
            is_root,
            "{bad}"
        );
    }
}

#[test]
fn an_extended_query_asks_for_authentication() {
    let query = write_query("a.b", RecordType::Caa, Extension::Dnssec).unwrap();
    let packet = Packet::parse(&query).unwrap();
    assert!(packet.has_flags(PacketFlag::RECURSION_DESIRED | PacketFlag::AUTHENTIC_DATA));
    assert_eq!(packet.opt().unwrap().udp_packet_size, 1232);
    // The flag DO is the highest of the last word before the length of the options.
    assert_eq!(query[query.len() - 4..], [0x80, 0, 0, 0]);
    let plain = write_query("a.b", RecordType::Caa, Extension::Edns).unwrap();
    assert_eq!(plain[plain.len() - 4..], [0, 0, 0, 0]);
}

#[test]
fn every_type_has_its_presentation_format() {
    assert_eq!(
        values(RecordType::A, vec![RData::A(rdata::A { address: 0xc000_0201 })]),
        ["192.0.2.1"]
    );
    let address = "2001:db8::1".parse::<Ipv6Addr>().unwrap().to_bits();
    assert_eq!(
        values(RecordType::Aaaa, vec![RData::AAAA(rdata::AAAA { address })]),
        ["2001:db8::1"]
    );
    assert_eq!(
        values(
            RecordType::Cname,
            vec![RData::CNAME(name("a.example.com").into())]
        ),
        ["a.example.com"]
    );
    assert_eq!(
        values(RecordType::Ns, vec![RData::NS(name("ns1.example.com").into())]),
        ["ns1.example.com"]
    );
    let exchange = |preference, text| {
        RData::MX(rdata::MX {
            preference,
            exchange: name(text),
        })
    };
    assert_eq!(
        values(
            RecordType::Mx,
            vec![exchange(10, "mx.example.com"), exchange(0, "")]
        ),
        ["10 mx.example.com", "0 ."]
    );
    let txt = rdata::TXT::new()
        .with_string("v=spf1 ")
        .unwrap()
        .with_string("-all")
        .unwrap();
    assert_eq!(values(RecordType::Txt, vec![RData::TXT(txt)]), ["v=spf1 -all"]);
    let srv = rdata::SRV {
        priority: 1,
        weight: 2,
        port: 443,
        target: name("srv.example.com"),
    };
    assert_eq!(
        values(RecordType::Srv, vec![RData::SRV(srv)]),
        ["1 2 443 srv.example.com"]
    );
    let soa = rdata::SOA {
        mname: name("ns1.example.com"),
        rname: name("hostmaster.example.com"),
        serial: 2_026_112_101,
        refresh: 7200,
        retry: 900,
        expire: 1_209_600,
        minimum: 300,
    };
    assert_eq!(
        values(RecordType::Soa, vec![RData::SOA(soa)]),
        ["ns1.example.com hostmaster.example.com 2026112101 7200 900 1209600 300"]
    );
    let caa = rdata::CAA {
        flag: 0,
        tag: CharacterString::new(b"issue").unwrap(),
        value: b"ca.example".into(),
    };
    assert_eq!(
        values(RecordType::Caa, vec![RData::CAA(caa)]),
        ["0 issue \"ca.example\""]
    );
}

#[test]
fn aliases_are_followed_in_whatever_order() {
    let query = write_query("www.example.com", RecordType::A, Extension::Edns).unwrap();
    let records = vec![
        ("c.example.net", RData::A(rdata::A { address: 1 })),
        ("b.example.net", RData::CNAME(name("C.example.net").into())),
        ("other.example.net", RData::A(rdata::A { address: 2 })),
        ("www.example.com", RData::CNAME(name("b.example.net").into())),
    ];
    let found = read_answer(&answer(&query, records, |_| {}), &query, RecordType::A).unwrap();
    assert_eq!(found.aliases, ["b.example.net", "c.example.net"]);
    assert_eq!(found.records, [("0.0.0.1".to_owned(), 300)]);

    let circle = vec![
        ("www.example.com", RData::CNAME(name("b.example.net").into())),
        ("b.example.net", RData::CNAME(name("www.example.com").into())),
    ];
    let found = read_answer(&answer(&query, circle, |_| {}), &query, RecordType::A).unwrap();
    assert_eq!(found.records, []);
}

#[test]
fn flags_and_codes_are_read() {
    let query = write_query("example.com", RecordType::A, Extension::Edns).unwrap();
    let message = answer(&query, vec![], |packet| {
        packet.set_flags(PacketFlag::AUTHENTIC_DATA | PacketFlag::TRUNCATION);
        *packet.rcode_mut() = RCODE::ServerFailure;
    });
    let found = read_answer(&message, &query, RecordType::A).unwrap();
    assert!(found.is_authenticated && found.is_truncated);
    assert_eq!(code_name(found.code), "SERVFAIL");
}

#[test]
fn a_resolver_may_explain_itself() {
    let query = write_query("example.com", RecordType::A, Extension::Edns).unwrap();
    let mut message = query.clone();
    message[2] |= 0x80;
    message[3] |= 2;
    // RFC 8914: option 15, info code 6 (DNSSEC Bogus), and a text.
    let length = message.len();
    message[length - 2..].copy_from_slice(&[0, 12]);
    message.extend([0, 15, 0, 8, 0, 6]);
    message.extend(b"no sig");
    let found = read_answer(&message, &query, RecordType::A).unwrap();
    assert_eq!(found.explanation.as_deref(), Some("extended error 6: no sig"));
}

#[test]
fn answers_to_something_else_are_not_taken() {
    let query = write_query("example.com", RecordType::A, Extension::Edns).unwrap();
    let good = answer(&query, vec![], |_| {});
    assert!(read_answer(&good, &query, RecordType::A).is_ok());
    let mut other_id = good.clone();
    set_id(&mut other_id, 7);
    assert!(read_answer(&other_id, &query, RecordType::A).is_err());
    assert!(read_answer(&good, &query, RecordType::Mx).is_err());
    let elsewhere = write_query("example.net", RecordType::A, Extension::Edns).unwrap();
    assert!(read_answer(&good, &elsewhere, RecordType::A).is_err());
    assert!(read_answer(&query, &query, RecordType::A).is_err());
}

#[test]
fn a_name_that_points_at_itself_comes_to_an_end() {
    let query = write_query("example.com", RecordType::A, Extension::None).unwrap();
    let mut message = query.clone();
    message[2] |= 0x80;
    message[7] = 1;
    let here = u8::try_from(message.len()).unwrap();
    // A label, then a pointer back to it: a name without an end.
    message.extend([1, b'a', 0xc0, here]);
    assert!(read_answer(&message, &query, RecordType::A).is_err());
    let at = usize::from(here);
    message[at..].copy_from_slice(&[0xc0, here, 0, 0]);
    assert!(read_answer(&message, &query, RecordType::A).is_err());
}

proptest! {
    #[test]
    fn no_bytes_make_it_fail(tail in proptest::collection::vec(any::<u8>(), 0..200), counts in any::<[u8; 4]>()) {
        let query = write_query("example.com", RecordType::Soa, Extension::None).unwrap();
        let mut message = query.clone();
        message[2] |= 0x80;
        message[5] = counts[0] % 2;
        message[7] = counts[1];
        message[9] = counts[2];
        message[11] = counts[3];
        message.extend(tail);
        let _ = read_answer(&message, &query, RecordType::Soa);
    }
}
