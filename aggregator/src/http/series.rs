//! `/api/v1/monitors/{id}/series`, `/percentiles`, `/heatmap` and `/matrix`: a monitor's latency over time, and by region,
//! phase and band. All of a window from the same level (see [`crate::rollup_level`]), and so with the same figures.

use super::{
    ApiError,
    auth::Viewer,
    error::ApiResult,
    openapi::{InvalidQuery, MONITORS, NeedsSession, NotFound},
    parameters::{PathParameter, QueryParameters},
};
use crate::{
    rollup_level::Window,
    state::AppState,
    store::{
        monitor::monitor_exists,
        series::{Bucket, Counts, RegionSum, list_buckets, list_cells, list_region_sums},
    },
};
use axum::{Json, extract::State};
use chrono::TimeDelta;
use edgewatch_client::series::{
    HeatMap, Matrix, MatrixCell, MatrixRow, MeanPhases, PercentileRow, PercentileTable, Percentiles, Series,
    SeriesBucket, SeriesQuery,
};
use edgewatch_domain::latency::{Histogram, bucket_from_us};
use edgewatch_protocol::problem::ProblemType;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Buckets of a histogram in one band of a heat map: half an octave.
const BAND: usize = 8;

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get_series))
        .routes(routes!(get_percentiles))
        .routes(routes!(get_heat_map))
        .routes(routes!(get_matrix))
}

/// A monitor's latency over time.
///
/// Buckets have a round length and begin at its multiples, so the answer's `from` and `to` enclose those of the query. Up to
/// six hours are answered from single results, up to two days by minutes, up to 31 days by hours, and longer windows by days;
/// the newest results are always in it.
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
    let window = window(&state, &query)?;
    let found = list_buckets(&state.pool, id, &window, query.region.as_deref()).await?;
    require_any(&state, id, found.is_empty()).await?;
    Ok(Json(series(&window, found)))
}

/// A monitor's percentiles, region by region and phase by phase.
///
/// The window is that of a series of the same query.
#[utoipa::path(
    get, path = "/api/v1/monitors/{id}/percentiles", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The monitor's number"), SeriesQuery),
    responses((status = 200, body = PercentileTable), NeedsSession, NotFound, InvalidQuery)
)]
async fn get_percentiles(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    QueryParameters(query): QueryParameters<SeriesQuery>,
) -> ApiResult<Json<PercentileTable>> {
    let window = window(&state, &query)?;
    let sums = list_region_sums(&state.pool, id, &window, query.region.as_deref()).await?;
    require_any(&state, id, sums.is_empty()).await?;
    Ok(Json(PercentileTable {
        from: window.from,
        to: window.to,
        level: window.level.name().to_owned(),
        rows: percentile_rows(&sums),
    }))
}

/// How many checks took how long, over time.
#[utoipa::path(
    get, path = "/api/v1/monitors/{id}/heatmap", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The monitor's number"), SeriesQuery),
    responses((status = 200, body = HeatMap), NeedsSession, NotFound, InvalidQuery)
)]
async fn get_heat_map(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    QueryParameters(query): QueryParameters<SeriesQuery>,
) -> ApiResult<Json<HeatMap>> {
    let window = window(&state, &query)?;
    let found = list_buckets(&state.pool, id, &window, query.region.as_deref()).await?;
    require_any(&state, id, found.is_empty()).await?;
    Ok(Json(heat_map(&window, &found)))
}

/// What each region saw over time.
#[utoipa::path(
    get, path = "/api/v1/monitors/{id}/matrix", tag = MONITORS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The monitor's number"), SeriesQuery),
    responses((status = 200, body = Matrix), NeedsSession, NotFound, InvalidQuery)
)]
async fn get_matrix(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
    QueryParameters(query): QueryParameters<SeriesQuery>,
) -> ApiResult<Json<Matrix>> {
    let window = window(&state, &query)?;
    let cells = list_cells(&state.pool, id, &window, query.region.as_deref()).await?;
    require_any(&state, id, cells.is_empty()).await?;
    let mut rows: Vec<MatrixRow> = Vec::new();
    for cell in cells {
        if rows.last().is_none_or(|row| row.region != cell.region) {
            rows.push(MatrixRow {
                region: cell.region,
                cells: vec![MatrixCell::default(); window.buckets()],
            });
        }
        let row = rows.last_mut().map(|row| &mut row.cells);
        if let Some(slot) = row.and_then(|cells| cells.get_mut(cell.index)) {
            let Counts {
                up,
                degraded,
                down,
                unmeasured,
            } = cell.counts;
            *slot = MatrixCell {
                up,
                degraded,
                down,
                unmeasured,
                p50_us: cell.totals.percentile_us(50),
            };
        }
    }
    Ok(Json(Matrix {
        from: window.from,
        to: window.to,
        bucket_s: window.bucket_s,
        level: window.level.name().to_owned(),
        rows,
    }))
}

fn window(state: &AppState, query: &SeriesQuery) -> ApiResult<Window> {
    let window = Window::of(query, state.clock.now(), &state.settings());
    window.map_err(|detail| ApiError::new(ProblemType::Validation, detail))
}

/// That nothing is known may be because there is no such monitor.
async fn require_any(state: &AppState, id: i32, is_empty: bool) -> ApiResult<()> {
    if is_empty && !monitor_exists(&state.pool, id).await? {
        return Err(ApiError::not_found("monitor"));
    }
    Ok(())
}

fn percentiles(of: &Histogram) -> Percentiles {
    Percentiles {
        p50_us: of.percentile_us(50),
        p75_us: of.percentile_us(75),
        p90_us: of.percentile_us(90),
        p95_us: of.percentile_us(95),
        p99_us: of.percentile_us(99),
    }
}

fn series(window: &Window, found: Vec<Bucket>) -> Series {
    let empty = |index: i64| SeriesBucket {
        at: window.from + TimeDelta::seconds(index * window.bucket_s),
        succeeded: 0,
        failed: 0,
        unmeasured: 0,
        phases: MeanPhases::default(),
        percentiles: Percentiles::default(),
    };
    let mut buckets: Vec<SeriesBucket> = (0..window.buckets() as i64).map(empty).collect();
    let mut all = Histogram::default();
    for bucket in found {
        all += &bucket.totals;
        if let Some(slot) = buckets.get_mut(bucket.index) {
            let [dns_us, tcp_us, tls_us, request_us, ttfb_us, body_us] = bucket.means_us;
            slot.succeeded = bucket.counts.up + bucket.counts.degraded;
            slot.failed = bucket.counts.down;
            slot.unmeasured = bucket.counts.unmeasured;
            slot.phases = MeanPhases {
                dns_us,
                tcp_us,
                tls_us,
                request_us,
                ttfb_us,
                body_us,
            };
            slot.percentiles = percentiles(&bucket.totals);
        }
    }
    Series {
        from: window.from,
        to: window.to,
        bucket_s: window.bucket_s,
        level: window.level.name().to_owned(),
        buckets,
        window: percentiles(&all),
    }
}

/// All together, and each region.
fn percentile_rows(sums: &[RegionSum]) -> Vec<PercentileRow> {
    let row = |region: Option<&String>, counts: Counts, phases: &[Histogram; 7]| PercentileRow {
        region: region.cloned(),
        succeeded: counts.up + counts.degraded,
        failed: counts.down,
        unmeasured: counts.unmeasured,
        phases: phases.iter().map(percentiles).collect(),
    };
    let (mut counts, mut phases) = (Counts::default(), <[Histogram; 7]>::default());
    for sum in sums {
        counts.up += sum.counts.up;
        counts.degraded += sum.counts.degraded;
        counts.down += sum.counts.down;
        counts.unmeasured += sum.counts.unmeasured;
        for (all, own) in phases.iter_mut().zip(&sum.phases) {
            *all += own;
        }
    }
    let regions = sums
        .iter()
        .map(|sum| row(Some(&sum.region), sum.counts, &sum.phases));
    std::iter::once(row(None, counts, &phases))
        .chain(regions)
        .collect()
}

fn heat_map(window: &Window, found: &[Bucket]) -> HeatMap {
    let bands = |bucket: &Bucket| -> Vec<i64> {
        let sum = |counts: &[u64]| counts.iter().sum::<u64>().cast_signed();
        bucket.totals.counts().chunks(BAND).map(sum).collect()
    };
    let columns: Vec<(usize, Vec<i64>)> = found.iter().map(|bucket| (bucket.index, bands(bucket))).collect();
    let used = |(_, bands): &(usize, Vec<i64>)| bands.iter().position(|&count| count > 0);
    let first = columns.iter().filter_map(used).min().unwrap_or(0);
    let end = columns.iter().map(|(_, bands)| bands.len()).max().unwrap_or(0);
    let mut counts = vec![vec![0; end - first]; window.buckets()];
    for (index, bands) in columns {
        if let Some(column) = counts.get_mut(index) {
            for (slot, count) in column.iter_mut().zip(bands.into_iter().skip(first)) {
                *slot = count;
            }
        }
    }
    let edges = if first < end { first..end + 1 } else { 0..0 };
    HeatMap {
        from: window.from,
        to: window.to,
        bucket_s: window.bucket_s,
        level: window.level.name().to_owned(),
        bands_us: edges.map(|band| bucket_from_us(band * BAND)).collect(),
        counts,
    }
}

#[cfg(test)]
mod tests;
