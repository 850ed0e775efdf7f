//! No bit of a signed request can be changed on the way.

#![allow(clippy::unwrap_used)]

use ed25519_dalek::SigningKey;
use edgewatch_protocol::signature::{Body, Message, SignatureHeaders, parse, sign};
use proptest::{option, prelude::*};

const NOW_S: i64 = 1_780_000_000;

/// The parts of a signed request as bytes on the way.
#[derive(Clone, Debug)]
struct Request {
    method: Vec<u8>,
    authority: Vec<u8>,
    path: Vec<u8>,
    query: Option<Vec<u8>>,
    /// Content type and bytes.
    body: Option<(Vec<u8>, Vec<u8>)>,
    /// `Signature-Input`, `Signature` and, with a body, `Content-Digest`.
    fields: Vec<Vec<u8>>,
}

impl Request {
    fn signed(
        method: &str,
        authority: &str,
        path: &str,
        query: Option<&str>,
        body: Option<(&str, &[u8])>,
    ) -> Self {
        let message = Message {
            method,
            authority,
            path,
            query,
            body: body.map(|(content_type, bytes)| Body::new(content_type, bytes)),
        };
        let headers = sign(&message, &key(), NOW_S, [5; 16]);
        Self {
            method: method.into(),
            authority: authority.into(),
            path: path.into(),
            query: query.map(Into::into),
            body: body.map(|(content_type, bytes)| (content_type.into(), bytes.into())),
            fields: [
                Some(headers.signature_input),
                Some(headers.signature),
                headers.content_digest,
            ]
            .into_iter()
            .flatten()
            .map(String::into_bytes)
            .collect(),
        }
    }

    /// All bytes that travel, part by part. The authority is the second one.
    fn parts(&mut self) -> Vec<&mut Vec<u8>> {
        let mut parts = vec![&mut self.method, &mut self.authority, &mut self.path];
        parts.extend(&mut self.query);
        if let Some((content_type, bytes)) = &mut self.body {
            parts.extend([content_type, bytes]);
        }
        parts.extend(&mut self.fields);
        parts
    }

    fn bits(&mut self) -> usize {
        self.parts().iter().map(|part| part.len() * 8).sum()
    }

    fn flip(&mut self, mut bit: usize) {
        for part in self.parts() {
            if bit < part.len() * 8 {
                part[bit / 8] ^= 1 << (bit % 8);
                return;
            }
            bit -= part.len() * 8;
        }
    }

    /// Whether a verifier takes it. Bytes that are not even text never reach one.
    fn is_accepted(&self) -> bool {
        let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).ok();
        let accepted = || {
            let [method, authority, path] = [&self.method, &self.authority, &self.path].map(text);
            let (method, authority, path) = (method?, authority?, path?);
            let query = match &self.query {
                Some(query) => Some(text(query)?),
                None => None,
            };
            let content_type = match &self.body {
                Some((content_type, _)) => Some(text(content_type)?),
                None => None,
            };
            let message = Message {
                method: &method,
                authority: &authority,
                path: &path,
                query: query.as_deref(),
                body: self
                    .body
                    .as_ref()
                    .zip(content_type.as_deref())
                    .map(|((_, bytes), content_type)| Body::new(content_type, bytes)),
            };
            let headers = SignatureHeaders {
                signature_input: text(&self.fields[0])?,
                signature: text(&self.fields[1])?,
                content_digest: match self.fields.get(2) {
                    Some(digest) => Some(text(digest)?),
                    None => None,
                },
            };
            parse(&headers)
                .ok()?
                .verify(&message, &headers, &key().verifying_key(), NOW_S)
                .ok()
        };
        accepted().is_some()
    }
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

/// Flips one bit and says whether that was noticed. The case of the authority is not part of its meaning.
fn is_noticed(request: &Request, bit: usize) -> bool {
    let mut changed = request.clone();
    changed.flip(bit);
    let only_case =
        changed.authority != request.authority && changed.authority.eq_ignore_ascii_case(&request.authority);
    changed.is_accepted() == only_case
}

#[test]
fn every_single_bit_of_a_request_counts() {
    let body = Some(("application/json", br#"{"version":"1.0"}"#.as_slice()));
    let with_body = Request::signed(
        "POST",
        "a.example:8443",
        "/api/v1/probe/batches",
        Some("q=1"),
        body,
    );
    let without = Request::signed("GET", "127.0.0.1:8080", "/api/v1/probe/assignments", None, None);
    for mut request in [with_body, without] {
        assert!(request.is_accepted());
        for bit in 0..request.bits() {
            assert!(is_noticed(&request, bit), "bit {bit} of {request:?}");
        }
    }
}

proptest! {
    #[test]
    fn any_bit_of_any_request_counts(
        method in "[A-Z]{1,8}",
        authority in "[a-z0-9.-]{1,20}(:[0-9]{1,5})?",
        path in "/[!-~]{0,30}",
        query in option::of("[!-~]{1,30}"),
        body in option::of(("[!-~]([ -~]{0,20}[!-~])?", prop::collection::vec(any::<u8>(), 0..200))),
        draw in any::<prop::sample::Index>(),
    ) {
        let body = body.as_ref().map(|(content_type, bytes)| (content_type.as_str(), bytes.as_slice()));
        let mut request = Request::signed(&method, &authority, &path, query.as_deref(), body);
        prop_assert!(request.is_accepted());
        let bit = draw.index(request.bits());
        prop_assert!(is_noticed(&request, bit), "bit {}", bit);
    }

    #[test]
    fn a_truncated_field_is_refused(length in 0usize..200, field in 0usize..3) {
        let mut request = Request::signed("POST", "a.example", "/", None, Some(("text/plain", b"x")));
        let before = request.fields[field].len();
        request.fields[field].truncate(length);
        prop_assert_eq!(request.is_accepted(), length >= before);
    }
}
