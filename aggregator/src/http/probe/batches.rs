//! `POST /api/v1/probe/batches`: a signed batch of observations.

use super::signed::UncountedRequest;
use crate::{
    http::{ApiError, error::ApiResult},
    ingest::{Begun, Evidence, SignedBatch, ingest_batch},
    state::AppState,
};
use axum::{Json, extract::State};
use edgewatch_protocol::{
    batch::{Batch, BatchReceipt, MAX_BODY_BYTES, MAX_OBSERVATIONS},
    problem::{Problem, ProblemType},
    version,
};
use std::{io::Read as _, time::Instant};
use tokio::task::spawn_blocking;

/// How much room a decompressed batch gets before any of it has come: a full one fits.
const FIRST_BYTES: usize = 512 << 10;

/// Stores a batch. Answered only once it is committed; a repeat is answered alike.
pub(super) async fn create_batch(
    State(state): State<AppState>,
    UncountedRequest { probe, request }: UncountedRequest,
) -> ApiResult<Json<BatchReceipt>> {
    let began = Instant::now();
    let taken = async {
        // Each on a thread of its own: the batch is decoded, and what does not depend on that is done meanwhile.
        let (coding, body) = (request.content_encoding, request.body.clone());
        let decoding = spawn_blocking(move || decode(coding, &body));
        let evidence = match request.content_encoding {
            Some(_) => Evidence::as_signed(&request.body),
            None => Evidence::compressing(request.body.clone()),
        };
        let mut begun = Begun::beginning(&state, probe.id);
        let batch = decoding.await.map_err(ApiError::internal)??;
        if batch.probe != probe.fingerprint || batch.region != probe.region {
            return Err(Problem::new(ProblemType::Malformed)
                .detail("`probe` and `region` must be those of the key that signed")
                .into());
        }
        let signed = SignedBatch {
            probe: &probe,
            batch: &batch,
            digest: request.digest,
            headers: &request.headers,
            authority: &request.authority,
            nonce: request.nonce(state.clock.now()),
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

fn decode(coding: Option<&str>, body: &[u8]) -> Result<Batch, Problem> {
    let batch: Batch = match coding {
        Some(_) => version::decode(&decompress(body)?)?,
        None => version::decode(body)?,
    };
    if batch.observations.len() > MAX_OBSERVATIONS {
        return Err(Problem::new(ProblemType::TooLarge)
            .detail(format!("a batch has at most {MAX_OBSERVATIONS} observations")));
    }
    Ok(batch)
}

/// The JSON in a Zstandard frame, which may be as long as one that comes as it is; nor is more memory set aside for it,
/// whatever the frame says that it takes.
fn decompress(frame: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut json = Vec::with_capacity(FIRST_BYTES);
    zstd::stream::read::Decoder::with_buffer(frame)
        .and_then(|mut frame| {
            frame.window_log_max(MAX_BODY_BYTES.ilog2())?;
            frame.take(MAX_BODY_BYTES as u64 + 1).read_to_end(&mut json)
        })
        .map_err(|_| Problem::new(ProblemType::Malformed).detail("the body is not a Zstandard frame"))?;
    if json.len() > MAX_BODY_BYTES {
        return Err(Problem::new(ProblemType::TooLarge).detail(format!(
            "a batch has at most {MAX_BODY_BYTES} bytes when it is decompressed"
        )));
    }
    Ok(json)
}
