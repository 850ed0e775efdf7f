//! `POST /api/v1/probe/batches`: a signed batch of observations.

use super::signed::UncountedRequest;
use crate::{
    http::error::ApiResult,
    ingest::{Begun, Evidence, SignedBatch, ingest_batch},
    state::AppState,
};
use axum::{Json, extract::State};
use edgewatch_protocol::{
    batch::{Batch, BatchReceipt, MAX_OBSERVATIONS},
    problem::{Problem, ProblemType},
    version,
};
use std::time::Instant;

/// Stores a batch. Answered only once it is committed; a repeat is answered alike.
pub(super) async fn create_batch(
    State(state): State<AppState>,
    UncountedRequest { probe, request }: UncountedRequest,
) -> ApiResult<Json<BatchReceipt>> {
    let began = Instant::now();
    let taken = async {
        // While the batch is decoded, what does not depend on it.
        let evidence = Evidence::compressing(request.body.clone());
        let mut begun = Begun::beginning(&state, probe.id);
        let batch = decode(&request.body)?;
        if batch.probe != probe.fingerprint || batch.region != probe.region {
            return Err(Problem::new(ProblemType::Malformed)
                .detail("`probe` and `region` must be those of the key that signed")
                .into());
        }
        let signed = SignedBatch {
            probe: &probe,
            batch: &batch,
            request: &request,
            evidence: &evidence,
        };
        let receipt = ingest_batch(&state, &signed, &mut begun).await?;
        if !receipt.duplicate {
            let now = state.clock.now();
            state.region_load.add(probe.region_id, &probe.host, &batch, now);
            state.metrics.slots_overrun(&probe.region, batch.overruns);
        }
        ApiResult::Ok(receipt)
    }
    .await;
    match &taken {
        Ok(_) => state.metrics.ingest_took(began.elapsed()),
        Err(error) => state.metrics.request_refused(error.problem()),
    }
    taken.map(Json)
}

fn decode(body: &[u8]) -> Result<Batch, Problem> {
    let batch: Batch = version::decode(body)?;
    if batch.observations.len() > MAX_OBSERVATIONS {
        return Err(Problem::new(ProblemType::TooLarge)
            .detail(format!("a batch has at most {MAX_OBSERVATIONS} observations")));
    }
    Ok(batch)
}
