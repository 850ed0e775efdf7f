use super::*;

const NOW_S: i64 = 1_780_000_000;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn message() -> Message<'static> {
    Message {
        method: "POST",
        authority: "edgewatch.example:8443",
        path: "/api/v1/probe/batches",
        query: Some("a=%20b"),
        body: Some(Body {
            content_type: "application/json",
            bytes: b"{\"seq\":1}",
        }),
    }
}

fn signed() -> SignatureHeaders {
    sign(&message(), &key(), NOW_S, [1; 16])
}

fn check(message: &Message<'_>, headers: &SignatureHeaders, now_s: i64) -> Result<(), Problem> {
    parse(headers)?.verify(message, headers, &key().verifying_key(), now_s)
}

fn refusal(headers: &SignatureHeaders) -> (Option<ProblemType>, String) {
    let problem = check(&message(), headers, NOW_S).unwrap_err();
    (problem.kind(), problem.detail.unwrap())
}

#[test]
fn what_is_signed_verifies() {
    let headers = signed();
    check(&message(), &headers, NOW_S).unwrap();
    let parsed = parse(&headers).unwrap();
    assert_eq!(parsed.keyid, Fingerprint::of(&key().verifying_key()));
    assert_eq!(parsed.nonce, "01".repeat(16));
    assert_eq!((parsed.created_s, parsed.expires_s), (NOW_S, NOW_S + 300));

    let get = Message {
        method: "GET",
        query: None,
        body: None,
        ..message()
    };
    let headers = sign(&get, &key(), NOW_S, [1; 16]);
    assert_eq!(headers.content_digest, None);
    check(&get, &headers, NOW_S).unwrap();
}
