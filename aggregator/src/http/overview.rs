//! `/api/v1/overview`: every monitor at a glance, in one answer.

use super::{
    auth::Viewer,
    error::ApiResult,
    openapi::{MONITORS, NeedsSession},
};
use crate::{
    percentile::percentiles,
    state::AppState,
    store::overview::{ListedMonitor, RecentResult, list_monitors},
};
use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use edgewatch_client::overview::{HEARTBEATS, Heartbeat, MonitorSummary, Overview};
use edgewatch_protocol::observation::OutcomeState;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_overview))
}

/// Every monitor with its state and its latest checks.
#[utoipa::path(
    get, path = "/api/v1/overview", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = Overview), NeedsSession)
)]
async fn get_overview(_: Viewer, State(state): State<AppState>) -> ApiResult<Json<Overview>> {
    Ok(Json(read_overview(&state).await?))
}

/// Every monitor as it is now.
///
/// # Errors
/// Those of the database.
pub async fn read_overview(state: &AppState) -> sqlx::Result<Overview> {
    let at = state.clock.now();
    // The bar and the interval that has just begun; one more, for a check begins later than its slot.
    let intervals = HEARTBEATS as i32 + 1;
    let monitors = list_monitors(&state.pool).await?;
    let monitors = state
        .recent_results
        .show(&state.pool, &monitors, (intervals, at), |monitor, results| {
            summarise(monitor.clone(), results, at)
        })
        .await?;
    Ok(Overview { monitors, at })
}

fn summarise(monitor: ListedMonitor, results: &[RecentResult], at: DateTime<Utc>) -> MonitorSummary {
    let interval_ms = i64::from(monitor.interval_s.max(1)) * 1000;
    let (heartbeats, mut totals) = heartbeats(results, interval_ms, at.timestamp_millis());
    let percentiles = percentiles(&mut totals);
    MonitorSummary {
        id: monitor.id,
        name: monitor.name,
        target: monitor.target,
        kind: monitor.kind,
        tags: monitor.tags,
        interval_s: monitor.interval_s,
        state: monitor.state,
        state_since: monitor.state_since,
        advisory: monitor.advisory,
        flapping: monitor.flapping,
        heartbeats,
        p50_us: percentiles.p50_us,
        p95_us: percentiles.p95_us,
    }
}

/// The bar, oldest first, and the totals of the successful checks in it. It ends with the interval of now, or with the
/// one before while that has nothing to show yet.
fn heartbeats(results: &[RecentResult], interval_ms: i64, now_ms: i64) -> (Vec<Heartbeat>, Vec<i32>) {
    let interval_of = |result: &RecentResult| result.slot_ms.div_euclid(interval_ms);
    let current = now_ms.div_euclid(interval_ms);
    let begun = results.iter().any(|result| interval_of(result) == current);
    let last = if begun { current } else { current - 1 };
    let first = last - (HEARTBEATS as i64 - 1);
    let mut bar: Vec<Heartbeat> = (first..=last)
        .map(|interval| Heartbeat {
            at: DateTime::from_timestamp_millis(interval * interval_ms).unwrap_or_default(),
            worst: None,
            succeeded: 0,
            failed: 0,
            max_total_us: None,
        })
        .collect();
    let mut totals = Vec::with_capacity(results.len());
    for result in results {
        let beat = usize::try_from(interval_of(result) - first)
            .ok()
            .and_then(|index| bar.get_mut(index));
        let Some(beat) = beat.filter(|_| result.outcome != OutcomeState::Unmeasured) else {
            continue;
        };
        if result.outcome == OutcomeState::Down {
            beat.failed = beat.failed.saturating_add(1);
        } else {
            beat.succeeded = beat.succeeded.saturating_add(1);
            totals.push(result.total_us);
        }
        let worse = beat
            .worst
            .is_none_or(|worst| worst.code() < result.outcome.code());
        if worse {
            beat.worst = Some(result.outcome);
        }
        beat.max_total_us = beat.max_total_us.max(Some(result.total_us));
    }
    (bar, totals)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::test_server::TestServer;
    use edgewatch_client::session::Role;
    use serde_json::json;
    use sqlx::PgPool;

    fn result(slot_s: i64, outcome: OutcomeState, total_us: i32) -> RecentResult {
        RecentResult {
            slot_ms: slot_s * 1000,
            total_us,
            region_id: 1,
            outcome,
        }
    }

    #[test]
    fn a_beat_is_the_worst_of_its_interval() {
        use OutcomeState::{Degraded, Down, Unmeasured, Up};
        let results = [
            result(3600, Up, 10),
            result(3650, Down, 30),
            result(3610, Degraded, 20),
            result(3660, Unmeasured, 1),
            result(3540, Unmeasured, 1),
            result(0, Up, 99),
        ];
        let (bar, totals) = heartbeats(&results, 60_000, 3_665_000);
        assert_eq!(bar.len(), HEARTBEATS);
        // Results of the interval of now exist, so it is shown, though nothing was measured.
        let [.., before, beat, now] = bar.as_slice() else {
            panic!()
        };
        assert_eq!((now.at.timestamp(), now.worst), (3660, None));
        assert_eq!(
            (
                beat.at.timestamp(),
                beat.worst,
                beat.succeeded,
                beat.failed,
                beat.max_total_us
            ),
            (3600, Some(Down), 2, 1, Some(30))
        );
        assert_eq!((before.at.timestamp(), before.worst), (3540, None));
        assert_eq!(totals, [10, 20]);
        // Nothing of the interval of now has come in yet.
        let (bar, _) = heartbeats(&results, 60_000, 3_725_000);
        assert_eq!(bar[HEARTBEATS - 1].at.timestamp(), 3660);
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn the_overview_shows_each_monitor_with_its_bar(pool: PgPool) {
        let server = TestServer::new(pool);
        let admin = server.client(Role::Admin).await;
        admin.post("/api/v1/regions", json!({"name": "weur"})).await;
        for (name, interval_s) in [("b", 10), ("A", 60)] {
            let check = json!({"type": "http", "url": "https://u.example/x?token=secret"});
            let monitor = json!({"name": name, "tags": ["t"], "interval_s": interval_s, "timeout_ms": 1000, "check": check});
            assert_eq!(admin.post("/api/v1/monitors", monitor).await.status, 201);
        }
        // Three results of each monitor: now, an interval earlier, and one that is too old for the bar.
        sqlx::query(
            "INSERT INTO result (time, batch_id, monitor_id, lag_ms, total_us, region_id, position, outcome)
             SELECT $1::timestamptz + interval '150 ms' - make_interval(secs => m.interval_s * back), 1, m.id, 150, 1000 + back, r.id, back, (back % 2) * 2
             FROM monitor m, region r, unnest(ARRAY[0, 1, 62]) back",
        )
        .bind(server.state.clock.now())
        .execute(&server.state.pool)
        .await
        .unwrap();
        let overview = admin.get("/api/v1/overview").await;
        assert!(!overview.text.contains("secret"));
        let overview: Overview = serde_json::from_str(&overview.text).unwrap();
        let names: Vec<&str> = overview.monitors.iter().map(|monitor| &*monitor.name).collect();
        assert_eq!(names, ["A", "b"]);
        for monitor in &overview.monitors {
            assert_eq!(
                (monitor.target.as_str(), monitor.kind.as_str()),
                ("https://u.example/x", "http")
            );
            assert_eq!(monitor.heartbeats.len(), HEARTBEATS);
            let shown: Vec<_> = monitor
                .heartbeats
                .iter()
                .rev()
                .take(3)
                .map(|beat| beat.worst)
                .collect();
            assert_eq!(
                shown,
                [Some(OutcomeState::Up), Some(OutcomeState::Down), None],
                "{}",
                monitor.name
            );
            assert_eq!((monitor.p50_us, monitor.p95_us), (Some(1000), Some(1000)));
        }
    }
}
