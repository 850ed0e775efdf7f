//! `/metrics`: what Prometheus scrapes. Public, and therefore without names of monitors.

use super::{ApiError, error::ApiResult};
use crate::{
    metrics::Snapshot,
    state::AppState,
    store::{
        assignment::TEST_RUN_WAITS,
        live::{Census, take_census},
        probe::status_of_code,
    },
};
use axum::{Router, extract::State, http::header::CONTENT_TYPE, response::IntoResponse, routing::get};
use edgewatch_domain::state::MonitorState;
use edgewatch_protocol::enrolment::ProbeStatus;
use std::time::Duration;

/// A scrape must not hang with the database.
const CENSUS_TIMEOUT: Duration = Duration::from_secs(3);

/// The routes.
pub fn router() -> Router<AppState> {
    Router::new().route("/metrics", get(get_metrics))
}

async fn get_metrics(State(state): State<AppState>) -> ApiResult<impl IntoResponse> {
    let now = state.clock.now();
    let census = tokio::time::timeout(CENSUS_TIMEOUT, take_census(&state.pool, now - TEST_RUN_WAITS)).await;
    // Without the database the counters are still worth telling; that it is away is told by `/health`.
    if let Ok(Ok(census)) = census {
        state.metrics.set_snapshot(&snapshot(&state, &census));
    }
    let text = state.metrics.encode().map_err(ApiError::internal)?;
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(CONTENT_TYPE, content_type)], text))
}

fn snapshot(state: &AppState, census: &Census) -> Snapshot {
    let now = state.clock.now();
    let idle = state.pool.num_idle() as i64;
    let status = |code| match status_of_code(code) {
        ProbeStatus::Pending => "pending",
        ProbeStatus::Approved => "approved",
        ProbeStatus::Revoked => "revoked",
    };
    Snapshot {
        probe_ages: census
            .last_seen
            .iter()
            .map(|(region, at)| (region.clone(), (now - at).num_milliseconds() as f64 / 1000.0))
            .collect(),
        probes: census
            .probes
            .iter()
            .map(|&(code, count)| (status(code), count))
            .collect(),
        monitors: MonitorState::ALL
            .iter()
            .map(|state| {
                let counted = census.monitors.iter().find(|(code, _)| *code == state.code());
                (state.as_str(), counted.map_or(0, |&(_, count)| count))
            })
            .collect(),
        test_runs_waiting: census.test_runs_waiting,
        connections: (i64::from(state.pool.size()) - idle, idle),
        listeners: state.events.listeners() as i64,
        deliveries_waiting: census.deliveries_waiting,
    }
}
