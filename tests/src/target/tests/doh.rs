//! Names that resolve, fail to, or take their time.

use super::{PATIENCE, about, get, start};
use crate::target::Target;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hickory_proto::{
    op::{Message, Query, ResponseCode},
    rr::{Name, RecordType},
};
use std::str::FromStr as _;
use tokio::time::{Instant, timeout};

/// Asks the resolver and answers with the HTTP status and the DNS response, if it is one.
async fn resolve(target: &Target, name: &str, kind: RecordType) -> (u16, Option<Message>) {
    let mut question = Message::query();
    question.add_query(Query::query(Name::from_str(name).unwrap(), kind));
    let dns = URL_SAFE_NO_PAD.encode(question.to_vec().unwrap());
    let answer = get(target, &format!("/dns-query?dns={dns}")).await;
    let head = answer
        .bytes
        .windows(4)
        .position(|end| end == b"\r\n\r\n")
        .unwrap();
    (answer.status(), Message::from_vec(&answer.bytes[head + 4..]).ok())
}

#[tokio::test]
async fn names_resolve_as_they_say() {
    let target = start().await.unwrap();
    let addresses = async |name, kind| {
        let response = resolve(&target, name, kind).await.1.unwrap();
        let data = response.answers.iter().map(|record| record.data.to_string());
        (
            response.metadata.response_code,
            data.collect::<Vec<_>>().join(" "),
        )
    };
    for (name, kind, code, data) in [
        (
            "loopback.test.",
            RecordType::A,
            ResponseCode::NoError,
            "127.0.0.1",
        ),
        (
            "LoopBack.test.",
            RecordType::A,
            ResponseCode::NoError,
            "127.0.0.1",
        ),
        ("loopback.test.", RecordType::AAAA, ResponseCode::NoError, ""),
        ("v6.test.", RecordType::AAAA, ResponseCode::NoError, "::1"),
        ("v6.test.", RecordType::A, ResponseCode::NoError, ""),
        (
            "many.test.",
            RecordType::A,
            ResponseCode::NoError,
            "127.0.0.2 127.0.0.3 127.0.0.1",
        ),
        (
            "alias.test.",
            RecordType::A,
            ResponseCode::NoError,
            "loopback.test. 127.0.0.1",
        ),
        (
            "metadata.test.",
            RecordType::A,
            ResponseCode::NoError,
            "169.254.169.254",
        ),
        ("nobody.test.", RecordType::A, ResponseCode::NXDomain, ""),
        ("servfail.test.", RecordType::A, ResponseCode::ServFail, ""),
        ("refused.test.", RecordType::A, ResponseCode::Refused, ""),
    ] {
        assert_eq!(addresses(name, kind).await, (code, data.to_owned()), "{name}");
    }
    let (status, message) = resolve(&target, "garbage.test.", RecordType::A).await;
    assert!(status == 200 && message.is_none());
    assert_eq!(resolve(&target, "http-503.test.", RecordType::A).await.0, 503);

    let start = Instant::now();
    assert_eq!(addresses("delay-150.test.", RecordType::A).await.1, "127.0.0.1");
    assert!(about(start.elapsed(), 150));
    let never = resolve(&target, "never.test.", RecordType::A);
    assert!(timeout(PATIENCE, never).await.is_err());
}
