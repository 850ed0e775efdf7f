//! Interoperability of the signature with an independent implementation, the crate `httpsig`.

#![allow(clippy::unwrap_used)]

use ed25519_dalek::SigningKey;
use edgewatch_protocol::{
    digest::content_digest,
    identity::Fingerprint,
    signature::{Body, Message, SignatureHeaders, TAG, parse, sign},
};
use httpsig::prelude::{
    AlgorithmName, HttpSignatureBase, HttpSignatureHeaders, HttpSignatureParams, PublicKey, SecretKey,
    message_component::{HttpMessageComponent, HttpMessageComponentId},
};

// `httpsig` asks the machine for the time when it looks at `expires`, so this must lie ahead of it.
const CREATED_S: i64 = 4_000_000_000;

fn message() -> Message<'static> {
    Message {
        method: "POST",
        authority: "edgewatch.example",
        path: "/api/v1/probe/batches",
        query: Some("x=1&y=%2F"),
        body: Some(Body::new("application/json", b"{\"seq\":1}")),
    }
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[42; 32])
}

/// The components of [`message()`] as `httpsig` builds them from field values.
fn components() -> Vec<(HttpMessageComponentId, HttpMessageComponent)> {
    [
        ("@method", "POST".to_owned()),
        ("@authority", "edgewatch.example".to_owned()),
        ("@path", "/api/v1/probe/batches".to_owned()),
        ("@query", "?x=1&y=%2F".to_owned()),
        ("content-type", "application/json".to_owned()),
        ("content-digest", content_digest(b"{\"seq\":1}")),
    ]
    .into_iter()
    .map(|(name, value)| {
        let id = HttpMessageComponentId::try_from(name).unwrap();
        let component = HttpMessageComponent::try_from((&id, [value].as_slice())).unwrap();
        (id, component)
    })
    .collect()
}

#[test]
fn httpsig_verifies_what_we_sign() {
    let ours = sign(&message(), &key(), CREATED_S, [9; 16]);
    let parsed = HttpSignatureHeaders::try_parse(&ours.signature, &ours.signature_input).unwrap();
    let (ids, components): (Vec<_>, Vec<_>) = components().into_iter().unzip();
    let params = parsed["sig"].signature_params();
    assert_eq!(params.covered_components, ids);
    assert_eq!(params.tag.as_deref(), Some(TAG));

    let base = HttpSignatureBase::try_new(&components, params).unwrap();
    let public = PublicKey::from_bytes(&AlgorithmName::Ed25519, key().verifying_key().as_bytes()).unwrap();
    base.verify_signature_headers(&public, &parsed["sig"]).unwrap();

    let other = PublicKey::from_bytes(
        &AlgorithmName::Ed25519,
        SigningKey::from_bytes(&[43; 32]).verifying_key().as_bytes(),
    )
    .unwrap();
    assert!(base.verify_signature_headers(&other, &parsed["sig"]).is_err());
}

#[test]
fn we_verify_what_httpsig_signs() {
    let (ids, components): (Vec<_>, Vec<_>) = components().into_iter().unzip();
    let mut params = HttpSignatureParams::try_new(&ids).unwrap();
    params
        .set_created(CREATED_S as u64)
        .set_expires(CREATED_S as u64 + 120)
        .set_nonce("a-nonce-of-httpsig")
        .set_keyid(&Fingerprint::of(&key().verifying_key()).0)
        .set_alg(&AlgorithmName::Ed25519)
        .set_tag(TAG);
    let secret = SecretKey::from_bytes(&AlgorithmName::Ed25519, &key().to_bytes()).unwrap();
    let theirs = HttpSignatureBase::try_new(&components, &params)
        .unwrap()
        .build_signature_headers(&secret, Some("sig"))
        .unwrap();
    let headers = SignatureHeaders {
        signature_input: theirs.signature_input_header_value(),
        signature: theirs.signature_header_value(),
        content_digest: Some(content_digest(b"{\"seq\":1}")),
    };
    let parsed = parse(&headers).unwrap();
    assert_eq!(parsed.nonce, "a-nonce-of-httpsig");
    parsed
        .verify(&message(), &headers, &key().verifying_key(), CREATED_S)
        .unwrap();
}
