use super::*;
use crate::digest::content_digest;

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
        body: Some(Body::new("application/json", b"{\"seq\":1}")),
    }
}

fn signed() -> SignatureHeaders {
    sign(&message(), &key(), NOW_S, [1; 16])
}

fn check(message: &Message<'_>, headers: &SignatureHeaders, now_s: i64) -> Result<(), Problem> {
    parse(headers)?.verify(message, headers, &key().verifying_key(), now_s)
}

/// The problem that a message with these headers meets.
fn refusal(headers: &SignatureHeaders) -> (Option<ProblemType>, String) {
    let problem = check(&message(), headers, NOW_S).unwrap_err();
    (problem.kind(), problem.detail.unwrap())
}

/// A message whose parameters were changed before it was signed.
fn signed_with(change: impl FnOnce(&mut InnerList)) -> SignatureHeaders {
    let headers = signed();
    let mut input = parse(&headers).unwrap().input;
    change(&mut input);
    let covered: Vec<_> = input.items.iter().map(|(item, _)| item.to_string()).collect();
    let components: Vec<_> = components(&message(), headers.content_digest.as_deref())
        .into_iter()
        .filter(|(name, _)| covered.contains(&format!("\"{name}\"")))
        .collect();
    let signature = key().sign(signature_base(&components, &input).as_bytes());
    SignatureHeaders {
        signature_input: format!("sig={input}"),
        signature: format!("sig=:{}:", STANDARD.encode(signature.to_bytes())),
        ..headers
    }
}

fn set(input: &mut InnerList, name: &str, value: Item) {
    let parameter = input.parameters.iter_mut().find(|(known, _)| known == name);
    parameter.unwrap().1 = value;
}

#[test]
fn the_ed25519_vector_of_rfc_9421() {
    // RFC 9421, appendices B.1.4 (test-key-ed25519), B.2 (the request) and B.2.6 (its signature).
    let private = "9f8362f87a484a954e6e740c5b4c0e84229139a20aa8ab56ff66586f6a7d29c5";
    let public = "26b40b8f93fff3d897112f7ebc582b232dbd72517d082fe83cfb30ddce43d1bb";
    let key = SigningKey::from_bytes(&hex::decode(private).unwrap().try_into().unwrap());
    assert_eq!(hex::encode(key.verifying_key().as_bytes()), public);

    let field = "sig-b26=(\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")\
                 ;created=1618884473;keyid=\"test-key-ed25519\"";
    let member = dictionary_member(field, "sig-b26").unwrap().unwrap();
    let input = member.into_inner_list().unwrap();
    let components = [
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("@method", "POST"),
        ("@path", "/foo"),
        ("@authority", "example.com"),
        ("content-type", "application/json"),
        ("content-length", "18"),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    let base = signature_base(&components, &input);
    assert_eq!(
        base,
        "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\
         \"@method\": POST\n\
         \"@path\": /foo\n\
         \"@authority\": example.com\n\
         \"content-type\": application/json\n\
         \"content-length\": 18\n\
         \"@signature-params\": (\"date\" \"@method\" \"@path\" \"@authority\" \"content-type\" \"content-length\")\
         ;created=1618884473;keyid=\"test-key-ed25519\""
    );
    assert_eq!(
        STANDARD.encode(key.sign(base.as_bytes()).to_bytes()),
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    );
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
        path: "",
        query: None,
        body: None,
        ..message()
    };
    let headers = sign(&get, &key(), NOW_S, [1; 16]);
    assert_eq!(headers.content_digest, None);
    check(&get, &headers, NOW_S).unwrap();
    let same = Message {
        authority: "EdgeWatch.example:8443",
        path: "/",
        query: Some(""),
        ..get
    };
    check(&same, &headers, NOW_S).unwrap();
}

#[test]
fn a_signature_of_somebody_else_beside_ours_does_not_matter() {
    let ours = signed();
    let headers = SignatureHeaders {
        signature_input: format!("proxy=(\"@status\";req);created=1, {}", ours.signature_input),
        signature: format!("proxy=:AQID:,{}", ours.signature),
        ..ours
    };
    check(&message(), &headers, NOW_S).unwrap();
}

#[test]
fn a_clock_may_be_five_minutes_off_and_the_problem_says_how_far_it_is() {
    let skew = |now_s| {
        check(&message(), &signed(), now_s).map_err(|problem| (problem.kind(), problem.detail.unwrap()))
    };
    assert_eq!(skew(NOW_S - 300), Ok(()));
    assert_eq!(skew(NOW_S + 300), Ok(()));
    let (kind, detail) = skew(NOW_S - 301).unwrap_err();
    assert_eq!(kind, Some(ProblemType::ClockSkew));
    assert!(detail.contains("301 s ahead of"), "{detail}");
    let (kind, detail) = skew(NOW_S + 3_600).unwrap_err();
    assert_eq!(kind, Some(ProblemType::ClockSkew));
    assert!(detail.contains("3600 s behind"), "{detail}");
}

#[test]
fn a_signature_may_expire_sooner_but_not_later() {
    let expiring = |after_s| signed_with(|input| set(input, "expires", Item::Integer(NOW_S + after_s)));
    check(&message(), &expiring(30), NOW_S + 30).unwrap();
    let expired = check(&message(), &expiring(30), NOW_S + 31).unwrap_err();
    assert_eq!(expired.kind(), Some(ProblemType::ClockSkew));
    assert!(expired.detail.unwrap().contains("expired 1 s ago"));
    for after_s in [301, 0, -1] {
        assert_eq!(
            refusal(&expiring(after_s)).0,
            Some(ProblemType::SignatureMissing),
            "{after_s}"
        );
    }
}

#[test]
fn nothing_less_and_nothing_else_may_be_covered() {
    for left_out in 0..6 {
        let headers = signed_with(|input| drop(input.items.remove(left_out)));
        let (kind, detail) = refusal(&headers);
        assert_eq!(kind, Some(ProblemType::SignatureMissing), "{left_out}");
        assert!(detail.contains("@method @authority @path @query content-type content-digest"));
    }
    let other_sets: [fn(&mut InnerList); 3] = [
        |input| input.items.swap(0, 1),
        |input| input.items.push(input.items[0].clone()),
        |input| input.items[4].1.push(("sf".to_owned(), Item::Boolean(true))),
    ];
    for change in other_sets {
        assert_eq!(
            refusal(&signed_with(change)).0,
            Some(ProblemType::SignatureMissing)
        );
    }
    // A body that came along with a signature that is good for the message without it.
    let bare = Message {
        body: None,
        ..message()
    };
    let headers = sign(&bare, &key(), NOW_S, [1; 16]);
    assert_eq!(refusal(&headers).0, Some(ProblemType::SignatureMissing));
}

#[test]
fn every_parameter_is_asked_for() {
    for name in ["created", "expires", "nonce", "keyid", "alg", "tag"] {
        let headers = signed_with(|input| input.parameters.retain(|(known, _)| known != name));
        let (kind, detail) = refusal(&headers);
        assert_eq!(kind, Some(ProblemType::SignatureMissing));
        assert!(detail.contains(name), "{detail}");
        let headers = signed_with(|input| set(input, name, Item::Boolean(true)));
        assert_eq!(refusal(&headers).0, Some(ProblemType::Malformed));
    }
    let text = |text: &str| Item::String(text.to_owned());
    for (name, value, kind) in [
        ("alg", text("hmac-sha256"), ProblemType::SignatureMissing),
        ("tag", text("other"), ProblemType::SignatureMissing),
        ("nonce", text("short"), ProblemType::Malformed),
        ("nonce", text(&"n".repeat(65)), ProblemType::Malformed),
        (
            "keyid",
            text("ffffffffffffffffffffffffffffffff"),
            ProblemType::SignatureInvalid,
        ),
    ] {
        let headers = signed_with(|input| set(input, name, value));
        assert_eq!(refusal(&headers).0, Some(kind), "{name}");
    }
    let headers = signed_with(|input| input.parameters.push(("x".to_owned(), Item::Integer(1))));
    assert_eq!(refusal(&headers).0, Some(ProblemType::Malformed));
}

#[test]
fn a_missing_field_is_not_an_unreadable_one() {
    let headers = SignatureHeaders {
        signature_input: String::new(),
        ..signed()
    };
    assert_eq!(refusal(&headers).0, Some(ProblemType::SignatureMissing));
    for unreadable in ["sig=:AQID:", "sig=(\"a\")", "sig=", "sig=:AQ"] {
        let headers = SignatureHeaders {
            signature: unreadable.to_owned(),
            ..signed()
        };
        assert_eq!(refusal(&headers).0, Some(ProblemType::Malformed), "{unreadable}");
    }
}

#[test]
fn the_digest_must_be_the_bodys() {
    for digest in [None, Some(content_digest(b"{\"seq\":2}"))] {
        let headers = SignatureHeaders {
            content_digest: digest,
            ..signed()
        };
        let (kind, detail) = refusal(&headers);
        assert_eq!(kind, Some(ProblemType::SignatureInvalid));
        assert!(detail.contains("Content-Digest"));
    }
}

#[test]
fn another_key_is_refused() {
    let other = SigningKey::from_bytes(&[8; 32]);
    let headers = signed();
    let problem = parse(&headers)
        .unwrap()
        .verify(&message(), &headers, &other.verifying_key(), NOW_S)
        .unwrap_err();
    assert_eq!(problem.kind(), Some(ProblemType::SignatureInvalid));
    // Signed by another key under our key's name.
    let forged = sign(&message(), &other, NOW_S, [1; 16]);
    let ours = Fingerprint::of(&key().verifying_key()).0;
    let theirs = Fingerprint::of(&other.verifying_key()).0;
    let headers = SignatureHeaders {
        signature_input: forged.signature_input.replace(&theirs, &ours),
        ..forged
    };
    assert_eq!(refusal(&headers).0, Some(ProblemType::SignatureInvalid));
}

#[test]
fn a_component_cannot_smuggle_in_a_line() {
    let split = Message {
        path: "/a\n\"@query\": ?b",
        ..message()
    };
    let headers = sign(&split, &key(), NOW_S, [1; 16]);
    assert_eq!(
        check(&split, &headers, NOW_S).unwrap_err().kind(),
        Some(ProblemType::Malformed)
    );
}
