//! What a name resolves to: that is in the name. Served over HTTPS by `doh.rs` and over UDP by `name_server.rs`.
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
//! | `garbage.test` | bytes that are no DNS message |
//! | `http-503.test` | HTTP 503; over UDP nothing |
//! | `never.test` | nothing, ever |
//! | any other | NXDOMAIN |

use axum::http::StatusCode;
use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, AAAA, CNAME},
    },
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr as _,
    time::Duration,
};

const TTL_S: u32 = 1;

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
pub(super) async fn answer(question: &[u8]) -> Answer {
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
    Garbage,
    Http(StatusCode),
    Never,
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
    let mut response = question.into_response();
    response.metadata.recursion_available = true;
    response.metadata.response_code = code;
    response.insert_answers(records);
    // A response that cannot be encoded shows at the client as an empty one, which is malformed.
    response.to_vec().unwrap_or_default()
}
