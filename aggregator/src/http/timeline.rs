//! `/api/v1/monitors/{id}/timeline` and `/uptime`: the record of a monitor's state, and what it comes to.

use super::{
    ApiError,
    auth::Viewer,
    error::ApiResult,
    openapi::{InvalidQuery, MONITORS, NeedsSession, NotFound},
    parameters::{PathParameter, QueryParameters},
};
use crate::{
    state::AppState,
    store::{monitor::monitor_exists, region::list_region_names, timeline::list_record},
};
use axum::{Json, extract::State};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::timeline::{
    Timeline, TimelineInterval, TimelineQuery, Uptime, UptimeFigures, UptimePeriod, UptimeQuery, UptimeWindow,
};
use edgewatch_domain::{
    calendar::{self, Unit},
    span::Span,
    timeline::StateInterval,
    uptime::Figures,
};
use edgewatch_protocol::{name::Region, problem::ProblemType};
use std::collections::HashMap;
use utoipa_axum::{router::OpenApiRouter, routes};

/// The longest window.
const MAX_WINDOW: TimeDelta = TimeDelta::days(400);
const DEFAULT_WINDOW: TimeDelta = TimeDelta::hours(24);
/// The rolling windows of `/uptime`, by name.
const WINDOWS: [(&str, TimeDelta); 5] = [
    ("24h", TimeDelta::hours(24)),
    ("7d", TimeDelta::days(7)),
    ("30d", TimeDelta::days(30)),
    ("90d", TimeDelta::days(90)),
    ("365d", TimeDelta::days(365)),
];
/// What `/uptime` tells period by period, by name: the unit, and how many of them. As many as can be told apart.
const PERIODS: [(&str, Unit, usize); 4] = [
    ("hour", Unit::Hour, 48),
    ("day", Unit::Day, 90),
    ("week", Unit::Week, 53),
    ("month", Unit::Month, 13),
];

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_timeline))
        .routes(routes!(get_uptime))
}

/// The record of a monitor's state.
///
/// Without overlap and without hole from the monitor's creation on. It may still change for a day: results that come late are
/// judged as if they had come in time.
#[utoipa::path(
    get, path = "/api/v1/monitors/{id}/timeline", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The monitor's number"), TimelineQuery),
    responses((status = 200, body = Timeline), NeedsSession, NotFound, InvalidQuery)
)]
async fn get_timeline(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    QueryParameters(query): QueryParameters<TimelineQuery>,
) -> ApiResult<Json<Timeline>> {
    let now = state.clock.now();
    let to = query.to.map_or(now, |to| to.min(now));
    let from = query.from.unwrap_or(to - DEFAULT_WINDOW);
    if from >= to || to - from > MAX_WINDOW {
        return Err(ApiError::new(
            ProblemType::Validation,
            "`from` is in the past and before `to`, by at most 400 days",
        ));
    }
    let window = Span::new(from.timestamp_millis(), to.timestamp_millis());
    let record = read_record(&state, id, window.from_ms, now).await?;
    let regions = list_region_names(&state.pool).await?;
    let intervals = record
        .iter()
        .filter(|interval| !interval.span().intersection(window).is_empty());
    Ok(Json(Timeline {
        intervals: intervals
            .map(|interval| shown(interval, window, &regions))
            .collect(),
        figures: figures(&record, window),
    }))
}

/// The uptime of a monitor over the usual windows.
///
/// Every figure that Edgewatch shows of a monitor's uptime is computed by the same function from the same record.
#[utoipa::path(
    get, path = "/api/v1/monitors/{id}/uptime", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The monitor's number"), UptimeQuery),
    responses((status = 200, body = Uptime), NeedsSession, NotFound, InvalidQuery)
)]
async fn get_uptime(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    QueryParameters(query): QueryParameters<UptimeQuery>,
) -> ApiResult<Json<Uptime>> {
    let now = state.clock.now();
    let end_ms = query.to.map_or(now, |to| to.min(now)).timestamp_millis();
    let invalid = |detail: &str| ApiError::new(ProblemType::Validation, detail);
    let zone = match query.zone.as_deref() {
        None => chrono_tz::UTC,
        Some(name) => calendar::zone(name)
            .ok_or_else(|| invalid("`zone` is the name of a time zone such as Europe/Berlin"))?,
    };
    let periods = match query.by.as_deref() {
        None => Vec::new(),
        Some(name) => {
            let by = PERIODS.into_iter().find(|(known, ..)| *known == name);
            let (_, unit, count) =
                by.ok_or_else(|| invalid("`by` is one of `hour`, `day`, `week` and `month`"))?;
            last_periods(zone, unit, count, end_ms)
        }
    };
    let month = calendar::period_at(zone, Unit::Month, end_ms);
    let mut windows: Vec<_> = WINDOWS
        .iter()
        .map(|&(name, length)| (name, end_ms - length.num_milliseconds()))
        .collect();
    windows.insert(2, ("month", month.from_ms));
    let earliest_ms = windows
        .iter()
        .map(|&(_, from_ms)| from_ms)
        .chain(periods.first().map(|first| first.from_ms))
        .min()
        .unwrap_or(end_ms);
    let record = read_record(&state, id, earliest_ms, now).await?;
    let windows = windows.into_iter().map(|(name, from_ms)| UptimeWindow {
        name: name.to_owned(),
        figures: figures(&record, Span::new(from_ms, end_ms)),
    });
    let periods = periods.into_iter().map(|period| UptimePeriod {
        at: at(period.from_ms),
        figures: figures(&record, Span::new(period.from_ms, period.to_ms.min(end_ms))),
    });
    Ok(Json(Uptime {
        windows: windows.collect(),
        periods: periods.collect(),
    }))
}

/// The last so many periods, the one in which a moment lies included.
fn last_periods(zone: chrono_tz::Tz, unit: Unit, count: usize, end_ms: i64) -> Vec<Span> {
    let last = calendar::period_at(zone, unit, end_ms - 1);
    let before = |period: &Span| Some(calendar::period_at(zone, unit, period.from_ms - 1));
    let mut periods: Vec<_> = std::iter::successors(Some(last), before).take(count).collect();
    periods.reverse();
    periods
}

/// The record from the interval on in which a moment lies.
async fn read_record(
    state: &AppState,
    id: i32,
    from_ms: i64,
    now: DateTime<Utc>,
) -> ApiResult<Vec<StateInterval>> {
    let mut db = state.pool.acquire().await?;
    let record = list_record(&mut db, id, from_ms, now.timestamp_millis()).await?;
    if record.is_empty() && !monitor_exists(&mut *db, id).await? {
        return Err(ApiError::not_found("monitor"));
    }
    Ok(record)
}

fn at(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

fn figures(record: &[StateInterval], window: Span) -> UptimeFigures {
    let created_ms = record.first().map_or(window.to_ms, |first| first.from_ms);
    let from_ms = window.from_ms.max(created_ms).min(window.to_ms);
    UptimeFigures::new(at(from_ms), at(window.to_ms), &Figures::of(record, window))
}

fn shown(interval: &StateInterval, window: Span, regions: &HashMap<i16, Region>) -> TimelineInterval {
    let within = interval.span().intersection(window);
    let name = |id: &u16| regions.get(&id.cast_signed()).cloned();
    TimelineInterval {
        from: at(within.from_ms),
        to: at(within.to_ms),
        state: interval.state,
        measured: interval.measured,
        advisory: interval.advisory.iter().filter_map(name).collect(),
        earliest: at(interval.earliest_ms.max(window.from_ms)),
    }
}

#[cfg(test)]
mod tests;
