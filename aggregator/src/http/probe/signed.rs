//! Who sent this? Every request of a probe carries an RFC 9421 signature, and its nonce counts once.

use crate::{
    admission::{replayed, require_approved},
    announcement::Change,
    http::{ApiError, error::ApiResult},
    state::AppState,
    store::{
        nonce,
        probe::note_clock_off,
        signer::{self, Signer},
    },
};
use axum::{
    body::Body,
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use ed25519_dalek::VerifyingKey;
use edgewatch_protocol::{
    batch::MAX_BODY_BYTES,
    content_coding::ZSTD,
    problem::{Problem, ProblemType},
    signature::{self, Message, Parsed, SignatureHeaders},
};
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};
use sqlx::PgExecutor;

/// The only media type of a probe's bodies: one fixed value, so that the evidence can be verified without keeping it.
pub const CONTENT_TYPE: &str = "application/json";

/// How much room a body gets before any of it has come: a full batch fits.
const FIRST_BYTES: usize = 512 << 10;

/// How much of a body that is too long is read before its connection is given up.
const MAX_DISCARDED_BYTES: usize = 2 * MAX_BODY_BYTES;

/// A request that says who signed it. Nothing is verified yet.
#[derive(Debug)]
pub struct SignedRequest {
    /// The signature, read.
    pub parsed: Parsed,
    /// The signature's fields as they came.
    pub headers: SignatureHeaders,
    /// What the signature has to cover as `@authority`.
    pub authority: String,
    /// The body; empty for a request without one.
    pub body: Bytes,
    /// SHA-256 of the body.
    pub digest: [u8; 32],
    /// How the body is coded; `None`: as it is.
    pub content_encoding: Option<&'static str>,
    method: String,
    path: String,
    query: Option<String>,
    has_body: bool,
}

impl SignedRequest {
    /// Verifies the signature. Whether the request was seen before is asked apart: see [`SignedRequest::count_once`].
    ///
    /// # Errors
    /// What [`Parsed::verify`] says.
    pub fn verify(&mut self, state: &AppState, key: &VerifyingKey) -> Result<(), Problem> {
        let now = state.clock.now();
        let verified = self.verify_as(&self.authority, key, now);
        // Behind a proxy that passes on another `Host`, the probe has signed the public one.
        let public = state
            .settings()
            .public_url
            .as_ref()
            .map(|url| url.authority().to_owned());
        if let (Err(_), Some(public)) = (&verified, public)
            && self.verify_as(&public, key, now).is_ok()
        {
            self.authority = public;
            return Ok(());
        }
        verified
    }

    /// Remembers the nonce: a request counts once. Only verified requests may come here, or strangers could use up nonces.
    ///
    /// # Errors
    /// `replay`.
    pub async fn count_once(&self, db: impl PgExecutor<'_>, now: DateTime<Utc>) -> ApiResult<()> {
        let (keyid, nonce, keep_until) = self.nonce(now);
        if nonce::remember_nonce(db, keyid, nonce, keep_until).await? {
            Ok(())
        } else {
            Err(replayed().into())
        }
    }

    /// Key, nonce, and until when they are to be remembered: for who does that with a statement of his own.
    pub fn nonce(&self, now: DateTime<Utc>) -> (&str, &str, DateTime<Utc>) {
        (
            &self.parsed.keyid.0,
            &self.parsed.nonce,
            nonce::remembered_until(now),
        )
    }

    fn verify_as(&self, authority: &str, key: &VerifyingKey, now: DateTime<Utc>) -> Result<(), Problem> {
        let body = self.has_body.then_some(signature::Body {
            content_type: CONTENT_TYPE,
            content_encoding: self.content_encoding,
            sha256: self.digest,
        });
        let message = Message {
            method: &self.method,
            authority,
            path: &self.path,
            query: self.query.as_deref(),
            body,
        };
        self.parsed.verify(&message, &self.headers, key, now.timestamp())
    }
}

impl FromRequest<AppState> for SignedRequest {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> ApiResult<Self> {
        let read = read(request).await;
        if let Err(error) = &read {
            state.metrics.request_refused(error.problem());
        }
        read
    }
}

async fn read(request: Request) -> ApiResult<SignedRequest> {
    let (parts, body) = request.into_parts();
    let text = |name: &str| text(&parts.headers, name);
    let headers = SignatureHeaders {
        signature_input: text("signature-input").unwrap_or_default(),
        signature: text("signature").unwrap_or_default(),
        content_digest: text("content-digest"),
    };
    let parsed = signature::parse(&headers)?;
    let authority = parts
        .uri
        .authority()
        .map(|authority| authority.as_str().to_owned())
        .or_else(|| text(header::HOST.as_str()))
        .ok_or_else(|| ApiError::new(ProblemType::Malformed, "there is no Host field"))?;
    let content_type = text(header::CONTENT_TYPE.as_str());
    if content_type.as_deref().is_some_and(|found| found != CONTENT_TYPE) {
        return Err(ApiError::new(
            ProblemType::UnsupportedMediaType,
            format!("send the body as `Content-Type: {CONTENT_TYPE}`"),
        ));
    }
    let content_encoding = match text(header::CONTENT_ENCODING.as_str()).as_deref() {
        None => None,
        Some(ZSTD) => Some(ZSTD),
        Some(other) => {
            return Err(ApiError::new(
                ProblemType::UnsupportedMediaType,
                format!(
                    "send the body as it is, or as `Content-Encoding: {ZSTD}`: `{other}` is not known here"
                ),
            ));
        }
    };
    let length = text(header::CONTENT_LENGTH.as_str()).and_then(|length| length.parse().ok());
    let (body, digest) = read_body(body, length.unwrap_or_default()).await?;
    Ok(SignedRequest {
        parsed,
        headers,
        authority,
        // A body counts as one whatever is said of it: none goes by unsigned.
        has_body: content_type.is_some() || !body.is_empty(),
        body,
        digest,
        content_encoding,
        method: parts.method.as_str().to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(ToOwned::to_owned),
    })
}

/// The whole body and its SHA-256, which is computed while the rest is on its way. What is too long is read on for a while, though not kept: a peer that still sends when the connection
/// closes would lose the answer with it.
async fn read_body(mut body: Body, announced_bytes: usize) -> ApiResult<(Bytes, [u8; 32])> {
    let mut kept = BytesMut::with_capacity(announced_bytes.min(FIRST_BYTES));
    let mut digest = Sha256::new();
    let mut seen = 0;
    while seen.max(announced_bytes) <= MAX_DISCARDED_BYTES
        && let Some(frame) = body.frame().await
    {
        let frame = frame.map_err(|_| ApiError::new(ProblemType::Malformed, "the body ended early"))?;
        let data = frame.into_data().unwrap_or_default();
        seen += data.len();
        if seen <= MAX_BODY_BYTES {
            digest.update(&data);
            kept.extend_from_slice(&data);
        } else {
            kept = BytesMut::new();
        }
    }
    if seen.max(announced_bytes) > MAX_BODY_BYTES {
        return Err(ApiError::new(
            ProblemType::TooLarge,
            format!("a probe's request has at most {MAX_BODY_BYTES} bytes"),
        ));
    }
    Ok((kept.freeze(), digest.finalize().into()))
}

/// A field's value; several fields of one name count as none, since a signature is over one.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    value.to_str().ok().map(ToOwned::to_owned)
}

/// A verified request of an approved probe, counted.
#[derive(Debug)]
pub struct ProbeRequest {
    /// Who signed it.
    pub probe: Signer,
    /// What was signed.
    pub request: SignedRequest,
}

/// The same, but its nonce is not remembered yet, and the probe may have been revoked: the handler does and asks that in its
/// own transaction.
#[derive(Debug)]
pub struct UncountedRequest {
    /// Who signed it.
    pub probe: Signer,
    /// What was signed.
    pub request: SignedRequest,
}

impl FromRequest<AppState> for UncountedRequest {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> ApiResult<Self> {
        let request = SignedRequest::from_request(request, state).await?;
        let signer = state.known_signers.find(&state.pool, &request.parsed.keyid).await;
        let admitted = admit(request, signer, state).await;
        if let Err(error) = &admitted {
            state.metrics.request_refused(error.problem());
        }
        admitted
    }
}

impl FromRequest<AppState> for ProbeRequest {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> ApiResult<Self> {
        let request = SignedRequest::from_request(request, state).await?;
        let counted = async {
            let signer = signer::find_signer(&state.pool, &request.parsed.keyid).await;
            let UncountedRequest { probe, request } = admit(request, signer, state).await?;
            request.count_once(&state.pool, state.clock.now()).await?;
            ApiResult::Ok(Self { probe, request })
        }
        .await;
        if let Err(error) = &counted {
            state.metrics.request_refused(error.problem());
        }
        counted
    }
}

async fn admit(
    mut request: SignedRequest,
    signer: sqlx::Result<Option<Signer>>,
    state: &AppState,
) -> ApiResult<UncountedRequest> {
    let probe = signer?.ok_or_else(|| ApiError::new(ProblemType::UnknownKey, "enrol this key first"))?;
    if let Err(problem) = request.verify(state, &probe.key) {
        if problem.kind() == Some(ProblemType::ClockSkew) {
            note_clock(state, &probe, &request).await?;
        }
        return Err(problem.into());
    }
    require_approved(probe.status)?;
    Ok(UncountedRequest { probe, request })
}

/// Notes by how much a probe's clock is off, so that an administrator sees it. Only if the signature would hold at its
/// own time: strangers say nothing of a probe's clock.
async fn note_clock(state: &AppState, probe: &Signer, request: &SignedRequest) -> ApiResult<()> {
    let now = state.clock.now();
    let created_s = request.parsed.created_s;
    let is_own = DateTime::from_timestamp(created_s, 0)
        .is_some_and(|created| request.verify_as(&request.authority, &probe.key, created).is_ok());
    let off_s = created_s.saturating_sub(now.timestamp());
    if is_own && note_clock_off(&state.pool, probe.id, off_s, now).await? {
        tracing::warn!(region = %probe.region, fingerprint = %probe.fingerprint, off_s, "a probe's clock is wrong: what it sends is refused");
        state.announce(Change::Probes).await;
    }
    Ok(())
}
