//! A scripted resolver, DNS over HTTPS (RFC 8484). What a name resolves to is in the name.
//!
//! | name | answer |
//! |---|---|
//! | `loopback.test` | A 127.0.0.1 |
//! | `delay-{ms}.test` | the same, so many milliseconds later |
//! | `v6.test` | AAAA ::1 alone |
//! | `both.test` | A 127.0.0.1 and AAAA ::1 |
//! | `alias.test` | CNAME `loopback.test` with its A |
//! | `many.test` | A 127.0.0.2, 127.0.0.3, 127.0.0.1 |
//! | `private.test`, `metadata.test` | A 10.0.0.1, A 169.254.169.254 |
//! | `empty.test` | no record of any type |
//! | `servfail.test`, `refused.test` | SERVFAIL, REFUSED |
//! | `garbage.test` | bytes that are no DNS message |
//! | `http-503.test` | HTTP 503 |
//! | `never.test` | nothing, ever |
//! | any other | NXDOMAIN |

use axum::{
    body::Bytes,
    extract::Query,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, AAAA, CNAME},
    },
};
use std::{
    collections::BTreeMap,
    future,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr as _,
    time::Duration,
};

const MEDIA_TYPE: &str = "application/dns-message";
const TTL_S: u32 = 1;

/// `GET /dns-query?dns=…`.
pub(super) async fn answer_get(Query(query): Query<BTreeMap<String, String>>) -> Response {
    let question = query.get("dns").and_then(|dns| URL_SAFE_NO_PAD.decode(dns).ok());
    match question {
        Some(question) => answer(&question).await,
        None => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// `POST /dns-query`.
pub(super) async fn answer_post(question: Bytes) -> Response {
    answer(&question).await
}

async fn answer(question: &[u8]) -> Response {
    let Ok(question) = Message::from_vec(question) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let Some(query) = question.queries.first().cloned() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let name = query.name.to_ascii().to_lowercase();
    let bytes = match Script::of(name.trim_end_matches('.')) {
        Script::Never => future::pending().await,
        Script::Http(status) => return status.into_response(),
        Script::Garbage => b"\x00\x01not a dns message".to_vec(),
        Script::Code(code) => encode(question, code, Vec::new()),
        Script::Addresses {
            delay,
            alias,
            addresses,
        } => {
            tokio::time::sleep(delay).await;
            let records = records(&query.name, query.query_type, alias, &addresses);
            encode(question, ResponseCode::NoError, records)
        }
    };
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], bytes).into_response()
}

/// How a name is answered.
#[derive(Debug, PartialEq)]
enum Script {
    Addresses {
        delay: Duration,
        alias: Option<&'static str>,
        addresses: Vec<IpAddr>,
    },
    Code(ResponseCode),
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
                alias: None,
                addresses: vec![v4(1)],
            };
        }
        let (alias, addresses) = match name {
            "loopback.test" => (None, vec![v4(1)]),
            "v6.test" => (None, vec![v6]),
            "both.test" => (None, vec![v4(1), v6]),
            "alias.test" => (Some("loopback.test."), vec![v4(1)]),
            "many.test" => (None, vec![v4(2), v4(3), v4(1)]),
            "private.test" => (None, vec![IpAddr::from([10, 0, 0, 1])]),
            "metadata.test" => (None, vec![IpAddr::from([169, 254, 169, 254])]),
            "empty.test" => (None, Vec::new()),
            "servfail.test" => return Self::Code(ResponseCode::ServFail),
            "refused.test" => return Self::Code(ResponseCode::Refused),
            "garbage.test" => return Self::Garbage,
            "http-503.test" => return Self::Http(StatusCode::SERVICE_UNAVAILABLE),
            "never.test" => return Self::Never,
            _ => return Self::Code(ResponseCode::NXDomain),
        };
        Self::Addresses {
            delay: Duration::ZERO,
            alias,
            addresses,
        }
    }
}

fn records(name: &Name, asked: RecordType, alias: Option<&str>, addresses: &[IpAddr]) -> Vec<Record> {
    let mut records = Vec::new();
    let mut owner = name.clone();
    if let Some(target) = alias.and_then(|alias| Name::from_str(alias).ok()) {
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
