//! `/api/v1/monitors/{id}/series`: a monitor's latency over time, in buckets.

use super::{
    ApiError,
    auth::Viewer,
    error::ApiResult,
    openapi::{InvalidQuery, MONITORS, NeedsSession, NotFound},
    parameters::{PathParameter, QueryParameters},
};
use crate::{
    percentile::percentiles,
    state::AppState,
    store::{
        monitor::monitor_exists,
        series::{Bucket, Window, list_buckets},
    },
};
use axum::{Json, extract::State};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::series::{MeanPhases, Percentiles, Series, SeriesBucket, SeriesQuery};
use edgewatch_protocol::problem::ProblemType;
use std::ops::RangeInclusive;
use utoipa_axum::{router::OpenApiRouter, routes};

const POINTS: RangeInclusive<u16> = 10..=1000;
const DEFAULT_POINTS: u16 = 200;
const DEFAULT_WINDOW: TimeDelta = TimeDelta::hours(24);
/// The longest window.
const MAX_WINDOW: TimeDelta = TimeDelta::days(92);
/// Lengths of a bucket that people can read off an axis.
const BUCKET_S: [i64; 16] = [
    10,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10_800,
    21_600,
    43_200,
    DAY_S,
    10 * DAY_S,
    50 * DAY_S,
];
const DAY_S: i64 = 86_400;

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_series))
}

/// A monitor's latency over time.
///
/// Buckets have a round length and begin at its multiples, so the answer's `from` and `to` enclose those of the query.
#[utoipa::path(
    get, path = "/api/v1/monitors/{id}/series", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The monitor's number"), SeriesQuery),
    responses((status = 200, body = Series), NeedsSession, NotFound, InvalidQuery)
)]
async fn get_series(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    QueryParameters(query): QueryParameters<SeriesQuery>,
) -> ApiResult<Json<Series>> {
    let (from, to, bucket_s) = window(&query, state.clock.now())?;
    let wanted = Window {
        monitor_id: id,
        from,
        to,
        bucket_s,
        region: query.region.as_deref(),
    };
    let found = list_buckets(&state.pool, wanted).await?;
    if found.is_empty() && !monitor_exists(&state.pool, id).await? {
        return Err(ApiError::not_found("monitor"));
    }
    Ok(Json(series(from, to, bucket_s, found)))
}

/// Beginning and end of the buckets, and their length in seconds.
fn window(query: &SeriesQuery, now: DateTime<Utc>) -> ApiResult<(DateTime<Utc>, DateTime<Utc>, i64)> {
    let invalid = |detail: &str| ApiError::new(ProblemType::Validation, detail);
    let points = query.points.unwrap_or(DEFAULT_POINTS);
    if !POINTS.contains(&points) {
        return Err(invalid("`points` is from 10 to 1000"));
    }
    let to = query.to.unwrap_or(now);
    let from = query.from.unwrap_or(to - DEFAULT_WINDOW);
    if from >= to || to - from > MAX_WINDOW {
        return Err(invalid("`from` is before `to`, by at most 92 days"));
    }
    let enclosing = |bucket_s: i64| {
        let first = from.timestamp().div_euclid(bucket_s);
        // `to` is not inside, so a `to` at a bucket's beginning does not need that bucket.
        let end = -(-to.timestamp_millis()).div_euclid(bucket_s * 1000);
        (first, end, bucket_s)
    };
    let fits = |&(first, end, _): &(i64, i64, i64)| end - first <= i64::from(points);
    let (first, end, bucket_s) = BUCKET_S
        .into_iter()
        .map(enclosing)
        .find(fits)
        .unwrap_or_else(|| enclosing(DAY_S));
    let moment = |bucket: i64| DateTime::from_timestamp(bucket * bucket_s, 0).unwrap_or_default();
    Ok((moment(first), moment(end), bucket_s))
}

fn series(from: DateTime<Utc>, to: DateTime<Utc>, bucket_s: i64, found: Vec<Bucket>) -> Series {
    let empty = |index: i64| SeriesBucket {
        at: from + TimeDelta::seconds(index * bucket_s),
        succeeded: 0,
        failed: 0,
        unmeasured: 0,
        phases: MeanPhases::default(),
        percentiles: Percentiles::default(),
    };
    let mut buckets: Vec<SeriesBucket> = (0..(to - from).num_seconds() / bucket_s).map(empty).collect();
    let mut all = Vec::new();
    for mut bucket in found {
        let index = (bucket.at - from).num_seconds() / bucket_s;
        if let Some(slot) = usize::try_from(index)
            .ok()
            .and_then(|index| buckets.get_mut(index))
        {
            all.extend_from_slice(&bucket.totals_us);
            *slot = SeriesBucket {
                at: bucket.at,
                succeeded: bucket.succeeded,
                failed: bucket.failed,
                unmeasured: bucket.unmeasured,
                phases: bucket.phases,
                percentiles: percentiles(&mut bucket.totals_us),
            };
        }
    }
    Series {
        from,
        to,
        bucket_s,
        buckets,
        window: percentiles(&mut all),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::test_server::TestServer;
    use edgewatch_client::session::Role;
    use proptest::prelude::*;
    use serde_json::json;
    use sqlx::PgPool;

    proptest! {
        #[test]
        fn buckets_enclose_the_window_and_are_no_more_than_asked_for(
            to_ms in 1_600_000_000_000_i64..2_000_000_000_000, length_ms in 1_i64..7_948_800_000, points in 10_u16..=1000
        ) {
            let to = DateTime::from_timestamp_millis(to_ms).unwrap();
            let from = to - TimeDelta::milliseconds(length_ms);
            let query = SeriesQuery { from: Some(from), to: Some(to), points: Some(points), region: None };
            let (first, end, bucket_s) = window(&query, to).unwrap();
            prop_assert!(first <= from && to <= end);
            prop_assert!(from - first < TimeDelta::seconds(bucket_s) && end - to < TimeDelta::seconds(bucket_s));
            prop_assert!((end - first).num_seconds() / bucket_s <= i64::from(points));
            prop_assert_eq!(first.timestamp() % bucket_s, 0);
        }
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn means_and_percentiles_are_of_the_successful_checks(pool: PgPool) {
        let server = TestServer::new(pool);
        let admin = server.client(Role::Admin).await;
        admin.post("/api/v1/regions", json!({"name": "weur"})).await;
        let monitor = json!({"name": "a", "check": {"type": "http", "url": "https://example.org/"}});
        let id = admin.post("/api/v1/monitors", monitor).await.json()["id"]
            .as_i64()
            .unwrap();
        let hour =
            DateTime::from_timestamp(server.state.clock.now().timestamp() / 3600 * 3600 - 7200, 0).unwrap();
        // Minutes 0 to 9 of an hour: 1 ms to 10 ms, the last one down; lookups could be measured in even ones alone.
        sqlx::query(
            "INSERT INTO result (time, batch_id, monitor_id, lag_ms, dns_us, tcp_us, total_us, region_id, position, outcome)
             SELECT $1::timestamptz + make_interval(mins => n), 1, $2, 0, CASE WHEN n % 2 = 0 THEN 100 * n ELSE -2 END, 500,
                    1000 * (n + 1), r.id, n, CASE n WHEN 9 THEN 2 WHEN 8 THEN 3 WHEN 7 THEN 1 ELSE 0 END
             FROM generate_series(0, 9) n, region r",
        )
        .bind(hour)
        .bind(id as i32)
        .execute(&server.state.pool)
        .await
        .unwrap();
        let text = |time: DateTime<Utc>| time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let query = format!(
            "from={}&to={}&points=12",
            text(hour),
            text(hour + TimeDelta::hours(1))
        );
        let path = format!("/api/v1/monitors/{id}/series");
        let answer = admin.get(&format!("{path}?{query}")).await;
        let series: Series = serde_json::from_str(&answer.text).unwrap();
        assert_eq!(
            (series.from, series.to, series.bucket_s, series.buckets.len()),
            (hour, hour + TimeDelta::hours(1), 300, 12)
        );
        let [first, second, third, ..] = series.buckets.as_slice() else {
            panic!()
        };
        assert_eq!((first.succeeded, first.failed, first.unmeasured), (5, 0, 0));
        assert_eq!(
            (first.phases.dns_us, first.phases.tcp_us, first.phases.tls_us),
            (Some(200), Some(500), None)
        );
        assert_eq!(
            (first.percentiles.p50_us, first.percentiles.p95_us),
            (Some(3000), Some(5000))
        );
        assert_eq!((second.succeeded, second.failed, second.unmeasured), (3, 1, 1));
        assert_eq!(second.percentiles.p99_us, Some(8000));
        assert_eq!((third.succeeded, third.percentiles), (0, Percentiles::default()));
        assert_eq!(series.window.p50_us, Some(4000));

        let of = async |query: &str| admin.get(&format!("{path}?{query}")).await;
        assert_eq!(
            of(&format!("{query}&region=weur")).await.json()["buckets"][0]["succeeded"],
            5
        );
        assert_eq!(
            of(&format!("{query}&region=enam")).await.json()["buckets"][0]["succeeded"],
            0
        );
        for bad in [
            "points=9",
            "points=1001",
            "from=2026-01-01T00:00:00Z",
            "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
        ] {
            assert_eq!(of(bad).await.problem(), "validation", "{bad}");
        }
        assert_eq!(
            admin.get("/api/v1/monitors/999/series").await.problem(),
            "not-found"
        );
    }
}
