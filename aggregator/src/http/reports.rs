//! `/api/v1/reports`: reports of agreements, made in the background and kept.

use super::{
    ApiError, JsonBody,
    auth::{Editor, Viewer},
    error::ApiResult,
    located,
    openapi::{Invalid, InvalidQuery, NeedsRole, NeedsSession, NotFound, SLAS},
    parameters::{PathParameter, QueryParameters},
    slas::find_sla,
};
use crate::{
    report::{at, period, title, version},
    sla_records::{Need, SlaRecords},
    state::AppState,
    store::{
        report::{
            NewReport, ReportFilter, create_report as store_report, delete_report as remove,
            list_reports as read,
        },
        sla::{StoredSla, in_force, list_exclusions},
    },
};
use axum::{Json, extract::State, http::StatusCode, response::Response};
use edgewatch_client::{
    page::Page,
    report::{Report, ReportPreview, ReportRequest},
};
use edgewatch_domain::span::Span;
use edgewatch_protocol::problem::{FieldError, ProblemType};
use serde::Deserialize;
use sqlx::PgConnection;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Reports of a page of the list.
const DEFAULT_LIMIT: u16 = 50;
const LIMIT_AT_MOST: u16 = 200;
/// Characters of a title.
const TITLE_CHARACTERS: usize = 200;

/// The family's routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_reports, create_report))
        .routes(routes!(preview_report))
        .routes(routes!(get_report, delete_report))
}

/// Which reports are listed.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ReportsQuery {
    /// Those under the agreement of this number alone.
    sla: Option<i32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// At most so many, 1 to 200; 50 unless given.
    limit: Option<u16>,
}

/// What a report would be of.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct PreviewQuery {
    /// The agreement's number.
    sla: i32,
    /// See `ReportRequest`.
    version: Option<i32>,
    /// See `ReportRequest`.
    from: String,
    /// See `ReportRequest`.
    to: String,
}

/// Reports, newest first.
#[utoipa::path(
    get, path = "/api/v1/reports", tag = SLAS, security(("cookie" = []), ("bearer" = [])), params(ReportsQuery),
    responses((status = 200, body = Page<Report>), NeedsSession, InvalidQuery)
)]
async fn list_reports(
    _: Viewer,
    State(state): State<AppState>,
    QueryParameters(query): QueryParameters<ReportsQuery>,
) -> ApiResult<Json<Page<Report>>> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=LIMIT_AT_MOST).contains(&limit) {
        return Err(invalid("`limit` is from 1 to 200"));
    }
    let before = match query.cursor.as_deref().map(str::parse) {
        None => None,
        Some(Ok(before)) => Some(before),
        Some(Err(_)) => return Err(invalid("`cursor` is a `next_cursor` of this list")),
    };
    let filter = ReportFilter {
        sla: query.sla,
        before,
        limit: i64::from(limit) + 1,
        ..ReportFilter::default()
    };
    let mut items = read(&state.pool, filter).await?;
    let has_more = items.len() > usize::from(limit);
    items.truncate(limit.into());
    let next_cursor = items.last().filter(|_| has_more).map(|last| last.id.to_string());
    Ok(Json(Page { items, next_cursor }))
}

/// One report: how far it is, and what it says in short.
#[utoipa::path(
    get, path = "/api/v1/reports/{id}", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The report's number")),
    responses((status = 200, body = Report), NeedsSession, NotFound)
)]
async fn get_report(
    _: Viewer,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<Json<Report>> {
    let mut db = state.pool.acquire().await?;
    find_report(&mut db, id).await.map(Json)
}

/// Has a report made in the background.
///
/// It is one of what is known by then: results that a probe brings late, up to a day, are in it only if it is made after.
#[utoipa::path(
    post, path = "/api/v1/reports", tag = SLAS, security(("cookie" = []), ("bearer" = [])), request_body = ReportRequest,
    responses((status = 202, body = Report), NeedsRole, Invalid)
)]
async fn create_report(
    Editor(session): Editor,
    State(state): State<AppState>,
    JsonBody(request): JsonBody<ReportRequest>,
) -> ApiResult<Response> {
    let mut tx = state.pool.begin().await?;
    let (sla, span) = resolve(&mut tx, request.sla, &request.from, &request.to).await?;
    let version = version(&sla, request.version, span).map_err(ApiError::validation)?;
    let characters = request.title.chars().count();
    if characters > TITLE_CHARACTERS {
        return Err(ApiError::validation(vec![FieldError {
            pointer: "/title".to_owned(),
            detail: format!("has {characters} characters, use at most {TITLE_CHARACTERS}"),
        }]));
    }
    let given = request.title.trim();
    let title = if given.is_empty() {
        title(&sla.name, span, version.policy.zone())
    } else {
        given.to_owned()
    };
    let new = NewReport {
        sla: (sla.id, version.version),
        title: &title,
        from: at(span.from_ms),
        to: at(span.to_ms),
        author: &session.user.email,
        now: state.clock.now(),
    };
    let id = store_report(&mut *tx, new).await?;
    let report = find_report(&mut tx, id).await?;
    tx.commit().await?;
    located(StatusCode::ACCEPTED, format!("/api/v1/reports/{id}"), report)
}

/// The figures of a report that is not made.
#[utoipa::path(
    get, path = "/api/v1/reports/preview", tag = SLAS, security(("cookie" = []), ("bearer" = [])), params(PreviewQuery),
    responses((status = 200, body = ReportPreview), NeedsSession, InvalidQuery)
)]
async fn preview_report(
    _: Viewer,
    State(state): State<AppState>,
    QueryParameters(query): QueryParameters<PreviewQuery>,
) -> ApiResult<Json<ReportPreview>> {
    let now = state.clock.now();
    let mut db = state.pool.acquire().await?;
    let (sla, span) = resolve(&mut db, query.sla, &query.from, &query.to).await?;
    let version = version(&sla, query.version, span)
        .map_err(ApiError::validation)?
        .clone();
    let exclusions = list_exclusions(&mut *db, &[sla.id]).await?.remove(&sla.id);
    let need = Need {
        policy: &version.policy,
        span,
        by_region: false,
    };
    let records = SlaRecords::read(&mut db, &[need], now).await?;
    drop(db);
    let preview = tokio::task::spawn_blocking(move || {
        let exclusions = in_force(&exclusions.unwrap_or_default());
        ReportPreview {
            title: title(&sla.name, span, version.policy.zone()),
            from: at(span.from_ms),
            to: at(span.to_ms),
            version: version.version,
            figures: records.figures(&version.policy, &exclusions, span, false),
        }
    });
    Ok(Json(preview.await.map_err(ApiError::internal)?))
}

/// Deletes a report, whether it is there yet or not.
#[utoipa::path(
    delete, path = "/api/v1/reports/{id}", tag = SLAS, security(("cookie" = []), ("bearer" = [])),
    params(("id" = i32, Path, description = "The report's number")),
    responses((status = 204, description = "Deleted"), NeedsRole, NotFound)
)]
async fn delete_report(
    Editor(session): Editor,
    State(state): State<AppState>,
    PathParameter(id): PathParameter<i32>,
) -> ApiResult<StatusCode> {
    if !remove(&state.pool, id).await? {
        return Err(ApiError::not_found("report"));
    }
    tracing::info!(report = id, user = session.user.user_id, "report deleted");
    Ok(StatusCode::NO_CONTENT)
}

/// The agreement and the period that are asked for.
async fn resolve(db: &mut PgConnection, sla: i32, from: &str, to: &str) -> ApiResult<(StoredSla, Span)> {
    let unknown = || FieldError {
        pointer: "/sla".to_owned(),
        detail: format!("there is no agreement {sla}"),
    };
    let sla = find_sla(db, sla)
        .await
        .map_err(|error| match error.problem().kind() {
            Some(ProblemType::NotFound) => ApiError::validation(vec![unknown()]),
            _ => error,
        })?;
    let zone = sla
        .newest()
        .map(|version| version.policy.zone())
        .unwrap_or_default();
    let span = period(from, to, zone).map_err(ApiError::validation)?;
    Ok((sla, span))
}

async fn find_report(db: &mut PgConnection, id: i32) -> ApiResult<Report> {
    let filter = ReportFilter {
        id: Some(id),
        limit: 1,
        ..ReportFilter::default()
    };
    let found = read(&mut *db, filter).await?.pop();
    found.ok_or_else(|| ApiError::not_found("report"))
}

fn invalid(detail: &str) -> ApiError {
    ApiError::new(ProblemType::Validation, detail)
}

#[cfg(test)]
mod tests;
