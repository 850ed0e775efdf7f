//! Requests that a probe has signed.

use ed25519_dalek::VerifyingKey;
use edgewatch_protocol::{
    digest::content_digest_of,
    signature::{self, Body, Message, SignatureHeaders},
};

/// The media type of all that probes sign.
const CONTENT_TYPE: &str = "application/json";

/// What a probe signed.
pub struct Signed<'a> {
    pub path: &'a str,
    pub authority: &'a str,
    pub signature_input: &'a str,
    pub signature: &'a str,
    pub content_encoding: Option<&'a str>,
    pub sha256: [u8; 32],
}

impl Signed<'_> {
    /// When it was signed by the probe's clock, Unix seconds.
    pub fn verify(&self, key: &VerifyingKey) -> Result<i64, String> {
        let headers = SignatureHeaders {
            signature_input: self.signature_input.to_owned(),
            signature: self.signature.to_owned(),
            content_digest: Some(content_digest_of(&self.sha256)),
        };
        let message = Message {
            method: "POST",
            authority: self.authority,
            path: self.path,
            query: None,
            body: Some(Body {
                content_type: CONTENT_TYPE,
                content_encoding: self.content_encoding,
                sha256: self.sha256,
            }),
        };
        let parsed = signature::parse(&headers).map_err(|problem| problem.to_string())?;
        parsed
            .verify(&message, &headers, key, parsed.created_s)
            .map_err(|problem| problem.to_string())?;
        Ok(parsed.created_s)
    }
}
