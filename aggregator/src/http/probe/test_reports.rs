//! `POST /api/v1/probe/tests/{id}`: what a test run saw.

use super::signed::ProbeRequest;
use crate::{
    http::{ApiError, error::ApiResult},
    state::AppState,
    store::test_report::keep_report,
    untrusted_text::clean_json,
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use chrono::DateTime;
use edgewatch_client::test_run::TestReport;
use edgewatch_protocol::{test_run::TestRunReport, version};
use uuid::Uuid;

/// Keeps a report of this probe's region. The first one counts.
pub(super) async fn create_test_report(
    State(state): State<AppState>,
    Path(id): Path<String>,
    ProbeRequest { probe, request }: ProbeRequest,
) -> ApiResult<StatusCode> {
    let report: TestRunReport = version::decode(&request.body)?;
    let now = state.clock.now();
    let report = TestReport {
        started_at: DateTime::from_timestamp_millis(report.started_ms).unwrap_or(now),
        place: report.place,
        sight: report.sight,
    };
    let report = clean_json(serde_json::to_value(&report).map_err(ApiError::internal)?);
    let id: Uuid = id.parse().map_err(|_| ApiError::not_found("test run"))?;
    if keep_report(&state.pool, id, probe.region_id, &report, now).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("test run"))
    }
}
