//! `GET /api/v1/probe/assignments`: what a probe has to check, page by page, with `ETag` and `304`.
//!
//! The `ETag` is made of numbers and revisions alone: no definition is opened for a probe that knows its assignments.

use super::signed::ProbeRequest;
use crate::{
    announcement::Change,
    http::{ApiError, error::ApiResult, parameters::QueryParameters},
    lease::{Hold, hold},
    state::AppState,
    store::{
        assignment::{self, note_pull},
        signer::Signer,
    },
    thresholds::Thresholds,
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use edgewatch_protocol::{
    assignment::{Assignment, Assignments, AssignmentsPage, MAX_PAGE, PAGE_BYTES},
    digest::sha256_hex,
    name::MonitorId,
    problem::ProblemType,
    test_run::TestRun,
    version::Version,
};
use serde::Deserialize;
use std::fmt::Write as _;

/// Which page.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct PageQuery {
    /// The last monitor of the page before.
    after: Option<i32>,
    /// The most monitors; absent: all of them at once, as before version 1.1.
    limit: Option<u16>,
}

/// A monitor that the probe holds.
struct Held {
    monitor: MonitorId,
    revision: i32,
    hold: Hold,
}

/// Answers what to check. To pull it is the probe's sign of life.
pub(super) async fn list_assignments(
    State(state): State<AppState>,
    headers: HeaderMap,
    QueryParameters(query): QueryParameters<PageQuery>,
    ProbeRequest { probe, .. }: ProbeRequest,
) -> ApiResult<Response> {
    if query.limit.is_some_and(|limit| !(1..=MAX_PAGE).contains(&limit)) {
        let detail = format!("`limit` is from 1 to {MAX_PAGE}");
        return Err(ApiError::new(ProblemType::Validation, detail));
    }
    let now = state.clock.now();
    note(&state, &probe, now).await?;
    let held = list_held(&state, &probe, now).await?;
    let tests = match query.after {
        None => assignment::list_waiting_test_runs(&state.pool, &state.secrets, probe.region_id, now).await?,
        Some(_) => Vec::new(),
    };
    let set = name_set(&held, state.settings().thresholds);
    let etag = name_answer(&set, &tests, query);
    if is_known(&headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    let body = page(&state, probe, held, tests, set, query).await?;
    let headers = [
        (header::ETAG, etag.as_str()),
        (header::CONTENT_TYPE, "application/json"),
        // It holds the credentials of targets.
        (header::CACHE_CONTROL, "private, no-cache"),
    ];
    Ok((headers, body).into_response())
}

async fn note(state: &AppState, probe: &Signer, now: DateTime<Utc>) -> ApiResult<()> {
    let mut transaction = state.pool.begin().await?;
    let (alive_since, joins_at) = (now - state.lease, now + state.lease);
    let was_silent = note_pull(
        &mut transaction,
        probe.id,
        probe.region_id,
        now,
        alive_since,
        joins_at,
    )
    .await?;
    transaction.commit().await?;
    if was_silent {
        tracing::info!(region = %probe.region, fingerprint = %probe.fingerprint, "a probe is heard of again, or for the first time");
        state.announce(Change::Probes).await;
    }
    Ok(())
}

/// The monitors that a probe holds, or will, by number.
async fn list_held(state: &AppState, probe: &Signer, now: DateTime<Utc>) -> ApiResult<Vec<Held>> {
    let live = assignment::list_live_probes(&state.pool, probe.region_id, now - state.lease).await?;
    let assignable = assignment::list_assignable(&state.pool, probe.region_id).await?;
    let held = assignable.into_iter().filter_map(|assignable| {
        let hold = hold(
            assignable.monitor,
            &assignable.capabilities,
            &live,
            &probe.fingerprint,
            // A slot of just before a hand-over may be begun just after it: both go on to know the moment for a while.
            now - state.lease,
        )?;
        Some(Held {
            monitor: assignable.monitor,
            revision: assignable.revision,
            hold,
        })
    });
    Ok(held.collect())
}

/// See [`AssignmentsPage::set`].
fn name_set(held: &[Held], thresholds: Thresholds) -> String {
    let mut text = String::with_capacity(held.len() * 16);
    // They are part of every check.
    if thresholds != Thresholds::default() {
        let _ = writeln!(text, "{thresholds:?}");
    }
    for held in held {
        let at = |at: Option<DateTime<Utc>>| at.map_or(0, |at| at.timestamp_millis());
        let Hold { from, until } = held.hold;
        // Writing into a string cannot fail.
        let _ = writeln!(
            text,
            "{} {} {} {}",
            held.monitor,
            held.revision,
            at(from),
            at(until)
        );
    }
    sha256_hex(text.as_bytes())[..32].to_owned()
}

fn name_answer(set: &str, tests: &[TestRun], query: PageQuery) -> String {
    let mut text = format!("{} {set} {:?} {:?}", Version::CURRENT, query.after, query.limit);
    for test in tests {
        text.push(' ');
        text.push_str(&test.id);
    }
    format!("\"{}\"", &sha256_hex(text.as_bytes())[..32])
}

/// The page's JSON.
async fn page(
    state: &AppState,
    probe: Signer,
    held: Vec<Held>,
    tests: Vec<TestRun>,
    set: String,
    query: PageQuery,
) -> ApiResult<Vec<u8>> {
    let after = MonitorId(query.after.unwrap_or(0));
    let rest = &held[held.partition_point(|held| held.monitor <= after)..];
    let wanted = &rest[..rest.len().min(query.limit.map_or(rest.len(), usize::from))];
    let ids: Vec<i32> = wanted.iter().map(|held| held.monitor.0).collect();
    let mut opened = assignment::list_assignments(&state.pool, &state.secrets, &ids)
        .await?
        .into_iter()
        .peekable();
    let thresholds = state.settings().thresholds;
    let mut monitors: Vec<Assignment> = Vec::with_capacity(wanted.len());
    let (mut bytes, mut taken) = (0, 0);
    for held in wanted {
        // One that was deleted since is left out; the next pull is told another set.
        if let Some(mut assignment) = opened.next_if(|next| next.monitor == held.monitor) {
            assignment.from_ms = held.hold.from.map(|at| at.timestamp_millis());
            thresholds.complete(&mut assignment.check);
            assignment.until_ms = held.hold.until.map(|at| at.timestamp_millis());
            if query.limit.is_some() {
                bytes += serde_json::to_vec(&assignment).map_err(ApiError::internal)?.len();
                if bytes > PAGE_BYTES && taken > 0 {
                    break;
                }
            }
            monitors.push(assignment);
        }
        taken += 1;
    }
    let next = (taken < rest.len()).then(|| rest[taken - 1].monitor);
    let assignments = Assignments {
        version: Version::CURRENT,
        region: probe.region,
        monitors,
        tests,
    };
    let json = match query.limit {
        Some(_) => serde_json::to_vec(&AssignmentsPage {
            set,
            next,
            assignments,
        }),
        None => serde_json::to_vec(&assignments),
    };
    json.map_err(ApiError::internal)
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
