//! RFC 9421 HTTP message signatures as Edgewatch uses them: Ed25519 over a fixed set of components, with an RFC 9530
//! digest of the body.
//!
//! Covered are, in this order, `@method @authority @path @query` and, when there is a body, `content-type`,
//! `content-encoding` if it has one, and `content-digest`. The parameters are `created expires nonce alg keyid tag`, in any order; the label is `sig`. A
//! verifier takes nothing less and nothing else. It cannot know whether a nonce was seen before or a key is enrolled:
//! that is the aggregator's.

use crate::{
    content_coding::content_coding,
    digest::content_digest_of,
    identity::Fingerprint,
    problem::{Problem, ProblemType},
    structured_field::{InnerList, Item, Parameters, dictionary_member},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The signature's label within `Signature-Input` and `Signature`.
pub const LABEL: &str = "sig";

/// The `tag` parameter of what probes sign: a signature made for another application does not count here.
pub const TAG: &str = "edgewatch-probe";

/// The `tag` parameter of what an aggregator signs for its edge workers. See [`crate::edge_page`].
pub const PAGE_TAG: &str = "edgewatch-page";

/// The `alg` parameter.
pub const ALGORITHM: &str = "ed25519";

/// Seconds from `created` to `expires` in signatures made here, and the longest that is taken from others.
pub const VALIDITY_S: i64 = 300;

/// How far, in seconds, `created` may be from the verifier's time in either direction.
pub const MAX_SKEW_S: i64 = 300;

/// How long, in seconds, a verifier has to remember the nonce of a message that it took: after that the signature has
/// expired, even if the signer's clock was ahead as far as it may be.
pub const NONCE_MEMORY_S: i64 = MAX_SKEW_S + VALIDITY_S;

/// The shortest and the longest nonce, in characters.
pub const NONCE_LENGTH: std::ops::RangeInclusive<usize> = 16..=64;

/// What a signature is made over.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Method, such as `POST`; case-sensitive.
    pub method: &'a str,
    /// The `Host` field's value, or `:authority`: without the default port of the URL's scheme. Its case does not matter.
    pub authority: &'a str,
    /// The URL's path as sent, percent-encoding included.
    pub path: &'a str,
    /// The URL's query as sent, without the `?`; `None` and an empty one sign the same.
    pub query: Option<&'a str>,
    /// The body; `None` for a message without one, as a `GET` is.
    pub body: Option<Body<'a>>,
}

/// The body of a message, and what it is.
#[derive(Clone, Copy, Debug)]
pub struct Body<'a> {
    /// The value of the `Content-Type` field.
    pub content_type: &'a str,
    /// The value of the `Content-Encoding` field, if there is one.
    pub content_encoding: Option<&'a str>,
    /// SHA-256 of the bytes as sent.
    pub sha256: [u8; 32],
}

impl<'a> Body<'a> {
    /// Of its bytes as sent, in the coding that [`content_coding`] tells.
    pub fn new(content_type: &'a str, bytes: &[u8]) -> Self {
        Self {
            content_type,
            content_encoding: content_coding(bytes),
            sha256: Sha256::digest(bytes).into(),
        }
    }
}

/// The values of the fields that carry a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureHeaders {
    /// `Signature-Input`; empty where the message has no such field.
    pub signature_input: String,
    /// `Signature`; empty where the message has no such field.
    pub signature: String,
    /// `Content-Digest`, when there is a body.
    pub content_digest: Option<String>,
}

/// A signature that was read and not verified yet: who says to have signed, and when.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The key that the signature names.
    pub keyid: Fingerprint,
    /// The signer's nonce; the same one again is a replay.
    pub nonce: String,
    /// When it was made, Unix seconds of the signer.
    pub created_s: i64,
    /// Until when it holds, Unix seconds of the signer.
    pub expires_s: i64,
    input: InnerList,
    signature: Signature,
}

/// Signs a message.
///
/// `created_s` is the time in Unix seconds, `nonce` 16 random bytes that are never used again.
pub fn sign(message: &Message<'_>, key: &SigningKey, created_s: i64, nonce: [u8; 16]) -> SignatureHeaders {
    sign_as(TAG, message, key, created_s, nonce)
}

/// The same under the tag of an application.
pub fn sign_as(
    tag: &str,
    message: &Message<'_>,
    key: &SigningKey,
    created_s: i64,
    nonce: [u8; 16],
) -> SignatureHeaders {
    let digest = message.body.map(|body| content_digest_of(&body.sha256));
    let components = components(message, digest.as_deref());
    let text = |value: &str| Item::String(value.to_owned());
    let input = InnerList {
        items: components
            .iter()
            .map(|(name, _)| (text(name), Parameters::new()))
            .collect(),
        parameters: [
            ("created", Item::Integer(created_s)),
            ("expires", Item::Integer(created_s + VALIDITY_S)),
            ("nonce", Item::String(hex::encode(nonce))),
            ("alg", text(ALGORITHM)),
            ("keyid", Item::String(Fingerprint::of(&key.verifying_key()).0)),
            ("tag", text(tag)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into(),
    };
    let signature = key.sign(signature_base(&components, &input).as_bytes());
    SignatureHeaders {
        signature_input: format!("{LABEL}={input}"),
        signature: format!("{LABEL}=:{}:", STANDARD.encode(signature.to_bytes())),
        content_digest: digest,
    }
}

/// Reads who says to have signed a message, so that the key can be looked up. Nothing is verified yet.
///
/// # Errors
/// `signature-missing` when a field, its member `sig` or a parameter is missing, or when the algorithm or the tag is
/// another one; `malformed` when a field cannot be read.
pub fn parse(headers: &SignatureHeaders) -> Result<Parsed, Problem> {
    parse_as(TAG, headers)
}

/// The same under the tag of an application.
///
/// # Errors
/// See [`parse`].
pub fn parse_as(tag: &str, headers: &SignatureHeaders) -> Result<Parsed, Problem> {
    let member = |field: &str, value: &str| {
        dictionary_member(value, LABEL)
            .map_err(|error| malformed(format!("{field}: {error}")))?
            .ok_or_else(|| missing(format!("there is no {field} field with a member `{LABEL}`")))
    };
    let input = member("Signature-Input", &headers.signature_input)?
        .into_inner_list()
        .ok_or_else(|| malformed(format!("Signature-Input: `{LABEL}` is not an inner list")))?;
    let signature = member("Signature", &headers.signature)?
        .into_bytes()
        .and_then(|bytes| <[u8; 64]>::try_from(bytes).ok())
        .ok_or_else(|| malformed(format!("Signature: `{LABEL}` is not a byte sequence of 64 bytes")))?;

    let known = ["created", "expires", "nonce", "keyid", "alg", "tag"];
    if let Some((name, _)) = input
        .parameters
        .iter()
        .find(|(name, _)| !known.contains(&name.as_str()))
    {
        return Err(malformed(format!(
            "Signature-Input: the parameter `{name}` is not known here"
        )));
    }
    let [created_s, expires_s] = [integer(&input, "created")?, integer(&input, "expires")?];
    let [nonce, keyid] = [text(&input, "nonce")?, text(&input, "keyid")?];
    for (name, wanted) in [("alg", ALGORITHM), ("tag", tag)] {
        let found = text(&input, name)?;
        if found != wanted {
            return Err(missing(format!(
                "the parameter `{name}` is `{found}`, it must be `{wanted}`"
            )));
        }
    }
    if !NONCE_LENGTH.contains(&nonce.len()) {
        let (shortest, longest) = (NONCE_LENGTH.start(), NONCE_LENGTH.end());
        return Err(malformed(format!(
            "the nonce must have {shortest} to {longest} characters"
        )));
    }
    Ok(Parsed {
        keyid: Fingerprint(keyid.to_owned()),
        nonce: nonce.to_owned(),
        created_s,
        expires_s,
        signature: Signature::from_bytes(&signature),
        input,
    })
}

impl Parsed {
    /// Verifies that the holder of `key` signed this very message, and did so about now.
    ///
    /// # Errors
    /// `signature-missing` when something else is covered than must be, or the validity is longer than allowed;
    /// `clock-skew` when `created` is further than [`MAX_SKEW_S`] from `now_s` or the signature has expired;
    /// `signature-invalid` when the digest, the key or the signature does not hold; `malformed` when a component has
    /// control characters.
    pub fn verify(
        &self,
        message: &Message<'_>,
        headers: &SignatureHeaders,
        key: &VerifyingKey,
        now_s: i64,
    ) -> Result<(), Problem> {
        let components = components(message, headers.content_digest.as_deref());
        self.require_coverage(&components)?;
        self.require_time(now_s)?;
        if let Some((name, _)) = components
            .iter()
            .find(|(_, value)| value.chars().any(char::is_control))
        {
            return Err(malformed(format!("`{name}` has control characters")));
        }
        if headers.content_digest != message.body.map(|body| content_digest_of(&body.sha256)) {
            return Err(invalid(
                "the Content-Digest field is not the body's sha-256 alone",
            ));
        }
        if self.keyid != Fingerprint::of(key) {
            return Err(invalid("the signature names another key"));
        }
        key.verify_strict(
            signature_base(&components, &self.input).as_bytes(),
            &self.signature,
        )
        .map_err(|_| invalid("it was made with another key or over another message"))
    }

    fn require_coverage(&self, components: &[(&str, String)]) -> Result<(), Problem> {
        let is_wanted = |((item, parameters), (name, _)): (&(Item, Parameters), &(&str, String))| {
            parameters.is_empty() && matches!(item, Item::String(covered) if covered == name)
        };
        let covered = &self.input.items;
        if covered.len() == components.len() && covered.iter().zip(components).all(is_wanted) {
            return Ok(());
        }
        let names: Vec<_> = components.iter().map(|(name, _)| *name).collect();
        Err(missing(format!(
            "the signature must cover, in this order: {}",
            names.join(" ")
        )))
    }

    fn require_time(&self, now_s: i64) -> Result<(), Problem> {
        if !(1..=VALIDITY_S).contains(&(self.expires_s - self.created_s)) {
            return Err(missing(format!(
                "`expires` must be 1 to {VALIDITY_S} s after `created`"
            )));
        }
        let skew = |detail: String| Err(Problem::new(ProblemType::ClockSkew).detail(detail));
        let ahead_s = self.created_s - now_s;
        if ahead_s.abs() > MAX_SKEW_S {
            let side = if ahead_s > 0 { "ahead of" } else { "behind" };
            return skew(format!(
                "the signature's time is {} s {side} this side's clock and may be {MAX_SKEW_S} s off: set the probe's clock",
                ahead_s.abs()
            ));
        }
        if now_s > self.expires_s {
            return skew(format!(
                "the signature expired {} s ago: set the probe's clock, or sign shortly before sending",
                now_s - self.expires_s
            ));
        }
        Ok(())
    }
}

/// The components that must be covered, with their values (RFC 9421, section 2).
fn components(message: &Message<'_>, content_digest: Option<&str>) -> Vec<(&'static str, String)> {
    let path = if message.path.is_empty() {
        "/"
    } else {
        message.path
    };
    let mut components = vec![
        ("@method", message.method.to_owned()),
        ("@authority", message.authority.to_ascii_lowercase()),
        ("@path", path.to_owned()),
        ("@query", format!("?{}", message.query.unwrap_or_default())),
    ];
    if let Some(body) = message.body {
        components.push(("content-type", body.content_type.trim().to_owned()));
        let coding = body.content_encoding.map(|coding| coding.trim().to_owned());
        components.extend(coding.map(|coding| ("content-encoding", coding)));
        components.push(("content-digest", content_digest.unwrap_or_default().to_owned()));
    }
    components
}

/// The signature base (RFC 9421, section 2.5) of any list of plain components.
fn signature_base(components: &[(&str, String)], input: &InnerList) -> String {
    let mut base = String::new();
    for (name, value) in components {
        // Writing into a string cannot fail.
        let _ = writeln!(base, "\"{name}\": {value}");
    }
    let _ = write!(base, "\"@signature-params\": {input}");
    base
}

fn parameter<'a>(input: &'a InnerList, name: &str) -> Result<&'a Item, Problem> {
    let found = input.parameters.iter().find(|(known, _)| known == name);
    found
        .map(|(_, value)| value)
        .ok_or_else(|| missing(format!("the signature has no parameter `{name}`")))
}

fn integer(input: &InnerList, name: &str) -> Result<i64, Problem> {
    match parameter(input, name)? {
        Item::Integer(number) => Ok(*number),
        _ => Err(malformed(format!("the parameter `{name}` is not an integer"))),
    }
}

fn text<'a>(input: &'a InnerList, name: &str) -> Result<&'a str, Problem> {
    match parameter(input, name)? {
        Item::String(text) => Ok(text),
        _ => Err(malformed(format!("the parameter `{name}` is not a string"))),
    }
}

fn missing(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemType::SignatureMissing).detail(detail)
}

fn malformed(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemType::Malformed).detail(detail)
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemType::SignatureInvalid).detail(detail)
}

#[cfg(test)]
mod tests;
