//! What a name resolves to: that is in the name. Served over HTTPS by `doh.rs`, over UDP and TCP by `name_server.rs`.
//!
//! | name | answer |
//! |---|---|
//! | `loopback.test`, `sni.test` | A 127.0.0.1 |
//! | `wild.test` and all names below it | the same |
//! | `delay-{ms}.test` | the same, so many milliseconds later |
//! | `v6.test` | AAAA ::1 alone |
//! | `both.test` | A 127.0.0.1 and AAAA ::1 |
//! | `alias.test` | CNAME `loopback.test` with its A |
//! | `chain.test` | CNAME `second.chain.test`, CNAME `third.chain.test`, CNAME `loopback.test` with its A |
//! | `dangling.test` | CNAME `gone.test`, and that does not exist |
//! | `many.test` | A 127.0.0.2, 127.0.0.3, 127.0.0.1 |
//! | `private.test`, `metadata.test` | A 10.0.0.1, A 169.254.169.254 |
//! | `empty.test` | no record of any type |
//! | `servfail.test`, `refused.test` | SERVFAIL, REFUSED |
//! | `zone.test` | a record of each type, two of A and MX |
//! | `signed.test` | A 192.0.2.1, authenticated (AD) where that is asked for |
//! | `large.test` | TXT of more than a datagram has room for: truncated over UDP |
//! | `garbage.test` | bytes that are no DNS message |
//! | `http-503.test` | HTTP 503; elsewhere nothing |
//! | `never.test` | nothing, ever |
//! | any other | NXDOMAIN |

use axum::http::StatusCode;
use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, AAAA, CAA, CNAME, MX, NS, SOA, SRV, TXT},
    },
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr as _,
    time::Duration,
};

const TTL_S: u32 = 1;

/// The time to live of what nobody dials.
const ZONE_TTL_S: u32 = 300;

/// The most that a datagram carries here (RFC 6891, 6.2.5).
const MAX_DATAGRAM_BYTES: usize = 1232;

/// How a question came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Datagram,
    Stream,
    Https,
}

/// What is answered to a question.
pub(super) enum Answer {
    /// These bytes: a DNS message, mostly.
    Bytes(Vec<u8>),
    /// An HTTP status, where there is HTTP.
    Http(StatusCode),
    /// Nothing, ever.
    Never,
    /// The question cannot be read.
    Unreadable,
}

/// Answers a question when it is time to.
pub(super) async fn answer(question: &[u8], way: Way) -> Answer {
    let Ok(question) = Message::from_vec(question) else {
        return Answer::Unreadable;
    };
    let Some(query) = question.queries.first().cloned() else {
        return Answer::Unreadable;
    };
    let name = query.name.to_ascii().to_lowercase();
    match Script::of(name.trim_end_matches('.')) {
        Script::Never => Answer::Never,
        Script::Http(status) => Answer::Http(status),
        Script::Garbage => Answer::Bytes(b"\x00\x01not a dns message".to_vec()),
        Script::Code { code, aliases } => {
            let records = records(&query.name, query.query_type, aliases, &[]);
            Answer::Bytes(encode(question, code, records))
        }
        Script::Zone(zone) => {
            let is_authenticated = zone == Zone::Signed && question.metadata.authentic_data;
            let records = zone.records(&query.name, query.query_type);
            let mut response = respond(question, ResponseCode::NoError, records);
            response.metadata.authentic_data = is_authenticated;
            let mut bytes = response.to_vec().unwrap_or_default();
            if way == Way::Datagram && bytes.len() > MAX_DATAGRAM_BYTES {
                response.answers.clear();
                response.metadata.truncation = true;
                bytes = response.to_vec().unwrap_or_default();
            }
            Answer::Bytes(bytes)
        }
        Script::Addresses {
            delay,
            aliases,
            addresses,
        } => {
            tokio::time::sleep(delay).await;
            let records = records(&query.name, query.query_type, aliases, &addresses);
            Answer::Bytes(encode(question, ResponseCode::NoError, records))
        }
    }
}

/// How a name is answered.
#[derive(Debug, PartialEq)]
enum Script {
    Addresses {
        delay: Duration,
        /// The names that it is led over.
        aliases: &'static [&'static str],
        addresses: Vec<IpAddr>,
    },
    Code {
        code: ResponseCode,
        aliases: &'static [&'static str],
    },
    Zone(Zone),
    Garbage,
    Http(StatusCode),
    Never,
}

/// A name with records that nobody dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Zone {
    Every,
    Signed,
    Large,
}

impl Script {
    fn of(name: &str) -> Self {
        let v4 = |last| IpAddr::V4(Ipv4Addr::new(127, 0, 0, last));
        let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
        let delay_ms = name
            .strip_suffix(".test")
            .and_then(|name| name.strip_prefix("delay-"))
            .and_then(|ms| ms.parse().ok());
        if let Some(ms) = delay_ms {
            return Self::Addresses {
                delay: Duration::from_millis(ms),
                aliases: &[],
                addresses: vec![v4(1)],
            };
        }
        let (aliases, addresses): (&'static [&'static str], _) = match name {
            "loopback.test" | "sni.test" | "wild.test" => (&[], vec![v4(1)]),
            name if name.ends_with(".wild.test") => (&[], vec![v4(1)]),
            "v6.test" => (&[], vec![v6]),
            "both.test" => (&[], vec![v4(1), v6]),
            "alias.test" => (&["loopback.test."], vec![v4(1)]),
            "chain.test" => (
                &["second.chain.test.", "third.chain.test.", "loopback.test."],
                vec![v4(1)],
            ),
            "many.test" => (&[], vec![v4(2), v4(3), v4(1)]),
            "private.test" => (&[], vec![IpAddr::from([10, 0, 0, 1])]),
            "metadata.test" => (&[], vec![IpAddr::from([169, 254, 169, 254])]),
            "empty.test" => (&[], Vec::new()),
            "dangling.test" => {
                return Self::Code {
                    code: ResponseCode::NXDomain,
                    aliases: &["gone.test."],
                };
            }
            "zone.test" => return Self::Zone(Zone::Every),
            "signed.test" => return Self::Zone(Zone::Signed),
            "large.test" => return Self::Zone(Zone::Large),
            "servfail.test" => return Self::code(ResponseCode::ServFail),
            "refused.test" => return Self::code(ResponseCode::Refused),
            "garbage.test" => return Self::Garbage,
            "http-503.test" => return Self::Http(StatusCode::SERVICE_UNAVAILABLE),
            "never.test" => return Self::Never,
            _ => return Self::code(ResponseCode::NXDomain),
        };
        Self::Addresses {
            delay: Duration::ZERO,
            aliases,
            addresses,
        }
    }

    fn code(code: ResponseCode) -> Self {
        let aliases = &[];
        Self::Code { code, aliases }
    }
}

impl Zone {
    fn records(self, owner: &Name, asked: RecordType) -> Vec<Record> {
        let data = match self {
            Self::Every => every_type(),
            Self::Signed => vec![RData::A(A(Ipv4Addr::new(192, 0, 2, 1)))],
            Self::Large => {
                let texts = (0..40).map(|number| TXT::new(vec![format!("{number:0>200}")]));
                texts.map(RData::TXT).collect()
            }
        };
        data.into_iter()
            .filter(|data| data.record_type() == asked)
            .map(|data| Record::from_rdata(owner.clone(), ZONE_TTL_S, data))
            .collect()
    }
}

/// Records of all types that a check may ask for, but CNAME.
fn every_type() -> Vec<RData> {
    let name = |text: &str| Name::from_str(text).unwrap_or_default();
    vec![
        RData::A(A(Ipv4Addr::new(192, 0, 2, 1))),
        RData::A(A(Ipv4Addr::new(192, 0, 2, 2))),
        RData::AAAA(AAAA(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))),
        RData::MX(MX::new(10, name("mx1.zone.test."))),
        RData::MX(MX::new(20, name("mx2.zone.test."))),
        RData::TXT(TXT::new(vec!["v=spf1 -all".to_owned()])),
        RData::NS(NS(name("ns1.zone.test."))),
        RData::SOA(SOA::new(
            name("ns1.zone.test."),
            name("hostmaster.zone.test."),
            7,
            7200,
            900,
            1_209_600,
            300,
        )),
        RData::SRV(SRV::new(10, 5, 443, name("srv.zone.test."))),
        RData::CAA(CAA::new_issue(false, Some(name("ca.test")), Vec::new())),
    ]
}

fn records(name: &Name, asked: RecordType, aliases: &[&str], addresses: &[IpAddr]) -> Vec<Record> {
    let mut records = Vec::new();
    let mut owner = name.clone();
    for target in aliases.iter().filter_map(|alias| Name::from_str(alias).ok()) {
        records.push(Record::from_rdata(
            owner,
            TTL_S,
            RData::CNAME(CNAME(target.clone())),
        ));
        owner = target;
    }
    records.extend(addresses.iter().filter_map(|address| {
        let data = match address {
            IpAddr::V4(address) if asked == RecordType::A => RData::A(A(*address)),
            IpAddr::V6(address) if asked == RecordType::AAAA => RData::AAAA(AAAA(*address)),
            _ => return None,
        };
        Some(Record::from_rdata(owner.clone(), TTL_S, data))
    }));
    records
}

fn encode(question: Message, code: ResponseCode, records: Vec<Record>) -> Vec<u8> {
    // A response that cannot be encoded shows at the client as an empty one, which is malformed.
    respond(question, code, records).to_vec().unwrap_or_default()
}

fn respond(question: Message, code: ResponseCode, records: Vec<Record>) -> Message {
    let mut response = question.into_response();
    response.metadata.recursion_available = true;
    response.metadata.response_code = code;
    response.metadata.authentic_data = false;
    response.insert_answers(records);
    response
}
