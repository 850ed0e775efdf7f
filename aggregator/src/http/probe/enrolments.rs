//! `POST /api/v1/probe/enrolments`: a key becomes known, pending or (by a self-approving token) approved.

use super::signed::SignedRequest;
use crate::{
    announcement::Change,
    heartbeat::is_push,
    http::{ApiError, error::ApiResult},
    state::AppState,
    store::{
        enrolment::{self, NewProbe, SignedEnrolment},
        signer::{Signer, find_signer},
    },
    untrusted_text::{clean, clean_json},
};
use axum::{Json, extract::State};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::VerifyingKey;
use edgewatch_protocol::{
    enrolment::{EnrolmentRequest, EnrolmentResponse, ProbeStatus},
    identity::Fingerprint,
    problem::{Problem, ProblemType},
    version,
};
use sha2::{Digest as _, Sha256};

const MAX_TEXT: usize = 100;
const MAX_CAPABILITIES: usize = 50;

/// Enrols the key that signed the request. Asking again with the same key answers the same.
pub(super) async fn create_enrolment(
    State(state): State<AppState>,
    request: SignedRequest,
) -> ApiResult<Json<EnrolmentResponse>> {
    let enrolled = enrol(&state, request).await;
    if let Err(error) = &enrolled {
        state.metrics.request_refused(error.problem());
    }
    enrolled.map(Json)
}

async fn enrol(state: &AppState, mut request: SignedRequest) -> ApiResult<EnrolmentResponse> {
    let wanted: EnrolmentRequest = version::decode(&request.body)?;
    let key = STANDARD
        .decode(&wanted.public_key)
        .ok()
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok())
        .ok_or_else(|| {
            Problem::new(ProblemType::Malformed).detail("`public_key` is not an Ed25519 key in base64")
        })?;
    request.verify(state, &key)?;
    request.count_once(&state.pool, state.clock.now()).await?;
    let fingerprint = Fingerprint::of(&key);

    if let Some(known) = find_signer(&state.pool, &fingerprint).await? {
        return answer_known(state, &known, &wanted, &request).await;
    }
    let status = insert(state, &wanted, &key, &request).await?;
    tracing::info!(region = %wanted.region, %fingerprint, ?status, "a probe has enrolled");
    state.announce(Change::Probes).await;
    Ok(EnrolmentResponse { fingerprint, status })
}

/// A key that is enrolled already tells what its probe is and can do by now.
async fn answer_known(
    state: &AppState,
    known: &Signer,
    wanted: &EnrolmentRequest,
    request: &SignedRequest,
) -> ApiResult<EnrolmentResponse> {
    if known.region != wanted.region {
        return Err(ApiError::new(
            ProblemType::Conflict,
            format!(
                "this key is enrolled for the region {}: use another key for each region",
                known.region
            ),
        ));
    }
    // Keys that were enrolled before such requests were kept have theirs kept from now on.
    enrolment::keep_enrolment(&state.pool, known.id, &signed(request), state.clock.now()).await?;
    let (host, software) = (clean(&wanted.host, MAX_TEXT), clean(&wanted.software, MAX_TEXT));
    let capabilities = capabilities(wanted);
    if enrolment::update_probe(&state.pool, known.id, &host, &software, &capabilities).await? {
        tracing::info!(region = %known.region, fingerprint = %known.fingerprint, software, ?capabilities, "a probe can do something else");
        state.announce(Change::Probes).await;
    }
    Ok(EnrolmentResponse {
        fingerprint: known.fingerprint.clone(),
        status: known.status,
    })
}

async fn insert(
    state: &AppState,
    wanted: &EnrolmentRequest,
    key: &VerifyingKey,
    request: &SignedRequest,
) -> ApiResult<ProbeStatus> {
    if is_push(&wanted.region) {
        let detail = "the region `push` is the aggregator's own: choose another name";
        return Err(ApiError::new(ProblemType::Conflict, detail));
    }
    let now = state.clock.now();
    let token_hash = Sha256::digest(wanted.token.as_bytes());
    // Compared by their hashes: how long that takes tells nothing of the token.
    let bootstraps = state
        .bootstrap_token
        .as_deref()
        .is_some_and(|bootstrap| Sha256::digest(bootstrap.as_bytes()) == token_hash);

    let mut transaction = state.pool.begin().await?;
    let token = if bootstraps {
        None
    } else {
        let usable = enrolment::find_usable_token(&mut transaction, &token_hash, &wanted.region, now).await?;
        let token = usable.ok_or_else(|| {
            ApiError::new(
                ProblemType::EnrolmentTokenInvalid,
                format!(
                    "the token is unknown, over, or used for the region {}: make another one",
                    wanted.region
                ),
            )
        })?;
        Some(token)
    };
    let status = if token.is_none_or(|token| token.self_approving) {
        ProbeStatus::Approved
    } else {
        ProbeStatus::Pending
    };
    let region_id = enrolment::ensure_region(&mut transaction, &wanted.region, now).await?;
    let capabilities = capabilities(wanted);
    let probe = NewProbe {
        fingerprint: &Fingerprint::of(key).0,
        public_key: key.as_bytes(),
        region_id,
        status,
        host: &clean(&wanted.host, MAX_TEXT),
        software: &clean(&wanted.software, MAX_TEXT),
        capabilities: &capabilities,
        place: clean_json(serde_json::to_value(&wanted.place).map_err(ApiError::internal)?),
    };
    let probe = enrolment::insert_probe(&mut transaction, &probe, now).await?;
    enrolment::keep_enrolment(&mut *transaction, probe, &signed(request), now).await?;
    if let Some(token) = token {
        enrolment::use_token(&mut transaction, token.id, region_id, probe, now).await?;
    }
    transaction.commit().await?;
    Ok(status)
}

/// What is kept of the request: how it was signed, and the digest of its body, which holds the token.
fn signed(request: &SignedRequest) -> SignedEnrolment<'_> {
    SignedEnrolment {
        body_sha256: &request.digest,
        content_encoding: request.content_encoding,
        signature_input: &request.headers.signature_input,
        signature: &request.headers.signature,
        authority: &request.authority,
    }
}

fn capabilities(wanted: &EnrolmentRequest) -> Vec<String> {
    let capabilities = wanted.capabilities.iter().take(MAX_CAPABILITIES);
    capabilities.map(|name| clean(name, MAX_TEXT)).collect()
}
