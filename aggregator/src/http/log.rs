//! `/api/v1/log`: the log of everything that probes have signed. What proves something is everybody's to read: there is nothing
//! in it but digests, the fingerprints of probes' keys, and counts. Its paths `checkpoint` and `tile/…` are those of C2SP
//! tlog-tiles.

use super::{
    ApiError,
    auth::Admin,
    error::ApiResult,
    openapi::{Invalid, InvalidQuery, LOG, NeedsRole, NotFound},
    parameters::{PathParameter, QueryParameters},
};
use crate::{
    evidence_log::{
        checkpoint_now,
        proofs::{prove_consistency, prove_inclusion},
        verifier_key,
        witness::keep_cosignatures,
    },
    state::AppState,
    store::{
        log::{count_waiting, list_chains, list_leaves, load_tiles, read_log},
        log_checkpoint::{
            StoredCheckpoint, Wanted, count_missing_days, find_latest, list_checkpoints, list_keys,
            list_witnesses, read_posting,
        },
        log_witness::list_asked,
        stored_batch::find_number,
    },
};
use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use ed25519_dalek::VerifyingKey;
use edgewatch_client::log::{
    ConsistencyProof, InclusionProof, Log, LogCheckpoint, LogProbe, LogPublication, LogState, LogWitness,
    LogWitnessAsked,
};
use edgewatch_proof::{
    checkpoint::SignedCheckpoint,
    hash::Hash,
    note::{SignatureKind, VerifierKey},
    tile::TileId,
};
use edgewatch_protocol::problem::{FieldError, ProblemType};
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Checkpoints in one answer.
const CHECKPOINTS_AT_ONCE: i64 = 100;

/// What never changes again.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";

/// The family's routes that need no session.
pub fn public_router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_log))
        .routes(routes!(get_checkpoint))
        .routes(routes!(list_log_checkpoints))
        .routes(routes!(get_consistency))
        .routes(routes!(get_inclusion))
        .routes(routes!(create_cosignature))
        .route("/api/v1/log/tile/{*path}", get(get_tile))
}

/// The family's routes for administrators.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_log_state))
        .routes(routes!(create_checkpoint))
}

/// The log, its key and its newest checkpoint.
#[utoipa::path(
    get, path = "/api/v1/log", tag = LOG, security(()),
    responses((status = 200, body = Log))
)]
async fn get_log(State(state): State<AppState>) -> ApiResult<Json<Log>> {
    let mut db = state.pool.acquire().await?;
    let log = read_log(&mut *db).await?;
    let key = verifier_key(&log.origin, &state.secrets)?;
    let mut earlier_keys = Vec::new();
    for earlier in list_keys(&mut *db).await? {
        let bytes = <[u8; 32]>::try_from(&earlier.public_key[..]).map_err(ApiError::internal)?;
        let earlier = VerifyingKey::from_bytes(&bytes).map_err(ApiError::internal)?;
        if earlier != *key.key() {
            let earlier =
                VerifierKey::new(&log.origin, SignatureKind::Plain, earlier).map_err(ApiError::internal)?;
            earlier_keys.push(earlier.to_string());
        }
    }
    let signed = list_witnesses(&mut *db).await?;
    let witnesses = state.settings().log.witness_keys().into_iter().map(|key| {
        let key = key.to_string();
        let last = signed.iter().find(|(witness, ..)| *witness == key);
        LogWitness {
            size: last.map(|(_, size, _)| *size),
            signed_at: last.map(|(.., at)| *at),
            key,
        }
    });
    Ok(Json(Log {
        witnesses: witnesses.collect(),
        key: key.to_string(),
        earlier_keys,
        created_at: log.created_at,
        size: log.size,
        checkpoint: find_latest(&mut *db).await?.as_ref().map(checkpoint),
        origin: log.origin,
    }))
}

fn checkpoint(stored: &StoredCheckpoint) -> LogCheckpoint {
    LogCheckpoint {
        note: stored.cosigned_note(),
        id: stored.id,
        size: stored.size,
        root: Hash::from_slice(&stored.root)
            .map(String::from)
            .unwrap_or_default(),
        signed_at: stored.signed_at,
        day: stored.day.map(|day| day.to_string()),
    }
}

/// The newest checkpoint as its signed note (C2SP tlog-checkpoint).
#[utoipa::path(
    get, path = "/api/v1/log/checkpoint", tag = LOG, security(()),
    responses((status = 200, description = "The signed note", body = String, content_type = "text/plain"), NotFound)
)]
async fn get_checkpoint(State(state): State<AppState>) -> ApiResult<Response> {
    let latest = find_latest(&state.pool).await?;
    let latest = latest.ok_or_else(|| ApiError::not_found("checkpoint yet"))?;
    Ok((
        [(CONTENT_TYPE, "text/plain; charset=utf-8")],
        latest.cosigned_note(),
    )
        .into_response())
}

#[derive(Deserialize)]
struct CheckpointsQuery {
    before: Option<i64>,
    #[serde(default)]
    days: bool,
}

/// Checkpoints, the newest first, at most 100.
#[utoipa::path(
    get, path = "/api/v1/log/checkpoints", tag = LOG, security(()),
    params(
        ("before" = Option<i64>, Query, description = "Only those before the one of this number"),
        ("days" = Option<bool>, Query, description = "Only those that were signed at the end of a day")
    ),
    responses((status = 200, body = Vec<LogCheckpoint>), InvalidQuery)
)]
async fn list_log_checkpoints(
    State(state): State<AppState>,
    QueryParameters(query): QueryParameters<CheckpointsQuery>,
) -> ApiResult<Json<Vec<LogCheckpoint>>> {
    let wanted = Wanted {
        of_days: query.days,
        before: query.before,
        ..Wanted::default()
    };
    let found = list_checkpoints(&state.pool, wanted, CHECKPOINTS_AT_ONCE).await?;
    Ok(Json(found.iter().map(checkpoint).collect()))
}

#[derive(Deserialize)]
struct ConsistencyQuery {
    from: i64,
    to: i64,
}

/// The proof that the log at one size is the beginning of the log at a later one (RFC 9162, section 2.1.4).
#[utoipa::path(
    get, path = "/api/v1/log/consistency", tag = LOG, security(()),
    params(
        ("from" = i64, Query, description = "The earlier size"),
        ("to" = i64, Query, description = "The later size")
    ),
    responses((status = 200, body = ConsistencyProof), InvalidQuery)
)]
async fn get_consistency(
    State(state): State<AppState>,
    QueryParameters(ConsistencyQuery { from, to }): QueryParameters<ConsistencyQuery>,
) -> ApiResult<Json<ConsistencyProof>> {
    let size = read_log(&state.pool).await?.size;
    if !(0 <= from && from <= to && to <= size) {
        let detail = format!("`from` may not be above `to`, nor `to` above the log's size, which is {size}");
        return Err(ApiError::new(ProblemType::Validation, detail));
    }
    let proof = prove_consistency(&state.pool, from.unsigned_abs(), to.unsigned_abs()).await?;
    Ok(Json(ConsistencyProof {
        from,
        to,
        proof: proof.into_iter().map(String::from).collect(),
    }))
}

#[derive(Deserialize)]
struct InclusionQuery {
    probe: String,
    seq: i64,
    size: Option<i64>,
}

/// The proof that a batch is in the log (RFC 9162, section 2.1.3), while the batch is kept.
#[utoipa::path(
    get, path = "/api/v1/log/inclusion", tag = LOG, security(()),
    params(
        ("probe" = String, Query, description = "The fingerprint of the probe's key"),
        ("seq" = i64, Query, description = "The batch's number in the probe's chain"),
        ("size" = Option<i64>, Query, description = "The size of the log; absent: that of its newest checkpoint")
    ),
    responses((status = 200, body = InclusionProof), NotFound, InvalidQuery)
)]
async fn get_inclusion(
    State(state): State<AppState>,
    QueryParameters(query): QueryParameters<InclusionQuery>,
) -> ApiResult<Json<InclusionProof>> {
    let mut db = state.pool.acquire().await?;
    let in_log = || ApiError::not_found("batch in the log");
    let batch = find_number(&mut *db, &query.probe, query.seq)
        .await?
        .ok_or_else(in_log)?;
    let leaf = list_leaves(&mut *db, (batch, batch))
        .await?
        .remove(&batch)
        .ok_or_else(in_log)?;
    let size = match query.size {
        Some(size) => size,
        None => find_latest(&mut *db)
            .await?
            .map(|latest| latest.size)
            .ok_or_else(in_log)?,
    };
    let log = read_log(&mut *db).await?;
    if size > log.size || leaf >= size.max(0).unsigned_abs() {
        let detail = format!(
            "`size` must be above the batch's leaf, {leaf}, and at most the log's size, {}",
            log.size
        );
        return Err(ApiError::new(ProblemType::Validation, detail));
    }
    let proof = prove_inclusion(&mut *db, leaf, size.unsigned_abs()).await?;
    Ok(Json(InclusionProof {
        leaf: leaf as i64,
        size,
        proof: proof.into_iter().map(String::from).collect(),
    }))
}

/// A tile (C2SP tlog-tiles): hashes of nodes, 32 bytes each.
async fn get_tile(
    State(state): State<AppState>,
    PathParameter(path): PathParameter<String>,
) -> ApiResult<Response> {
    let none = || ApiError::not_found("tile");
    let (id, width) = TileId::parse(&path).ok_or_else(none)?;
    i64::try_from(id.index).map_err(|_| none())?;
    let tiles = load_tiles(&state.pool, &BTreeSet::from([id])).await?;
    let hashes = tiles
        .get(id)
        .and_then(|hashes| hashes.get(..width))
        .ok_or_else(none)?;
    let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
    let headers = [
        (CONTENT_TYPE, "application/octet-stream"),
        (CACHE_CONTROL, FOR_GOOD),
    ];
    Ok((headers, bytes).into_response())
}

/// Takes what witnesses have signed.
///
/// The body is a checkpoint's note with the lines of witnesses that the settings name; lines of others are passed over. Nobody
/// need be signed in: the signatures say who it is from.
#[utoipa::path(
    post, path = "/api/v1/log/cosignatures", tag = LOG, security(()),
    request_body(content = String, content_type = "text/plain", description = "The note (C2SP tlog-cosignature)"),
    responses((status = 204, description = "Kept, now or before"), NotFound, Invalid)
)]
async fn create_cosignature(State(state): State<AppState>, body: Bytes) -> ApiResult<StatusCode> {
    let malformed = |error: &dyn std::fmt::Display| ApiError::new(ProblemType::Malformed, error.to_string());
    let text = std::str::from_utf8(&body).map_err(|error| malformed(&error))?;
    let given: SignedCheckpoint = text.parse().map_err(|error| malformed(&error))?;
    let size = i64::try_from(given.checkpoint.size).unwrap_or(i64::MAX);
    let wanted = Wanted {
        from_size: Some(size),
        to_size: Some(size),
        ..Wanted::default()
    };
    let known = list_checkpoints(&state.pool, wanted, 1).await?.pop();
    let is_ours = |known: &StoredCheckpoint| known.note.starts_with(&format!("{}\n", given.note.text));
    let known = known
        .filter(is_ours)
        .ok_or_else(|| ApiError::not_found("checkpoint"))?;
    let keys = state.settings().log.witness_keys();
    if keep_cosignatures(&state, known.size, &given.note, &keys).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(ApiError::validation(vec![FieldError {
        pointer: String::new(),
        detail: "has no cosignature that holds and is by a witness that `settings.log.witnesses` names"
            .to_owned(),
    }]))
}

/// How the log keeps up: what waits for it, days without a checkpoint, and where its checkpoints go.
#[utoipa::path(
    get, path = "/api/v1/log/state", tag = LOG, security(("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = LogState), NeedsRole)
)]
async fn get_log_state(_: Admin, State(state): State<AppState>) -> ApiResult<Json<LogState>> {
    let mut db = state.pool.acquire().await?;
    let log = read_log(&mut *db).await?;
    let (waiting, waiting_since) = count_waiting(&mut *db).await?;
    let yesterday = state.clock.now().date_naive().pred_opt().unwrap_or_default();
    let began_on = log.created_at.date_naive();
    let (missing_days, first_missing, last_missing) =
        count_missing_days(&mut *db, (began_on, yesterday)).await?;
    let (posted_day, post_error) = read_posting(&mut *db).await?;
    let settings = state.settings();
    let url = settings.log.publish_url.as_ref();
    let directory = settings.log.publish_directory.as_ref();
    let known = list_asked(&mut *db).await?;
    let witnesses = settings.log.asked_witnesses().into_iter().map(|(key, url)| {
        let key = key.to_string();
        let known = known.iter().find(|known| known.witness == key);
        LogWitnessAsked {
            url_host: url.host_str().unwrap_or_default().to_owned(),
            asked_at: known.and_then(|known| known.asked_at),
            error: known.and_then(|known| known.error.clone()),
            key,
        }
    });
    let witnesses = witnesses.collect();
    let probes = list_chains(&mut *db).await?.into_iter().map(|chain| LogProbe {
        fingerprint: chain.fingerprint,
        region: chain.region,
        logged_seq: chain.logged_seq,
        last_seq: chain.last_seq,
        chain_breaks: chain.chain_breaks,
        dropped: chain.dropped,
        enrolled_at: chain.enrolled_at,
    });
    Ok(Json(LogState {
        waiting,
        waiting_since,
        missing_days,
        first_missing: first_missing.map(|day| day.to_string()),
        last_missing: last_missing.map(|day| day.to_string()),
        publication: LogPublication {
            url_host: url.and_then(|url| url.host_str()).map(ToOwned::to_owned),
            directory: directory.map(|path| path.display().to_string()),
            posted_day: posted_day.map(|day| day.to_string()),
            post_error: post_error.filter(|_| url.is_some()),
        },
        witnesses,
        probes: probes.collect(),
    }))
}

/// Signs a checkpoint of the log as it is now, unless the newest one is that.
#[utoipa::path(
    post, path = "/api/v1/log/checkpoints", tag = LOG, security(("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = LogCheckpoint), NeedsRole, NotFound)
)]
async fn create_checkpoint(
    Admin(session): Admin,
    State(state): State<AppState>,
) -> ApiResult<Json<LogCheckpoint>> {
    let signed = checkpoint_now(&state).await?;
    let signed = signed.ok_or_else(|| ApiError::not_found("batch yet that could be vouched for"))?;
    tracing::info!(
        size = signed.size,
        user = session.user.user_id,
        "a checkpoint of the log was asked for"
    );
    Ok(Json(checkpoint(&signed)))
}

#[cfg(test)]
mod tests;
