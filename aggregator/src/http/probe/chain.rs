//! `GET /api/v1/probe/chain`: the head of a probe's chain, for one that has lost its storage.

use super::signed::ProbeRequest;
use crate::{http::error::ApiResult, state::AppState, store::signer};
use axum::{Json, extract::State};
use edgewatch_protocol::batch::ChainHead;

/// Answers the head of the chain as it is stored here.
pub(super) async fn get_chain(
    State(state): State<AppState>,
    ProbeRequest { probe, .. }: ProbeRequest,
) -> ApiResult<Json<ChainHead>> {
    Ok(Json(signer::chain_head(&state.pool, probe.id).await?))
}
