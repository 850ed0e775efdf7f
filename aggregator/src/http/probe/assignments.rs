//! `GET /api/v1/probe/assignments`: what a probe has to check, with `ETag` and `304`.

use super::signed::ProbeRequest;
use crate::{
    announcement::Change,
    http::{ApiError, error::ApiResult},
    lease,
    state::AppState,
    store::{assignment, signer},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use edgewatch_core::check::capabilities;
use edgewatch_protocol::{assignment::Assignments, digest::sha256_hex, version::Version};

/// Answers what to check. To pull it is the probe's sign of life.
pub(super) async fn list_assignments(
    State(state): State<AppState>,
    headers: HeaderMap,
    ProbeRequest { probe, .. }: ProbeRequest,
) -> ApiResult<Response> {
    let now = state.clock.now();
    if signer::touch_probe(&state.pool, probe.id, now).await? {
        tracing::info!(region = %probe.region, fingerprint = %probe.fingerprint, "a probe is heard of again, or for the first time");
        state.announce(Change::Probes).await;
    }
    let live = assignment::list_live_probes(&state.pool, probe.region_id, now - lease::ALIVE_FOR).await?;
    let mut monitors = assignment::list_assignments(&state.pool, &state.secrets, probe.region_id).await?;
    monitors.retain(|monitor| {
        let needed = capabilities(&monitor.check);
        let able = live.iter().filter(|probe| {
            needed
                .iter()
                .all(|needed| probe.capabilities.iter().any(|known| known == needed))
        });
        lease::holder(monitor.monitor, able.map(|probe| &probe.fingerprint)) == Some(&probe.fingerprint)
    });
    let assignments = Assignments {
        version: Version::CURRENT,
        tests: assignment::list_waiting_test_runs(&state.pool, &state.secrets, probe.region_id, now).await?,
        region: probe.region,
        monitors,
    };
    let body = serde_json::to_vec(&assignments).map_err(ApiError::internal)?;
    let etag = format!("\"{}\"", &sha256_hex(&body)[..32]);
    if is_known(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    let headers = [
        (header::ETAG, etag.as_str()),
        (header::CONTENT_TYPE, "application/json"),
        // It holds the credentials of targets.
        (header::CACHE_CONTROL, "private, no-cache"),
    ];
    Ok((headers, body).into_response())
}

/// RFC 9110, section 13.1.2: weak comparison with any of a list.
fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|known| known.trim().trim_start_matches("W/") == etag)
}
