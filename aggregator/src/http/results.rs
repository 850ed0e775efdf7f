//! `/api/v1/monitors/{id}/results`: what was seen, newest first, and each in full from the signed batch that brought it.

use super::{
    ApiError,
    auth::Viewer,
    error::ApiResult,
    openapi::{InvalidQuery, MONITORS, NeedsSession, NotFound},
    parameters::{PathParameter, QueryParameters},
};
use crate::{
    state::AppState,
    store::{
        monitor::monitor_exists,
        result::{self, ResultFilter, ResultKey, StoredResult},
        stored_batch::find_stored_batches,
    },
};
use axum::{Json, extract::State};
use chrono::DateTime;
use edgewatch_client::{
    page::Page,
    result::{ResultDetail, ResultSummary, ResultsQuery},
};
use edgewatch_protocol::{batch::Batch, observation::Observation, problem::ProblemType};
use std::ops::RangeInclusive;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How many results a page may have.
const LIMIT: RangeInclusive<u16> = 1..=500;
const DEFAULT_LIMIT: u16 = 50;

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_results))
        .routes(routes!(get_result))
}

/// Results of a monitor, newest first.
///
/// A page begins right after the last result of the page before, whatever has come in since: nothing is told twice, and
/// nothing that was there is left out.
#[utoipa::path(
    get, path = "/api/v1/monitors/{id}/results", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The monitor's number"), ResultsQuery),
    responses((status = 200, body = Page<ResultSummary>), NeedsSession, NotFound, InvalidQuery)
)]
async fn list_results(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    QueryParameters(query): QueryParameters<ResultsQuery>,
) -> ApiResult<Json<Page<ResultSummary>>> {
    let invalid = |detail: &str| ApiError::new(ProblemType::Validation, detail);
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !LIMIT.contains(&limit) {
        return Err(invalid("`limit` is from 1 to 500"));
    }
    let after = match query.cursor.as_deref().map(parse_key) {
        Some(None) => return Err(invalid("`cursor` is not the `next_cursor` of a page")),
        Some(key) => key,
        None => None,
    };
    let filter = ResultFilter {
        monitor_id: id,
        from: query.from,
        to: query.to,
        region: query.region,
        outcome: query.outcome,
        after,
        // One more than is shown tells whether there is a next page.
        limit: i64::from(limit) + 1,
    };
    let mut found = result::list_results(&state.pool, &filter, state.clock.now()).await?;
    if found.is_empty() && !monitor_exists(&state.pool, id).await? {
        return Err(ApiError::not_found("monitor"));
    }
    let more = found.len() > usize::from(limit);
    found.truncate(limit.into());
    let next_cursor = found.last().filter(|_| more).map(|last| format_key(last.key));
    Ok(Json(Page {
        items: found.into_iter().map(name).collect(),
        next_cursor,
    }))
}

/// One result in full, as the probe signed it.
///
/// Once the evidence is gone by its retention, so is this; the list tells what is left.
#[utoipa::path(
    get, path = "/api/v1/monitors/{id}/results/{result}", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    params(
        ("id" = i32, Path, description = "The monitor's number"),
        ("result" = String, Path, description = "The result's `id`")
    ),
    responses((status = 200, body = ResultDetail), NeedsSession, NotFound)
)]
async fn get_result(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter((id, result)): PathParameter<(i32, String)>,
) -> ApiResult<Json<ResultDetail>> {
    let missing = || ApiError::not_found("result");
    let key = parse_key(&result).ok_or_else(missing)?;
    let mut db = state.pool.acquire().await?;
    let stored = result::find_result(&mut *db, id, key)
        .await?
        .ok_or_else(missing)?;
    let kept = find_stored_batches(&mut db, &[key.batch_id]).await?.pop();
    let kept = kept.ok_or_else(|| {
        ApiError::new(
            ProblemType::NotFound,
            "the retention of this result's evidence is over",
        )
    })?;
    let batch = kept.read().ok();
    Ok(Json(ResultDetail {
        evidence: kept.evidence(batch.as_ref()),
        observation: batch.and_then(|batch| observation(batch, id, key.position)),
        summary: name(stored),
    }))
}

/// The observation at a position of a batch, if it is of the monitor.
fn observation(batch: Batch, monitor: i32, position: i16) -> Option<Observation> {
    let found = batch.observations.into_iter().nth(position.try_into().ok()?)?;
    (found.monitor.0 == monitor).then_some(found)
}

fn name(stored: StoredResult) -> ResultSummary {
    ResultSummary {
        id: format_key(stored.key),
        ..stored.summary
    }
}

fn format_key(key: ResultKey) -> String {
    format!(
        "{}-{}-{}",
        key.time.timestamp_micros(),
        key.batch_id,
        key.position
    )
}

fn parse_key(text: &str) -> Option<ResultKey> {
    let mut parts = text.splitn(3, '-');
    let mut number = || parts.next()?.parse::<i64>().ok();
    let (time, batch_id, position) = (number()?, number()?, number()?);
    Some(ResultKey {
        time: DateTime::from_timestamp_micros(time)?,
        batch_id,
        position: position.try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::test_server::{Client, TestServer};
    use chrono::{DateTime, TimeDelta, Utc};
    use edgewatch_client::session::Role;
    use serde_json::{Value, json};
    use sqlx::PgPool;
    use std::collections::HashSet;

    /// A monitor and two regions; the monitor's number.
    async fn set_up(client: &Client<'_>) -> i32 {
        for region in ["weur", "enam"] {
            client.post("/api/v1/regions", json!({"name": region})).await;
        }
        let monitor = json!({"name": "a", "check": {"type": "http", "url": "https://example.org/"}});
        client.post("/api/v1/monitors", monitor).await.json()["id"]
            .as_i64()
            .unwrap() as i32
    }

    async fn insert(pool: &PgPool, monitor: i32, at: DateTime<Utc>, batch: i64, position: i16, outcome: i16) {
        sqlx::query(
            "INSERT INTO result (time, batch_id, monitor_id, lag_ms, dns_us, tcp_us, total_us, region_id, position, outcome)
             SELECT $1, $2, $3, 150, -2, 700, 900, id, $4, $5 FROM region ORDER BY id LIMIT 1 OFFSET $2 % 2",
        )
        .bind(at)
        .bind(batch)
        .bind(monitor)
        .bind(position)
        .bind(outcome)
        .execute(pool)
        .await
        .unwrap();
    }

    #[test]
    fn keys_come_back() {
        let key = ResultKey {
            time: DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap(),
            batch_id: 42,
            position: 499,
        };
        assert_eq!(parse_key(&format_key(key)), Some(key));
        for bad in [
            "",
            "1-2",
            "x-1-1",
            "1-1-40000",
            "1-1-1-1",
            "9223372036854775807-1-1",
        ] {
            assert_eq!(parse_key(bad), None, "{bad}");
        }
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn pages_have_no_gaps_and_no_repeats_while_results_come_in(pool: PgPool) {
        let server = TestServer::new(pool);
        let admin = server.client(Role::Admin).await;
        let monitor = set_up(&admin).await;
        let now = server.state.clock.now();
        // Times in a scrambled order, many of them equal, in several batches and positions.
        for n in 0..60_i64 {
            let at = now - TimeDelta::seconds((n * 37 % 60) / 4);
            insert(&server.state.pool, monitor, at, n % 3, n as i16, 0).await;
        }
        for limit in [1, 2, 7, 59, 60, 61] {
            let (mut seen, mut pages, mut cursor) = (Vec::new(), 0, String::new());
            loop {
                let path = format!("/api/v1/monitors/{monitor}/results?limit={limit}{cursor}");
                let page = admin.get(&path).await.json();
                seen.extend(
                    page["items"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|item| item["id"].as_str().unwrap().to_owned()),
                );
                pages += 1;
                // Newer ones and late ones.
                insert(
                    &server.state.pool,
                    monitor,
                    now + TimeDelta::seconds(pages),
                    1000 + pages,
                    0,
                    0,
                )
                .await;
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            let unique: HashSet<_> = seen.iter().collect();
            assert_eq!(unique.len(), seen.len(), "repeats with limit {limit}");
            let mut sorted = seen.clone();
            sorted.sort_by_key(|id| std::cmp::Reverse(parse_key(id)));
            assert_eq!(seen, sorted);
            let old = seen
                .iter()
                .filter(|id| parse_key(id).unwrap().batch_id < 1000)
                .count();
            assert_eq!(old, 60, "gaps with limit {limit}");
            sqlx::query("DELETE FROM result WHERE batch_id >= 1000")
                .execute(&server.state.pool)
                .await
                .unwrap();
        }
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn pages_go_back_over_days_without_results(pool: PgPool) {
        let server = TestServer::new(pool);
        let admin = server.client(Role::Admin).await;
        let monitor = set_up(&admin).await;
        let begin = server.state.clock.now();
        for days in [0, 1, 5, 6] {
            for n in 0..3 {
                let at = begin + TimeDelta::days(days) + TimeDelta::seconds(n);
                insert(&server.state.pool, monitor, at, days, n as i16, 0).await;
            }
        }
        let now = begin + TimeDelta::days(6) + TimeDelta::minutes(1);
        for limit in [1, 4, 6, 7, 12, 20] {
            let mut filter = ResultFilter {
                monitor_id: monitor,
                limit,
                ..ResultFilter::default()
            };
            let mut days = Vec::new();
            loop {
                let found = result::list_results(&server.state.pool, &filter, now)
                    .await
                    .unwrap();
                days.extend(found.iter().map(|found| found.key.batch_id));
                match found.last() {
                    Some(last) => filter.after = Some(last.key),
                    None => break,
                }
            }
            assert_eq!(days, [6, 6, 6, 5, 5, 5, 1, 1, 1, 0, 0, 0], "{limit}");
        }
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn filters_choose_and_mistakes_are_told(pool: PgPool) {
        let server = TestServer::new(pool);
        let admin = server.client(Role::Admin).await;
        let monitor = set_up(&admin).await;
        let now = server.state.clock.now();
        for n in 0..8_i64 {
            insert(
                &server.state.pool,
                monitor,
                now - TimeDelta::minutes(n),
                n,
                0,
                (n % 4) as i16,
            )
            .await;
        }
        let count = async |query: &str| {
            let answer = admin
                .get(&format!("/api/v1/monitors/{monitor}/results?{query}"))
                .await;
            answer.json()["items"].as_array().map_or(usize::MAX, Vec::len)
        };
        assert_eq!(count("").await, 8);
        assert_eq!(count("outcome=down").await, 2);
        assert_eq!(count("region=weur").await, 4);
        assert_eq!(count("region=weur&outcome=degraded").await, 0);
        let moment = |minutes| {
            (now - TimeDelta::minutes(minutes)).to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
        };
        assert_eq!(count(&format!("from={}&to={}", moment(5), moment(2))).await, 3);

        for bad in [
            "limit=0",
            "limit=501",
            "limit=x",
            "cursor=x",
            "outcome=bad",
            "from=yesterday",
        ] {
            let answer = admin
                .get(&format!("/api/v1/monitors/{monitor}/results?{bad}"))
                .await;
            assert_eq!(
                (answer.status.as_u16(), answer.problem()),
                (422, "validation".to_owned()),
                "{bad}"
            );
        }
        assert_eq!(
            admin.get("/api/v1/monitors/999/results").await.problem(),
            "not-found"
        );
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn a_result_is_read_back_from_the_batch_that_brought_it(pool: PgPool) {
        let server = TestServer::new(pool);
        let admin = server.client(Role::Admin).await;
        let monitor = set_up(&admin).await;
        let at = server.state.clock.now();
        let observation = |monitor: i32| {
            json!({"monitor": monitor, "revision": 1, "slot_ms": at.timestamp_millis() - 150, "started_ms": at.timestamp_millis(),
                   "outcome": {"state": "down", "reason": "timeout", "phase": "ttfb"}, "total_us": 900, "message": "too late"})
        };
        let batch = json!({"version": "1.0", "probe": "f1", "region": "weur", "software": "s", "seq": 1, "prev": null,
            "sealed_at_ms": at.timestamp_millis(), "observations": [observation(monitor + 1), observation(monitor)]});
        let body = zstd::bulk::compress(batch.to_string().as_bytes(), 3).unwrap();
        let id: i64 = sqlx::query_scalar(
            "WITH p AS (INSERT INTO probe (fingerprint, public_key, region_id, status, host, software, enrolled_at)
                        SELECT 'f1', '', id, 1, 'agent', 's', now() FROM region WHERE name = 'weur' RETURNING id)
             INSERT INTO batch (probe_id, seq, digest, chain_ok, received_at, observations, body, signature_input, signature, authority)
             SELECT id, 1, '\\xab', true, now(), 2, $1, '', '', '' FROM p RETURNING id",
        )
        .bind(body)
        .fetch_one(&server.state.pool)
        .await
        .unwrap();
        insert(&server.state.pool, monitor, at, id, 1, 2).await;
        let listed = admin
            .get(&format!("/api/v1/monitors/{monitor}/results"))
            .await
            .json();
        let summary = &listed["items"][0];
        assert_eq!(
            (&summary["phases"]["dns"], &summary["phases"]["tcp"]),
            (&json!("platform_forbids"), &json!(700))
        );
        assert_eq!(summary["phases"]["tls"], Value::Null);
        let path = format!(
            "/api/v1/monitors/{monitor}/results/{}",
            summary["id"].as_str().unwrap()
        );
        let detail = admin.get(&path).await;
        assert_eq!(detail.status, 200, "{}", detail.text);
        let detail = detail.json();
        assert_eq!(
            (&detail["id"], &detail["observation"]["message"]),
            (&summary["id"], &json!("too late"))
        );
        assert_eq!(
            (&detail["evidence"]["probe"], &detail["evidence"]["digest"]),
            (&json!("f1"), &json!("ab"))
        );

        // Another monitor does not give it away, and a position of another monitor is not shown as this one's.
        assert_eq!(
            admin
                .get(&path.replace(&format!("monitors/{monitor}"), "monitors/999"))
                .await
                .problem(),
            "not-found"
        );
        insert(&server.state.pool, monitor, at, id, 0, 2).await;
        let wrong = path.rsplit_once('-').unwrap().0.to_owned() + "-0";
        assert_eq!(admin.get(&wrong).await.json()["observation"], Value::Null);
        sqlx::query("DELETE FROM batch")
            .execute(&server.state.pool)
            .await
            .unwrap();
        assert!(admin.get(&path).await.text.contains("retention"));
        assert_eq!(
            admin
                .get(&format!("/api/v1/monitors/{monitor}/results/x"))
                .await
                .problem(),
            "not-found"
        );
    }
}
